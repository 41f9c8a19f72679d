"""Riddles: two rules fit the training data and disagree on the OOD split (Goodman's new riddle of induction).

There is no correct answer on the OOD split. A riddle measures which of the two rules a learner follows there, or that
it follows neither. Each of the five riddles contrasts two cues that learners can rely on.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, product
from typing import ClassVar

import numpy as np

from .base import MAX_EMPTY_BLOCKS, Examples, Heuristic, Split, Task
from .pools import digests, shares
from .spaces import Space
from .truth import Truth, TwoRules

TRAIN = (0.0, 0.75)
"""The share, by hash, of the problems on which the rules agree that belongs to training."""

MAX_PROBLEMS = 2**19
"""Largest number of problems of a riddle: all of them are listed in memory."""

CERTAIN = 20.0
"""Events of probability exp(-CERTAIN) or less are neglected."""

PATTERNS = np.array([row for row in product((0, 1), repeat=4) if row[0] == 0 and any(row)])
"""The seven patterns of two letters on four positions that start with the first letter (0): 0001, 0010, ... 0111."""

PATTERN = (0, 1)
"""The pair of tokens before the answer in riddle-position."""


@dataclass(frozen=True)
class Riddle(Task, abc.ABC):
    """Base class of riddles: sequences of tokens with one output, two rules, and a list of all problems.

    The region "id" contains the problems on which the two rules agree, "apart" those on which they differ. Targets of
    "apart" are those of the first rule, by convention; no metric uses them.

    length    number of tokens of an input
    alphabet  number of different tokens
    """

    family: ClassVar[str] = "riddle"

    length: int
    alphabet: int

    def __post_init__(self) -> None:
        if self.alphabet < 2 or self.length < 2 or self.alphabet**self.length > MAX_PROBLEMS:  # noqa: PLR2004
            raise ValueError(
                f"length={self.length}, alphabet={self.alphabet}; "
                f"expected 2 or more, and alphabet**length <= {MAX_PROBLEMS}"
            )

    @property
    @abc.abstractmethod
    def rules(self) -> Mapping[str, Heuristic]:
        """The two rules, (n, length) -> (n, 1)."""

    @property
    def classes(self) -> int:
        """Number of classes."""
        return self.alphabet

    @property
    def truth(self) -> Truth:
        """Two rules: the metric is the share of predictions that follow each."""
        return TwoRules(self.rules)

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The two rules themselves."""
        return self.rules

    @property
    def inputs(self) -> Space:
        """A sequence of tokens, (length,)."""
        return Space((self.length,), self.alphabet, layout="sequence")

    @property
    def outputs(self) -> Space:
        """One class, (1,)."""
        return Space((1,), self.classes)

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: share of problems on which the rules disagree, 1. Every seed has the same examples of "apart"."""
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split("apart", "conflict", 1.0, region="apart", fixed=True),
        )

    def problems(self) -> np.ndarray:
        """List every problem, (problems, length); by default all sequences."""
        return _sequences(self.length, self.alphabet)

    def strata(self, inputs: np.ndarray) -> np.ndarray:
        """Kinds of problems that are equally likely, (n,) integers; by default the class that the first rule gives."""
        return next(iter(self.rules.values()))(inputs)[:, 0].astype(np.int64)

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n problems, with all strata equally likely."""
        pools = _by_stratum(self)[region]
        sizes = np.array([len(pool) for pool in pools])
        starts = np.cumsum(sizes) - sizes
        pool = rng.integers(len(pools), size=n)
        inputs = np.concatenate(pools)[starts[pool] + rng.integers(sizes[pool])].astype(np.int64)
        return Examples(inputs, next(iter(self.rules.values()))(inputs))

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself: different inputs are different problems."""
        return inputs

    def capacity(self, split: str) -> int:
        """Number of problems of the split, less the few that sampling with replacement may miss."""
        source = self.split(split)
        pools = _by_stratum(self)[source.region]
        rarest = len(pools) * max(map(len, pools))  # the rarest problem is sampled with probability 1 / rarest
        missed = math.floor(rarest * CERTAIN / (MAX_EMPTY_BLOCKS * self.block))
        return max(_count(self, source.region, *source.share) - missed, 0)

    def describe(self, example: np.ndarray) -> str:
        """The tokens as letters."""
        return " ".join(_letter(token) for token in example)

    def describe_target(self, target: np.ndarray) -> str:
        """The class as a letter."""
        return _letter(target[0])


@dataclass(frozen=True)
class RiddleToken(Riddle):
    """Riddle of local or global cue: the last token, or the sum of all tokens modulo the alphabet.

    For two tokens the sum is the parity. Example, with tokens 0..3: training contains 1 3 2 2 0 3 1 2 -> 2. The last
    token is 2, and so is the sum, 14, modulo 4. On 1 3 2 2 0 3 2 2, whose sum is 15, "token" gives 2 and "parity" 3.
    """

    name: ClassVar[str] = "riddle-token"

    length: int = 8
    alphabet: int = 4

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """token: the last token. parity: the sum of all tokens, modulo the alphabet."""
        return {"token": lambda inputs: inputs[:, -1:], "parity": self._parity}

    @property
    def inputs(self) -> Space:
        """Tokens that stand for numbers, (length,)."""
        return Space((self.length,), self.alphabet, "sequence", tuple(map(float, range(self.alphabet))))

    def describe(self, example: np.ndarray) -> str:
        """The numbers."""
        return " ".join(map(str, example))

    def describe_target(self, target: np.ndarray) -> str:
        """The number."""
        return str(target[0])

    def _parity(self, inputs: np.ndarray) -> np.ndarray:
        return inputs.sum(1, keepdims=True) % self.alphabet


@dataclass(frozen=True)
class RiddlePosition(Riddle):
    """Riddle of position or pattern: the token after "a b", at one fixed position or at any position.

    An input without the pattern has the class of its last token. In training the pattern is at `position` or absent.

    Example, with position 3: training contains d b c A B D a c a -> d and, without the pattern, d b c a c b a d A ->
    a. On A B C d a c b b d, where the pattern is at another position, "position" gives d, as without the pattern, and
    "pattern" gives c.

    position  where the pattern is in training, from 0
    """

    name: ClassVar[str] = "riddle-position"
    version: ClassVar[int] = 2
    renamed: ClassVar[Mapping[str, str]] = {"place": "position"}

    length: int = 9
    alphabet: int = 4
    position: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.position <= self.length - 3:
            raise ValueError(f"position={self.position}; expected 0..{self.length - 3}, to leave room for the answer")

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """position: the token after the pattern at its position of training. pattern: the token after it anywhere."""
        return {"position": self._at_position, "pattern": self._anywhere}

    def problems(self) -> np.ndarray:
        """List the sequences that contain the pattern at most once, elsewhere only where the rules differ."""
        rows = super().problems()
        starts = _pattern_starts(rows)
        rows, starts = rows[starts.sum(1) <= 1], starts[starts.sum(1) <= 1]
        elsewhere = starts.any(1) & ~starts[:, self.position]
        return rows[~elsewhere | (self._at_position(rows) != self._anywhere(rows))[:, 0]]

    def strata(self, inputs: np.ndarray) -> np.ndarray:
        """The class of the first rule, with the pattern and without it."""
        return 2 * super().strata(inputs) + _pattern_starts(inputs).any(1)

    def _at_position(self, inputs: np.ndarray) -> np.ndarray:
        there = _pattern_starts(inputs)[:, self.position]
        return np.where(there, inputs[:, self.position + 2], inputs[:, -1])[:, None]

    def _anywhere(self, inputs: np.ndarray) -> np.ndarray:
        starts = _pattern_starts(inputs)[:, :-1]  # no token follows a pattern at the last position
        answer = np.take_along_axis(inputs, starts.argmax(1)[:, None] + 2, axis=1)
        return np.where(starts.any(1, keepdims=True), answer, inputs[:, -1:])


@dataclass(frozen=True)
class RiddleRelation(Riddle):
    """Riddle of identity or relation: the first token, or the pattern of equal and different tokens.

    Two tokens fill the first four positions in one of seven patterns, xxxy to xyyy (as in the syllables of Marcus et
    al. 1999); the other positions are filler. Each pattern starts with one of `alphabet / 7` tokens in training.

    Example: training contains e c e c | k b -> xyxy, and e and l start no other pattern. On e c c e | k b, "identity"
    gives xyxy, because of e, and "relation" gives xyyx.

    length  number of positions, the four of the pattern and the filler after them
    """

    name: ClassVar[str] = "riddle-relation"

    length: int = 6
    alphabet: int = 14

    def __post_init__(self) -> None:
        filler = self.length - PATTERNS.shape[1]
        if filler < 0 or self.alphabet < len(PATTERNS) or self.alphabet % len(PATTERNS):
            raise ValueError(
                f"length={self.length}, alphabet={self.alphabet}; expected at least {PATTERNS.shape[1]}, "
                f"and a multiple of {len(PATTERNS)}"
            )
        if len(PATTERNS) * self.alphabet ** (2 + filler) > MAX_PROBLEMS:
            raise ValueError(f"length={self.length}, alphabet={self.alphabet}; more than {MAX_PROBLEMS} problems")

    @property
    def classes(self) -> int:
        """Number of patterns."""
        return len(PATTERNS)

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """identity: the pattern that starts with the first token in training. relation: the pattern of the input."""
        return {"identity": lambda inputs: inputs[:, :1] % len(PATTERNS), "relation": _relation}

    def problems(self) -> np.ndarray:
        """List every pair of tokens in every pattern, with every filler."""
        pairs = _sequences(2, self.alphabet)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        heads = pairs[:, PATTERNS].reshape(-1, PATTERNS.shape[1])
        tails = _sequences(self.length - PATTERNS.shape[1], self.alphabet)
        return np.hstack([np.repeat(heads, len(tails), axis=0), np.tile(tails, (len(heads), 1))])

    def describe(self, example: np.ndarray) -> str:
        """The four positions, then the filler after a bar."""
        four = PATTERNS.shape[1]
        return super().describe(example[:four]) + " | " * (self.length > four) + super().describe(example[four:])

    def describe_target(self, target: np.ndarray) -> str:
        """The pattern."""
        return "".join("xy"[letter] for letter in PATTERNS[target[0]])


@dataclass(frozen=True)
class RiddleNeighbour(Riddle):
    """Riddle of similarity or rule: the most similar prototype, or a single reliable token.

    Every class has a prototype. An input is a first token and a prototype with some tokens altered. In training the
    first token is always that of the class: one reliable cue against many unreliable ones.

    Example, with the prototypes b c d e a b c d e (class a) and c d e a b c d e a (class b): training contains
    a | b c d a a b e d d -> a. On b | b c d a a b e d d, "neighbour" gives a and "rule" gives b.

    length   number of tokens, the first one and the prototype after it
    altered  number of tokens of the prototype that are replaced by others
    """

    name: ClassVar[str] = "riddle-neighbour"

    length: int = 10
    alphabet: int = 5
    altered: int = 3

    def __post_init__(self) -> None:
        body = self.length - 1
        if self.alphabet < 2 or not 0 <= 2 * self.altered < body:  # noqa: PLR2004
            raise ValueError(f"{self.altered} of {body} tokens altered; expected less than half, and 2 kinds of tokens")
        if self.alphabet**2 * math.comb(body, self.altered) * (self.alphabet - 1) ** self.altered > MAX_PROBLEMS:
            raise ValueError(f"{self}; more than {MAX_PROBLEMS} problems")

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        """neighbour: the class of the prototype that most tokens agree with. rule: the first token."""
        return {"neighbour": self._nearest, "rule": lambda inputs: inputs[:, :1]}

    @property
    def prototypes(self) -> np.ndarray:
        """The prototype of each class, (alphabet, length - 1); at every position each token occurs once."""
        return (np.arange(self.alphabet)[:, None] + np.arange(1, self.length)) % self.alphabet

    def problems(self) -> np.ndarray:
        """List every first token with every alteration of every prototype."""
        body = self.length - 1
        offsets = 1 + _sequences(self.altered, self.alphabet - 1)
        changes = np.zeros((math.comb(body, self.altered), len(offsets), body), np.int64)
        for change, positions in zip(changes, combinations(range(body), self.altered), strict=True):
            change[:, positions] = offsets
        bodies = (self.prototypes[:, None] + changes.reshape(-1, body)).reshape(-1, body) % self.alphabet
        first = np.repeat(np.arange(self.alphabet), len(bodies))[:, None]
        return np.hstack([first, np.tile(bodies, (self.alphabet, 1))])

    def describe(self, example: np.ndarray) -> str:
        """The first token, then the others after a bar."""
        return f"{_letter(example[0])} | {super().describe(example[1:])}"

    def _nearest(self, inputs: np.ndarray) -> np.ndarray:
        agree = np.stack([(inputs[:, 1:] == prototype).sum(1) for prototype in self.prototypes], axis=1)
        return agree.argmax(1)[:, None]


def _letter(token: int) -> str:
    return chr(ord("a") + token)


def _sequences(length: int, alphabet: int) -> np.ndarray:
    """All sequences of tokens, (alphabet ** length, length)."""
    return np.indices((alphabet,) * length, dtype=np.int8).reshape(length, alphabet**length).T


def _pattern_starts(inputs: np.ndarray) -> np.ndarray:
    """Whether PATTERN starts at each position, (n, length - 1)."""
    return (inputs[:, :-1] == PATTERN[0]) & (inputs[:, 1:] == PATTERN[1])


def _relation(inputs: np.ndarray) -> np.ndarray:
    """The pattern: positions that differ from the first, read as a binary number; 001 is the first pattern."""
    unlike = inputs[:, 1 : PATTERNS.shape[1]] != inputs[:, :1]
    return (unlike @ np.array([4, 2, 1]) - 1)[:, None]


@cache
def _by_stratum(task: Riddle) -> dict[str, list[np.ndarray]]:
    """The problems of each region, one array for each stratum."""
    rows = np.ascontiguousarray(task.problems().astype(np.int8))
    first, second = (rule(rows)[:, 0] for rule in task.rules.values())
    agree, strata = first == second, task.strata(rows)
    return {
        region: [rows[where & (strata == stratum)] for stratum in np.unique(strata[where])]
        for region, where in (("id", agree), ("apart", ~agree))
    }


@cache
def _count(task: Riddle, region: str, low: float, high: float) -> int:
    """Number of problems of a region in a share, counted exactly."""
    share = shares(digests(np.concatenate(_by_stratum(task)[region]), task.hash_key))
    return int(((share >= low) & (share < high)).sum())
