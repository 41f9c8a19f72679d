"""Any classifier or regressor with scikit-learn's interface, as it stands."""

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
    """Somebody else's estimator: its bias is its own, and how it sees an example is declared here.

    Example: `Estimator(estimator="sklearn.ensemble:HistGradientBoostingClassifier", settings=(("max_iter", 50),))`,
    on the command line `sklearn.ensemble:HistGradientBoostingClassifier:max_iter=50`. One estimator an output; every
    `random_state` in it that is left open comes from the problem's seed, and every open `n_jobs` is 1 where it may
    mean all cores (in scikit-learn it means 1), as the pool has a process a core. A classifier without `predict_proba`
    predicts with certainty.

    encoding   how it sees an example (learners/encodings.py)
    estimator  module:attribute of a class, of an estimator (which is cloned), or of a function whose return annotation
               says that it makes one; or a Prototype of an estimator object
    settings   keyword arguments for it, as (name, value) pairs
    """

    name = "estimator"
    version = 2

    estimator: str | Prototype = "sklearn.dummy:DummyClassifier"
    settings: tuple[tuple[str, Setting], ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.estimator, str):  # an object's module has been imported with it
            object.__setattr__(self, "preload", (self.estimator.partition(":")[0],))

    def accepts(self, spec: Spec) -> str | None:
        kind = "classes" if spec.outputs.symbolic else "real numbers"
        fits = _is_classifier if spec.outputs.symbolic else _is_regressor
        if not fits(self.make()):
            wanted = "classifier" if spec.outputs.symbolic else "regressor"
            return f"{self._shown} is no {wanted}; the targets are {kind}"
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
        """A new estimator; with a seed, its random states are set."""
        found: Any = self.estimator
        if isinstance(found, Prototype):
            found = found.estimator
        else:
            module, _, attribute = found.partition(":")
            found = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
        estimator = _new(found, dict(self.settings))
        open_settings: dict[str, Setting] = dict.fromkeys(_open_jobs(estimator), 1)  # the pool has the cores
        if seed is not None:
            open_settings |= dict.fromkeys(_open_random_states(estimator), seed % 2**31)
        return estimator.set_params(**open_settings) if open_settings else estimator

    def classifier(self, problem: Problem) -> Any:
        estimator = self.make(problem.seed)
        return estimator if hasattr(estimator, "predict_proba") else Certain(estimator)

    def regressor(self, problem: Problem) -> Any:
        return PerOutput([self.make(problem.seed) for _ in range(problem.output_space.size)])


@dataclass
class PerOutput:
    """A regressor for each output; each gets arrays of its own, since it may write to them."""

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
class Certain:
    """A classifier that names a class and says nothing of probabilities."""

    estimator: Any

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit to dense labels 0, 1, ..., (n,)."""
        self.classes = int(targets.max()) + 1
        self.estimator.fit(features, targets)

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """1 for the class it names, (n, classes)."""
        return np.eye(self.classes)[np.asarray(self.estimator.predict(features)).astype(np.int64).ravel()]


def is_estimator(made: Any) -> bool:
    """Whether `made` is an estimator, or a class of estimators."""
    return callable(getattr(made, "fit", None)) and callable(getattr(made, "predict", None))


def returned(found: Any) -> type | None:
    """The class that a function's return annotation says it gives; None for what is no function, or names none."""
    if not (inspect.isfunction(found) or inspect.ismethod(found)):
        return None
    try:
        made = get_type_hints(found).get("return")
    except (NameError, AttributeError, TypeError, SyntaxError):  # names what is not imported when it runs
        return None
    return made if inspect.isclass(made) else None


def gives_estimator(found: Any) -> bool:
    """Whether `found` is an estimator, a class of estimators, or a function that says by annotation it makes one."""
    if is_estimator(found):
        return True
    made = returned(found)
    if made is None:
        return False
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # noqa: PLC0415

    return is_estimator(made) or issubclass(made, BaseEstimator | ClassifierMixin | RegressorMixin)


def adopt(path: str, found: Any, given: Mapping[str, str]) -> Estimator | None:
    """The learner for what was found at module:attribute; None unless it `gives_estimator`.

    given  parameters as a user writes them: `encoding` is the learner's, the others are the estimator's and read as
           Python literals (50, 0.1, None, true) where they are such

    Raises TypeError where it takes no such parameters, makes no estimator after all, or does not say whether it is a
    classifier or a regressor.
    """
    if not gives_estimator(found):
        return None
    settings = tuple(sorted((name, _literal(text)) for name, text in given.items() if name != "encoding"))
    learner = Estimator(given.get("encoding", "auto"), path, settings)
    _is_classifier(learner.make())  # raises TypeError where it does not say
    return learner


def adopt_object(found: Any) -> Estimator:
    """The learner for an estimator object, or for a class of estimators.

    What can also be written as module:attribute:settings is the same learner as that. Raises TypeError for what is no
    estimator, or cannot be made again in another process.
    """
    if not is_estimator(found):
        kind = f"the class {found.__name__}" if inspect.isclass(found) else f"a {type(found).__name__}"
        raise TypeError(f"{kind} is no learner; expected a grue Learner or an estimator (fit and predict)")
    changed = {} if inspect.isclass(found) else plain_changes(found)
    if changed is None:
        learner = Estimator(estimator=Prototype(found))
    else:
        path = public_path(found if inspect.isclass(found) else type(found))
        learner = Estimator(estimator=path, settings=tuple(sorted(changed.items())))
    _is_classifier(learner.make())  # raises TypeError where it does not say
    return learner


def _new(found: Any, settings: dict[str, Setting]) -> Any:
    """An estimator of a class, from a function, or like another estimator."""
    if not gives_estimator(found):
        raise TypeError(f"{found!r} is no estimator, and no function with a return annotation that says it makes one")
    if inspect.isclass(found) or not is_estimator(found):
        made = found(**settings)
        if not is_estimator(made):
            raise TypeError(f"{found!r} made a {type(made).__name__}; expected an estimator (fit and predict)")
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

    return _told(is_classifier, estimator)


def _is_regressor(estimator: Any) -> bool:
    from sklearn.base import is_regressor  # noqa: PLC0415

    return _told(is_regressor, estimator)


def _told(question: Callable[[Any], bool], estimator: Any) -> bool:
    try:
        return bool(question(estimator))
    except AttributeError as error:
        kind = type(estimator).__name__
        raise TypeError(
            f"{kind} does not say whether it is a classifier or a regressor: derive it from sklearn.base.BaseEstimator "
            "and ClassifierMixin or RegressorMixin"
        ) from error


def _left_open(estimator: Any, suffix: str) -> list[str]:
    """The names of all parameters so called, those of its parts included, that are None."""
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return [name for name, value in parameters.items() if name.endswith(suffix) and value is None]


def _open_jobs(estimator: Any) -> list[str]:
    """The names of all numbers of jobs that are None, in parts that may then use all cores.

    In scikit-learn None means 1, and to set it warns where it does nothing.
    """
    parts = estimator.get_params() if hasattr(estimator, "get_params") else {}
    found = []
    for name in _left_open(estimator, "n_jobs"):
        owner = parts[name.rpartition("__")[0]] if "__" in name else estimator
        declares = next(kind for kind in type(owner).__mro__ if "__init__" in vars(kind))
        if declares.__module__.partition(".")[0] != "sklearn":
            found.append(name)
    return found


def _open_random_states(estimator: Any) -> list[str]:
    """The names of all its random states, those of its parts included, that are None."""
    states = _left_open(estimator, "random_state")
    parameters = estimator.get_params() if hasattr(estimator, "get_params") else {}
    arguments = inspect.signature(type(estimator)).parameters
    if "random_state" in arguments and "random_state" not in parameters and "random_seed" not in parameters:
        states.append("random_state")  # some libraries list only the parameters that were given
    return states
