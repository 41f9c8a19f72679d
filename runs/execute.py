"""Carry out one batch: sample the data, fit, predict, score. Knows nothing of files, processes and progress."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..learners.base import CPU, Resources
from .cells import Batch
from .data import data_of
from .entrant import as_entrant
from .probes import answer_rows, described, probes_of
from .score import score


def run_batch(batch: Batch, resources: Resources = CPU) -> dict[str, pd.DataFrame]:
    """The tables of a batch.

    "batches"      a row a (cell, split, metric): runs/score.py
    "predictions"  a row a (cell, split): the answers to the probe examples, runs/probes.py
    "examples"     a row a probe example of the task: its text, runs/probes.py
    """
    entrant = as_entrant(batch.pair.learner.instance)
    probes = probes_of(batch.pair.task.instance, batch.pair.suite)
    sets = data_of(batch.pair, batch.cells, probes)
    rows: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for data, predictions in zip(sets, entrant.predictions(sets, resources), strict=True):
        rows += score(data, predictions, flags_underfit=entrant.flags_underfit)
        answers += answer_rows(data, predictions)
    return {
        "batches": pd.DataFrame(rows),
        "predictions": pd.DataFrame(answers),
        "examples": described(batch.pair, probes),
    }
