"""Stability of an order of learners: how many seeds or tasks it takes until resampled ones give the same order."""

from __future__ import annotations

import math

import numpy as np

from .ranks import by_family

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
    scores = scores[~np.isnan(scores).any(axis=1)]
    if not scores.size:
        return None
    means = scores.mean(axis=1)
    differences = means[:, None] - means
    better, worse = np.nonzero(differences >= RESOLUTION)
    if not len(better):
        return None
    seeds = scores.shape[1]
    rng = np.random.default_rng(0)
    for k in range(1, seeds + 1):
        chosen = rng.integers(seeds, size=(RESAMPLES, k))
        resampled = scores[:, chosen].mean(axis=2)  # (learners, resamples)
        if (resampled[better] > resampled[worse]).mean() >= AGREEMENT:
            return k
    return None


def tasks_to_stable_order(scores: np.ndarray, families: np.ndarray) -> tuple[int, int] | None:
    """The smallest number of families, and of tasks in them, at which the order of the learners is stable.

    scores    (learners, tasks), means over seeds; a learner that lacks a task (NaN) is left out
    families  (tasks,): their names

    As `seeds_to_stable_order`, of the means of every family: tasks of one family resemble each other. The number of
    tasks is that of so many families of average size, rounded up. None if all families are too few, or if there is no
    order.
    """
    means = by_family(scores.T, families).T
    needed = seeds_to_stable_order(means)
    return None if needed is None else (needed, math.ceil(needed * scores.shape[1] / means.shape[1]))
