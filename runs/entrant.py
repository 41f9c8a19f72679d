"""Entrants: whatever is scored on a task. A learner that is fitted, the oracle, a heuristic, a file of predictions."""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np

from ..learners.base import CPU, Learner, Predictor, Resources, Spec
from ..tasks.base import Heuristic, Task
from .data import CellData
from .external import seeded
from .fit import fit, problem_of, seed_of
from .predict import Predictions, predict

ORACLE = "oracle"


class Entrant(abc.ABC):
    """Whatever is scored on a task.

    Example: `as_entrant(Forest())` fits a forest to the training set of each cell and predicts the tests of the cell;
    `Oracle()` predicts them by the rule of the task.

    kind      "learner", "control" or "heuristic": how tables group it
    trains    whether it is fitted, which takes time
    flags_underfit  whether a poor fit to the training targets is a mark of its cells
    """

    name: str
    version: int
    kind: str
    trains: ClassVar[bool] = False
    flags_underfit: bool = False

    @abc.abstractmethod
    def accepts(self, task: Task, n: int | None = None) -> str | None:
        """None, or why it cannot enter on a task with n training examples, in one line."""

    def parameters(self) -> dict[str, Any]:
        """What makes it this entrant, as part of the key of a cell."""
        return {}

    @abc.abstractmethod
    def predictions(self, sets: Sequence[CellData], resources: Resources = CPU) -> Iterator[Predictions]:
        """What it answers in each of several cells of one task."""


def as_entrant(instance: Learner | Entrant) -> Entrant:
    """A learner as an entrant; entrants as they are."""
    return FittedLearner(instance) if isinstance(instance, Learner) else instance


class FittedLearner(Entrant):
    """A learner that is fitted to the training set of each cell."""

    trains: ClassVar[bool] = True

    def __init__(self, learner: Learner) -> None:
        self.learner, self.name, self.version = learner, learner.name, learner.version
        self.kind = "control" if learner.control else "learner"
        self.flags_underfit = not learner.control

    def accepts(self, task: Task, n: int | None = None) -> str | None:
        return self.learner.accepts(Spec(task.inputs, task.outputs, task.scratchpad, n))

    def parameters(self) -> dict[str, Any]:
        return self.learner.parameters()

    def predictions(self, sets: Sequence[CellData], resources: Resources = CPU) -> Iterator[Predictions]:
        fitted = fit(self.learner, [problem_of(data) for data in sets], resources)
        for data, (predictor, seconds) in zip(sets, fitted, strict=True):
            context = partial(seeded, self.learner, seed_of(data.cell))
            answers = predict(data.task, predictor, data.tests, context)
            probes = predict(data.task, predictor, data.probes, context)
            yield Predictions(answers, probes, predictor.record, seconds)


@dataclass(frozen=True)
class Reference(Entrant, abc.ABC):
    """A rule of the task itself, which learns nothing. No learner ever holds a task; this does."""

    name: str
    version: int = 1

    @abc.abstractmethod
    def rule(self, task: Task) -> Heuristic | None:
        """The rule, or None where the task has none."""

    def predictions(self, sets: Sequence[CellData], resources: Resources = CPU) -> Iterator[Predictions]:  # noqa: ARG002
        for data in sets:
            rule = self.rule(data.task)
            if rule is None:
                raise ValueError(f"{data.task.name} has no rule {self.name!r}")
            predictor = RulePredictor(data.task, rule)
            answers, probes = (predict(data.task, predictor, asked) for asked in (data.tests, data.probes))
            yield Predictions(answers, probes)


@dataclass(frozen=True)
class Oracle(Reference):
    """The best possible predictor of a task (`Truth.oracle`)."""

    name: str = ORACLE
    kind: str = "control"

    def accepts(self, task: Task, n: int | None = None) -> str | None:  # noqa: ARG002
        return "the task has no rule that is known" if self.rule(task) is None else None

    def rule(self, task: Task) -> Heuristic | None:
        return task.truth.oracle


@dataclass(frozen=True)
class NamedHeuristic(Reference):
    """One of the heuristics of a task, by its name."""

    kind: str = "heuristic"

    def accepts(self, task: Task, n: int | None = None) -> str | None:  # noqa: ARG002
        return f"not a heuristic of {task.name}" if self.rule(task) is None else None

    def rule(self, task: Task) -> Heuristic | None:
        return task.heuristics.get(self.name)


def references(task: Task) -> dict[str, Reference]:
    """The oracle and the heuristics of a task, by name."""
    return {ORACLE: Oracle(), **{name: NamedHeuristic(name) for name in task.heuristics}}


@dataclass
class RulePredictor(Predictor):
    """A rule's answers as predictions."""

    task: Task
    rule: Heuristic

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        answers = self.rule(inputs)
        classes = self.task.outputs.alphabet
        if classes is None or answers.ndim == 3:  # noqa: PLR2004 -- values, or (n, outputs, classes) probabilities
            return answers
        return np.eye(classes)[answers]
