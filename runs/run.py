"""`grue.run`: plan a preset, or a part of it, and run what is missing."""

from __future__ import annotations

import contextlib
import multiprocessing
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd

from ..engine.memory import GIB
from ..engine.pool import LOCAL, Workers
from ..engine.progress import Reporter, duration
from ..engine.session import interruptible
from ..learners.base import Learner, Resources
from ..tasks.base import Task
from .batches import BatchStore, read_cells
from .bundle import refuse_packed, refuse_study
from .catalogue import read_catalogue
from .cells import Batch, Cell
from .names import UsageError
from .plan import Plan, make_plan
from .presets import adjust, load_preset
from .reading import read
from .session import PlanSession, outstanding
from .why import group_reasons

RESULTS = Path("results/local")
"""Where runs go by default, under the current folder."""

LEAST_MEMORY = 0.5
"""GiB of a worker process, of which the libraries take 0.4."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    folder       where its results are
    failures     the records of the cells that failed in it
    interrupted  stopped by Ctrl-C, with cells still to do
    missing      descriptions of cells that are neither done nor failed after an uninterrupted run: should be empty
    """

    folder: Path
    failures: list[dict[str, Any]]
    interrupted: bool
    missing: list[str] = field(default_factory=list)

    @property
    def scores(self) -> pd.DataFrame:
        """The folder's tidy table (grue.load)."""
        return read([self.folder]).scores


def run(
    preset: str = "quick",
    *,
    tasks: Sequence[str | Task] | None = None,
    learners: Sequence[str | Learner] | None = None,
    jobs: int | None = None,
    scheduler: str | None = None,
    memory: float | None = None,
    fresh: bool = False,
    out: Path | str | None = None,
    trust: bool = False,
    device: str = "cpu",
    stream: Any = None,
    **fields: Any,
) -> Outcome:
    """Run a preset, or the part of it that is named, and write what comes out to a folder.

    preset    name (`grue list presets`) or path of a TOML file
    tasks, learners  names, "name:parameter=value", "module:attribute", or objects; None: the preset's
    jobs      worker processes; None: as many as cores; 0: none, everything in this process, without timeouts and
              without isolation: what a learner changes in the process (settings of torch or numpy), the next one meets
    scheduler  run on a Dask cluster: the address of its scheduler, tcp://HOST:PORT, where `jobs` may run at a time;
              or "local": a cluster of this machine, with `jobs` workers (pip install "grue[dask]")
    memory    GiB that a worker process may have, so that a learner that wants more fails alone; 0: no limit; None: its
              part of 0.9 of what there is
    fresh     run every cell again; existing results are archived inside the folder
    out       folder; None: results/local/PRESET under the current folder
    device    where networks are trained, in torch's words, such as cuda: there one process trains them in large stacks
    trust     import and call what a preset file names as module:attribute; what is given here is trusted anyway
    fields    instead of the preset's, for all tasks: sizes, over_capacity, exposed, seeds, suite_seed, test_size,
              timeout, views, encodings, ages, crossed, budget, parameters (runs/schema.py says what they are)

    A run that is repeated does only the missing cells. With jobs > 0 a script needs the usual
    `if __name__ == "__main__":` around the call, because worker processes import it.
    Raises UsageError for names and values that do not exist, with the nearest that do, and EngineError where the run
    cannot go on: no worker process starts, the disk is full, the scheduler is gone.
    """
    # set while a worker that is being spawned imports the script of its parent
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError(
            "grue.run was called while a worker process imported the script; "
            'put the call under `if __name__ == "__main__":`'
        )
    plan, folder, limit = plan_run(preset, tasks, learners, out, trust=trust, **fields)
    workers = choose_workers(jobs, limit, scheduler, device, memory)
    reporter = Reporter(stream or sys.stderr)
    for note in plan.notes:
        reporter.log(note)
    if jobs == 0 and fields.get("timeout") is not None:
        reporter.log(f"timeout={limit:g} has no effect: there are no timeouts without worker processes (jobs=0)")
    session = PlanSession(plan, folder, workers, reporter, Resources(device))
    try:
        with interruptible(session):
            session.start(fresh=fresh)
            session.finish()
        missing = [] if session.unfinished else [_describe_cell(cell) for cell in session.unaccounted()]
    finally:
        session.close()
    return Outcome(folder, session.failures, session.unfinished, missing)


def plan_run(
    preset: str,
    tasks: Sequence[str | Task] | None = None,
    learners: Sequence[str | Learner] | None = None,
    out: Path | str | None = None,
    *,
    trust: bool = False,
    **fields: Any,
) -> tuple[Plan, Path, float]:
    """The plan, the folder and the timeout that these choices mean (see `run`)."""
    loaded = load_preset(preset, trust=trust)
    if learners is not None:
        loaded = replace(loaded, crossed=())  # of those that are picked all are crossed, unless `crossed` is given too
    chosen = adjust(loaded, **fields)
    for what, value in (("tasks", tasks), ("learners", learners)):
        if isinstance(value, str):
            raise UsageError(f"{what} is {value!r}; expected a list, such as [{value!r}]")
    with contextlib.chdir("."):  # the module of a learner may change the folder that `out` is relative to
        plan = make_plan(
            chosen, tasks=None if tasks is None else list(tasks), learners=None if learners is None else list(learners)
        )
    folder = Path(out) if out else RESULTS / chosen.name
    refuse_packed(folder, "run into")
    refuse_study(folder)
    return plan, folder, chosen.timeout


def describe_plan(plan: Plan, folder: Path, workers: Workers | None = None, *, fresh: bool = False) -> str:
    """What a run would do, and why: cells, batches and the estimated time (`--dry-run`); touches nothing."""
    store, catalogue = BatchStore(folder), plan.catalogue()
    rows, metadata = read_cells(store, catalogue)
    missing, batches, estimates = outstanding(plan, rows, metadata, store, fresh=fresh)
    lines = [f"{'task':<28} {'learner':<28} {'cells':>6} {'to do':>6} {'batches':>8} {'seconds':>8}  sizes"]
    before, failures = (None, []) if fresh else (read_catalogue(store.folder), store.failures())
    cells: dict[str, list[Cell]] = {pair.digest: [] for pair in plan.pairs}
    for cell in plan.cells:
        cells[cell.pair.digest].append(cell)
    of_pair: dict[str, list[Batch]] = {}
    for batch in batches:
        of_pair.setdefault(batch.pair.digest, []).append(batch)
    for pair in plan.pairs:
        own = of_pair.get(pair.digest, [])
        todo = [cell for batch in own for cell in batch.cells]
        lines.append(
            f"{pair.task.label:<28} {pair.learner.label:<28} {len(cells[pair.digest]):>6} {len(todo):>6} {len(own):>8} "
            f"{sum(map(estimates.seconds, todo)):>8.1f}  {_sizes(cells[pair.digest])}"
        )
        lines += [f"    {reason}" for reason in group_reasons(todo, before, failures)]
    lines += [*plan.notes, *plan.reasons()]
    workers = workers or Workers()
    total = sum(map(estimates.seconds, missing))
    timed = sum(map(estimates.known, missing))
    source = f"times in {folder} for {timed} of {len(missing)} cells" + ("" if timed else ": the rest are guesses")
    if workers.scheduler not in (None, LOCAL) and workers.jobs is None:
        estimate = f"{duration(total)} of one process, on {workers}"
    else:
        processes = max(workers.count, 1)
        estimate = f"{duration(total / processes)} on {processes} processes"
    todo = f"{len(missing)} to do in {len(batches)} batch{'' if len(batches) == 1 else 'es'}"
    lines.append(f"{len(plan.cells)} cells, {todo}: about {estimate} ({source})")
    return "\n".join(lines)


SCHEDULER = re.compile(rf"{LOCAL}|((tcp|tls)://)?[^/]+:[0-9]+|(inproc|ucx|ws|wss)://.+")
"""What --scheduler takes: Dask itself refuses an address without a port, but after 20 s."""


def choose_workers(
    jobs: int | None,
    timeout: float,
    scheduler: str | None = None,
    device: str = "cpu",
    memory: float | None = None,
) -> Workers:
    """The workers that these choices mean (see `run`); raises UsageError where they mean none."""
    if not 0 < timeout < inf:
        raise UsageError(f"timeout is {timeout:g}; expected a number of seconds above 0")
    if memory is not None and not (memory == 0 or LEAST_MEMORY <= memory < inf):
        raise UsageError(f"memory is {memory:g}; expected a number of GiB from {LEAST_MEMORY} up, or 0 for no limit")
    if jobs is not None and jobs < 0:
        raise UsageError(f"jobs is {jobs}; expected at least 1, or 0 for no worker processes")
    if jobs == 0 and scheduler:
        raise UsageError(
            f"jobs=0 cannot be combined with the scheduler {scheduler}; expected at least 1, or no jobs option"
        )
    if scheduler and not SCHEDULER.fullmatch(scheduler):
        raise UsageError(f"scheduler is {scheduler!r}; expected tcp://HOST:PORT, tls://HOST:PORT, or {LOCAL}")
    if device != "cpu" and scheduler:
        raise UsageError(
            f"device {device!r} cannot be combined with the scheduler {scheduler}: a cluster trains on CPUs"
        )
    if device != "cpu":
        check_device(device)
        jobs = 0 if jobs == 0 else 1  # one process fills the device
        memory = 0.0 if memory is None else memory  # the driver reserves much more than it uses
    return Workers(jobs, timeout, scheduler, None if memory is None else int(memory * GIB))


def check_device(device: str) -> None:
    """Raise UsageError, in one line, where torch finds no such device here."""
    import torch  # noqa: PLC0415 -- takes seconds, and most runs need no device

    kind, _, index = device.partition(":")
    if kind != "cuda" or (index and not index.isdigit()):
        raise UsageError(f"unknown device {device!r}; expected cpu, cuda, or cuda:INDEX")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(index or 0) >= found:
        raise UsageError(
            f"device {device!r} is not available: torch {torch.__version__} finds {found} CUDA devices; use cpu"
        )


def _describe_cell(cell: Cell) -> str:
    exposed = f" + {cell.exposed} exposed" if cell.exposed else ""
    return f"{cell.pair.task.label}[{cell.pair.learner.label}], n = {cell.size}{exposed}, seed {cell.seed}"


def _sizes(cells: list[Cell]) -> str:
    """The training sizes of a pair, such as "16,64,256 256+4,256+16": exposed examples stand behind a plus."""
    plain = ",".join(str(size) for size in sorted({cell.size for cell in cells if not cell.exposed}))
    both = sorted({(cell.size, cell.exposed) for cell in cells if cell.exposed})
    exposed = ",".join(f"{size}+{extra}" for size, extra in both)
    return f"{plain} {exposed}".strip()
