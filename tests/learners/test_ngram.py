"""Interpolated Kneser-Ney: worked by hand, against the formula written out symbol by symbol, and what makes it it."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from grue.learners.base import Problem, Spec
from grue.learners.ngram import NGram
from grue.tasks.spaces import Space


def problem(inputs: list[list[int]], targets: list[int], alphabet: int, classes: int) -> Problem:
    given = np.array(inputs)
    space = Space((given.shape[1],), alphabet, "sequence")
    return Problem(given, np.array(targets)[:, None], space, Space((1,), classes), seed=0)


def test_worked_by_hand() -> None:
    """0 -> 1 twice, 0 -> 0, 1 -> 1.

    After one symbol two pairs were seen once and one twice: D = 2 / (2 + 2) = 1/2. After none, 1 counts 2, as it
    followed both symbols, and 0 counts 1: D = 1 / (1 + 2) = 1/3, and 1 has (2 - 1/3) / 3 + 1/3 * 2/3 * 1/2 = 2/3.
    So after 0, 1 has (2 - 1/2) / 3 + 1/2 * 2/3 * 2/3 = 13/18, and after 1, (1 - 1/2) / 1 + 1/2 * 2/3 = 5/6.
    """
    fitted = NGram(context=1).fit(problem([[0], [0], [0], [1]], [1, 1, 0, 1], 3, 2))
    predicted = fitted.predict(np.array([[0], [1], [2]]))[:, 0]
    assert predicted == pytest.approx(np.array([[5 / 18, 13 / 18], [1 / 6, 5 / 6], [1 / 3, 2 / 3]]))


def written_out(given: Problem, context: int, row: np.ndarray) -> np.ndarray:
    """The prediction for one row, from dictionaries: another way than the learner's."""
    classes = given.output_space.alphabet or 0
    pairs = [(tuple(x[len(x) - context :]), y) for x, (y,) in zip(given.inputs.tolist(), given.targets, strict=True)]
    levels = [Counter(pairs)]
    while len(levels) <= context:
        levels.append(Counter((before[1:], y) for before, y in levels[-1]))  # each pair counts once
    predicted = np.full(classes, 1 / classes)
    for length, counts in enumerate(reversed(levels)):
        after = defaultdict(lambda: np.zeros(classes))
        for (before, y), count in counts.items():
            after[before][y] += count
        own = after.get(tuple(row[len(row) - length :].tolist()))
        if own is not None:
            once, twice = (sum(count == times for count in counts.values()) for times in (1, 2))
            discount = once / (once + 2 * twice) if once else 0.5
            kept = np.where(own > 0, own - discount, 0) / own.sum()
            predicted = kept + discount * (own > 0).sum() / own.sum() * predicted
    return predicted


@pytest.mark.parametrize(("n", "context"), [(1, 2), (30, 0), (400, 3), (400, 9)])
def test_is_the_formula_written_out(n: int, context: int) -> None:
    rng = np.random.default_rng(n)
    inputs = np.minimum(rng.geometric(0.4, (n, 5)) - 1, 5)
    targets = (inputs[:, -1] + inputs[:, -2] + rng.integers(0, 2, n)) % 7
    given = problem(inputs.tolist(), targets.tolist(), 6, 7)
    tests = rng.integers(0, 6, (50, 5))
    predicted = NGram(context).fit(given).predict(tests)
    assert predicted.sum(-1) == pytest.approx(1)
    assert predicted[:, 0] == pytest.approx(np.array([written_out(given, min(context, 5), row) for row in tests]))


def test_what_is_frequent_after_one_symbol_alone_is_not_taken_for_frequent() -> None:
    """ "Francisco" follows "San" only: elsewhere, a rarer word that follows many others is likelier."""
    inputs = [[0]] * 20 + [[symbol] for symbol in range(1, 6)]
    fitted = NGram(context=1).fit(problem(inputs, [0] * 20 + [1] * 5, 7, 2))
    after_san, after_a_stranger = fitted.predict(np.array([[0], [6]]))[:, 0]
    assert after_san[0] > 0.9
    assert after_a_stranger[1] > after_a_stranger[0]


def test_says_what_it_cannot_do() -> None:
    symbols, letter = Space((4,), 5, "sequence"), Space((1,), 3)
    assert NGram().accepts(Spec(symbols, letter)) is None
    assert "in order; the inputs are a bag" in (NGram().accepts(Spec(Space((4,), 5, "bag"), letter)) or "")
    assert "real numbers" in (NGram().accepts(Spec(Space((4,), None, "sequence"), letter)) or "")
    for outputs in (Space((2,), 3), Space((1,), None)):
        assert "one symbol" in (NGram().accepts(Spec(symbols, outputs)) or "")
    with pytest.raises(ValueError, match="context is -1; expected a whole number from 0 up"):
        NGram(context=-1)
    with pytest.raises(ValueError, match="encoding is 'onehot'; expected symbols"):
        NGram(encoding="onehot")
