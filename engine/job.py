"""A job: what the engine runs, and what came of it."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa

from .kernels import kernels
from .memory import limit_in_words
from .parquet import SCHEMA_VERSION, to_bytes
from .provenance import command as run_command
from .provenance import provenance

MESSAGE, TRACEBACK = 2_000, 20_000
"""Characters that are kept of an error's message and traceback, from both of their ends."""

CAUSES = 10
"""So many causes of an error are looked at; an error may be its own cause."""

HEADER = 4
"""Bytes at the start of an encoded result that hold the length of its JSON header."""

READ_ONLY = (
    "The arrays of a Problem are read-only, because the cells of a batch share their data: copy an array "
    "before writing to it (inputs = problem.inputs.copy())"
)
"""What to do about a write to such an array."""


class Job(Protocol):
    """A computation that gives tables, done in one process and in one go.

    Example: the job "mlp on facts, seed 0" of a study has the name `facts-mlp-0-3f2a9c`, which holds the hash of all
    its parameters; `run()` gives {"jobs": a table}, which is written to DIR/jobs/facts-mlp-0-3f2a9c.parquet.
    """

    @property
    def name(self) -> str:
        """Name of its files; it changes with anything that its tables depend on."""
        ...

    @property
    def label(self) -> str:
        """Name in the progress display."""
        ...

    @property
    def external(self) -> bool:
        """Whether code from outside the suite takes part: such a job gets a new process, which ends with it."""
        ...

    @property
    def metadata(self) -> dict[str, Any]:
        """Plain JSON that is stored with its tables and with its failure, such as its task, learner and keys."""
        ...

    def run(self) -> Mapping[str, pa.Table]:
        """Compute the tables, by their names; TABLE/NAME for one that other jobs give too, which is kept once."""
        ...

    def split(self) -> Sequence[Job]:
        """Smaller jobs that together do the same, run in its place if it fails; by default there are none."""
        return ()


@dataclass(frozen=True)
class Result:
    """What came of a job.

    seconds  that `run` took
    tables   name -> content of the table's Parquet file
    failure  None, or {"kind", "message", "traceback"}; kind is error (it raised), timeout, crash (its process ended) or
             lost (the machines it was given to ended, one after another)
    """

    seconds: float = 0.0
    tables: dict[str, bytes] = field(default_factory=dict)
    failure: dict[str, str] | None = None

    @classmethod
    def failed(cls, kind: str, message: str) -> Result:
        """A failure without a traceback."""
        return cls(failure={"kind": kind, "message": message, "traceback": ""})

    def encode(self) -> bytes:
        """The result as bytes: the length of the header, the header (JSON), then the tables, one after another."""
        sizes = {name: len(content) for name, content in self.tables.items()}
        header = json.dumps({"seconds": self.seconds, "failure": self.failure, "tables": sizes}).encode()
        return b"".join([len(header).to_bytes(HEADER, "big"), header, *self.tables.values()])

    @classmethod
    def decode(cls, encoded: bytes) -> Result:
        """The result that was encoded; raises ValueError where the bytes are no result."""
        start = HEADER + int.from_bytes(encoded[:HEADER], "big")
        header = json.loads(encoded[HEADER:start])
        if not isinstance(header, dict) or header.keys() != {"seconds", "failure", "tables"}:
            raise ValueError("the bytes are not an encoded result")
        tables: dict[str, bytes] = {}
        for name, size in header["tables"].items():
            tables[name], start = encoded[start : start + size], start + size
        if start != len(encoded):
            raise ValueError(f"a result of {len(encoded)} bytes; its header says {start}")
        return cls(float(header["seconds"]), tables, header["failure"])


def execute(job: Job, command: str) -> Result:
    """Run a job in this process.

    command  the command line of the run, for the metadata of the tables

    Whatever the job raises is its failure, SystemExit included; KeyboardInterrupt alone is passed on.
    """
    try:
        start = time.perf_counter()
        tables = job.run()
        seconds = time.perf_counter() - start
        return Result(seconds, store_content(tables, {"command": command, **job.metadata, "seconds": seconds}))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- a failed job is recorded, whatever it died of
        return Result(failure=describe(error))


def store_content(tables: Mapping[str, pa.Table], metadata: Mapping[str, Any]) -> dict[str, bytes]:
    """The contents of the files of some tables: name -> Parquet, with where they come from in its metadata."""
    own = {"kernels": kernels(), "command": run_command()}
    complete = {"schema": SCHEMA_VERSION, **provenance(), **own, **metadata}
    return {name: to_bytes(table, complete) for name, table in tables.items()}


def describe(error: BaseException, hint: str = "") -> dict[str, str]:
    """The failure that an error is, as plain text, with what to do about it."""
    message = _plain(f"{type(error).__name__}: {_text(error)}", MESSAGE)
    if _is_write_to_read_only(error):
        hint = READ_ONLY
    if _is_out_of_memory(error):
        hint = limit_in_words()
    if hint:
        message += f". {hint}"
    trace = "".join(traceback.format_exception(error))
    return {"kind": "error", "message": message, "traceback": _plain(trace, TRACEBACK)}


def _is_write_to_read_only(error: BaseException | None) -> bool:
    """Whether numpy or Cython refused to write to an array, going by their texts; also where that was the cause."""
    for _ in range(CAUSES):
        if isinstance(error, ValueError) and any(sign in _text(error) for sign in ("is read-only", "WRITEABLE flag")):
            return True
        error = error.__cause__ if error else None
    return False


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether no memory was to be had; torch has no class for it on CPUs."""
    return isinstance(error, MemoryError) or "DefaultCPUAllocator" in _text(error)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 -- code of the error's own
        return "its message is not available"


def _plain(text: str, limit: int) -> str:
    """The text without what cannot be encoded, and without its middle if it is longer than that."""
    if len(text) > limit:
        text = f"{text[: limit // 2]} [...] {text[-limit // 2 :]}"
    return text.encode("utf-8", "backslashreplace").decode()
