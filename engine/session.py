"""One run in a folder: jobs go to the pool, their tables and failures to the store."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import pyarrow as pa

from .job import Job, Result
from .pool import WorkerPool, Workers
from .progress import Reporter, Share
from .provenance import command
from .store import Store

SPLIT_AFTER = ("error", "timeout", "crash")
"""Kinds of failure after which the parts of a job are run in its place. Not "lost": each part could cost machines."""


class Session:
    """One run in a folder: `open` it, `begin` some jobs, then `finish` them, or `wait` for some after others.

    failures  the records of the jobs that failed in it
    stopping  set to let what runs finish and start nothing more
    """

    def __init__(self, store: Store, workers: Workers, reporter: Reporter) -> None:
        self.store, self.workers, self.reporter = store, workers, reporter
        self.failures: list[dict[str, Any]] = []
        self.stopping = False
        self._queue: list[Job] = []
        self._resources = ExitStack()
        self._pool: WorkerPool | None = None

    def open(self, *, fresh: bool = False) -> None:
        """Take the folder, waiting for another run that has it.

        fresh  archive what is there
        """
        self._resources.enter_context(self.store.locked(self.reporter.log))
        if fresh:
            self.store.archive()

    def read(
        self, table: str | None = None, names: Collection[str] | None = None, columns: Sequence[str] | None = None
    ) -> dict[str, tuple[pa.Table, dict[str, Any]]]:
        """Read a table of the store, with unreadable files put in quarantine and named in the display."""
        with self.logging_warnings():
            return self.store.read(table, names, columns, quarantine=True)

    @contextmanager
    def logging_warnings(self) -> Iterator[None]:
        """Name unreadable files in the display, each once, as the lines of a run are."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for text in dict.fromkeys(str(warning.message) for warning in caught):
            self.reporter.log(text)

    def begin(self, jobs: Sequence[Job], unit: str = "jobs", share_of: Callable[[Job], Share] | None = None) -> None:
        """Start with these jobs, in this order.

        unit      what the progress display counts
        share_of  the part that a job is of the work (Reporter.begin); None: all the same
        """
        self._queue = list(jobs)
        self.reporter.begin(jobs, unit, share_of)
        self._resources.callback(self.reporter.end)
        if jobs:
            self._pool = self.workers.start(len(jobs), self.reporter.log)
            self._resources.callback(self._pool.close)
        self._fill()

    def finish(self) -> None:
        """Work until everything is done, or until what runs is done if `stopping` is set."""
        while self._running:
            self._step()

    def wait(self, is_awaited: Callable[[Job], bool]) -> None:
        """Work until all jobs of which this is true are done."""
        while self._running and any(map(is_awaited, [*self._queue, *self._running])):
            self._step()

    @property
    def unfinished(self) -> bool:
        """Whether jobs were left undone: the run was stopped."""
        return bool(self._queue or self._running)

    def record(self, job: Job, failure: Mapping[str, str]) -> None:
        """Write down that a job failed."""
        self.failures.append(self.store.write_failure(job.name, {"label": job.label, **job.metadata, **failure}))

    def close(self) -> None:
        """Release the folder and end the processes."""
        self._resources.close()

    @property
    def _running(self) -> Sequence[Job]:
        return self._pool.running if self._pool else ()

    def _step(self) -> None:
        for job, result in self._pool.wait() if self._pool else ():
            self._keep(job, result)
        self._fill()

    def _keep(self, job: Job, result: Result) -> None:
        if result.failure is not None:
            parts = job.split() if result.failure["kind"] in SPLIT_AFTER else ()
            if parts:
                self._queue[:0] = parts
                self.reporter.split(job, parts, result.failure["message"])
                return
            self.record(job, result.failure)
            self.reporter.failed(job, result.failure["message"])
            return
        self.store.write(job.name, result.tables)
        self.reporter.done(job, result.seconds)

    def _fill(self) -> None:
        """Keep the workers busy, with nothing waiting in the pool: stopping is then just not giving them more."""
        while self._pool and self._queue and not self.stopping and len(self._pool.running) < self._pool.slots:
            self._pool.submit(self._queue.pop(0))


def run_study(session: Session, name: str, parameters: Mapping[str, Any], jobs: Sequence[Job]) -> None:
    """Run the jobs of a study that have no file yet, and record its parameters in DIR/study.json.

    Interrupted by Ctrl-C as a run is; `session.failures` and `session.unfinished` say how it ended.
    """
    store, log = session.store, session.reporter.log
    names = {job.name: job for job in jobs}
    with interruptible(session):
        session.open()
        study = {"study": name, "command": command(), "parameters": dict(parameters)}
        store.write_json(store.folder / "study.json", study | {"jobs": {job.name: job.metadata for job in jobs}})
        done = session.read(names=names, columns=[])
        missing = [job for key, job in names.items() if key not in done]
        log(
            f"{len(names)} jobs: {len(done)} done, {len(missing)} to do on {session.workers}; "
            f"results in {store.display_folder}"
        )
        session.begin(missing, unit="jobs")
        session.finish()
    if session.unfinished:
        return
    failed = {failure["job"] for failure in session.failures}
    for job in missing:
        if job.name not in failed and not store.path(job.name).exists():
            message = f"its result file {store.display(store.path(job.name))} has disappeared"
            session.record(job, {"kind": "lost", "message": message, "traceback": ""})
            log(f"{job.label}: FAILED: {message}")


@contextmanager
def interruptible(session: Session) -> Iterator[None]:
    """Ctrl-C once: finish what runs and stop; twice: stop now."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return

    def interrupt(*_: object) -> None:
        if session.stopping:
            raise KeyboardInterrupt
        session.stopping = True
        session.reporter.log(
            "stopping after the running jobs; press Ctrl-C again to stop now (repeat the command to run the rest)"
        )

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
