"""What a worker process does: it takes one job after another from its pipe, and sends back text.

Nothing that a job makes is unpickled by the parent: a result is JSON, so no exception and no value can break the pipe.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any

from ..learners.base import CPU, Resources
from .cells import Batch
from .execute import run_batch
from .provenance import provenance
from .store import Store

READY, BEGUN = b"ready", b"begun"
"""What a worker sends once it has imported what it needs, and as it begins a job; the third message is the result."""

ORPHANED = 0.25
"""Seconds between a worker's looks at whether its parent is still there."""

MESSAGE, TRACEBACK = 2_000, 20_000
"""Characters that are kept of an error's message and traceback, from both of their ends."""

CAUSES = 10
"""So many causes of an error are looked at; an error may be its own cause."""

READ_ONLY = (
    "The arrays that a learner is given are read-only, because the cells of a batch share their data: copy an array "
    "before writing to it (inputs = problem.inputs.copy())"
)
"""What to do about a write to such an array."""

IMPORTABLE = (
    "A worker process must be able to import what a batch holds: define it in a module, or run with jobs=0 (--jobs 0)"
)
"""What to do about a job that cannot be pickled, or unpickled."""


def run_and_store(batch: Batch, folder: Path, command: str, resources: Resources = CPU) -> float:
    """Execute a batch and write its file; gives the seconds it took."""
    start = time.perf_counter()
    tables = run_batch(batch, resources)
    seconds = time.perf_counter() - start
    about = {
        **provenance(),
        "command": command,
        "resources": asdict(resources),
        "task": batch.pair.settings["task"],
        "learner": batch.pair.settings["learner"],
        "seconds": seconds,
        "cells": [cell.key for cell in batch.cells],
    }
    store = Store(folder)
    for table in ("predictions", "examples"):  # before the scores: a batch counts as done once these are there
        store.write_table(table, tables[table].attrs.get("name", batch.name), tables[table])
    store.write(batch.name, tables["batches"], about)
    return seconds


def attempt(work: Callable[..., float], arguments: list[Any]) -> dict[str, Any]:
    """Call `work`: {"seconds"} that it says it took, or what became of it: {"kind", "message", "traceback"}.

    Whatever it raises is its failure, SystemExit included; KeyboardInterrupt alone goes through.
    """
    try:
        return {"seconds": float(work(*arguments))}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- a failed job is recorded, whatever it died of
        return describe(error)


def describe(error: BaseException, hint: str = "") -> dict[str, Any]:
    """An error as a record of plain text, with what to do about it."""
    message = _plain(f"{type(error).__name__}: {_text(error)}", MESSAGE)
    if _is_write_to_read_only(error):
        hint = READ_ONLY
    if hint:
        message += f". {hint}"
    trace = "".join(traceback.format_exception(error))
    return {"kind": "error", "message": message, "traceback": _plain(trace, TRACEBACK)}


def serve(pipe: Connection, parent: int) -> None:
    """Carry out the jobs that come through the pipe, until it is closed: the body of a worker process."""
    # A group of its own: the parent ends it with all the processes that a learner may have started, and Ctrl-C does
    # not reach it, so that what runs can finish. Until here SIGINT was blocked (runs/pool.py).
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_watch, args=[parent], daemon=True).start()
    pipe.send_bytes(READY)
    while True:
        try:
            job = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(BEGUN)
        result = json.dumps(_attempt_pickled(job)).encode()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # a learner may have closed it
                stream.flush()
        pipe.send_bytes(result)


def _attempt_pickled(job: bytes) -> dict[str, Any]:
    try:
        work, arguments = ForkingPickler.loads(job)  # pyright: ignore[reportAttributeAccessIssue] -- of pickle
    except BaseException as error:  # noqa: BLE001
        return describe(error, hint=IMPORTABLE)
    try:
        return attempt(work, arguments)
    except KeyboardInterrupt as error:  # no Ctrl-C, which is ignored here: the learner raised it
        return describe(error)


def _is_write_to_read_only(error: BaseException | None) -> bool:
    """Whether numpy or Cython refused to write to an array, going by their texts; also where that was the cause."""
    for _ in range(CAUSES):
        if isinstance(error, ValueError) and any(sign in _text(error) for sign in ("is read-only", "WRITEABLE flag")):
            return True
        error = error.__cause__ if error else None
    return False


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 -- code of the error's own
        return "its text cannot be had"


def _plain(text: str, most: int) -> str:
    """The text without what cannot be encoded, and without its middle if it is longer than that."""
    if len(text) > most:
        text = f"{text[: most // 2]} [...] {text[-most // 2 :]}"
    return text.encode("utf-8", "backslashreplace").decode()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHANED)
    os.killpg(0, signal.SIGKILL)
