"""Identity: copy the input, also in regions without training examples (bits, tokens, real numbers)."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import MAX_EMPTY_BLOCKS, Examples, Heuristic, Split, Task
from .pools import digests, shares
from .spaces import Space

MAX_ENUMERATED = 2**16
"""Regions with at most this many problems are counted exactly; for larger ones `capacity` gives a lower bound."""

CERTAIN = 20.0
"""Events of probability exp(-CERTAIN) or less are neglected."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""The characters that tokens are printed as."""

SHELLS = {"id": (0.0, 1.0), "shell": (1.0, 1.5), "far-shell": (1.5, 2.0), "negative": (-1.0, 0.0)}
"""The range of every coordinate in each region of identity-reals."""


class IdentitySymbols(Task):
    """Base class of the identity tasks on tokens: the last positions have disjoint tokens in training and in the test.

    A subclass is a dataclass that defines the length of an example, its tokens, and which of them occur in training.
    """

    family: ClassVar[str] = "identity"
    moved: ClassVar[str]  # the split, and its region, in which the frozen positions hold the tokens absent in training

    frozen: int

    @property
    @abc.abstractmethod
    def known(self) -> int:
        """Number of tokens, the first ones, that occur at the frozen positions in training."""

    @property
    def outputs(self) -> Space:
        """Equal to the input space, (positions,)."""
        return self.inputs

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: number of positions with tokens that are absent there in training."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split(self.moved, "value", self.frozen, headline=True, region=self.moved, share=(0.0, 0.5)),
            Split("exposed", region=self.moved, share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """A rule other than the identity that fits the training set as well."""
        return {"copy-all-but-frozen": self._copy_all_but_frozen}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n examples uniformly from a region.

        slices: "moved", True at the frozen positions, (n, positions).
        """
        inputs = _from_numbers(rng.integers(_size(self, region), size=n), self, region)
        moved = np.zeros(inputs.shape, bool)
        moved[:, -self.frozen :] = True
        return Examples(inputs, self.solve(inputs), slices={"moved": moved})

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Copy, (n, positions) -> (n, positions)."""
        return inputs.copy()

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself: different inputs are different problems."""
        return inputs

    def capacity(self, split: str) -> int:
        """Number of distinct problems that `sample` can return: counted in small regions, else a lower bound.

        Sampling is with replacement, so `sample` may miss the last few problems of a region; these are subtracted.
        """
        source = self.split(split)
        size = _size(self, source.region)
        if size <= MAX_ENUMERATED:
            held = _count(self, source.region, *source.share)
        else:
            expected = (source.share[1] - source.share[0]) * size
            held = math.floor(expected - math.sqrt(2 * CERTAIN * expected))  # Chernoff bound of the lower tail
        missed = math.floor(size * CERTAIN / (MAX_EMPTY_BLOCKS * self.block))
        return max(held - missed, 0)

    def describe(self, example: np.ndarray) -> str:
        """The tokens in a row."""
        return "".join(DIGITS[token] for token in example)

    def describe_target(self, target: np.ndarray) -> str:
        """The tokens in a row."""
        return self.describe(target)

    def _copy_all_but_frozen(self, inputs: np.ndarray) -> np.ndarray:
        """Copy, except at frozen positions with a token that is absent there in training: predict 0."""
        copied = inputs.copy()
        copied[:, -self.frozen :] *= copied[:, -self.frozen :] < self.known
        return copied


@dataclass(frozen=True)
class IdentityBits(IdentitySymbols):
    """Identity on binary numbers: trained on even numbers, tested on odd ones (Marcus 1998).

    Example, with 5 bits of which 1 is frozen: training contains 01100 -> 01100 and 11010 -> 11010, even numbers only;
    the split "odd" contains 01101. The rule "every output equals its input" gives 01101. The rule "the last output is
    0", which fits the training set as well, gives 01100.

    bits    number of bits, most significant first
    frozen  number of last bits that are 0 in training and 1 in "odd": the severity of the shift
    """

    name: ClassVar[str] = "identity-bits"
    moved: ClassVar[str] = "odd"

    bits: int = 20
    frozen: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.frozen < self.bits:
            raise ValueError(f"frozen={self.frozen} of bits={self.bits}; expected 1 <= frozen < bits")
        if self.bits - self.frozen > 62:  # noqa: PLR2004 -- the free bits are sampled as one int64
            raise ValueError(f"bits={self.bits} with frozen={self.frozen}; at most 62 bits may be free")

    @property
    def inputs(self) -> Space:
        """Binary numbers, (bits,)."""
        return Space((self.bits,), alphabet=2, layout="sequence", values=(0.0, 1.0))

    @property
    def known(self) -> int:
        """The token 0."""
        return 1


@dataclass(frozen=True)
class IdentityTokens(IdentitySymbols):
    """Identity on tokens: in the test, the last positions have tokens that never occur there in training.

    Example, with 4 positions and the tokens 0 to 7, of which 4 to 7 are absent from the last position: training
    contains 6203 -> 6203 and 1742 -> 1742; the split "absent" contains 1746. The token 6 occurs in training at every
    other position, as an input and as an output. The shift is its absence at the last one: with one-hot tokens, one
    input feature was always 0 and one output class was never a target.

    positions  number of positions of an example
    tokens     number of tokens; they stand for no numbers
    frozen     number of last positions where tokens are absent: the severity of the shift
    absent     number of tokens, the last ones, that never occur there in training, and alone occur there in "absent"
    """

    name: ClassVar[str] = "identity-tokens"
    moved: ClassVar[str] = "absent"
    renamed: ClassVar[Mapping[str, str]] = {"places": "positions"}

    positions: int = 12
    tokens: int = 8
    frozen: int = 1
    absent: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.frozen < self.positions:
            raise ValueError(f"frozen={self.frozen} of positions={self.positions}; expected 1 <= frozen < positions")
        if not 1 <= self.absent < self.tokens <= len(DIGITS):
            raise ValueError(
                f"absent={self.absent} of tokens={self.tokens}; expected 1 <= absent < tokens <= {len(DIGITS)}"
            )
        if self.tokens**self.positions >= 2**63:
            raise ValueError(f"{self.tokens}^{self.positions} examples; expected fewer than 2^63")

    @property
    def inputs(self) -> Space:
        """A sequence of tokens, (positions,)."""
        return Space((self.positions,), alphabet=self.tokens, layout="sequence")

    @property
    def known(self) -> int:
        """All but the absent tokens."""
        return self.tokens - self.absent


@dataclass(frozen=True)
class IdentityReals(Task):
    """Identity on real numbers: trained on [0, 1], tested on ranges outside of it (extrapolation).

    Example, with 2 dims: training contains (0.2, 0.9) -> (0.2, 0.9); the split "shell" contains (1.3, 1.1). Linear
    extrapolation gives (1.3, 1.1); averages of training targets stay near (1, 1).

    dims  number of coordinates, independent and uniform
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
        """clamp: copy, clipped to the training range; the best prediction inside that range."""
        return {"clamp": _clamp}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n points, every coordinate uniform in the range of the region."""
        low, high = SHELLS[region]
        inputs = rng.uniform(low, high, size=(n, self.dims))
        return Examples(inputs, self.solve(inputs))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Copy, (n, dims) -> (n, dims)."""
        return inputs.copy()

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself: different inputs are different problems."""
        return inputs

    def capacity(self, split: str) -> None:
        """No limit: points are float64."""
        self.split(split)

    def describe(self, example: np.ndarray) -> str:
        """The coordinates to three digits."""
        return "(" + ", ".join(f"{value:.3g}" for value in example) + ")"

    def describe_target(self, target: np.ndarray) -> str:
        """The coordinates to three digits."""
        return self.describe(target)


def _tokens(task: IdentitySymbols, region: str) -> tuple[np.ndarray, np.ndarray]:
    """The first token and the number of tokens that can occur at each position in a region, (positions,) each."""
    first, many = np.zeros(task.inputs.size, np.int64), np.full(task.inputs.size, task.inputs.alphabet)
    many[-task.frozen :] = task.known
    if region == task.moved:
        first[-task.frozen :] = task.known
        many[-task.frozen :] = (task.inputs.alphabet or 0) - task.known
    return first, many


def _size(task: IdentitySymbols, region: str) -> int:
    """Number of problems of a region."""
    return math.prod(_tokens(task, region)[1].tolist())


def _from_numbers(numbers: np.ndarray, task: IdentitySymbols, region: str) -> np.ndarray:
    """Problems of a region by their numbers (n,), as digits of mixed radix, first position first: (n, positions)."""
    first, many = _tokens(task, region)
    worth = np.append(np.cumprod(many[:0:-1])[::-1], 1)  # value of a digit: the product of the radices after it
    return numbers[:, None] // worth % many + first


@cache
def _count(task: IdentitySymbols, region: str, low: float, high: float) -> int:
    """Number of problems of a region in a share, counted exactly."""
    problems = _from_numbers(np.arange(_size(task, region)), task, region)
    share = shares(digests(problems, task.hash_key))
    return int(((share >= low) & (share < high)).sum())


def _clamp(inputs: np.ndarray) -> np.ndarray:
    """Copy, clipped to the training range."""
    return inputs.clip(*SHELLS["id"])
