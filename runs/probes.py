"""Probe examples: the same for every seed, so that learners and seeds can be compared example by example.

They are predicted in addition to the tests and change no score. Predictions are stored, and a few examples as text.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..tasks.base import Examples, Task
from .cells import Pair, file_name
from .data import CellData, of_seed, test_splits
from .predict import Predictions
from .seeds import generator

PROBES = 256
"""Probe examples of each split, or all it holds where that is less."""

DESCRIBED = 20
"""Of so many of them the text is kept."""


def probes_of(task: Task, suite: int = 0) -> dict[str, Examples]:
    """The probe examples of "id" and the OOD splits; none of a task whose rule is sampled for each seed."""
    if of_seed(task, 0, suite) is not task:
        return {}
    found: dict[str, Examples] = {}
    for split in test_splits(task):
        held = task.capacity(split)
        rng = generator(suite=suite, **task.data_axes(), split=split, seed="probe")
        found[split] = task.sample(split, PROBES if held is None else min(PROBES, held), rng)
    return found


def answer_rows(data: CellData, predictions: Predictions) -> list[dict[str, Any]]:
    """The rows of the table "predictions": one a (cell, split), with the answers to all probe examples.

    Columns: key, split, and what `Truth.abridged` gives: kind, classes, values.
    """
    return [
        {"key": data.cell.key, "split": split, **data.task.truth.abridged(predicted, data.probes[split].targets)}
        for split, predicted in predictions.probes.items()
    ]


def described(pair: Pair, probes: dict[str, Examples]) -> pd.DataFrame:
    """The table "examples": the first probe examples of each split, and their targets, as text.

    Columns: task, split, index, input, target. It is the same for all batches of a task and suite seed, so it goes by a
    name of their own (`attrs["name"]`) and is on disk once.
    """
    task, label = pair.task.instance, pair.task.label
    rows = [
        {
            "task": label,
            "split": split,
            "index": index,
            "input": task.describe(examples.inputs[index]),
            "target": task.describe_target(examples.targets[index]),
        }
        for split, examples in probes.items()
        for index in range(min(DESCRIBED, len(examples)))
    ]
    table = pd.DataFrame(rows)
    words = f"{label}--suite-{pair.suite}" if pair.suite else label  # another suite seed has other probe examples
    table.attrs["name"] = file_name(words, words)
    return table
