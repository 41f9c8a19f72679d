"""Planned cells with their results: the tidy table joined with the catalogue."""

from __future__ import annotations

from collections import Counter
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..metrics.metric import CODE
from ..runs.catalogue import AXES, Catalogue, TaskInfo


class PlannedCell(NamedTuple):
    """A planned cell and its results; a named tuple, since a leaderboard has up to a million of them.

    status  status in the store, or "missing"
    scores  {"id", "ood", "code_bits" and each of these with "_error": float}, NaN if missing; "ood" is the headline
            shift; the errors are standard errors over the test examples, such as the metric "score_error", if the store
            has it; "code_bits" are the bits that it takes to encode the targets of an ID example
    """

    key: str
    size: int
    exposed: int
    seed: int
    status: str
    fit_seconds: float
    scores: dict[str, float]


def planned_cells(scores: pd.DataFrame, catalogue: Catalogue) -> dict[tuple[str, str], list[PlannedCell]]:
    """The planned cells of every (task, learner), with results or not, of the tasks that have a learning curve.

    Raises ValueError if results contradict each other (`refuse_contradictions`).
    """
    refuse_contradictions(catalogue)
    cells = catalogue.cells_table
    curves = [name for name, task in catalogue.tasks.items() if task.has_curve]
    cells = cells.loc[cells["task"].isin(curves)]
    values, first = _wide(scores, cells, catalogue)
    status = np.append(scores["status"].to_numpy(object), "missing")[first]  # -1 is the last one
    seconds = np.append(scores["fit_seconds"].to_numpy(float), np.nan)[first]
    # a literal is made in half the time of dict(zip(...))
    of_cells = (
        {"id": of_id, "ood": ood, "id_error": id_error, "ood_error": ood_error, CODE[0]: bits, CODE[1]: bits_error}
        for of_id, ood, id_error, ood_error, bits, bits_error in zip(*values.T.tolist(), strict=True)
    )
    about = (cells[name].tolist() for name in ("key", "size", "exposed", "seed"))
    made = map(PlannedCell, *about, status.tolist(), seconds.tolist(), of_cells)
    planned: dict[tuple[str, str], list[PlannedCell]] = {}
    for pair, cell in zip(zip(cells["task"].tolist(), cells["learner"].tolist(), strict=True), made, strict=True):
        planned.setdefault(pair, []).append(cell)
    return planned


def _wide(scores: pd.DataFrame, cells: pd.DataFrame, catalogue: Catalogue) -> tuple[np.ndarray, np.ndarray]:
    """The values of SCORES of every cell, (cells, 6), NaN if missing, and its first row in `scores`, -1 if it has none.

    Strings are compared once for each that differs, since a leaderboard has millions of rows.
    """
    keys, known = pd.factorize(scores["key"])
    row_of = pd.Index(cells["key"]).get_indexer(pd.Index(known))
    cell = np.append(row_of, -1)[keys]  # (rows,): the number of the cell, -1 if it is not planned
    first = np.full(len(cells), -1)
    first[cell[cell >= 0][::-1]] = np.flatnonzero(cell >= 0)[::-1]
    of_split, splits = pd.factorize(scores["split"])
    of_metric, metrics = pd.factorize(scores["metric"])
    of_task, tasks = pd.factorize(cells["task"])
    columns = np.full((len(tasks) + 1, len(splits) + 1, len(metrics) + 1), -1)
    for index in product(*(range(len(names)) for names in (tasks, splits, metrics))):
        task, split, metric = (names[one] for names, one in zip((tasks, splits, metrics), index, strict=True))
        columns[index] = _column(catalogue.tasks[task], split, metric)
    column = columns[np.append(of_task, -1)[cell], of_split, of_metric]
    held = np.flatnonzero((column >= 0) & (cell >= 0))[::-1]  # of two rows the first one counts
    values = np.full((len(cells), len(SCORES)), np.nan)
    values[cell[held], column[held]] = scores["value"].to_numpy(float, na_value=np.nan)[held]
    return values, first


SCORES = ("id", "ood", "id_error", "ood_error", *CODE)
"""The names in `PlannedCell.scores`."""


def _column(task: TaskInfo, split: str, metric: str) -> int:
    """The number in SCORES of the rows with a split and a metric, -1 for none."""
    if split == "id" and metric in CODE:
        return SCORES.index(metric)
    kind = "id" if split == "id" else "ood" if split == task.headline else ""
    error = {task.metric: "", f"{task.metric}_error": "_error"}.get(metric)
    return SCORES.index(f"{kind}{error}") if kind and error is not None else -1


def scored_rows(scores: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The rows of the tidy table with the metric that each task is ranked by, and those with its standard error."""
    scores = scores.loc[scores["task"].isin(list(catalogue.tasks))]
    metric = scores["task"].map(lambda name: catalogue.tasks[name].metric)
    return scores.loc[(scores["metric"] == metric) | (scores["metric"] == metric + "_error")]


def anchors_of(catalogue: Catalogue, task: str) -> tuple[int, ...]:
    """The training sizes that a task is reported at, increasing: those that most of its learners were planned at.

    It is the list of sizes that occurs most often; among several, the longest. So a learner that is run at one size
    more or less does not change the values of the others. If there are no learners, controls and heuristics count.
    Raises ValueError if no cell of the task was planned.
    """
    sizes = {
        learner: planned
        for learner, cells in catalogue.by_task.get(task, {}).items()
        if (planned := {cell.size for cell in cells if cell.exposed == 0})
    }
    if not sizes:
        raise ValueError(f"no cell of {task} was planned")
    learners = [planned for name, planned in sizes.items() if catalogue.learners[name].kind == "learner"]
    count = Counter(tuple(sorted(planned)) for planned in learners or sizes.values())
    return max(count, key=lambda anchors: (count[anchors], len(anchors), anchors))


def refuse_contradictions(catalogue: Catalogue) -> None:
    """Raise ValueError if results cannot be combined in one table.

    Two keys with the same axes have different settings, so a mean has no meaning. Two suite seeds have different data
    under the same seed numbers.
    """
    if len(catalogue.suite_seeds) > 1:
        named = ", ".join(map(str, catalogue.suite_seeds))
        raise ValueError(
            f"results of the suite seeds {named}, which have different data; select one of them (--suite-seed)"
        )
    cells = catalogue.cells_table
    duplicates = cells.loc[cells.duplicated(AXES)]
    if len(duplicates):
        first = duplicates.iloc[0]
        raise ValueError(
            f"two different results for {first['learner']} on {first['task']}, n = {first['size']}, "
            f"seed {first['seed']}: their budgets, parameters or versions differ; "
            "report on each folder separately"
        )
