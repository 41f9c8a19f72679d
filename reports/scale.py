"""Vertical axis of a figure: range, ticks and label for scores, accuracies and bits."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

TOP = 1.08
TICKS = {-0.2: (0, 0.25, 0.5, 0.75, 1), -0.58: (-0.5, 0, 0.5, 1), -1.08: (-1, -0.5, 0, 0.5, 1)}
"""Lower end of the score axis -> its ticks; the first one that no mean is below is used, else the last."""

HEADROOM = 0.05
"""Margin beyond the outermost ticks of bits and accuracies, as a share of the distance between them."""


@dataclass(frozen=True)
class Scale:
    """An axis: its ends, ticks and label, and a note on how to read it."""

    low: float
    top: float
    ticks: tuple[float, ...]
    label: str
    footnote: str


def scale_of(metric: str, means: np.ndarray) -> Scale:
    """The axis for curves whose points have these means, (points,)."""
    if metric == "bits":
        first, last = math.floor(means.min()), math.ceil(means.max())
        margin = HEADROOM * (last - first)
        return Scale(
            first - margin, last + margin, tuple(range(first, last + 1)), "bits per character", "lower is better"
        )
    if metric == "accuracy":  # no chance line to include, and accuracies on real data are close to 1
        quarters = math.floor(4 * means.min())
        ticks = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0) if quarters >= 2 else tuple(k / 4 for k in range(quarters, 5))  # noqa: PLR2004 -- one half
        margin = HEADROOM * (1 - ticks[0])
        return Scale(ticks[0] - margin, 1 + margin, ticks, metric, "")
    low = next((low for low in TICKS if means.min() >= low), min(TICKS))
    return Scale(low, TOP, TICKS[low], metric, "0 is the best constant prediction, 1 the best possible")
