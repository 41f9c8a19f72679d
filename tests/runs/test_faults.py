"""What one learner does wrong stays with it: real runs, and the scores and failures of the others."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from grue.runs.reading import read
from grue.runs.results import Results

FEW = ["--preset", "smoke", "--task", "identity-bits", "--exposed", "0", "--out", "out"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "grue", "run", *FEW, *arguments]


def grue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def scores(results: Results, learner: str) -> pd.DataFrame:
    own = results.scores.set_index("learner").loc[[learner]].drop(columns="fit_seconds")
    return own.sort_values(["key", "split", "metric"], ignore_index=True)


def children(folder: Path) -> list[int]:
    log = folder / "children.log"
    return [int(line) for line in log.read_text().split()] if log.exists() else []


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return state.stdout.strip()[:1] not in ("", "Z")


def test_a_learner_that_writes_to_its_inputs_fails_and_is_told_what_to_do(folder: Path) -> None:
    assert grue(folder, "--learner", "mine:InPlace", "--jobs", "1").returncode == 1
    records = read([folder / "out"]).failures
    assert [len(record["cells"]) for record in records] == [1, 1], "each cell by itself"
    for record in records:
        assert "read-only" in record["message"]
        assert "copy an array before writing to it" in record["message"]


ERRORS = {
    "unpicklable": "NoConvergenceError: none after 7 iterations",
    "scipy": "ArpackNoConvergence: ",
    "exit": "SystemExit: 0",
    "interrupt": "KeyboardInterrupt: ",
    "long": "ValueError: xxx",
    "textless": "TextlessError: its message is not available",
    "surrogate": "ValueError: \\ud800",
}


def test_an_error_of_any_kind_is_the_failure_of_its_batch_alone(folder: Path) -> None:
    wrong = [f"--learner=mine:Raising:what={kind}" for kind in ERRORS]
    for _ in range(2):
        done = grue(folder, *wrong, "--learner", "lookup", "--sizes", "8", "--jobs", "2")
        assert done.returncode == 1, done.stderr
        results = read([folder / "out"])
        records = {record["learner"].partition("=")[2]: record for record in results.failures}
        assert records.keys() == ERRORS.keys()
        for kind, message in ERRORS.items():
            assert records[kind]["kind"] == "error"
            assert records[kind]["message"].startswith(message)
            assert len(records[kind]["message"]) < 3000
            assert "mine.py" in records[kind]["traceback"]
        assert set(results.scores["learner"]) == {"lookup"}


def test_without_workers_an_exit_is_a_failure_too_and_not_success(folder: Path) -> None:
    done = grue(folder, "--learner", "mine:Raising:what=exit", "--learner", "lookup", "--jobs", "0")
    assert done.returncode == 1, done.stderr
    results = read([folder / "out"])
    assert {record["message"] for record in results.failures} == {"SystemExit: 0"}
    assert set(results.scores["learner"]) == {"lookup"}


def test_what_a_learner_changes_in_its_process_no_other_learner_meets(folder: Path) -> None:
    """Folder, numpy, settings of torch, limits and timers; and no process of its own is left."""
    others = ["--learner", "forest", "--learner", "mlp"]
    vandals = ["--learner", "mine:Vandal", "--learner", "mine:Vandal:fails=true"]
    assert grue(folder, *others, "--sizes", "8").returncode == 0
    alone = read([folder / "out"])
    shutil.rmtree(folder / "out")
    done = grue(folder, *vandals, *others, "--learner", "mine:Noted:seconds=3", "--sizes", "8", "--jobs", "1")
    assert done.returncode == 1, done.stderr
    beside = read([folder / "out"])
    assert [record["message"] for record in beside.failures] == ["RuntimeError: on purpose"], done.stderr
    assert not scores(beside, "mine:Vandal").empty
    assert not scores(beside, "mine:Noted:seconds=3").empty
    for learner in ("forest", "mlp"):
        pd.testing.assert_frame_equal(scores(beside, learner), scores(alone, learner), check_exact=True)
    assert len(children(folder)) == 2
    assert not any(map(alive, children(folder)))


def test_a_learner_that_changes_the_folder_without_workers_loses_no_results(folder: Path) -> None:
    (folder / "moving.py").write_text("import os\nfrom mine import Noted\nos.chdir('/')\n")
    learners = ["moving:Noted", "mine:Moving", "lookup"]
    done = grue(folder, *[f"--learner={name}" for name in learners], "--jobs", "0")
    assert done.returncode == 0, done.stderr
    assert "results are in out:" in done.stdout, "the folder as it was typed"
    assert set(read([folder / "out"]).scores["learner"]) == set(learners)


def test_children_of_a_worker_end_with_the_run_that_is_killed(folder: Path) -> None:
    run = subprocess.Popen(command("--learner", "mine:Parent"), cwd=folder, stderr=subprocess.DEVNULL)
    until(lambda: children(folder))
    assert alive(children(folder)[0])
    run.send_signal(signal.SIGKILL)
    run.wait()
    until(lambda: not alive(children(folder)[0]), seconds=3)


@pytest.mark.parametrize("delay", [0.15, 0.4])
def test_ctrl_c_while_the_workers_start_is_no_failure_of_a_batch(folder: Path, delay: float) -> None:
    """A terminal sends it to all processes of the group."""
    slow = ["--task", "identity-reals", "--task", "maze-graph", "--learner", "lookup", "--learner=mine:Noted:seconds=1"]
    run = subprocess.Popen(
        command(*slow, "--jobs", "2"), cwd=folder, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    until((folder / "out" / "plan.json").exists)
    time.sleep(delay)
    os.killpg(run.pid, signal.SIGINT)
    _, output = run.communicate(timeout=60)
    assert run.returncode == 130, output
    assert not list((folder / "out").glob("failures/*")), output


def test_cells_that_are_neither_done_nor_failed_are_no_success(folder: Path) -> None:
    done = grue(folder, "--learner", "lookup", "--learner", "mine:Deleting", "--jobs", "1")
    assert done.returncode == 1
    assert "missing for an unknown reason" in done.stderr
    assert "identity-bits[lookup], n = 16, seed 0" in done.stderr
    assert grue(folder, "--learner", "lookup", "--learner", "mine:Deleting", "--jobs", "1").returncode == 0


def until(condition: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():  # pyright: ignore[reportCallIssue]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
