"""Languages of three states: `no-aa`, strictly local, and `a-before-b`, piecewise testable.

Both are star-free, so a network needs no counting modulo a number, as it does for parity. Their classes in the
subregular hierarchy: Rogers & Pullum, "Aural pattern recognition experiments and the subregular hierarchy", Journal of
Logic, Language and Information 20, 2011; benchmark of such languages: van der Poel et al., "MLRegTest", JMLR 25, 2024,
from which the pairs at edit distance 1 are.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Heuristic, Split
from .languages import RARE, Language
from .spaces import Space, Value


@dataclass(frozen=True)
class Automaton(Language, abc.ABC):
    """Base class of the languages that a small automaton accepts; the question is whether a word is in the language.

    The automaton starts in state 0 and reads the word; the answer depends on the last state. Words in the language and
    words outside are equally likely, in every split, and words of one length and answer are equally likely. The states
    are the intermediate steps; the blank changes no state.

    The headline split is "edit": in the others, statistics of a word often suffice.

    transitions  (states, symbols): the next state
    accepting    (states,): whether a word that ends in this state is in the language
    """

    version: ClassVar[int] = 1
    transitions: ClassVar[tuple[tuple[int, ...], ...]]
    accepting: ClassVar[tuple[bool, ...]]

    max_length: int = 12

    @property
    def outputs(self) -> Space:
        """Whether the word is in the language: 0 or 1, (1,)."""
        return Space((1,), 2, "vector", (0.0, 1.0))

    @property
    def scratchpad(self) -> Space:
        """The state after each slot, (3 * max_length,)."""
        return Space(self.inputs.shape, len(self.accepting), "sequence")

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: length of the longest word; of "edit" the number of symbols in which a pair differs."""
        return (
            Split("train", share=(0.0, 0.5)),
            Split("exposed", region="edit", share=(0.5, 0.7)),
            Split("id", share=(0.7, 0.8)),
            Split("edit", "edit", 1, headline=True, region="edit", share=(0.8, 1.0)),
            Split("twice", "length", 2 * self.max_length, region="twice"),
            Split("thrice", "length", 3 * self.max_length, region="thrice"),
        )

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Run the automaton, (n, slots) -> (n, 1)."""
        return np.array(self.accepting, np.int64)[self._states(inputs)[:, -1:]]

    def describe_target(self, target: np.ndarray) -> str:
        """The target, "in" or "out"."""
        return "in" if target[0] else "out"

    def _scratchpad(self, inputs: np.ndarray) -> np.ndarray:
        return self._states(inputs)

    def _states(self, inputs: np.ndarray) -> np.ndarray:
        """The state after each slot, (n, slots)."""
        following = np.array(self.transitions, np.uint8)
        following = np.concatenate([following, np.arange(len(following), dtype=np.uint8)[:, None]], axis=1)
        states, state = np.empty(inputs.shape, np.uint8), np.zeros(len(inputs), np.uint8)
        for slot in range(inputs.shape[1]):
            states[:, slot] = state = following[state, inputs[:, slot]]
        return states

    def _words(self, region: str, n: int, rng: np.random.Generator) -> np.ndarray:
        """Sample n words of a region: the answer, then the length, then a word of these uniformly, (n, slots)."""
        lengths = self._lengths(region)[0]
        counts = continuations(self.transitions, self.accepting, int(lengths[-1]))  # (answers, lengths, states)
        answer, length = rng.integers(2, size=n), np.empty(n, np.int64)
        for one in (0, 1):
            weights = np.minimum(counts[one, lengths, 0], RARE)
            rows = np.flatnonzero(answer == one)
            length[rows] = rng.choice(lengths, size=len(rows), p=weights / weights.sum())
        first = rng.integers(self.inputs.size - length + 1)
        following = np.array(self.transitions)
        words = np.full((n, self.inputs.size), self._blank, np.uint8)
        state = np.zeros(n, np.int64)
        for position in range(int(lengths[-1])):
            rows = np.flatnonzero(position < length)
            left = length[rows] - position - 1
            ahead = counts[answer[rows, None], left[:, None], following[state[rows]]].cumsum(axis=1)  # (rows, symbols)
            symbol = (rng.random((len(rows), 1)) * ahead[:, -1:] >= ahead).sum(axis=1)
            words[rows, first[rows] + position] = symbol
            state[rows] = following[state[rows], symbol]
        return words

    @property
    def _neighbours(self) -> int:
        return 2

    def _paired_words(self) -> float:
        counts = continuations(self.transitions, self.accepting, self.max_length)
        return 2 * float(counts[:, 1:, 0].sum(axis=1).min())


@cache
def continuations(transitions: tuple[tuple[int, ...], ...], accepting: tuple[bool, ...], max_length: int) -> np.ndarray:
    """The number of words of each length that lead from a state to each answer, (answers, 1 + max_length, states)."""
    counts = np.zeros((2, 1 + max_length, len(accepting)))
    counts[1, 0], counts[0, 0] = accepting, np.logical_not(accepting)
    for length in range(1, 1 + max_length):
        counts[:, length] = counts[:, length - 1][:, np.array(transitions)].sum(axis=-1)
    counts.flags.writeable = False
    return counts


@dataclass(frozen=True)
class NoAA(Automaton):
    """Whether no two a's follow each other in a word of a, b and c.

    Strictly 2-local: a word is in the language if each pair of neighbours is allowed. Example: abaca is "in", abaac is
    "out". States: 0 after b or c, 1 after one a, 2 after aa.
    """

    name: ClassVar[str] = "no-aa"
    symbols: ClassVar[tuple[Value, ...]] = (0.0, 1.0, 2.0)
    transitions: ClassVar[tuple[tuple[int, ...], ...]] = ((1, 0, 0), (2, 0, 0), (2, 2, 2))
    accepting: ClassVar[tuple[bool, ...]] = (True, True, False)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """few-a: "in" if less than three in ten symbols are a; last-k: the rule on a quarter of max_length symbols."""
        span = self.max_length // 4
        return {"few-a": self._few_a, f"last-{span}": super().heuristics[f"last-{span}"]}

    def _few_a(self, inputs: np.ndarray) -> np.ndarray:
        share = (inputs == 0).sum(axis=1) / (inputs != self._blank).sum(axis=1)
        return (share < 0.3).astype(np.int64)[:, None]  # noqa: PLR2004 -- between the means of the two answers


@dataclass(frozen=True)
class ABeforeB(Automaton):
    """Whether some a comes before some b, with any symbols between them, in a word of a, b, c and d.

    Piecewise testable: it depends on the subsequences of the word of length 2. Example: bcadcbd is "in", bcbdaca is
    "out". States: 0 before the first a, 1 after it, 2 after a b behind it.
    """

    name: ClassVar[str] = "a-before-b"
    symbols: ClassVar[tuple[Value, ...]] = (0.0, 1.0, 2.0, 3.0)
    transitions: ClassVar[tuple[tuple[int, ...], ...]] = ((1, 0, 0, 0), (1, 2, 1, 1), (2, 2, 2, 2))
    accepting: ClassVar[tuple[bool, ...]] = (False, False, True)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """order: "in" if the a's are further left than the b's on average; last-k: as for `no-aa`."""
        span = self.max_length // 4
        return {"order": self._order, f"last-{span}": super().heuristics[f"last-{span}"]}

    def _order(self, inputs: np.ndarray) -> np.ndarray:
        slots = np.arange(inputs.shape[1])
        a, b = inputs == 0, inputs == 1
        # means compared without division; a word without a or without b is out
        left = (a * slots).sum(axis=1) * b.sum(axis=1) < (b * slots).sum(axis=1) * a.sum(axis=1)
        return left.astype(np.int64)[:, None]
