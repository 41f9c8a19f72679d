"""Where batches are executed: processes of this machine, one thread each, that can be timed out and may crash."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Any, cast

from pebble import ProcessExpired, ProcessPool

from .cells import Batch
from .execute import run_batch
from .provenance import provenance
from .store import Store

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

ORPHANED = 0.25
"""Seconds between a worker's looks at whether its parent is still there."""


class LocalPool:
    """As many processes as `jobs`; with jobs = 0 everything runs in this process, without timeouts.

    A worker that outlives its parent would write results behind the back of the next run: it ends itself instead.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._pool: ProcessPool | None = None
        self._environment = {name: os.environ.get(name) for name in THREADS}
        if jobs:
            os.environ.update(dict.fromkeys(THREADS, "1"))  # workers read these when they start
            # spawn: a fork of a process that has used OpenMP or threads may hang
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPool(jobs, initializer=_start, initargs=[os.getpid()], context=cast("Any", context))

    def submit(self, batch: Batch, folder: Path, command: str, timeout: float) -> Future[float]:
        """Execute a batch and write its file; gives the seconds it took."""
        return self.call(_work, [batch, folder, command], timeout)

    def call(self, work: Callable[..., float], arguments: list[Any], timeout: float) -> Future[float]:
        """Call what a worker can import; gives the seconds that it says it took."""
        if self._pool is None:
            done: Future[float] = Future()
            try:
                done.set_result(work(*arguments))
            except Exception as error:  # noqa: BLE001 -- a failed batch is recorded, whatever it died of
                error.traceback = traceback.format_exc()  # pyright: ignore[reportAttributeAccessIssue] -- as pebble does
                done.set_exception(error)
            return done
        return self._pool.schedule(work, args=arguments, timeout=timeout)

    def close(self) -> None:
        """End the workers; what they were doing is lost."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def failure(future: Future[float], timeout: float) -> dict[str, Any] | None:
    """What became of a batch that did not succeed: kind, message, traceback; None if it did."""
    try:
        error = future.exception()
    except CancelledError:
        return {"kind": "cancelled", "message": "stopped before it was done", "traceback": ""}
    if error is None:
        return None
    if isinstance(error, FutureTimeoutError):
        return {"kind": "timeout", "message": f"took more than {timeout:g} s", "traceback": ""}
    if isinstance(error, ProcessExpired):
        return {"kind": "crash", "message": f"its process ended by itself: {error}", "traceback": ""}
    text = getattr(error, "traceback", "") or "".join(traceback.format_exception(error))
    return {"kind": "error", "message": f"{type(error).__name__}: {error}", "traceback": text}


def _work(batch: Batch, folder: Path, command: str) -> float:
    """Run in a worker: execute, write, say how long it took."""
    start = time.perf_counter()
    rows = run_batch(batch)
    seconds = time.perf_counter() - start
    keys = [cell.key for cell in batch.cells]
    about = {
        **provenance(),
        "command": command,
        "task": batch.pair.settings["task"],
        "learner": batch.pair.settings["learner"],
        "seconds": seconds,
        "cells": keys,
    }
    Store(folder).write(batch.name, rows, about)
    return seconds


def _start(parent: int) -> None:
    """Prepare a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which lets this batch finish
    threading.Thread(target=_watch, args=[parent], daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(ORPHANED)
    os._exit(1)
