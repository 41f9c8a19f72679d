"""Errors that heuristics explain: hand-computed parts, exact permutation moments, and the error rate of the test."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import hypergeom

from grue.analysis.answers import TaskAnswers
from grue.analysis.explained import MIN_ERRORS, Explanation, Permutations, explanations, summaries
from grue.runs.catalogue import Catalogue, LearnerInfo, TaskInfo


def task_of(truth: np.ndarray, learner: np.ndarray, task: str = "maze", **heuristics: np.ndarray) -> TaskAnswers:
    """Answers of "mlp", (seeds, n), and of heuristics, (n,)."""
    codes = {"mlp": learner, **{name: own[None] for name, own in heuristics.items()}, "oracle": truth[None]}
    return TaskAnswers(
        task=task,
        family=task,
        split="far",
        size=64,
        codes=codes,
        seeds={name: np.arange(len(own)) for name, own in codes.items()},
        id_scores={name: np.ones(len(own)) for name, own in codes.items()},
        statuses={name: ("ok",) * len(own) for name, own in codes.items()},
        truth=truth,
    )


def catalogue_of(*tasks: TaskAnswers) -> Catalogue:
    kinds = {"mlp": "learner", "oracle": "control"}
    return Catalogue(
        tasks={
            one.task: TaskInfo(family=one.family, heuristics=tuple(set(one.codes) - {"mlp", "oracle"})) for one in tasks
        },
        learners={name: LearnerInfo(kinds.get(name, "heuristic")) for one in tasks for name in one.codes},
    )


def explain(*tasks: TaskAnswers, min_id: float | None = None) -> list[Explanation]:
    return explanations(tasks, catalogue_of(*tasks), min_id)


TRUTH = np.zeros(20, int)
FIRST = np.repeat([1, 0, 1, 0], 5)  # wrong on 0-4 and 10-14
SECOND = np.repeat([1, 1, 0, 0], 5)  # wrong on 0-4 and 5-9
LEARNER = np.concatenate([[1] * 4, [0], [1] * 3, [0] * 2, [1] * 2, [2, 0, 0], [1] * 2, [0] * 3])


def test_the_parts_of_a_hand_computed_example() -> None:
    (found,) = explain(task_of(TRUTH, LEARNER[None], first=FIRST, second=SECOND))
    assert found.errors == 12
    assert found.shared == pytest.approx(4 / 20)
    assert found.unique == pytest.approx({"first": 2 / 20, "second": 3 / 20})
    assert found.unexplained == pytest.approx(3 / 20), "the answer 2, and two where both heuristics are right"
    assert found.right_beyond == pytest.approx(1 / 20), "right on example 4, where both heuristics are wrong"
    assert found.right_shared == pytest.approx(7 / 20)
    assert found.of_errors is not None
    assert found.of_errors.value == pytest.approx(9 / 12)
    assert found.of_answers.value == pytest.approx(16 / 20)


def test_the_parts_add_up_and_unique_is_what_is_lost_without_a_heuristic() -> None:
    rng = np.random.default_rng(0)
    rules = {name: rng.integers(0, 3, 90) for name in ("a", "b", "c")}
    truth, learner = rng.integers(0, 3, 90), rng.integers(0, 3, (4, 90))
    (found,) = explain(task_of(truth, learner, **rules))
    assert found.right + sum(found.unique.values()) + found.shared + found.unexplained == pytest.approx(1)
    assert found.of_errors is not None
    assert found.shared_errors is not None
    uniques = [unique.value for _, unique in found.parts.values()]
    assert sum(uniques) + found.shared_errors.value == pytest.approx(found.of_errors.value)
    for name in rules:
        (without,) = explain(task_of(truth, learner, **{other: rules[other] for other in rules if other != name}))
        assert without.of_errors is not None
        assert found.of_errors.value - without.of_errors.value == pytest.approx(found.parts[name][1].value)


def test_moments_are_those_of_all_permutations() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([0, 0, 0, 1, 1, 1, 1, 2])
    rules, answers = rng.integers(0, 3, (2, 8)), rng.integers(0, 3, (3, 8))
    null, values = Permutations(rules, truth), dict[str, list[float]]()
    for first in permutations(range(3)):
        for second in permutations(range(3, 7)):
            order = [*first, *second, 7]
            for name, (observed, _, _) in null.moments(answers[:, order]).items():
                values.setdefault(name, []).append(observed)
    for name, (_, expected, variance) in null.moments(answers).items():
        assert expected == pytest.approx(np.mean(values[name])), name
        assert variance == pytest.approx(np.var(values[name])), name


def test_one_seed_one_heuristic_and_one_class_is_the_hypergeometric_distribution() -> None:
    rng = np.random.default_rng(2)
    answers, rule = (rng.random((2, 40)) < 0.4).astype(int)  # the target is 0, errors are 1
    _, expected, variance = Permutations(rule[None], np.zeros(40, int)).moments(answers[None])["errors"]
    known = hypergeom(40, int(rule.sum()), int(answers.sum()))
    assert (expected, variance) == pytest.approx((known.mean(), known.var()))


def test_targets_that_occur_once_or_constant_answers_say_nothing() -> None:
    (once,) = explain(task_of(np.arange(20), np.full((2, 20), 50), rule=np.full(20, 50)))
    (constant,) = explain(task_of(TRUTH, np.ones((2, 20), int), rule=FIRST))
    for found in (once, constant):
        assert found.of_errors is not None
        assert np.isnan(found.of_errors.p)
        assert np.isnan(found.of_errors.excess)
        assert np.isnan(found.corrected)


def test_with_few_errors_there_are_no_shares_of_errors() -> None:
    learner = TRUTH.copy()
    learner[: MIN_ERRORS - 1] = 1
    (found,) = explain(task_of(TRUTH, learner[None], rule=FIRST))
    assert (found.of_errors, found.parts, found.over_seeds.kind) == (None, {}, "none")
    assert summaries([found])[0].explained is None


def test_errors_that_do_not_depend_on_the_heuristic_are_rarely_significant() -> None:
    """The answers depend on the target and are the same for all seeds but some: seeds share difficult examples."""
    rng = np.random.default_rng(3)
    rejected = []
    for _ in range(400):
        truth = rng.integers(0, 4, 256)
        rule = np.where(rng.random(256) < 0.5, truth, (truth + 1) % 4)
        common = (truth + rng.choice([0, 1, 1, 2], 256)) % 4
        learner = np.where(rng.random((5, 256)) < 0.8, common, truth)
        (found,) = explain(task_of(truth, learner, rule=rule))
        assert found.of_errors is not None
        rejected.append(found.of_errors.p < 0.05)
    assert np.mean(rejected) < 0.08


def test_a_learner_that_often_follows_a_heuristic_is_found_out() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 4, 256)
    rule = np.where(rng.random(256) < 0.5, truth, (truth + 1) % 4)
    learner = np.where(rng.random((5, 256)) < 0.3, rule, rng.integers(0, 4, (5, 256)))
    (found,) = explain(task_of(truth, learner, rule=rule))
    assert found.of_errors is not None
    assert found.of_errors.excess > 0.1
    assert found.corrected < 0.001
    assert found.over_seeds.mean == pytest.approx(found.of_errors.value)


def test_tasks_without_truth_or_heuristics_and_seeds_that_fail_are_left_out() -> None:
    task = task_of(TRUTH, np.stack([LEARNER, TRUTH]), rule=FIRST)
    assert explain(replace(task, truth=None), task_of(TRUTH, LEARNER[None], task="other")) == []
    chosen = replace(task, id_scores={**task.id_scores, "mlp": np.array([0.95, 0.2])})
    flagged = replace(chosen, statuses={**task.statuses, "mlp": ("ok", "plateau")})
    (found,) = explain(flagged, min_id=0.9)
    assert (found.seeds, found.errors, found.flags) == (1, 12, ())
    assert explain(flagged)[0].flags == ("plateau",)
    assert explain(replace(chosen, statuses={**task.statuses, "mlp": ("plateau", "ok")}), min_id=0.9) == []


def test_summaries_leave_out_flagged_tasks_and_average_families() -> None:
    rng = np.random.default_rng(5)
    tasks = [
        task_of(TRUTH, (rng.random((3, 20)) < share).astype(int), task=name, rule=FIRST)
        for name, share in (("a", 0.4), ("b", 0.6), ("c", 0.9))
    ]
    found = explain(*tasks)
    (row,) = summaries([*found[:2], replace(found[2], flags=("budget",))])
    assert (row.tasks, row.families) == (2, 2)
    assert row.right == pytest.approx(np.mean([one.right for one in found[:2]]))
    assert row.excess is not None
    shares = [one.of_errors.excess for one in found[:2] if one.of_errors]
    assert row.excess.mean == pytest.approx(np.mean(shares))
