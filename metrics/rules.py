"""Which of two rules do answers follow, and do the seeds of a learner follow the same one: where nothing is right.

An answer is coded as 0 (the first rule's), 1 (the second's) or 2 + class (neither's), so that two predictors of the
same inputs gave equal answers where their codes are equal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .scores import Scored, standard_error

NEITHER = 2
"""The first code of answers that follow neither rule."""


@dataclass(frozen=True)
class Agreement:
    """How alike several predictors answer.

    equal  mean share of equal answers over their pairs
    kappa  the same above chance (Cohen 1960): 0 if each answers as often by each rule as it does but on inputs of its
           own choice, 1 if all answer alike. NaN where chance alone makes them equal: all follow one rule throughout
    """

    equal: float
    kappa: float


def score_rules(predicted: np.ndarray, answers: Mapping[str, np.ndarray]) -> Scored:
    """Shares of the answers that follow each of two rules, and neither.

    predicted  (n, 1, classes) probabilities, of at most 126 classes; ties go to the lower class
    answers    what each rule says, (n, 1), never the same

    Metrics: "follows[name]" for each rule, "neither", and the standard error of each with "_error" behind it.
    `each` is the code of every answer, int8.
    """
    given = predicted.argmax(-1)  # (n, 1)
    first, second = answers.values()
    codes = np.select([given == first, given == second], [0, 1], NEITHER + given)[:, 0]
    shares = {f"follows[{name}]": codes == code for code, name in enumerate(answers)} | {"neither": codes >= NEITHER}
    metrics = {name: float(share.mean()) for name, share in shares.items()}
    metrics |= {f"{name}_error": standard_error(share) for name, share in shares.items()}
    return Scored(metrics, codes.astype(np.int8))


def agreement(codes: np.ndarray) -> Agreement:
    """Compare the codes of several predictors, (predictors, n), pair by pair; NaN where there is one alone.

    kappa is the ratio of means over the pairs, which a single pair without any spread does not undo.
    """
    pairs = list(combinations(codes, 2))
    if not pairs:
        return Agreement(math.nan, math.nan)
    equal = float(np.mean([one == other for one, other in pairs]))
    kinds = int(codes.max()) + 1
    shares = [np.bincount(row, minlength=kinds) / len(row) for row in codes]
    by_chance = float(np.mean([one @ other for one, other in combinations(shares, 2)]))
    # Shares sum to 1 but for rounding errors.
    return Agreement(equal, (equal - by_chance) / (1 - by_chance) if by_chance < 1 - 1e-9 else math.nan)
