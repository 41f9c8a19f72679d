"""Stability of an order of learners: how many seeds or tasks it takes until resampled ones give the same order."""

from __future__ import annotations

import math

import numpy as np

RESOLUTION = 0.05
"""Two learners are in an order if their mean scores differ by at least this much; other pairs are not counted."""

AGREEMENT = 0.95
"""The order is stable if so many of its pairs are in the same order, on average over resamples."""

RESAMPLES = 400


def seeds_to_stable_order(scores: np.ndarray) -> int | None:
    """The smallest number of seeds at which the order of the learners is stable; None if all seeds are too few.

    scores  (learners, seeds), complete; a learner with a missing score (NaN) is left out

    For k = 1, 2, ... up to all seeds, k seeds are sampled with replacement RESAMPLES times, the same for all learners.
    Pairs that differ by less than RESOLUTION over all seeds are not counted; if no pair is left, there is no order
    (None).
    """
    return _units_to_stable_order(scores, np.ones(scores.shape[1]))


def tasks_to_stable_order(scores: np.ndarray, families: np.ndarray) -> tuple[int, int] | None:
    """The smallest number of families, and of tasks in them, at which the order of the learners is stable.

    scores    (learners, tasks), means over seeds; a learner that lacks a task (NaN) is left out
    families  (tasks,): their names

    As `seeds_to_stable_order`, with whole families sampled: tasks of one family resemble each other. The number of
    tasks is that of so many families of average size, rounded up. None if all families are too few, or if there is no
    order.
    """
    _, family, sizes = np.unique(families, return_inverse=True, return_counts=True)
    sums = np.stack([scores[:, family == one].sum(axis=1) for one in range(len(sizes))], axis=1)
    needed = _units_to_stable_order(sums, sizes)
    return None if needed is None else (needed, math.ceil(needed * scores.shape[1] / len(sizes)))


def _units_to_stable_order(sums: np.ndarray, sizes: np.ndarray) -> int | None:
    """sums: (learners, units), of the scores in every unit; sizes: (units,), how many scores these are."""
    sums = sums[~np.isnan(sums).any(axis=1)]
    if not sums.size:
        return None
    means = sums.sum(axis=1) / sizes.sum()
    differences = means[:, None] - means
    better, worse = np.nonzero(differences >= RESOLUTION)
    if not len(better):
        return None
    units = sums.shape[1]
    rng = np.random.default_rng(0)
    for k in range(1, units + 1):
        chosen = rng.integers(units, size=(RESAMPLES, k))
        resampled = sums[:, chosen].sum(axis=2) / sizes[chosen].sum(axis=1)  # (learners, resamples)
        if (resampled[better] > resampled[worse]).mean() >= AGREEMENT:
            return k
    return None
