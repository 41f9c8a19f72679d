"""Continual-learning metrics: functions of the score matrix R, where R[i, j] is the score on stage j after stage i.

With recurring facts: a fact first shown at stage j recurs every `gap` stages, or never. Both kinds are compared at the
end of a gap, `gap` - 1 stages after they were last shown, just before the recurring kind is shown again.
"""

from __future__ import annotations

import numpy as np


def final_score(scores: np.ndarray) -> float:
    """ACC: average accuracy, the mean score on all stages after training on the last one (Lopez-Paz & Ranzato 2017)."""
    return float(_checked(scores)[-1].mean())


def backward_transfer(scores: np.ndarray) -> float:
    """BWT (backward transfer): mean of R[T, j] - R[j, j] over the stages j before the last; below 0: forgetting.

    The last stage is left out, since no later stage can have changed it.
    """
    matrix = _checked(scores)
    return float((matrix[-1] - np.diagonal(matrix))[:-1].mean())


def forgetting(scores: np.ndarray) -> float:
    """Forgetting: mean of max_i R[i, j] - R[T, j] over the stages j before the last, the loss since the best score."""
    matrix = _checked(scores)
    return float((matrix.max(axis=0) - matrix[-1])[:-1].mean())


def average_accuracy(scores: np.ndarray) -> np.ndarray:
    """Average accuracy after each stage: the mean score on that stage and all stages before it, (stages,)."""
    matrix = _checked(scores)
    return np.array([matrix[stage, : stage + 1].mean() for stage in range(len(matrix))])


def retention_shown_once(scores: np.ndarray, gap: int) -> np.ndarray:
    """Retention of facts shown once: score `gap` - 1 stages after that, (stages,), NaN before stage gap - 1.

    scores  (stages, stages), of the facts that recur or of those that do not
    """
    matrix = _checked(scores)
    return np.array([matrix[end, end + 1 - gap] if end + 1 >= gap else np.nan for end in range(len(matrix))])


def retention_before_recurrence(scores: np.ndarray, gap: int) -> np.ndarray:
    """Retention of facts that recur at the next stage, shown once or more often: (stages,), NaN before stage gap - 1.

    scores  (stages, stages), of the facts that recur
    """
    matrix = _checked(scores)
    ends = range(len(matrix))
    return np.array([_mean(matrix[end, (end + 1) % gap : max(end + 2 - gap, 0) : gap]) for end in ends])


def retention_shown_again(scores: np.ndarray, gap: int) -> np.ndarray:
    """As `retention_before_recurrence`, of facts shown more than once: (stages,), NaN before stage 2 `gap` - 1.

    scores  (stages, stages), of the facts that recur
    """
    matrix = _checked(scores)
    ends = range(len(matrix))
    return np.array([_mean(matrix[end, (end + 1) % gap : max(end + 2 - 2 * gap, 0) : gap]) for end in ends])


def selectivity(recurring: np.ndarray, single: np.ndarray, gap: int) -> np.ndarray:
    """Retention of recurring facts minus that of facts that never recur, after equal gaps: (stages,).

    recurring, single  (stages, stages): R of the facts that recur, and of those that never do

    0 in expectation at stage gap - 1, before anything has recurred; later, recurring facts have been shown more often.
    """
    return retention_before_recurrence(recurring, gap) - retention_shown_once(single, gap)


def selectivity_shown_once(recurring: np.ndarray, single: np.ndarray, gap: int) -> np.ndarray:
    """As `selectivity`, for facts that have been shown once: (stages,).

    It differs from 0 in expectation only if the inputs carry information about whether a fact recurs.
    """
    return retention_shown_once(recurring, gap) - retention_shown_once(single, gap)


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _checked(scores: np.ndarray) -> np.ndarray:
    """The matrix itself; raises ValueError unless it is square, with at least two stages."""
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:  # noqa: PLR2004
        raise ValueError(f"scores of shape {scores.shape}; expected (stages, stages), at least 2 stages")
    return scores
