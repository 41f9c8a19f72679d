"""N-gram model with interpolated Kneser-Ney smoothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from .base import Learner, Predictor, Problem, Spec
from .parameters import choice, number

ENCODING = "symbols"

DISCOUNT = 0.5
"""Discount of counts if no count is 1, so that it cannot be estimated."""


@dataclass(frozen=True)
class NGram(Learner):
    """Interpolated Kneser-Ney n-gram model: smoothed counts of the next symbol after the last few symbols.

    A context seen N times, before T different classes, gives class c the probability (its count - D) / N, and backs off
    with the remaining weight, D T / N, to the context that is one symbol shorter; the shortest backs off to the uniform
    distribution. The longest context counts examples; in a shorter one the count of a class is the number of different
    symbols that preceded context and class, so that a class that is frequent after a single symbol only is not taken
    for frequent. D is n1 / (n1 + 2 n2) for each length, with n1 and n2 the numbers of pairs that were counted once and
    twice. Kneser & Ney, ICASSP 1995; in the interpolated form of Chen & Goodman, Computer Speech and Language 13, 1999,
    without their three discounts.

    Only the targets are counted, as for the other learners; so contexts and classes need not share an alphabet.

    context   maximum number of last symbols in a context
    encoding  symbols as they are: equal or not
    """

    name = "ngram"

    context: int = number(5, at_least=0)
    encoding: str = choice(ENCODING, [ENCODING])

    def accepts(self, spec: Spec) -> str | None:
        if spec.inputs.layout != "sequence":
            return f"n-grams need symbols in order; the inputs are a {spec.inputs.layout}"
        if spec.inputs.alphabet is None:
            return "n-grams count symbols; the inputs are real numbers"
        if spec.outputs.alphabet is None or spec.outputs.size != 1:
            return "n-grams predict one symbol, the next"
        return None

    def fit(self, problem: Problem) -> Predictor:
        classes = problem.output_space.alphabet or 0
        alphabet = problem.input_space.alphabet or 0
        contexts, rows = _contexts(problem.inputs, alphabet, self.context)
        pairs, counts = np.unique(rows * classes + problem.targets[:, 0], return_counts=True)
        levels: list[Level] = []
        for codes in reversed(contexts):  # from the longest context to the empty one
            row, column = np.divmod(pairs, classes)
            levels.append(_level(codes, row, column, counts, classes))
            pairs, counts = np.unique(codes[row] // alphabet * classes + column, return_counts=True)
        return NGramPredictor(levels[::-1], alphabet, classes)


@dataclass(frozen=True)
class Level:
    """Statistics of the contexts of one length, m of them.

    codes       (m,): alphabet * row of the context without its oldest symbol + that symbol, ascending
    discounted  (m, classes): discounted probabilities of the classes
    backoff     (m,): back-off weight for the shorter context
    """

    codes: np.ndarray
    discounted: sparse.csr_array
    backoff: np.ndarray


@dataclass
class NGramPredictor(Predictor):
    """A fitted n-gram model: levels from the empty context to the longest."""

    levels: list[Level]
    alphabet: int
    classes: int

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        rows = np.zeros(len(inputs), np.int64)  # row of the context in its level; -1: not seen in training
        predicted = np.full((len(inputs), self.classes), 1 / self.classes)
        for length, level in enumerate(self.levels):
            if length:
                rows = _context_rows(level.codes, rows, inputs[:, -length], self.alphabet)
            seen = np.flatnonzero(rows >= 0)
            found = rows[seen]
            predicted[seen] = level.discounted[found].toarray() + level.backoff[found, None] * predicted[seen]
        return predicted[:, None]


def _contexts(inputs: np.ndarray, alphabet: int, longest: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The codes of the contexts of each length from 0 up, and the row of each example (n,) in the longest.

    A context is numbered through its shorter one, so that no code exceeds examples times alphabet.
    """
    contexts, rows = [np.zeros(1, np.int64)], np.zeros(len(inputs), np.int64)
    for length in range(1, min(longest, inputs.shape[1]) + 1):
        codes, rows = np.unique(rows * alphabet + inputs[:, -length], return_inverse=True)
        contexts.append(codes)
    return contexts, rows


def _level(codes: np.ndarray, row: np.ndarray, column: np.ndarray, counts: np.ndarray, classes: int) -> Level:
    """Discount the counts of the pairs (row, column) of a level."""
    once, twice = np.count_nonzero(counts == 1), np.count_nonzero(counts == 2)  # noqa: PLR2004
    discount = once / (once + 2 * twice) if once else DISCOUNT
    total = np.bincount(row, counts, len(codes))
    discounted = sparse.csr_array(((counts - discount) / total[row], (row, column)), shape=(len(codes), classes))
    return Level(codes, discounted, discount * np.bincount(row, minlength=len(codes)) / total)


def _context_rows(codes: np.ndarray, shorter: np.ndarray, symbols: np.ndarray, alphabet: int) -> np.ndarray:
    """Rows of contexts in their level, given the rows of the shorter contexts and the preceding symbols; or -1."""
    searched = shorter * alphabet + symbols
    rows = np.minimum(np.searchsorted(codes, searched), len(codes) - 1)
    return np.where((shorter >= 0) & (codes[rows] == searched), rows, -1)
