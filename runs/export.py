"""What `grue export` writes: the examples of a task, for use elsewhere."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ..tasks.base import Task
from .data import draw


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
