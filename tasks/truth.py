"""What is known of the right answers of a task: a rule, a posterior, labels of real data, or two rules that part."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ..metrics.metric import Accuracy, ExactMatch, Expected, Metric, PosteriorDistance, RuleShares, SquaredError
from ..metrics.scores import Scored
from .spaces import Space, read_only

if TYPE_CHECKING:
    from .base import Examples, Heuristic

LARGEST = 8
"""Of a predicted distribution over ambiguous targets so many probabilities are kept."""

IN_DISTRIBUTION = ("train", "id")
"""The splits on which the two rules of a riddle agree."""


class Truth(abc.ABC):
    """What is known of the right answers of a task, and so how predictions are scored.

    Example: `Rule(task.solve, task.outputs)` is the truth of most tasks. Its oracle is `task.solve`, its metric is
    exact match above chance, or the squared error where the outputs are real numbers.

    ambiguous  whether targets are drawn from a posterior
    ranked     whether the task enters means over tasks: it is on the common scale, and there is something to find
    oracle     the best possible predictor: inputs (n, *shape) -> targets (n, outputs) or, where targets are ambiguous,
               probabilities (n, outputs, classes); None where it is not known
    rules      the two rules of a riddle, (n, *shape) -> (n, 1)
    """

    ambiguous: ClassVar[bool] = False

    @property
    def ranked(self) -> bool:
        return False

    @property
    def oracle(self) -> Heuristic | None:
        return None

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        return {}

    @property
    @abc.abstractmethod
    def metric(self) -> Metric:
        """What tables and figures show of the task."""

    def metric_on(self, split: str) -> Metric:  # noqa: ARG002
        """What the split of that name is scored by."""
        return self.metric

    def expected(self, split: str, examples: Examples, training: Examples) -> Expected:  # noqa: ARG002
        """What predictions of `examples` are compared with, after learning from `training`."""
        return Expected(examples.targets, training.targets, examples.groups)

    def score(self, predicted: np.ndarray, split: str, examples: Examples, training: Examples) -> Scored:
        """Score what a learner predicted for the examples of a split, after learning from `training`."""
        return self.metric_on(split).score(predicted, self.expected(split, examples, training))

    def abridged(self, predicted: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
        """What is kept of predictions for n examples, (n, outputs, classes) or (n, outputs): flat arrays, row by row.

        kind "class": `classes`, the likeliest of each output (n * outputs), and `values`, the probability of the target
        (n; of all its outputs together); kind "value": `values`, what is predicted of real targets (n * outputs).
        Values are rounded to three significant digits, which halves the file.
        """
        if predicted.shape == targets.shape:
            return {"kind": "value", "classes": None, "values": _shortened(predicted)}
        given = np.take_along_axis(predicted, targets[..., None], axis=-1)[..., 0].prod(axis=1)
        classes = predicted.argmax(-1).astype(np.int16).ravel()
        return {"kind": "class", "classes": classes, "values": _shortened(given)}

    def describe(self) -> dict[str, Any]:
        """How the plan of a run records it, as plain JSON."""
        return {
            "ambiguous": self.ambiguous,
            "measure": self.metric.name,
            "ranked": self.ranked,
            "rules": list(self.rules),
        }


@dataclass(frozen=True)
class Rule(Truth):
    """One rule that gives the target of every input.

    solve    inputs (n, *shape) -> targets (n, outputs)
    outputs  the space of a target
    finds    False where no learner can find the rule (a coin toss for each input): then the task is not ranked
    """

    solve: Heuristic
    outputs: Space
    finds: bool = True

    @property
    def ranked(self) -> bool:
        return self.finds

    @property
    def oracle(self) -> Heuristic:
        return self.solve

    @property
    def metric(self) -> Metric:
        return ExactMatch() if self.outputs.symbolic else SquaredError()


@dataclass(frozen=True)
class Posterior(Truth):
    """Targets are drawn from a distribution that is known for every input.

    posterior  inputs (n, *shape) -> probabilities (n, outputs, classes), which are also stored with the examples
    """

    ambiguous: ClassVar[bool] = True

    posterior: Heuristic

    @property
    def ranked(self) -> bool:
        return True

    @property
    def oracle(self) -> Heuristic:
        return self.posterior

    @property
    def metric(self) -> Metric:
        return PosteriorDistance()

    def expected(self, split: str, examples: Examples, training: Examples) -> Expected:  # noqa: ARG002
        return Expected(examples.targets, training.targets, examples.groups, examples.posterior)

    def abridged(self, predicted: np.ndarray, targets: np.ndarray) -> dict[str, Any]:  # noqa: ARG002
        """Give kind "largest": the LARGEST `values` of each output and their `classes`, (n * outputs * LARGEST)."""
        classes = np.argsort(-predicted, axis=-1, kind="stable")[..., :LARGEST]
        values = np.take_along_axis(predicted, classes, axis=-1)
        return {"kind": "largest", "classes": classes.astype(np.int16).ravel(), "values": _shortened(values)}


@dataclass(frozen=True)
class Labels(Truth):
    """Labels of real data, of which no rule is known: there is no oracle, and no common scale.

    measured_by  Accuracy() or Bits()
    """

    measured_by: Metric

    @property
    def metric(self) -> Metric:
        return self.measured_by


@dataclass(frozen=True)
class TwoRules(Truth):
    """Two rules that agree but on the OOD split, where neither is right: a riddle.

    both  name -> rule, (n, *shape) -> (n, 1)
    """

    both: Mapping[str, Heuristic]

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        return self.both

    @property
    def metric(self) -> Metric:
        return RuleShares()

    def metric_on(self, split: str) -> Metric:
        return Accuracy() if split in IN_DISTRIBUTION else self.metric

    def expected(self, split: str, examples: Examples, training: Examples) -> Expected:
        if split in IN_DISTRIBUTION:
            return super().expected(split, examples, training)
        answers = {name: rule(read_only(examples.inputs)) for name, rule in self.both.items()}
        return Expected(examples.targets, training.targets, examples.groups, answers=answers)


def _shortened(values: np.ndarray) -> np.ndarray:
    """Float32 with the last 13 of 23 bits of the significand rounded away, flat: a relative error of 2^-11 at most."""
    bits = values.astype(np.float32).ravel().view(np.uint32)
    return ((bits + 0x1000) & np.uint32(0xFFFFE000)).view(np.float32)
