"""The body of a worker process: it takes one job after another from its pipe, and sends back results as bytes.

Nothing that a job makes is unpickled by the parent, so no exception and no value can break the pipe.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler

from .job import Result, describe, execute
from .memory import limit_memory

READY, LOADING, BEGUN = b"ready", b"loading", b"begun"
"""What a worker sends when it can take a job, before it unpickles one (which imports what the job is made of), and
as it begins the job, from when on its time counts; the next message is the result."""

PARENT_CHECK_INTERVAL = 0.25
"""Seconds between a worker's checks of whether its parent is still alive."""

IMPORTABLE = (
    "Worker processes must be able to import the learner and the task: define them in a module (on a cluster, one that "
    "all workers can import: docs/cluster.md), or run with jobs=0 (--jobs 0)"
)
"""What to do about a job that cannot be pickled, or unpickled."""


def serve(pipe: Connection, parent: int, command: str, memory: int = 0) -> None:
    """Execute the pickled jobs that come through the pipe, until it is closed.

    parent   process id: the worker ends when it is no longer its child's parent
    command  the command line of the run, for the metadata of the tables
    memory   bytes that this process may have; 0: no limit
    """
    limit_memory(memory)
    # A group of its own: the parent ends it with all the processes that a learner may have started, and Ctrl-C does
    # not reach it, so that what runs can finish. Until here SIGINT was blocked (engine/local.py).
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_watch, args=[parent], daemon=True).start()
    pipe.send_bytes(READY)
    while True:
        try:
            pickled = pipe.recv_bytes()
        except EOFError:
            return
        pipe.send_bytes(LOADING)
        result = _execute(pickled, command, pipe).encode()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):  # a learner may have closed it
                stream.flush()
        pipe.send_bytes(result)


def _execute(pickled: bytes, command: str, pipe: Connection) -> Result:
    try:
        job = ForkingPickler.loads(pickled)  # pyright: ignore[reportAttributeAccessIssue] -- of pickle
    except BaseException as error:  # noqa: BLE001
        return Result(failure=describe(error, hint=IMPORTABLE))
    pipe.send_bytes(BEGUN)
    try:
        return execute(job, command)
    except KeyboardInterrupt as error:  # no Ctrl-C, which is ignored here: the learner raised it
        return Result(failure=describe(error))


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_INTERVAL)
    os.killpg(0, signal.SIGKILL)
