"""The local pool: processes of this machine, one thread each, that can be timed out and may crash.

Every worker has a pipe of its own, so a broken one concerns no job but its own. It is replaced after any failure, and
before and after a job whose code is from outside the suite: that may have changed anything in its process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import wait as wait_for
from multiprocessing.reduction import ForkingPickler
from typing import Any

from .errors import EngineError
from .job import Job, Result, describe
from .kernels import THREADS
from .memory import GIB, default_limit
from .provenance import command
from .worker import BEGUN, IMPORTABLE, LOADING, READY, serve

MAX_STARTS = 3
"""So often may a worker be killed before it begins a job."""

POLL_INTERVAL = 0.2
"""Seconds between checks of whether a worker is still alive; a child that outlives it can keep its pipe open."""

LOAD_TIMEOUT = 120.0
"""Seconds that a worker may take, beside the timeout, to import what a job is made of."""

RESULT_BYTES = 1 << 30
"""No result is larger: what is, was not sent by us."""


class LocalPool:
    """As many processes as `slots`.

    timeout  seconds a job may take, from the moment at which its worker begins it
    memory   bytes that a worker may have; None: its part of what there is; 0: no limit

    A worker that outlives its parent ends itself.
    """

    def __init__(self, slots: int, timeout: float, memory: int | None = None) -> None:
        self.slots, self._timeout = slots, timeout
        limit = default_limit(slots) if memory is None else memory
        self._slots = [Slot(command(), limit) for _ in range(slots)]
        self._jobs: dict[int, Job] = {}  # by the index of their slot
        self._refused: list[tuple[Job, Result]] = []  # cannot be sent to a worker
        self._environment = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, "1"))

    @property
    def running(self) -> list[Job]:
        return [job for job, _ in self._refused] + list(self._jobs.values())

    def submit(self, job: Job) -> None:
        try:
            call = Call(pickled(job), self._timeout, job.external)
        except Exception as error:  # noqa: BLE001 -- pickling calls code of what is pickled
            self._refused.append((job, Result(failure=describe(error, hint=IMPORTABLE))))
            return
        free = [index for index, slot in enumerate(self._slots) if slot.call is None]
        # for outside code a slot without a process, for the suite's own one with a process that is warm
        index = next((index for index in free if (self._slots[index].process is None) == job.external), free[0])
        self._jobs[index] = job
        self._slots[index].assign(call)

    def wait(self) -> list[tuple[Job, Result]]:
        if self._refused:
            refused, self._refused = self._refused, []
            return refused
        wait_for_slots([self._slots[index] for index in self._jobs])
        results = [(index, self._slots[index].poll()) for index in list(self._jobs)]
        return [(self._jobs.pop(index), result) for index, result in results if result]

    def close(self) -> None:
        for slot in self._slots:
            slot.discard()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def pickled(job: Job) -> bytes:
    """A job as a worker process takes it."""
    return bytes(ForkingPickler.dumps(job))


@contextlib.contextmanager
def sigint_blocked() -> Iterator[None]:
    """Processes and threads that are started meanwhile are born with SIGINT blocked.

    The terminal sends Ctrl-C to them too: it must not end a worker while it imports, before it ignores the signal.
    """
    resource_tracker.ensure_running()  # as multiprocessing starts its tracker, it unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_for_slots(slots: list[Slot]) -> None:
    """Wait until there may be something to see in one of the slots, POLL_INTERVAL seconds at most."""
    deadlines = [slot.call.deadline for slot in slots if slot.call and slot.call.deadline is not None]
    now = time.monotonic()
    seconds = min([POLL_INTERVAL, *(end - now for end in deadlines)])
    wait_for([slot.pipe for slot in slots if slot.pipe], max(seconds, 0))


@dataclass
class Call:
    """A job on its way through a slot.

    pickled  the job;  timeout: seconds
    external  code from outside the suite takes part: it gets a worker that did nothing before and does nothing after
    """

    pickled: bytes
    timeout: float
    external: bool
    deadline: float | None = None  # None until the worker has taken it
    starts: int = 1


class Slot:
    """A slot for one job, and the process that executes it.

    command  the command line of the run, for the metadata of tables
    memory   bytes that the process may have; 0: no limit
    """

    def __init__(self, command: str, memory: int = 0) -> None:
        self.call: Call | None = None
        self.command, self.memory = command, memory
        self.process: Any = None
        self.pipe: Any = None
        self._used = False  # whether its process has begun a job
        self._ready = False

    def assign(self, call: Call) -> None:
        """Give the job to the process, a new one if it must be or there is none."""
        self.call = call
        if self.process is not None and ((call.external and self._used) or not self.process.is_alive()):
            self.discard()
        if self.process is None:
            self._start()
        elif self._ready:
            self._send()

    def poll(self) -> Result | None:
        """What came of the job; None while it is not done."""
        result = self._poll()
        if result is not None:
            # keep the process for the next job, unless something may have changed in it
            if result.failure is not None or (self.call and self.call.external):
                self.discard()
            self.call = None
        return result

    def discard(self) -> None:
        """End the process, and with it those that it started."""
        if self.process is None:
            return
        if self.process.pid is not None:  # else it could not be started
            with contextlib.suppress(ProcessLookupError, PermissionError):  # no group yet; macOS: nothing left in it
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.kill()
            self.process.join()
        self.pipe.close()
        self.process = self.pipe = None

    def _poll(self) -> Result | None:
        call = self.call
        if call is None:
            return None
        gone = not self.process.is_alive()  # before the pipe is read, so that nothing that it sent is missed
        try:
            while self.pipe.poll():
                message = self.pipe.recv_bytes(RESULT_BYTES)
                if message == READY:
                    self._ready = True
                    self._send()
                elif message in (LOADING, BEGUN):
                    limit = call.timeout if message == BEGUN else call.timeout + LOAD_TIMEOUT
                    self._used, call.deadline = True, time.monotonic() + limit
                else:
                    return Result.decode(message)
        except (EOFError, OSError, ValueError, TypeError, AttributeError):  # closed, or not what we send
            gone = True
        if gone:
            return self._lost(call)
        if call.deadline is not None and time.monotonic() > call.deadline:
            return Result.failed("timeout", f"took more than {call.timeout:g} s; --timeout raises the limit")
        return None

    def _start(self) -> None:
        # spawn: a fork of a process that has used OpenMP or threads may hang
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=[other, os.getpid(), self.command, self.memory])
        self._used = self._ready = False
        try:
            with sigint_blocked():
                self.process.start()
        except OSError as error:
            raise EngineError(f"cannot start worker processes: {error}") from error
        finally:
            other.close()

    def _send(self) -> None:
        """Hand over the job; a process that has just died is found out by the next look."""
        if self.call:
            with contextlib.suppress(OSError):
                self.pipe.send_bytes(self.call.pickled)

    def _lost(self, call: Call) -> Result | None:
        """The process has ended: in the middle of the job, which is charged with it, or before it began."""
        self.process.join(POLL_INTERVAL)
        code = self.process.exitcode
        self.discard()
        how = "it closed the connection" if code is None else f"exit code {code}"
        if code is not None and code < 0:
            how = signal.Signals(-code).name
        if call.deadline is not None:
            return Result.failed("crash", f"the worker process ended unexpectedly: {how}{_cause(code, self.memory)}")
        # Killed as it started, or while it waited: no fault of the job. One that exits would do so again.
        if call.starts == MAX_STARTS or (code is not None and code >= 0):
            raise EngineError(
                f"cannot start worker processes ({how}); see their output above, or use --jobs 0 to run everything in "
                "this process"
            )
        call.starts += 1
        self._start()
        return None


def _cause(code: int | None, memory: int) -> str:
    """What a signal may mean for whoever reads of it."""
    if code == -signal.SIGKILL:
        return "; the system does that to a process where memory runs out: use fewer --jobs, or a smaller --memory"
    if code == -signal.SIGABRT and memory:
        return f"; libraries do that where they get no memory, of which it may have {memory / GIB:.1f} GiB (--memory)"
    return ""
