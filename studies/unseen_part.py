"""What learners predict where training leaves them free: on the unseen part of a cube, and along rays out of a box.

Targets are real and without noise, so that networks train until they fit them; no cross-validation stops them earlier.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..learners.base import Predictor, Problem
from ..runs.data import sample_split
from ..runs.fit import fit
from ..runs.names import make_learner
from ..runs.seeds import generator
from ..runs.seeds import seed as make_seed
from ..tasks.gotu import Gotu
from ..tasks.spaces import Space, read_only
from .minimum_degree import CANDIDATES, DIMS, candidates

CROSS_VALIDATED = ("boosting",)
"""Learners that need the number of rounds from a cross-validation: they have no criterion of a fit of real targets."""

TESTS = 1000
DIMENSIONS = 8
"""Of the box [-1, 1]^8 that rays leave."""

TARGETS = {
    "quadratic": lambda inputs: np.square(inputs).sum(axis=1),
    "cosine": lambda inputs: np.cos(np.pi * inputs).sum(axis=1),
}
"""Functions that are not linear along rays."""

DIRECTIONS = 100
STEPS_OUT = np.linspace(2, 10, 41)
"""Positions along a ray, in units of the distance at which it leaves the box."""


class Noiseless(Problem):
    """A training set with real targets without noise."""

    @property
    def cross_validated(self) -> bool:
        """Networks train until they fit."""
        return False


def run_cube(settings: Mapping[str, Any]) -> pd.DataFrame:
    """A learner on the seen part of a cube, for some seeds: one row a seed.

    settings  function (f1 or f2), learner, parameters, n and seeds

    Columns: part, function, learner, seed, n, age (steps after the fit), fit (R^2 on the training set), position (0 at
    the truth, 1 at the minimum-degree interpolator, mean over the unseen points), steps, stopped, and for each
    candidate the root mean squared distance to it on unseen points, in units of that between truth and least degree.
    """
    task, n, seeds = Gotu(settings["function"], DIMS), int(settings["n"]), list(settings["seeds"])
    problems: list[Problem] = []
    for seed in seeds:
        examples = sample_split(task, "train", n, seed)
        own = make_seed(study="simplicity", function=settings["function"], learner=settings["learner"], seed=seed)
        problems.append(_problem(settings, examples.inputs, examples.targets, task.inputs, own))
    learner = make_learner(settings["learner"], settings["parameters"]).instance
    rows: list[dict[str, Any]] = []
    for seed, problem, (predictor, _) in zip(seeds, problems, fit(learner, problems), strict=True):
        tests = sample_split(task, "apart", TESTS, seed).inputs
        known = candidates(settings["function"], 2 * tests.astype(np.int64) - 1)
        predicted = predictor.predict(read_only(tests))[:, 0]
        apart = known["minimum degree"] - known["truth"]
        unit = float(np.sqrt(np.square(apart).mean()))
        distances = {name: np.sqrt(np.square(predicted - known[name]).mean()) / unit for name in CANDIDATES}
        rows.append(
            {
                "part": "cube",
                "function": settings["function"],
                "learner": settings["learner"],
                "seed": seed,
                "n": n,
                "age": settings["parameters"].get("age", 0),
                "fit": _fit(predictor, problem),
                "position": float(((predicted - known["truth"]) / apart).mean()),
                "steps": predictor.record.get("steps", 0),
                "stopped": predictor.record.get("stopped", ""),
                **{name: float(value) for name, value in distances.items()},
            }
        )
    return pd.DataFrame(rows)


def run_rays(settings: Mapping[str, Any]) -> pd.DataFrame:
    """A learner on a function in the box, and its predictions along rays out of it: one row a seed.

    settings  target (a name of TARGETS), learner, parameters, n and seeds

    Columns: part, target, learner, seed, n, fit, linearity (R^2 of a line through the predictions along a ray, mean
    over rays), linear (share of rays with R^2 > 0.99) and outside (largest distance of a prediction to the range of the
    training targets, 0 if all are inside).
    """
    n, seeds = int(settings["n"]), list(settings["seeds"])
    problems: list[Problem] = []
    for seed in seeds:
        inputs = generator(study="simplicity", part="box", seed=seed).uniform(-1, 1, (n, DIMENSIONS))
        targets = TARGETS[settings["target"]](inputs)[:, None]
        own = make_seed(study="simplicity", target=settings["target"], learner=settings["learner"], seed=seed)
        problems.append(_problem(settings, inputs, targets, Space((DIMENSIONS,), None), own))
    learner = make_learner(settings["learner"], settings["parameters"]).instance
    rows: list[dict[str, Any]] = []
    for seed, problem, (predictor, _) in zip(seeds, problems, fit(learner, problems), strict=True):
        directions = generator(study="simplicity", part="rays", seed=seed).normal(size=(DIRECTIONS, 1, DIMENSIONS))
        directions /= np.abs(directions).max(axis=2, keepdims=True)
        points = (directions * STEPS_OUT[:, None]).reshape(-1, DIMENSIONS)
        predicted = predictor.predict(read_only(points))[:, 0].reshape(DIRECTIONS, -1)
        linearity = line_fit(predicted, STEPS_OUT)
        low, high = float(problem.targets.min()), float(problem.targets.max())
        outside = np.maximum(predicted - high, low - predicted).max()
        rows.append(
            {
                "part": "rays",
                "target": settings["target"],
                "learner": settings["learner"],
                "seed": seed,
                "n": n,
                "fit": _fit(predictor, problem),
                "linearity": float(linearity.mean()),
                "linear": float((linearity > 0.99).mean()),  # noqa: PLR2004 -- the published figure
                "outside": max(float(outside), 0.0),
            }
        )
    return pd.DataFrame(rows)


def line_fit(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """R^2 of the line of least squares through each row of values, (rays, positions) -> (rays,); constant rows: 1."""
    centred, along = values - values.mean(axis=1, keepdims=True), positions - positions.mean()
    total = np.square(centred).sum(axis=1)
    explained = np.square(centred @ along) / np.square(along).sum()
    return np.where(total > 0, explained / np.where(total > 0, total, 1), 1.0)


def _problem(settings: Mapping[str, Any], inputs: np.ndarray, targets: np.ndarray, space: Space, seed: int) -> Problem:
    kind = Problem if settings["learner"] in CROSS_VALIDATED else Noiseless
    return kind(np.array(inputs), np.array(targets, dtype=float), space, Space((1,), None), seed)


def _fit(predictor: Predictor, problem: Problem) -> float:
    """R^2 on the training set."""
    errors = predictor.predict(problem.inputs) - problem.targets
    return float(1 - np.square(errors).mean() / problem.targets.var())
