"""Results on disk: a Parquet file a job and table, the failures beside them. No pickle.

DIR/TABLE/NAME.parquet     a table of one job; its provenance in the file's metadata
DIR/TABLE/part+DIGEST.parquet  the tables of many jobs in one file (engine/parts.py), as `grue compact` writes it
DIR/failures/NAME.json     a job that failed, with its traceback
DIR/corrupt/               files that could not be read
DIR/before-TIME/           what `fresh` archived
DIR/.lock                  held by the run that works here
"""

from __future__ import annotations

import json
import os
import shlex
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from .durable import replace_file, sweep
from .errors import EngineError, UnreadableWarning
from .files import MissingFileError, RefusedError, UnreadableError, described, read_json
from .lock import FolderLock
from .parquet import Columns, NoDigestError, to_bytes
from .parts import PREFIX, Block, Files, files_of, fold, is_part, names_in, read_block

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
        self._lock = FolderLock(self.folder / ".lock", folder)

    @contextmanager
    def locked(self, log: Callable[[str], None], *, make: bool = True) -> Iterator[None]:
        """Hold the folder for one run; a second one waits, so that no job is done twice.

        make  make the folder of the table where there is none

        Raises EngineError for a folder that cannot be made, written to or locked.
        """
        try:
            if make:
                (self.folder / self.table).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(
                f"cannot make the folder {self.display_folder}: {error.strerror}; choose another one (--out DIR)"
            ) from error
        self._lock.acquire(log)
        try:
            if swept := sweep(self.folder):
                log(f"deleted {len(swept)} half-written files of an interrupted run")
            yield
        finally:
            self._lock.release()

    def check_lock(self) -> None:
        """Raise EngineError if the lock of this run was deleted: another run may be working in the folder."""
        self._lock.check()

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
        """Write a file as `replace_file` does: a reader sees all of it or nothing.

        Raises EngineError where it cannot be written: the disk is full, or the folder may not be written to.
        """
        try:
            replace_file(path, content)
        except OSError as error:
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
                    f"cannot read {self.display(path)}: {error}; it is left out: move it out of the folder",
                    UnreadableWarning,
                    stacklevel=2,
                )
        return sorted(found, key=lambda failure: failure["when"])

    def check_failure(self, record: dict[str, Any]) -> None:
        """Raise UnreadableError for a record of a failure that is none."""
        for name in FAILURE:
            if not isinstance(record.get(name), str):
                raise UnreadableError(f"{described(record, name)}; expected text")

    def check_table(self, name: str, table: pa.Table, *, whole: bool) -> None:
        """Raise UnreadableError for a file that does not hold what its table should; here it may hold anything.

        name   of the table, such as "batches";  whole: all of its columns were read
        """

    def check_source(self, name: str, source: dict[str, Any]) -> None:
        """Raise UnreadableError for a provenance that is not one of a job's table; here it may hold anything."""

    def read(
        self,
        table: str | None = None,
        names: Iterable[str] | None = None,
        columns: Columns | Sequence[str] | None = None,
        *,
        quarantine: bool = False,
        shrink: Callable[[Block], Block] | None = None,
    ) -> Files:
        """The readable files of a table: name of the job -> (table, provenance), in the order of the names.

        table    None: the one that every job has;  names, columns: these only
        shrink   makes less of each file as it is read, so that not all have to be in memory

        A file that cannot be read is named in a warning and, with quarantine, moved to corrupt/: if it is of the table
        that every job has, its jobs are done again. Of a job that has a file of its own and is in a part as well, as an
        interrupted `grue compact` leaves it, one is left out if both say the same.

        Raises EngineError for files without a digest where all are without, or with quarantine: an earlier version
        wrote them, and doing all of these jobs again would be a waste. So it would be where the machine does not let
        this process read a file, which is an error with quarantine.
        """
        table = table or self.table
        wanted = None if names is None else list(names)
        blocks: list[Block] = []
        unsigned: list[Path] = []
        for path, content in self.scan(table, wanted, columns):
            if isinstance(content, Block):
                blocks.append(shrink(content) if shrink else content)
            elif isinstance(content, NoDigestError):
                unsigned.append(path)
                if not quarantine:
                    self.reject(path, content)
            elif isinstance(content, RefusedError) and quarantine:
                raise EngineError(
                    f"cannot read {self.display(path)}: {content}; whether its jobs are done is not known: make it "
                    "readable, and repeat the command"
                ) from content
            else:
                self.reject(path, content, quarantine=quarantine)
        if unsigned and (quarantine or not blocks):
            adopt = shlex.join(["grue", "compact", "--adopt", str(self.display_folder)])
            raise EngineError(
                f"{len(unsigned)} files, such as {self.display(unsigned[0])}, have no digest: written by an older "
                f"version, or damaged; `{adopt}` takes their values as they are and writes a digest"
            )
        return files_of(blocks, wanted)

    def scan(
        self,
        table: str,
        names: Collection[str] | None = None,
        columns: Columns | Sequence[str] | None = None,
    ) -> Iterator[tuple[Path, Block | UnreadableError]]:
        """Every file of a table with its content, or why it cannot be read: those of single jobs, then parts.

        A file that is gone when its turn comes has been folded into a part since: parts are listed afterwards.
        """
        if names is not None and not names:
            return
        own = self._own_names(table)
        for name in own if names is None else filter(set(own).__contains__, names):
            content = self._read(table, self.path(name, table), columns)
            if content is not None:
                yield self.path(name, table), content
        seen: set[Path] = set()
        while paths := sorted(set(self._parts(table)) - seen):  # a part may be replaced by a larger one meanwhile
            seen.update(paths)
            for path in paths:
                if names is not None and (held := self._names_in(path)) is not None and held.isdisjoint(names):
                    continue
                content = self._read(table, path, columns)
                if content is not None:
                    yield path, content

    def _read(self, table: str, path: Path, columns: Columns | Sequence[str] | None) -> Block | UnreadableError | None:
        """A file that holds what it should, or why it does not; None: it is gone."""
        try:
            block = read_block(path, columns)
            self.check_table(table, block.table, whole=Columns.of(columns).only is None)
            for _, _, source in block.jobs.values():
                self.check_source(table, source)
        except MissingFileError as error:
            return error if os.path.lexists(path) else None  # a link to a file that is not there
        except UnreadableError as error:
            return error
        return block

    def reject(self, path: Path, reason: str | UnreadableError, *, quarantine: bool = False) -> None:
        """Name a file that cannot be read in a warning and, with quarantine, move it to corrupt/."""
        own = path.parent.name == self.table
        stops = isinstance(reason, NoDigestError | RefusedError)  # the next run, which then says what to do
        note = "; the next run into this folder moves it away and repeats its job" if own and not stops else ""
        if quarantine:
            path.replace(self._place_in_quarantine(path))
            note = f"; moved to {self.display(self.corrupt)}"
            note += ", and its job is run again" if own else ""
        warnings.warn(f"cannot read {self.display(path)}: {reason}{note}", UnreadableWarning, stacklevel=3)

    def reject_job(self, name: str, reason: str, *, quarantine: bool = False) -> None:
        """The same of one job of the table that every job has; a part loses it, and keeps its other jobs."""
        path = self.file_of(name)
        name = name.rpartition("/")[2]
        if not is_part(path) or not quarantine:
            self.reject(path, f"{name}: {reason}" if is_part(path) else reason, quarantine=quarantine)
            return
        files = Files([*(block := read_block(path)).jobs], [block])
        bad = files.pop(name)
        self.replace(self._place_in_quarantine(self.path(name)), to_bytes(*bad))
        if files:
            self.replace(path, fold(files))
        else:
            path.unlink()
        note = f"; moved to {self.display(self.corrupt)}, and its job is run again"
        warnings.warn(f"cannot read {name} in {self.display(path)}: {reason}{note}", UnreadableWarning, stacklevel=3)

    def _place_in_quarantine(self, path: Path) -> Path:
        self.corrupt.mkdir(exist_ok=True)
        return self.corrupt / f"{path.name}.{time.time_ns()}"

    def names(self, table: str | None = None) -> list[str]:
        """The jobs that have a table, in order; table None: the one that every job has."""
        return sorted(self.places(table))

    def places(self, table: str | None = None) -> dict[str, Path]:
        """The file that has the table of each job: its own, or a part. A part that cannot be read, `read` names."""
        table = table or self.table
        found = {name: path for path in self._parts(table) for name in self._names_in(path) or ()}
        return found | {name: self.path(name, table) for name in self._own_names(table)}

    def file_of(self, name: str, table: str | None = None) -> Path:
        """The file that has the table of a job; PART/NAME is in that part."""
        part = name.rpartition("/")[0]
        return self.path(part, table) if part else self.places(table).get(name, self.path(name, table))

    def _own_names(self, table: str) -> list[str]:
        """The jobs that have a file of their own, in order."""
        found = (self.folder / table).glob("[!.]*.parquet")
        return sorted(path.stem for path in found if not is_part(path))

    def _parts(self, table: str) -> list[Path]:
        return sorted((self.folder / table).glob(f"{PREFIX}*.parquet"))

    def _names_in(self, path: Path) -> set[str] | None:
        """The jobs of a part; None for one that cannot be read, which `read` names."""
        try:
            return set(names_in(path))
        except UnreadableError:
            return None

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
