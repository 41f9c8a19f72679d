"""What `grue export` writes: a set of examples to be answered elsewhere, or the whole data of a task."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..tasks.base import Task
from .cells import Pair, digest
from .data import draw, of_seed, tested
from .entrant import Oracle
from .names import Named


def question_rows(task: Named[Task], splits: list[str], size: int, tests: int, seed: int) -> list[dict[str, Any]]:
    """A set to be answered, a row an example: the training set with targets, and tests without.

    key, split, index  name the example; an answer repeats them (runs/imported.py)
    input, text        the numbers, in one row, and the same in words
    target, target_text, scratchpad  of training examples alone
    """
    thing, key = of_seed(task.thing, seed), set_key(task, size, tests, seed)
    rows: list[dict[str, Any]] = []
    for split in splits:
        examples = draw(task.thing, split, size if split == "train" else tests, seed)
        for index in range(len(examples)):
            row: dict[str, Any] = {
                "key": key,
                "split": split,
                "index": index,
                "input": examples.inputs[index].ravel().tolist(),
                "text": thing.describe(examples.inputs[index]),
            }
            if split == "train":
                row["target"] = examples.targets[index].tolist()
                row["target_text"] = thing.describe_target(examples.targets[index])
                if examples.scratchpad is not None:
                    row["scratchpad"] = examples.scratchpad[index].tolist()
            rows.append(row)
    return rows


def answered_splits(task: Task) -> list[str]:
    """The splits of a set to be answered: the training examples, then those that are asked for."""
    return ["train", *tested(task)]


def set_key(task: Named[Task], size: int, tests: int, seed: int) -> str:
    """The key of a set of examples: what it was made from in words, and a hash of all that its examples depend on."""
    settings = Pair(task, Named("oracle", Oracle()), tests).settings
    data = {name: value for name, value in settings.items() if name not in ("learner", "metrics")}
    hashed = digest({**data, "size": size, "seed": seed})[:16]
    return f"{task.label} size={size} tests={tests} seed={seed} {hashed}"


def export_rows(task: Task, splits: list[str], size: int, index: int) -> pd.DataFrame:
    """A row an example: split, input, target, and posterior, scratchpad and slices where the task has them.

    At most `size` examples a split: all it holds where that is less.
    """
    frames = []
    for split in splits:
        held = task.capacity(split)
        examples = draw(task, split, size if held is None else min(size, held), index)
        columns: dict[str, Any] = {
            "split": [split] * len(examples),
            "input": examples.inputs.reshape(len(examples), -1).tolist(),
            "target": examples.targets.tolist(),
        }
        if examples.posterior is not None:
            columns["posterior"] = examples.posterior.tolist()
        if examples.scratchpad is not None:
            columns["scratchpad"] = examples.scratchpad.tolist()
        columns |= {name: labels.tolist() for name, labels in examples.slices.items()}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)
