"""Paired comparison of two learners over seeds: difference, interval, p value of the t test, and Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from .intervals import error_of_mean, t_factor

SIGNIFICANCE = 0.05
"""A contrast holds if its corrected p value is below this level."""


@dataclass(frozen=True)
class Difference:
    """The mean of paired differences with its 95 % interval, `mean` +- `half_width`, and the p value of mean = 0.

    NaN where there are fewer than two pairs (`half_width`, `p`) or none (`mean`).
    """

    mean: float
    half_width: float
    p: float
    seeds: int


def paired(
    first: np.ndarray,
    second: np.ndarray,
    first_errors: np.ndarray | None = None,
    second_errors: np.ndarray | None = None,
) -> Difference:
    """Compare two learners on the same data: Student's paired t test of `first` - `second`, two-sided.

    first, second  (seeds,): the scores of two learners on the same seeds; a seed that lacks one is left out
    errors         (seeds,) each: standard error of each score over its test examples

    The standard error of the mean difference is that over seeds, but at least what the errors within the cells imply
    (`intervals.error_of_mean`). The errors of the two learners are added as if they were independent. Both answer the
    same examples, so that their errors usually have a positive correlation, and the floor is on the safe side.
    Without errors, p is that of `scipy.stats.ttest_rel`.
    """
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    seeds = int((~np.isnan(differences)).sum())
    mean = float(np.nanmean(differences)) if seeds else float("nan")
    if seeds < 2:  # noqa: PLR2004 -- no spread
        return Difference(mean, float("nan"), float("nan"), seeds)
    errors = None if first_errors is None or second_errors is None else np.hypot(first_errors, second_errors)
    error = error_of_mean(differences, errors)
    if error == 0:  # equal differences without known errors: no variation that the test could refer to
        return Difference(mean, 0.0, 1.0 if mean == 0 else 0.0, seeds)
    p = 2 * float(stdtr(seeds - 1, -abs(mean) / error))
    return Difference(mean, float(t_factor(seeds)) * error, p, seeds)


def holm(p_values: Sequence[float] | np.ndarray, declared: int | None = None) -> np.ndarray:
    """P values corrected for several tests (Holm 1979): at level a, all below a hold with a joint error rate of a.

    p_values  (tests,); NaN (not tested) stays NaN
    declared  number of tests in the family, if more were declared than could be made: those that were not made count
              as well, with p = 1

    The k-th smallest of m p values is multiplied by m - k + 1; none is corrected to less than a smaller one, or to
    more than 1.
    """
    p_values = np.asarray(p_values, dtype=float)
    family = max(declared or 0, len(p_values))
    order = np.argsort(p_values)[: int((~np.isnan(p_values)).sum())]
    corrected = np.full(len(p_values), np.nan)
    factors = family - np.arange(len(order))
    corrected[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return corrected
