"""Results on disk: a Parquet file a job and table, the failures beside them. No pickle.

DIR/TABLE/NAME.parquet     a table of one job; its provenance in the file's metadata
DIR/failures/NAME.json     a job that failed, with its traceback
DIR/corrupt/               files that could not be read
DIR/before-TIME/           what `fresh` archived
DIR/.lock                  held by the run that works here
"""

from __future__ import annotations

import fcntl
import json
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from .errors import EngineError, UnreadableWarning
from .files import UnreadableError, read_json
from .parquet import NoDigestError, read_file

RECORDS = ("plan.json", "study.json")
"""Records of what was planned; archived with the results."""

FAILURE = ("job", "when", "kind", "message", "traceback")
"""What every record of a failure has, all of it text."""


class Store:
    """One result folder: absolute from here on, since a learner may change the current folder.

    table  the table that every job has: a job is done when its file of this table is there and readable
    """

    def __init__(self, folder: Path, table: str = "batches") -> None:
        self.display_folder, self.folder, self.table = folder, folder.absolute(), table
        self.failed, self.corrupt = self.folder / "failures", self.folder / "corrupt"

    @contextmanager
    def locked(self, log: Callable[[str], None]) -> Iterator[None]:
        """Hold the folder for one run; a second one waits, so that no job is done twice.

        The lock is released when the process that holds it ends, however it ends.
        """
        (self.folder / self.table).mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                log(
                    f"another run ({lock.read().strip() or 'unknown'}) is using {self.display_folder}; "
                    "waiting for it to end"
                )
                fcntl.flock(lock, fcntl.LOCK_EX)
            lock.seek(0)
            lock.truncate()
            lock.write(f"process {os.getpid()}")
            lock.flush()
            yield

    def write(self, name: str, tables: Mapping[str, bytes]) -> None:
        """Write the files of a job; the table that says that it is done comes last.

        A table TABLE/NAME is one that several jobs give: it is DIR/TABLE/NAME.parquet, whichever wrote it last.
        """
        for table in sorted(tables, key=lambda table: table == self.table):
            self.replace(self.folder / f"{table}.parquet" if "/" in table else self.path(name, table), tables[table])
        (self.failed / f"{name}.json").unlink(missing_ok=True)

    def write_failure(self, name: str, failure: dict[str, Any]) -> dict[str, Any]:
        """Record a job that failed; returns the record."""
        record = {"job": name, "when": datetime.now(UTC).isoformat(timespec="seconds"), **failure}
        self.write_json(self.failed / f"{name}.json", record)
        return record

    def write_json(self, path: Path, content: dict[str, Any]) -> None:
        """Write a JSON file."""
        self.replace(path, json.dumps(content, indent=1).encode())

    def replace(self, path: Path, content: bytes) -> None:
        """Write a file under a temporary name, then rename it: a reader sees all of it or nothing.

        Raises EngineError where it cannot be written: the disk is full, or the folder may not be written to.
        """
        temporary = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            raise EngineError(
                f"cannot write {self.display(path)}: {error.strerror}; finished results "
                "are kept, and the next run continues from there"
            ) from error

    def failures(self) -> list[dict[str, Any]]:
        """All records of failures, the latest last."""
        found = []
        for path in sorted(self.failed.glob("*.json")):
            try:
                record = read_json(path)
                self.check_failure(record)
                found.append(record)
            except UnreadableError as error:
                warnings.warn(
                    f"cannot read {self.display(path)}: {error}; ignoring it", UnreadableWarning, stacklevel=2
                )
        return sorted(found, key=lambda failure: failure["when"])

    def check_failure(self, record: dict[str, Any]) -> None:
        """Raise UnreadableError for a record of a failure that is none."""
        for name in FAILURE:
            if not isinstance(record.get(name), str):
                raise UnreadableError(f"{name} is {record.get(name)!r:.60}; expected text")

    def check_table(self, name: str, table: pa.Table, metadata: dict[str, Any], *, whole: bool) -> None:
        """Raise UnreadableError for a file that does not hold what its table should; here it may hold anything.

        name   of the table, such as "batches";  whole: all of its columns were read
        """

    def read(
        self,
        table: str | None = None,
        names: Iterable[str] | None = None,
        columns: Sequence[str] | None = None,
        *,
        quarantine: bool = False,
    ) -> dict[str, tuple[pa.Table, dict[str, Any]]]:
        """The readable files of a table: name of the job -> (table, provenance).

        table    None: the one that every job has;  names, columns: these only

        A file that cannot be read is named in a warning and, with quarantine, moved to corrupt/: if it is of the table
        that every job has, its job is done again. Raises EngineError for files without a digest where all are without,
        or with quarantine: an earlier version wrote them, and doing all of these jobs again would be a waste.
        """
        table, found = table or self.table, {}
        unsigned: list[Path] = []
        for name in self.names(table) if names is None else filter(set(self.names(table)).__contains__, names):
            path = self.path(name, table)
            try:
                content = read_file(path, columns)
                self.check_table(table, *content, whole=columns is None)
                found[name] = content
            except NoDigestError as error:
                unsigned.append(path)
                if not quarantine:
                    self.reject(path, str(error))
            except UnreadableError as error:
                self.reject(path, str(error), quarantine=quarantine)
        if unsigned and (quarantine or not found):
            raise EngineError(
                f"{len(unsigned)} files, such as {self.display(unsigned[0])}, have no digest: written by an older "
                f"version, or damaged; `grue compact --adopt {self.display_folder}` takes their values as they are and "
                "writes a digest"
            )
        return found

    def reject(self, path: Path, reason: str, *, quarantine: bool = False) -> None:
        """Name a file that cannot be read in a warning and, with quarantine, move it to corrupt/."""
        note = ""
        if quarantine:
            self.corrupt.mkdir(exist_ok=True)
            path.replace(self.corrupt / f"{path.name}.{time.time_ns()}")
            note = f"; moved to {self.display(self.corrupt)}"
            note += ", and its job is run again" if path.parent.name == self.table else ""
        warnings.warn(f"cannot read {self.display(path)}: {reason}{note}", UnreadableWarning, stacklevel=3)

    def names(self, table: str | None = None) -> list[str]:
        """The jobs that have a file of a table, in order; table None: of the one that every job has."""
        return sorted(path.stem for path in (self.folder / (table or self.table)).glob("[!.]*.parquet"))

    def tables(self) -> list[str]:
        """The tables that the folder has files of, in order; not those in quarantine or in an archive."""
        found = {path.parent.name for path in self.folder.glob("*/[!.]*.parquet")}
        return sorted(found - {self.corrupt.name})

    def archive(self) -> None:
        """Begin afresh: the tables, failures and records are kept, in a folder named for the time."""
        tables = map(self.folder.joinpath, self.tables())
        present = [path for path in [*tables, self.failed, *map(self.folder.joinpath, RECORDS)] if path.exists()]
        if present:
            old = self.folder / f"before-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
            old.mkdir()
            for path in present:
                path.rename(old / path.name)

    def path(self, name: str, table: str | None = None) -> Path:
        """The file of a job's table; table None: the one that every job has."""
        return self.folder / (table or self.table) / f"{name}.parquet"

    def display(self, path: Path) -> Path:
        """A path in the folder as its user writes it."""
        return self.display_folder / path.relative_to(self.folder)
