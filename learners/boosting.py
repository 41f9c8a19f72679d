"""Gradient-boosted trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import BUDGET, FITTED, PLATEAU, TOLERANCE, VALIDATED, Predictor, Problem, is_falling, merged_record
from .estimators import EstimatorLearner, flat_features
from .folds import folds
from .parameters import number

PATIENCE = 30
"""In cross-validation: rounds without a lower validation loss after which a fold stops."""


@dataclass(frozen=True)
class Boosting(EstimatorLearner):
    """Gradient-boosted trees (xgboost): additive ensemble of shallow trees; does not extrapolate.

    Each output has an ensemble of its own. On deterministic classes it grows until its mean loss over the training set
    is at most `tolerance` and every prediction is right. On noisy and real targets the number of rounds is chosen by
    cross-validation (learners/folds.py).

    n_estimators      maximum number of boosting rounds; a round is a tree per class
    learning_rate     shrinkage
    max_depth         maximum depth of a tree
    min_child_weight  minimum sum of the second derivatives of the loss in a leaf; the default of xgboost, 1, forbids
                      any split of 16 examples of many classes
    tolerance         mean loss in nats at which an ensemble has fitted; 0: no early stopping
    age               further rounds after the fit, or after the number that cross-validation chose

    Splits use the histogram method.
    """

    name = "boosting"
    preload = ("xgboost",)
    search_space = (("max_depth", (6, 1, 3, 10)), ("learning_rate", (0.3, 0.03, 0.1, 1.0)))
    kind = "trees"
    version = 2
    renamed: ClassVar[Mapping[str, str]] = {"rounds": "n_estimators", "rate": "learning_rate", "depth": "max_depth"}

    n_estimators: int = number(300, at_least=1)
    learning_rate: float = number(0.3, above=0)
    max_depth: int = number(6, at_least=1)
    min_child_weight: float = number(0.01, at_least=0)
    tolerance: float = number(TOLERANCE, at_least=0)
    age: int = number(0, at_least=0)

    def classifier(self, problem: Problem) -> Ensemble:
        return Ensemble(self, problem)

    def regressor(self, problem: Problem) -> Ensemble:
        return Ensemble(self, problem)

    def record(self, model: Ensemble) -> dict[str, Any]:
        return model.record

    def settings(self, problem: Problem) -> dict[str, Any]:
        """The parameters of xgboost, without the objective."""
        return {
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "min_child_weight": self.min_child_weight,
            "tree_method": "hist",
            "nthread": 1,
            "seed": problem.seed % 2**31,
        }

    def partial_fit(self, predictor: Any, problem: Problem) -> Predictor:
        """Add rounds, fitted to the new training set only, to the existing ensembles, until they fit it.

        It allocates trees for every class from the start; `fit` has trees only for the classes that occur.
        """
        space = problem.output_space
        features = flat_features(problem.inputs, problem.input_space, self.encoding)
        targets = problem.targets.T if space.symbolic else [problem.targets]
        ensembles = []
        for index, target in enumerate(targets):
            ensemble = Ensemble(self, problem, classes=space.alphabet)
            ensemble.fit(features, target, predictor.ensembles[index].booster if predictor else None)
            ensembles.append(ensemble)
        record = merged_record([ensemble.record for ensemble in ensembles])
        return Ensembles(self, problem.input_space, space, ensembles, record=record)


class Ensemble:
    """The trees of one output: a classifier of dense labels, or a regressor of all real outputs.

    classes  number of classes; None: those of the training set
    """

    def __init__(self, learner: Boosting, problem: Problem, classes: int | None = None) -> None:
        self.learner, self.problem, self.classes = learner, problem, classes
        self.missing = np.nan
        self.booster: Any = None
        self.record: dict[str, Any] = {}

    def fit(self, features: np.ndarray, targets: np.ndarray, booster: Any = None) -> None:
        """Grow trees, beside those of `booster`; features (n, features), targets (n,) or (n, outputs)."""
        learner = self.learner
        settings = {**learner.settings(self.problem), **self._objective(targets)}
        # Treat zeros of binary features as missing: the same trees, 3 to 5 times as fast on one-hot encodings.
        self.missing = 0.0 if np.isin(features, (0, 1)).all() else np.nan
        noisy = self.problem.cross_validated
        rounds = self._validated_rounds(settings, features, targets) if noisy else learner.n_estimators
        stop = _StopAtFit(learner)
        callbacks = [] if noisy else [stop]
        self.booster, losses = self._train(
            settings, features, targets, rounds + learner.age, callbacks=callbacks, xgb_model=booster
        )
        self.record = {"steps": len(losses), "loss": float(losses[-1])}
        if noisy:
            self.record["stopped"] = BUDGET if rounds == learner.n_estimators else VALIDATED
        else:
            self.record["stopped"] = FITTED if stop.has_fitted else BUDGET if is_falling(losses) else PLATEAU

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Values (n, outputs), or probabilities of all classes."""
        import xgboost  # noqa: PLC0415

        return self.booster.predict(xgboost.DMatrix(features, missing=self.missing, nthread=1))

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Probabilities (n, classes)."""
        given = self.predict(features)
        return given if given.ndim > 1 else np.stack([1 - given, given], axis=1)

    def _objective(self, targets: np.ndarray) -> dict[str, Any]:
        if not self.problem.output_space.symbolic:
            return {"objective": "reg:squarederror", "eval_metric": "rmse"}
        classes = self.classes or int(targets.max()) + 1
        if classes == 2 and self.classes is None:  # noqa: PLR2004 -- one tree a round will do
            return {"objective": "binary:logistic", "eval_metric": ["logloss", "error"]}
        settings = {"objective": "multi:softprob", "num_class": classes, "eval_metric": ["mlogloss", "merror"]}
        # An intercept estimated from a training set without some class could not be unlearned later.
        return settings if self.classes is None else {**settings, "base_score": 0.5}

    def _train(
        self, settings: dict[str, Any], features: np.ndarray, targets: np.ndarray, rounds: int, **options: Any
    ) -> tuple[Any, np.ndarray]:
        """The booster, and its loss on the training set, or on `held_out`, after each round."""
        import xgboost  # noqa: PLC0415

        def matrix(rows: Any) -> Any:
            return xgboost.DMatrix(features[rows], targets[rows], missing=self.missing, nthread=1)

        rows, held_out = options.pop("rows", slice(None)), options.pop("held_out", None)
        data = matrix(rows)
        evaluated = data if held_out is None else matrix(held_out)
        curves: dict[str, Any] = {}
        booster = xgboost.train(
            settings, data, rounds, evals=[(evaluated, "set")], evals_result=curves, verbose_eval=False, **options
        )
        return booster, np.asarray(next(iter(curves["set"].values())))

    def _validated_rounds(self, settings: dict[str, Any], features: np.ndarray, targets: np.ndarray) -> int:
        """The number of rounds with the lowest mean validation loss, as far as the shortest curve goes."""
        from xgboost import callback  # noqa: PLC0415

        metric = settings["eval_metric"]
        curves = []
        for rows, held_out in folds(self.problem):
            stop = callback.EarlyStopping(rounds=PATIENCE, metric_name=metric if isinstance(metric, str) else metric[0])
            options = {"rows": rows, "held_out": held_out, "callbacks": [stop]}
            curves.append(self._train(settings, features, targets, self.learner.n_estimators, **options)[1])
        if not curves:
            return self.learner.n_estimators
        shortest = min(map(len, curves))
        return int(np.argmin(np.mean([curve[:shortest] for curve in curves], axis=0))) + 1


def _StopAtFit(learner: Boosting) -> Any:  # noqa: N802 -- makes an object of a class that needs xgboost
    """The callback that stops `age` rounds after the fit, or at the maximum number of rounds without one.

    With tolerance 0 it stops at the maximum and `age`, and whether the ensemble has fitted is decided by TOLERANCE.
    """
    from xgboost import callback  # noqa: PLC0415

    class StopAtFit(callback.TrainingCallback):
        has_fitted = False
        last = learner.n_estimators - 1  # round at which it stops

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:  # noqa: ARG002
            (curves,) = evals_log.values()
            loss, error = (curve[-1] for curve in curves.values())
            fits = loss <= (learner.tolerance or TOLERANCE) and error == 0
            if not self.has_fitted and fits and (learner.tolerance > 0 or epoch >= self.last):
                self.has_fitted, self.last = True, epoch + learner.age
            return epoch >= self.last

    return StopAtFit()


@dataclass
class Ensembles(Predictor):
    """Ensembles that can be extended: one over all classes for every output, or one for all real values."""

    learner: Boosting
    space: Space
    outputs: Space
    ensembles: list[Ensemble]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        features = flat_features(inputs, self.space, self.learner.encoding)
        parts = [ensemble.predict(features) for ensemble in self.ensembles]
        if self.outputs.symbolic:
            return np.stack(parts, axis=1)
        return parts[0].reshape(len(inputs), -1).astype(np.float64)
