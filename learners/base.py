"""The contract of a learner: what it gets, and what it must give back."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

import numpy as np

from ..tasks.spaces import Space, read_only
from .parameters import check_parameters

STILL_FALLING = 0.95
"""A loss was still falling if its mean over the last tenth of its curve is below this part of the tenth before."""


Value = bool | int | float | str
SearchSpace = tuple[tuple[str, tuple[Value, ...]], ...]
"""The values of each parameter that is tuned, the default first; a space is all their combinations."""


@dataclass(frozen=True)
class Spec:
    """What a learner may know of a task before it accepts it."""

    inputs: Space
    outputs: Space
    steps: Space | None = None  # of the worked solutions, where the task gives them
    n: int | None = None  # training examples, where they are known


@dataclass(frozen=True)
class Problem:
    """A training set. There is no task and no test split in it. Its arrays are read-only.

    inputs   (n, *input_space.shape)
    targets  (n, outputs)
    seed     for all that the learner draws
    steps    (n, length): the worked solutions as tokens of step_space; None where the task gives none
    inside   so many examples, the first ones, are in distribution; None: all. Those that follow come from the
             exposure pool: they are fitted, and never tuned on
    """

    inputs: np.ndarray
    targets: np.ndarray
    input_space: Space
    output_space: Space
    seed: int
    steps: np.ndarray | None = None
    step_space: Space | None = None
    inside: int | None = None

    def __post_init__(self) -> None:
        if len(self.inputs) == 0:
            raise ValueError("the training set is empty; at least one example is needed")
        if len(self.inputs) != len(self.targets):
            raise ValueError(f"{len(self.inputs)} inputs but {len(self.targets)} targets")
        self.input_space.check(self.inputs, "training inputs")
        self.output_space.check(self.targets, "training targets")
        if self.steps is not None and self.step_space is not None:
            self.step_space.check(self.steps, "training steps")
        if self.inside is not None and self.inside < 0:
            raise ValueError(f"inside={self.inside}; expected a number of examples, or None for all")
        for name in ("inputs", "targets", "steps"):
            if (array := getattr(self, name)) is not None:
                object.__setattr__(self, name, read_only(array))

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass
class Predictor(abc.ABC):
    """What has been learnt.

    record  what the fit has to say of itself, as plain numbers: `steps` done, final `loss`, `still_falling`
            (True where the loss still fell when the budget ended), `diverged` (the step whose loss was not finite);
            of a tuned learner also `configuration` and `validation` (learners/tuned.py)
    """

    record: dict[str, Any] = field(default_factory=dict, kw_only=True)

    @abc.abstractmethod
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities (n, outputs, classes) for symbolic targets, values (n, outputs) for real ones.

        `inputs` is read-only.
        """


@dataclass(frozen=True)
class Resources:
    """What a fit may use: given by the runner, recorded as provenance, and no part of what a learner is.

    device   where networks are trained, in torch's words: cpu, cuda, ...
    threads  of torch's operations
    stack    networks that are trained together, at most; None: as many as the device is good for
    """

    device: str = "cpu"
    threads: int = 1
    stack: int | None = None


CPU = Resources()
"""One thread of the processor: the pool has a process a core."""


class Learner(abc.ABC):
    """An algorithm with all its settings.

    A learner is a frozen dataclass: its fields are its parameters, and they are part of the key of every result. What
    values they may have is declared with them (learners/parameters.py) and checked when a learner is made.
    Example: `Forest(trees=100).fit(problem)` turns the tokens of the problem into numbers by the declared `encoding`,
    grows 100 trees and returns a `Predictor` whose `predict(inputs)` gives one distribution over the
    classes for every output of every input.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    kind: ClassVar[str] = "other"  # a name for learners that are alike: presets say kind:network
    search_space: ClassVar[SearchSpace] = ()  # what tuning tries: a parameter, and its values with the default first
    control: ClassVar[bool] = False  # checks the suite rather than taking part in it
    preload: ClassVar[tuple[str, ...]] = ()  # modules that are imported before a fit is timed

    def __post_init__(self) -> None:
        check_parameters(self)

    def accepts(self, spec: Spec) -> str | None:  # noqa: ARG002
        """None if the learner can do such a task, else the reason why not, in one line."""
        return None

    @abc.abstractmethod
    def fit(self, problem: Problem) -> Predictor:
        """Learn from one training set."""

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:  # noqa: ARG002
        """Learn from several training sets, each on its own, with no more than the `resources`.

        Networks train them as one stack.
        """
        return [self.fit(problem) for problem in problems]

    def partial_fit(self, predictor: Predictor | None, problem: Problem) -> Predictor:
        """Go on learning from another training set, without the earlier ones.

        predictor  what an earlier `partial_fit` of the same learner gave, which stays as it is; None to begin: what is
                   to go on may have to know from the beginning of classes that have not occurred yet
        problem    of the same Spaces; its targets may be classes that are new

        Optional: a learner that does not override it cannot go on (`continues`), and raises NotImplementedError.
        """
        raise NotImplementedError(f"{self.name} cannot go on learning; it can only be fitted anew")

    @property
    def continues(self) -> bool:
        """Whether it can go on learning from what it knows (`partial_fit`)."""
        return type(self).partial_fit is not Learner.partial_fit

    def parameters(self) -> dict[str, Any]:
        """The fields of the dataclass: what makes this learner this learner."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # pyright: ignore[reportArgumentType]


def still_falling(losses: np.ndarray) -> bool:
    """Whether a training loss, (steps,), had not settled when the budget ended."""
    tenth = max(len(losses) // 10, 1)
    if len(losses) < 2 * tenth:
        return True
    return bool(losses[-tenth:].mean() < STILL_FALLING * losses[-2 * tenth : -tenth].mean())
