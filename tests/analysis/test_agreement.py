"""Agreement of learners: Cohen's kappa, who is compared, families, order and closeness."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from grue.analysis.agreement import TaskAgreement, merged, pooled_kappa, task_agreement
from grue.analysis.answers import TaskAnswers
from grue.analysis.atlas import closer, make_atlas, pairs, pairs_by_part, similarity_order
from grue.metrics.rules import agreement
from grue.runs.catalogue import Catalogue, LearnerInfo

rng = np.random.default_rng(0)


def test_kappa_of_single_seeds_is_that_of_scikit_learn() -> None:
    first, second = rng.integers(0, 5, (2, 300))
    second = np.where(rng.random(300) < 0.4, first, second)
    equal, kappa = pooled_kappa([first[None], second[None]], [np.array([0]), np.array([1])])
    assert kappa[0, 1] == kappa[1, 0] == pytest.approx(cohen_kappa_score(first, second))
    assert equal[0, 1] == pytest.approx((first == second).mean())
    assert np.isnan(kappa[0, 0]), "one seed has no other one"


def test_pooled_kappa_is_the_ratio_of_means_over_pairs_of_different_seeds() -> None:
    codes = [rng.integers(0, 3, (3, 50)), rng.integers(0, 3, (2, 50))]
    _, kappa = pooled_kappa(codes, [np.array([0, 1, 2]), np.array([1, 5])])
    compared = [(0, 0), (0, 1), (1, 1), (2, 0), (2, 1)]  # without seed 1 of both
    rows = [(codes[0][a], codes[1][b]) for a, b in compared]
    observed = np.mean([(a == b).mean() for a, b in rows])
    shares = [(np.bincount(a, minlength=3) / 50, np.bincount(b, minlength=3) / 50) for a, b in rows]
    chance = np.mean([a @ b for a, b in shares])
    assert kappa[0, 1] == pytest.approx((observed - chance) / (1 - chance))
    assert kappa[0, 0] == pytest.approx(agreement(codes[0]).kappa)


def test_independent_answers_have_kappa_0_and_equal_ones_1() -> None:
    shares = [0.6, 0.3, 0.1]
    values = []
    for _ in range(200):
        codes = [rng.choice(3, (4, 256), p=shares) for _ in range(2)]
        values.append(pooled_kappa(codes, [np.arange(4)] * 2)[1][0, 1])
    assert abs(np.mean(values)) < 0.01
    same = np.repeat(rng.choice(3, (1, 256), p=shares), 4, axis=0)
    assert pooled_kappa([same, same], [np.arange(4)] * 2)[1] == pytest.approx(np.ones((2, 2)))


def test_kappa_is_not_defined_where_all_answers_are_one() -> None:
    equal, kappa = pooled_kappa([np.zeros((2, 9), int)] * 2, [np.arange(2)] * 2)
    assert np.isnan(kappa).all()
    assert (equal == 1).all()
    assert pooled_kappa([], [])[1].shape == (0, 0)


def answers(
    codes: dict[str, np.ndarray], scores: dict[str, list[float]], statuses: dict[str, list[str]]
) -> TaskAnswers:
    return TaskAnswers(
        task="maze",
        family="maze",
        split="far",
        size=64,
        codes=codes,
        seeds={name: np.arange(len(own)) for name, own in codes.items()},
        id_scores={name: np.array(scores.get(name, [1.0] * len(own))) for name, own in codes.items()},
        statuses={name: tuple(statuses.get(name, ["ok"] * len(own))) for name, own in codes.items()},
        truth=None,
    )


def test_only_learners_with_two_seeds_that_solve_the_task_are_compared() -> None:
    names = ("good", "flagged", "poor", "capacity", "control")
    codes = {name: rng.integers(0, 3, (3, 40)) for name in names}
    task = answers(
        codes,
        {"poor": [0.95, 0.2, float("nan")], "capacity": [0.9, 0.91, 0.5]},
        {"flagged": ["ok", "plateau", "budget,plateau"], "capacity": ["capacity"] * 3},
    )
    catalogue = Catalogue(learners={name: LearnerInfo("control" if name == "control" else "learner") for name in names})
    found = task_agreement(task, catalogue)
    assert (found.learners, found.lacking) == (("good", "capacity"), ("flagged", "poor"))
    assert found.seeds.tolist() == [3, 2]
    assert task_agreement(task, catalogue, min_id=0.1).learners == ("good", "poor", "capacity")
    assert task_agreement(task, catalogue, only=["good"]).kappa.shape == (1, 1)


def compared(task: str, family: str, kappa: dict[tuple[str, str], float]) -> TaskAgreement:
    """Agreement with given values; 1 between the seeds of a learner, unless given."""
    names = list(dict.fromkeys(name for pair in kappa for name in pair))
    matrix = np.eye(len(names))
    for (first, second), value in kappa.items():
        row, column = names.index(first), names.index(second)
        matrix[row, column] = matrix[column, row] = value
    return TaskAgreement(task, family, "far", 64, tuple(names), np.full(len(names), 3), matrix, matrix, ())


def test_tasks_are_averaged_within_families_and_families_count_once() -> None:
    tasks = [
        compared("a1", "a", {("mlp", "cnn"): 0.2}),
        compared("a2", "a", {("mlp", "cnn"): 0.4}),
        compared("b", "b", {("mlp", "cnn"): 0.9, ("mlp", "mlp"): 0.8}),
        compared("c", "c", {("mlp", "cnn"): 0.6, ("rnn", "mlp"): 0.1}),
        compared("d", "d", {("mlp", "mlp"): 0.5}),
    ]
    atlas = make_atlas(tasks)
    assert atlas.families == ("a", "b", "c"), "on d there is nobody to compare with"
    both = atlas.learners.index("mlp"), atlas.learners.index("cnn")
    assert atlas.mean[both] == pytest.approx((0.3 + 0.9 + 0.6) / 3)
    assert atlas.count[both] == 3
    assert atlas.mean[both[0], atlas.learners.index("rnn")] == pytest.approx(0.1)
    (whole,) = (one for one in pairs(atlas) if {one.first, one.second} == {"mlp", "cnn"})
    assert (whole.tasks, whole.families) == (4, 3)
    error = stats.sem([0.3, 0.9, 0.6])
    assert whole.half_width == pytest.approx(stats.t.ppf(0.975, 2) * error)
    assert (whole.low, whole.high) == pytest.approx((0.45, 0.75))
    assert whole.difference == pytest.approx(((0.3 - 1) + (0.9 - 0.9) + (0.6 - 1)) / 3)
    family = [
        one for one in pairs_by_part(atlas) if one.scope == "family" and one.name == "a" and one.first != one.second
    ]
    assert [one.kappa for one in family] == pytest.approx([0.3])


def test_similar_learners_are_neighbours_and_sets_without_common_tasks_are_apart() -> None:
    kappa = np.full((6, 6), 0.1)
    for first, second in ((0, 3), (1, 4)):
        kappa[first, second] = kappa[second, first] = 0.9
    kappa[2] = kappa[:, 2] = np.nan
    kappa[5] = kappa[:, 5] = np.nan
    kappa[2, 5] = kappa[5, 2] = 0.5
    np.fill_diagonal(kappa, 1)
    order = similarity_order(kappa)
    assert {frozenset(order[:2]), frozenset(order[2:4])} == {frozenset({0, 3}), frozenset({1, 4})}
    assert set(order[4:]) == {2, 5}


def test_the_order_of_pairs_without_a_family() -> None:
    alike = {("a", "b"): 0.9, ("a", "c"): 0.5, ("b", "c"): 0.1}
    opposite = {("a", "b"): 0.0, ("a", "c"): 0.5, ("b", "c"): 0.9}
    stable = make_atlas([compared(name, name, alike) for name in "xyz"]).stability()
    assert stable == pytest.approx({"x": 1, "y": 1, "z": 1})
    mixed = make_atlas([compared("x", "x", alike), compared("y", "y", opposite)]).stability()
    assert min(mixed.values()) < 1
    assert np.isnan(list(make_atlas([compared("x", "x", alike)]).stability().values())).all()


def test_closer_compares_on_common_tasks_alone() -> None:
    atlas = make_atlas(
        [
            compared("x", "x", {("net", "forest"): 0.8, ("net", "near"): 0.2, ("forest", "near"): 0.1}),
            compared("y", "y", {("net", "forest"): 0.6, ("net", "near:k=1"): 0.5, ("forest", "near:k=1"): 0.1}),
            compared("z", "z", {("net", "near"): 0.9}),
        ]
    )
    (found,) = closer(atlas, ["forest"], ["near", "near:k=1"])
    assert (found.learner, found.families) == ("net", ("x", "y"))
    assert (found.first, found.second) == pytest.approx((0.7, 0.35))
    assert found.difference.mean == pytest.approx(0.35)
    assert (found.low, found.high) == pytest.approx((0.1, 0.6))
    assert closer(atlas, ["forest"], ["nobody"]) == []


def test_merging_variants_takes_the_mean_of_their_pairs() -> None:
    task = compared("x", "x", {("m:1", "m:2"): 0.4, ("m:1", "f"): 0.2, ("m:2", "f"): 0.6, ("m:1", "m:1"): 0.5})
    found = merged(task, lambda name: name.partition(":")[0])
    assert found.learners == ("m", "f")
    assert found.kappa[0, 1] == pytest.approx(0.4)
    assert found.kappa[0, 0] == pytest.approx(0.75), "between the seeds of m:1 and between those of m:2"
    assert found.seeds.tolist() == [6, 3]


def test_an_empty_atlas() -> None:
    atlas = make_atlas([])
    assert (atlas.learners, atlas.families, list(pairs(atlas)), atlas.stability()) == ((), (), [], {})
