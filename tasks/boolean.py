"""Boolean functions: learnt from some of all inputs, and from inputs with few ones alone."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import combinations
from typing import ClassVar, Self

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .boolean_functions import FUNCTIONS, bits_of, codes, points, truth_table
from .pools import digests, shares
from .spaces import Space
from .truth import Rule, Truth

UNDRAWN = -1
"""The `rule` of a task that holds no function yet: `Task.drawn` gives it one."""

TRAIN = (0.0, 0.75)

SKEWED = 0.25
"""Either output has at least this share of all inputs: below it, hardly anything is left to be learnt of a function."""

BALANCED = 0.4
"""Either output has at least this share of the light inputs, and of the heavy ones."""

BALANCEABLE = ("parity-2", "parity-3", "parity-5", "dnf", "random-simple")
"""The classes that hold functions so balanced. Not among them: parity-10, 1 for 60 % of the light inputs and 34 % of
the heavy ones; the multiplexer, 1 for 38 % and 62 %; and random, of which nothing can be carried over."""

View = Callable[[np.ndarray], np.ndarray]
"""What is looked at, in several ways: inputs (n, bits) -> (ways, n), each a number below SEEN."""

SEEN = 4


@dataclass(frozen=True)
class TruthTable(Task, abc.ABC):
    """What both tasks share: a function of bits that is drawn for each seed, known to the task on every input.

    function  the class it is drawn from: a key of `boolean_functions.FUNCTIONS`
    rule      which function of the class; -1: one for each seed (`drawn`)
    """

    family: ClassVar[str] = "boolean"

    function: str = "parity-3"
    rule: int = UNDRAWN

    def __post_init__(self) -> None:
        if self.function not in self.classes():
            raise ValueError(f"function={self.function!r}; expected one of {', '.join(self.classes())}")
        if self.rule < UNDRAWN:
            raise ValueError(f"rule={self.rule}; expected a number from 0 up, or {UNDRAWN} for one a seed")

    @classmethod
    @abc.abstractmethod
    def classes(cls) -> tuple[str, ...]:
        """The classes of functions that the task can be about."""

    @abc.abstractmethod
    def table(self) -> np.ndarray:
        """The function's outputs on all inputs, (2^bits,), in the order of `boolean_functions.points`."""

    @abc.abstractmethod
    def region(self, name: str) -> np.ndarray:
        """Which inputs a region has, as their codes."""

    @property
    def bits(self) -> int:
        """How many bits an input has."""
        return bits_of(self.function)

    @property
    def inputs(self) -> Space:
        """Bits without neighbours, (bits,)."""
        return Space((self.bits,), alphabet=2, values=(0.0, 1.0))

    @property
    def outputs(self) -> Space:
        """A bit, (1,)."""
        return Space((1,), alphabet=2)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The best rules that look at one bit, at whether there are enough ones, at two bits.

        Best is what is right most often in the region "id", train and test alike: no learner can do better there with
        such a rule.
        """
        views: dict[str, View] = {"one-bit": _single, "weight": _at_least, "two-bits": _pairs}
        return {name: partial(self._best_of, view) for name, view in views.items()}

    def drawn(self, rng: np.random.Generator) -> Self:
        """The same task with a function; a task that has one is left as it is."""
        return replace(self, rule=int(rng.integers(2**62))) if self.rule == UNDRAWN else self

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n inputs of a region, none twice; all that it has, in random order, where n is more."""
        inputs = points(self.bits)[rng.permutation(self.region(region))[:n]]
        return Examples(inputs, self.solve(inputs))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Look it up in the truth table, (n, bits) -> (n, 1)."""
        return self.table()[codes(inputs), None]

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The bits themselves: nothing in them is presentation."""
        return inputs

    def capacity(self, split: str) -> int:
        """How many inputs the split has: all are counted."""
        source = self.split(split)
        share = _share(self.bits, self.hash_key)[self.region(source.region)]
        return int(((share >= source.share[0]) & (share < source.share[1])).sum())

    def describe(self, example: np.ndarray) -> str:
        """The bits: "0110100110"."""
        return "".join(str(bit) for bit in example)

    def describe_target(self, target: np.ndarray) -> str:
        """0 or 1."""
        return str(int(target[0]))

    def _function(self) -> int:
        """The number of the function; raises ValueError where there is none yet."""
        if self.rule == UNDRAWN:
            raise ValueError(f"{self.name} has no function yet: take task.drawn(rng), or give it a rule from 0 up")
        return self.rule

    def _best_of(self, view: View, inputs: np.ndarray) -> np.ndarray:
        """The answers of the best rule that sees of an input one row of a view, (n, bits) -> (n, 1)."""
        known = self.region("id")
        seen = view(points(self.bits)[known])[..., None] == np.arange(SEEN)  # (rows, known, SEEN)
        one = self.table()[known] == 1
        ones, zeros = seen[:, one].sum(1), seen[:, ~one].sum(1)  # (rows, SEEN)
        best = np.maximum(ones, zeros).sum(1).argmax()
        return (ones > zeros)[best].astype(np.int64)[view(inputs)[best], None]


@dataclass(frozen=True)
class Boolean(TruthTable):
    """A function of 10 bits, taught on some of the 1024 inputs and tested on the others.

    Example, of the class parity-3, with the bits 2, 5 and 9 (from 0) drawn: 0110100110 -> 1, since of these only bit 2
    is 1, and 0110110110 -> 0, since bits 2 and 5 are. There is no shift: what is asked is how many examples a function
    of a class takes. Of the class "random" (a coin for each input) no number is enough: the control in which no learner
    can be right about an unseen input more often than by chance (Wolpert 1996).
    """

    name: ClassVar[str] = "boolean"

    @classmethod
    def classes(cls) -> tuple[str, ...]:
        """All of them."""
        return tuple(FUNCTIONS)

    @property
    def splits(self) -> tuple[Split, ...]:
        """No shift."""
        return (Split("train", share=TRAIN), Split("id", share=(TRAIN[1], 1.0)))

    @property
    def truth(self) -> Truth:
        """The truth table; of coins there is nothing to find."""
        return Rule(self.solve, self.outputs, finds=self.function != "random")

    def region(self, name: str) -> np.ndarray:  # noqa: ARG002
        """All inputs: there is one region."""
        return np.arange(2**self.bits)

    def table(self) -> np.ndarray:
        """A function of which either output has a quarter of all inputs."""
        return truth_table(self.function, self._function(), SKEWED)


@dataclass(frozen=True)
class BooleanWeight(TruthTable):
    """A function of 10 bits, taught on inputs with at most 5 ones and tested on those with more.

    Example, of the class parity-3, with the bits 1, 4 and 8 (from 0) drawn: training shows 0100100000 -> 0, two of the
    three being 1, and 0100100010 -> 1, all of them being 1. The split "heavy" asks for 1111101011. Who found the three
    bits says 1; who goes by the nearest examples has none near.
    """

    name: ClassVar[str] = "boolean-weight"

    @classmethod
    def classes(cls) -> tuple[str, ...]:
        """Those that hold functions with both outputs on both sides."""
        return BALANCEABLE

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: by how many ones the mean heavy input exceeds the mean light one."""
        weight = points(self.bits).sum(1)
        severity = float(weight[self.region("heavy")].mean() - weight[self.region("id")].mean())
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split("heavy", "weight", severity, headline=True, region="heavy", share=(0.0, 0.5)),
            Split("exposed", region="heavy", share=(0.5, 1.0)),
        )

    def region(self, name: str) -> np.ndarray:
        """In "id", at most bits/2 ones; in "heavy", more."""
        return np.flatnonzero((points(self.bits).sum(1) > self.bits / 2) == (name == "heavy"))

    def table(self) -> np.ndarray:
        """A function of which either output has 40 % of the light inputs and 40 % of the heavy ones."""
        return truth_table(self.function, self._function(), BALANCED, by_weight=True)


@lru_cache
def _share(bits: int, key: str) -> np.ndarray:
    """Where the hash puts every input, (2^bits,)."""
    return shares(digests(points(bits), key))


def _single(inputs: np.ndarray) -> np.ndarray:
    """Each bit, (bits, n)."""
    return inputs.T


def _at_least(inputs: np.ndarray) -> np.ndarray:
    """Whether there are at least 1, 2, ... ones, (bits, n)."""
    return (inputs.sum(1) >= np.arange(1, inputs.shape[1] + 1)[:, None]).astype(np.int64)


def _pairs(inputs: np.ndarray) -> np.ndarray:
    """Each two bits as a number 0..3, (pairs, n)."""
    first, second = np.array(list(combinations(range(inputs.shape[1]), 2))).T
    return 2 * inputs.T[first] + inputs.T[second]
