"""Learning curves: the area under the curve, the code length, and the first training size that reaches a threshold.

A learning curve is the score at increasing training sizes, its anchors. Independent of tasks and learners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .intervals import ROUNDING

FLOOR = -1.0
"""Scores are clipped here before an area is computed, so that one extreme value does not decide a ranking
(DESIGN rule 4)."""


@dataclass(frozen=True)
class ThresholdCrossing:
    """The first anchor at which a learning curve reaches a threshold.

    anchor    that anchor; the largest one with a score if the threshold is not reached; NaN if none has a score
    censored  True if the threshold is not reached, so that more than `anchor` examples are needed
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
    log_sizes = np.log2(np.asarray(sizes, dtype=np.float64))
    widths = np.diff(log_sizes)
    if len(log_sizes) == 0 or (widths <= 0).any():
        raise ValueError(f"training sizes {list(sizes)}; expected at least one, in increasing order")
    if len(log_sizes) == 1:
        return np.ones(1)
    weights = np.zeros(len(log_sizes))
    weights[:-1] += widths / 2
    weights[1:] += widths / 2
    return weights / (log_sizes[-1] - log_sizes[0])


def examples_to_threshold(
    anchors: Sequence[int] | np.ndarray, scores: np.ndarray, threshold: float
) -> ThresholdCrossing:
    """Find the first anchor with a score of at least `threshold`; later scores are ignored.

    anchors, scores  (anchors,), increasing anchors; anchors with the score NaN are skipped
    """
    anchors = np.asarray(anchors)
    measured = ~np.isnan(scores)
    reached = np.flatnonzero(measured & (scores >= threshold - ROUNDING))
    if len(reached):
        return ThresholdCrossing(float(anchors[reached[0]]), censored=False)
    if not measured.any():
        return ThresholdCrossing(float("nan"), censored=True)
    return ThresholdCrossing(float(anchors[measured][-1]), censored=True)


def code_length(sizes: Sequence[int] | np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Prequential code length: bits to encode the targets of the training examples after the first anchor.

    sizes   (anchors,), increasing, at least two
    bits    (..., anchors): mean bits per unseen example, of the learner that was trained at each anchor
    returns (...,): the sum over anchors of the examples up to the next anchor, times the bits of the learner that was
            trained on all examples before them (Blier and Ollivier 2018). The first block is left out: every learner
            would encode it alike, without training. Raises ValueError for a single anchor.

    The bits are measured on the ID test examples, not on the training examples of the next block. Both are sampled
    from the same distribution, so that the expected length is the same, but the mean over more examples varies less.

    With standard errors as `bits` it returns an upper bound of the standard error within a seed, as `area_error` does.
    """
    if len(sizes) < 2:  # noqa: PLR2004 -- no block between anchors
        raise ValueError(f"training sizes {list(sizes)}; expected at least two")
    return np.asarray(bits)[..., :-1] @ np.diff(np.asarray(sizes, dtype=np.float64))


def area_error(sizes: Sequence[int] | np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Upper bound of the standard error of an area within one seed, from the standard errors of its scores.

    errors  (..., anchors); all anchors of a seed are tested on the same examples, so that their errors are not
            independent and are added as if they were perfectly correlated
    """
    return errors @ area_weights(sizes)
