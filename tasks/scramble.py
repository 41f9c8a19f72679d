"""Scramble: predict the hidden number of "a + b = c"; ordered it is determined, as a bag it has a distribution."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .pools import SpaceExhaustedError, digests, shares
from .spaces import Space
from .truth import Posterior, Truth

HASH_KEY = "scramble"
TRAIN = (0.0, 0.6)
"""The share, by hash, of the visible pairs that belongs to training; the same pairs in both tasks."""

PRIORS = ("bounded", "flat")
"""How the terms a and b are distributed: uniformly in [-A, A], or uniformly over all integers."""

MAX_ANSWERS = 3
"""Largest number of possible hidden numbers for a visible pair {x, y}: x + y, x - y and y - x."""

NUMBERS = ("a", "b", "c")
IN_ORDER = (0, 2, 4)
"""The positions of a, b and c in "a + b = c"."""

REVERSED = (2, 4, 0)
"""The positions of a, b and c in "c = a + b"."""


@dataclass(frozen=True)
class Scramble(Task, abc.ABC):
    """Base class of the scramble tasks: equations, tokens, and splits by visible pair.

    Tokens: the numbers -2A..2A in order (token = number + 2A), then "+", "=" and the blank. A problem is the unordered
    pair of visible numbers, regardless of which number is hidden.

    limit  A: with the bounded prior a and b are uniform integers in [-A, A]; with the flat prior the visible numbers
           are in [-A, A]
    prior  "bounded", or "flat": a and b are uniform over all integers, given that the visible numbers are in [-A, A].
           Then every pair of visible numbers has all of its answers, x + y, x - y and y - x
    """

    family: ClassVar[str] = "scramble"
    distinct: ClassVar[bool] = False

    limit: int = 20
    prior: str = "bounded"

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise ValueError(f"prior={self.prior!r}; expected one of {', '.join(PRIORS)}")
        if not 4 <= self.limit <= 200:  # noqa: PLR2004 -- nothing is far below, the tables are too big above
            raise ValueError(f"limit={self.limit}; expected 4..200")

    @property
    def inputs(self) -> Space:
        """Five positions, one of them the blank; number tokens have their value."""
        values = (*map(float, range(-2 * self.limit, 2 * self.limit + 1)), None, None, None)
        return Space((5,), alphabet=len(values), layout="sequence", values=values)

    @property
    def outputs(self) -> Space:
        """The hidden number, one of 4A + 1 classes, (1,)."""
        values = self.inputs.values or ()
        return Space((1,), alphabet=4 * self.limit + 1, values=values[: 4 * self.limit + 1])

    @property
    def hash_key(self) -> str:
        """One key for both tasks, so that they have the same pairs in training."""
        return HASH_KEY

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The visible pair as numbers, smaller first, (n, 2)."""
        return _visible(inputs, self.limit) - 2 * self.limit

    def capacity(self, split: str) -> None:
        """No limit: examples are sampled i.i.d. within a split."""
        self.split(split)

    def describe(self, example: np.ndarray) -> str:
        """The five tokens as text."""
        numbers = [str(number) for number in range(-2 * self.limit, 2 * self.limit + 1)]
        return " ".join([*numbers, "+", "=", "_"][token] for token in example)

    def describe_target(self, target: np.ndarray) -> str:
        """The hidden number."""
        return str(int(target[0]) - 2 * self.limit)

    def _sample_rows(self, rows: np.ndarray, region: str, n: int, rng: np.random.Generator) -> np.ndarray:
        """Sample n rows of the table of equations uniformly from `rows`."""
        if len(rows) == 0:
            raise SpaceExhaustedError(f"{self.name}: region {region!r} is empty with limit={self.limit}; raise it")
        return rows[rng.integers(len(rows), size=n)]

    def _sum(self, inputs: np.ndarray) -> np.ndarray:
        """Predict x + y, clipped to the range of the classes."""
        return self._clipped(self.canonical(inputs).sum(1, keepdims=True))

    def _larger_minus_smaller(self, inputs: np.ndarray) -> np.ndarray:
        """Predict y - x for x <= y, clipped to the range of the classes."""
        return self._clipped(np.diff(self.canonical(inputs), axis=1))

    def _three_ways(self, inputs: np.ndarray) -> np.ndarray:
        """Probability 1/3 each for x + y, x - y and y - x, as if a and b had no limit, (n, 1, classes)."""
        difference = self._larger_minus_smaller(inputs)
        ways = np.concatenate([self._sum(inputs), difference, 4 * self.limit - difference], axis=1)
        return _spread(ways, np.full(ways.shape, 1 / MAX_ANSWERS), 4 * self.limit + 1)

    def _clipped(self, numbers: np.ndarray) -> np.ndarray:
        """Classes of numbers, clipped to +-2A."""
        return numbers.clip(-2 * self.limit, 2 * self.limit) + 2 * self.limit


@dataclass(frozen=True)
class ScrambleBag(Scramble):
    """Hidden number of "a + b = c" with the tokens in random order: a posterior over up to three numbers.

    Example, with A = 50: {=, 32, _, 44, +} may be 32 + 44 = 76, or 12 + 32 = 44 with the 12 hidden, or 44 + -12 = 32
    with the -12 hidden, each with its terms in either order. All are equally likely, so the posterior is 1/3 for each
    of 76, 12 and -12. With A = 20, {=, 15, _, -18, +} has one answer, -3: a term cannot be 33 or -33.
    """

    name: ClassVar[str] = "scramble-bag"

    @property
    def truth(self) -> Truth:
        """The posterior over the hidden number."""
        return Posterior(self.posterior)

    @property
    def inputs(self) -> Space:
        """A bag of five tokens, one of them the blank."""
        space = super().inputs
        return Space(space.shape, space.alphabet, "bag", space.values)

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: lower bound of the smaller magnitude of a visible pair, in units of A."""
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split("far", "magnitude", 0.5, headline=True, region="far", share=(0.0, 0.5)),
            Split("exposed", region="far", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Two rules with one answer for each bag, and the posterior without the limit on a and b."""
        return {
            "always-sum": self._sum,
            "larger-minus-smaller": self._larger_minus_smaller,
            "three-ways": self._three_ways,
        }

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n equations of a region, hide a number of each, shuffle the tokens.

        slices: "answers", the number of possible hidden numbers, (n,).
        """
        table = _equations(self.limit, self.prior)
        rows = self._sample_rows(_bag_rows(self.limit, self.prior, region), region, n, rng)
        plus = 4 * self.limit + 1
        slots = np.concatenate([table.visible[rows], np.tile([plus, plus + 1, plus + 2], (n, 1))], axis=1)
        answers = (table.chances[table.codes[rows]] > 0).sum(1)
        inputs = rng.permuted(slots, axis=1)
        return Examples(inputs, table.hidden[rows, None], self.posterior(inputs), slices={"answers": answers})

    def posterior(self, inputs: np.ndarray) -> np.ndarray:
        """Posterior probabilities of the hidden number, (n, 1, classes), counted over all (a, b, hidden).

        Raises ValueError for a bag that results from no equation.
        """
        table = _equations(self.limit, self.prior)
        visible = _visible(inputs, self.limit)
        codes = visible[:, 0] * (4 * self.limit + 1) + visible[:, 1]
        if len(impossible := np.flatnonzero(table.chances[codes, 0] == 0)):
            raise ValueError(
                f"{self.name}: {self.describe(inputs[impossible[0]])} results from no equation with "
                f"{'a and b' if self.prior == 'bounded' else 'visible numbers'} in -{self.limit}..{self.limit}"
            )
        return _spread(table.answers[codes], table.chances[codes], 4 * self.limit + 1)

    def describe(self, example: np.ndarray) -> str:
        """The bag as text, such as "{=, 32, _, 44, +}"."""
        return "{" + ", ".join(super().describe(example).split()) + "}"


@dataclass(frozen=True)
class ScrambleOrdered(Scramble):
    """Hidden number of "a + b = c" with the tokens in order: one answer, the control of scramble-bag.

    Example: "7 + _ = 12" -> 5. Training has the form "a + b = c" only. The split "order" has the form "c = a + b", such
    as "_ = 7 + 5" -> 12 or "12 = 7 + _" -> 5: the signs determine which number is the sum, the positions do not.
    """

    name: ClassVar[str] = "scramble-ordered"

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity of far: as for the bag; of order: numbers at other positions; of equation: unseen visible pairs."""
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 0.75)),
            Split("far", "magnitude", 0.5, headline=True, region="far", share=(0.0, 0.5)),
            Split("order", "order", 3, region="order", share=(0.75, 0.85)),
            Split("unseen-equation", "equation", 3, region="unseen-equation", share=(0.85, 1.0)),
            Split("exposed", region="far", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Two rules that ignore the order, and one that ignores the signs and uses the positions of training."""
        return {
            "always-sum": self._sum,
            "three-ways": self._three_ways,
            "fixed-positions": self._fixed_positions,
        }

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n equations of a region and hide a number of each.

        slices: "answers", the number of possible hidden numbers without the order, and "hidden", a, b or c, (n,).
        """
        table = _equations(self.limit, self.prior)
        rows = self._sample_rows(_ordered_rows(self.limit, self.prior, region), region, n, rng)
        plus = 4 * self.limit + 1
        numbers = table.numbers[rows] + 2 * self.limit
        numbers[np.arange(n), table.blank[rows]] = plus + 2
        inputs = np.empty((n, 5), np.int64)
        inputs[:, REVERSED if region == "order" else IN_ORDER] = numbers
        inputs[:, [3, 1] if region == "order" else [1, 3]] = [plus, plus + 1]
        answers = (table.chances[table.codes[rows]] > 0).sum(1)
        slices = {"answers": answers, "hidden": np.array(NUMBERS)[table.blank[rows]]}
        return Examples(inputs, table.hidden[rows, None], slices=slices)

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Determine from the signs which number is the sum, then add or subtract, (n, 5) -> (n, 1).

        Raises ValueError for inputs that are neither of the form "a + b = c" nor "c = a + b".
        """
        _visible(inputs, self.limit)
        plus = 4 * self.limit + 1
        turned = inputs[:, 1] == plus + 1
        signs = np.where(turned[:, None], inputs[:, [3, 1]], inputs[:, [1, 3]])
        if len(odd := np.flatnonzero((signs != [plus, plus + 1]).any(1))):
            raise ValueError(
                f"{self.name}: {self.describe(inputs[odd[0]])!r} is neither of the form 'a + b = c' nor 'c = a + b'"
            )
        numbers = np.where(turned[:, None], inputs[:, REVERSED], inputs[:, IN_ORDER])
        return self._missing(numbers) + 2 * self.limit

    def _fixed_positions(self, inputs: np.ndarray) -> np.ndarray:
        """Treat the number at the last position as the sum, regardless of the signs."""
        return self._clipped(self._missing(inputs[:, IN_ORDER]))

    def _missing(self, numbers: np.ndarray) -> np.ndarray:
        """The number that makes a + b = c true, (n, 1), from the tokens of a, b and c, (n, 3), one of them blank."""
        blank = numbers == 4 * self.limit + 3
        a, b, c = np.where(blank, 0, numbers - 2 * self.limit).T
        gap = a + b - c
        return np.where(blank[:, 2], gap, -gap)[:, None]


@dataclass(frozen=True, eq=False)
class Equations:
    """Table of all m triples (a, b, hidden), which are equally likely.

    numbers  (m, 3): a, b and c
    number   (m,): the equation that a triple belongs to
    blank    (m,): which of the three is hidden
    hidden   (m,): the hidden number's token
    visible  (m, 2): the tokens of the other two, smaller first
    codes    (m,): the visible pair as one number, its row in `answers` and `chances`
    answers  (pairs, 3): tokens of the possible hidden numbers for a visible pair
    chances  (pairs, 3): their probabilities; 0 if there are fewer than three
    share    (m,): hash of the visible pair as a number in [0, 1)
    far      (m,): both visible magnitudes are above A/2
    train    (m,): the visible pair is in the train split
    known    (m,): the visible tokens and all possible answers occur in training
    """

    numbers: np.ndarray
    number: np.ndarray
    blank: np.ndarray
    hidden: np.ndarray
    visible: np.ndarray
    codes: np.ndarray
    answers: np.ndarray
    chances: np.ndarray
    share: np.ndarray
    far: np.ndarray
    train: np.ndarray
    known: np.ndarray


@cache
def _equations(limit: int, prior: str) -> Equations:
    """Enumerate all triples; the splits and the posterior are defined by this table alone."""
    classes = 4 * limit + 1
    numbers, number, blank = _triples(limit, prior)
    every = np.arange(len(numbers))
    hidden = numbers[every, blank] + 2 * limit
    others = np.array([(1, 2), (0, 2), (0, 1)])[blank]
    visible = np.sort(numbers[every[:, None], others], axis=1) + 2 * limit
    codes = visible[:, 0] * classes + visible[:, 1]
    answers, chances = _count(codes, hidden, classes)
    pairs, inverse = np.unique(codes, return_inverse=True)
    hashed = digests(np.stack(np.divmod(pairs, classes), axis=1) - 2 * limit, HASH_KEY)
    share = shares(hashed)[inverse]
    far = 2 * np.abs(visible - 2 * limit).min(1) > limit
    train = ~far & (share >= TRAIN[0]) & (share < TRAIN[1])
    possible = (chances == 0) | np.isin(answers, hidden[train])
    known = np.isin(visible, visible[train]).all(1) & possible[codes].all(1)
    return Equations(numbers, number, blank, hidden, visible, codes, answers, chances, share, far, train, known)


def _triples(limit: int, prior: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """a, b and c of each triple, (m, 3), the number of its equation and which of the three is hidden, (m,).

    With the flat prior the triples are those of a and b in [-2A, 2A] whose visible numbers are in [-A, A]. A hidden
    number is the sum or the difference of the visible ones, so larger terms add no triple.
    """
    reach = limit if prior == "bounded" else 2 * limit
    span = 2 * reach + 1
    a, b, blank = (axis.ravel() for axis in np.indices((span, span, len(NUMBERS))))
    a, b = a - reach, b - reach
    numbers = np.stack([a, b, a + b], axis=1)
    number = np.arange(len(numbers)) // len(NUMBERS)
    if prior == "bounded":
        return numbers, number, blank
    is_visible = blank[:, None] != np.arange(len(NUMBERS))
    allowed = ((np.abs(numbers) <= limit) | ~is_visible).all(1)
    return numbers[allowed], number[allowed], blank[allowed]


def _count(codes: np.ndarray, hidden: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """The possible hidden numbers of each visible pair and their frequencies, (classes^2, 3) each."""
    joint, counts = np.unique(codes * classes + hidden, return_counts=True)
    pair, answer = np.divmod(joint, classes)
    way = np.arange(len(pair)) - np.searchsorted(pair, pair)
    answers = np.zeros((classes**2, MAX_ANSWERS), np.int64)
    chances = np.zeros((classes**2, MAX_ANSWERS))
    answers[pair, way] = answer
    chances[pair, way] = counts
    return answers, chances / np.maximum(chances.sum(1, keepdims=True), 1)


@cache
def _bag_rows(limit: int, prior: str, region: str) -> np.ndarray:
    """The equations of a region of the bag: complete pairs, so that the posterior is valid within the region."""
    table = _equations(limit, prior)
    return np.flatnonzero(table.known & (table.far if region == "far" else ~table.far))


@cache
def _ordered_rows(limit: int, prior: str, region: str) -> np.ndarray:
    """The equations of a region in order: those of the bag whose numbers occur in training at the same positions."""
    table = _equations(limit, prior)
    wanted = table.known & (table.far if region == "far" else ~table.far)
    if region == "unseen-equation":
        wanted &= ~_equation_seen(table)
    for number in range(len(NUMBERS)):
        shown = table.blank != number
        wanted &= ~shown | np.isin(table.numbers[:, number], table.numbers[table.train & shown, number])
    return np.flatnonzero(wanted)


def _equation_seen(table: Equations) -> np.ndarray:
    """Whether any of the three visible pairs of an equation is in the train split, (m,)."""
    return np.isin(table.number, table.number[table.train])


def _visible(inputs: np.ndarray, limit: int) -> np.ndarray:
    """The tokens of the two visible numbers, smaller first, (n, 2); ValueError unless the others are +, = and _."""
    plus = 4 * limit + 1
    slots = np.sort(inputs, axis=1)  # numbers come before the signs
    if len(odd := np.flatnonzero((slots[:, 2:] != [plus, plus + 1, plus + 2]).any(1) | (slots[:, 1] >= plus))):
        raise ValueError(f"tokens {inputs[odd[0]].tolist()}; expected two numbers, a plus, an equals sign and a blank")
    return slots[:, :2]


def _spread(answers: np.ndarray, chances: np.ndarray, classes: int) -> np.ndarray:
    """Distributions (n, 1, classes) with `chances` (n, k) at `answers` (n, k); chances of repeated answers add up."""
    spread = np.zeros((len(answers), 1, classes))
    for way in range(answers.shape[1]):
        spread[np.arange(len(answers)), 0, answers[:, way]] += chances[:, way]
    return spread
