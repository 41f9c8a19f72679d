"""Nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from .base import Predictor, Problem
from .estimators import EstimatorLearner
from .parameters import number


@dataclass(frozen=True)
class Neighbours(EstimatorLearner):
    """k nearest neighbours, weighted by inverse Euclidean distance in the encoding.

    n_neighbors  number of neighbours; all training examples if there are fewer
    """

    name = "neighbours"
    preload = ("sklearn.neighbors",)
    version = 2
    multi_output = True

    renamed: ClassVar[Mapping[str, str]] = {"neighbours": "n_neighbors"}

    n_neighbors: int = number(5, at_least=1)

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Add the new examples to the stored ones."""
        if isinstance(predictor, StoredExamples):
            inputs = np.concatenate([predictor.problem.inputs, problem.inputs])
            targets = np.concatenate([predictor.problem.targets, problem.targets])
            problem = replace(problem, inputs=inputs, targets=targets, scratchpad=None, n_id=None)
        return StoredExamples(problem, self.fit(problem))

    def classifier(self, problem: Problem) -> Any:
        from sklearn.neighbors import KNeighborsClassifier  # noqa: PLC0415

        return KNeighborsClassifier(min(self.n_neighbors, len(problem)), weights="distance")

    def regressor(self, problem: Problem) -> Any:
        from sklearn.neighbors import KNeighborsRegressor  # noqa: PLC0415

        return KNeighborsRegressor(min(self.n_neighbors, len(problem)), weights="distance")


@dataclass
class StoredExamples(Predictor):
    """Nearest-neighbour predictor that stores its training set so that more examples can be added."""

    problem: Problem
    fitted: Predictor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return self.fitted.predict(inputs)
