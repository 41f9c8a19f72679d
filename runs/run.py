"""`grue.run`: plan a preset, or a part of it, and run what is missing."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..learners.base import Learner
from ..tasks.base import Task
from .cells import Cell
from .names import UsageError
from .plan import Plan, make_plan
from .presets import adjust, load_preset
from .progress import Reporter, duration
from .reading import read
from .session import Session, interruptible, outstanding
from .store import Store

RESULTS = Path("results/local")
"""Where runs go by default, under the current folder."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    folder       where its results are
    failures     the batches that failed in it
    interrupted  stopped by Ctrl-C, with cells still to do
    missing      cells that are neither done nor failed though it was not interrupted, in words: there should be none
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
    fresh: bool = False,
    out: Path | str | None = None,
    trust: bool = False,
    stream: Any = None,
    **fields: Any,
) -> Outcome:
    """Run a preset, or the part of it that is named, and write what comes out to a folder.

    preset    name (`grue list presets`) or path of a TOML file
    tasks, learners  names, "name:parameter=value", "module:attribute", or objects; None: the preset's
    jobs      worker processes; None: as many as cores; 0: none, everything in this process, without timeouts and
              without isolation: what a learner changes in the process (settings of torch or numpy), the next one meets
    fresh     do every cell again; what was there is put away in the folder
    out       folder; None: results/local/PRESET under the current folder
    trust     import and call what a preset file names as module:attribute; what is given here is trusted anyway
    fields    instead of the preset's, for all tasks: sizes, over_capacity, exposed, seeds, suite_seed, test_size,
              timeout, encodings, crossed, budget, parameters (runs/schema.py says what they are)

    A run that is repeated does only the missing cells. With jobs > 0 a script needs the usual
    `if __name__ == "__main__":` around the call, because worker processes import it.
    Raises UsageError for names and values that do not exist, with the nearest that do.
    """
    # set while a worker that is being spawned imports the script of its parent
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise UsageError('grue.run was called by one of its own workers: put it under `if __name__ == "__main__":`')
    plan, folder, limit = plan_run(preset, tasks, learners, out, trust=trust, **fields)
    jobs = cores() if jobs is None else jobs
    if jobs < 0:
        raise UsageError(f"{jobs} jobs; expected worker processes, or 0 for none")
    reporter = Reporter(stream or sys.stderr, jobs)
    for note in plan.notes:
        reporter.say(note)
    session = Session(plan, folder, jobs, limit, reporter, fresh)
    try:
        with interruptible(session):
            session.start()
            session.finish()
        missing = [] if session.unfinished else [_in_words(cell) for cell in session.lost()]
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
    chosen = adjust(load_preset(preset, trust=trust), **fields)
    for what, given in (("tasks", tasks), ("learners", learners)):
        if isinstance(given, str):
            raise UsageError(f"{what} is {given!r}; expected a list, such as [{given!r}]")
    with contextlib.chdir("."):  # the module of a learner may change the folder that `out` is relative to
        plan = make_plan(
            chosen, tasks=None if tasks is None else list(tasks), learners=None if learners is None else list(learners)
        )
    return plan, Path(out) if out else RESULTS / chosen.name, chosen.timeout


def describe_plan(plan: Plan, folder: Path, jobs: int, *, fresh: bool = False) -> str:
    """What a run would do: cells, batches and the estimated time (`--dry-run`); touches nothing."""
    store = Store(folder)
    rows, about = store.read()
    missing, batches, estimates = outstanding(plan, rows, about, store, fresh=fresh)
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
    lines += [*plan.notes, *plan.reasons()]
    total = sum(map(estimates.seconds, missing))
    timed = sum(map(estimates.known, missing))
    source = f"times in {folder} for {timed} of {len(missing)} cells" + ("" if timed else ": the rest are guesses")
    lines.append(
        f"{len(plan.cells)} cells, {len(missing)} to do in {len(batches)} batches: about "
        f"{duration(total / max(jobs, 1))} on {max(jobs, 1)} processes ({source})"
    )
    return "\n".join(lines)


def _in_words(cell: Cell) -> str:
    exposed = f" + {cell.exposed} exposed" if cell.exposed else ""
    return f"{cell.pair.task.label}[{cell.pair.learner.label}], n = {cell.size}{exposed}, seed {cell.seed}"


def _sizes(cells: list[Cell]) -> str:
    """The training sizes of a pair, such as "16,64,256 256+4,256+16": exposed examples stand behind a plus."""
    plain = ",".join(str(size) for size in sorted({cell.size for cell in cells if not cell.exposed}))
    both = sorted({(cell.size, cell.exposed) for cell in cells if cell.exposed})
    exposed = ",".join(f"{size}+{extra}" for size, extra in both)
    return f"{plain} {exposed}".strip()


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
