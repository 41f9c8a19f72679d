"""Nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .base import Predictor, Problem
from .estimators import EstimatorLearner
from .parameters import number


@dataclass(frozen=True)
class Neighbours(EstimatorLearner):
    """k nearest neighbours, weighted by inverse Euclidean distance in the encoding.

    neighbours  number of neighbours; all training examples if there are fewer
    """

    name = "neighbours"
    preload = ("sklearn.neighbors",)
    version = 2
    several_outputs = True

    neighbours: int = number(5, at_least=1)

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Add the new points to the stored ones."""
        if isinstance(predictor, Points):
            inputs = np.concatenate([predictor.problem.inputs, problem.inputs])
            targets = np.concatenate([predictor.problem.targets, problem.targets])
            problem = replace(problem, inputs=inputs, targets=targets, scratchpad=None, inside=None)
        return Points(problem, self.fit(problem))

    def classifier(self, problem: Problem) -> Any:
        from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

        return KNeighborsClassifier(min(self.neighbours, len(problem)), weights="distance")

    def regressor(self, problem: Problem) -> Any:
        from sklearn.neighbors import KNeighborsRegressor  # noqa: PLC0415

        return KNeighborsRegressor(min(self.neighbours, len(problem)), weights="distance")


@dataclass
class Points(Predictor):
    """Nearest-neighbour predictor that stores its training set so that more points can be added."""

    problem: Problem
    neighbours: Predictor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.neighbours.predict(inputs)
