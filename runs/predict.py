"""Prediction: what an entrant answered, as a value between fitting and scoring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..learners.base import Predictor
from ..tasks.base import Examples, Task
from ..tasks.spaces import read_only

ROUNDING = 1e-3
"""So far from 1 may the probabilities of an output add up, and so far below 0 may one lie."""


@dataclass(frozen=True)
class Predictions:
    """What an entrant answered in one cell.

    answers  split -> probabilities (n, outputs, classes), or (n, outputs) values where targets are real; none where
             training diverged
    probes   the same for the probe examples of each split
    record   what the fit says of itself (learners.base.Predictor.record)
    seconds  that the fit took
    missing  split -> examples that were not answered; what stands in `answers` for them is a constant
    without_probabilities  the answers name a class only: metrics that need probabilities have no value
    """

    answers: Mapping[str, np.ndarray]
    probes: Mapping[str, np.ndarray] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    missing: Mapping[str, int] = field(default_factory=dict)
    without_probabilities: bool = False

    @property
    def diverged(self) -> bool:
        """Whether a training loss was not finite, so that there are no answers."""
        return "diverged" in self.record


Seeded = Callable[[], AbstractContextManager[None]]
"""Makes a context in which the global random generators are seeded (runs/external.py)."""


def predict(
    task: Task, predictor: Predictor, splits: Mapping[str, Examples], seeded: Seeded = nullcontext
) -> dict[str, np.ndarray]:
    """What is predicted for the examples of each split; nothing by a predictor whose training diverged.

    seeded  entered for each split, so that no split depends on those before it
    """
    if "diverged" in predictor.record:
        return {}
    answers: dict[str, np.ndarray] = {}
    for name, examples in splits.items():
        with seeded():
            answers[name] = _predict(task, predictor, examples)
    return answers


def _predict(task: Task, predictor: Predictor, examples: Examples) -> np.ndarray:
    """What is predicted. Raises TypeError and ValueError where it is no array of probabilities, or of real numbers."""
    predicted = predictor.predict(read_only(np.array(examples.inputs)))  # its own, as in fit.problem_of
    shape = (len(examples), task.outputs.size) + ((task.outputs.alphabet,) if task.outputs.alphabet else ())
    who = f"{type(predictor).__name__}.predict"
    if not isinstance(predicted, np.ndarray):
        raise TypeError(
            f"{who} returned an object of type {type(predicted).__name__}; expected a numpy array of shape {shape}"
        )
    if predicted.shape != shape:
        raise ValueError(f"{who} returned an array of shape {predicted.shape}; expected {shape}")
    strange = np.count_nonzero(~np.isfinite(predicted))
    if strange:
        raise ValueError(
            f"{who} returned {strange} NaN or infinite values of {predicted.size}; expected finite numbers"
        )
    if task.outputs.alphabet and len(predicted):
        sums = predicted.sum(-1)
        if predicted.min() < -ROUNDING or np.abs(sums - 1).max() > ROUNDING:
            raise ValueError(
                f"{who} returned invalid probabilities: the minimum is {predicted.min():.3g}, and the sums per output "
                f"are {sums.min():.3g} to {sums.max():.3g}; expected a minimum of 0 and sums of 1"
            )
    return predicted
