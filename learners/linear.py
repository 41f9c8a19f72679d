"""Linear models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Problem
from .estimators import EstimatorLearner
from .parameters import number

SPARSE = 0.1
"""Sparse features are used for logistic regression below this fraction of nonzeros: two to four times as fast."""


@dataclass(frozen=True)
class Linear(EstimatorLearner):
    """Logistic regression for classes, least squares for real targets: no feature interactions.

    strength    inverse of the L2 penalty of logistic regression (scikit-learn's C)
    iterations  maximum number of L-BFGS iterations
    """

    name = "linear"
    preload = ("sklearn.linear_model",)
    version = 3

    strength: float = number(100.0, above=0)
    iterations: int = number(200, at_least=1)

    def classifier(self, problem: Problem) -> Any:  # noqa: ARG002
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

        return LogisticRegression(C=self.strength, max_iter=self.iterations)

    def regressor(self, problem: Problem) -> Any:  # noqa: ARG002
        from sklearn.linear_model import LinearRegression  # noqa: PLC0415

        return LinearRegression()

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        from scipy.sparse import csr_array  # noqa: PLC0415
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # reported in the record
            sparse = hasattr(model, "predict_proba") and np.count_nonzero(features) < SPARSE * features.size
            seen: Any = csr_array(features) if sparse else features
            super().train(model, seen, targets)

    def record(self, model: Any) -> dict[str, Any]:
        used = getattr(model, "n_iter_", None)
        return {} if used is None else {"still_falling": bool(max(used) >= self.iterations)}
