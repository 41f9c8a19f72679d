"""Scoring: from the predictions of an entrant in a cell to the rows of the tidy table, and the status of the cell."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from ..learners.base import BUDGET, PLATEAU
from ..metrics.scores import Scored
from .data import CellData
from .predict import Predictions
from .rows import LARGEST

UNDERFIT = 0.99
"""A learner without iterations is flagged `capacity` if its `Metric.training_fit`, 1 at best, is below this value."""

TRAINING_SPLITS = ("train", "train-exposed")
"""The splits that hold training examples."""


def score(data: CellData, predictions: Predictions, *, flags_underfit: bool) -> list[dict[str, Any]]:
    """The rows of a cell, one per (split, metric), with COLUMNS of runs/results.py.

    flags_underfit  whether the cell is flagged if it underfits the training targets

    In each split, one row (that of `Metric.per_example_metric`) also has the values per example that it is the mean of:
    `count` and `examples`, packed bits (kind "bits"), float32 (kind "float32") or, on the OOD split of a riddle,
    int8 codes of metrics/rules.py (kind "answers"). In the split "train", the same row has
    the record of the fit as JSON (`record`): the step at which a loss was not finite, the number of steps, ...
    """
    truth = data.task.truth
    scored = _scores(data, predictions)
    status = _status(data, predictions, scored, flags_underfit=flags_underfit)
    shared = {**data.cell.row(), "fit_seconds": predictions.seconds, "status": status}
    rows: list[dict[str, Any]] = []
    for split, result in scored.items():
        metrics = result.metrics if result else {truth.metric.name: math.nan}
        per_example = truth.metric_on(split).per_example_metric if result else truth.metric.name
        for metric, value in metrics.items():
            if abs(value) > LARGEST:
                raise ValueError(
                    f"the predictions are too large to be scored: {metric} on {split} is {value:.3g}; expected at most "
                    f"{LARGEST:g}"
                )
            row = {**shared, "split": split, "metric": metric, "value": value, "count": len(data.tests[split])}
            if metric == per_example and result:
                row |= _pack(result.per_example)
            if metric == per_example and split == "train":
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
        if result and predictions.without_probabilities:
            for value in truth.metric_on(name).probabilistic:
                result.metrics.pop(value, None)
        if result and name in predictions.missing:
            result.metrics["missing"] = float(predictions.missing[name])
    _add_calibrated(data, predictions, scored)
    return scored


def _add_calibrated(data: CellData, predictions: Predictions, scored: dict[str, Scored | None]) -> None:
    """Add the metrics after calibration (`Metric.calibrated`), which is fitted on one split and applied to others."""
    if predictions.without_probabilities:
        return
    truth = data.task.truth
    tested = {name: answer for name, answer in predictions.answers.items() if name not in TRAINING_SPLITS}
    expected = {name: truth.expected(name, data.tests[name], data.training) for name in tested}
    for name, metrics in truth.metric.calibrated(tested, expected).items():
        if result := scored.get(name):
            result.metrics.update(metrics)


def _status(data: CellData, predictions: Predictions, scored: dict[str, Scored | None], *, flags_underfit: bool) -> str:
    """The flag of a cell whose test scores do not show the bias of its learner (FLAGS of runs/results.py), or "ok"."""
    if predictions.diverged:
        return "diverged"
    if not flags_underfit:
        return "ok"
    stopped = predictions.record.get("stopped")
    if stopped in (BUDGET, PLATEAU):
        return str(stopped)
    truth = data.task.truth
    if stopped or truth.noisy or not data.task.outputs.symbolic:  # no learner should fit noise exactly
        return "ok"
    metric, trained = truth.metric_on("train"), [result for name in TRAINING_SPLITS if (result := scored.get(name))]
    return "capacity" if any(metric.training_fit(result.metrics) < UNDERFIT for result in trained) else "ok"


def _pack(values: np.ndarray) -> dict[str, Any]:
    if values.dtype == bool:
        return {"examples": np.packbits(values).tobytes(), "kind": "bits"}
    if values.dtype == np.int8:
        return {"examples": values.tobytes(), "kind": "answers"}
    return {"examples": values.astype(np.float32).tobytes(), "kind": "float32"}
