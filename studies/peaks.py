"""Peaks of error curves over capacity: their height in each seed, and where training error reaches 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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


def interpolation_threshold(capacities: np.ndarray, errors: np.ndarray) -> float:
    """The smallest capacity from which on the training error is 0 in all larger ones; infinity if there is none.

    capacities  (points,), increasing
    errors      (points,): training errors
    """
    positive = np.flatnonzero(errors > 0)
    start = 0 if len(positive) == 0 else int(positive[-1]) + 1
    return float(capacities[start]) if start < len(capacities) else float("inf")
