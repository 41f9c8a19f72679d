"""Identity: give back what you were given, also where no training example has been."""

from __future__ import annotations

import abc
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

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""How tokens are written."""

SHELLS = {"id": (0.0, 1.0), "shell": (1.0, 1.5), "far-shell": (1.5, 2.0), "negative": (-1.0, 0.0)}
"""The range of every coordinate in each region of identity-reals."""


class IdentitySymbols(Task):
    """Copy tokens; at the last places some of them never occur in training, and nothing else occurs in the test.

    A subclass is a dataclass that says how long an example is, which tokens there are, and how they are divided.
    """

    family: ClassVar[str] = "identity"
    moved: ClassVar[str]  # the split, and the region, in which the frozen places take the tokens that are new there

    frozen: int

    @property
    @abc.abstractmethod
    def known(self) -> int:
        """How many tokens, the first ones, occur at the frozen places in training."""

    @property
    def outputs(self) -> Space:
        """The same tokens, (places,)."""
        return self.inputs

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: how many places have moved."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split(self.moved, "value", self.frozen, headline=True, region=self.moved, share=(0.0, 0.5)),
            Split("exposed", region=self.moved, share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The other rule that fits the training set."""
        return {"copy-all-but-frozen": self._copy_all_but_frozen}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n examples uniformly among those of a region.

        groups: "moved", true at the frozen places, (n, places).
        """
        inputs = _written(rng.integers(_size(self, region), size=n), self, region)
        moved = np.zeros(inputs.shape, bool)
        moved[:, -self.frozen :] = True
        return Examples(inputs, self.solve(inputs), groups={"moved": moved})

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Copy, (n, places) -> (n, places)."""
        return inputs.copy()

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The tokens themselves: nothing in them is presentation."""
        return inputs

    def capacity(self, split: str) -> int:
        """Distinct problems that `sample` can surely draw: counted where they are few, else a lower bound.

        A large region is drawn with repeats until nothing new comes, so its last few problems may be missed.
        """
        source = self.split(split)
        size = _size(self, source.region)
        if size <= ENUMERATED:
            held = _held(self, source.region, *source.share)
        else:
            expected = (source.share[1] - source.share[0]) * size
            held = math.floor(expected - math.sqrt(2 * CERTAIN * expected))  # Chernoff bound of the lower tail
        missed = math.floor(size * CERTAIN / (BARREN_BLOCKS * self.block))
        return max(held - missed, 0)

    def describe(self, example: np.ndarray) -> str:
        """The tokens in a row."""
        return "".join(DIGITS[token] for token in example)

    def describe_target(self, target: np.ndarray) -> str:
        """The tokens in a row."""
        return self.describe(target)

    def _copy_all_but_frozen(self, inputs: np.ndarray) -> np.ndarray:
        """Copy what varied in training; at the frozen places, answer 0 where a token is new."""
        copied = inputs.copy()
        copied[:, -self.frozen :] *= copied[:, -self.frozen :] < self.known
        return copied


@dataclass(frozen=True)
class IdentityBits(IdentitySymbols):
    """Copy the bits; in training the last ones are 0 (Marcus 1998: identity on binary numbers, taught on even ones).

    Example, with 5 bits of which 1 is frozen: training shows 01100 -> 01100 and 11010 -> 11010, even numbers all of
    them; the split "odd" asks for 01101. Who learnt "every output is its input" says 01101; who learnt "the
    last output is 0", which fits the training set as well, says 01100.

    bits    of a number, most significant first
    frozen  the last ones, 0 in training and 1 in "odd": the severity of the shift
    """

    name: ClassVar[str] = "identity-bits"
    moved: ClassVar[str] = "odd"

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
    def known(self) -> int:
        """The token 0."""
        return 1


@dataclass(frozen=True)
class IdentityTokens(IdentitySymbols):
    """Copy the tokens; some of them never occur at the last places in training, neither in the input nor in the target.

    Example, with 4 places for the tokens 0 to 7, of which 4 to 7 are absent from the last place: training shows
    6203 -> 6203 and 1742 -> 1742; the split "absent" asks for 1746. The token 6 is well known, as an input and as an
    output, at every place but this one. Its absence here is the shift: with the tokens one-hot, there is an input that
    was never 1 and an output unit that was never right.

    places  of an example
    tokens  that there are; they stand for no numbers
    frozen  the last places, where tokens are absent: the severity of the shift
    absent  how many tokens, the last ones, never occur there in training, and alone occur there in "absent"
    """

    name: ClassVar[str] = "identity-tokens"
    moved: ClassVar[str] = "absent"

    places: int = 12
    tokens: int = 8
    frozen: int = 1
    absent: int = 4

    def __post_init__(self) -> None:
        if not 1 <= self.frozen < self.places:
            raise ValueError(f"frozen={self.frozen} of places={self.places}; expected 1 <= frozen < places")
        if not 1 <= self.absent < self.tokens <= len(DIGITS):
            raise ValueError(
                f"absent={self.absent} of tokens={self.tokens}; expected 1 <= absent < tokens <= {len(DIGITS)}"
            )
        if self.tokens**self.places >= 2**63:
            raise ValueError(f"{self.tokens}^{self.places} examples; expected fewer than 2^63")

    @property
    def inputs(self) -> Space:
        """Tokens in a row, (places,)."""
        return Space((self.places,), alphabet=self.tokens, layout="sequence")

    @property
    def known(self) -> int:
        """All but the absent tokens."""
        return self.tokens - self.absent


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


def _tokens(task: IdentitySymbols, region: str) -> tuple[np.ndarray, np.ndarray]:
    """The first token that may stand at each place in a region, and how many may, (places,) each."""
    first, many = np.zeros(task.inputs.size, np.int64), np.full(task.inputs.size, task.inputs.alphabet)
    many[-task.frozen :] = task.known
    if region == task.moved:
        first[-task.frozen :] = task.known
        many[-task.frozen :] = (task.inputs.alphabet or 0) - task.known
    return first, many


def _size(task: IdentitySymbols, region: str) -> int:
    """How many problems a region has."""
    return math.prod(_tokens(task, region)[1].tolist())


def _written(numbers: np.ndarray, task: IdentitySymbols, region: str) -> np.ndarray:
    """Problems of a region by their numbers (n,), as digits of mixed radix, the first place first: (n, places)."""
    first, many = _tokens(task, region)
    worth = np.append(np.cumprod(many[:0:-1])[::-1], 1)  # of a digit: the product of the radices after it
    return numbers[:, None] // worth % many + first


@cache
def _held(task: IdentitySymbols, region: str, low: float, high: float) -> int:
    """How many problems of a region fall in a share, by counting them."""
    problems = _written(np.arange(_size(task, region)), task, region)
    share = shares(digests(problems, task.hash_key))
    return int(((share >= low) & (share < high)).sum())


def _clamp(inputs: np.ndarray) -> np.ndarray:
    """Copy, but never leave the training range."""
    return inputs.clip(*SHELLS["id"])
