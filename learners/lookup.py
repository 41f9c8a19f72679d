"""Control learners: memorisation, and a forest trained on shuffled targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import Learner, Predictor, Problem, Spec
from .encodings import ENCODINGS
from .forest import Forest
from .parameters import choice, number


@dataclass(frozen=True)
class Lookup(Learner):
    """Lookup table (control): memorises the training set; predicts the training marginal elsewhere."""

    name = "lookup"
    control = True

    def fit(self, problem: Problem) -> Predictor:
        targets = _distributions(problem.targets, problem.output_space)
        keys = _keys(problem.inputs, problem.input_space)
        rows: dict[bytes, list[int]] = {}
        for row, key in enumerate(keys):
            rows.setdefault(key, []).append(row)
        table = {key: targets[same].mean(0) for key, same in rows.items()}
        return LookupPredictor(problem.input_space, table, targets.mean(0))


@dataclass
class LookupPredictor(Predictor):
    """A table from inputs to mean targets, and the mean of all targets."""

    space: Space
    table: dict[bytes, np.ndarray]
    marginal: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        return np.stack([self.table.get(key, self.marginal) for key in _keys(inputs, self.space)])


@dataclass(frozen=True)
class Shuffled(Learner):
    """Random forest trained on shuffled targets (control): a score other than chance is luck or a leak.

    n_estimators, encoding  of the forest
    """

    name = "shuffled"
    control = True
    preload = ("sklearn.ensemble",)

    renamed: ClassVar[Mapping[str, str]] = {"trees": "n_estimators"}

    encoding: str = choice("auto", ENCODINGS)
    n_estimators: int = number(30, at_least=1)

    def accepts(self, spec: Spec) -> str | None:
        return Forest(self.encoding, self.n_estimators).accepts(spec)

    def fit(self, problem: Problem) -> Predictor:
        order = np.random.default_rng(problem.seed).permutation(len(problem))
        return Forest(self.encoding, self.n_estimators).fit(replace(problem, targets=problem.targets[order]))


def _keys(inputs: np.ndarray, space: Space) -> list[bytes]:
    """Dictionary keys of inputs: their bytes, after sorting if the layout is a bag."""
    rows = np.sort(inputs, axis=1) if space.layout == "bag" else inputs
    rows = np.ascontiguousarray(rows, np.float64 if space.alphabet is None else np.int64)
    return [row.tobytes() for row in rows]


def _distributions(targets: np.ndarray, space: Space) -> np.ndarray:
    """Targets as distributions: one-hot (n, outputs, classes), or unchanged if real."""
    return targets if space.alphabet is None else np.eye(space.alphabet)[targets]
