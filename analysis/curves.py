"""Learning curves: the area under one, and the threshold it reaches.

A curve is a score at rising training sizes, its anchors. Nothing here knows a task or a learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FLOOR = -1.0
"""Areas clip a score here, so that one wild extrapolation does not decide a ranking (DESIGN rule 4)."""


@dataclass(frozen=True)
class Threshold:
    """The first anchor at which a curve reaches a level.

    anchor    that anchor; the largest one measured if the curve never reaches the level; NaN if none was measured
    censored  True where the level is never reached: read "more than `anchor`"
    """

    anchor: float
    censored: bool


def area(sizes: Sequence[int] | np.ndarray, scores: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Mean height of a learning curve: trapezoids of the score against log2 n, over the width in log2 n.

    sizes   (anchors,), rising
    scores  (..., anchors); a score that is not there (NaN) makes the area NaN, it is never bridged
    floor   lower scores count as this
    returns (...,): 1 for a curve that is 1 everywhere. A curve of one anchor has the height of that anchor.
    """
    return np.clip(scores, floor, None) @ area_weights(sizes)


def area_weights(sizes: Sequence[int] | np.ndarray) -> np.ndarray:
    """What each anchor contributes to the area: (anchors,), summing to 1. Raises ValueError on unordered sizes."""
    places = np.log2(np.asarray(sizes, dtype=np.float64))
    steps = np.diff(places)
    if len(places) == 0 or (steps <= 0).any():
        raise ValueError(f"the sizes of a learning curve must rise, and there must be one; given {list(sizes)}")
    if len(places) == 1:
        return np.ones(1)
    weights = np.zeros(len(places))
    weights[:-1] += steps / 2
    weights[1:] += steps / 2
    return weights / (places[-1] - places[0])


def first_to_reach(anchors: Sequence[int] | np.ndarray, scores: np.ndarray, level: float) -> Threshold:
    """Find the first anchor whose score is at least `level`; what the curve does after it does not matter.

    anchors, scores  (anchors,), rising anchors; NaN is an anchor that was not measured, and is passed over
    """
    anchors = np.asarray(anchors)
    measured = ~np.isnan(scores)
    # A mean over seeds of 0.9, 0.9, 0.9 may fall short of 0.9 by a rounding error.
    reached = np.flatnonzero(measured & (scores >= level - 1e-9))
    if len(reached):
        return Threshold(float(anchors[reached[0]]), censored=False)
    if not measured.any():
        return Threshold(float("nan"), censored=True)
    return Threshold(float(anchors[measured][-1]), censored=True)


def area_error(sizes: Sequence[int] | np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Bound the standard error of an area from above by those of its anchors, within one seed.

    errors  (..., anchors); all anchors of a seed are tested on the same examples, so their errors do not average out
            and are added as if they moved together
    """
    return errors @ area_weights(sizes)
