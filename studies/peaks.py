"""Peaks of error curves over capacity: their height, with intervals over seeds, and where training error reaches 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import t as student

from ..analysis.intervals import CONFIDENCE

RESAMPLES = 10_000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True)
class Peak:
    """A peak of a curve: positions of the valley before it, of the peak and of the valley after it; and its height.

    height  error at the peak minus the larger of the smallest errors before and after it: at most 0 if the curve only
            falls, only rises, or falls and then rises
    """

    before: int
    peak: int
    after: int
    height: float


def find_peak(curve: np.ndarray, at: int | None = None) -> Peak:
    """The highest peak of a curve (points,), in the order of capacity, or the peak at an interior position `at`."""
    last = len(curve) - 1
    if last < 2 or (at is not None and not 0 < at < last):  # noqa: PLR2004 -- before, at and after
        raise ValueError(f"a peak at {at} of {last + 1} points; expected an interior one of at least 3")
    found = [_peak(curve, one) for one in (range(1, last) if at is None else [at])]
    return max(found, key=lambda one: one.height)


def _peak(curve: np.ndarray, at: int) -> Peak:
    before, after = int(curve[:at].argmin()), at + 1 + int(curve[at + 1 :].argmin())
    return Peak(before, at, after, height_at(curve, before, at, after))


def height_at(curve: np.ndarray, before: int, at: int, after: int) -> float:
    """Error at a position minus the larger of the errors at two others."""
    return float(curve[at] - max(curve[before], curve[after]))


def cross_fitted_heights(curves: np.ndarray, at: int | None = None) -> np.ndarray:
    """Height of the peak in each seed, (seeds, points) -> (seeds,).

    at  position of the peak, if the hypothesis names one

    The valleys, and the peak if none is named, are located in the mean curve of the OTHER seeds. A maximum and minima
    that are located in the curve where they are measured would find a peak in any noise.
    """
    seeds = len(curves)
    if seeds < 2:  # noqa: PLR2004 -- one to locate and one to measure
        raise ValueError(f"curves of {seeds} seeds; expected at least 2")
    heights = np.empty(seeds)
    for seed in range(seeds):
        found = find_peak(np.delete(curves, seed, axis=0).mean(axis=0), at)
        heights[seed] = height_at(curves[seed], found.before, found.peak, found.after)
    return heights


def bootstrap_interval(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """95 % interval of a mean over seeds: percentiles of the bootstrap, expanded for few seeds (Hesterberg 2015).

    values  (seeds,)

    The plain percentiles are those of a normal interval with the standard deviation divided by n: too narrow.
    """
    seeds = len(values)
    if seeds < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{seeds} seeds; expected at least 2")
    tail = expanded_tail(seeds)
    means = values[generator.integers(seeds, size=(RESAMPLES, seeds))].mean(axis=1)
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(seeds: int) -> float:
    """Share of bootstrap samples beyond each end of a 95 % percentile interval, smaller for few seeds (see above)."""
    return float(ndtr(-np.sqrt(seeds / (seeds - 1)) * student.ppf((1 + CONFIDENCE) / 2, seeds - 1)))


def p_value(values: np.ndarray, threshold: float = 0.0) -> float:
    """Two-sided p value of the hypothesis that the mean over seeds is the threshold (Student).

    Without any spread: that of the sign test, 2^(1 - seeds), because equal values say nothing about the spread.
    """
    spread = values.std(ddof=1) / np.sqrt(len(values))
    distance = abs(float(values.mean()) - threshold)
    if spread == 0:
        return 1.0 if distance == 0 else 2.0 ** (1 - len(values))
    return float(2 * student.sf(distance / spread, len(values) - 1))


def interpolation_threshold(capacities: np.ndarray, errors: np.ndarray) -> float:
    """The smallest capacity from which on the training error is 0 in all larger ones; infinity if there is none.

    capacities  (points,), increasing
    errors      (points,): training errors
    """
    positive = np.flatnonzero(errors > 0)
    start = 0 if len(positive) == 0 else int(positive[-1]) + 1
    return float(capacities[start]) if start < len(capacities) else float("inf")
