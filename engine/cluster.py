"""The Dask pool: the workers of a Dask cluster execute jobs, on other machines or on this one.

Dask cannot end a task that runs, so a Dask worker hands each job to a process of its own (a Slot of engine/local.py),
which keeps the timeout and may crash. Results come back as bytes; no disk needs to be shared.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import multiprocessing.util
import os
import queue
import threading
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .errors import EngineError
from .job import Job, Result, describe
from .kernels import THREADS
from .local import POLL_INTERVAL, Call, Slot, pickled, sigint_blocked, wait_for_slots
from .memory import SHARE, default_limit
from .pool import LOCAL
from .provenance import command, provenance
from .watch import WorkerWatch
from .worker import IMPORTABLE

if TYPE_CHECKING:
    from distributed import Future

COMPARED = ("grue", "commit", "python", "torch", "scikit-learn", "xgboost")
"""What must be the same on the workers as here: results depend on it."""

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for the scheduler's answer."""

QUIET: dict[str, Any] = {"dashboard_address": "127.0.0.1:0", "silence_logs": logging.CRITICAL}
"""Of a local cluster: a free port, since another cluster may have the usual one; no log."""

MACHINE = "machine"
"""The kind of a failure that is the Dask worker's and not the job's: it ends the run."""

GIVEN_UP = b""
"""What a worker returns for a job that it gave up, since nobody waits for it or since the worker itself is closed."""


class DaskPool:
    """The workers of a Dask cluster, one job a thread.

    address  of the scheduler (tcp://HOST:PORT), or "local": a cluster of this machine, which ends with the pool
    jobs     run at the same time at most; None: as many as the workers have threads, however many join
    timeout  seconds a job may take, from the moment at which its process begins it
    log      prints a line
    memory   bytes that a job's process may have; None: its part of what its Dask worker has; 0: no limit

    A job whose worker is lost is executed by another one; after as many losses as the scheduler allows (Dask's setting
    distributed.scheduler.allowed-failures, 3) it has failed, of the kind lost. Raises EngineError where no scheduler
    answers, or where a worker has other versions than this process.
    """

    def __init__(
        self, address: str, jobs: int | None, timeout: float, log: Callable[[str], None], memory: int | None = None
    ) -> None:
        try:
            import distributed  # noqa: F401, PLC0415 -- an extra
        except ImportError as error:
            raise EngineError('--scheduler needs Dask: pip install "grue[dask]"') from error
        for part in ("distributed", "distributed.client", "distributed.scheduler", "distributed.nanny"):
            logging.getLogger(part).setLevel(logging.CRITICAL)  # what concerns the run is an EngineError
        self.address, self._jobs, self._timeout, self._memory = address, jobs, timeout, memory
        self._running: dict[str, tuple[Job, Future]] = {}
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()  # keys
        self._refused: list[tuple[Job, Result]] = []  # cannot be sent to a worker
        self._resources = contextlib.ExitStack()
        try:
            self._client: Any = self._connect(jobs or 1)  # its methods are coroutines only in asyncio
            self._watch = WorkerWatch(self._client, address, log)
            self._check(log)
        except BaseException:
            self._resources.close()
            raise

    @property
    def slots(self) -> int:
        threads = self._watch.threads()
        return max(1, threads if self._jobs is None else min(self._jobs, threads))

    @property
    def running(self) -> list[Job]:
        return [job for job, _ in [*self._refused, *self._running.values()]]

    def submit(self, job: Job) -> None:
        try:
            call = pickled(job)
        except Exception as error:  # noqa: BLE001 -- pickling calls code of what is pickled
            self._refused.append((job, Result(failure=describe(error, hint=IMPORTABLE))))
            return
        key = f"grue-{uuid.uuid4().hex}"  # of its own: Dask would give an earlier result for an earlier key
        arguments = (call, self._timeout, job.external, command(), versions(), self._memory)
        future = self._client.submit(execute_on_worker, *arguments, key=key, pure=False)
        self._running[key] = (job, future)
        future.add_done_callback(lambda future: self._done.put(future.key))

    def wait(self) -> list[tuple[Job, Result]]:
        if self._refused:
            refused, self._refused = self._refused, []
            return refused
        try:
            keys = [self._done.get(timeout=POLL_INTERVAL)]
            while not self._done.empty():
                keys.append(self._done.get())
        except queue.Empty:
            keys = []
        self._watch.check_connection()
        self._watch.threads()  # logs when there are none
        results = [(job, self._result(future)) for job, future in map(self._running.pop, keys)]
        for job, result in results:
            if result is None:
                self.submit(job)
        return [(job, result) for job, result in results if result is not None]

    def close(self) -> None:
        self._running.clear()  # the scheduler cancels what nobody waits for, and `execute_on_worker` ends it
        self._resources.close()

    def _connect(self, workers: int) -> Any:
        """A client of the scheduler; workers: of a local cluster."""
        from distributed import Client  # noqa: PLC0415 -- an extra
        from distributed.comm.core import CommClosedError  # noqa: PLC0415

        if self.address == LOCAL:
            where = self._resources.enter_context(_local_cluster(workers))
        else:
            where = self.address
            _check_encryption(where)
        try:
            client = Client(where, timeout=CONNECT_TIMEOUT, set_as_default=False, name="grue")
        except (OSError, ValueError) as error:  # a timeout is an OSError; an address without a meaning a ValueError
            reason = " ".join(f"{error}".split()) or type(error).__name__
            what = "start one there (dask scheduler), or correct the address"
            if isinstance(error, CommClosedError):  # something answered, and ended the connection
                what = "if it has certificates, its address begins with tls://"
                if self.address.startswith("tls://"):
                    what = "all sides need certificates of one authority (TLS in docs/cluster.md)"
            raise EngineError(f"no Dask scheduler answers at {self.address}: {reason}; {what}") from error
        return self._resources.enter_context(client)

    def _result(self, future: Future) -> Result | None:
        """What came of a job; None where its worker was closed meanwhile."""
        from distributed import KilledWorker  # noqa: PLC0415 -- an extra

        try:
            encoded = future.result()
            if encoded == GIVEN_UP:
                return None
            result = Result.decode(encoded)
        except KilledWorker as error:
            return Result.failed("lost", f"every Dask worker that ran it was lost: {error}")
        except (OSError, asyncio.CancelledError) as error:  # Dask's errors of connections are among the former
            raise self._watch.lost_connection() from error
        except Exception as error:
            self._watch.check_connection()
            raise EngineError(
                f"the Dask workers at {self.address} cannot run grue jobs: {type(error).__name__}: {error}"
            ) from error
        if result.failure is not None and result.failure["kind"] == MACHINE:
            raise EngineError(result.failure["message"])
        return result

    def _check(self, log: Callable[[str], None]) -> None:
        """Refuse workers with other versions; those that join later are checked by `execute_on_worker`."""
        for address, there in self._client.run(versions, on_error="return").items():
            if isinstance(there, OSError):  # it hangs, or has just gone; if it comes back, its first job checks it
                log(f"the Dask worker {address} does not answer; going on without it")
            elif isinstance(there, BaseException):
                raise EngineError(
                    f"the Dask worker {address} cannot import grue: {type(there).__name__}: {there}. Install grue "
                    "there, or end that worker; then repeat the command"
                )
            elif different := differences(versions(), there):
                raise EngineError(_refusal(address, different))


def versions() -> dict[str, str]:
    """What must be the same here and on the workers; the commit is known in a checkout only."""
    found = {**provenance()["versions"], "commit": provenance()["commit"]}
    return {name: found[name] for name in COMPARED if found.get(name)}


def differences(here: dict[str, str], there: dict[str, str]) -> str:
    """A description of the versions that differ, or "". A commit that one side does not know is no difference."""
    names = [name for name in COMPARED if name != "commit" or {name} <= here.keys() & there.keys()]
    return ", ".join(
        f"{name} is {there.get(name, 'missing')} there and {here.get(name, 'missing')} here"
        for name in names
        if here.get(name) != there.get(name)
    )


def _refusal(address: str, different: str) -> str:
    return (
        f"the Dask worker {address} has other versions: {different}. Install the same there, or end that worker; then "
        "repeat the command (finished results are kept)"
    )


def _check_encryption(address: str) -> None:
    """Raise EngineError where an address and Dask's settings for TLS do not go together, which Dask says at length."""
    from distributed.security import Security  # noqa: PLC0415 -- an extra

    settings, security = "see TLS in docs/cluster.md", Security()
    try:
        arguments = security.get_connection_args("client")
    except (OSError, ValueError) as error:  # those of certificates are among the former
        names = dict.fromkeys(str(name) for name in security.get_tls_config_for_role("client").values() if name)
        raise EngineError(
            f"cannot connect to {address}: a file that Dask's settings (distributed.comm.tls) name is missing or no "
            f"certificate ({', '.join(names)}): {error}; {settings}"
        ) from error
    if address.startswith("tls://") and arguments["ssl_context"] is None:
        raise EngineError(
            f"cannot connect to {address}: it needs certificates, and Dask's settings here (distributed.comm.tls) name "
            f"none; {settings}"
        )
    if address.startswith("tcp://") and arguments["require_encryption"]:
        raise EngineError(
            f"cannot connect to {address}: Dask's settings here (distributed.comm.require-encryption) demand "
            f"encryption; use tls://{address.removeprefix('tcp://')}, or change the settings; {settings}"
        )


_OWN = threading.local()
"""The slot of a thread of a Dask worker."""


def execute_on_worker(
    call: bytes,
    timeout: float,
    external: bool,  # noqa: FBT001
    command: str,
    here: dict[str, str],
    memory: int | None = None,
) -> bytes:
    """Execute a pickled job in a process of this Dask worker and return the encoded result: a task of Dask."""
    from distributed import get_worker  # noqa: PLC0415 -- an extra

    worker = get_worker()
    if different := differences(here, versions()):
        return Result.failed(MACHINE, _refusal(worker.address, different)).encode()
    key = worker.get_current_task()
    slot = _own_slot(command, _memory_of(worker) if memory is None else memory)
    try:
        slot.assign(Call(call, timeout, external))
        while (result := slot.poll()) is None:
            if _is_unwanted(worker, key):
                slot.discard()
                return GIVEN_UP
            wait_for_slots([slot])
    except EngineError as error:
        return Result.failed(MACHINE, f"the Dask worker {worker.address}: {error}").encode()
    if result.failure is not None:
        result.failure["worker"] = worker.address
    return result.encode()


def _is_unwanted(worker: Any, key: Any) -> bool:
    """Whether nobody waits for a task any more: its client has gone, or the scheduler."""
    task = worker.state.tasks.get(key)
    return task is None or task.state == "cancelled" or worker.status.name in ("closing", "closed", "failed")


def _memory_of(worker: Any) -> int:
    """Bytes that each thread of a Dask worker may have: of what Dask lets it have, else of the machine."""
    threads, limit = worker.state.nthreads, getattr(worker.memory_manager, "memory_limit", None)
    return int(SHARE * limit / threads) if limit else default_limit(threads)


def _own_slot(command: str, memory: int) -> Slot:
    """The process of this thread, which stays from job to job."""
    slot: Slot | None = getattr(_OWN, "slot", None)
    if slot is None or (slot.command, slot.memory) != (command, memory):
        if slot is not None:
            slot.discard()
        # A worker that Dask's nanny starts is a daemon, which multiprocessing forbids to have children.
        multiprocessing.current_process().daemon = False
        os.environ.update(dict.fromkeys(THREADS, "1"))
        slot = _OWN.slot = Slot(command, memory)
        # before multiprocessing waits for its children, as this process ends
        multiprocessing.util.Finalize(None, slot.discard, exitpriority=1)
    slot.call = None
    return slot


@contextlib.contextmanager
def _local_cluster(workers: int) -> Any:
    from distributed import LocalCluster  # noqa: PLC0415 -- an extra

    with sigint_blocked():  # Ctrl-C is for the client
        cluster = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, **QUIET)
    with cluster:
        yield cluster
