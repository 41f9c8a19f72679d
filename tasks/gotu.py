"""The task gotu: generalisation on the unseen part of the cube {-1, 1}^d (Abbe et al. 2023).

A function of three of the coordinates is seen on a part of the cube only. Another function of lower degree equals it
there: the minimum-degree interpolator. On the unseen part the two differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import MAX_EMPTY_BLOCKS, Examples, Heuristic, Split, Task
from .pools import digests, shares
from .spaces import Space
from .truth import Truth, TwoRules

TRAIN = (0.0, 0.75)
"""The share, by hash, of the seen points that belongs to training."""

TOLERANCE = 0.25
"""Share of the distance between the values of the two rules within which a prediction follows one of them."""

MAX_DIMS = 18
"""Largest number of coordinates: all points are listed in memory."""

CERTAIN = 20.0
"""Events of probability exp(-CERTAIN) or less are neglected."""

Points = np.ndarray
"""Points of the cube, (n, dims), of -1 and 1."""


@dataclass(frozen=True)
class Function:
    """A function on the cube, the part of it that is seen, and the function of least degree that equals it there.

    true     points -> values (n,)
    minimum  points -> values (n,) of the minimum-degree interpolator
    seen     points -> (n,) bool
    """

    true: Callable[[Points], np.ndarray]
    minimum: Callable[[Points], np.ndarray]
    seen: Callable[[Points], np.ndarray]


FUNCTIONS: dict[str, Function] = {
    "f1": Function(
        lambda x: x[:, 0] * x[:, 1] - 1.25 * x[:, 1] * x[:, 2] + 1.5 * x[:, 2] * x[:, 0],
        lambda x: x[:, 2] - 1.25 * x[:, 0] + 1.5 * x[:, 1],
        lambda x: x[:, 0] * x[:, 1] * x[:, 2] == 1,
    ),
    "f2": Function(
        lambda x: x[:, 0] * x[:, 1],
        lambda x: x[:, 0] + x[:, 1] - 1,
        lambda x: (x[:, 0] == 1) | (x[:, 1] == 1),
    ),
}
"""The two functions of Abbe et al. (2023) that the task offers, by their names there."""


@dataclass(frozen=True)
class Gotu(Task):
    """Generalisation on the unseen (GOTU): the true function or the minimum-degree interpolator of the seen part.

    Example, with the function f2 = x0 x1, seen where x0 = 1 or x1 = 1: training contains + - ... -> -1 and
    + + ... -> 1. The function x0 + x1 - 1, of degree 1, has the same values there. On - - ... "true" gives 1 and
    "minimum-degree" gives -3. The other coordinates have no effect. f1 = x0 x1 - 1.25 x1 x2 + 1.5 x2 x0 is seen where
    x0 x1 x2 = 1, and equals x2 - 1.25 x0 + 1.5 x1 there.

    function  a key of FUNCTIONS
    dims      number of coordinates, d
    """

    name: ClassVar[str] = "gotu"
    family: ClassVar[str] = "riddle"

    function: str = "f2"
    dims: int = 15

    def __post_init__(self) -> None:
        if self.function not in FUNCTIONS:
            raise ValueError(f"function={self.function!r}; expected one of {', '.join(FUNCTIONS)}")
        if not 3 <= self.dims <= MAX_DIMS:  # noqa: PLR2004 -- the functions have three coordinates
            raise ValueError(f"dims={self.dims}; expected 3..{MAX_DIMS}")

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """true: the function that is seen. minimum-degree: the function of least degree that fits the seen part."""
        chosen = FUNCTIONS[self.function]
        return {
            "true": lambda inputs: chosen.true(_signs(inputs))[:, None].astype(float),
            "minimum-degree": lambda inputs: chosen.minimum(_signs(inputs))[:, None].astype(float),
        }

    @property
    def truth(self) -> Truth:
        """Two rules with real values."""
        return TwoRules(self.rules, TOLERANCE)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The two rules themselves."""
        return self.rules

    @property
    def inputs(self) -> Space:
        """Two tokens that stand for -1 and 1, (dims,)."""
        return Space((self.dims,), 2, values=(-1.0, 1.0))

    @property
    def outputs(self) -> Space:
        """One real number, (1,)."""
        return Space((1,), None)

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: share of points on which the rules disagree, 1. Every seed has the same examples of "apart"."""
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split("apart", "conflict", 1.0, region="apart", fixed=True),
        )

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n points of a region uniformly."""
        points = _points(self, region)
        inputs = points[rng.integers(len(points), size=n)].astype(np.int64)
        return Examples(inputs, self.rules["true"](inputs))

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The point itself."""
        return inputs

    def capacity(self, split: str) -> int:
        """Number of points of the split, less the few that sampling with replacement may miss."""
        source = self.split(split)
        missed = math.floor(len(_points(self, source.region)) * CERTAIN / (MAX_EMPTY_BLOCKS * self.block))
        return max(_count(self, source.region, *source.share) - missed, 0)

    def describe(self, example: np.ndarray) -> str:
        """The signs, such as "+ - + +"."""
        return " ".join("-+"[token] for token in example)


def _signs(inputs: np.ndarray) -> Points:
    """Tokens 0 and 1 as -1 and 1."""
    return 2 * inputs.astype(np.int64) - 1


@cache
def _points(task: Gotu, region: str) -> np.ndarray:
    """All points of a region as tokens, (points, dims): the seen ones ("id") or the unseen ones ("apart")."""
    tokens = (np.arange(2**task.dims)[:, None] >> np.arange(task.dims) & 1).astype(np.int8)
    seen = FUNCTIONS[task.function].seen(_signs(tokens))
    return tokens[seen if region == "id" else ~seen]


@cache
def _count(task: Gotu, region: str, low: float, high: float) -> int:
    """Number of points of a region in a share, counted exactly."""
    share = shares(digests(_points(task, region), task.hash_key))
    return int(((share >= low) & (share < high)).sum())
