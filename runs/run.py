"""Run a plan: what is missing goes to the pool batch by batch, and what is finished is on disk at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..learners.base import Learner
from ..tasks.base import Task
from .cells import Batch, Cell
from .estimate import Estimates, cut
from .names import UsageError
from .plan import Plan, make_plan
from .pool import LocalPool, failure
from .presets import adjust, load_preset
from .progress import Reporter, duration
from .provenance import command
from .store import Store, read

RESULTS = Path("results/local")
"""Where runs go by default, under the current folder."""


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
    stopping: bool = False
    missing: list[Cell] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    _queue: list[Batch] = field(default_factory=list)
    _running: dict[Future[float], Batch] = field(default_factory=dict)
    _resources: ExitStack = field(default_factory=ExitStack)
    _pool: LocalPool | None = None

    def start(self) -> None:
        """Take the folder, save the plan, and begin with the cells that are missing."""
        self.store = Store(self.folder)
        self._resources.enter_context(self.store.locked(self.reporter.say))
        if self.fresh:
            self.store.put_away()
        superseded = self.store.save_plan(self.plan.document())
        if superseded:
            self.reporter.say(
                f"{superseded} cells in {self.folder} were made with other settings or versions; tables leave them out"
            )
        rows, about = read_rows(self.store, self.reporter.say)
        self.missing, self._queue, estimates = _outstanding(self.plan, rows, about, self.store)
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
            self._pool = LocalPool(min(self.jobs, len(self._queue)))
            self._resources.callback(self._pool.close)
        self._fill()

    def finish(self) -> None:
        """Work until everything is done, or until what runs is done if `stopping` is set."""
        while self._running:
            self._step()

    def wait(self, task: str, learner: str) -> None:
        """Work until the pair's batches are done."""
        while any(_is_pair(batch, task, learner) for batch in [*self._queue, *self._running.values()]):
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

    def _step(self) -> None:
        done, _ = wait_for(self._running, timeout=0.2, return_when=FIRST_COMPLETED)
        for future in done:
            batch = self._running.pop(future)
            failed = failure(future, self.timeout)
            if failed is None:
                self.reporter.done(batch, future.result())
                continue
            about = {
                "task": batch.pair.task.label,
                "learner": batch.pair.learner.label,
                "keys": [cell.key for cell in batch.cells],
                "cells": [cell.row() for cell in batch.cells],
                **failed,
            }
            self.store.write_failure(batch.name, about)
            self.failures.append(about)
            self.reporter.failed(batch, failed["message"])
        self._fill()

    def _fill(self) -> None:
        """Keep the workers busy, with nothing waiting in the pool: stopping is then just not giving them more."""
        while self._pool and self._queue and not self.stopping and len(self._running) < max(self.jobs, 1):
            batch = self._queue[0]
            try:
                future = self._pool.submit(batch, self.folder, command(), self.timeout)
            except RuntimeError as error:
                raise UsageError(
                    f"the worker processes cannot start or cannot take a batch ({error}); what a batch holds must be "
                    "importable by them: define it in a module, or run with jobs=0 (--jobs 0)"
                ) from error
            self._running[future] = self._queue.pop(0)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    folder       where its results are
    failures     the batches that failed in it
    interrupted  stopped by Ctrl-C, with cells still to do
    """

    folder: Path
    failures: list[dict[str, Any]]
    interrupted: bool

    @property
    def scores(self) -> pd.DataFrame:
        """The folder's tidy table (grue.load)."""
        return read([self.folder]).scores


def run(
    preset: str = "quick",
    *,
    tasks: Sequence[str | Task] | None = None,
    learners: Sequence[str | Learner] | None = None,
    seeds: int | None = None,
    sizes: Sequence[int] | None = None,
    exposed: Sequence[int] | None = None,
    jobs: int | None = None,
    timeout: float | None = None,
    fresh: bool = False,
    out: Path | str | None = None,
    stream: Any = None,
) -> Outcome:
    """Run a preset, or the part of it that is named, and write what comes out to a folder.

    preset    name (`grue list presets`) or path of a TOML file
    tasks, learners  names, "name:parameter=value", "module:attribute", or objects; None: the preset's
    seeds, sizes, exposed  instead of the preset's
    jobs      worker processes; None: as many as cores; 0: none, everything in this process, without timeouts
    timeout   seconds a batch may take
    fresh     do every cell again; what was there is put away in the folder
    out       folder; None: results/local/PRESET under the current folder

    A run that is repeated does only the missing cells. With jobs > 0 a script needs the usual
    `if __name__ == "__main__":` around the call, because worker processes import it.
    Raises UsageError for names and values that do not exist, with the nearest that do.
    """
    # set while a worker that is being spawned imports the script of its parent
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError('grue.run was called by one of its own workers: put it under `if __name__ == "__main__":`')
    plan, folder, limit = plan_run(preset, tasks, learners, seeds, sizes, exposed, timeout, out)
    jobs = cores() if jobs is None else jobs
    if jobs < 0:
        raise UsageError(f"{jobs} jobs; expected worker processes, or 0 for none")
    session = Session(plan, folder, jobs, limit, Reporter(stream or sys.stderr, jobs), fresh)
    try:
        with interruptible(session):
            session.start()
            session.finish()
    finally:
        session.close()
    return Outcome(folder, session.failures, session.unfinished)


def plan_run(
    preset: str,
    tasks: Sequence[str | Task] | None = None,
    learners: Sequence[str | Learner] | None = None,
    seeds: int | None = None,
    sizes: Sequence[int] | None = None,
    exposed: Sequence[int] | None = None,
    timeout: float | None = None,
    out: Path | str | None = None,
) -> tuple[Plan, Path, float]:
    """The plan, the folder and the timeout that these choices mean (see `run`)."""
    chosen = adjust(
        load_preset(preset),
        seeds=seeds,
        sizes=None if sizes is None else tuple(sizes),
        exposed=None if exposed is None else tuple(exposed),
        timeout=timeout,
    )
    for what, given in (("tasks", tasks), ("learners", learners)):
        if isinstance(given, str):
            raise UsageError(f"{what} is {given!r}; expected a list, such as [{given!r}]")
    if chosen.timeout <= 0:
        raise UsageError(f"a timeout of {chosen.timeout:g} s; expected more than 0")
    plan = make_plan(
        chosen, tasks=None if tasks is None else list(tasks), learners=None if learners is None else list(learners)
    )
    return plan, Path(out) if out else RESULTS / chosen.name, chosen.timeout


def describe_plan(plan: Plan, folder: Path, jobs: int, *, fresh: bool = False) -> str:
    """What a run would do: cells, batches and the estimated time (`--dry-run`); touches nothing."""
    store = Store(folder)
    rows, about = store.read()
    missing, batches, estimates = _outstanding(plan, rows, about, store, fresh=fresh)
    lines = [f"{'task':<28} {'learner':<28} {'cells':>6} {'to do':>6} {'batches':>8} {'seconds':>8}  sizes"]
    cells: dict[str, list[Cell]] = {pair.digest: [] for pair in plan.pairs}
    for cell in plan.cells:
        cells[cell.pair.digest].append(cell)
    for pair in plan.pairs:
        own = [batch for batch in batches if batch.pair.digest == pair.digest]
        todo = [cell for batch in own for cell in batch.cells]
        lines.append(
            f"{pair.task.label:<28} {pair.learner.label:<28} {len(cells[pair.digest]):>6} {len(todo):>6} {len(own):>8} "
            f"{sum(map(estimates.seconds, todo)):>8.1f}  {_sizes(cells[pair.digest])}"
        )
    lines += plan.reasons()
    total = sum(map(estimates.seconds, missing))
    timed = sum(map(estimates.known, missing))
    source = f"times in {folder} for {timed} of {len(missing)} cells" + ("" if timed else ": the rest are guesses")
    lines.append(
        f"{len(plan.cells)} cells, {len(missing)} to do in {len(batches)} batches: about "
        f"{duration(total / max(jobs, 1))} on {max(jobs, 1)} processes ({source})"
    )
    return "\n".join(lines)


def _sizes(cells: list[Cell]) -> str:
    """The training sizes of a pair, such as "16,64,256 256+4,256+16": exposed examples stand behind a plus."""
    plain = ",".join(str(size) for size in sorted({cell.size for cell in cells if not cell.exposed}))
    both = sorted({(cell.size, cell.exposed) for cell in cells if cell.exposed})
    exposed = ",".join(f"{size}+{extra}" for size, extra in both)
    return f"{plain} {exposed}".strip()


def read_rows(store: Store, say: Callable[[str], None]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The folder's rows; unreadable files are named and set aside."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rows, about = store.read(set_aside=True)
    for warning in caught:
        say(str(warning.message))
    return rows, about


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def _outstanding(
    plan: Plan, rows: pd.DataFrame, about: list[dict[str, Any]], store: Store, *, fresh: bool = False
) -> tuple[list[Cell], list[Batch], Estimates]:
    """The cells still to do, their batches, and the estimates these are cut by."""
    done = set() if fresh else set(rows["key"])
    missing = [cell for cell in plan.cells if cell.key not in done]
    estimates = Estimates(rows, about)
    return missing, cut(missing, estimates, store.failures()), estimates


def _is_pair(batch: Batch, task: str, learner: str) -> bool:
    return batch.pair.task.label == task and batch.pair.learner.label == learner
