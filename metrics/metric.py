"""A metric: its name and direction, the level of chance, how predictions are scored, and the values per example.

The formulas are in scores.py, bits.py and rules.py. Nothing here knows a task or a learner.
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
    """What predictions of n examples are compared with.

    targets    (n, outputs)
    training   (m, outputs): all training targets, of which some metrics need the marginal
    groups     slices: (n,) or (n, outputs) labels that a score is broken down by
    posterior  (n, outputs, classes): the Bayes-optimal prediction, where targets are drawn from one
    answers    name of a rule -> (n, 1): what each of two rules says, where there is no right answer
    """

    targets: np.ndarray
    training: np.ndarray
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    posterior: np.ndarray | None = None
    answers: Mapping[str, np.ndarray] = field(default_factory=dict)


class Metric(abc.ABC):
    """One way to score predictions.

    name            what tables and figures show: "score", "accuracy", "bits" or "rules"
    less_is_better  its direction
    chance          what the best constant prediction gets, where that is the same for all data; None where it depends
                    on the split: then it is the value "chance" of `Scored.metrics`
    attainable      whether the best possible value is known, so that a poor fit to training targets can be told
    per_example     which of the values `Scored.each` is stored with
    probabilistic   the values that need predicted probabilities; a predictor that only names a class does not have them
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
        """How well training targets are fitted, from their scores: 1 at the best, NaN where that cannot be told."""
        return math.nan

    def memorised(
        self,
        predicted: np.ndarray,  # noqa: ARG002
        expected: Expected,  # noqa: ARG002
        memory: Callable[[], np.ndarray],  # noqa: ARG002
    ) -> dict[str, float]:
        """Further values of predictions for training examples: how they compare with a table of these.

        memory  gives the table's predictions, of the shape of `predicted`
        """
        return {}

    @property
    def needs_probabilities(self) -> bool:
        """Whether predicted classes alone cannot be scored."""
        return self.name in self.probabilistic


class ExactMatch(Metric):
    """Exact match above chance, of deterministic classes."""

    name = "score"
    chance = 0.0
    per_example = "score"
    probabilistic = ("log_loss",)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_classes(predicted, expected.targets, expected.groups)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        score = metrics["score"]
        return metrics["exact_match"] if math.isnan(score) else score


class SquaredError(Metric):
    """Mean squared error of real targets, on the scale from chance to 1."""

    name = "score"
    chance = 0.0
    per_example = "score"

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_values(predicted, expected.targets, expected.groups)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        return metrics["score"] if metrics["chance"] > 0 else math.nan


class PosteriorDistance(Metric):
    """Squared distance to the Bayes posterior of ambiguous targets, on the scale from chance to 1."""

    name = "score"
    chance = 0.0
    per_example = "score"
    probabilistic = ("score", "score_error", "squared_distance", "information", "log_loss")

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        if expected.posterior is None:
            raise ValueError("examples of an ambiguous task have no posterior; expected Examples.posterior")
        known = marginal(expected.training, predicted.shape[-1])
        return score_posterior(predicted, expected.targets, expected.posterior, known, expected.groups)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        return metrics.get("fit", math.nan)

    def memorised(
        self, predicted: np.ndarray, expected: Expected, memory: Callable[[], np.ndarray]
    ) -> dict[str, float]:
        """Give "fit": how much of the sampled targets is memorised (metrics.scores.information_fit)."""
        table, targets = memory(), expected.targets
        known = np.broadcast_to(marginal(targets, table.shape[-1]), table.shape)
        given = [log_loss(probabilities, targets) for probabilities in (predicted, table, known)]
        return {"fit": information_fit(*given)}


class Accuracy(Metric):
    """Share of right outputs, of real data without a rule."""

    name = "accuracy"
    per_example = "exact_match"
    probabilistic = ("log_loss",)

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_classes(predicted, expected.targets, expected.groups, with_oracle=False)

    def fitted(self, metrics: Mapping[str, float]) -> float:
        return metrics["exact_match"]


class Bits(Metric):
    """Bits a symbol, of data of which nobody knows how few are possible."""

    name = "bits"
    less_is_better = True
    attainable = False
    per_example = "bits"
    probabilistic = ("bits", "bits_error", "log_loss")

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_bits(predicted, expected.targets, expected.training, expected.groups)


class RuleShares(Metric):
    """Shares of the answers that follow each of two rules, where there is no right answer."""

    name = "rules"
    per_example = "neither"

    def score(self, predicted: np.ndarray, expected: Expected) -> Scored:
        return score_rules(predicted, expected.answers)
