"""Fitting recorded cells again, and comparing the scores with the recorded ones."""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..engine.pool import Workers
from ..engine.progress import Reporter
from ..engine.session import Session
from ..engine.store import Store
from ..learners.base import Resources
from .catalogue import Catalogue, CellInfo, TaskInfo
from .cells import Batch, Cell, Pair
from .entrant import as_entrant
from .jobs import BatchJob
from .rows import join
from .seeds import generator

TOLERANCE = 3.0
"""Within so many standard errors over the test examples a score has to be, where machine or versions differ."""

ROUNDING = 1e-6
"""A difference of this size is none: a score of 1 has no standard error, and machines round differently."""

SETUP = ("versions", "machine", "resources")
"""What has to be equal in the provenance for scores to be equal bit for bit (DESIGN rule 14)."""


@dataclass(frozen=True)
class Rerun:
    """A cell that was fitted again.

    same_setup  whether machine, versions and resources are the recorded ones
    equal       whether all scores, and the values per example, are equal bit for bit
    problem     how it differs by more than it may; "" if it does not
    """

    cell: CellInfo
    same_setup: bool
    equal: bool
    problem: str = ""


def choose_cells(
    catalogue: Catalogue, pairs: Mapping[tuple[str, str], Pair], done: set[str], count: int, seed: int
) -> list[CellInfo]:
    """A sample of the finished cells of these pairs, the same for the same seed and folder.

    Cells of learners that are fitted, if there are any: rules have little that could differ.
    """
    cells = {key: cell for key, cell in catalogue.by_key.items() if (cell.task, cell.learner) in pairs and key in done}
    fitted = [key for key, cell in cells.items() if as_entrant(pairs[cell.task, cell.learner].learner.instance).trains]
    keys = sorted(fitted or cells)
    chosen = generator(purpose="verify", seed=seed).choice(len(keys), min(count, len(keys)), replace=False)
    return [cells[keys[index]] for index in sorted(chosen)]


def rerun(
    cells: Sequence[CellInfo],
    catalogue: Catalogue,
    pairs: Mapping[tuple[str, str], Pair],
    rows: pd.DataFrame,
    source_of: Mapping[str, Mapping[str, Any]],
    timeout: float,
) -> list[Rerun]:
    """Fit cells again, each in a batch of its own in one worker process, and compare.

    rows       the recorded rows, with the columns of runs/rows.py
    source_of  key -> recorded provenance; networks are trained on the recorded device
    timeout    seconds for each cell

    Raises UsageError if a recorded device is not available.
    """
    jobs = [
        BatchJob(Batch(pair, (Cell(pair, cell.size, cell.exposed, cell.seed),)), _resources(source_of[cell.key]))
        for cell in cells
        for pair in [pairs[cell.task, cell.learner]]
    ]
    with tempfile.TemporaryDirectory(prefix="grue-verify-") as folder:
        session = Session(Store(Path(folder)), Workers(1, timeout), Reporter(sys.stderr))
        try:
            session.open()
            session.begin(jobs, "cells")
            session.finish()
        finally:
            session.close()
        again, sources = join(session.store.read())
        new_source = {key: source for source in sources for key in source["keys"]}
        failed = {key: failure for failure in session.failures for key in failure["keys"]}
    found: list[Rerun] = []
    for cell in cells:
        if cell.key in failed:
            problem = f"it failed when it was fitted again: {failed[cell.key]['kind']}: {failed[cell.key]['message']}"
            found.append(Rerun(cell, same_setup=False, equal=False, problem=problem))
            continue
        before, after = (one.loc[one["key"] == cell.key] for one in (rows, again))
        old, new = source_of[cell.key], new_source[cell.key]
        same_setup = all(old.get(name) == new.get(name) for name in SETUP)
        equal, problem = compare_cell(before, after, catalogue.tasks[cell.task], exact=same_setup)
        found.append(Rerun(cell, same_setup, equal, problem))
    return found


def compare_cell(before: pd.DataFrame, after: pd.DataFrame, task: TaskInfo, *, exact: bool) -> tuple[bool, str]:
    """Whether the rows of a cell are equal bit for bit, and how they differ by more than they may ("": they do not).

    exact  any difference is one too many; else those of the task's metric beyond TOLERANCE standard errors
    """
    axes, values = ["split", "metric"], ["value", "status", "examples"]
    both = before[[*axes, *values]].merge(
        after[[*axes, *values]], on=axes, how="outer", suffixes=("", "_new"), indicator=True
    )
    alone = both.loc[both["_merge"] != "both"]
    if len(alone):
        one = alone.iloc[0]
        where = "recorded" if one["_merge"] == "left_only" else "new"
        return False, f"{one['metric']} on {one['split']} is in the {where} scores only"
    pairs = [(both[name], both[f"{name}_new"]) for name in values]
    different = [~(first.eq(second) | (first.isna() & second.isna())) for first, second in pairs]
    wrong = both.loc[different[0] | different[1] | different[2]]
    if wrong.empty:
        return True, ""
    if exact:
        one = wrong.iloc[0]
        what = f"{one['value']} -> {one['value_new']}"
        if one["status"] != one["status_new"]:
            what += f", status {one['status']} -> {one['status_new']}"
        return False, f"{one['metric']} on {one['split']}: {what}"
    return False, next(_beyond(both, task), "")


def _beyond(both: pd.DataFrame, task: TaskInfo) -> Iterator[str]:
    """The scores that differ by more than TOLERANCE standard errors, the larger of the two."""
    rows = {(one["split"], one["metric"]): one for one in both.to_dict("records")}
    for (split, metric), one in rows.items():
        shared = metric == task.metric or metric in {f"follows[{rule}]" for rule in task.rules}
        if not shared:
            continue
        errors = rows.get((split, f"{metric}_error"), {"value": 0.0, "value_new": 0.0})
        limit = TOLERANCE * float(np.nanmax([errors["value"], errors["value_new"], 0.0]))
        before, after = one["value"], one["value_new"]
        if math.isnan(before) != math.isnan(after) or abs(before - after) > limit + ROUNDING:
            yield f"{metric} on {split}: {before:.4g} -> {after:.4g}; {TOLERANCE:g} standard errors are {limit:.2g}"


def _resources(source: Mapping[str, Any]) -> Resources:
    """The recorded resources; those of earlier versions may have other fields."""
    from .run import check_device  # noqa: PLC0415 -- avoids a cycle

    known = {item.name for item in fields(Resources)}
    resources = Resources(**{name: value for name, value in source.get("resources", {}).items() if name in known})
    if resources.device != "cpu":
        check_device(resources.device)
    return resources
