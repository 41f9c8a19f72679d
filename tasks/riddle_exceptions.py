"""The task riddle-exceptions: a few training inputs violate the rule, and the OOD split has their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic
from .pools import SpaceExhaustedError, digests, shares
from .riddle import TRAIN, Riddle

MIN_DISTANCE = 3
"""Least number of tokens in which two exceptions differ, so that no input is a neighbour of two of them."""


@dataclass(frozen=True)
class RiddleExceptions(Riddle):
    """Riddle of rule or exceptions: the class is the first token, except for a few training inputs.

    The exceptions are selected by hash, the same for every seed, and are the first examples of the train split. No
    other training input differs from an exception in one token only; the split "apart" contains those that do.

    Example: training contains b a c d d a c b -> b and the like, and the exception c b d a a c d b -> d. On
    c b d a a c d c, which differs in one token, "rule" gives c and "exception" gives d.

    exceptions  number of exceptions; their class is the one after that of the rule
    """

    name: ClassVar[str] = "riddle-exceptions"

    length: int = 8
    alphabet: int = 4
    exceptions: int = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.exceptions < 1:
            raise ValueError(f"exceptions={self.exceptions}; expected at least 1")

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """rule: the first token, except on the exceptions. exception: their class also within one token of them."""
        return {"rule": lambda inputs: self._within(inputs, 0), "exception": lambda inputs: self._within(inputs, 1)}

    def problems(self) -> np.ndarray:
        """List all sequences, except neighbours of an exception on which the two rules agree."""
        rows = super().problems()
        beside = (_distances(rows, _exceptions(self)) == 1).any(1)
        rule, exception = (follow(rows)[:, 0] for follow in self.rules.values())
        return rows[~beside | (rule != exception)]

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n problems; in "id" the exceptions come first. The slice "exception" is True for them, (n, 1)."""
        sampled = super().propose(region, n, rng)
        if region == "id":
            first = _exceptions(self)
            sampled = Examples.concatenate([Examples(first, self._within(first, 0)), sampled])
        odd = _distances(sampled.inputs, _exceptions(self)).min(1, keepdims=True) == 0
        return replace(sampled, slices={"exception": odd})

    def _within(self, inputs: np.ndarray, reach: int) -> np.ndarray:
        """The first token, or the class of the exception that differs in at most `reach` tokens, (n, 1)."""
        near = (_distances(inputs, _exceptions(self)) <= reach).any(1)
        nearest = _exceptions(self)[_distances(inputs, _exceptions(self)).argmin(1), 0]
        return np.where(near, (nearest + 1) % self.alphabet, inputs[:, 0])[:, None]


def _distances(inputs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Hamming distances, (inputs, others)."""
    return np.stack([(inputs != other).sum(1) for other in others], axis=1)


@cache
def _exceptions(task: RiddleExceptions) -> np.ndarray:
    """The exceptions, (exceptions, length): the first in the order of the hash that are MIN_DISTANCE or more apart.

    Their classes alternate in turn. All exceptions are in the share of training.
    """
    rows = Riddle.problems(task).astype(np.int64)
    hashed = digests(rows, task.hash_key)
    inside = shares(hashed) < TRAIN[1]
    rows = rows[inside][np.argsort(hashed[inside])]
    found = np.empty((0, task.length), np.int64)
    for number in range(task.exceptions):
        free = rows[:, 0] == number % task.alphabet
        if len(found):
            free &= _distances(rows, found).min(1) >= MIN_DISTANCE
        if not free.any():
            raise SpaceExhaustedError(f"{task}: only {len(found)} exceptions are far enough apart")
        found = np.vstack([found, rows[free][:1]])
    return found
