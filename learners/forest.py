"""Random forest, and the base class of ensembles of independent trees."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import Predictor, Problem
from .estimators import EstimatorLearner
from .parameters import number

NAMED_FEATURES = ("auto", "sqrt", "log2", "all")


@dataclass(frozen=True)
class TreeEnsemble(EstimatorLearner):
    """Base class of averaging tree ensembles: independent trees, grown to pure leaves.

    n_estimators  number of trees
    bootstrap     whether each tree is grown on a bootstrap sample instead of the whole training set
    max_features  number of features considered for a split: sqrt, log2, all, or a fraction such as 0.3;
                  auto: sqrt for classes and all for real targets, as is scikit-learn's default
    """

    preload = ("sklearn.ensemble",)
    kind = "trees"

    multi_output = True

    renamed: ClassVar[Mapping[str, str]] = {"trees": "n_estimators"}

    n_estimators: int = number(100, at_least=1)
    bootstrap: bool = True
    max_features: str = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.max_features in NAMED_FEATURES:
            return
        try:
            valid = 0 < float(self.max_features) <= 1
        except ValueError:
            valid = False
        if not valid:
            raise ValueError(
                f"max_features is {self.max_features!r}; expected {', '.join(NAMED_FEATURES)} or a fraction in (0, 1]"
            )

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Add `n_estimators` trees, grown on the new training set only, to the ensemble."""
        grown = self.fit(problem)
        if predictor is None:
            return grown
        earlier = predictor.members if isinstance(predictor, MeanEnsemble) else (predictor,)
        return MeanEnsemble((*earlier, grown), record=grown.record)

    @abc.abstractmethod
    def estimator_class(self, *, classes: bool) -> type[Any]:
        """The scikit-learn class, for classes or for real targets."""

    def classifier(self, problem: Problem) -> Any:
        return self._make(problem, "sqrt", classes=True)

    def regressor(self, problem: Problem) -> Any:
        return self._make(problem, "all", classes=False)

    def _make(self, problem: Problem, default: str, *, classes: bool) -> Any:
        features = default if self.max_features == "auto" else self.max_features
        if features == "all":
            features = None
        elif features not in NAMED_FEATURES:
            features = float(features)
        return self.estimator_class(classes=classes)(
            self.n_estimators, bootstrap=self.bootstrap, max_features=features, random_state=problem.seed % 2**32
        )


@dataclass
class MeanEnsemble(Predictor):
    """Mean of ensembles of equal size fitted to different training sets, whose classes may differ."""

    members: tuple[Predictor, ...]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return np.mean([member.predict(inputs) for member in self.members], axis=0)


@dataclass(frozen=True)
class Forest(TreeEnsemble):
    """Random forest (Breiman 2001): piecewise constant tree ensemble; does not extrapolate.

    Its parameters are those of TreeEnsemble.
    """

    name = "forest"
    search_space = (
        # Fractions that give different numbers of features even on the suite's small inputs.
        ("max_features", ("auto", "0.1", "0.25", "0.4", "0.55", "0.7", "0.85", "0.95")),
        ("bootstrap", (True, False)),
    )

    def estimator_class(self, *, classes: bool) -> type[Any]:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor  # noqa: PLC0415

        return RandomForestClassifier if classes else RandomForestRegressor
