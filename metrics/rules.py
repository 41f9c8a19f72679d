"""Metrics of riddles: shares of predictions that follow each of two rules, and agreement between seeds.

A prediction is coded as 0 (that of the first rule), 1 (that of the second) or 2 + class (neither). Two predictors made
the same prediction for an input exactly if their codes are equal. Of real targets every prediction that follows neither
rule has the code 2.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from .scores import Scored, standard_error

NEITHER = 2
"""The first code of predictions that follow neither rule."""


@dataclass(frozen=True)
class Agreement:
    """Agreement between several predictors.

    equal  share of equal predictions, mean over pairs of predictors
    kappa  the same above chance (Cohen 1960): 0 if predictors with the same shares were independent, 1 if all
           predictions are equal. NaN if chance agreement is 1, as when all predictors always follow one rule
    """

    equal: float
    kappa: float


def score_rules(predicted: np.ndarray, answers: Mapping[str, np.ndarray]) -> Scored:
    """Shares of the predictions that follow each of two rules, and neither.

    predicted  (n, 1, classes) probabilities, of at most 126 classes; ties go to the lower class
    answers    predictions of each rule, (n, 1), which differ in every example

    Metrics: "follows[name]" for each rule, "neither", and the standard error of each with the suffix "_error".
    `per_example` is the code of every prediction, int8.
    """
    classes = predicted.argmax(-1)  # (n, 1)
    first, second = answers.values()
    codes = np.select([classes == first, classes == second], [0, 1], NEITHER + classes)[:, 0]
    return Scored(_shares(codes, answers), codes.astype(np.int8))


def score_rule_values(predicted: np.ndarray, answers: Mapping[str, np.ndarray], tolerance: float) -> Scored:
    """Shares of real predictions that follow each of two rules, and neither.

    predicted  (n, 1) values
    answers    values of each rule, (n, 1), which differ in every example
    tolerance  below 0.5: a prediction follows the rule whose value is nearer, unless it is further from it than this
               share of the distance between the two values

    Metrics: as of `score_rules`, and "interpolation" with its error: the mean position on the line between the two
    values, 0 at the first rule and 1 at the second. `per_example` is the code of every prediction, int8.
    """
    first, second = answers.values()
    position = ((predicted - first) / (second - first))[:, 0]  # (n,)
    near = [np.abs(position) <= tolerance, np.abs(position - 1) <= tolerance]
    codes = np.select(near, [0, 1], NEITHER)
    metrics = _shares(codes, answers)
    metrics |= {"interpolation": float(position.mean()), "interpolation_error": standard_error(position)}
    return Scored(metrics, codes.astype(np.int8))


def _shares(codes: np.ndarray, answers: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The share of each kind of code, (n,), and its standard error."""
    shares = {f"follows[{name}]": codes == code for code, name in enumerate(answers)} | {"neither": codes >= NEITHER}
    metrics = {name: float(share.mean()) for name, share in shares.items()}
    return metrics | {f"{name}_error": standard_error(share) for name, share in shares.items()}


def agreement(codes: np.ndarray) -> Agreement:
    """Agreement between the codes of several predictors, (predictors, n), over pairs; NaN for one predictor.

    kappa is a ratio of means over pairs, so that it is defined even if one pair has a chance agreement of 1.
    """
    pairs = list(combinations(codes, 2))
    if not pairs:
        return Agreement(math.nan, math.nan)
    equal = float(np.mean([one == other for one, other in pairs]))
    kinds = int(codes.max()) + 1
    shares = [np.bincount(row, minlength=kinds) / len(row) for row in codes]
    by_chance = float(np.mean([one @ other for one, other in combinations(shares, 2)]))
    # Shares sum to 1 up to rounding errors.
    return Agreement(equal, (equal - by_chance) / (1 - by_chance) if by_chance < 1 - 1e-9 else math.nan)
