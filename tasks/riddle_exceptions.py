"""The riddle of the exceptions: a few training inputs break the rule, and others lie beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic
from .pools import SpaceExhaustedError, digests, shares
from .riddle import TRAIN, Riddle

APART = 3
"""Two exceptions differ in at least so many tokens, so that no input is beside two of them."""


@dataclass(frozen=True)
class RiddleExceptions(Riddle):
    """The class is the first token, but for a few inputs that are in every training set and have another class.

    The exceptions are chosen by hash, the same for every seed, and are the first examples of the train split. No other
    training input is one token away from one; the split "apart" holds those that are.

    Example: training shows b a c d d a c b -> b and the like, and the exception c b d a a c d b -> d. Asked for
    c b d a a c d c, one token away: the rule says c, the exception d.

    exceptions  how many; their class is the one after that of the rule
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
        """The rule wherever no exception was seen, and the exception's class within one token of it."""
        return {"rule": lambda inputs: self._within(inputs, 0), "exception": lambda inputs: self._within(inputs, 1)}

    def problems(self) -> np.ndarray:
        """List all sequences, but for those beside an exception on which the rules happen to agree."""
        rows = super().problems()
        beside = (_distances(rows, _exceptions(self)) == 1).any(1)
        rule, exception = (follow(rows)[:, 0] for follow in self.rules.values())
        return rows[~beside | (rule != exception)]

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n problems; in "id" the exceptions come first. The group "exception" tells them from the others."""
        drawn = super().propose(region, n, rng)
        if region == "id":
            first = _exceptions(self)
            drawn = Examples.concatenate([Examples(first, self._within(first, 0)), drawn])
        odd = _distances(drawn.inputs, _exceptions(self)).min(1, keepdims=True) == 0
        return replace(drawn, groups={"exception": odd})

    def _within(self, inputs: np.ndarray, reach: int) -> np.ndarray:
        """The first token, or the class of the exception that is at most `reach` tokens away, (n, 1)."""
        near = (_distances(inputs, _exceptions(self)) <= reach).any(1)
        nearest = _exceptions(self)[_distances(inputs, _exceptions(self)).argmin(1), 0]
        return np.where(near, (nearest + 1) % self.alphabet, inputs[:, 0])[:, None]


def _distances(inputs: np.ndarray, others: np.ndarray) -> np.ndarray:
    """In how many tokens they differ, (inputs, others)."""
    return np.stack([(inputs != other).sum(1) for other in others], axis=1)


@cache
def _exceptions(task: RiddleExceptions) -> np.ndarray:
    """The exceptions, (exceptions, length): the first in the order of the hash that are far enough from each other.

    The classes take turns. All of them are in the share of training.
    """
    rows = Riddle.problems(task).astype(np.int64)
    hashed = digests(rows, task.hash_key)
    inside = shares(hashed) < TRAIN[1]
    rows = rows[inside][np.argsort(hashed[inside])]
    found = np.empty((0, task.length), np.int64)
    for number in range(task.exceptions):
        free = rows[:, 0] == number % task.alphabet
        if len(found):
            free &= _distances(rows, found).min(1) >= APART
        if not free.any():
            raise SpaceExhaustedError(f"{task}: there is room for {len(found)} exceptions only")
        found = np.vstack([found, rows[free][:1]])
    return found
