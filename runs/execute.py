"""Carry out one batch: draw the data, fit, predict, score. Knows nothing of files, processes and progress."""

from __future__ import annotations

import importlib
import json
import math
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ..learners.base import Learner, Predictor, Problem
from ..learners.estimators import EstimatorLearner
from ..learners.lookup import Lookup
from ..learners.network import Network
from ..metrics.bits import score_bits
from ..metrics.rules import score_rules
from ..metrics.scores import (
    Scored,
    information_fit,
    log_loss,
    marginal,
    score_classes,
    score_posterior,
    score_values,
)
from ..tasks.base import Examples, Task
from ..tasks.spaces import read_only
from .cells import Batch, Cell, Pair
from .data import draw, of_seed
from .outside import seeded
from .references import Reference
from .seeds import seed

IN_DISTRIBUTION = ("train", "id")
"""The splits on which the rules of a riddle agree."""

TRAIN_SCORED = 1024
"""Of a longer training set the first so many examples are scored: neighbours and kernels would take n^2 for all."""

ROUNDING = 1e-3
"""So far from 1 may the probabilities of an output add up, and so far below 0 may one lie."""

UNDERFIT = 0.99
"""A cell whose fit to its training targets is below this part of the attainable is marked underfit."""

CARRIERS = ("score", "bits", "exact_match", "neither")
"""The metrics whose rows carry examples and records: what there is of them, in this order."""


@dataclass(frozen=True)
class Source:
    """The task of one seed and its data: the longest training set that is asked for, and the tests."""

    task: Task
    train: Examples
    exposed: Examples | None
    tests: dict[str, Examples]


def run_batch(batch: Batch) -> pd.DataFrame:
    """The rows of a batch: one a (cell, split, metric), with COLUMNS of runs/results.py.

    Of each split, one row (of the first of CARRIERS that there is) also carries what it is the mean of, example by
    example: `count`, and `examples`, packed bits (kind "bits"), float32 (kind "float32") or, where the rules of a
    riddle part, int8 codes of metrics/rules.py (kind "answers"). That of the split "train" carries, as JSON in
    `record`, what the fit says of itself: the step at which a loss was not finite, steps done, shortest program, ...
    """
    pair = batch.pair
    sources = {index: _draw(pair, batch.cells, index) for index in sorted({cell.seed for cell in batch.cells})}
    sets = [_training(sources[cell.seed], cell) for cell in batch.cells]
    problems = [_problem(cell, examples) for cell, examples in zip(batch.cells, sets, strict=True)]
    fitted = _fit(pair, problems, [sources[cell.seed].task for cell in batch.cells])
    rows: list[dict[str, Any]] = []
    for cell, training, (predictor, seconds) in zip(batch.cells, sets, fitted, strict=True):
        rows += _score_cell(cell, training, sources[cell.seed], predictor, seconds)
    return pd.DataFrame(rows)


def _draw(pair: Pair, cells: tuple[Cell, ...], index: int) -> Source:
    """Draw a seed's data; they depend on the task, the split and the seed, not on the learner or the sizes."""
    task = pair.task.thing
    own = [cell for cell in cells if cell.seed == index]

    def sample(split: str, n: int) -> Examples:
        return draw(task, split, n, index, pair.suite)

    size, exposed = max(cell.size for cell in own), max(cell.exposed for cell in own)
    tests = {
        split.name: sample(split.name, pair.tests) for split in task.splits if split.name not in ("train", "exposed")
    }
    for name, examples in tests.items():
        task.inputs.check(examples.inputs, f"{task.name}, inputs of {name}")
        task.outputs.check(examples.targets, f"{task.name}, targets of {name}")
    return Source(
        of_seed(task, index, pair.suite), sample("train", size), sample("exposed", exposed) if exposed else None, tests
    )


def _training(source: Source, cell: Cell) -> Examples:
    """The cell's training set: the first `size` examples, then the first `exposed` ones."""
    inside = source.train.take(slice(0, cell.size))
    if not cell.exposed or source.exposed is None:
        return inside
    return Examples.concatenate([inside, source.exposed.take(slice(0, cell.exposed))])


def _problem(cell: Cell, examples: Examples) -> Problem:
    task = cell.pair.task.thing
    # Arrays of its own, which Problem makes read-only: torch and other libraries write past that flag.
    inputs, targets = np.array(examples.inputs), np.array(examples.targets)
    steps = None if examples.steps is None else np.array(examples.steps)
    return Problem(inputs, targets, task.inputs, task.outputs, _seed(cell), steps, task.steps, cell.size)


def _seed(cell: Cell) -> int:
    """What all that the cell's learner draws comes from."""
    task, learner = cell.pair.task.thing.name, cell.pair.learner.thing.name
    return seed(suite=cell.pair.suite, task=task, learner=learner, size=cell.size, exposed=cell.exposed, seed=cell.seed)


def _fit(pair: Pair, problems: list[Problem], tasks: list[Task]) -> list[tuple[Predictor, float]]:
    """Predictors, and the seconds each took: of a stack, its time over its models."""
    learner = pair.learner.thing
    if isinstance(learner, Reference):
        return [(learner.predictor(task), 0.0) for task in tasks]
    _load(type(learner))
    stacked = type(learner).fit_many is not Learner.fit_many
    groups = [problems] if stacked else [[problem] for problem in problems]
    fitted: list[tuple[Predictor, float]] = []
    for group in groups:
        start = time.perf_counter()
        with seeded(learner, group[0].seed):
            predictors = learner.fit_many(group)
        for given in predictors:
            if not isinstance(given, Predictor):
                raise TypeError(
                    f"{type(learner).__name__}.fit gave a {type(given).__name__}; expected a grue Predictor"
                )
        seconds = (time.perf_counter() - start) / len(group)
        fitted += [(predictor, seconds) for predictor in predictors]
    return fitted


@cache
def _load(kind: type[Learner]) -> None:
    """Import what a learner's first fit in this process would import, so that no fit is timed with it."""
    if issubclass(kind, Network):
        importlib.import_module("..learners.training", __package__)
    elif issubclass(kind, EstimatorLearner):
        for library in ("sklearn.ensemble", "sklearn.linear_model", "sklearn.neighbors", "sklearn.svm", "xgboost"):
            importlib.import_module(library)


def _score_cell(
    cell: Cell,
    training: Examples,
    source: Source,
    predictor: Predictor,
    seconds: float,
) -> list[dict[str, Any]]:
    task, tests = source.task, {"train": training.take(slice(0, min(cell.size, TRAIN_SCORED)))}
    if cell.exposed:
        tests["train-exposed"] = training.take(slice(cell.size, None))
    tests |= source.tests
    scored: dict[str, Scored | None] = dict.fromkeys(tests)
    if "diverged" not in predictor.record:
        predicted: dict[str, np.ndarray] = {}
        for name, split in tests.items():  # seeded for each, so that no split depends on those before it
            with seeded(cell.pair.learner.thing, _seed(cell)):
                predicted[name] = _predict(task, predictor, split)
        scored |= {name: _score(task, predicted[name], name, split, training) for name, split in tests.items()}
        if task.ambiguous and scored["train"]:
            seen = [name for name in ("train", "train-exposed") if name in tests]
            examples = Examples.concatenate([tests[name] for name in seen])
            given = np.concatenate([predicted[name] for name in seen])
            scored["train"].metrics["fit"] = _memorised(_problem(cell, training), examples, given)
    status = _status(cell, predictor, [scored[name] for name in ("train", "train-exposed") if name in scored])
    shared = {**cell.row(), "fit_seconds": seconds, "status": status}
    rows: list[dict[str, Any]] = []
    for split, result in scored.items():
        metrics = result.metrics if result else {task.measure: math.nan}
        carrier = next((name for name in CARRIERS if name in metrics), task.measure)
        for metric, value in metrics.items():
            row = {**shared, "split": split, "metric": metric, "value": value, "count": len(tests[split])}
            if metric == carrier and result:
                row |= _pack(result.each)
            if metric == carrier and split == "train":
                row["record"] = json.dumps(predictor.record, default=str)
            rows.append(row)
    return rows


def _predict(task: Task, predictor: Predictor, examples: Examples) -> np.ndarray:
    """What is predicted. Raises TypeError and ValueError where it is no array of probabilities, or of real numbers."""
    predicted = predictor.predict(read_only(np.array(examples.inputs)))  # its own, as in _problem
    shape = (len(examples), task.outputs.size) + ((task.outputs.alphabet,) if task.outputs.alphabet else ())
    who = f"{type(predictor).__name__}.predict"
    if not isinstance(predicted, np.ndarray):
        raise TypeError(f"{who} gave a {type(predicted).__name__}; expected an array of shape {shape}")
    if predicted.shape != shape:
        raise ValueError(f"{who} gave an array of shape {predicted.shape}; expected {shape}")
    strange = np.count_nonzero(~np.isfinite(predicted))
    if strange:
        raise ValueError(f"{who} gave {strange} numbers of {predicted.size} that are NaN or infinite")
    if task.outputs.alphabet and len(predicted):
        sums = predicted.sum(-1)
        if predicted.min() < -ROUNDING or np.abs(sums - 1).max() > ROUNDING:
            raise ValueError(
                f"{who} gave no probabilities: the least is {predicted.min():.3g}, and those of an output add up to "
                f"{sums.min():.3g} to {sums.max():.3g}; expected numbers from 0 up that add up to 1"
            )
    return predicted


def _score(task: Task, predicted: np.ndarray, split: str, examples: Examples, training: Examples) -> Scored:
    classes = task.outputs.alphabet
    if task.rules and split not in IN_DISTRIBUTION:
        return score_rules(predicted, {name: rule(read_only(examples.inputs)) for name, rule in task.rules.items()})
    if classes is None:
        return score_values(predicted, examples.targets, examples.groups)
    if task.measure == "bits":
        return score_bits(predicted, examples.targets, training.targets, examples.groups)
    if examples.posterior is None:
        scored = score_classes(predicted, examples.targets, examples.groups, with_oracle=task.has_oracle)
    else:
        known = marginal(training.targets, classes)
        scored = score_posterior(predicted, examples.targets, examples.posterior, known, examples.groups)
    return scored


def _memorised(problem: Problem, seen: Examples, given: np.ndarray) -> float:
    """How much of an ambiguous training set has been memorised, on the scale of metrics.scores.information_fit.

    seen   those of its examples that are scored; given: what is predicted for them, (n, outputs, classes)
    """
    targets = seen.targets
    memory = Lookup().fit(problem).predict(seen.inputs)
    known = np.broadcast_to(marginal(targets, memory.shape[-1]), memory.shape)
    return information_fit(log_loss(given, targets), log_loss(memory, targets), log_loss(known, targets))


def _status(cell: Cell, predictor: Predictor, train: list[Scored | None]) -> str:
    """ok, or why the cell's test scores do not speak for its learner's bias; `train`: inside, and exposed if any.

    What is attainable in bits is not known, and to memorise a text is not the aim: there nothing is called underfit.
    """
    if None in train:
        return "diverged"
    learner = cell.pair.learner.thing
    if cell.pair.task.thing.measure == "bits":
        return "budget-limited" if predictor.record.get("still_falling") else "ok"
    fits = [_fitted(one.metrics) for one in train if one is not None]
    if isinstance(learner, Reference) or learner.control or not any(fit < UNDERFIT for fit in fits):
        return "ok"
    return "underfit,budget-limited" if predictor.record.get("still_falling") else "underfit"


def _fitted(metrics: dict[str, float]) -> float:
    """How well training targets are fitted, 1 at the best: NaN where one cannot tell, as of bits without a floor."""
    if "fit" in metrics:
        return metrics["fit"]
    score = metrics.get("score", math.nan)
    if "exact_match" in metrics:
        return metrics["exact_match"] if math.isnan(score) else score
    return score if metrics.get("mse") is not None and metrics["chance"] > 0 else math.nan


def _pack(each: np.ndarray) -> dict[str, Any]:
    if each.dtype == bool:
        return {"examples": np.packbits(each).tobytes(), "kind": "bits"}
    if each.dtype == np.int8:
        return {"examples": each.tobytes(), "kind": "answers"}
    return {"examples": each.astype(np.float32).tobytes(), "kind": "float32"}
