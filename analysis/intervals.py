"""Confidence intervals: Student's t over seeds, normal within a single cell, and Wilson's interval of a share.

Student's interval is offered where it covers the mean (`t_covers`); elsewhere reports show the range over seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95

NORMAL = float(ndtri((1 + CONFIDENCE) / 2))
"""Half width of the normal interval in standard errors: 1.96."""

ROUNDING = 1e-9
"""A mean over seeds of 0.9, 0.9, 0.9 may fall short of 0.9 by a rounding error."""

IntervalKind = Literal["seeds", "cell", "range", "none"]
"""seeds: t over seeds, floored by the error within the cells; cell: over the test examples of a single seed; range: the
smallest and the largest value, no confidence interval; none: no interval can be computed."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % confidence interval, `mean` +- `half_width`; NaN if there is none.

    low, high  only of kind "range": its ends
    """

    mean: float
    half_width: float
    seeds: int
    kind: IntervalKind
    low: float = float("nan")
    high: float = float("nan")


def interval(values: np.ndarray, errors: np.ndarray | None = None, *, fits: bool = False) -> Interval:
    """Mean over seeds with its 95 % confidence interval.

    values  (seeds,); seeds with the value NaN are left out
    errors  (seeds,): standard error of each value over its test examples, a floor of the interval
    fits    whether the values are scores (0 to 1) of fits, which may succeed with some seeds and fail with others: then
            the result is the range over seeds where `t_covers` is false

    With two seeds or more: Student's t over seeds, which covers the variation of data and initialisation. It is at
    least as wide as the error within the cells implies (`error_of_mean`), so that equal scores have an interval too.
    With one seed: the normal interval within the cell, which covers only the sampling of test examples.
    """
    valid = ~np.isnan(values)
    seeds = int(valid.sum())
    if seeds == 0:
        return Interval(float("nan"), float("nan"), 0, "none")
    mean = float(values[valid].mean())
    if seeds > 1 and fits and not t_covers(values):
        return Interval(mean, float("nan"), seeds, "range", float(values[valid].min()), float(values[valid].max()))
    if seeds > 1:
        return Interval(mean, float(t_factor(seeds)) * error_of_mean(values, errors), seeds, "seeds")
    error = float("nan") if errors is None else float(errors[valid][0])
    if np.isnan(error):
        return Interval(mean, float("nan"), 1, "none")
    return Interval(mean, NORMAL * error, 1, "cell")


def error_of_mean(values: np.ndarray, errors: np.ndarray | None = None) -> float:
    """Standard error of a mean over two seeds or more, from their spread, floored by the error within the cells.

    values  (seeds,); seeds with the value NaN are left out
    errors  (seeds,): standard error of each value over its test examples, NaN if it is not known

    The tests of different seeds are sampled independently. Were the scores of all seeds the same but for the sampling
    of test examples, the standard error of their mean would be the root mean square of `errors` over the root of the
    number of seeds. The spread of a few seeds may be smaller by chance, and is 0 if all scores are equal.
    """
    valid = ~np.isnan(values)
    spread = float(values[valid].std(ddof=1))
    known = np.zeros(0) if errors is None else errors[valid & ~np.isnan(errors)]
    if len(known):
        spread = max(spread, float(np.sqrt(np.square(known).mean())))
    return spread / int(valid.sum()) ** 0.5


def crossing_interval(
    anchors: Sequence[int] | np.ndarray, scores: np.ndarray, errors: np.ndarray | None, threshold: float
) -> tuple[float, float, IntervalKind]:
    """95 % interval of the first anchor at which the expected score reaches a threshold: (low, high, kind).

    anchors         (anchors,), increasing
    scores, errors  (seeds, anchors), as in `interval`; anchors without a score are skipped

    low is the first anchor at which the interval of the mean score reaches the threshold, high the first at which all
    of that interval does; NaN: none does. The intervals are those of each anchor alone. Below low, a mean score of the
    threshold is rejected; from high on, a lower one is. They have the coverage of `interval`: with few seeds
    and bimodal scores it is too narrow.
    """
    columns = range(len(anchors))
    means = [interval(scores[:, column], None if errors is None else errors[:, column]) for column in columns]
    kinds: set[IntervalKind] = {mean.kind for mean in means if mean.kind != "none"}
    if not kinds:
        return float("nan"), float("nan"), "none"
    centres = np.array([mean.mean for mean in means])
    widths = np.array([mean.half_width for mean in means])
    low, high = (
        float(np.asarray(anchors)[reached[0]]) if len(reached) else float("nan")
        for reached in (np.flatnonzero(ends >= threshold - ROUNDING) for ends in (centres + widths, centres - widths))
    )
    return low, high, "seeds" if "seeds" in kinds else "cell"


def wilson(successes: float, count: float) -> tuple[float, float]:
    """95 % interval of a share, from 0 to 1 (Wilson 1927): it is not empty if all or none succeed.

    For the mean of `count` values between 0 and 1, whose sum is `successes`, it is conservative: no such values vary
    more than those that are 0 or 1.
    """
    share, scale = successes / count, NORMAL**2 / count
    centre = (share + scale / 2) / (1 + scale)
    half = NORMAL * (share * (1 - share) / count + scale / (4 * count)) ** 0.5 / (1 + scale)
    return max(0.0, centre - half), min(1.0, centre + half)


MODES_APART = 0.25
"""Scores are bimodal if some reach the threshold, some do not, and two neighbours are at least this far apart."""

NEAR = 0.05
"""A score is near a bound if it is at most so far from 0 (the best constant answer), or so far or less below 1."""

MOST_NEAR = 0.5
"""Largest share of scores near a bound with which Student's interval is offered."""


def t_covers(values: np.ndarray) -> bool:
    """Whether Student's interval of the mean is offered: no gap of MODES_APART, and no majority of scores near a bound.

    values  (seeds,), two or more scores on the common scale; NaN are left out

    Seeds that all solve a task say little about how often it is not solved: if 8 of 10 seeds reach 0.98 and the others
    0.2, all of 3 seeds reach it with probability 0.51, of 5 seeds 0.33, of 10 seeds 0.11, and the interval around 0.98
    excludes the mean. By this rule, an interval that is offered covers at least 93 % of the means in simulation, with
    3, 5 and 10 seeds, for normal scores with standard deviations up to 0.15 and for Beta(8, 1); for bimodal ones with
    a majority near 0 or 1 it is offered in at most 2 % of the samples (tests/analysis/test_coverage.py). Two cases
    cannot be seen in few scores: a majority in a mode away from both bounds, and normal scores with a standard
    deviation of 0.3, of which those without a gap are too close together (coverage 0.85 to 0.92; of all samples, 5 %
    have an interval that misses the mean).
    """
    found = np.sort(values[~np.isnan(values)])
    near = (found >= 1 - NEAR) | (np.abs(found) <= NEAR)
    return bool(np.diff(found).max() < MODES_APART and near.mean() <= MOST_NEAR)


def bimodal(values: np.ndarray, threshold: float) -> bool:
    """Whether some seeds solve a task and others fall far short of it (MODES_APART): a mean then describes neither.

    values  (seeds,); NaN are left out
    """
    solved = values >= threshold
    unsolved = values < threshold
    if not solved.any() or not unsolved.any():
        return False
    return bool(np.diff(np.sort(values[solved | unsolved])).max() >= MODES_APART)


def t_factor(seeds: int | np.ndarray) -> np.ndarray:
    """Half width of the 95 % interval in standard errors of the mean, for a number of seeds (2 or more)."""
    return np.asarray(stdtrit(np.asarray(seeds) - 1, (1 + CONFIDENCE) / 2))
