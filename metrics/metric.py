"""The `Metric` base class and its subclasses: name, direction, chance level, scoring, and values per example.

The formulas are in scores.py, calibration.py, bits.py and rules.py. Metrics are independent of tasks and learners.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .bits import mixed_bits, score_bits
from .calibration import score_calibrated
from .rules import score_rule_values, score_rules
from .scores import Scored, marginal, score_classes, score_posterior, score_values, standard_error

CODE_BITS = "code_bits"
"""Name of the bits that it takes to encode the targets of an example: the sum over its outputs of -log2 of the
predicted probability, after mixing with the training marginal (metrics/bits.py). Code lengths are sums of it."""

CODE = (CODE_BITS, f"{CODE_BITS}_error")


@dataclass(frozen=True)
class Expected:
    """What predictions for n examples are compared with.

    targets    (n, outputs)
    training   (m, outputs): all training targets; some metrics use their marginal
    slices     (n,) or (n, outputs) labels that a score is broken down by
    posterior  (n, outputs, classes): the Bayes-optimal prediction, if targets are sampled from a posterior
    answers    name of a rule -> (n, 1): the predictions of the two rules of a riddle
    """

    targets: np.ndarray
    training: np.ndarray
    slices: Mapping[str, np.ndarray] = field(default_factory=dict)
    posterior: np.ndarray | None = None
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)


class Metric(abc.ABC):
    """Base class of metrics: scores the predictions for one split.

    name                key of the main value in `Scored.metrics`: "score", "accuracy" or "bits"; "rules" for riddles
    greater_is_better   False if lower values are better
    chance              value of the best constant prediction, if it is the same for all data; None if it depends on
                        the split: then it is the value "chance" of `Scored.metrics`
    optimum_known       whether the best possible value is known, so that underfitting can be detected
    per_example_metric  name of the metric that `Scored.per_example` is stored with
    probabilistic       values that need predicted probabilities; they are not defined for predictors of classes only
    """

    name: ClassVar[str]
    greater_is_better: ClassVar[bool] = True
    chance: ClassVar[float | None] = None
    optimum_known: ClassVar[bool] = True
    per_example_metric: ClassVar[str]
    probabilistic: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        """Score predictions: probabilities (n, outputs, classes), or (n, outputs) values where targets are real."""

    def training_fit(self, metrics: Mapping[str, float]) -> float:  # noqa: ARG002
        """Goodness of fit to the training targets, from their scores: 1 at best, NaN if it is not defined."""
        return math.nan

    def calibrated(
        self,
        predicted: Mapping[str, np.ndarray],  # noqa: ARG002
        expected: Mapping[str, Expected],  # noqa: ARG002
    ) -> dict[str, dict[str, float]]:
        """Additional metrics by split, after a calibration that is fitted on examples of the split "id".

        predicted, expected  by split, without the training splits
        """
        return {}

    @property
    def needs_probabilities(self) -> bool:
        """Whether the metric is defined only for predicted probabilities."""
        return self.name in self.probabilistic


class ExactMatch(Metric):
    """Exact match of all outputs, on the scale from chance (0) to 1, for deterministic classes."""

    name = "score"
    chance = 0.0
    per_example_metric = "score"
    probabilistic = ("log_loss", *CODE)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return _with_code_bits(score_classes(predicted, expected.targets, expected.slices), predicted, expected)

    def training_fit(self, metrics: Mapping[str, float]) -> float:
        score = metrics["score"]
        return metrics["exact_match"] if math.isnan(score) else score


class SquaredError(Metric):
    """Mean squared error of real targets, on the scale from chance (0) to 1."""

    name = "score"
    chance = 0.0
    per_example_metric = "mse"

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_values(predicted, expected.targets, expected.slices)

    def training_fit(self, metrics: Mapping[str, float]) -> float:
        return metrics["score"] if metrics["chance"] > 0 else math.nan


class PosteriorDistance(Metric):
    """Squared distance to the Bayes posterior of ambiguous targets, on the scale from chance (0) to 1."""

    name = "score"
    chance = 0.0
    per_example_metric = "squared_distance"
    probabilistic = (
        *("score", "score_error", "squared_distance", "information", "log_loss", *CODE),
        *("mass", "mass_error", "support", "support_error"),
    )

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        if expected.posterior is None:
            raise ValueError("examples of an ambiguous task have no posterior; expected Examples.posterior")
        training_marginal = marginal(expected.training, predicted.shape[-1])
        scored = score_posterior(predicted, expected.targets, expected.posterior, training_marginal, expected.slices)
        return _with_code_bits(scored, predicted, expected)

    def calibrated(
        self, predicted: Mapping[str, np.ndarray], expected: Mapping[str, Expected]
    ) -> dict[str, dict[str, float]]:
        """Return "score_calibrated" and its error, and the "temperature" (metrics/calibration.py)."""
        posteriors = {name: own.posterior for name, own in expected.items() if own.posterior is not None}
        return score_calibrated(predicted, posteriors)


class Accuracy(Metric):
    """Accuracy: the share of correct outputs, for real data without a known rule."""

    name = "accuracy"
    per_example_metric = "exact_match"
    probabilistic = ("log_loss", *CODE)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        scored = score_classes(predicted, expected.targets, expected.slices, with_oracle=False)
        return _with_code_bits(scored, predicted, expected)

    def training_fit(self, metrics: Mapping[str, float]) -> float:
        return metrics["exact_match"]


class Bits(Metric):
    """Bits per symbol, for data of which the best possible value is unknown."""

    name = "bits"
    greater_is_better = False
    optimum_known = False
    per_example_metric = "bits"
    probabilistic = ("bits", "bits_error", "log_loss", *CODE)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        scored = score_bits(predicted, expected.targets, expected.training, expected.slices)
        return _with_code_bits(scored, predicted, expected)


@dataclass(frozen=True)
class RuleShares(Metric):
    """Shares of the predictions that follow each of two rules, for riddles, which have no correct answer.

    tolerance  of real targets (metrics/rules.py); None: the targets are classes
    """

    name = "rules"
    per_example_metric = "neither"

    tolerance: float | None = None

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        if self.tolerance is None:
            return score_rules(predicted, expected.answers)
        return score_rule_values(predicted, expected.answers, self.tolerance)


def _with_code_bits(scored: Scored, predicted: np.ndarray, expected: Expected) -> Scored:
    """Add CODE_BITS and its standard error to the metrics of predicted probabilities."""
    bits = mixed_bits(predicted, expected.targets, expected.training).sum(axis=1)  # (n,)
    scored.metrics.update({CODE_BITS: float(bits.mean()), f"{CODE_BITS}_error": standard_error(bits)})
    return scored
