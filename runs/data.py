"""The data of a run: what a split of a task holds for a seed, whoever asks for it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..tasks.base import Examples, Task
from .names import UsageError, nearest
from .seeds import generator


def of_seed(task: Task, index: int, suite: int = 0) -> Task:
    """The task of seed `index`: itself, unless its rule is drawn for each seed."""
    return task.drawn(generator(suite=suite, task=task.name, parameters=task.parameters(), rule=index))


def draw(task: Task, split: str, n: int, index: int, suite: int = 0) -> Examples:
    """The first n examples of a split of `of_seed(task, index)`, or all it holds where that is less.

    They depend on the task, its parameters, the split and (unless the split is fixed) the seed, not on learners or
    sizes. Raises SpaceExhaustedError for a training split that does not hold n: a smaller one would be another cell.
    """
    held = task.capacity(split)
    if held is not None and split != "train":
        n = min(n, held)
    seed = "fixed" if task.split(split).fixed else index
    rng = generator(suite=suite, task=task.name, parameters=task.parameters(), split=split, seed=seed)
    return of_seed(task, index, suite).sample(split, n, rng)


def split_named(task: Task, name: str) -> str:
    """The name, if the task has such a split; else raises UsageError with the nearest."""
    known = [split.name for split in task.splits]
    if name not in known:
        raise UsageError(f"{task.name}: " + nearest(name, known, "split"))
    return name


def export_rows(task: Task, splits: list[str], size: int, index: int) -> pd.DataFrame:
    """A row an example: split, input, target, and posterior, steps and groups where the task has them.

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
        if examples.steps is not None:
            columns["steps"] = examples.steps.tolist()
        columns |= {name: labels.tolist() for name, labels in examples.groups.items()}
        frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)
