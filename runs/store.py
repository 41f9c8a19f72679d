"""Results on disk: a Parquet file a batch, the plan and the failures beside them. No pickle.

DIR/plan.json              what was asked for: the union of all runs in this folder
DIR/batches/NAME.parquet   rows of one batch; its provenance in the file's metadata
DIR/predictions/NAME.parquet  its answers to the probe examples (runs/probes.py)
DIR/examples/TASK.parquet  the first probe examples of a task in words
DIR/failures/NAME.json     a batch that failed, with its traceback
DIR/corrupt/               files that could not be read, set aside
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .results import COLUMNS

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

    def write_table(self, kind: str, name: str, rows: pd.DataFrame) -> None:
        """Write DIR/KIND/NAME.parquet; nothing where there are no rows."""
        if rows.empty:
            return
        path = self.folder / kind / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        pq.write_table(pa.Table.from_pandas(rows, preserve_index=False), temporary, compression="zstd")
        temporary.replace(path)

    def write_failure(self, name: str, failure: dict[str, Any]) -> None:
        """Record a batch that failed."""
        self.failed.mkdir(exist_ok=True)
        about = {"batch": name, "when": datetime.now(UTC).isoformat(timespec="seconds"), **failure}
        write_json(self.failed / f"{name}.json", about)

    def failures(self) -> list[dict[str, Any]]:
        """All records of failures, the latest last."""
        found = []
        for path in sorted(self.failed.glob("*.json")):
            try:
                found.append(json.loads(path.read_text()))
            except ValueError as error:
                warnings.warn(f"cannot read {self.show(path)}: {error}; it is left out", stacklevel=2)
        return sorted(found, key=lambda failure: failure["when"])

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
                    place = f"; it is now in {self.show(self.corrupt)}, and its cells are done again"
                warnings.warn(f"cannot read {self.show(path)}: {error}{place}", stacklevel=2)
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
            kept = (self.folder / name for name in ("predictions", "examples", "plan.json"))
            for path in (self.batches, self.failed, *kept):
                if path.exists():
                    path.rename(old / path.name)
        self.batches.mkdir(parents=True, exist_ok=True)

    def show(self, path: Path) -> Path:
        """A path in the folder as its user writes it."""
        return self.shown / path.relative_to(self.folder)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a file under a temporary name, then give it its own."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(path)
