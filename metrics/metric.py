"""The `Metric` base class and its subclasses: name, direction, chance level, scoring, and values per example.

The formulas are in scores.py, bits.py and rules.py. Metrics are independent of tasks and learners.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from .bits import score_bits
from .rules import score_rules
from .scores import (
    Scored,
    information_fit,
    log_loss,
    marginal,
    score_classes,
    score_posterior,
    score_values,
)


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

    name            key of the main value in `Scored.metrics`: "score", "accuracy" or "bits"; "rules" for riddles
    less_is_better  True if lower values are better
    chance          value of the best constant prediction, if it is the same for all data; None if it depends on the
                    split: then it is the value "chance" of `Scored.metrics`
    attainable      whether the best possible value is known, so that underfitting of training targets can be detected
    per_example     name of the metric that `Scored.each` is stored under
    probabilistic   values that need predicted probabilities; they are not defined for predictors of classes only
    """

    name: ClassVar[str]
    less_is_better: ClassVar[bool] = False
    chance: ClassVar[float | None] = None
    attainable: ClassVar[bool] = True
    per_example: ClassVar[str]
    probabilistic: ClassVar[tuple[str, ...]] = ()

    @abc.abstractmethod
    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        """Score predictions: probabilities (n, outputs, classes), or (n, outputs) values where targets are real."""

    def fitted(self, metrics: Mapping[str, float]) -> float:  # noqa: ARG002
        """Goodness of fit to the training targets, from their scores: 1 at best, NaN if it is not defined."""
        return math.nan

    def memorised(
        self,
        predicted: np.ndarray,  # noqa: ARG002
        expected: Expected,  # noqa: ARG002
        memory: Callable[[], np.ndarray],  # noqa: ARG002
    ) -> dict[str, float]:
        """Additional metrics of predictions for training examples, relative to a lookup table of these examples.

        memory  returns the predictions of the lookup table, of the shape of `predicted`
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
    per_example = "score"
    probabilistic = ("log_loss",)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_classes(predicted, expected.targets, expected.slices)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        score = metrics["score"]
        return metrics["exact_match"] if math.isnan(score) else score


class SquaredError(Metric):
    """Mean squared error of real targets, on the scale from chance (0) to 1."""

    name = "score"
    chance = 0.0
    per_example = "score"

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_values(predicted, expected.targets, expected.slices)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        return metrics["score"] if metrics["chance"] > 0 else math.nan


class PosteriorDistance(Metric):
    """Squared distance to the Bayes posterior of ambiguous targets, on the scale from chance (0) to 1."""

    name = "score"
    chance = 0.0
    per_example = "score"
    probabilistic = ("score", "score_error", "squared_distance", "information", "log_loss")

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        if expected.posterior is None:
            raise ValueError("examples of an ambiguous task have no posterior; expected Examples.posterior")
        known = marginal(expected.training, predicted.shape[-1])
        return score_posterior(predicted, expected.targets, expected.posterior, known, expected.slices)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        return metrics.get("fit", math.nan)

    def memorised(
        self, predicted: np.ndarray, expected: Expected, memory: Callable[[], np.ndarray]
    ) -> dict[str, float]:
        """Return "fit": the degree to which the sampled targets are memorised (metrics.scores.information_fit)."""
        table, targets = memory(), expected.targets
        known = np.broadcast_to(marginal(targets, table.shape[-1]), table.shape)
        given = [log_loss(probabilities, targets) for probabilities in (predicted, table, known)]
        return {"fit": information_fit(*given)}


class Accuracy(Metric):
    """Accuracy: the share of correct outputs, for real data without a known rule."""

    name = "accuracy"
    per_example = "exact_match"
    probabilistic = ("log_loss",)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_classes(predicted, expected.targets, expected.slices, with_oracle=False)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        return metrics["exact_match"]


class Bits(Metric):
    """Bits per symbol, for data of which the best possible value is unknown."""

    name = "bits"
    less_is_better = True
    attainable = False
    per_example = "bits"
    probabilistic = ("bits", "bits_error", "log_loss")

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_bits(predicted, expected.targets, expected.training, expected.slices)


class RuleShares(Metric):
    """Shares of the predictions that follow each of two rules, for riddles, which have no correct answer."""

    name = "rules"
    per_example = "neither"

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_rules(predicted, expected.answers)
