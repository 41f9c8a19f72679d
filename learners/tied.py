"""The tied view: one model for all positions, of a position and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..tasks.spaces import Space
from .base import CPU, Learner, Predictor, Problem, Resources, Spec
from .parameters import number


@dataclass(frozen=True)
class Tied(Learner):
    """Tied variant: one model applied at every position, which sees that position and its neighbours.

    The output at a position is predicted from a window of the input. Example: with window=1 a training set of 16 inputs
    of 20 bits becomes one of 320 examples of 3 tokens, so that what is learned at one position applies at all of them.
    Beyond the ends of the input the window holds a token of its own (real inputs: 0).

    base      the learner that is fitted to the windows
    window    number of neighbours that are visible on each side
    position  whether the index of the position is a further token of the window; if so, rules may depend on it
    """

    base: Learner
    window: int = number(1, at_least=0)
    position: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("name", "version", "kind", "control", "preload"):
            object.__setattr__(self, name, getattr(self.base, name))

    def accepts(self, spec: Spec) -> str | None:
        if spec.inputs.layout == "grid" or spec.inputs.shape != spec.outputs.shape:
            return "view=tied needs one output for each position of the input"
        rows = None if spec.n is None else spec.n * spec.inputs.size
        return self.base.accepts(Spec(self.input_space(spec.inputs), self.output_space(spec.outputs), n=rows))

    def parameters(self) -> dict[str, Any]:
        """The parameters of the base learner, and the view."""
        return {**self.base.parameters(), "view": "tied", "window": self.window, "position": self.position}

    def fit(self, problem: Problem) -> Predictor:
        return self.fit_many([problem])[0]

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:
        fitted = self.base.fit_many([self.windows_of(problem) for problem in problems], resources)
        return [
            TiedPredictor(self, predictor, problem.input_space, record=predictor.record)
            for predictor, problem in zip(fitted, problems, strict=True)
        ]

    def windows_of(self, problem: Problem) -> Problem:
        """The training set of the base learner: n * positions examples, those of one input adjacent."""
        positions = problem.input_space.size
        return replace(
            problem,
            inputs=self.windows(problem.inputs, problem.input_space),
            targets=problem.targets.reshape(-1, 1),
            input_space=self.input_space(problem.input_space),
            output_space=self.output_space(problem.output_space),
            scratchpad=None,
            scratchpad_space=None,
            n_id=None if problem.n_id is None else problem.n_id * positions,
            group_size=problem.group_size * positions,
        )

    def windows(self, inputs: np.ndarray, space: Space) -> np.ndarray:
        """The windows of all positions, (n, positions) -> (n * positions, 2 * window + 1, and 1 for the position)."""
        n, positions = inputs.shape
        width = 2 * self.window + 1
        beyond = 0 if space.alphabet is None else space.alphabet
        padded = np.pad(inputs, ((0, 0), (self.window, self.window)), constant_values=beyond)
        found = np.lib.stride_tricks.sliding_window_view(padded, width, axis=1).reshape(-1, width)
        if not self.position:
            return np.ascontiguousarray(found)
        index = np.arange(positions)
        index = index / max(positions - 1, 1) if space.alphabet is None else index + space.alphabet + 1
        return np.concatenate([found, np.tile(index.astype(inputs.dtype), n)[:, None]], axis=1)

    def input_space(self, space: Space) -> Space:
        """The space of a window."""
        length = 2 * self.window + 1 + self.position
        if space.alphabet is None:
            return Space((length,), None, "sequence")
        further = 1 + (space.size if self.position else 0)  # beyond the ends, and the positions
        values = None if space.values is None else (*space.values, *[None] * further)
        return Space((length,), space.alphabet + further, "sequence", values)

    def output_space(self, space: Space) -> Space:
        """The space of the output at one position."""
        return replace(space, shape=(1,))


@dataclass
class TiedPredictor(Predictor):
    """A model that is applied at every position."""

    learner: Tied
    fitted: Predictor
    space: Space

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        predicted = self.fitted.predict(self.learner.windows(inputs, self.space))
        return predicted.reshape(len(inputs), self.space.size, *predicted.shape[2:])
