"""One run of a plan in a folder: what is missing goes to the pool batch by batch, and what is finished is on disk."""

from __future__ import annotations

import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..learners.base import CPU, Resources
from .catalogue import save_plan
from .cells import Batch, Cell
from .estimate import Estimates, cut
from .plan import Plan
from .pool import LocalPool
from .progress import Reporter
from .provenance import command
from .store import Store
from .worker import run_and_store


@dataclass
class Session:
    """One run of a plan in a folder: `start` it, then `finish` it, or `wait` for one pair after another.

    stopping  set to let what runs finish and start nothing more
    """

    plan: Plan
    folder: Path
    jobs: int
    timeout: float
    reporter: Reporter
    fresh: bool = False
    resources: Resources = CPU
    stopping: bool = False
    missing: list[Cell] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    _queue: list[Batch] = field(default_factory=list)
    _resources: ExitStack = field(default_factory=ExitStack)
    _pool: LocalPool[Batch] | None = None

    def start(self) -> None:
        """Take the folder, save the plan, and begin with the cells that are missing."""
        self.store = Store(self.folder)
        self._resources.enter_context(self.store.locked(self.reporter.say))
        if self.fresh:
            self.store.put_away()
        superseded = save_plan(self.store, self.plan.document())
        if superseded:
            self.reporter.say(
                f"{superseded} cells in {self.folder} were made with other settings or versions; tables leave them out"
            )
        rows, about = read_rows(self.store, self.reporter.say)
        self.missing, self._queue, estimates = outstanding(self.plan, rows, about, self.store)
        expected = {batch: sum(map(estimates.seconds, batch.cells)) for batch in self._queue}
        self.reporter.say(
            f"{len(self.plan.cells)} cells: {len(self.plan.cells) - len(self.missing)} done, {len(self.missing)} to do "
            f"in {len(self._queue)} batches on {self.jobs or 'no'} worker processes; results in {self.folder}"
        )
        if not self.plan.cells:
            for reason in self.plan.reasons():
                self.reporter.say(reason)
        elif self.plan.not_applicable:
            refused = len(self.plan.not_applicable)
            self.reporter.say(f"{refused} (task, learner, size) cannot be had; --dry-run says why")
        self.reporter.begin(expected)
        self._resources.callback(self.reporter.end)
        if self._queue:
            self._pool = LocalPool[Batch](min(self.jobs, len(self._queue)))
            self._resources.callback(self._pool.close)
        self._fill()

    def finish(self) -> None:
        """Work until everything is done, or until what runs is done if `stopping` is set."""
        while self._running:
            self._step()

    def lost(self) -> list[Cell]:
        """Planned cells that have neither rows on disk nor a failure: none, at the end of a run to its end."""
        accounted = self.store.keys().union(*(failure["keys"] for failure in self.failures))
        return [cell for cell in self.plan.cells if cell.key not in accounted]

    def wait(self, task: str, learner: str) -> None:
        """Work until the pair's batches are done."""
        while any(_is_pair(batch, task, learner) for batch in [*self._queue, *self._running]):
            if not self._running:
                return
            self._step()

    @property
    def unfinished(self) -> bool:
        """Whether batches were left undone: the run was stopped."""
        return bool(self._queue or self._running)

    def close(self) -> None:
        """Let the folder and the processes go."""
        self._resources.close()

    @property
    def _running(self) -> list[Batch]:
        return self._pool.running if self._pool else []

    def _step(self) -> None:
        for batch, result in self._pool.finished() if self._pool else ():
            if result.failure is None:
                self.reporter.done(batch, result.seconds)
                continue
            about = {
                "task": batch.pair.task.label,
                "learner": batch.pair.learner.label,
                "keys": [cell.key for cell in batch.cells],
                "cells": [cell.row() for cell in batch.cells],
                **result.failure,
            }
            self.store.write_failure(batch.name, about)
            self.failures.append(about)
            self.reporter.failed(batch, result.failure["message"])
        self._fill()

    def _fill(self) -> None:
        """Keep the workers busy, with nothing waiting in the pool: stopping is then just not giving them more."""
        while self._pool and self._queue and not self.stopping and self._pool.free:
            batch = self._queue.pop(0)
            arguments = [batch, self.store.folder, command(), self.resources]
            self._pool.submit(batch, run_and_store, arguments, self.timeout, outside=batch.outside)


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
        session.reporter.say(
            "stopping when what runs is done; Ctrl-C again to stop now (a later run takes up the rest)"
        )

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def outstanding(
    plan: Plan, rows: pd.DataFrame, about: list[dict[str, Any]], store: Store, *, fresh: bool = False
) -> tuple[list[Cell], list[Batch], Estimates]:
    """The cells still to do, their batches, and the estimates these are cut by."""
    done = set() if fresh else set(rows["key"])
    missing = [cell for cell in plan.cells if cell.key not in done]
    estimates = Estimates(rows, about)
    return missing, cut(missing, estimates, store.failures()), estimates


def read_rows(store: Store, say: Callable[[str], None]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The folder's rows; unreadable files are named and set aside."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows, about = store.read(set_aside=True)
    for warning in caught:
        say(str(warning.message))
    return rows, about


def _is_pair(batch: Batch, task: str, learner: str) -> bool:
    return batch.pair.task.label == task and batch.pair.learner.label == learner
