"""Learning curves: the area under one, the threshold it reaches, and how far chance could have moved either.

A curve is a score at rising training sizes, its anchors. Nothing here knows a task or a learner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import ndtri, stdtrit

FLOOR = -1.0
"""Areas clip a score here, so that one wild extrapolation does not decide a ranking (DESIGN rule 4)."""

CONFIDENCE = 0.95

NORMAL = float(ndtri((1 + CONFIDENCE) / 2))
"""How many standard errors make half an interval where the error is known: 1.96."""

IntervalKind = Literal["seeds", "cell", "none"]
"""seeds: t over seeds; cell: over the test examples of a single seed; none: nothing to compute one from."""


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval, `mean` +- `half_width`; NaN where there is none."""

    mean: float
    half_width: float
    seeds: int
    kind: IntervalKind


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


def interval(values: np.ndarray, errors: np.ndarray | None = None) -> Interval:
    """Mean over seeds with its interval.

    values  (seeds,); NaN is a seed without a value, and is left out
    errors  (seeds,): standard error of each value over its own test examples; used only where there is one seed

    From two seeds on: Student's t over seeds, which covers all that a seed redraws (data and initialisation).
    With one seed: the normal interval within the cell, which covers the draw of test examples and nothing else.
    """
    there = ~np.isnan(values)
    seeds = int(there.sum())
    if seeds == 0:
        return Interval(float("nan"), float("nan"), 0, "none")
    mean = float(values[there].mean())
    if seeds > 1:
        spread = float(values[there].std(ddof=1))
        return Interval(mean, float(t_factor(seeds)) * spread / seeds**0.5, seeds, "seeds")
    error = float("nan") if errors is None else float(errors[there][0])
    if np.isnan(error):
        return Interval(mean, float("nan"), 1, "none")
    return Interval(mean, NORMAL * error, 1, "cell")


def t_factor(seeds: int | np.ndarray) -> np.ndarray:
    """How many standard errors of the mean make half a 95 % interval, for a number of seeds (2 or more)."""
    return np.asarray(stdtrit(np.asarray(seeds) - 1, (1 + CONFIDENCE) / 2))


def area_error(sizes: Sequence[int] | np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Bound the standard error of an area from above by those of its anchors, within one seed.

    errors  (..., anchors); all anchors of a seed are tested on the same examples, so their errors do not average out
            and are added as if they moved together
    """
    return errors @ area_weights(sizes)
