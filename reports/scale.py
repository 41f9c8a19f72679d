"""The vertical axis of a figure: from chance to the best possible, or as far as bits and accuracies go."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

TOP = 1.08
TICKS = {-0.2: (0, 0.25, 0.5, 0.75, 1), -0.58: (-0.5, 0, 0.5, 1), -1.08: (-1, -0.5, 0, 0.5, 1)}
"""Lower end of the score axis -> its ticks; the first is taken that no learner falls below, or the last."""

HEADROOM = 0.05
"""Free above and below the outermost ticks of bits and accuracies, as a share of what lies between them."""


@dataclass(frozen=True)
class Scale:
    """Ends and ticks of the axis, what stands beside it, and how it is to be read."""

    low: float
    top: float
    ticks: tuple[float, ...]
    label: str
    reading: str


def scale_of(measure: str, means: np.ndarray) -> Scale:
    """The axis for curves whose points have these means, (points,)."""
    if measure == "bits":
        first, last = math.floor(means.min()), math.ceil(means.max())
        room = HEADROOM * (last - first)
        return Scale(first - room, last + room, tuple(range(first, last + 1)), "bits a character", "less is better")
    if measure == "accuracy":  # no chance line to keep in sight, and real data leave little room below 1
        quarters = math.floor(4 * means.min())
        ticks = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0) if quarters >= 2 else tuple(k / 4 for k in range(quarters, 5))  # noqa: PLR2004 -- one half
        room = HEADROOM * (1 - ticks[0])
        return Scale(ticks[0] - room, 1 + room, ticks, measure, "")
    low = next((low for low in TICKS if means.min() >= low), min(TICKS))
    return Scale(low, TOP, TICKS[low], measure, "0 is chance, 1 the best possible")
