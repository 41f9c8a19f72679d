"""Fitting: from the training sets of some cells to predictors, timed."""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence

import numpy as np

from ..learners.base import CPU, Learner, Predictor, Problem, Resources
from .cells import Cell
from .data import CellData
from .external import seeded
from .seeds import seed


def fit(learner: Learner, problems: Sequence[Problem], resources: Resources = CPU) -> list[tuple[Predictor, float]]:
    """Predictors, and the seconds each took: of a stack, its time over its models."""
    for module in learner.preload:
        importlib.import_module(module)
    stacked = type(learner).fit_many is not Learner.fit_many
    groups = [problems] if stacked else [[problem] for problem in problems]
    fitted: list[tuple[Predictor, float]] = []
    for group in groups:
        start = time.perf_counter()
        with seeded(learner, group[0].seed):
            predictors = learner.fit_many(group, resources)
        for predictor in predictors:
            if not isinstance(predictor, Predictor):
                raise TypeError(
                    f"{type(learner).__name__}.fit returned an object of type {type(predictor).__name__}; "
                    "expected a grue Predictor"
                )
        seconds = (time.perf_counter() - start) / len(group)
        fitted += [(predictor, seconds) for predictor in predictors]
    return fitted


def problem_of(data: CellData) -> Problem:
    """The training set of a cell as a learner gets it, with the seed of all that the learner draws."""
    cell, task, examples = data.cell, data.cell.pair.task.instance, data.training
    # Arrays of its own, which Problem makes read-only: torch and other libraries write past that flag.
    inputs, targets = np.array(examples.inputs), np.array(examples.targets)
    scratchpad = None if examples.scratchpad is None else np.array(examples.scratchpad)
    return Problem(
        inputs,
        targets,
        task.inputs,
        task.outputs,
        seed_of(cell),
        scratchpad,
        task.scratchpad,
        n_id=cell.size,
        noisy=task.truth.noisy,
    )


def seed_of(cell: Cell) -> int:
    """The seed of all that the cell's learner draws."""
    task, learner = cell.pair.task.instance.name, cell.pair.learner.instance.name
    return seed(suite=cell.pair.suite, task=task, learner=learner, size=cell.size, exposed=cell.exposed, seed=cell.seed)
