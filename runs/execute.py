"""Carry out one batch: sample the data, fit, predict, score. Knows nothing of files, processes and progress."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..learners.base import CPU, Resources
from .cells import Batch
from .data import data_of
from .entrant import enter
from .score import score


def run_batch(batch: Batch, resources: Resources = CPU) -> pd.DataFrame:
    """The rows of a batch: one a (cell, split, metric), as runs/score.py gives them."""
    entrant = enter(batch.pair.learner.thing)
    sets = data_of(batch.pair, batch.cells)
    rows: list[dict[str, Any]] = []
    for data, predictions in zip(sets, entrant.predictions(sets, resources), strict=True):
        rows += score(data, predictions, examined=entrant.examined)
    return pd.DataFrame(rows)
