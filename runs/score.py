"""Scoring: from what an entrant answered in a cell to the rows of the tidy table, and the status of the cell."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from ..learners.lookup import Lookup
from ..metrics.scores import Scored
from ..tasks.base import Examples
from .data import CellData
from .fit import problem_of
from .predict import Predictions

UNDERFIT = 0.99
"""A cell whose fit to its training targets is below this part of the attainable is marked underfit."""

TRAINED_ON = ("train", "train-exposed")
"""The splits that hold training examples."""


def score(data: CellData, predictions: Predictions, *, examined: bool) -> list[dict[str, Any]]:
    """The rows of a cell: one a (split, metric), with COLUMNS of runs/results.py.

    examined  whether a poor fit to the training targets is a mark of the cell

    Of each split, one row (that of `Metric.per_example`) also carries what it is the mean of, example by example:
    `count`, and `examples`, packed bits (kind "bits"), float32 (kind "float32") or, where the rules of a riddle part,
    int8 codes of metrics/rules.py (kind "answers"). That of the split "train" carries, as JSON in `record`, what the
    fit says of itself: the step at which a loss was not finite, steps done, shortest program, ...
    """
    truth = data.task.truth
    scored = _scores(data, predictions)
    status = _status(data, predictions, scored, examined=examined)
    shared = {**data.cell.row(), "fit_seconds": predictions.seconds, "status": status}
    rows: list[dict[str, Any]] = []
    for split, result in scored.items():
        metrics = result.metrics if result else {truth.metric.name: math.nan}
        carrier = truth.metric_on(split).per_example if result else truth.metric.name
        for metric, value in metrics.items():
            row = {**shared, "split": split, "metric": metric, "value": value, "count": len(data.tests[split])}
            if metric == carrier and result:
                row |= _pack(result.each)
            if metric == carrier and split == "train":
                row["record"] = json.dumps(predictions.record, default=str)
            rows.append(row)
    return rows


def _scores(data: CellData, predictions: Predictions) -> dict[str, Scored | None]:
    """The scores of every split; None where training diverged."""
    truth, answers = data.task.truth, predictions.answers
    if predictions.diverged:
        return dict.fromkeys(data.tests)
    scored: dict[str, Scored | None] = {
        name: truth.score(answers[name], name, examples, data.training)
        for name, examples in data.tests.items()
        if name in answers
    }
    for name, result in scored.items():
        if result and predictions.certain:
            for value in truth.metric_on(name).probabilistic:
                result.metrics.pop(value, None)
        if result and name in predictions.missing:
            result.metrics["missing"] = float(predictions.missing[name])
    seen = [name for name in TRAINED_ON if name in answers]
    if not seen:
        return scored
    examples = Examples.concatenate([data.tests[name] for name in seen])
    given = np.concatenate([answers[name] for name in seen])

    def memory() -> np.ndarray:
        return Lookup().fit(problem_of(data)).predict(examples.inputs)

    memorised = truth.metric_on("train").memorised(given, truth.expected("train", examples, data.training), memory)
    if train := scored["train"]:
        train.metrics.update(memorised)
    return scored


def _status(data: CellData, predictions: Predictions, scored: dict[str, Scored | None], *, examined: bool) -> str:
    """ok, or why the cell's test scores do not speak for its learner's bias.

    What is attainable in bits is not known, and to memorise a text is not the aim: there nothing is called underfit.
    """
    if predictions.diverged:
        return "diverged"
    metric, limited = data.task.truth.metric_on("train"), bool(predictions.record.get("not_converged"))
    if not metric.attainable:
        return "not-converged" if limited else "ok"
    trained = [result for name in TRAINED_ON if (result := scored.get(name))]
    if not examined or not any(metric.fitted(result.metrics) < UNDERFIT for result in trained):
        return "ok"
    return "underfit,not-converged" if limited else "underfit"


def _pack(each: np.ndarray) -> dict[str, Any]:
    if each.dtype == bool:
        return {"examples": np.packbits(each).tobytes(), "kind": "bits"}
    if each.dtype == np.int8:
        return {"examples": each.tobytes(), "kind": "answers"}
    return {"examples": each.astype(np.float32).tobytes(), "kind": "float32"}
