"""Folds of a cross-validation that chooses the number of training steps, for noisy and real targets."""

from __future__ import annotations

import numpy as np

from .base import Problem

FOLDS = 4
"""Number of folds."""


def folds(problem: Problem) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rows to fit and rows to validate on, for each fold; none if there are fewer in-distribution rows than folds.

    Every fourth in-distribution row is held out, because the rows are in random order. Rows of the exposure pool are
    always fitted and never validated on.
    """
    n_id = len(problem) if problem.n_id is None else problem.n_id
    if n_id < FOLDS:
        return []
    rows = np.arange(len(problem))
    held_out = [(rows < n_id) & (rows % FOLDS == fold) for fold in range(FOLDS)]
    return [(rows[~out], rows[out]) for out in held_out]
