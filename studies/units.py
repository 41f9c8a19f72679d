"""How a study is run: unit by unit, each a Parquet file of its own, so that a run that is repeated does the rest.

DIR/units/NAME.parquet     the rows of a unit; its provenance in the file's metadata
DIR/failures/NAME.json     a unit that failed, with its traceback, until it is done
"""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ..runs.pool import LocalPool
from ..runs.progress import duration
from ..runs.provenance import provenance
from ..runs.store import METADATA, Store


class Unit(Protocol):
    """What is computed at one go, in one process."""

    @property
    def name(self) -> str:
        """Of its file; another one where anything is different that the rows depend on."""
        ...

    @property
    def label(self) -> str:
        """What the progress calls it."""
        ...

    @property
    def outside(self) -> bool:
        """Whether code from outside the suite takes part (runs/outside.py): it gets a process of its own."""
        ...

    def rows(self) -> pd.DataFrame:
        """Compute it."""
        ...


def run_units(
    units: Sequence[Unit], folder: Path, jobs: int, timeout: float, command: str, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Compute the units that have no file yet; returns what failed, which is also written to the folder.

    jobs  worker processes; 0: none, everything in this process;  timeout: seconds a unit may take
    """
    store, failures = Store(folder), dict[str, dict[str, Any]]()
    absolute = store.folder  # a learner may change the current folder
    (absolute / "units").mkdir(parents=True, exist_ok=True)
    queue = [unit for unit in units if not _path(absolute, unit).exists()]
    done, count = 0, len(queue)
    say(f"{len(units)} units: {len(units) - count} done, {count} to do on {jobs or 'no'} worker processes; in {folder}")

    def note(unit: Unit, failed: dict[str, Any]) -> None:
        failures[unit.name] = {"unit": unit.label, **failed}
        store.write_failure(unit.name, failures[unit.name])

    start = time.monotonic()
    pool = LocalPool[Unit](min(jobs, count))
    try:
        while queue or pool.running:
            while queue and pool.free:
                unit = queue.pop(0)
                pool.submit(unit, _work, [unit, absolute, command], timeout, outside=unit.outside)
            for unit, result in pool.finished():
                failed, done = result.failure, done + 1
                if failed:
                    note(unit, failed)
                told = f"FAILED: {failed['message']}" if failed else f"{result.seconds:.1f} s"
                left = (time.monotonic() - start) / done * (count - done)
                say(f"{done}/{count}  {unit.label}: {told}" + (f"  about {duration(left)} left" if left else ""))
    finally:
        pool.close()
    for unit in units:
        if unit.name not in failures and not _path(absolute, unit).exists():
            note(unit, {"kind": "lost", "message": "it was done, and its file is not there", "traceback": ""})
            say(f"{unit.label}: FAILED: {failures[unit.name]['message']}")
    return list(failures.values())


def read_units(units: Sequence[Unit], folder: Path) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of those units that are done, and the distinct provenance of their files."""
    tables, about = [], {}
    for path in [_path(folder, unit) for unit in units]:
        if not path.exists():
            continue
        table = pq.ParquetFile(path).read()
        told = (table.schema.metadata or {})[METADATA]
        about[told] = json.loads(told)
        tables.append(table.to_pandas())
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(), list(about.values())


def set_aside_unreadable(units: Sequence[Unit], folder: Path) -> None:
    """Remove from the units' place whatever cannot be read, so that it is done again; it is named in a warning."""
    for path in [_path(folder, unit) for unit in units]:
        if path.exists():
            try:
                pq.ParquetFile(path).schema_arrow.metadata[METADATA]
            except (OSError, pa.ArrowException, KeyError, TypeError) as error:
                aside = path.rename(path.with_suffix(f".corrupt-{time.time_ns()}"))
                warnings.warn(f"cannot read {path}: {error}; it is now {aside.name}, and is done again", stacklevel=2)


def _work(unit: Unit, folder: Path, command: str) -> float:
    """Run in a worker: compute, write under a temporary name, rename; gives the seconds it took."""
    start = time.perf_counter()
    rows = unit.rows()
    seconds = time.perf_counter() - start
    table = pa.Table.from_pandas(rows, preserve_index=False)
    about = json.dumps({**provenance(), "command": command}).encode()
    path = _path(folder, unit)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(table.replace_schema_metadata({METADATA: about}), temporary, compression="zstd")
    temporary.replace(path)
    (folder / "failures" / f"{unit.name}.json").unlink(missing_ok=True)
    return seconds


def _path(folder: Path, unit: Unit) -> Path:
    return folder / "units" / f"{unit.name}.parquet"
