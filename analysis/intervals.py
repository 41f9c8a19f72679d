"""Confidence intervals of means over seeds: Student's t, or the normal interval within a single cell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri, stdtrit

CONFIDENCE = 0.95

NORMAL = float(ndtri((1 + CONFIDENCE) / 2))
"""Half width of the normal interval in standard errors: 1.96."""

IntervalKind = Literal["seeds", "cell", "none"]
"""seeds: t over seeds; cell: over the test examples of a single seed; none: no interval can be computed."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % confidence interval, `mean` +- `half_width`; NaN if there is none."""

    mean: float
    half_width: float
    seeds: int
    kind: IntervalKind


def interval(values: np.ndarray, errors: np.ndarray | None = None) -> Interval:
    """Mean over seeds with its 95 % confidence interval.

    values  (seeds,); seeds with the value NaN are left out
    errors  (seeds,): standard error of each value over its test examples; used only if there is one seed

    With two seeds or more: Student's t over seeds, which covers the variation of data and initialisation.
    With one seed: the normal interval within the cell, which covers only the sampling of test examples.
    """
    valid = ~np.isnan(values)
    seeds = int(valid.sum())
    if seeds == 0:
        return Interval(float("nan"), float("nan"), 0, "none")
    mean = float(values[valid].mean())
    if seeds > 1:
        spread = float(values[valid].std(ddof=1))
        return Interval(mean, float(t_factor(seeds)) * spread / seeds**0.5, seeds, "seeds")
    error = float("nan") if errors is None else float(errors[valid][0])
    if np.isnan(error):
        return Interval(mean, float("nan"), 1, "none")
    return Interval(mean, NORMAL * error, 1, "cell")


def t_factor(seeds: int | np.ndarray) -> np.ndarray:
    """Half width of the 95 % interval in standard errors of the mean, for a number of seeds (2 or more)."""
    return np.asarray(stdtrit(np.asarray(seeds) - 1, (1 + CONFIDENCE) / 2))
