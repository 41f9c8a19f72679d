"""Learning curves: the area under the curve, and the first training size that reaches a threshold.

A learning curve is the score at increasing training sizes, its anchors. Independent of tasks and learners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FLOOR = -1.0
"""Scores are clipped here before an area is computed, so that one extreme value does not decide a ranking
(DESIGN rule 4)."""


@dataclass(frozen=True)
class Threshold:
    """The first anchor at which a learning curve reaches a level.

    anchor    that anchor; the largest one measured if the curve does not reach the level; NaN if none was measured
    censored  True if the level is not reached: the threshold is more than `anchor`
    """

    anchor: float
    censored: bool


def area(sizes: Sequence[int] | np.ndarray, scores: np.ndarray, floor: float = FLOOR) -> np.ndarray:
    """Normalised area under a learning curve: trapezoidal rule on the score against log2 n, divided by the width.

    sizes   (anchors,), increasing
    scores  (..., anchors); a missing score (NaN) makes the area NaN, there is no interpolation
    floor   scores are clipped at this value from below
    returns (...,): 1 for a curve that is 1 everywhere; for a curve of one anchor its score
    """
    return np.clip(scores, floor, None) @ area_weights(sizes)


def area_weights(sizes: Sequence[int] | np.ndarray) -> np.ndarray:
    """Weight of each anchor in the area, (anchors,), summing to 1. Raises ValueError unless sizes are increasing."""
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
    """Find the first anchor with a score of at least `level`; later scores are ignored.

    anchors, scores  (anchors,), increasing anchors; anchors with the score NaN (not measured) are skipped
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
    """Upper bound of the standard error of an area within one seed, from the standard errors of its scores.

    errors  (..., anchors); all anchors of a seed are tested on the same examples, so that their errors are not
            independent and are added as if they were perfectly correlated
    """
    return errors @ area_weights(sizes)
