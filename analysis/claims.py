"""Verdicts on registered claims: the statistic of each test, its interval and p values, and what follows for the claim.

Every statistic is first a value per seed (or per pair of seeds), then a test over these values:

mean           the score, or the difference of two scores paired over seeds; Student's t, where it covers
seeds          the share of seeds of which that is on one side of a level; exact binomial test, Wilson's interval
orders         how much better the order of learners `first` is predicted by the same order of another seed than by
               the order `second` of that seed (Kendall's tau-b, mean over tasks); t over disjoint pairs of seeds
slope          exponent of a power law: least squares of log error on log n; t over seeds
extrapolation  log of the error at the largest n over that of the power law through the smaller ones; t over seeds

A claim that a study has to decide takes the verdicts of that study which name it (`findings.Verdict.claim`).

A claim holds if all its tests do, so that it needs no correction for its own number of tests. All p values are
corrected together nevertheless (Holm), for all tests that are declared: one family, whatever the claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from scipy.special import stdtr
from scipy.stats import binom, kendalltau

from ..runs.catalogue import Catalogue
from ..runs.registration import Claim, ClaimTest, Registration, Selection
from .findings import Findings
from .findings import Verdict as StudyVerdict
from .intervals import ROUNDING, error_of_mean, t_covers, t_factor, wilson
from .paired import SIGNIFICANCE, holm, pairs_cover
from .planned import refuse_contradictions
from .power_law import exponents
from .quality import NOT_FITTED

Verdict = Literal["supported", "contradicted", "equivalent", "not decided", "no data yet"]

FEWEST = 2
"""Least number of seeds (or pairs of seeds) of a test."""

Point = tuple[str, str, int]
"""Task, learner and training size."""


@dataclass(frozen=True)
class Outcome:
    """What a test found.

    estimate, low, high  the statistic with its 95 % interval; NaN where there is none
    p             p value of what is expected: that the statistic is on that side of the threshold (two-sided t test,
                  one-sided binomial test), or within the margin of it
    against       p value of the opposite: that it is on the other side, or beyond the margin
    equivalent    p value of that the statistic is less than the margin away from 0
    cells, flagged  keys of the cells that it is computed from, and of those that did not fit (budget, plateau)
    lacking       why there are no p values; "" if there are
    """

    test: ClaimTest
    estimate: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    p: float = float("nan")
    against: float = float("nan")
    equivalent: float = float("nan")
    seeds: int = 0
    cells: tuple[str, ...] = ()
    flagged: tuple[str, ...] = ()
    lacking: str = ""
    verdict: Verdict = "not decided"


@dataclass(frozen=True)
class Judgement:
    """A claim with what its tests found, and the verdict.

    reason    why it is not decided; else ""
    of_study  the verdicts of its study that name it, if a study has to decide it
    """

    claim: Claim
    outcomes: tuple[Outcome, ...]
    verdict: Verdict
    reason: str = ""
    of_study: tuple[StudyVerdict, ...] = ()

    @property
    def cells(self) -> set[str]:
        """Keys of the cells of all tests."""
        return {key for outcome in self.outcomes for key in outcome.cells}

    @property
    def flagged(self) -> set[str]:
        """Keys of those that did not fit their training set: no claim rests on them."""
        return {key for outcome in self.outcomes for key in outcome.flagged}

    @property
    def seeds(self) -> int:
        """The smallest number of seeds of those of its tests that have data."""
        return min((outcome.seeds for outcome in self.outcomes if outcome.cells), default=0)


def judge(
    scores: pd.DataFrame,
    catalogue: Catalogue,
    registration: Registration,
    studies: Mapping[str, Findings] | None = None,
) -> list[Judgement]:
    """All claims of a registration, from the cells that a folder has. Raises ValueError if results contradict.

    studies  findings by the name of the study, for the claims that studies have to decide
    """
    refuse_contradictions(catalogue)
    table = _Scores(scores, catalogue, registration)
    found = [[_outcome(test, table) for test in claim.tests] for claim in registration.claims]
    flat = _corrected([one for outcomes in found for one in outcomes], registration.declared)
    judged, start = [], 0
    for claim, outcomes in zip(registration.claims, found, strict=True):
        own = tuple(flat[start : start + len(outcomes)])
        start += len(outcomes)
        if claim.study in (studies or {}):
            judged.append(_judged_by_study(claim, (studies or {})[claim.study]))
        else:
            judged.append(Judgement(claim, own, *_verdict(claim, own)))
    return judged


def _corrected(outcomes: Sequence[Outcome], declared: int) -> list[Outcome]:
    """With p values after Holm's correction, and the verdict on each test; declared tests without data count too."""
    columns = [[getattr(one, name) for one in outcomes] for name in ("p", "against", "equivalent")]
    p, against, equivalent = (holm(column, declared).tolist() for column in columns)
    rows = zip(outcomes, p, against, equivalent, strict=True)
    found = [replace(one, p=own, against=other, equivalent=same) for one, own, other, same in rows]
    return [replace(one, verdict=_verdict_of_test(one)) for one in found]


def _verdict_of_test(outcome: Outcome) -> Verdict:
    """Equivalence comes first: it is the stronger statement about a difference that may be significant and small."""
    if not outcome.cells:
        return "no data yet"
    if outcome.flagged:
        return "not decided"
    if outcome.test.expects != "equal" and outcome.equivalent < SIGNIFICANCE:
        return "equivalent"
    if outcome.against < SIGNIFICANCE:
        return "contradicted"
    return "supported" if outcome.p < SIGNIFICANCE else "not decided"


def _verdict(claim: Claim, outcomes: Sequence[Outcome]) -> tuple[Verdict, str]:
    """The verdict on a claim, and why there is none: it holds if all tests do, and not if one fails."""
    if all(one.verdict == "no data yet" for one in outcomes):
        return "no data yet", f"it needs the study {claim.study}" if claim.study else ""
    if flagged := len({key for one in outcomes for key in one.flagged}):
        return "not decided", f"{flagged} cell{'' if flagged == 1 else 's'} did not fit the training set"
    unmet = [one for one in outcomes if one.test.condition and one.verdict != "supported"]
    if unmet:
        return "not decided", f"condition not met: {unmet[0].test.says}"
    verdicts = [one.verdict for one in outcomes if not one.test.condition]
    for verdict in ("contradicted", "equivalent"):
        if verdict in verdicts:
            return verdict, ""
    if all(verdict == "supported" for verdict in verdicts):
        return "supported", ""
    first = next(one for one in outcomes if one.verdict in ("not decided", "no data yet"))
    return "not decided", f"{first.lacking or 'not significant'}: {first.test.says}"


def _judged_by_study(claim: Claim, findings: Findings) -> Judgement:
    """A claim from the verdicts that name it: they count as its tests would."""
    own = tuple(one for one in findings.verdicts if one.claim == claim.name)
    decisions = [one.decision for one in own]
    if not own:
        return Judgement(claim, (), "no data yet", f"the study {claim.study} has no verdict on it")
    for verdict in ("contradicted", "equivalent"):
        if verdict in decisions:
            return Judgement(claim, (), verdict, "", own)
    if "not decided" in decisions:
        return Judgement(claim, (), "not decided", f"open: {own[decisions.index('not decided')].statement}", own)
    return Judgement(claim, (), "supported", "", own)


class _Scores:
    """The scores of the cells that the tests name, by task, learner, size, exposed examples, split and metric."""

    def __init__(self, scores: pd.DataFrame, catalogue: Catalogue, registration: Registration) -> None:
        used = [one for claim in registration.claims for test in claim.tests for one in test.selections]
        tasks = {task for one in used for task in one.tasks}
        learners = {learner for one in used for learner in one.learners}
        rows = scores.loc[scores["task"].isin(list(tasks)) & scores["learner"].isin(list(learners))]
        rows = rows.loc[rows["key"].isin(list(catalogue.by_key))]
        columns = ["task", "learner", "size", "exposed", "split", "metric"]
        self._values: dict[tuple[object, ...], dict[int, float]] = {}
        for row in rows[[*columns, "seed", "value"]].itertuples(index=False):
            self._values.setdefault(tuple(row[:6]), {})[int(row[6])] = float(row[7])
        self._status: dict[tuple[object, ...], dict[int, tuple[str, str]]] = {}
        for row in rows.drop_duplicates("key")[[*columns[:4], "seed", "key", "status"]].itertuples(index=False):
            self._status.setdefault(tuple(row[:4]), {})[int(row[4])] = (row[5], row[6])
        self._tasks = catalogue.tasks

    def values(self, one: Selection, point: Point) -> dict[int, tuple[float, float]]:
        """Seed -> value and its standard error over the test examples, NaN if not known."""
        task, learner, size = point
        info = self._tasks.get(task)
        if info is None:
            return {}
        metric = one.metric or info.metric
        split = (info.headline or "") if one.split == "ood" else one.split
        head = (task, learner, size, one.exposed, split)
        errors = self._values.get((*head, f"{metric}_error"), {})
        found = self._values.get((*head, metric), {})
        return {seed: (value, errors.get(seed, np.nan)) for seed, value in found.items() if not np.isnan(value)}

    def cells(self, one: Selection) -> dict[str, str]:
        """Keys of the cells of a selection -> their status."""
        found = [self._status.get((*point, one.exposed), {}) for point in _points(one)]
        return {key: status for seeds in found for key, status in seeds.values()}


def _points(one: Selection) -> list[Point]:
    """The task, learner and size of all values: learners of a task at its size, or one learner at several sizes."""
    if len(one.tasks) == len(one.sizes):
        pairs = list(zip(one.tasks, one.sizes, strict=True))
    else:
        pairs = [(one.tasks[0], size) for size in one.sizes]
    return [(task, learner, size) for task, size in pairs for learner in one.learners]


def _outcome(test: ClaimTest, table: _Scores) -> Outcome:
    """The outcome of a test, with p values that are not corrected yet."""
    statuses: dict[str, str] = {}
    for one in test.selections:
        statuses |= table.cells(one)
    flagged = tuple(key for key, status in statuses.items() if any(flag in NOT_FITTED for flag in status.split(",")))
    held = [[table.values(one, point) for point in _points(one)] for one in test.selections]
    seeds = sorted(set.intersection(*[set(point) for points in held for point in points]))
    outcome = Outcome(test, seeds=len(seeds), cells=tuple(sorted(statuses)), flagged=flagged)
    if not statuses:
        return replace(outcome, lacking="no data")
    arrays = [np.array([[point[seed] for point in points] for seed in seeds], dtype=float) for points in held]
    if len(seeds) < FEWEST:
        return replace(outcome, lacking=f"{len(seeds)} seed{'' if len(seeds) == 1 else 's'} with all cells")
    first, second = arrays[0], arrays[1] if test.second else None  # (seeds, points, 2): value and error
    return STATISTICS[test.statistic](outcome, first, second)


def _mean(outcome: Outcome, first: np.ndarray, second: np.ndarray | None) -> Outcome:
    values, errors = first[:, 0, 0], first[:, 0, 1]
    covers = t_covers(values)
    if second is not None:
        covers = pairs_cover(values, second[:, 0, 0])
        values, errors = values - second[:, 0, 0], np.hypot(errors, second[:, 0, 1])
    if covers:
        return located(outcome, values, errors)
    low, high = float(values.min()), float(values.max())
    lacking = "most scores are near a bound, or in two groups, where no interval covers their mean"
    return replace(outcome, estimate=float(values.mean()), low=low, high=high, lacking=lacking)


def _seeds(outcome: Outcome, first: np.ndarray, second: np.ndarray | None) -> Outcome:
    values = first[:, 0, 0] - (0 if second is None else second[:, 0, 0])
    test = outcome.test
    if test.side == "within":
        on_side = np.abs(values) <= test.level + ROUNDING
    else:
        on_side = values >= test.level - ROUNDING if test.side == "above" else values <= test.level + ROUNDING
    return shared(outcome, int(on_side.sum()), len(values))


def _orders(outcome: Outcome, first: np.ndarray, second: np.ndarray | None) -> Outcome:
    if second is None:
        raise ValueError("orders are compared with those of a second selection")
    learners = len(outcome.test.first.learners)
    of = [array[..., 0].reshape(len(array), -1, learners) for array in (first, second)]  # (seeds, tasks, learners)
    pairs = [(seed, seed + 1) for seed in range(0, len(first) - 1, 2)]
    if len(pairs) < FEWEST:
        return replace(outcome, lacking=f"{len(pairs)} pair of seeds")
    return located(outcome, np.array([disagreement(of[0], of[1], *pair) for pair in pairs]))


def disagreement(first: np.ndarray, second: np.ndarray, one: int, other: int) -> float:
    """Tau of the orders `first` of two seeds, less the mean of both taus of `first` of one and `second` of the other.

    first, second  (seeds, tasks, learners): what the learners are ordered by
    returns the mean over tasks. If both orders were the same but for independent noise, of whatever size, one of
    (first, second) and (second, first) would be 0 or less in expectation. All values equal: tau is taken as 0.
    """
    within = [_tau(first[one, task], first[other, task]) for task in range(first.shape[1])]
    across = [
        (_tau(first[one, task], second[other, task]) + _tau(first[other, task], second[one, task])) / 2
        for task in range(first.shape[1])
    ]
    return float(np.mean(within) - np.mean(across))


def _tau(first: np.ndarray, second: np.ndarray) -> float:
    found = float(np.asarray(kendalltau(np.round(first, 9), np.round(second, 9)))[0])  # rounded: equal scores are ties
    return 0.0 if np.isnan(found) else found


def _slope(outcome: Outcome, first: np.ndarray, second: np.ndarray | None) -> Outcome:
    del second
    sizes, errors = _curve(outcome.test.first, first)
    return located(outcome, exponents(sizes, errors)[0])


def _extrapolation(outcome: Outcome, first: np.ndarray, second: np.ndarray | None) -> Outcome:
    del second
    sizes, errors = _curve(outcome.test.first, first)
    slopes, intercepts = exponents(sizes[:-1], errors[:, :-1])
    return located(outcome, np.log(errors[:, -1]) - (intercepts + slopes * np.log(sizes[-1])))


def _curve(one: Selection, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sizes, increasing, and the errors of the seeds that have no error of 0 there, (seeds, sizes)."""
    order = np.argsort(one.sizes)
    errors = (1 - values[..., 0])[:, order]
    return np.array(one.sizes, dtype=float)[order], errors[(errors > 0).all(axis=1)]


STATISTICS = {
    "mean": _mean, "seeds": _seeds, "orders": _orders, "slope": _slope, "extrapolation": _extrapolation,
}  # fmt: skip


def located(outcome: Outcome, values: np.ndarray, errors: np.ndarray | None = None) -> Outcome:
    """Student's t test of the mean of values, (seeds,), with what the test of the claim expects of it.

    errors  (seeds,): standard error of each value over its test examples, a floor of the interval
    """
    count = len(values)
    if count < FEWEST:
        return replace(outcome, lacking=f"{count} seeds have a value")
    test, mean, error = outcome.test, float(values.mean()), error_of_mean(values, errors)
    half = float(t_factor(count)) * error
    # Two-sided: of skewed scores (Beta(8, 1)) a one-sided test at 5 % errs in 8 % of the cases on one side.
    above, below = (min(2 * p, 1.0) for p in _one_sided(mean - test.threshold, error, count))
    margin = test.margin
    if test.expects == "equal":
        outside = _one_sided(abs(mean - test.threshold) - (margin or 0), error, count)
        p, against = outside[1], min(2 * outside[0], 1.0)
    else:
        p, against = (above, below) if test.expects == "above" else (below, above)
    same = float("nan") if margin is None else _one_sided(abs(mean) - margin, error, count)[1]
    return replace(outcome, estimate=mean, low=mean - half, high=mean + half, p=p, against=against, equivalent=same)


def _one_sided(distance: float, error: float, count: int) -> tuple[float, float]:
    """P values of t tests of a mean at a distance from a bound: that it is above the bound, that it is below."""
    if error == 0:  # equal values without known errors: no variation that the test could refer to
        return (0.0, 1.0) if distance > 0 else (1.0, 0.0) if distance < 0 else (1.0, 1.0)
    above = float(stdtr(count - 1, -distance / error))
    return above, 1 - above


def shared(outcome: Outcome, successes: int, count: int) -> Outcome:
    """Exact binomial tests of a share of seeds against the threshold of the test of the claim."""
    test = outcome.test
    above = float(binom.sf(successes - 1, count, test.threshold))
    below = float(binom.cdf(successes, count, test.threshold))
    p, against = (above, below) if test.expects == "above" else (below, above)
    low, high = wilson(successes, count)
    return replace(outcome, estimate=successes / count, low=low, high=high, p=p, against=against)
