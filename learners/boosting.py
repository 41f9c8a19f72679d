"""Gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import Predictor, Problem, not_converged
from .estimators import EstimatorLearner, flat_features
from .parameters import number


@dataclass(frozen=True)
class Boosting(EstimatorLearner):
    """Gradient-boosted trees (xgboost): additive ensemble of shallow trees; does not extrapolate.

    n_estimators   boosting rounds: trees per class and output
    learning_rate  learning rate (shrinkage)
    max_depth      maximum depth of a tree

    Splits use the histogram method.
    """

    name = "boosting"
    preload = ("xgboost",)
    search_space = (("max_depth", (6, 1, 3, 10)), ("learning_rate", (0.3, 0.03, 0.1, 1.0)))
    kind = "trees"

    renamed: ClassVar[Mapping[str, str]] = {"rounds": "n_estimators", "rate": "learning_rate", "depth": "max_depth"}

    n_estimators: int = number(100, at_least=1)
    learning_rate: float = number(0.3, above=0)
    max_depth: int = number(6, at_least=1)

    def classifier(self, problem: Problem) -> Any:
        from xgboost import XGBClassifier  # noqa: PLC0415

        return XGBClassifier(n_estimators=self.n_estimators, **self._settings(problem))

    def regressor(self, problem: Problem) -> Any:
        from xgboost import XGBRegressor  # noqa: PLC0415

        return XGBRegressor(n_estimators=self.n_estimators, **self._settings(problem))

    def _settings(self, problem: Problem) -> dict[str, Any]:
        return {
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "tree_method": "hist",
            "n_jobs": 1,
            "random_state": problem.seed % 2**31,
        }

    def partial_fit(self, predictor: Any, problem: Problem) -> Predictor:
        """Add `n_estimators` rounds, fitted to the new training set only, to the existing ensemble.

        It allocates trees for every class from the start; `fit` has trees only for the classes that occur.
        """
        import xgboost  # noqa: PLC0415

        space = problem.output_space
        settings = {**self._settings(problem), "objective": "reg:squarederror"}
        if space.symbolic:
            settings |= {"objective": "multi:softprob", "num_class": space.alphabet, "base_score": 0.5}
        features = flat_features(problem.inputs, problem.input_space, self.encoding)
        targets = problem.targets.T if space.symbolic else [problem.targets]
        boosters, losses = [], []
        for index, target in enumerate(targets):
            data, curves = xgboost.DMatrix(features, target), {}
            boosters.append(
                xgboost.train(
                    settings,
                    data,
                    self.n_estimators,
                    evals=[(data, "train")],
                    evals_result=curves,
                    verbose_eval=False,
                    xgb_model=predictor.boosters[index] if predictor else None,
                )
            )
            losses += [np.asarray(curve) for curve in curves["train"].values()]
        record = {"not_converged": any(map(not_converged, losses)), "loss": float(np.mean([c[-1] for c in losses]))}
        return Boosters(self, problem.input_space, space, boosters, record=record)

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        # Treat zeros of binary features as missing: the same trees, 3 to 5 times as fast on one-hot encodings.
        if np.isin(features, (0, 1)).all():
            model.set_params(missing=0.0)
        model.fit(features, targets, eval_set=[(features, targets)], verbose=False)

    def record(self, model: Any) -> dict[str, Any]:
        (curves,) = model.evals_result().values()
        (losses,) = curves.values()  # the training loss after each round
        return {"not_converged": not_converged(np.asarray(losses)), "loss": float(losses[-1])}


@dataclass
class Boosters(Predictor):
    """Boosters that can be extended: one over all classes for every output, or one for all real values."""

    learner: Boosting
    space: Space
    outputs: Space
    boosters: list[Any]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        import xgboost  # noqa: PLC0415

        data = xgboost.DMatrix(flat_features(inputs, self.space, self.learner.encoding))
        parts = [booster.predict(data) for booster in self.boosters]
        if self.outputs.symbolic:
            return np.stack(parts, axis=1)
        return parts[0].reshape(len(inputs), -1).astype(np.float64)
