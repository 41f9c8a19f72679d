"""The catalogue of a result folder: everything that was planned, typed and indexed.

This is the only module that reads and writes plan.json. Reports and analysis take a `Catalogue`; it loads no torch, no
task and no learner. What makes one from tasks and learners is `runs.plan.Plan.catalogue`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ..engine.durable import replace_file
from ..engine.files import UnreadableError, read_json
from .errors import UnreadablePlanError, UsageError
from .plan_check import PlanError, check_plan
from .plan_text import encode_plan

SCHEMA = 2
"""Version of the layout of plan.json and of the names in the tidy table. A new field does not change it."""

FILE = "plan.json"

AXES = ["task", "learner", "size", "exposed", "seed", "suite_seed"]
"""The columns that identify a cell in a tidy table."""


@dataclass(frozen=True)
class SplitInfo:
    """A split of a task. shift: what differs from training, None in distribution; headline: used in rankings."""

    name: str
    shift: str | None = None
    severity: float | None = None
    headline: bool = False


@dataclass(frozen=True)
class TaskInfo:
    """What reports need to know of a task.

    metric             the metric that tables and figures show: "score", "accuracy", "bits", or "rules" of a riddle
    greater_is_better  False if lower values of the metric are better: then there is no threshold and no area
    ranked             whether the task is on the common scale; only such tasks are on the board and in means
    rules              names of the two rules of a riddle
    heuristics         names of the shallow rules that are scored like the learners
    description        the task in one line of text
    """

    family: str = ""
    version: int | None = None
    ambiguous: bool = False
    metric: str = "score"
    greater_is_better: bool = True
    ranked: bool = True
    rules: tuple[str, ...] = ()
    heuristics: tuple[str, ...] = ()
    splits: tuple[SplitInfo, ...] = ()
    description: str = ""

    @cached_property
    def headline(self) -> str | None:
        """Name of the OOD split that rankings use, or None."""
        return next((split.name for split in self.splits if split.headline), None)

    @property
    def has_curve(self) -> bool:
        """Whether predictions can be right or wrong. A riddle has a fingerprint instead of a learning curve."""
        return self.metric != "rules"


@dataclass(frozen=True)
class LearnerInfo:
    """kind: "learner", "control" or "heuristic"; parameters: plain JSON; display: its name in tables, "" for none.

    label  of a learner that is under its display name (`selection.renamed`); "" elsewhere
    """

    kind: str
    version: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    display: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class CellInfo:
    """A planned cell. settings: hash of everything that all cells of its pair have in common."""

    key: str
    task: str
    learner: str
    size: int
    exposed: int
    seed: int
    settings: str = ""
    suite_seed: int = 0


@dataclass(frozen=True)
class NotApplicable:
    """Cells that are n/a, and why. size None: at any size; with `exposed`: only that many exposed examples."""

    task: str
    learner: str
    size: int | None
    reason: str
    exposed: int | None = None


@dataclass(frozen=True)
class Catalogue:
    """Everything that was planned in one or several result folders.

    tasks           label -> task, also a task that no learner can be put to
    learners        label -> learner, in the order of the plan
    cells           of all pairs of a task and a learner
    not_applicable  what is n/a, with the reason
    settings        hash of a pair's settings -> the settings themselves; {} in folders written by earlier versions
    """

    tasks: Mapping[str, TaskInfo] = field(default_factory=dict)
    learners: Mapping[str, LearnerInfo] = field(default_factory=dict)
    cells: tuple[CellInfo, ...] = ()
    not_applicable: tuple[NotApplicable, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_key(self) -> dict[str, CellInfo]:
        """Every cell by its key."""
        return {cell.key: cell for cell in reversed(self.cells)}

    @cached_property
    def by_pair(self) -> dict[tuple[str, str], tuple[CellInfo, ...]]:
        """The cells of every (task, learner)."""
        found: dict[tuple[str, str], list[CellInfo]] = {}
        for cell in self.cells:
            found.setdefault((cell.task, cell.learner), []).append(cell)
        return {pair: tuple(cells) for pair, cells in found.items()}

    @cached_property
    def by_task(self) -> dict[str, dict[str, tuple[CellInfo, ...]]]:
        """The cells of every learner on every task that has cells, tasks in the order of `tasks`."""
        found: dict[str, dict[str, tuple[CellInfo, ...]]] = {}
        for (task, learner), cells in self.by_pair.items():
            found.setdefault(task, {})[learner] = cells
        return {task: found[task] for task in self.tasks if task in found}

    @cached_property
    def refusals(self) -> dict[tuple[str, str], tuple[NotApplicable, ...]]:
        """What is n/a for every (task, learner)."""
        found: dict[tuple[str, str], list[NotApplicable]] = {}
        for row in self.not_applicable:
            found.setdefault((row.task, row.learner), []).append(row)
        return {pair: tuple(rows) for pair, rows in found.items()}

    def recipes(self, learner: str) -> dict[str, dict[str, Any]]:
        """The tasks for which a preset gave the learner other parameters than those recorded with it, and these."""
        shared, found = self.learners[learner].parameters, dict[str, dict[str, Any]]()
        for (task, name), cells in self.by_pair.items():
            recorded = self.settings.get(cells[-1].settings) or {}
            own = recorded.get("learner", {}).get("parameters", {})
            if name == learner and (other := {key: one for key, one in own.items() if shared.get(key) != one}):
                found[task] = other
        return found

    @cached_property
    def seeds(self) -> list[int]:
        """All planned seeds, ascending."""
        return sorted({cell.seed for cell in self.cells})

    @cached_property
    def suite_seeds(self) -> list[int]:
        """All planned suite seeds, ascending."""
        return sorted({cell.suite_seed for cell in self.cells})

    @cached_property
    def cells_table(self) -> pd.DataFrame:
        """A row a cell: key and AXES."""
        columns = {name: [getattr(cell, name) for cell in self.cells] for name in ("key", *AXES)}
        return pd.DataFrame(columns).drop_duplicates("key", ignore_index=True)

    @cached_property
    def learners_table(self) -> pd.DataFrame:
        """A row a learner (the index): kind, version, and a column a parameter, null where it has no such parameter."""
        rows = [{"kind": one.kind, "version": one.version, **one.parameters} for one in self.learners.values()]
        return pd.DataFrame(rows, index=pd.Index(list(self.learners), name="learner"))

    def of_kind(self, kind: str) -> list[str]:
        """The learners of a kind, in the order of the plan."""
        return [name for name, learner in self.learners.items() if learner.kind == kind]

    def only(self, keep: Callable[[CellInfo], bool]) -> Catalogue:
        """The same with those cells alone that `keep` accepts."""
        return replace(self, cells=tuple(cell for cell in self.cells if keep(cell)))

    def of_tasks(self, names: Collection[str]) -> Catalogue:
        """The same with those tasks alone."""
        return replace(
            self.only(lambda cell: cell.task in names),
            tasks={name: info for name, info in self.tasks.items() if name in names},
            not_applicable=tuple(row for row in self.not_applicable if row.task in names),
        )

    def reasons(self, limit: int = 3) -> list[str]:
        """Why cells are n/a, grouped by reason: at most `limit` lines."""
        groups: dict[str, list[NotApplicable]] = {}
        for row in self.not_applicable:
            groups.setdefault(row.reason, []).append(row)
        lines = [f"n/a: {_named(rows)}: {reason}" for reason, rows in groups.items()]
        if len(lines) <= limit:
            return lines
        return [*lines[: limit - 1], f"n/a for {len(lines) - limit + 1} other reasons: --dry-run lists them"]

    def to_json(self) -> dict[str, Any]:
        """The content of plan.json."""
        return {
            "schema": SCHEMA,
            "tasks": {name: asdict(task) for name, task in self.tasks.items()},
            "learners": {
                name: {"kind": one.kind, "version": one.version, "parameters": dict(one.parameters)}
                | ({"display": one.display} if one.display else {})
                for name, one in self.learners.items()
            },
            "settings": dict(self.settings),
            "cells": [{name: getattr(cell, name) for name in CellInfo.__slots__} for cell in self.cells],
            "not_applicable": [
                {name: value for name, value in asdict(row).items() if (name, value) != ("exposed", None)}
                for row in self.not_applicable
            ],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Catalogue:
        """From the content of plan.json, which `check_plan` has accepted."""
        return cls(
            tasks={name: _task(entry) for name, entry in document["tasks"].items()},
            learners={name: LearnerInfo(**_known(LearnerInfo, entry)) for name, entry in document["learners"].items()},
            cells=tuple(map(_cell, document["cells"])),
            not_applicable=tuple(NotApplicable(**_known(NotApplicable, row)) for row in document["not_applicable"]),
            settings=document.get("settings", {}),
        )


def read_catalogue(folder: Path) -> Catalogue | None:
    """The plan of a folder, or None if it has no plan.json.

    Raises UnreadablePlanError where it is damaged, and UsageError where another version wrote it.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return None
    relative = os.path.relpath(path)
    shown = str(path) if relative.startswith(os.pardir) else relative
    try:
        document = read_json(path)
        if check_plan(document, SCHEMA):
            return Catalogue.from_json(document)
    except (UnreadableError, PlanError) as error:
        raise UnreadablePlanError(
            f"cannot read {shown}: {error}; move the file away and repeat `grue run` with the same arguments: it "
            "writes the file again and repeats no finished cell"
        ) from error
    schema, age = document["schema"], "a later" if document["schema"] > SCHEMA else "an earlier"
    raise UsageError(
        f"cannot read {shown}: it was written by {age} version of grue (layout {schema}; this version reads layout "
        f"{SCHEMA}); read the folder with the version that wrote it, or run in another folder (grue run --out), or "
        "archive its content and compute everything anew (grue run --fresh)"
    )


def write_catalogue(folder: Path, catalogue: Catalogue) -> None:
    """Write plan.json as `replace_file` does: a reader sees all of it or the one before. Raises OSError."""
    replace_file(folder / FILE, encode_plan(replace(catalogue, cells=()).to_json(), catalogue.cells))


def _task(about: Mapping[str, Any]) -> TaskInfo:
    known = _known(TaskInfo, about)
    lists = {name: tuple(known[name]) for name in ("rules", "heuristics") if name in known}
    splits = tuple(SplitInfo(**_known(SplitInfo, split)) for split in known.get("splits", ()))
    return TaskInfo(**{**known, **lists, "splits": splits})


def _cell(row: Mapping[str, Any]) -> CellInfo:
    """The same as for others, in a third of the time: there may be 10^6."""
    return CellInfo(
        row["key"],
        row["task"],
        row["learner"],
        row["size"],
        row["exposed"],
        row["seed"],
        row.get("settings", ""),
        row.get("suite_seed", 0),
    )


def _known(kind: type, about: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that this version knows: a folder may have been written by a later one."""
    return {name: about[name] for name in _names(kind) if name in about}


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind))


def _named(rows: list[NotApplicable]) -> str:
    """Which (task, learner) are n/a: by name if there is one, else how many, and the learners if they are few."""
    learners, tasks = (list(dict.fromkeys(getattr(row, axis) for row in rows)) for axis in ("learner", "task"))
    who = ", ".join(learners) if len(learners) <= FEW else f"{len(learners)} learners"
    where = ", ".join(tasks) if len(tasks) <= FEW else f"{len(tasks)} tasks"
    sizes = sorted({row.size for row in rows if row.size is not None})
    at = f" at n = {', '.join(map(str, sizes))}" if sizes and all(row.size is not None for row in rows) else ""
    return f"{who} on {where}{at}"


FEW = 3
"""Names that a line lists; more are counted."""
