"""The learner interface: `Learner`, the `Problem` it is fitted to and the `Predictor` it returns."""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar

import numpy as np

from ..tasks.spaces import Space, read_only
from .parameters import check_parameters

TOLERANCE = 0.01
"""Mean loss over the training set, in nats per output, at which an iterative learner has fitted it."""

FITTED, VALIDATED, PLATEAU, BUDGET = "fitted", "validated", "plateau", "budget"
STOPPED = (BUDGET, PLATEAU, VALIDATED, FITTED)
"""How the training of an iterative learner ended, the worst first: the maximum number of steps came first, the loss
still falling, or cross-validation chose that maximum (budget); the loss stood still above the fit (plateau); after the
number of steps that cross-validation chose (validated); the training set was fitted (fitted)."""

PLATEAU_RATIO = 0.95
"""A loss has not converged if its mean over the last tenth of the curve is below this fraction of the tenth before."""


Value = bool | int | float | str
SearchSpace = tuple[tuple[str, tuple[Value, ...]], ...]
"""Parameters to tune, each with its values, the default first; the search space is the Cartesian product."""


@dataclass(frozen=True)
class Spec:
    """The properties of a task that a learner's `accepts` can check before any data is sampled."""

    inputs: Space
    outputs: Space
    scratchpad: Space | None = None  # of the intermediate steps, if the task provides them
    n: int | None = None  # number of training examples, if known


@dataclass(frozen=True)
class Problem:
    """A training set. It contains neither the task nor any test split. Its arrays are read-only.

    inputs      (n, *input_space.shape)
    targets     (n, outputs)
    seed        random seed for everything the learner samples
    scratchpad  (n, length): the intermediate steps as tokens of scratchpad_space; None if the task provides none
    n_id        number of in-distribution examples, which come first; None: all of them. The rest come from the exposure
             pool: they are used for fitting, never for validation
    noisy       whether equal inputs may have different targets (sampled from a distribution, or labels of real data)
    group_size  number of adjacent rows that come from one example (in the tied view, the positions of an input); a
             cross-validation keeps them together

    Raises ValueError if the training set is empty, lengths differ or a value lies outside its Space.
    """

    inputs: np.ndarray
    targets: np.ndarray
    input_space: Space
    output_space: Space
    seed: int
    scratchpad: np.ndarray | None = None
    scratchpad_space: Space | None = None
    n_id: int | None = None
    noisy: bool = False
    group_size: int = 1

    def __post_init__(self) -> None:
        if len(self.inputs) == 0:
            raise ValueError("the training set is empty; at least one example is needed")
        if len(self.inputs) != len(self.targets):
            raise ValueError(f"{len(self.inputs)} inputs but {len(self.targets)} targets")
        self.input_space.check(self.inputs, "training inputs")
        self.output_space.check(self.targets, "training targets")
        if self.scratchpad is not None and self.scratchpad_space is not None:
            self.scratchpad_space.check(self.scratchpad, "training scratchpad")
        if self.n_id is not None and self.n_id < 0:
            raise ValueError(f"n_id={self.n_id}; expected a number of examples, or None for all")
        for name in ("inputs", "targets", "scratchpad"):
            if (array := getattr(self, name)) is not None:
                object.__setattr__(self, name, read_only(array))

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def cross_validated(self) -> bool:
        """Whether cross-validation decides how long to train: on noisy and on real targets.

        Otherwise training goes on until the training set is fitted.
        """
        return self.noisy or not self.output_space.symbolic

    def take(self, rows: np.ndarray, n_id: int) -> Problem:
        """The examples at `rows` as a problem, of which the first `n_id` are in distribution."""
        scratchpad = None if self.scratchpad is None else self.scratchpad[rows]
        return replace(self, inputs=self.inputs[rows], targets=self.targets[rows], scratchpad=scratchpad, n_id=n_id)


@dataclass
class Predictor(abc.ABC):
    """A fitted model.

    record  metadata of the fit, as plain JSON: `steps` performed, final `loss`, `stopped` (of an iterative learner: how
            training ended, one of the constants below), `diverged` (the step at which the loss was not finite); for a
            tuned learner also `configuration` and `validation` (learners/tuned.py)
    """

    record: dict[str, Any] = field(default_factory=dict, kw_only=True)

    @abc.abstractmethod
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities (n, outputs, classes) for symbolic targets, values (n, outputs) for real targets.

        inputs  (n, *input_space.shape), read-only
        """


@dataclass(frozen=True)
class Resources:
    """Compute resources of a fit: set by the runner and recorded as provenance; not parameters of the learner.

    device   torch device on which networks are trained: cpu, cuda, ...
    threads  number of threads for torch operations
    stack    maximum number of networks trained together; None: chosen for the device
    """

    device: str = "cpu"
    threads: int = 1
    stack: int | None = None


CPU = Resources()
"""One CPU thread, because the process pool runs one process per core."""


class Learner(abc.ABC):
    """A learning algorithm with all its parameters.

    A learner is a frozen dataclass. Its fields are its parameters, and they are part of the key of every result. The
    valid values of a parameter are declared with its field (learners/parameters.py) and checked on construction.

    Example: `Forest(n_estimators=100).fit(problem)` encodes the tokens of the problem as numbers with the declared
    `encoding`, grows 100 trees and returns a `Predictor`, whose `predict(inputs)` returns one distribution over the
    classes for every output of every input.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "other"  # the learner family; presets select it with kind:network
    search_space: ClassVar[SearchSpace] = ()  # tuned parameters and their values, the default first
    control: ClassVar[bool] = False  # a control (sanity check), not a competitor
    renamed: ClassVar[Mapping[str, str]] = {}  # former names of parameters -> their names, for error messages
    preload: ClassVar[tuple[str, ...]] = ()  # modules to import before a fit is timed

    def __post_init__(self) -> None:
        check_parameters(self)

    def accepts(self, spec: Spec) -> str | None:  # noqa: ARG002
        """None if the learner supports such a task, else the reason why not, in one line."""
        return None

    @abc.abstractmethod
    def fit(self, problem: Problem) -> Predictor:
        """Fit to one training set."""

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:  # noqa: ARG002
        """Fit to several training sets independently, within the given `resources`.

        Networks are trained together as one stack.
        """
        return [self.fit(problem) for problem in problems]

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Continue training on another training set, without access to earlier ones.

        predictor  the return value of an earlier `partial_fit` of the same learner, which is not modified; None for the
                   first call, so that a learner can allocate all classes before they occur
        problem    a training set with the same Spaces; its targets may contain classes that have not occurred before

        Optional. A learner that does not override it does not support continual learning (`continues`), and raises
        NotImplementedError.
        """
        raise NotImplementedError(f"{self.name} does not support partial_fit; it can only be refitted")

    @property
    def continues(self) -> bool:
        """Whether the learner supports continual learning (`partial_fit`)."""
        return type(self).partial_fit is not Learner.partial_fit

    def untied(self) -> Learner:
        """The variant that sees the whole input as one, for learners that share weights across positions.

        Raises ValueError for a learner that does not share weights across positions, which is untied as it is.
        """
        raise ValueError(f"{self.name} shares no weights across positions, so it is untied as it is; omit view=untied")

    def parameters(self) -> dict[str, Any]:
        """The fields of the dataclass by name: they identify the learner."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # pyright: ignore[reportArgumentType]


def is_falling(losses: np.ndarray) -> bool:
    """Whether a training loss, (steps,), had not reached a plateau when training ended."""
    tenth = max(len(losses) // 10, 1)
    if len(losses) < 2 * tenth:
        return True
    return bool(losses[-tenth:].mean() < PLATEAU_RATIO * losses[-2 * tenth : -tenth].mean())


def merged_record(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The record of a model of several parts: most steps, mean loss, and how the worst part stopped."""
    merged: dict[str, Any] = {}
    if steps := [one["steps"] for one in records if "steps" in one]:
        merged["steps"] = max(steps)
    if losses := [one["loss"] for one in records if "loss" in one]:
        merged["loss"] = float(np.mean(losses))
    if stopped := [one["stopped"] for one in records if "stopped" in one]:
        merged["stopped"] = min(stopped, key=STOPPED.index)
    return merged
