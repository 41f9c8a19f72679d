"""Probe examples as text, with what each learner, control and heuristic answers.

Inputs and targets are drawn again from the task, which gives the examples of the run where its settings are the
recorded ones. Of another task, the text in the folder (DIR/examples) is read, and answers are numbers of classes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .bundle import locate
from .catalogue import Catalogue, CellInfo
from .probe_answers import Answers

if TYPE_CHECKING:
    from ..tasks.base import Task

EXAMPLES = 6
"""Examples of a split that are shown."""


@dataclass(frozen=True)
class ProbeAnswer:
    """The answer that most seeds give to an example. seeds: how many do; of: how many there are; right: if known."""

    text: str
    seeds: int
    of: int
    right: bool | None


@dataclass(frozen=True)
class ProbeText:
    """The first probe examples of a split. answers: learner -> one for each example; without stored ones, none."""

    task: str
    split: str
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    answers: Mapping[str, tuple[ProbeAnswer, ...]]


def probe_texts(
    folders: Sequence[Path | str],
    catalogue: Catalogue,
    final: Mapping[str, Mapping[str, Sequence[CellInfo]]],
    answers: Answers,
) -> list[ProbeText]:
    """The examples of "id" and of the first shift of every task that has any.

    final    task -> learner -> its cells at the largest training size
    answers  of these cells (`read_probe_answers`)
    """
    tasks = _tasks(catalogue)
    found: list[ProbeText] = []
    for label, cells_of in final.items():
        info = catalogue.tasks[label]
        shift = info.headline or next((one.name for one in info.splits if one.shift is not None), None)
        suite = min((cell.suite_seed for cells in cells_of.values() for cell in cells), default=0)
        task = tasks.get(label)
        drawn = _drawn(task, suite) if task is not None else _stored(folders, label)
        for split in filter(None, ("id", shift)):
            if split in drawn:
                inputs, targets = drawn[split]
                keys = {
                    name: [cell.key for cell in cells if (cell.key, split) in answers and cell.suite_seed == suite]
                    for name, cells in cells_of.items()
                }
                given = {name: np.stack([answers[key, split] for key in own]) for name, own in keys.items() if own}
                found.append(ProbeText(label, split, tuple(inputs), tuple(targets), _answers(task, given, len(inputs))))
    return found


def _tasks(catalogue: Catalogue) -> dict[str, Task]:
    """The tasks that the installed suite makes with the recorded settings; code from elsewhere is not imported."""
    from .rebuild import rebuild  # noqa: PLC0415 -- it loads all tasks and learners

    one_each = {task: next(iter(cells)) for task, cells in catalogue.by_task.items()}
    few = catalogue.only(lambda cell: one_each[cell.task] == cell.learner)
    return {task: pair.task.instance for (task, _), pair in rebuild(few).pairs.items()}


def _drawn(task: Task, suite: int) -> dict[str, tuple[list[str], list[str]]]:
    from .probes import probes_of  # noqa: PLC0415 -- it loads the tasks

    return {
        split: (
            [task.describe(row) for row in examples.inputs[:EXAMPLES]],
            [task.describe_target(row) for row in examples.targets[:EXAMPLES]],
        )
        for split, examples in probes_of(task, suite).items()
    }


def _stored(folders: Sequence[Path | str], task: str) -> dict[str, tuple[list[str], list[str]]]:
    from .batches import BatchStore  # noqa: PLC0415 -- only for tasks that cannot be made

    found: dict[str, tuple[list[str], list[str]]] = {}
    for folder in folders:
        path = locate(folder)
        if not (path / "examples").is_dir():
            continue
        for table, _ in BatchStore(path).read("examples").values():
            rows = table.to_pandas()
            rows = rows.loc[(rows["task"] == task) & (rows["index"] < EXAMPLES)].sort_values("index")
            for split, own in rows.groupby("split"):
                found.setdefault(str(split), (own["input"].tolist(), own["target"].tolist()))
    return found


def _answers(task: Task | None, given: Mapping[str, np.ndarray], count: int) -> dict[str, tuple[ProbeAnswer, ...]]:
    """given: learner -> classes, (seeds, n, outputs)."""
    truth = given["oracle"][0] if "oracle" in given else None
    return {
        name: tuple(_answer(task, classes[:, index], None if truth is None else truth[index]) for index in range(count))
        for name, classes in given.items()
    }


def _answer(task: Task | None, classes: np.ndarray, truth: np.ndarray | None) -> ProbeAnswer:
    counted = Counter(map(tuple, classes.tolist()))
    most, seeds = counted.most_common(1)[0]
    text = task.describe_target(np.array(most)) if task is not None else " ".join(map(str, most))
    return ProbeAnswer(text, seeds, len(classes), None if truth is None else most == tuple(truth.tolist()))
