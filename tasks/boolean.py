"""Boolean functions: i.i.d. generalisation, and generalisation from inputs with few ones to inputs with many."""

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

UNSAMPLED = -1
"""The `rule` of a task without a function: `Task.with_sampled_rule` samples one."""

TRAIN = (0.0, 0.75)

MIN_SHARE = 0.25
"""Least share of all inputs that either output must have: with less, a constant prediction is nearly always right."""

MIN_SHARE_BY_WEIGHT = 0.4
"""Least share that either output must have among the light inputs, and among the heavy ones."""

BALANCEABLE = ("parity-2", "parity-3", "parity-5", "dnf", "random-simple")
"""Classes that contain functions balanced in this way. Excluded are parity-10, which is 1 for 60 % of the light inputs
and 34 % of the heavy ones; the multiplexer, 1 for 38 % and 62 %; and random, where nothing generalises."""

Features = Callable[[np.ndarray], np.ndarray]
"""A set of features, as a function: inputs (n, bits) -> (features, n), integers below N_VALUES."""

N_VALUES = 4


@dataclass(frozen=True)
class TruthTable(Task, abc.ABC):
    """Base class of the Boolean tasks: a Boolean function that is sampled for each seed, stored as a truth table.

    function  class that the function is sampled from: a key of `boolean_functions.FUNCTIONS`
    rule      which function of the class; -1: a new one for each seed (`with_sampled_rule`)
    """

    family: ClassVar[str] = "boolean"

    function: str = "parity-3"
    rule: int = UNSAMPLED

    def __post_init__(self) -> None:
        if self.function not in self.classes():
            raise ValueError(f"function={self.function!r}; expected one of {', '.join(self.classes())}")
        if self.rule < UNSAMPLED:
            raise ValueError(f"rule={self.rule}; expected 0 or more, or {UNSAMPLED} for a new function in each seed")

    @classmethod
    @abc.abstractmethod
    def classes(cls) -> tuple[str, ...]:
        """The classes of functions that the task supports."""

    @abc.abstractmethod
    def table(self) -> np.ndarray:
        """The function's outputs on all inputs, (2^bits,), in the order of `boolean_functions.points`."""

    @abc.abstractmethod
    def region(self, name: str) -> np.ndarray:
        """The inputs of a region, as their codes."""

    @property
    def bits(self) -> int:
        """Number of bits of an input."""
        return bits_of(self.function)

    @property
    def inputs(self) -> Space:
        """A vector of bits, (bits,)."""
        return Space((self.bits,), alphabet=2, values=(0.0, 1.0))

    @property
    def outputs(self) -> Space:
        """One bit, (1,)."""
        return Space((1,), alphabet=2)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The best rules of three kinds: a function of one bit, a threshold on the number of ones, and of two bits.

        Best means the highest accuracy in the region "id", train and test together. So it is an upper bound there for
        every learner with a rule of that kind.
        """
        kinds: dict[str, Features] = {"one-bit": _single, "weight": _at_least, "two-bits": _pairs}
        return {name: partial(self._best_of, features) for name, features in kinds.items()}

    def with_sampled_rule(self, rng: np.random.Generator) -> Self:
        """The task with a sampled function; a task that has one already is returned unchanged."""
        return replace(self, rule=int(rng.integers(2**62))) if self.rule == UNSAMPLED else self

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n inputs of a region without replacement; all of them, in random order, if it has fewer than n."""
        inputs = points(self.bits)[rng.permutation(self.region(region))[:n]]
        return Examples(inputs, self.solve(inputs))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Look the inputs up in the truth table, (n, bits) -> (n, 1)."""
        return self.table()[codes(inputs), None]

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself: different inputs are different problems."""
        return inputs

    def capacity(self, split: str) -> int:
        """Number of inputs of the split, counted exactly."""
        source = self.split(split)
        share = _share(self.bits, self.hash_key)[self.region(source.region)]
        return int(((share >= source.share[0]) & (share < source.share[1])).sum())

    def describe(self, example: np.ndarray) -> str:
        """The bits, such as "0110100110"."""
        return "".join(str(bit) for bit in example)

    def describe_target(self, target: np.ndarray) -> str:
        """0 or 1."""
        return str(int(target[0]))

    def _function(self) -> int:
        """The number of the function; raises ValueError if no function has been sampled."""
        if self.rule == UNSAMPLED:
            raise ValueError(
                f"{self.name} has no function yet: use task.with_sampled_rule(rng), or set rule to 0 or more"
            )
        return self.rule

    def _best_of(self, features: Features, inputs: np.ndarray) -> np.ndarray:
        """Predict with the best rule that depends on one of these features, (n, bits) -> (n, 1)."""
        known = self.region("id")
        seen = features(points(self.bits)[known])[..., None] == np.arange(N_VALUES)  # (rows, known, N_VALUES)
        one = self.table()[known] == 1
        ones, zeros = seen[:, one].sum(1), seen[:, ~one].sum(1)  # (rows, N_VALUES)
        best = np.maximum(ones, zeros).sum(1).argmax()
        return (ones > zeros)[best].astype(np.int64)[features(inputs)[best], None]


@dataclass(frozen=True)
class Boolean(TruthTable):
    """Boolean function of 10 bits: learn it from some of the 1024 inputs, predict the others.

    Example, class parity-3, bits 2, 5 and 9 (from 0): 0110100110 -> 1, since only bit 2 of the three is 1;
    0110110110 -> 0, since bits 2 and 5 are 1. There is no shift: the task measures how many examples a function of a
    class takes. The class "random" (an independent coin toss for each input) is a control: no number of examples is
    enough, and no learner has an expected accuracy above chance on unseen inputs (Wolpert 1996). The multiplexer has
    11 bits.
    """

    name: ClassVar[str] = "boolean"

    @classmethod
    def classes(cls) -> tuple[str, ...]:
        """All classes."""
        return tuple(FUNCTIONS)

    @property
    def splits(self) -> tuple[Split, ...]:
        """Train and ID only: there is no shift."""
        return (Split("train", share=TRAIN), Split("id", share=(TRAIN[1], 1.0)))

    @property
    def truth(self) -> Truth:
        """The truth table is the rule; the class "random" has no rule to find and is not ranked."""
        return Rule(self.solve, self.outputs, learnable=self.function != "random")

    def region(self, name: str) -> np.ndarray:  # noqa: ARG002
        """All inputs: there is only one region."""
        return np.arange(2**self.bits)

    def table(self) -> np.ndarray:
        """Truth table in which either output has at least a quarter of all inputs."""
        return truth_table(self.function, self._function(), MIN_SHARE)


@dataclass(frozen=True)
class BooleanWeight(TruthTable):
    """Boolean function of 10 bits: trained on inputs with at most 5 ones, tested on those with more.

    Example, class parity-3, bits 1, 4 and 8 (from 0): training contains 0100100000 -> 0, where two of the three bits
    are 1, and 0100100010 -> 1, where all three are 1. The split "heavy" contains 1111101011. A learner that has found
    the three bits predicts 1; a nearest-neighbour rule has no training example close to it.
    """

    name: ClassVar[str] = "boolean-weight"

    @classmethod
    def classes(cls) -> tuple[str, ...]:
        """The classes with functions that are balanced on both sides, BALANCEABLE."""
        return BALANCEABLE

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: mean number of ones of the heavy inputs minus that of the light ones."""
        weight = points(self.bits).sum(1)
        severity = float(weight[self.region("heavy")].mean() - weight[self.region("id")].mean())
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split("heavy", "weight", severity, headline=True, region="heavy", share=(0.0, 0.5)),
            Split("exposed", region="heavy", share=(0.5, 1.0)),
        )

    def region(self, name: str) -> np.ndarray:
        """Inputs with at most bits/2 ones in "id", with more in "heavy"."""
        return np.flatnonzero((points(self.bits).sum(1) > self.bits / 2) == (name == "heavy"))

    def table(self) -> np.ndarray:
        """Truth table in which either output has at least 40 % of the light inputs and 40 % of the heavy ones."""
        return truth_table(self.function, self._function(), MIN_SHARE_BY_WEIGHT, by_weight=True)


@lru_cache
def _share(bits: int, key: str) -> np.ndarray:
    """The hash of every input as a number in [0, 1), (2^bits,)."""
    return shares(digests(points(bits), key))


def _single(inputs: np.ndarray) -> np.ndarray:
    """Each bit, (bits, n)."""
    return inputs.T


def _at_least(inputs: np.ndarray) -> np.ndarray:
    """Whether there are at least 1, 2, ... ones, (bits, n)."""
    return (inputs.sum(1) >= np.arange(1, inputs.shape[1] + 1)[:, None]).astype(np.int64)


def _pairs(inputs: np.ndarray) -> np.ndarray:
    """Each pair of bits as a number 0..3, (pairs, n)."""
    first, second = np.array(list(combinations(range(inputs.shape[1]), 2))).T
    return 2 * inputs.T[first] + inputs.T[second]
