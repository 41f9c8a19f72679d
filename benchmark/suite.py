"""What `pytest --benchmark` collects: the pairs of a preset, executed in the pool, replayed as benchmarks.

An item fits nothing itself. The first one sends the batches of all selected items to the pool, each waits for its
own, and the seconds recorded for its fits are handed to pytest-benchmark by a clock that otherwise stands still. So an
item costs what it costs in `grue run`, and what is finished is in the store, however the run of pytest ends.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import TYPE_CHECKING, Any, TextIO, cast

import pytest

from ..engine.job import Job
from ..engine.parquet import SCHEMA_VERSION
from ..engine.progress import Reporter
from ..engine.store import Store
from ..learners.base import Resources
from ..runs.cells import Pair
from ..runs.reading import read
from ..runs.results import COLUMNS
from ..runs.rows import join
from ..runs.run import choose_workers, plan_run
from ..runs.session import PlanSession
from ..runs.status import read_status

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


class Clock:
    """A timer for pytest-benchmark that moves only by `advance`."""

    __name__ = "recorded_fit_seconds"  # what pytest-benchmark writes down as the timer

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.now += seconds


@dataclass(frozen=True)
class TimedPair:
    """What an item stands for, and the clock that its benchmark is timed by."""

    suite: Suite
    task: str
    learner: str
    clock: Clock = field(default_factory=Clock)


TIMED_PAIR: pytest.StashKey[TimedPair] = pytest.StashKey()
"""Where an item keeps its timed pair."""


@dataclass(frozen=True)
class Measured:
    """What the store holds of a pair.

    seconds   of all its fits together: `metadata["models"]` of them
    metadata  what goes beside them into pytest-benchmark's JSON: strings, finite numbers, lists and dicts of them
    """

    seconds: float
    metadata: dict[str, Any]


class BatchFailedError(Exception):
    """Batches of a pair failed; the message says which cells are missing, with the tracebacks."""


def measure(benchmark: BenchmarkFixture, request: pytest.FixtureRequest) -> None:
    """Wait for the pair's batches, and report their scores and recorded seconds: the body of every item."""
    timed = request.node.stash[TIMED_PAIR]
    selected = [item.stash[TIMED_PAIR] for item in request.session.items if TIMED_PAIR in item.stash]

    def replay() -> Measured:
        timed.suite.start(selected, request.config)
        measured = timed.suite.wait(timed)
        timed.clock.advance(measured.seconds)
        return measured

    try:
        # Once, and without calibration: what is timed has happened already.
        measured = benchmark.pedantic(replay, rounds=1, iterations=1)
    except BatchFailedError as error:
        pytest.fail(str(error), pytrace=False)
    benchmark.extra_info.update(measured.metadata)


class Suite:
    """The pairs that the options of pytest ask for, and one run of those that were selected."""

    def __init__(
        self,
        preset: str,
        tasks: list[str] | None,
        learners: list[str] | None,
        out: str | None,
        *,
        trust: bool = False,
        device: str | None = None,
        **fields: Any,
    ) -> None:
        self.plan, self.folder, self.timeout = plan_run(preset, tasks, learners, out, trust=trust, **fields)
        self._resources = Resources(device or "cpu")
        self._workers = choose_workers(None, self.timeout, device=self._resources.device)
        self._session: PlanSession | None = None
        self._rows: dict[str, list[dict[str, Any]]] = {}  # by the key of their cell
        self._sources: dict[str, dict[str, Any]] = {}  # provenance, by the name of the batch's file

    def pairs(self) -> Iterator[tuple[str, str, str | None]]:
        """All (task, learner, reason why the pair is n/a, or None), task by task."""
        found: dict[str, dict[str, str | None]] = {}
        for pair in self.plan.pairs:
            found.setdefault(pair.task.label, {})[pair.learner.label] = None
        for row in self.plan.not_applicable:
            # A pair that is only refused some sizes is in there already.
            found.setdefault(row.task, {}).setdefault(row.learner, f"n/a: {row.reason}")
        for task, learners in found.items():
            for learner, refused in learners.items():
                yield task, learner, refused

    @property
    def started(self) -> bool:
        """Whether there is anything in the folder to report."""
        return self._session is not None

    def start(self, selected: Iterable[TimedPair], config: pytest.Config) -> None:
        """Send the missing cells of the selected pairs to the pool; nothing if that has been done."""
        if self._session is not None:
            return
        pairs = {(timed.task, timed.learner) for timed in selected}
        plan = replace(
            self.plan,
            pairs=[pair for pair in self.plan.pairs if _labels(pair) in pairs],
            cells=[cell for cell in self.plan.cells if _labels(cell.pair) in pairs],
            not_applicable=[row for row in self.plan.not_applicable if (row.task, row.learner) in pairs],
        )
        reporter = _Progress(cast("TextIO", _Terminal(config)))
        for note in self.plan.notes:
            reporter.log(note)
        self._session = PlanSession(plan, self.folder, self._workers, reporter, self._resources)
        self._session.start()

    def wait(self, timed: TimedPair) -> Measured:
        """What was measured of a pair, once its batches are done; raises BatchFailedError if one failed."""
        session = self._session
        if session is None:
            raise RuntimeError("the suite has not been started")
        session.wait_for(timed.task, timed.learner)
        keys = {cell.key for cell in session.plan.cells if _labels(cell.pair) == (timed.task, timed.learner)}
        self._read(session.store)
        missing = keys.difference(self._rows)
        if missing:
            raise BatchFailedError(_describe_failures(session, missing))
        cells = [self._rows[key] for key in sorted(keys)]
        metadata = {
            "schema": SCHEMA_VERSION,
            "keys": sorted(keys),
            "cached": keys.isdisjoint(cell.key for cell in session.missing),
            "models": len(keys),
            "machines": self._machines(keys),
            "status": Counter(rows[0]["status"] for rows in cells),
            **_scores(cells),
        }
        return Measured(sum(rows[0]["fit_seconds"] for rows in cells), metadata)

    def leaderboard(self) -> str:
        """The board of tasks (all tables, where no task is ranked), and where the folder and the rest are."""
        from ..reports.formats import render  # noqa: PLC0415 -- loads matplotlib
        from ..reports.leaderboard import make_leaderboard, summary_of  # noqa: PLC0415

        suite_seed = self.plan.pairs[0].suite  # the same for all: it is no field of a grid
        results = read([self.folder], every_metric=False).of_suite(suite_seed)
        board = make_leaderboard(results, read_status().listed(results.catalogue))
        printed = render(summary_of(board) if board.ranked else board, "text")
        return f"{printed}\nresults are in {self.folder}; for all tables: grue leaderboard {self.folder}"

    def close(self) -> None:
        """End the worker processes, and let the folder go."""
        if self._session is not None:
            self._session.close()

    def _read(self, store: Store) -> None:
        """Read the batches that are new in the store; each file is read once in a run of pytest."""
        new = [name for name in store.names() if name not in self._sources]
        files = store.read(names=new, columns=COLUMNS)
        rows, sources = join(files)
        self._sources |= zip(files, sources, strict=True)
        cells: dict[str, list[dict[str, Any]]] = {}
        for row in rows.reindex(columns=COLUMNS).to_dict("records"):
            cells.setdefault(row["key"], []).append(row)
        self._rows = {**cells, **self._rows}

    def _machines(self, keys: set[str]) -> list[dict[str, Any]]:
        """The machines that cells were measured on, each once."""
        found: list[dict[str, Any]] = []
        for source in self._sources.values():
            if not keys.isdisjoint(source["keys"]) and source["machine"] not in found:
                found.append(source["machine"])
        return found


class _Progress(Reporter):
    """Says how much there is to do and what fails; what is done shows in pytest's own lines."""

    def done(self, job: Job, seconds: float) -> None:
        pass


class _Terminal(io.TextIOBase):
    """Lines for whoever waits: past pytest's capture, and not on the line of its dots."""

    def __init__(self, config: pytest.Config) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._capture: Any = config.pluginmanager.get_plugin("capturemanager")
        self._quiet = config.get_verbosity() < 0 or self._terminal is None or self._capture is None

    def write(self, text: str, /) -> int:
        if not self._quiet:
            with self._capture.global_and_fixture_disabled():
                self._terminal.ensure_newline()
                self._terminal.write(text, flush=True)
        return len(text)


def _labels(pair: Pair) -> tuple[str, str]:
    return pair.task.label, pair.learner.label


def _scores(cells: list[list[dict[str, Any]]]) -> dict[str, float]:
    """`metric/split/size/exposed` -> mean over seeds, of the metrics that tables use; finite ones only."""
    found: dict[str, list[float]] = {}
    for row in (row for rows in cells for row in rows if _in_tables(row["metric"])):
        name = f"{row['metric']}/{row['split']}/{row['size']}/{row['exposed']}"
        found.setdefault(name, []).append(math.nan if row["value"] is None else row["value"])
    means = {name: fmean(values) for name, values in found.items()}
    return {name: mean for name, mean in means.items() if math.isfinite(mean)}


def _in_tables(metric: str) -> bool:
    return metric in ("score", "accuracy", "bits", "neither") or (
        metric.startswith("follows[") and metric.endswith("]")
    )


def _describe_failures(session: PlanSession, missing: set[str]) -> str:
    lines = [f"{len(missing)} cells are missing; repeat the command to run them again"]
    for failure in session.failures:
        if not missing.isdisjoint(failure["keys"]):
            cells = ", ".join(f"n={cell['size']}+{cell['exposed']} seed {cell['seed']}" for cell in failure["cells"])
            lines += [f"{failure['kind']}: {failure['message']} ({cells})", failure["traceback"]]
    return "\n".join(lines)
