"""Gradient-boosted trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Problem, still_falling
from .estimators import EstimatorLearner


@dataclass(frozen=True)
class Boosting(EstimatorLearner):
    """Boosted trees (xgboost): a sum of small trees, additive first, and constant outside the training range.

    rounds  trees for every class and output; rate: shrinkage; depth: of a tree; histogram splits
    """

    name = "boosting"

    rounds: int = 100
    rate: float = 0.3
    depth: int = 6

    def classifier(self, problem: Problem) -> Any:
        from xgboost import XGBClassifier  # noqa: PLC0415

        return XGBClassifier(**self._settings(problem))

    def regressor(self, problem: Problem) -> Any:
        from xgboost import XGBRegressor  # noqa: PLC0415

        return XGBRegressor(**self._settings(problem))

    def _settings(self, problem: Problem) -> dict[str, Any]:
        return {
            "n_estimators": self.rounds,
            "learning_rate": self.rate,
            "max_depth": self.depth,
            "tree_method": "hist",
            "n_jobs": 1,
            "random_state": problem.seed % 2**31,
        }

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        model.fit(features, targets, eval_set=[(features, targets)], verbose=False)

    def record(self, model: Any) -> dict[str, Any]:
        (curves,) = model.evals_result().values()
        (losses,) = curves.values()  # the training loss after each round
        return {"still_falling": still_falling(np.asarray(losses)), "loss": float(losses[-1])}
