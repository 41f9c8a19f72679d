"""Formal languages: length generalisation from short words to long ones, and pairs of words that differ by one symbol.

The tasks are from Deletang et al., "Neural networks and the Chomsky hierarchy", ICLR 2023: even pairs, parity and cycle
navigation are regular; reversing a string takes a stack.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .pools import in_share
from .spaces import Space, Value

RARE = 1024
"""Lengths with fewer words than this are sampled in proportion to their words: else training would soon hold all."""

BUCKET = 5
"""Slices by word length are rounded up to a multiple of this."""

MIN_LENGTH, MAX_LENGTH = 6, 20
"""Bounds of max_length: shorter words make too few pairs, longer ones take sequence learners too long."""


@dataclass(frozen=True)
class Language(Task, abc.ABC):
    """Base class of the language tasks: words at random positions, short in training and longer in the tests.

    An input is a sequence of 3 * max_length slots. The word is at a uniformly random position in it, and the other
    slots hold the blank (the last token). So every slot is used in training, and a longer word uses no new slot. A word
    at another position is the same problem.

    Distribution: in training, lengths with at least RARE words are equally likely, and shorter ones are less likely,
    in proportion to their number of words; in the tests the length is uniform. Words of one length are equally likely.

    The split "edit" has words of the training lengths in pairs: they differ by one symbol and have different answers,
    and both are held out. Every statistic of a word, such as how often each symbol occurs, is nearly the same for both.

    max_length  length of the longest word in training; the tests have words up to two and three times as long
    """

    version: ClassVar[int] = 2
    family: ClassVar[str] = "languages"
    renamed: ClassVar[Mapping[str, str]] = {"longest": "max_length"}
    symbols: ClassVar[tuple[Value, ...]] = (0.0, 1.0)
    """The number that each token except the blank stands for."""

    max_length: int = 20

    def __post_init__(self) -> None:
        if not MIN_LENGTH <= self.max_length <= MAX_LENGTH:
            raise ValueError(f"max_length={self.max_length}; expected {MIN_LENGTH}..{MAX_LENGTH}")

    @property
    def inputs(self) -> Space:
        """Tokens that stand for numbers, and a blank that does not, (3 * max_length,)."""
        return Space((3 * self.max_length,), len(self.symbols) + 1, "sequence", (*self.symbols, None))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: length of the longest word; of "edit" the number of symbols in which a pair differs."""
        twice, thrice = 2 * self.max_length, 3 * self.max_length
        return (
            Split("train", share=(0.0, 0.625)),
            Split("edit", "edit", 1, region="edit", share=(0.625, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("twice", "length", twice, headline=True, region="twice", share=(0.0, 0.5)),
            Split("thrice", "length", thrice, region="thrice"),
            Split("exposed", region="twice", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The rule on the last symbols of the word only, for three spans; the longest one fits the training set."""
        spans = (self.max_length // 4, self.max_length // 2, self.max_length)
        return {f"last-{span}": partial(self._last, span) for span in spans if span}

    @property
    def _blank(self) -> int:
        return len(self.symbols)

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n words of a region, each at a random position; of the region "edit" pairs, in adjacent rows.

        slices: "length", rounded up to a multiple of BUCKET, (n,).
        """
        inputs = self._pairs(n, rng) if region == "edit" else self._words(region, n, rng)
        slices = {"length": -(-(inputs != self._blank).sum(axis=1) // BUCKET) * BUCKET}
        return Examples(inputs, self.solve(inputs), scratchpad=self._scratchpad(inputs), slices=slices)

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The word moved to the first slot, (n, slots)."""
        first = (inputs != self._blank).argmax(axis=1)
        slots = inputs.shape[1]
        padded = np.pad(inputs, ((0, 0), (0, slots)), constant_values=self._blank)
        return padded[np.arange(len(inputs))[:, None], first[:, None] + np.arange(slots)]

    def capacity(self, split: str) -> int:
        """Half of the expected number of words of the split.

        As long as half of the words have not been sampled, this is also true of some length that is not rare. So a
        fair part of every block of proposals is new, and `sample` does not give up. In the region "edit", one of the
        `_neighbours` of a word has to be in the same split.
        """
        source = self.split(split)
        share = source.share[1] - source.share[0]
        if source.region == "edit":
            return int(self._paired_words() * share * (1 - (1 - share) ** self._neighbours) / 2)
        return int(sum(self._blank ** int(length) for length in self._lengths(source.region)[0]) * share / 2)

    def describe(self, example: np.ndarray) -> str:
        """The input in letters, dots for blanks, such as "..abba...."."""
        return "".join("abcdefgh"[token] if token != self._blank else "." for token in example)

    def _scratchpad(self, inputs: np.ndarray) -> np.ndarray | None:  # noqa: ARG002
        """The intermediate steps, if the task has any."""
        return None

    def _words(self, region: str, n: int, rng: np.random.Generator) -> np.ndarray:
        """Sample n words of a region, each at a random position, (n, slots)."""
        lengths, odds = self._lengths(region)
        length = rng.choice(lengths, size=n, p=odds)
        slots = self.inputs.size
        first = rng.integers(slots - length + 1)
        slot = np.arange(slots)
        inside = (slot >= first[:, None]) & (slot < (first + length)[:, None])
        word = rng.integers(self._blank, size=(n, slots), dtype=np.uint8)
        return np.where(inside, word, np.uint8(self._blank))

    def _pairs(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Sample n words of training lengths, and pair each with a word of another answer, (2 * pairs, slots).

        The partner is one of the words that differ by one symbol, have another answer and belong to the same split. A
        word without one is dropped. Both are at the same position.
        """
        words = self._words("id", n, rng)
        pairs: list[np.ndarray] = []
        for split in self.splits:
            if split.region == "edit":
                own = words[in_share(self.canonical(words), self.hash_key, split.share)]
                partner, found = self._partners(own, split.share, rng)
                pairs.append(np.stack([own[found], partner[found]], axis=1))
        return np.concatenate(pairs).reshape(-1, words.shape[1])

    def _partners(
        self, words: np.ndarray, share: tuple[float, float], rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """A partner for each word, uniformly from those in the share, (n, slots), and whether there is one, (n,)."""
        partners, count = words.copy(), np.zeros(len(words), np.int64)
        first = (words != self._blank).argmax(axis=1)
        length = (words != self._blank).sum(axis=1)
        answers = self.solve(words)
        for position in range(self.max_length):
            for shift in range(1, self._blank):
                rows = np.flatnonzero(position < length)
                edited, slots = words[rows], first[rows] + position
                edited[np.arange(len(rows)), slots] = (words[rows, slots] + shift) % self._blank
                changed = (self.solve(edited) != answers[rows]).any(axis=1)
                rows, edited = rows[changed], edited[changed]
                if len(rows) == 0:
                    continue
                held = in_share(self.canonical(edited), self.hash_key, share)
                rows, edited = rows[held], edited[held]
                count[rows] += 1
                taken = rng.random(len(rows)) * count[rows] < 1  # the k-th candidate with probability 1/k: all alike
                partners[rows[taken]] = edited[taken]
        return partners, count > 0

    @property
    def _neighbours(self) -> int:
        """Number of words with other answers that differ by one symbol: most words have at least so many."""
        return (self.max_length - 2) * (self._blank - 1)

    def _paired_words(self) -> float:
        """The number of words of training lengths that have so many neighbours, about."""
        return float(sum(self._blank ** int(length) for length in self._lengths("id")[0]))

    def _lengths(self, region: str) -> tuple[np.ndarray, np.ndarray]:
        """The lengths of a region and their probabilities."""
        times = {"id": 0, "twice": 1, "thrice": 2}[region]
        lengths = np.arange(1, self.max_length + 1) + times * self.max_length
        weights = np.minimum(float(self._blank) ** lengths, RARE)
        return lengths, weights / weights.sum()

    def _last(self, span: int, inputs: np.ndarray) -> np.ndarray:
        """Apply the rule to the last `span` symbols of the word; the others are replaced by blanks."""
        there = inputs != self._blank
        behind = np.cumsum(there[:, ::-1], axis=1)[:, ::-1]  # symbols from here to the end of the word
        return self.solve(np.where(there & (behind > span), self._blank, inputs))


@dataclass(frozen=True)
class EvenPairs(Language):
    """Whether the number of pairs of different neighbours in the word is even or odd.

    It is even if the first symbol equals the last one. So two distant positions decide, and they vary with the input.
    Example: abbaa has the pairs ab and ba, so the target is "even"; abbab has ab, ba and ab, so it is "odd".
    """

    name: ClassVar[str] = "even-pairs"

    @property
    def outputs(self) -> Space:
        """Whether it is odd: 0 or 1, (1,)."""
        return Space((1,), 2, "vector", (0.0, 1.0))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Count the changes of symbol between neighbouring slots, modulo 2, (n, slots) -> (n, 1)."""
        here, following = inputs[:, :-1], inputs[:, 1:]
        unlike = (here != following) & (here != self._blank) & (following != self._blank)
        return unlike.sum(axis=1, keepdims=True) % 2

    def describe_target(self, target: np.ndarray) -> str:
        """The target, "even" or "odd"."""
        return "odd" if target[0] else "even"

    @property
    def _neighbours(self) -> int:
        return 2  # the first and the last symbol


@dataclass(frozen=True)
class Walk(Language, abc.ABC):
    """Base class of languages that are walks on a cycle: every symbol is a move, the target is the final state.

    The blank is a move by 0, so that every slot has a state: these states are the intermediate steps.
    """

    cycle: ClassVar[int]

    @property
    def outputs(self) -> Space:
        """The state, a number modulo the cycle, (1,)."""
        return Space((1,), self.cycle, "vector", tuple(map(float, range(self.cycle))))

    @property
    def scratchpad(self) -> Space:
        """The state after each slot, (3 * max_length,)."""
        return Space(self.inputs.shape, self.cycle, "sequence", self.outputs.values)

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Sum of all moves modulo the cycle, (n, slots) -> (n, 1)."""
        return self._moves(inputs).sum(axis=1, keepdims=True) % self.cycle

    def _scratchpad(self, inputs: np.ndarray) -> np.ndarray:
        return (np.cumsum(self._moves(inputs), axis=1) % self.cycle).astype(np.uint8)

    def _moves(self, inputs: np.ndarray) -> np.ndarray:
        """The move of each slot, (n, slots)."""
        return np.array([*self.symbols, 0], np.int64)[inputs]


@dataclass(frozen=True)
class Parity(Walk):
    """Whether the number of b's in the word is even or odd.

    Example: abbab has three, so the target is "odd". The intermediate steps are the running parities: 0 1 0 0 1.
    """

    name: ClassVar[str] = "parity"
    cycle: ClassVar[int] = 2

    def describe_target(self, target: np.ndarray) -> str:
        """The target, "even" or "odd"."""
        return "odd" if target[0] else "even"


@dataclass(frozen=True)
class CycleNavigation(Walk):
    """Sum of the moves of a word modulo 5, from state 0: a is 0, b is +1, c is -1.

    Example: bbcab leads to the states 1, 2, 1, 1 and 2, so the target is "state 2"; the states are the intermediate
    steps.
    """

    name: ClassVar[str] = "cycle-navigation"
    symbols: ClassVar[tuple[Value, ...]] = (0.0, 1.0, -1.0)
    cycle: ClassVar[int] = 5

    def describe_target(self, target: np.ndarray) -> str:
        """The state, such as "state 2"."""
        return f"state {int(target[0])}"


@dataclass(frozen=True)
class ReverseString(Language):
    """Reverse the word in place.

    Example: ..abb..... becomes ..bba...... The reversed word stays in the same slots, with blanks around it, so that
    the permutation of the slots depends on the position and the length of the word. A reflection about the middle of
    the input would be one fixed permutation for all lengths, which every linear learner finds.
    """

    name: ClassVar[str] = "reverse-string"

    @property
    def outputs(self) -> Space:
        """Equal to the input space, (3 * max_length,)."""
        return self.inputs

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """copy: correct for palindromes only; last-k: correct for words of at most k symbols."""
        return {"copy": np.copy, **super().heuristics}

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Reflect the word about its own middle, (n, slots) -> (n, slots)."""
        there = inputs != self._blank
        slots = np.arange(inputs.shape[1])
        first = there.argmax(axis=1)[:, None]
        last = inputs.shape[1] - 1 - there[:, ::-1].argmax(axis=1)[:, None]
        source = np.where(there, first + last - slots, slots)
        return np.take_along_axis(inputs, source, axis=1)

    def describe_target(self, target: np.ndarray) -> str:
        """The output in letters, dots for blanks."""
        return self.describe(target)
