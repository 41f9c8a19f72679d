"""What `grue export` writes: a question set for predictors outside grue, or the data of a task with targets."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..tasks.base import Task
from .cells import Pair, digest
from .data import of_seed, sample_split, test_splits
from .entrant import Oracle
from .names import Named


def question_rows(task: Named[Task], splits: list[str], size: int, test_size: int, seed: int) -> list[dict[str, Any]]:
    """A question set, one row per example: the training set with targets, and the test examples without.

    key, split, index  name the example; an answer repeats them (runs/imported.py)
    input, text        the numbers, in one row, and the same as text
    target, target_text, scratchpad  of training examples alone
    """
    instance, key = of_seed(task.instance, seed), set_key(task, size, test_size, seed)
    rows: list[dict[str, Any]] = []
    for split in splits:
        examples = sample_split(task.instance, split, size if split == "train" else test_size, seed)
        for index in range(len(examples)):
            row: dict[str, Any] = {
                "key": key,
                "split": split,
                "index": index,
                "input": examples.inputs[index].ravel().tolist(),
                "text": instance.describe(examples.inputs[index]),
            }
            if split == "train":
                row["target"] = examples.targets[index].tolist()
                row["target_text"] = instance.describe_target(examples.targets[index])
                if examples.scratchpad is not None:
                    row["scratchpad"] = examples.scratchpad[index].tolist()
            rows.append(row)
    return rows


def answered_splits(task: Task) -> list[str]:
    """The splits of a question set: the training examples, then the test splits."""
    return ["train", *test_splits(task)]


def set_key(task: Named[Task], size: int, test_size: int, seed: int) -> str:
    """The key of a question set: readable settings, and a hash of everything that its examples depend on."""
    settings = Pair(task, Named("oracle", Oracle()), test_size).settings
    data = {name: value for name, value in settings.items() if name not in ("learner", "metrics")}
    hashed = digest({**data, "size": size, "seed": seed})[:16]
    return f"{task.label} size={size} test_size={test_size} seed={seed} {hashed}"


def export_rows(task: Task, splits: list[str], size: int, index: int) -> pd.DataFrame:
    """A row an example: split, input, target, and posterior, scratchpad and slices where the task has them.

    At most `size` examples a split: all it holds where that is less.
    """
    frames = []
    for split in splits:
        held = task.capacity(split)
        examples = sample_split(task, split, size if held is None else min(size, held), index)
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
