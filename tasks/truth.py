"""What is known about the correct targets of a task: a rule, a posterior, labels, or two rules that disagree OOD."""

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
"""Number of probabilities that are stored of each predicted distribution over ambiguous targets."""

IN_DISTRIBUTION = ("train", "id")
"""The splits on which the two rules of a riddle agree."""


class Truth(abc.ABC):
    """What is known about the correct targets of a task; defines its metric and its oracle.

    Example: `Rule(task.solve, task.outputs)` is the truth of most tasks. Its oracle is `task.solve`, its metric is
    exact match above chance, or the squared error where the outputs are real numbers.

    ambiguous  whether targets are sampled from a posterior
    ranked     whether the task enters means over tasks: it is on the common scale, and there is a rule to find
    oracle     the best possible predictor: inputs (n, *shape) -> targets (n, outputs) or, where targets are ambiguous,
               probabilities (n, outputs, classes); None where it is not known
    rules      the two rules of a riddle, (n, *shape) -> (n, 1)
    """

    ambiguous: ClassVar[bool] = False

    @property
    def noisy(self) -> bool:
        """Whether equal inputs may have different targets, so that a learner should not fit all it is given."""
        return self.ambiguous

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
        """The metric that tables and figures show for the task."""

    def metric_on(self, split: str) -> Metric:  # noqa: ARG002
        """The metric of the split of that name."""
        return self.metric

    def expected(self, split: str, examples: Examples, training: Examples) -> Expected:  # noqa: ARG002
        """What predictions for `examples` are compared with, for a learner that was fitted to `training`."""
        return Expected(examples.targets, training.targets, examples.slices)

    def score(self, predicted: np.ndarray, split: str, examples: Examples, training: Examples) -> Scored:
        """Score predictions for the examples of a split, of a learner that was fitted to `training`."""
        return self.metric_on(split).score(predicted, self.expected(split, examples, training))

    def abridged(self, predicted: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
        """Compress predictions for storage: (n, outputs, classes) or (n, outputs) -> flat arrays, row by row.

        kind "class": `classes`, the most probable class of each output (n * outputs), and `values`, the probability of
        the target, all of its outputs together (n). kind "value": `values`, the predictions of real targets
        (n * outputs). Values are rounded to three significant digits, which halves the file.
        """
        if predicted.shape == targets.shape:
            return {"kind": "value", "classes": None, "values": _rounded(predicted)}
        given = np.take_along_axis(predicted, targets[..., None], axis=-1)[..., 0].prod(axis=1)
        classes = predicted.argmax(-1).astype(np.int16).ravel()
        return {"kind": "class", "classes": classes, "values": _rounded(given)}

    def describe(self) -> dict[str, Any]:
        """The metadata that the plan of a run stores, as plain JSON."""
        return {
            "ambiguous": self.ambiguous,
            "metric": self.metric.name,
            "greater_is_better": self.metric.greater_is_better,
            "ranked": self.ranked,
            "rules": list(self.rules),
        }


@dataclass(frozen=True)
class Rule(Truth):
    """A deterministic rule that gives the target of every input.

    solve      inputs (n, *shape) -> targets (n, outputs)
    outputs    the space of a target
    learnable  False if the rule cannot be learned (an independent coin toss for each input); the task is then not
               ranked
    """

    solve: Heuristic
    outputs: Space
    learnable: bool = True

    @property
    def ranked(self) -> bool:
        return self.learnable

    @property
    def oracle(self) -> Heuristic:
        return self.solve

    @property
    def metric(self) -> Metric:
        return ExactMatch() if self.outputs.symbolic else SquaredError()


@dataclass(frozen=True)
class Posterior(Truth):
    """Targets that are sampled from a distribution that is known for every input.

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
        return Expected(examples.targets, training.targets, examples.slices, examples.posterior)

    def abridged(self, predicted: np.ndarray, targets: np.ndarray) -> dict[str, Any]:  # noqa: ARG002
        """Return kind "largest": the LARGEST `values` of each output and their `classes`, (n * outputs * LARGEST)."""
        classes = np.argsort(-predicted, axis=-1, kind="stable")[..., :LARGEST]
        values = np.take_along_axis(predicted, classes, axis=-1)
        return {"kind": "largest", "classes": classes.astype(np.int16).ravel(), "values": _rounded(values)}


@dataclass(frozen=True)
class Labels(Truth):
    """Labels of real data, for which no rule is known: there is no oracle, and the task is not on the common scale.

    label_metric     the metric: Accuracy() or Bits()
    noisy_labels     whether equal inputs may have different labels
    """

    label_metric: Metric
    noisy_labels: bool = True

    @property
    def noisy(self) -> bool:
        return self.noisy_labels

    @property
    def metric(self) -> Metric:
        return self.label_metric


@dataclass(frozen=True)
class TwoRules(Truth):
    """Two rules that agree on the train and ID splits and disagree on the OOD split, where neither counts as correct.

    two_rules  name -> rule, (n, *shape) -> (n, 1)
    tolerance  of real targets: a prediction follows the rule whose value is nearer, and neither if it is further from
               it than this share of the distance between the two values; None: the targets are classes
    """

    two_rules: Mapping[str, Heuristic]
    tolerance: float | None = None

    @property
    def rules(self) -> Mapping[str, Heuristic]:
        return self.two_rules

    @property
    def metric(self) -> Metric:
        return RuleShares(self.tolerance)

    def metric_on(self, split: str) -> Metric:
        if split not in IN_DISTRIBUTION:
            return self.metric
        return Accuracy() if self.tolerance is None else SquaredError()

    def expected(self, split: str, examples: Examples, training: Examples) -> Expected:
        if split in IN_DISTRIBUTION:
            return super().expected(split, examples, training)
        answers = {name: rule(read_only(examples.inputs)) for name, rule in self.two_rules.items()}
        return Expected(examples.targets, training.targets, examples.slices, answers=answers)


def _rounded(values: np.ndarray) -> np.ndarray:
    """Round float32 values to 10 of the 23 bits of the significand, flattened: a relative error of 2^-11 at most."""
    bits = values.astype(np.float32).ravel().view(np.uint32)
    return ((bits + 0x1000) & np.uint32(0xFFFFE000)).view(np.float32)
