"""Formal languages: four rules that hold for words of any length, taught on short words and tested on long ones.

The tasks are from Deletang et al., "Neural networks and the Chomsky hierarchy", ICLR 2023: even pairs, parity and cycle
navigation are regular; to reverse a string takes a stack.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space, Value

RARE = 1024
"""A length with fewer words is drawn in proportion to them: else a training set would soon hold all of them."""

BUCKET = 5
"""Scores are broken down by the length of the word, rounded up to a multiple of this."""


@dataclass(frozen=True)
class Language(Task, abc.ABC):
    """What all four share: words, their places, and the lengths they are taught and tested at.

    An input is a sequence of 3 * longest slots. The word stands somewhere in it, every place as likely, and the
    other slots hold the blank (the last token). So short words come by in every slot, and a slot that a long word
    uses in a test is new to no learner. Where the word stands is presentation: a word elsewhere is the same problem.

    Distribution: in training the length is uniform among the lengths of at least RARE words and rarer, in proportion
    to the number of words, among the shorter ones; in the tests it is uniform. Words of a length are equally likely.

    longest  word in training; the tests have words up to two and three times as long
    """

    family: ClassVar[str] = "languages"
    symbols: ClassVar[tuple[Value, ...]] = (0.0, 1.0)
    """What each token but the blank stands for."""

    longest: int = 20

    def __post_init__(self) -> None:
        if not 2 <= self.longest <= 20:  # noqa: PLR2004 -- words must differ in something; sequence learners must end
            raise ValueError(f"longest={self.longest}; expected 2..20")

    @property
    def inputs(self) -> Space:
        """Tokens that stand for numbers, and a blank that stands for none, (3 * longest,)."""
        return Space((3 * self.longest,), len(self.symbols) + 1, "sequence", (*self.symbols, None))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: the longest word."""
        twice, thrice = 2 * self.longest, 3 * self.longest
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("twice", "length", twice, headline=True, region="twice", share=(0.0, 0.5)),
            Split("thrice", "length", thrice, region="thrice"),
            Split("exposed", region="twice", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The rule on the last symbols of the word only: memories of growing length, the last one fits the training."""
        spans = (self.longest // 4, self.longest // 2, self.longest)
        return {f"last-{span}": partial(self._last, span) for span in spans if span}

    @property
    def _blank(self) -> int:
        return len(self.symbols)

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n words of a region and put each somewhere.

        groups: "length", rounded up to a multiple of BUCKET, (n,).
        """
        lengths, odds = self._lengths(region)
        length = rng.choice(lengths, size=n, p=odds)
        slots = self.inputs.size
        first = rng.integers(slots - length + 1)
        slot = np.arange(slots)
        inside = (slot >= first[:, None]) & (slot < (first + length)[:, None])
        word = rng.integers(self._blank, size=(n, slots), dtype=np.uint8)
        inputs = np.where(inside, word, np.uint8(self._blank))
        return Examples(
            inputs, self.solve(inputs), steps=self._worked(inputs), groups={"length": -(-length // BUCKET) * BUCKET}
        )

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The word moved to the first slot, (n, slots)."""
        first = (inputs != self._blank).argmax(axis=1)
        slots = inputs.shape[1]
        padded = np.pad(inputs, ((0, 0), (0, slots)), constant_values=self._blank)
        return padded[np.arange(len(inputs))[:, None], first[:, None] + np.arange(slots)]

    def capacity(self, split: str) -> int:
        """Half of the split's expected share of all words of its region.

        As long as half of the words are left, some length that is no rare one has about half of its own left, so that
        a fair part of every block of proposals is new and `sample` does not give up.
        """
        source = self.split(split)
        words = sum(self._blank ** int(length) for length in self._lengths(source.region)[0])
        return int(words * (source.share[1] - source.share[0]) / 2)

    def describe(self, example: np.ndarray) -> str:
        """The word in letters, dots for blanks: "..abba....", as it stands."""
        return "".join("abcdefgh"[token] if token != self._blank else "." for token in example)

    def _worked(self, inputs: np.ndarray) -> np.ndarray | None:  # noqa: ARG002
        """The worked solutions, where the task gives them."""
        return None

    def _lengths(self, region: str) -> tuple[np.ndarray, np.ndarray]:
        """The lengths of a region and how likely each is."""
        times = {"id": 0, "twice": 1, "thrice": 2}[region]
        lengths = np.arange(1, self.longest + 1) + times * self.longest
        weights = np.minimum(float(self._blank) ** lengths, RARE)
        return lengths, weights / weights.sum()

    def _last(self, span: int, inputs: np.ndarray) -> np.ndarray:
        """Apply the rule to the last `span` symbols of the word, as if the others were blank."""
        there = inputs != self._blank
        behind = np.cumsum(there[:, ::-1], axis=1)[:, ::-1]  # symbols from here to the end of the word
        return self.solve(np.where(there & (behind > span), self._blank, inputs))


@dataclass(frozen=True)
class EvenPairs(Language):
    """Whether the number of pairs of unlike neighbours in the word is even or odd.

    It is even where the first symbol equals the last one: two far places decide, and where they are moves.
    Example: abbaa has the unlike pairs ab and ba, so the answer is "even"; abbab has ab, ba and ab, so it is "odd".
    """

    name: ClassVar[str] = "even-pairs"

    @property
    def outputs(self) -> Space:
        """Whether it is odd: 0 or 1, (1,)."""
        return Space((1,), 2, "vector", (0.0, 1.0))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Count the changes of symbol from slot to slot, modulo 2, (n, slots) -> (n, 1)."""
        here, following = inputs[:, :-1], inputs[:, 1:]
        unlike = (here != following) & (here != self._blank) & (following != self._blank)
        return unlike.sum(axis=1, keepdims=True) % 2

    def describe_target(self, target: np.ndarray) -> str:
        """The answer in words."""
        return "odd" if target[0] else "even"


@dataclass(frozen=True)
class Walk(Language, abc.ABC):
    """A language whose rule walks around a cycle: every symbol is a move, and the answer is where the word ends.

    The blank moves nothing, so the state after each slot is defined everywhere: these states are the worked solution.
    """

    cycle: ClassVar[int]

    @property
    def outputs(self) -> Space:
        """The place on the cycle, (1,)."""
        return Space((1,), self.cycle, "vector", tuple(map(float, range(self.cycle))))

    @property
    def steps(self) -> Space:
        """The place on the cycle after each slot, (3 * longest,)."""
        return Space(self.inputs.shape, self.cycle, "sequence", self.outputs.values)

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Add all moves up, modulo the cycle, (n, slots) -> (n, 1)."""
        return self._moves(inputs).sum(axis=1, keepdims=True) % self.cycle

    def _worked(self, inputs: np.ndarray) -> np.ndarray:
        return (np.cumsum(self._moves(inputs), axis=1) % self.cycle).astype(np.uint8)

    def _moves(self, inputs: np.ndarray) -> np.ndarray:
        """What each slot moves by, (n, slots)."""
        return np.array([*self.symbols, 0], np.int64)[inputs]


@dataclass(frozen=True)
class Parity(Walk):
    """Whether the number of b's in the word is even or odd.

    Example: abbab has three, so the answer is "odd". The worked solution is the parity so far: 0 1 0 0 1.
    """

    name: ClassVar[str] = "parity"
    cycle: ClassVar[int] = 2

    def describe_target(self, target: np.ndarray) -> str:
        """The answer in words."""
        return "odd" if target[0] else "even"


@dataclass(frozen=True)
class CycleNavigation(Walk):
    """Where on a cycle of five places the moves of the word lead, from place 0: a stays, b goes one on, c one back.

    Example: bbcab goes to 1, 2, 1, 1 and 2, so the answer is "place 2", and the places are the worked solution.
    """

    name: ClassVar[str] = "cycle-navigation"
    symbols: ClassVar[tuple[Value, ...]] = (0.0, 1.0, -1.0)
    cycle: ClassVar[int] = 5

    def describe_target(self, target: np.ndarray) -> str:
        """The place."""
        return f"place {int(target[0])}"


@dataclass(frozen=True)
class ReverseString(Language):
    """Write the word backwards where it stands.

    Example: ..abb..... becomes ..bba...... The answer stays in the word's own slots, with blanks around it, so that
    which slot goes where depends on the word's place and length. Mirrored about the middle of the input it would be one
    fixed permutation of the slots, the same for all lengths, which every linear learner finds.
    """

    name: ClassVar[str] = "reverse-string"

    @property
    def outputs(self) -> Space:
        """As the input, (3 * longest,)."""
        return self.inputs

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Right for palindromes only, then right for short words only."""
        return {"copy": np.copy, **super().heuristics}

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Turn the word around its own middle, (n, slots) -> (n, slots)."""
        there = inputs != self._blank
        slots = np.arange(inputs.shape[1])
        first = there.argmax(axis=1)[:, None]
        last = inputs.shape[1] - 1 - there[:, ::-1].argmax(axis=1)[:, None]
        source = np.where(there, first + last - slots, slots)
        return np.take_along_axis(inputs, source, axis=1)

    def describe_target(self, target: np.ndarray) -> str:
        """The word in letters, dots for blanks."""
        return self.describe(target)
