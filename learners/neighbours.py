"""Nearest neighbours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .base import Problem
from .estimators import EstimatorLearner


@dataclass(frozen=True)
class Neighbours(EstimatorLearner):
    """k nearest neighbours, nearer ones weighing more: what is alike in the encoding is alike in the answer.

    neighbours  asked; all there are where there are fewer; Euclidean distance, weights 1 / distance
    """

    name = "neighbours"
    several_outputs = True

    neighbours: int = 5

    def classifier(self, problem: Problem) -> Any:
        from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

        return KNeighborsClassifier(min(self.neighbours, len(problem)), weights="distance")

    def regressor(self, problem: Problem) -> Any:
        from sklearn.neighbors import KNeighborsRegressor  # noqa: PLC0415

        return KNeighborsRegressor(min(self.neighbours, len(problem)), weights="distance")
