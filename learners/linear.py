"""Linear models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import BUDGET, Problem
from .estimators import EstimatorLearner
from .parameters import number

SPARSE = 0.1
"""Sparse features are used for logistic regression below this fraction of nonzeros: two to four times as fast."""


@dataclass(frozen=True)
class Linear(EstimatorLearner):
    """Logistic regression for classes, least squares for real targets: no feature interactions.

    C         inverse of the L2 penalty of logistic regression
    max_iter  maximum number of L-BFGS iterations
    """

    name = "linear"
    preload = ("sklearn.linear_model",)
    version = 3

    renamed: ClassVar[Mapping[str, str]] = {"strength": "C", "iterations": "max_iter"}

    C: float = number(100.0, above=0)
    max_iter: int = number(200, at_least=1)

    def classifier(self, problem: Problem) -> Any:  # noqa: ARG002
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

        return LogisticRegression(C=self.C, max_iter=self.max_iter)

    def regressor(self, problem: Problem) -> Any:  # noqa: ARG002
        from sklearn.linear_model import LinearRegression  # noqa: PLC0415

        return LinearRegression()

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        from scipy.sparse import csr_array  # noqa: PLC0415
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # reported in the record
            sparse = hasattr(model, "predict_proba") and np.count_nonzero(features) < SPARSE * features.size
            data: Any = csr_array(features) if sparse else features
            super().train(model, data, targets)

    def record(self, model: Any) -> dict[str, Any]:
        n_iter = getattr(model, "n_iter_", None)
        return {"stopped": BUDGET} if n_iter is not None and max(n_iter) >= self.max_iter else {}
