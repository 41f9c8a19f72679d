"""How often two learners give the same answer to a task's probe examples, above chance: Cohen's kappa.

Two learners are compared on a task if both solve it in distribution. The answers of every seed of the one are compared
with those of every other seed of the other: never of the same seed, as these were fitted to the same training set, and
two seeds of one learner, with which the pair is compared, were not.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from ..runs.catalogue import Catalogue
from .answers import TaskAnswers

MIN_ID = 0.9
"""A seed solves a task if its score in distribution is at least this, and its cell not flagged budget or plateau."""

MIN_SEEDS = 2
"""A learner is compared on a task if as many of its seeds solve it."""

CERTAIN = 1 - 1e-9
"""Chance agreement from which kappa is not defined: all learners give one answer to all examples."""


@dataclass(frozen=True, eq=False)
class TaskAgreement:
    """Agreement between the learners that solve a task.

    learners  those with MIN_SEEDS seeds that solve the task, in the order of the plan
    seeds     (learners,): how many seeds solve it
    equal     (learners, learners): share of equal answers, mean over pairs of different seeds; on the diagonal between
              the seeds of one learner
    kappa     the same above chance; NaN where chance agreement is 1
    lacking   learners that do not solve it
    """

    task: str
    family: str
    split: str
    size: int
    learners: tuple[str, ...]
    seeds: np.ndarray
    equal: np.ndarray
    kappa: np.ndarray
    lacking: tuple[str, ...]


def task_agreement(
    task: TaskAnswers, catalogue: Catalogue, min_id: float = MIN_ID, only: Collection[str] | None = None
) -> TaskAgreement:
    """Compare all learners that solve a task, or `only` some; controls and heuristics are left out."""
    learners = [name for name in catalogue.of_kind("learner") if name in task.codes and (only is None or name in only)]
    solved = {name: np.flatnonzero(task.solved(name, min_id)) for name in learners}
    kept = [name for name in learners if len(solved[name]) >= MIN_SEEDS]
    lacking = tuple(name for name in learners if name not in kept)
    codes = [task.codes[name][solved[name]] for name in kept]
    equal, kappa = pooled_kappa(codes, [task.seeds[name][solved[name]] for name in kept])
    return TaskAgreement(
        task=task.task,
        family=task.family,
        split=task.split,
        size=task.size,
        learners=tuple(kept),
        seeds=np.array([len(own) for own in codes]),
        equal=equal,
        kappa=kappa,
        lacking=lacking,
    )


def pooled_kappa(codes: Sequence[np.ndarray], seeds: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Share of equal answers and Cohen's kappa (1960) of all pairs of learners, (learners, learners) each.

    codes  of each learner (seeds, n): equal codes are equal answers
    seeds  of each learner (seeds,): only pairs of different seeds count

    kappa = (o - e) / (1 - e), where o is the share of equal answers and e the share that two learners with the same
    shares of answers would have by chance, each the mean over the pairs of seeds. It is a ratio of means, so that it is
    defined even if one pair has a chance agreement of 1. On the diagonal it is `metrics.rules.agreement`.
    """
    if not codes:
        return np.empty((0, 0)), np.empty((0, 0))
    rows = np.concatenate(codes)  # (seeds of all learners, n)
    seed_of = np.concatenate(seeds)
    own = np.repeat(np.arange(len(codes)), [len(one) for one in codes])
    values, dense = np.unique(rows, return_inverse=True)
    dense = dense.reshape(rows.shape).astype(np.int32)
    count, examples = rows.shape
    equal = np.ones((count, count))
    for row in range(count):
        equal[row, row:] = equal[row:, row] = np.count_nonzero(dense[row:] == dense[row], axis=1) / examples
    index = np.repeat(np.arange(count), examples), dense.ravel()
    shares = csr_array((np.full(dense.size, 1 / examples), index), shape=(count, len(values)))
    chance = (shares @ shares.T).toarray()
    compared = (seed_of[:, None] != seed_of).astype(float)
    member = (own[:, None] == np.arange(len(codes))).astype(float)  # (rows, learners)
    with np.errstate(invalid="ignore", divide="ignore"):
        pairs = member.T @ compared @ member
        observed = member.T @ (equal * compared) @ member / pairs
        expected = member.T @ (chance * compared) @ member / pairs
        kappa = np.where(expected < CERTAIN, (observed - expected) / (1 - expected), np.nan)
    return observed, kappa


def merged(task: TaskAgreement, group_of: Callable[[str], str]) -> TaskAgreement:
    """The same with one row for each group of learners: the mean over the pairs of their members.

    The diagonal is the mean of the members' own: of the agreement between the seeds of one learner.
    """
    groups = list(dict.fromkeys(map(group_of, task.learners)))
    members = [[index for index, name in enumerate(task.learners) if group_of(name) == group] for group in groups]

    def means(matrix: np.ndarray) -> np.ndarray:
        own = np.diag(matrix)
        return np.array(
            [
                [mean_of(own[first] if first is second else matrix[np.ix_(first, second)]) for second in members]
                for first in members
            ]
        ).reshape(len(groups), len(groups))

    return replace(
        task,
        learners=tuple(groups),
        seeds=np.array([int(task.seeds[own].sum()) for own in members]),
        equal=means(task.equal),
        kappa=means(task.kappa),
        lacking=tuple(dict.fromkeys(name for name in map(group_of, task.lacking) if name not in groups)),
    )


def restricted(task: TaskAgreement, learners: Collection[str]) -> TaskAgreement:
    """The same for some of the learners."""
    kept = [index for index, name in enumerate(task.learners) if name in learners]
    pairs = np.ix_(kept, kept)
    return replace(
        task,
        learners=tuple(task.learners[index] for index in kept),
        seeds=task.seeds[kept],
        equal=task.equal[pairs],
        kappa=task.kappa[pairs],
    )


def mean_of(values: np.ndarray) -> float:
    """Mean of what is not NaN; NaN where all is."""
    valid = values[~np.isnan(values)]
    return float(valid.mean()) if len(valid) else float("nan")
