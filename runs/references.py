"""What is scored beside the learners without having learnt anything: the rule itself, and the shallow rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..learners.base import Predictor
from ..tasks.base import Heuristic, Task

ORACLE = "oracle"


@dataclass(frozen=True)
class Reference:
    """The oracle of a task, or one of its heuristics. Built by the runner: no learner ever holds a task.

    name  "oracle", or the name of one of the task's heuristics
    """

    name: str
    version: int = 1

    def accepts(self, task: Task) -> str | None:
        """None, or why this task has no such rule."""
        if self.name == ORACLE:
            return None if task.truth.oracle else "the task has no rule that is known"
        return None if self.name in task.heuristics else f"not a heuristic of {task.name}"

    def parameters(self) -> dict[str, Any]:
        """None: the rule belongs to the task."""
        return {}

    def predictor(self, task: Task) -> Predictor:
        """Predict by the rule, from nothing but the inputs."""
        if self.name != ORACLE:
            return RulePredictor(task, task.heuristics[self.name])
        if task.truth.oracle is None:
            raise ValueError(f"{task.name} has no rule that is known")
        return RulePredictor(task, task.truth.oracle)


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
