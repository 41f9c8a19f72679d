"""Verdicts on claims: statistics on tables computed by hand, p values against scipy, false verdicts simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from grue.analysis import claims
from grue.analysis.claims import Judgement, Outcome, judge
from grue.analysis.findings import Decision, Findings, Verdict
from grue.runs.catalogue import Catalogue, CellInfo, LearnerInfo, SplitInfo, TaskInfo
from grue.runs.registration import Claim, ClaimTest, Registration, Selection

Values = Mapping[tuple[str, str, int, str], list[float]]
"""Task, learner, size and split -> the score of every seed."""

TASK = TaskInfo(family="toy", splits=(SplitInfo("id"), SplitInfo("shift", shift="value", headline=True)))


def results(
    values: Values, status: Mapping[tuple[str, str, int, int], str] | None = None, error: float | None = None
) -> tuple[pd.DataFrame, Catalogue]:
    rows: list[dict[str, Any]] = []
    cells: dict[str, CellInfo] = {}
    for (task, learner, size, split), scores in values.items():
        for seed, value in enumerate(scores):
            key = f"{task}-{learner}-{size}-{seed}"
            cells[key] = CellInfo(key, task, learner, size, 0, seed)
            head = {"task": task, "learner": learner, "size": size, "exposed": 0, "seed": seed, "suite_seed": 0}
            head |= {"split": split, "fit_seconds": 1.0, "key": key}
            head |= {"status": (status or {}).get((task, learner, size, seed), "ok")}
            rows.append({**head, "metric": "score", "value": value})
            rows += [] if error is None else [{**head, "metric": "score_error", "value": error}]
    tasks = {task: TASK for task, *_ in values}
    learners = {learner: LearnerInfo("learner") for _, learner, *_ in values}
    return pd.DataFrame(rows), Catalogue(tasks, learners, tuple(cells.values()))


def one(learner: str = "a", task: str = "t", size: int = 8, split: str = "ood") -> Selection:
    return Selection((task,), (learner,), (size,), split)


def registered(*tests: ClaimTest, study: str = "") -> Registration:
    return Registration({}, (Claim("c", "Words", "source", {}, tests, study, "digest"),))


def judged(values: Values, *tests: ClaimTest, **options: Any) -> Judgement:
    return judge(*results(values, **options), registered(*tests))[0]


def outcome(values: Values, test: ClaimTest, **options: Any) -> Outcome:
    return judged(values, test, **options).outcomes[0]


CLOSE = [0.50, 0.56, 0.44, 0.53, 0.47]


def test_the_mean_of_a_score_is_tested_as_by_scipy() -> None:
    found = outcome({("t", "a", 8, "shift"): CLOSE}, ClaimTest("above", "mean", one(), threshold=0.4))
    assert found.estimate == pytest.approx(0.5)
    assert found.p == pytest.approx(stats.ttest_1samp(CLOSE, 0.4).pvalue)
    assert found.against == 1
    low, high = stats.ttest_1samp(CLOSE, 0.4).confidence_interval()
    assert (found.low, found.high) == pytest.approx((low, high))


def test_a_difference_is_paired_over_the_seeds_that_both_have() -> None:
    values = {("t", "a", 8, "shift"): [*CLOSE, 0.9], ("t", "b", 8, "shift"): [0.3, 0.34, 0.26, 0.31, 0.25]}
    found = outcome(values, ClaimTest("a - b", "mean", one(), one("b"), threshold=0.1, margin=0.05))
    expected = stats.ttest_rel(np.array(CLOSE) - 0.1, values["t", "b", 8, "shift"])
    assert found.seeds == 5
    assert found.estimate == pytest.approx(0.208)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.verdict == "supported"


def test_the_interval_is_at_least_what_the_test_examples_imply() -> None:
    test = ClaimTest("above", "mean", one(), threshold=0.4)
    wide = outcome({("t", "a", 8, "shift"): CLOSE}, test, error=0.2)
    assert wide.high - wide.estimate == pytest.approx(stats.t.ppf(0.975, 4) * 0.2 / 5**0.5)


def test_shares_of_seeds_are_tested_by_the_binomial_test() -> None:
    scores = [0.95, 0.9, 1.0, 0.3, 0.92, 0.91, 0.99, 1.0]
    found = outcome({("t", "a", 8, "shift"): scores}, ClaimTest("", "seeds", one(), threshold=0.5, level=0.9))
    assert found.estimate == pytest.approx(7 / 8)
    assert found.p == pytest.approx(stats.binomtest(7, 8, 0.5, alternative="greater").pvalue)
    assert found.against == pytest.approx(stats.binomtest(7, 8, 0.5, alternative="less").pvalue)


@pytest.mark.parametrize(("side", "count"), [("above", 3), ("below", 3), ("within", 5)])
def test_a_level_belongs_to_its_side(side: Any, count: int) -> None:
    values = {("t", "a", 8, "shift"): [0.4, 0.5, 0.6, 0.3, 0.1], ("t", "b", 8, "shift"): [0.3, 0.3, 0.3, 0.3, 0.3]}
    level = {"above": 0.1, "below": 0.1, "within": 0.3}[side]
    test = ClaimTest("", "seeds", one(), one("b"), threshold=0.5, level=level, side=side)
    assert outcome(values, test).estimate == pytest.approx(count / 5)


def test_the_exponent_of_a_power_law_is_found_and_its_largest_size_is_on_the_line() -> None:
    sizes, factors = (8, 16, 64, 256), [1.0, 1.1, 0.9, 1.05]
    values = {("t", "a", size, "id"): [1 - factor * size**-0.3 for factor in factors] for size in sizes}
    curve = Selection(("t",), ("a",), sizes, "id")
    slope = outcome(values, ClaimTest("", "slope", curve, expects="below", threshold=-0.2))
    assert slope.estimate == pytest.approx(-0.3)
    assert slope.verdict == "supported"
    ahead = outcome(values, ClaimTest("", "extrapolation", curve, expects="equal", margin=0.1))
    assert ahead.estimate == pytest.approx(0)
    assert ahead.verdict == "supported"


def test_a_curve_that_bends_is_no_power_law() -> None:
    sizes = (8, 16, 64, 256)
    values = {
        ("t", "a", size, "id"): [1 - 0.3 - noise - size**-0.7 for noise in (0, 0.01, 0.02, 0.03)] for size in sizes
    }
    curve = Selection(("t",), ("a",), sizes, "id")
    found = outcome(values, ClaimTest("", "extrapolation", curve, expects="equal", margin=0.1))
    line = np.polyfit(np.log(sizes[:-1]), np.log([0.3 + size**-0.7 for size in sizes[:-1]]), 1)
    first = np.log(0.3 + 256**-0.7) - np.polyval(line, np.log(256))
    assert found.low < first < found.high
    assert found.verdict == "contradicted"


def test_a_seed_without_an_error_has_no_exponent() -> None:
    values = {("t", "a", size, "id"): [1 - size**-0.5, 1 - size**-0.4, 1.0] for size in (4, 16, 64)}
    found = outcome(values, ClaimTest("", "slope", Selection(("t",), ("a",), (4, 16, 64), "id"), expects="below"))
    assert found.estimate == pytest.approx(-0.45)


def orders(first: list[list[float]], second: list[list[float]]) -> Outcome:
    """Of three learners, in rows the seeds: what is found of `first` against `second`."""
    values: dict[tuple[str, str, int, str], list[float]] = {}
    for index, learner in enumerate("abc"):
        values["t", learner, 8, "id"] = [row[index] for row in first]
        values["t", learner, 8, "shift"] = [row[index] for row in second]
    every = Selection(("t",), ("a", "b", "c"), (8,), "id")
    return outcome(values, ClaimTest("", "orders", every, Selection(("t",), ("a", "b", "c"), (8,), "ood")))


def test_orders_that_agree_with_themselves_and_not_with_each_other_differ() -> None:
    up, down = [0.1, 0.2, 0.3], [0.3, 0.2, 0.1]
    found = orders([up] * 4, [down] * 4)
    assert found.estimate == pytest.approx(2)  # tau 1 within, -1 across
    assert found.verdict == "supported"
    assert orders([up] * 4, [up] * 4).estimate == 0


def test_orders_of_seeds_are_compared_in_disjoint_pairs() -> None:
    # Kendall's tau of (1, 2, 3) and (1, 3, 2) is 1/3: two pairs in order, one not.
    first, second = [[0.1, 0.2, 0.3], [0.1, 0.3, 0.2]] * 2, [[0.1, 0.2, 0.3]] * 4
    assert orders(first, second).estimate == pytest.approx(1 / 3 - (1 + 1 / 3) / 2)


def test_noise_alone_is_no_other_order() -> None:
    # OOD is ID with much more noise: orders differ from seed to seed, but not between the two in expectation.
    rng, wrong, test = np.random.default_rng(0), 0, ClaimTest("", "orders", one(), one("b"))
    for _ in range(100):
        pair = [np.arange(4) + rng.normal(0, noise, (10, 2, 4)) for noise in (0.5, 2)]  # (seeds, tasks, learners)
        values = [
            [claims.disagreement(first, second, seed, seed + 1) for seed in range(0, 10, 2)]
            for first, second in (pair, pair[::-1])
        ]
        wrong += all(claims.located(Outcome(test), np.array(found)).p < 0.05 for found in values)
    assert wrong <= 5


def test_without_a_covering_interval_a_mean_decides_nothing() -> None:
    found = judged({("t", "a", 8, "shift"): [1.0, 1.0, 0.99, 0.2, 1.0]}, ClaimTest("x", "mean", one(), threshold=0.1))
    assert found.verdict == "not decided"
    assert "no interval covers" in found.reason
    assert (found.outcomes[0].low, found.outcomes[0].high) == (0.2, 1.0)


def test_a_small_difference_is_equivalent_even_if_it_is_significant() -> None:
    values = {("t", "a", 8, "shift"): CLOSE, ("t", "b", 8, "shift"): [value - 0.01 for value in CLOSE]}
    values["t", "b", 8, "shift"][0] += 0.001
    found = judged(values, ClaimTest("a > b", "mean", one(), one("b"), margin=0.05))
    assert found.verdict == "equivalent"
    assert found.outcomes[0].p < 0.05


def test_a_claim_holds_if_all_its_tests_do_and_fails_if_one_does() -> None:
    values = {("t", "a", 8, "shift"): CLOSE}
    low, high = (ClaimTest(str(bound), "mean", one(), threshold=bound) for bound in (0.2, 0.9))
    below = ClaimTest("< .9", "mean", one(), expects="below", threshold=0.9)
    unclear = ClaimTest("> .5", "mean", one(), threshold=0.5)
    assert judged(values, low, below).verdict == "supported"
    assert judged(values, low, high).verdict == "contradicted"
    undecided = judged(values, low, unclear)
    assert (undecided.verdict, undecided.reason) == ("not decided", "not significant: > .5")


def test_a_condition_that_fails_decides_nothing() -> None:
    values = {("t", "a", 8, "shift"): CLOSE, ("t", "a", 8, "id"): CLOSE}
    condition = ClaimTest("learned", "mean", one(split="id"), threshold=0.9, condition=True)
    test = ClaimTest("low", "mean", one(), expects="below", threshold=0.9)
    found = judged(values, condition, test)
    assert (found.verdict, found.reason) == ("not decided", "condition not met: learned")
    assert judged(values, test).verdict == "supported"


@pytest.mark.parametrize(("flag", "verdict"), [("budget", "not decided"), ("ok,plateau", "not decided")])
def test_no_claim_rests_on_a_cell_that_did_not_fit(flag: str, verdict: str) -> None:
    test = ClaimTest("high", "mean", one(), threshold=0.1)
    found = judged({("t", "a", 8, "shift"): CLOSE}, test, status={("t", "a", 8, 2): flag})
    assert (found.verdict, found.flagged) == (verdict, {"t-a-8-2"})


def test_a_learner_that_cannot_fit_is_a_finding() -> None:
    test = ClaimTest("high", "mean", one(), threshold=0.1)
    found = judged({("t", "a", 8, "shift"): CLOSE}, test, status={("t", "a", 8, 2): "capacity"})
    assert (found.verdict, found.flagged) == ("supported", set())


@pytest.mark.parametrize("values", [{}, {("u", "a", 8, "shift"): CLOSE}, {("t", "a", 16, "shift"): CLOSE}])
def test_other_cells_are_no_data(values: Values) -> None:
    scores, catalogue = results({("t", "z", 8, "shift"): CLOSE} | values)
    found = judge(scores, catalogue, registered(ClaimTest("", "mean", one())))[0]
    assert (found.verdict, found.seeds, found.cells) == ("no data yet", 0, set())


def test_one_seed_decides_nothing() -> None:
    found = judged({("t", "a", 8, "shift"): [0.5]}, ClaimTest("x", "seeds", one(), level=0.1))
    assert (found.verdict, found.reason) == ("not decided", "1 seed with all cells: x")


@pytest.mark.parametrize(
    ("decisions", "expected"),
    [
        (["supported", "supported"], "supported"),
        (["supported", "not decided"], "not decided"),
        (["not decided", "contradicted", "supported"], "contradicted"),
        (["supported", "equivalent"], "equivalent"),
        ([], "no data yet"),
    ],
)
def test_a_claim_of_a_study_has_the_verdicts_that_name_it(decisions: list[Decision], expected: str) -> None:
    scores, catalogue = results({("toy", "a", 8, "id"): [0.5, 0.5]})
    own = [Verdict(f"part {index}", decision, 0.5, 0.4, 0.6, "", claim="c") for index, decision in enumerate(decisions)]
    others = [Verdict("another", "contradicted", 0, 0, 0, ""), Verdict("its", "contradicted", 0, 0, 0, "", claim="d")]
    findings = {"equivariance": Findings({}, (*others, *own))}
    found = judge(scores, catalogue, registered(study="equivariance"), findings)[0]
    assert found.verdict == expected
    assert found.of_study == tuple(own)
    if expected == "no data yet":
        assert found.reason == "the study equivariance has no verdict on it"
    if expected == "not decided":
        assert found.reason == "open: part 1"


def test_a_claim_without_tests_needs_its_study() -> None:
    scores, catalogue = results({("t", "a", 8, "shift"): CLOSE})
    found = judge(scores, catalogue, registered(study="equivariance"))[0]
    assert (found.verdict, found.reason) == ("no data yet", "it needs the study equivariance")


def test_p_values_are_corrected_for_all_declared_tests_with_data_or_without() -> None:
    values = {("t", "a", 8, "shift"): CLOSE}
    test, absent = ClaimTest("", "mean", one(), threshold=0.4), ClaimTest("", "mean", one("z"))
    alone = outcome(values, test).p
    assert judged(values, test, absent, absent, absent).outcomes[0].p == pytest.approx(4 * alone)


def test_scores_that_contradict_each_other_are_refused() -> None:
    scores, catalogue = results({("t", "a", 8, "shift"): CLOSE})
    doubled = Catalogue(catalogue.tasks, catalogue.learners, (*catalogue.cells, CellInfo("other", "t", "a", 8, 0, 0)))
    with pytest.raises(ValueError, match="two different results"):
        judge(scores, doubled, registered(ClaimTest("", "mean", one())))


SAMPLES = 1000

DISTRIBUTIONS: dict[str, tuple[Any, float]] = {
    "normal": (lambda rng, seeds: rng.normal(0.5, 0.1, (SAMPLES, seeds)), 0.5),
    "bounded": (lambda rng, seeds: rng.beta(8, 1, (SAMPLES, seeds)), 8 / 9),
    "bimodal": (lambda rng, seeds: np.where(rng.random((SAMPLES, seeds)) < 0.8, 0.95, 0.2), 0.8),
}


@pytest.mark.parametrize("seeds", [5, 10, 16])
@pytest.mark.parametrize("name", list(DISTRIBUTIONS))
@pytest.mark.parametrize("expects", ["above", "below"])
def test_a_mean_at_the_threshold_is_called_supported_in_at_most_one_of_twenty(
    name: str, expects: Any, seeds: int
) -> None:
    sample, mean = DISTRIBUTIONS[name]
    scores = sample(np.random.default_rng(1), seeds)
    test = ClaimTest("", "mean", one(), expects=expects, threshold=mean)
    wrong = 0
    for values in scores:
        first = np.stack([values, np.full(seeds, np.nan)], axis=-1)[:, None, :]
        wrong += claims.STATISTICS["mean"](Outcome(test), first, None).p < 0.05
    assert wrong / SAMPLES <= 0.05 + 3 * (0.05 * 0.95 / SAMPLES) ** 0.5


@pytest.mark.parametrize("seeds", [5, 10, 16])
def test_a_share_at_the_threshold_is_called_supported_in_at_most_one_of_twenty(seeds: int) -> None:
    test = ClaimTest("", "seeds", one(), threshold=0.5, level=0.5)
    p = np.array([claims.shared(Outcome(test), count, seeds).p for count in range(seeds + 1)])
    assert stats.binom.pmf(np.arange(seeds + 1), seeds, 0.5)[p < 0.05].sum() <= 0.05  # exact


@pytest.mark.parametrize("distance", [0.1, -0.1])
def test_a_value_at_the_margin_is_called_equal_in_at_most_one_of_twenty(distance: float) -> None:
    rng = np.random.default_rng(2)
    test = ClaimTest("", "extrapolation", one(), expects="equal", margin=0.1)
    found = [claims.located(Outcome(test), rng.normal(distance, 0.05, 10)) for _ in range(SAMPLES)]
    for name in ("p", "against"):
        assert np.mean([getattr(outcome, name) < 0.05 for outcome in found]) <= 0.05 + 0.02
