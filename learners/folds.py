"""Folds of a cross-validation that chooses the number of training steps, for noisy and real targets."""

from __future__ import annotations

import numpy as np

from .base import Problem

FOLDS = 4
"""Number of folds."""


def folds(problem: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit and rows to validate on, for each fold; none if there are fewer in-distribution examples than folds.

    Every fourth in-distribution example is held out, because the examples are in random order; it is a row, or the
    `group_size` rows that come from it. Rows of the exposure pool are always fitted and never validated on.
    """
    n_id = len(problem) if problem.n_id is None else problem.n_id
    if n_id < FOLDS * problem.group_size:
        return []
    rows = np.arange(len(problem))
    examples = rows // problem.group_size
    held_out = [(rows < n_id) & (examples % FOLDS == fold) for fold in range(FOLDS)]
    return [(rows[~out], rows[out]) for out in held_out]
