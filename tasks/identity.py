"""Identity: give back what you were given, also where no training example has been."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import BARREN_BLOCKS, Examples, Heuristic, Split, Task
from .pools import digests, shares
from .spaces import Space

ENUMERATED = 2**16
"""Regions of at most so many problems are counted one by one; of larger ones a lower bound is given."""

CERTAIN = 20.0
"""An event of probability exp(-20) does not happen."""

SHELLS = {"id": (0.0, 1.0), "shell": (1.0, 1.5), "far-shell": (1.5, 2.0), "negative": (-1.0, 0.0)}
"""The range of every coordinate in each region of identity-reals."""


@dataclass(frozen=True)
class IdentityBits(Task):
    """Copy the bits; in training the last ones are 0 (Marcus 1998: identity on binary numbers, taught on even ones).

    Example, with 5 bits of which 1 is frozen: training shows 01100 -> 01100 and 11010 -> 11010, even numbers all of
    them; the split "odd" asks for 01101. Who learnt "every output is its input" says 01101; who learnt "the
    last output is 0", which fits the training set as well, says 01100.

    bits    of a number, most significant first
    frozen  the last ones, 0 in training and 1 in "odd": the severity of the shift
    """

    name: ClassVar[str] = "identity-bits"
    family: ClassVar[str] = "identity"

    bits: int = 20
    frozen: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.frozen < self.bits:
            raise ValueError(f"frozen={self.frozen} of bits={self.bits}; expected 1 <= frozen < bits")
        if self.bits - self.frozen > 62:  # noqa: PLR2004 -- the free bits are drawn as one int64
            raise ValueError(f"bits={self.bits} with frozen={self.frozen}; at most 62 bits may be free")

    @property
    def inputs(self) -> Space:
        """Binary numbers, (bits,)."""
        return Space((self.bits,), alphabet=2, layout="sequence", values=(0.0, 1.0))

    @property
    def outputs(self) -> Space:
        """The same binary numbers, (bits,)."""
        return self.inputs

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: how many bits have moved."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("odd", "value", self.frozen, headline=True, region="odd", share=(0.0, 0.5)),
            Split("exposed", region="odd", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The other rule that fits the training set."""
        return {"copy-all-but-frozen": self._copy_all_but_frozen}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n uniform numbers, the frozen bits set by the region: 0 in "id", 1 in "odd"."""
        inputs = _binary(rng.integers(2 ** (self.bits - self.frozen), size=n), region, self)
        moved = np.zeros((n, self.bits), bool)
        moved[:, -self.frozen :] = True
        return Examples(inputs, self.solve(inputs), groups={"moved": moved})

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Copy, (n, bits) -> (n, bits)."""
        return inputs.copy()

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The bits themselves: nothing in them is presentation."""
        return inputs

    def capacity(self, split: str) -> int:
        """Distinct problems that `sample` can surely draw: counted where they are few, else a lower bound.

        A large region is drawn with repeats until nothing new comes, so its last few problems may be missed.
        """
        source = self.split(split)
        size = 2 ** (self.bits - self.frozen)
        if size <= ENUMERATED:
            held = _held(self, source.region, *source.share)
        else:
            expected = (source.share[1] - source.share[0]) * size
            held = math.floor(expected - math.sqrt(2 * CERTAIN * expected))  # Chernoff bound of the lower tail
        missed = math.floor(size * CERTAIN / (BARREN_BLOCKS * self.block))
        return max(held - missed, 0)

    def describe(self, example: np.ndarray) -> str:
        """The number in binary."""
        return "".join(str(bit) for bit in example)

    def describe_target(self, target: np.ndarray) -> str:
        """The number in binary."""
        return self.describe(target)

    def _copy_all_but_frozen(self, inputs: np.ndarray) -> np.ndarray:
        """Copy what varied in training, and keep to 0 what was always 0."""
        copied = inputs.copy()
        copied[:, -self.frozen :] = 0
        return copied


@dataclass(frozen=True)
class IdentityReals(Task):
    """Give back the real numbers you were given; in training all of them lie in [0, 1].

    Example, with 2 dims: training shows (0.2, 0.9) -> (0.2, 0.9); the split "shell" asks for (1.3, 1.1). The line
    goes on to (1.3, 1.1); who averages what was seen stays near (1, 1).

    dims  coordinates, all of them uniform and independent
    """

    name: ClassVar[str] = "identity-reals"
    family: ClassVar[str] = "identity"

    dims: int = 8

    def __post_init__(self) -> None:
        if self.dims < 1:
            raise ValueError(f"dims={self.dims}; expected at least 1")

    @property
    def inputs(self) -> Space:
        """Real numbers, (dims,), float64."""
        return Space((self.dims,), alphabet=None)

    @property
    def outputs(self) -> Space:
        """The same real numbers, (dims,)."""
        return self.inputs

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: mean distance of a coordinate from the training range."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("shell", "value", 0.25, headline=True, region="shell", share=(0.0, 0.5)),
            Split("far-shell", "value", 0.75, region="far-shell"),
            Split("negative", "value", 0.5, region="negative"),
            Split("exposed", region="shell", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The best that one can do inside the training range."""
        return {"clamp": _clamp}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n points, every coordinate uniform in the region's range."""
        low, high = SHELLS[region]
        inputs = rng.uniform(low, high, size=(n, self.dims))
        return Examples(inputs, self.solve(inputs))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Copy, (n, dims) -> (n, dims)."""
        return inputs.copy()

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The numbers themselves: nothing in them is presentation."""
        return inputs

    def capacity(self, split: str) -> None:
        """No limit: float64 points do not run out."""
        self.split(split)

    def describe(self, example: np.ndarray) -> str:
        """The coordinates to three digits."""
        return "(" + ", ".join(f"{value:.3g}" for value in example) + ")"

    def describe_target(self, target: np.ndarray) -> str:
        """The coordinates to three digits."""
        return self.describe(target)


def _binary(free: np.ndarray, region: str, task: IdentityBits) -> np.ndarray:
    """Write the free bits, given as integers (n,), in binary and put the region's frozen ones after them, (n, bits)."""
    places = np.arange(task.bits - task.frozen - 1, -1, -1)
    numbers = np.full((len(free), task.bits), int(region == "odd"), np.int64)
    numbers[:, : -task.frozen] = (free[:, None] >> places) & 1
    return numbers


@cache
def _held(task: IdentityBits, region: str, low: float, high: float) -> int:
    """How many problems of a region fall in a share, by counting them."""
    problems = _binary(np.arange(2 ** (task.bits - task.frozen)), region, task)
    share = shares(digests(problems, task.hash_key))
    return int(((share >= low) & (share < high)).sum())


def _clamp(inputs: np.ndarray) -> np.ndarray:
    """Copy, but never leave the training range."""
    return inputs.clip(*SHELLS["id"])
