"""Extremely randomised trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .forest import TreeEnsemble


@dataclass(frozen=True)
class ExtraTrees(TreeEnsemble):
    """Extra trees (Geurts et al. 2006): tree ensemble with random split thresholds; smoother than forest.

    Its parameters are those of TreeEnsemble; each tree is grown on the whole training set by default.
    """

    name = "extra-trees"

    bootstrap: bool = False

    def estimator_class(self, *, classes: bool) -> type[Any]:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor  # noqa: PLC0415

        return ExtraTreesClassifier if classes else ExtraTreesRegressor
