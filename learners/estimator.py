"""Adapter for any classifier or regressor with the scikit-learn interface."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

import numpy as np

from .base import Problem, Spec
from .estimators import EstimatorLearner
from .prototype import Prototype, plain_changes, public_path

Setting = bool | int | float | str | None


@dataclass(frozen=True)
class Estimator(EstimatorLearner):
    """Adapter for an external estimator with the scikit-learn interface (fit, predict, predict_proba).

    Example: `Estimator(estimator="sklearn.ensemble:HistGradientBoostingClassifier", settings=(("max_iter", 50),))`,
    on the command line `sklearn.ensemble:HistGradientBoostingClassifier:max_iter=50`. One estimator is fitted per
    output. Every unset `random_state` in it is derived from the problem's seed. Every unset `n_jobs` is set to 1 if
    None may mean all cores (in scikit-learn it means 1), because the pool runs one process per core. A classifier
    without `predict_proba` predicts with probability 1.

    encoding   input encoding (learners/encodings.py)
    estimator  module:attribute of a class, of an estimator (which is cloned), or of a function whose return annotation
               is an estimator; or a Prototype of an estimator object
    settings   keyword arguments for it, as (name, value) pairs
    """

    name = "estimator"
    version = 2

    estimator: str | Prototype = "sklearn.dummy:DummyClassifier"
    settings: tuple[tuple[str, Setting], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.estimator, str):  # the module of an object is already imported
            object.__setattr__(self, "preload", (self.estimator.partition(":")[0],))

    def accepts(self, spec: Spec) -> str | None:
        targets = "classes" if spec.outputs.symbolic else "real numbers"
        fits = _is_classifier if spec.outputs.symbolic else _is_regressor
        if not fits(self.make()):
            kind = "classifier" if spec.outputs.symbolic else "regressor"
            return f"{self._shown} is not a {kind}; the targets are {targets}"
        return super().accepts(spec)

    @property
    def _shown(self) -> str:
        if isinstance(self.estimator, Prototype):
            return type(self.estimator.estimator).__name__
        return self.estimator.partition(":")[2]

    def parameters(self) -> dict[str, Any]:
        parameters = super().parameters()
        if isinstance(self.estimator, Prototype):
            parameters["estimator"] = self.estimator.document
        return parameters

    def make(self, seed: int | None = None) -> Any:
        """A new estimator; if a seed is given, its random states are set."""
        found: Any = self.estimator
        if isinstance(found, Prototype):
            found = found.estimator
        else:
            module, _, attribute = found.partition(":")
            found = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
        estimator = _new(found, dict(self.settings))
        implied_settings: dict[str, Setting] = dict.fromkeys(
            _unset_jobs(estimator), 1
        )  # the pool already uses all cores
        if seed is not None:
            implied_settings |= dict.fromkeys(_unset_random_states(estimator), seed % 2**31)
        return estimator.set_params(**implied_settings) if implied_settings else estimator

    def classifier(self, problem: Problem) -> Any:
        estimator = self.make(problem.seed)
        return estimator if hasattr(estimator, "predict_proba") else OneHotClassifier(estimator)

    def regressor(self, problem: Problem) -> Any:
        return PerOutput([self.make(problem.seed) for _ in range(problem.output_space.size)])


@dataclass
class PerOutput:
    """One regressor per output; each gets a copy of the arrays, since it may modify them."""

    estimators: list[Any]

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit to targets (n, outputs)."""
        for estimator, column in zip(self.estimators, targets.T, strict=True):
            estimator.fit(np.array(features), np.array(column))

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Values (n, outputs)."""
        columns = [np.asarray(estimator.predict(np.array(features))).ravel() for estimator in self.estimators]
        return np.stack(columns, axis=1)


@dataclass
class OneHotClassifier:
    """Wrapper for a classifier without `predict_proba`: probability 1 for the predicted class."""

    estimator: Any

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit to dense labels 0, 1, ..., (n,)."""
        self.classes = int(targets.max()) + 1
        self.estimator.fit(features, targets)

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """One-hot predictions, (n, classes)."""
        return np.eye(self.classes)[np.asarray(self.estimator.predict(features)).astype(np.int64).ravel()]


def is_estimator(made: Any) -> bool:
    """Whether `made` is an estimator, or an estimator class."""
    return callable(getattr(made, "fit", None)) and callable(getattr(made, "predict", None))


def returned(found: Any) -> type | None:
    """The class in a function's return annotation; None if there is none, or if it is not a class."""
    if not (inspect.isfunction(found) or inspect.ismethod(found)):
        return None
    try:
        made = get_type_hints(found).get("return")
    except (NameError, AttributeError, TypeError, SyntaxError):  # a name only imported for type checkers
        return None
    return made if inspect.isclass(made) else None


def gives_estimator(found: Any) -> bool:
    """Whether `found` is an estimator, an estimator class, or a function whose return annotation is an estimator."""
    if is_estimator(found):
        return True
    made = returned(found)
    if made is None:
        return False
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # noqa: PLC0415

    return is_estimator(made) or issubclass(made, BaseEstimator | ClassifierMixin | RegressorMixin)


def adopt(path: str, found: Any, given: Mapping[str, str]) -> Estimator | None:
    """The learner for an object found at module:attribute; None unless it `gives_estimator`.

    given  parameters as text: `encoding` belongs to the learner; the others belong to the estimator and are parsed as
           Python literals (50, 0.1, None, true) where possible

    Raises TypeError if it does not take these parameters, does not return an estimator, or does not declare whether it
    is a classifier or a regressor.
    """
    if not gives_estimator(found):
        return None
    settings = tuple(sorted((name, _literal(text)) for name, text in given.items() if name != "encoding"))
    learner = Estimator(given.get("encoding", "auto"), path, settings)
    _is_classifier(learner.make())  # raises TypeError if the kind is not declared
    return learner


def adopt_object(found: Any) -> Estimator:
    """The learner for an estimator object, or for an estimator class.

    An object that can be written as module:attribute:settings gives the same learner as that text. Raises TypeError if
    it is not an estimator, or cannot be reconstructed in another process.
    """
    if not is_estimator(found):
        kind = f"the class {found.__name__}" if inspect.isclass(found) else f"a {type(found).__name__}"
        raise TypeError(f"{kind} is not a learner; expected a grue Learner or an estimator (fit and predict)")
    changed = {} if inspect.isclass(found) else plain_changes(found)
    if changed is None:
        learner = Estimator(estimator=Prototype(found))
    else:
        path = public_path(found if inspect.isclass(found) else type(found))
        learner = Estimator(estimator=path, settings=tuple(sorted(changed.items())))
    _is_classifier(learner.make())  # raises TypeError if the kind is not declared
    return learner


def _new(found: Any, settings: dict[str, Setting]) -> Any:
    """An estimator from a class, a function, or a clone of another estimator."""
    if not gives_estimator(found):
        raise TypeError(f"{found!r} is neither an estimator nor a function whose return annotation is an estimator")
    if inspect.isclass(found) or not is_estimator(found):
        made = found(**settings)
        if not is_estimator(made):
            raise TypeError(
                f"{found!r} returned an object of type {type(made).__name__}; expected an estimator (fit and predict)"
            )
        return made
    from sklearn.base import clone  # noqa: PLC0415

    copy: Any = clone(found)
    copy.set_params(**settings)
    return copy


def _literal(text: str) -> Setting:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return value if isinstance(value, bool | int | float | str | None) else text


def _is_classifier(estimator: Any) -> bool:
    from sklearn.base import is_classifier  # noqa: PLC0415

    return _kind_declared(is_classifier, estimator)


def _is_regressor(estimator: Any) -> bool:
    from sklearn.base import is_regressor  # noqa: PLC0415

    return _kind_declared(is_regressor, estimator)


def _kind_declared(question: Callable[[Any], bool], estimator: Any) -> bool:
    try:
        return bool(question(estimator))
    except AttributeError as error:
        kind = type(estimator).__name__
        raise TypeError(
            f"{kind} does not declare whether it is a classifier or a regressor: derive it from "
            "sklearn.base.BaseEstimator and ClassifierMixin or RegressorMixin"
        ) from error


def _unset(estimator: Any, suffix: str) -> list[str]:
    """Names of the parameters with this suffix, including nested ones, that are None."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return [name for name, value in parameters.items() if name.endswith(suffix) and value is None]


def _unset_jobs(estimator: Any) -> list[str]:
    """Names of the `n_jobs` parameters that are None in components where None may mean all cores.

    In scikit-learn None means 1, and setting it causes a warning where it has no effect.
    """
    parts = estimator.get_params() if hasattr(estimator, "get_params") else {}
    found = []
    for name in _unset(estimator, "n_jobs"):
        owner = parts[name.rpartition("__")[0]] if "__" in name else estimator
        declares = next(kind for kind in type(owner).__mro__ if "__init__" in vars(kind))
        if declares.__module__.partition(".")[0] != "sklearn":
            found.append(name)
    return found


def _unset_random_states(estimator: Any) -> list[str]:
    """Names of the random states, including nested ones, that are None."""
    states = _unset(estimator, "random_state")
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    arguments = inspect.signature(type(estimator)).parameters
    if "random_state" in arguments and "random_state" not in parameters and "random_seed" not in parameters:
        states.append("random_state")  # some libraries list only the parameters that were set
    return states
