"""What a stream of stages leaves behind: pure functions of the matrix R, R[i, j] the score on stage j after stage i.

Stages that recur: what is first shown at stage j comes back every `gap` stages, or never. Both kinds are compared at
the end of a gap, `gap` - 1 stages after they were last shown, just before the recurring kind comes back.
"""

from __future__ import annotations

import numpy as np


def final_score(scores: np.ndarray) -> float:
    """ACC: the mean score on all stages after the last one (Lopez-Paz & Ranzato 2017)."""
    return float(_checked(scores)[-1].mean())


def backward_transfer(scores: np.ndarray) -> float:
    """BWT: what was gained on earlier stages since each was learnt, mean of R[T, j] - R[j, j]; below 0: forgotten.

    The mean is over the stages before the last, which cannot have been changed by a later one.
    """
    matrix = _checked(scores)
    return float((matrix[-1] - np.diagonal(matrix))[:-1].mean())


def forgetting(scores: np.ndarray) -> float:
    """Mean of max_i R[i, j] - R[T, j] over the stages before the last: what has been lost since the best."""
    matrix = _checked(scores)
    return float((matrix.max(axis=0) - matrix[-1])[:-1].mean())


def learnt_so_far(scores: np.ndarray) -> np.ndarray:
    """Mean score, after each stage, on that stage and all before it: (stages,)."""
    matrix = _checked(scores)
    return np.array([matrix[stage, : stage + 1].mean() for stage in range(len(matrix))])


def kept_once_shown(scores: np.ndarray, gap: int) -> np.ndarray:
    """Score at the end of the gap on what was shown once, `gap` - 1 stages before: (stages,), NaN before stage gap - 1.

    scores  (stages, stages), of the kind that recurs or of the one that does not
    """
    matrix = _checked(scores)
    return np.array([matrix[end, end + 1 - gap] if end + 1 >= gap else np.nan for end in range(len(matrix))])


def kept_when_due(scores: np.ndarray, gap: int) -> np.ndarray:
    """Score at the end of the gap on all that comes back at the next stage, shown once or more often: (stages,).

    scores  (stages, stages), of the kind that recurs; NaN before stage gap - 1
    """
    matrix = _checked(scores)
    ends = range(len(matrix))
    due = [[first for first in range(end + 2 - gap) if (end + 1 - first) % gap == 0] for end in ends]
    return np.array([matrix[end, first].mean() if first else np.nan for end, first in zip(ends, due, strict=True)])


def selectivity(recurring: np.ndarray, single: np.ndarray, gap: int) -> np.ndarray:
    """How much better it keeps what is about to come back than what will not, after equal gaps: (stages,).

    recurring, single  (stages, stages): R of the facts that come back, and of those that never do

    0 in expectation at stage gap - 1, when nothing has come back yet; later, what recurs has been shown more often.
    """
    return kept_when_due(recurring, gap) - kept_once_shown(single, gap)


def selectivity_once_shown(recurring: np.ndarray, single: np.ndarray, gap: int) -> np.ndarray:
    """As `selectivity`, among what has been shown once: (stages,).

    Whatever is not 0 in expectation comes from what the inputs themselves say of their kind.
    """
    return kept_once_shown(recurring, gap) - kept_once_shown(single, gap)


def _checked(scores: np.ndarray) -> np.ndarray:
    """The matrix; raises ValueError unless it is square, of at least two stages."""
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:  # noqa: PLR2004
        raise ValueError(f"scores of shape {scores.shape}; expected (stages, stages), at least 2 stages")
    return scores
