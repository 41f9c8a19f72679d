"""Planned cells with their results: the tidy table joined with the catalogue."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd

from ..metrics.metric import CODE
from ..runs.catalogue import AXES, Catalogue


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
    rows = scored_rows(scores, catalogue)
    rows = rows.loc[rows["key"].isin(cells["key"])]
    shift = rows["task"].map({name: task.headline for name, task in catalogue.tasks.items()})
    split = np.where(rows["split"] == "id", "id", np.where(rows["split"] == shift, "ood", "")).astype(object)
    column = split + np.where(rows["metric"].str.endswith("_error"), "_error", "").astype(object)
    wide = rows.assign(column=column).loc[split != ""].pivot(index="key", columns="column", values="value")
    wide = wide.reindex(columns=["id", "ood", "id_error", "ood_error"]).astype(float)
    for metric in CODE:
        code = scores.loc[(scores["metric"] == metric) & (scores["split"] == "id")]
        wide[metric] = code.drop_duplicates("key").set_index("key")["value"].astype(float).reindex(wide.index)
    by_key = scores.drop_duplicates("key").set_index("key")[["fit_seconds", "status"]]
    joined = cells.join(wide, on="key").join(by_key, on="key")
    status = joined["status"].astype(object).where(joined["status"].notna(), "missing")
    names = list(wide.columns)
    values = (dict(zip(names, row, strict=True)) for row in joined[names].to_numpy(dtype=float).tolist())
    fields = [joined[name].tolist() for name in ("key", "size", "exposed", "seed")]
    made = map(PlannedCell, *fields, status.tolist(), joined["fit_seconds"].astype(float).tolist(), values)
    planned: dict[tuple[str, str], list[PlannedCell]] = {}
    for pair, cell in zip(zip(joined["task"], joined["learner"], strict=True), made, strict=True):
        planned.setdefault(pair, []).append(cell)
    return planned


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
