"""Runs whose whole process tree is killed at random moments, again and again, and which are taken up each time."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from slow_jobs import COMMAND, expected, values

pytest.importorskip("distributed")
from dask_processes import Cluster, environment, until

from grue.runs.reading import read

Figure = Callable[[str, float | str], None]

SENTENCE = "A run that is killed loses nothing that it had finished, repeats nothing of it and gives the same values."

PRESET = """
description = "short batches, many of them"
tasks = ["family:identity", "family:boolean", "family:maze", "family:riddle", "family:navigation"]
learners = ["linear", "neighbours", "forest", "mlp"]
sizes = [16]
exposed = [0]
seeds = 2
test_size = 40
timeout = 120
"""


@dataclass
class Lives:
    """One run in many lives, each of which ends by SIGKILL to all of its processes.

    folder   the working folder
    command  what Python is to run, given OUT and the address of a scheduler, or "none"
    on_dask  start a scheduler and two workers for each life, and kill these too
    table    the folder of results whose files say that a job is done
    """

    folder: Path
    command: Callable[[str, str], Sequence[str]]
    on_dask: bool
    table: str
    phases: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    seconds_to_plan: float = 0.0

    def undisturbed(self) -> None:
        """The same run without kills and on the local pool, in the folder `whole`; it also times the planning."""
        start = time.monotonic()
        run = self._run("whole", "none")
        until(self._has_planned)
        self.seconds_to_plan = time.monotonic() - start
        assert run.wait(900) == 0, self._log()

    def live(self, generator: random.Random, phase: str) -> None:
        """Take the run up and kill it in a phase, or where that has just passed, as may be."""
        cluster = Cluster(self.folder) if self.on_dask else None
        run = self._run("out", cluster.address if cluster else "none")
        self._wait(run, generator, phase)
        before = self.files
        is_done = run.poll() is not None
        kill_trees([run, *(cluster.processes if cluster else [])], generator)
        assert not is_done, f"it ended before it was killed often enough: {self._log()}"
        self._count_repeated(before)
        partial = list((self.folder / "out").rglob(".*.partial"))
        self.phases["writing" if partial else "running" if self._has_planned() else "planning"] += 1
        until(lambda: not processes_in(self.folder), seconds=20)
        print(f"killed {self.phases.total()} times: {dict(self.phases)}; {len(before)} jobs done")  # noqa: T201

    def finish(self) -> str:
        """Take the run up and let it end; returns what it printed."""
        before = self.files
        cluster = Cluster(self.folder) if self.on_dask else None
        try:
            run = self._run("out", cluster.address if cluster else "none")
            assert run.wait(900) == 0, self._log()
        finally:
            if cluster:
                cluster.close()
        self._count_repeated(before)
        return self._log()

    @property
    def files(self) -> dict[str, tuple[int, int]]:
        """Finished job -> (inode, time) of its file: these change if the file is written again."""
        found = (self.folder / "out" / self.table).glob("[!.]*.parquet")
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}

    def _count_repeated(self, before: dict[str, tuple[int, int]]) -> None:
        after = self.files
        self.repeated += sum(after.get(name) != file for name, file in before.items())

    def _run(self, out: str, address: str) -> subprocess.Popen[bytes]:
        arguments = [sys.executable, *self.command(out, address)]
        with (self.folder / "run.log").open("wb") as log:
            return subprocess.Popen(
                arguments, cwd=self.folder, env=environment(self.folder), stdout=log, stderr=log, start_new_session=True
            )

    def _wait(self, run: subprocess.Popen[bytes], generator: random.Random, phase: str) -> None:
        """Until a random moment of a phase."""
        if phase == "planning":
            time.sleep(generator.uniform(0, self.seconds_to_plan))
            return
        until(lambda: self._has_planned() or run.poll() is not None, seconds=120)
        if phase == "writing":
            while run.poll() is None and not any((self.folder / "out").glob("*/.*.partial")):
                time.sleep(0.0002)
            return
        enough = len(self.files) + generator.randint(0, 1)
        until(lambda: len(self.files) >= enough or run.poll() is not None, seconds=120)
        time.sleep(generator.uniform(0, 0.5))

    def _has_planned(self) -> bool:
        """Whether the run has printed how much is to do."""
        return " to do " in self._log()

    def _log(self) -> str:
        return (self.folder / "run.log").read_text(errors="replace")


def kill_trees(roots: Sequence[subprocess.Popen[Any]], generator: random.Random) -> None:
    """Kill processes and all that they have started, in any order."""
    found: list[psutil.Process] = []
    for root in roots:
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(root.pid)
            found += [process, *process.children(recursive=True)]
    generator.shuffle(found)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    for root in roots:
        root.wait()


def processes_in(folder: Path) -> list[int]:
    """The processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
    return found


def kill_again_and_again(lives: Lives, kills: int, figure: Figure) -> None:
    """Kills at random moments, a third of them each aimed at planning, running and writing."""
    generator = random.Random(13)
    lives.undisturbed()
    for number in range(kills):
        lives.live(generator, ("planning", "running", "writing")[number % 3])
    output = lives.finish()
    assert "corrupt" not in output
    assert not (lives.folder / "out" / "corrupt").exists()
    figure("kills", kills)
    for phase in ("planning", "running", "writing"):
        figure(f"while {phase}", lives.phases[phase])
    figure("finished jobs done again", lives.repeated)
    assert lives.repeated == 0


@pytest.mark.invariant(SENTENCE)
@pytest.mark.parametrize("on_dask", [False, True], ids=["local", "dask"])
def test_a_few_kills_of_a_run_of_cheap_jobs(tmp_path: Path, on_dask: bool, figure: Figure) -> None:  # noqa: FBT001
    lives = Lives(tmp_path, lambda out, address: ["-c", COMMAND, out, "20", "0.1", address], on_dask, "jobs")
    kill_again_and_again(lives, 3, figure)
    assert values(tmp_path / "out") == values(tmp_path / "whole") == expected(20)
    figure("jobs lost or different", 0)


@pytest.mark.soak
@pytest.mark.invariant(SENTENCE)
@pytest.mark.parametrize("on_dask", [False, True], ids=["local", "dask"])
def test_fifty_kills_of_a_run_that_trains(tmp_path: Path, on_dask: bool, figure: Figure) -> None:  # noqa: FBT001
    (tmp_path / "many.toml").write_text(PRESET)

    def command(out: str, address: str) -> list[str]:
        where = ["--jobs", "2"] if address == "none" else ["--scheduler", address]
        return ["-m", "grue", "run", "--preset", "many.toml", "--out", out, *where]

    kill_again_and_again(Lives(tmp_path, command, on_dask, "batches"), 50, figure)
    results, whole = read([tmp_path / "out"]), read([tmp_path / "whole"])
    assert not results.failures
    keys = [key for path in (tmp_path / "out" / "batches").iterdir() for key in set(pd.read_parquet(path)["key"])]
    assert len(keys) == len(set(keys)), "a cell is in two files"
    figure("cells", len(results.catalogue.cells))
    figure("cells lost", len({cell.key for cell in results.catalogue.cells} - set(keys)))
    assert set(keys) == {cell.key for cell in results.catalogue.cells}
    frames = [
        found.scores.drop(columns="fit_seconds").sort_values(["key", "split", "metric"]).reset_index(drop=True)
        for found in (results, whole)
    ]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    figure("values that differ", 0)
    figure("values", len(frames[0]))
