"""Pools execute jobs. One interface, three implementations."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from .job import Job, Result, execute
from .kernels import one_thread
from .provenance import command

LOCAL = "local"
"""In place of a scheduler's address: a Dask cluster of this machine."""


class WorkerPool(Protocol):
    """Executes jobs in parallel: `InlinePool`, `LocalPool` (engine/local.py), `DaskPool` (engine/cluster.py)."""

    @property
    def slots(self) -> int:
        """How many jobs run at the same time; on a cluster this changes as workers come and go."""
        ...

    @property
    def running(self) -> Sequence[Job]:
        """The jobs that were submitted and are not done."""
        ...

    def submit(self, job: Job) -> None:
        """Begin a job; only while fewer are running than there are slots, so that none waits in the pool."""
        ...

    def wait(self) -> list[tuple[Job, Result]]:
        """The jobs that are done; waits a moment for one. Raises EngineError if the pool cannot go on."""
        ...

    def close(self) -> None:
        """End the processes, and whatever they are doing."""
        ...


class InlinePool:
    """Everything in this process, a job at a time, on one thread, without timeouts, limits and isolation."""

    slots = 1

    def __init__(self) -> None:
        self.running: list[Job] = []

    def submit(self, job: Job) -> None:
        self.running.append(job)

    def wait(self) -> list[tuple[Job, Result]]:
        if not self.running:
            return []
        job = self.running[0]
        try:
            with contextlib.chdir("."), one_thread():  # a job may change the current folder
                return [(job, execute(job, command()))]
        finally:
            self.running.clear()

    def close(self) -> None:
        self.running.clear()


@dataclass(frozen=True)
class Workers:
    """Which pool a run asks for.

    jobs       worker processes; 0: none, everything in this process; None: as many as cores, or as the cluster has
    timeout    seconds a job may take, from the moment at which it begins
    memory     bytes that a worker process may have; None: its part of what there is; 0: no limit
    scheduler  None: processes of this machine; tcp://HOST:PORT: the workers of a Dask cluster; local: a Dask cluster
               of this machine, with as many workers as `jobs`
    """

    jobs: int | None = None
    timeout: float = 900.0
    scheduler: str | None = None
    memory: int | None = None

    @property
    def count(self) -> int:
        """Worker processes that the run may use on this machine."""
        return cores() if self.jobs is None else self.jobs

    def __str__(self) -> str:
        if self.scheduler is None:
            return f"{self.count or 'no'} worker process{'' if self.count == 1 else 'es'}"
        if self.scheduler == LOCAL:
            return f"a local Dask cluster of {self.count} worker{'' if self.count == 1 else 's'}"
        return f"the Dask cluster at {self.scheduler}"

    def start(self, max_jobs: int, log: Callable[[str], None]) -> WorkerPool:
        """A pool for at most `max_jobs` jobs; it prints with `log`."""
        if self.scheduler is not None:
            from .cluster import DaskPool  # noqa: PLC0415 -- Dask is an extra

            jobs = min(self.count, max_jobs) if self.scheduler == LOCAL else self.jobs
            return DaskPool(self.scheduler, jobs, self.timeout, log, self.memory)
        if self.count == 0:
            return InlinePool()
        from .local import LocalPool  # noqa: PLC0415 -- not needed for the other pools

        return LocalPool(min(self.count, max_jobs), self.timeout, self.memory)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
