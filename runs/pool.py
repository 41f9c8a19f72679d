"""Where jobs are executed: processes of this machine, one thread each, that can be timed out and may crash.

Every worker has a pipe of its own, so a broken one concerns no job but its own. It is replaced after any failure, and
before and after a job whose code is from outside the suite: that may have changed anything in its process.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for
from multiprocessing.reduction import ForkingPickler
from typing import Any, Generic, TypeVar

from .names import UsageError
from .worker import BEGUN, IMPORTABLE, READY, attempt, describe, serve

T = TypeVar("T")

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

STARTS = 3
"""So often may a worker be killed before it begins a job."""

LOOK = 0.2
"""Seconds between looks at whether a worker is still alive; a child that outlives it can keep its pipe open."""

RESULT_BYTES = 1 << 20
"""No result is larger: what is, was not sent by us."""


@dataclass(frozen=True)
class Result:
    """What became of a job.

    seconds  that it says it took
    failure  None, or kind (error, crash, timeout), message and traceback
    """

    seconds: float = 0.0
    failure: dict[str, Any] | None = None


@dataclass
class Job(Generic[T]):
    """A call that a worker carries out, pickled.

    owner    what the caller knows it by
    outside  code from outside the suite takes part: it gets a worker that did nothing before and does nothing after
    """

    owner: T
    call: bytes
    timeout: float
    outside: bool
    deadline: float | None = None  # from the moment at which the worker began
    starts: int = 1


class LocalPool(Generic[T]):
    """As many processes as `jobs`; with jobs = 0 everything runs in this process, without timeouts and isolation.

    A worker that outlives its parent would write results behind the back of the next run: it ends itself instead.
    """

    def __init__(self, jobs: int) -> None:
        self._slots = [Slot[T]() for _ in range(jobs)]
        self._here: list[tuple[T, Callable[..., float], list[Any]]] = []  # with jobs = 0: at most one
        self._refused: list[tuple[T, Result]] = []  # cannot be sent to a worker
        self._environment = {name: os.environ.get(name) for name in THREADS}
        if jobs:
            os.environ.update(dict.fromkeys(THREADS, "1"))  # workers read these when they start

    @property
    def running(self) -> list[T]:
        """The owners of the jobs that are not done."""
        waiting = [owner for owner, *_ in [*self._here, *self._refused]]
        return waiting + [slot.job.owner for slot in self._slots if slot.job]

    @property
    def free(self) -> bool:
        """Whether a job that is submitted now would run now."""
        return not self._here if not self._slots else any(slot.job is None for slot in self._slots)

    def submit(
        self, owner: T, work: Callable[..., float], arguments: list[Any], timeout: float, *, outside: bool
    ) -> None:
        """Call what a worker can import, which gives the seconds that it took; only while the pool is `free`."""
        if not self._slots:
            self._here.append((owner, work, arguments))
            return
        try:
            call = bytes(ForkingPickler.dumps((work, arguments)))
        except Exception as error:  # noqa: BLE001 -- pickling calls code of what is pickled
            self._refused.append((owner, Result(failure=describe(error, hint=IMPORTABLE))))
            return
        free = [slot for slot in self._slots if slot.job is None]
        # for outside code a slot without a process, for the suite's own one with a process that is warm
        slot = next((slot for slot in free if (slot.process is None) == outside), free[0])
        slot.take(Job(owner, call, timeout, outside))

    def finished(self) -> list[tuple[T, Result]]:
        """The jobs that are done; waits a moment for one. Raises UsageError if worker processes cannot start."""
        if self._here:
            owner, work, arguments = self._here[0]
            try:
                with contextlib.chdir("."):  # relative paths mean after the job what they meant before
                    told = attempt(work, arguments)
            finally:
                self._here.clear()
            return [(owner, _result(told))]
        if self._refused:
            refused, self._refused = self._refused, []
            return refused
        now = time.monotonic()
        deadlines = [slot.job.deadline for slot in self._slots if slot.job and slot.job.deadline is not None]
        pipes = [slot.pipe for slot in self._slots if slot.job and slot.pipe]
        wait_for(pipes, max(min([LOOK, *(deadline - now for deadline in deadlines)]), 0))
        done = []
        for slot in self._slots:
            if slot.job and (result := slot.look()):
                done.append((slot.job.owner, result))
                slot.release(result)
        return done

    def close(self) -> None:
        """End the processes, and whatever they are doing."""
        for slot in self._slots:
            slot.discard()
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class Slot(Generic[T]):
    """Room for one job, and the process that carries it out."""

    def __init__(self) -> None:
        self.job: Job[T] | None = None
        self.process: Any = None
        self.pipe: Any = None
        self._used = False  # whether its process has begun a job
        self._ready = False

    def take(self, job: Job[T]) -> None:
        """Give the job to the process, a new one if it must be or there is none."""
        self.job = job
        if self.process is not None and ((job.outside and self._used) or not self.process.is_alive()):
            self.discard()
        if self.process is None:
            self._start()
        elif self._ready:
            self._send()

    def look(self) -> Result | None:
        """What became of the job; None while it is not done."""
        job = self.job
        if job is None:
            return None
        gone = not self.process.is_alive()  # before the pipe is read, so that nothing that it sent is lost
        try:
            while self.pipe.poll():
                message = self.pipe.recv_bytes(RESULT_BYTES)
                if message == READY:
                    self._ready = True
                    self._send()
                elif message == BEGUN:
                    self._used, job.deadline = True, time.monotonic() + job.timeout
                else:
                    return _result(json.loads(message))
        except (EOFError, OSError, ValueError, TypeError):  # closed, or not what we send
            gone = True
        if gone:
            return self._lost(job)
        if job.deadline is not None and time.monotonic() > job.deadline:
            return _failed("timeout", f"took more than {job.timeout:g} s")
        return None

    def release(self, result: Result) -> None:
        """The job is done: keep the process for the next one, unless something may have changed in it."""
        if result.failure is not None or (self.job and self.job.outside):
            self.discard()
        self.job = None

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

    def _start(self) -> None:
        # spawn: a fork of a process that has used OpenMP or threads may hang
        context = multiprocessing.get_context("spawn")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=[other, os.getpid()])
        self._used = self._ready = False
        # A worker is born with SIGINT blocked: Ctrl-C, which the terminal sends to it too, must not end it while it
        # imports, before it can say that it ignores it.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            self.process.start()
        except OSError as error:
            raise UsageError(f"the worker processes cannot start: {error}") from error
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            other.close()

    def _send(self) -> None:
        """Hand over the job; a process that has just died is found out by the next look."""
        if self.job:
            with contextlib.suppress(OSError):
                self.pipe.send_bytes(self.job.call)

    def _lost(self, job: Job[T]) -> Result | None:
        """The process has ended: in the middle of the job, which is charged with it, or before it began."""
        self.process.join(LOOK)
        code = self.process.exitcode
        self.discard()
        how = "it closed the connection to its parent" if code is None else f"exit code {code}"
        if code is not None and code < 0:
            how = signal.Signals(-code).name
        if job.deadline is not None:
            return _failed("crash", f"its process ended by itself: {how}")
        # Killed as it started, or while it waited: no fault of the job. One that exits would do so again.
        if job.starts == STARTS or (code is not None and code >= 0):
            raise UsageError(
                f"the worker processes cannot start ({how}); what they printed says why, and --jobs 0 runs everything "
                "in this process"
            )
        job.starts += 1
        self._start()
        return None


def _result(told: dict[str, Any]) -> Result:
    """The result that a worker told."""
    return Result(told["seconds"]) if "seconds" in told else Result(failure=told)


def _failed(kind: str, message: str) -> Result:
    return Result(failure={"kind": kind, "message": message, "traceback": ""})
