"""Results on disk: a Parquet file a batch, the plan and the failures beside them. No pickle.

DIR/plan.json              what was asked for: the union of all runs in this folder
DIR/batches/NAME.parquet   rows of one batch; its provenance in the file's metadata
DIR/failures/NAME.json     a batch that failed, with its traceback
DIR/corrupt/               files that could not be read, set aside
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .names import UsageError
from .results import COLUMNS, Results

SCHEMA_VERSION = 1
METADATA = b"grue"
"""Where in a Parquet file's metadata a batch says where it comes from."""

LAYOUT = pa.schema(
    [(name, pa.string()) for name in ("task", "learner", "split", "metric", "status", "key")]
    + [(name, pa.int64()) for name in ("size", "exposed", "seed", "count")]
    + [(name, pa.float64()) for name in ("value", "fit_seconds")]
    + [("examples", pa.binary()), ("kind", pa.string()), ("record", pa.string())]
)


class Store:
    """One result folder: absolute from here on, since a learner may change the current folder."""

    def __init__(self, folder: Path) -> None:
        self.shown, self.folder = folder, folder.absolute()
        folder = self.folder
        self.batches, self.failed, self.corrupt = folder / "batches", folder / "failures", folder / "corrupt"

    @contextmanager
    def locked(self, say: Callable[[str], None]) -> Iterator[None]:
        """Hold the folder for one run; a second one waits, so that no cell is done twice.

        The lock goes with the process that holds it, however that ends.
        """
        self.batches.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                say(f"another run ({lock.read().strip() or 'unknown'}) is using {self.shown}; waiting for it to end")
                fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0)
            lock.truncate()
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield

    def write(self, name: str, rows: pd.DataFrame, provenance: dict[str, Any]) -> Path:
        """Write a batch under a temporary name, then give it its own: a reader sees all of it or nothing."""
        table = pa.Table.from_pandas(rows.reindex(columns=LAYOUT.names), LAYOUT, preserve_index=False)
        about = json.dumps({"schema": SCHEMA_VERSION, **provenance}).encode()
        path = self.batches / f"{name}.parquet"
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        pq.write_table(table.replace_schema_metadata({METADATA: about}), temporary, compression="zstd")
        temporary.replace(path)
        (self.failed / f"{name}.json").unlink(missing_ok=True)
        return path

    def write_failure(self, name: str, failure: dict[str, Any]) -> None:
        """Record a batch that failed."""
        self.failed.mkdir(exist_ok=True)
        about = {"batch": name, "when": datetime.now(UTC).isoformat(timespec="seconds"), **failure}
        _write_json(self.failed / f"{name}.json", about)

    def failures(self) -> list[dict[str, Any]]:
        """All records of failures, the latest last."""
        found = []
        for path in sorted(self.failed.glob("*.json")):
            try:
                found.append(json.loads(path.read_text()))
            except ValueError as error:
                warnings.warn(f"cannot read {self._show(path)}: {error}; it is left out", stacklevel=2)
        return sorted(found, key=lambda failure: failure["when"])

    def plan(self) -> dict[str, Any] | None:
        """What was asked for, or None in a new folder."""
        path = self.folder / "plan.json"
        if not path.is_file():
            return None
        try:
            plan = json.loads(path.read_text())
        except ValueError as error:
            wrong = str(error)
        else:
            if isinstance(plan, dict) and plan.keys() >= {"tasks", "learners", "cells", "not_applicable"}:
                return plan
            wrong = "it is no plan of a run"
        raise UsageError(
            f"cannot read {self._show(path)}: {wrong}; move it away, and `grue run` with the same arguments makes it "
            "again, without repeating what is done"
        )

    def save_plan(self, document: dict[str, Any]) -> int:
        """Add a run's plan to the folder's; returns how many cells of earlier settings it supersedes.

        Cells of a pair whose settings differ now (another budget, another version) leave the plan, so that no table
        mixes them; their results stay on disk, and come back with the plan that asks for them.
        """
        before = self.plan()
        merged = merge_plans([before, document]) if before else document
        _write_json(self.folder / "plan.json", {"schema": SCHEMA_VERSION, **merged})
        keys = {cell["key"] for cell in merged["cells"]}
        return sum(cell["key"] not in keys for cell in (before or document)["cells"])

    def read(self, *, set_aside: bool = False) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
        """All rows of all readable batches, each cell once, and the distinct batches' provenance.

        A file that cannot be read is named in a warning and, with set_aside, moved to corrupt/, so that
        its cells are done again.
        """
        tables, about = [], []
        for path in sorted(self.batches.glob("*.parquet")):
            try:
                table = pq.ParquetFile(path).read()
                about.append(json.loads((table.schema.metadata or {})[METADATA]))
                wanted = {*COLUMNS, *table.column_names}  # what else an earlier version did not write is null
                tables.append(table.select([name for name in LAYOUT.names if name in wanted]))
            except (OSError, pa.ArrowException, KeyError, ValueError) as error:
                place = ""
                if set_aside:
                    self.corrupt.mkdir(exist_ok=True)
                    path.replace(self.corrupt / f"{path.name}.{time.time_ns()}")
                    place = f"; it is now in {self._show(self.corrupt)}, and its cells are done again"
                warnings.warn(f"cannot read {self._show(path)}: {error}{place}", stacklevel=2)
        rows = (
            pa.concat_tables(tables, promote_options="default").to_pandas()
            if tables
            else LAYOUT.empty_table().to_pandas()
        )
        return rows.drop_duplicates(["key", "split", "metric"], ignore_index=True), about

    def keys(self) -> set[str]:
        """The keys of all cells that have rows; what cannot be read has none."""
        found: set[str] = set()
        for path in self.batches.glob("*.parquet"):
            with suppress(OSError, pa.ArrowException, KeyError):
                found.update(pq.ParquetFile(path).read(["key"])["key"].unique().to_pylist())
        return found

    def put_away(self) -> None:
        """Start afresh: what is there is kept, in a folder named for the time."""
        if self.batches.exists():
            old = self.folder / f"before-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
            old.mkdir()
            for path in (self.batches, self.failed, self.folder / "plan.json"):
                if path.exists():
                    path.rename(old / path.name)
        self.batches.mkdir(parents=True, exist_ok=True)

    def _show(self, path: Path) -> Path:
        """A path in the folder as its user writes it."""
        return self.shown / path.relative_to(self.folder)


def read(folders: Sequence[Path | str]) -> Results:
    """What one or several result folders hold; raises UsageError for a folder that is none."""
    plans, tables, failures, provenance = [], [], [], []
    for folder in folders:
        store = Store(Path(folder))
        plan = store.plan()
        if plan is None:
            there = "is not there" if not store.folder.exists() else "has no plan.json"
            raise UsageError(f"{folder} is no result folder: it {there} (grue run --out DIR makes one)")
        rows, about = store.read()
        plans.append(plan)
        tables.append(rows)
        failures += store.failures()
        provenance += about
    plan = merge_plans(plans, supersede=False)
    rows = pd.concat(tables, ignore_index=True)
    planned = rows["key"].isin([cell["key"] for cell in plan["cells"]])
    rows = rows.loc[planned].drop_duplicates(["key", "split", "metric"], ignore_index=True)
    scores = rows.reindex(columns=COLUMNS)
    done = set(scores["key"])
    open_failures = [failure for failure in failures if not done.issuperset(failure["keys"])]
    return Results(scores, plan, open_failures, _distinct(provenance), _answers(rows))


def load(*folders: Path | str) -> pd.DataFrame:
    """The tidy table of one or several result folders: one row a (cell, split, metric), columns COLUMNS.

    >>> frame = grue.load("results/local/quick")
    >>> frame.query("metric == 'score' and split == 'far'").groupby("learner")["value"].mean()
    """
    return read(folders).scores


def merge_plans(plans: Iterable[dict[str, Any]], *, supersede: bool = True) -> dict[str, Any]:
    """The union of several plans.

    supersede  of a pair with differing settings keep the cells of the last plan alone: one folder, run again with
               another budget. Without it, all stay: several folders, whose contradictions the reports refuse
    """
    tasks, learners = {}, {}
    cells: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    settings: dict[tuple[str, str], str] = {}
    refused: dict[tuple[str, str, int | None, int | None], dict[str, Any]] = {}
    for plan in plans:
        tasks |= plan["tasks"]
        learners |= {
            name: about for name, about in plan["learners"].items() if "version" in about or name not in learners
        }
        for cell in plan["cells"]:
            pair = (cell["task"], cell["learner"])
            if settings.setdefault(pair, cell["settings"]) != cell["settings"] and supersede:
                settings[pair], cells[pair] = cell["settings"], {}
            cells.setdefault(pair, {})[cell["key"]] = cell
        refused |= {
            (row["task"], row["learner"], row["size"], row.get("exposed")): row for row in plan["not_applicable"]
        }
    # What has been planned since is no longer refused: the pair, the size, or the exposed examples at that size.
    held: set[tuple[str | int | None, ...]] = set()
    for group in cells.values():
        for cell in group.values():
            task, learner, size = cell["task"], cell["learner"], cell["size"]
            held |= {(task, learner, None, None), (task, learner, size, None), (task, learner, size, cell["exposed"])}
    return {
        "tasks": tasks,
        "learners": learners,
        "cells": [cell for group in cells.values() for cell in group.values()],
        "not_applicable": [row for place, row in refused.items() if place not in held],
    }


def _answers(rows: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Unpack the answers to riddles."""
    held = rows.reindex(columns=["key", "split", "examples", "kind"])
    held = held.loc[held["kind"] == "answers"]
    return {
        (key, split): np.frombuffer(packed, np.int8)
        for key, split, packed in zip(held["key"], held["split"], held["examples"], strict=True)
    }


def _distinct(provenance: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each provenance once, apart from the times of single batches."""
    seen = {}
    for about in provenance:
        shared = {name: value for name, value in about.items() if name not in ("seconds", "cells", "task", "learner")}
        seen.setdefault(json.dumps(shared, sort_keys=True), shared)
    return list(seen.values())


def _write_json(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(path)
