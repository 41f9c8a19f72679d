"""Real runs in real processes: resumed, killed, interrupted, failing, crashing, timed out, side by side."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from grue.runs.reading import read

PAIR = ["--preset", "smoke", "--task", "identity-bits", "--out", "out"]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "grue", "run", *PAIR, *arguments]


def grue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def fits(folder: Path) -> list[str]:
    log = folder / "fits.log"
    return log.read_text().splitlines() if log.exists() else []


def until(condition: object, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():  # pyright: ignore[reportCallIssue]
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_a_second_run_does_only_what_is_missing(folder: Path) -> None:
    few = ["--learner", "mine:Noted", "--exposed", "0"]
    assert grue(folder, *few, "--seeds", "2").returncode == 0
    assert len(fits(folder)) == 2 * 2
    done = grue(folder, *few, "--seeds", "5")
    assert "10 cells: 4 done, 6 to do" in done.stderr
    assert len(fits(folder)) == 5 * 2
    assert max(Counter(fits(folder)).values()) == 1
    assert set(read([folder / "out"]).scores["seed"]) == set(range(5))


def test_sigkill_loses_no_finished_cell_and_repeats_none(folder: Path) -> None:
    slow = ["--learner", "mine:Noted:seconds=0.4", "--task", "identity-reals", "--task", "maze-graph", "--jobs", "2"]
    run = subprocess.Popen(command(*slow), cwd=folder, stderr=subprocess.DEVNULL, start_new_session=True)
    batches = folder / "out" / "batches"
    until(lambda: batches.exists() and list(batches.glob("[!.]*.parquet")))
    run.send_signal(signal.SIGKILL)  # the parent alone: its workers must not go on behind its back
    run.wait()
    finished = {path.name: path.stat().st_mtime_ns for path in batches.glob("[!.]*.parquet")}
    assert 0 < len(finished) < 3
    again = grue(folder, *slow)
    assert again.returncode == 0, again.stderr
    assert {name: (batches / name).stat().st_mtime_ns for name in finished} == finished
    results = read([folder / "out"])
    assert set(results.scores["key"]) == set(results.catalogue.by_key)
    names = [path.name for path in batches.glob("[!.]*.parquet")]
    keys = [key for name in names for key in set(pd.read_parquet(batches / name)["key"])]
    assert len(keys) == len(set(keys)), "a cell is in two files"


def test_a_failed_batch_is_run_again_in_halves_so_that_the_failing_cell_alone_is_recorded(folder: Path) -> None:
    failing = ["--learner", "mine:Failing", "--exposed", "0", "--sizes", "4,8,16"]
    first = grue(folder, *failing)
    assert first.returncode == 1
    assert "3 cells failed together, now run again as 1 and 2: RuntimeError: sixteen is too much" in first.stderr
    assert "3/3 cells" in first.stderr
    assert "1 cell failed" in first.stderr
    results = read([folder / "out"])
    (record,) = results.failures
    assert [cell["size"] for cell in record["cells"]] == [16]
    assert set(results.scores["size"]) == {4, 8}
    assert (record["kind"], record["message"]) == ("error", "RuntimeError: sixteen is too much")
    assert "mine.py" in record["traceback"]
    shown = subprocess.run(
        [sys.executable, "-m", "grue", "failures", "out"], cwd=folder, capture_output=True, text=True, check=True
    )
    assert "sixteen is too much" in shown.stdout
    assert "1 failed cells" in shown.stdout
    again = grue(folder, *failing)
    assert again.returncode == 1
    assert "1 to do in 1 batch" in again.stderr
    (folder / "mended").touch()
    assert grue(folder, *failing).returncode == 0
    results = read([folder / "out"])
    assert set(results.scores["size"]) == {4, 8, 16}
    assert not results.failures
    assert not list((folder / "out" / "failures").iterdir())


def test_a_crash_and_a_timeout_do_not_take_the_others_along(folder: Path) -> None:
    crash = grue(folder, "--learner", "mine:Crashing", "--learner", "lookup", "--learner", "mine:Noted:seconds=60",
                 "--timeout", "8", "--exposed", "0")  # fmt: skip
    assert crash.returncode == 1, crash.stderr
    results = read([folder / "out"])
    assert {failure["learner"]: failure["kind"] for failure in results.failures} == {
        "mine:Crashing": "crash",
        "mine:Noted:seconds=60": "timeout",
    }
    assert set(results.scores["learner"]) == {"lookup"}


def test_two_runs_in_one_folder_do_no_cell_twice(folder: Path) -> None:
    slow = command("--learner", "mine:Noted:seconds=0.5", "--exposed", "0", "--seeds", "2")
    runs = [subprocess.Popen(slow, cwd=folder, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    output = [run.communicate(timeout=120)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert sum("waiting for it to end" in text for text in output) == 1
    assert len(fits(folder)) == 4
    assert max(Counter(fits(folder)).values()) == 1


def test_ctrl_c_once_finishes_what_runs_and_the_next_run_takes_up_the_rest(folder: Path) -> None:
    slow = ["--learner", "mine:Noted:seconds=0.3", "--task", "identity-reals", "--task", "maze-graph", "--jobs", "1"]
    run = subprocess.Popen(command(*slow), cwd=folder, stderr=subprocess.PIPE, text=True)
    until(lambda: fits(folder))
    run.send_signal(signal.SIGINT)
    _, output = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "stopping after the running jobs" in output
    assert len(fits(folder)) == 3, "the batch that ran was finished"
    assert len(set(read([folder / "out"]).scores["key"])) == 3
    assert grue(folder, *slow).returncode == 0
    assert len(fits(folder)) == 9


def test_ctrl_c_twice_stops_now(folder: Path) -> None:
    run = subprocess.Popen(
        command("--learner", "mine:Noted:seconds=50", "--jobs", "1"), cwd=folder, stderr=subprocess.PIPE, text=True
    )
    until((folder / "out" / "plan.json").exists)
    time.sleep(2)
    run.send_signal(signal.SIGINT)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=20)
    assert run.returncode == 130


def test_a_corrupt_file_is_named_set_aside_and_its_cells_redone(folder: Path) -> None:
    few = ["--learner", "mine:Noted", "--exposed", "0"]
    grue(folder, *few)
    (path,) = (folder / "out" / "batches").glob("*.parquet")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.warns(UserWarning, match="cannot read"):
        assert read([folder / "out"]).scores.empty
    again = grue(folder, *few)
    assert again.returncode == 0
    assert f"cannot read out/batches/{path.name}" in again.stderr
    assert len(list((folder / "out" / "corrupt").iterdir())) == 1
    assert len(fits(folder)) == 4
    assert not read([folder / "out"]).scores.empty


def test_fresh_does_everything_again_and_keeps_the_old(folder: Path) -> None:
    few = ["--learner", "mine:Noted", "--exposed", "0"]
    grue(folder, *few)
    grue(folder, *few, "--fresh")
    assert len(fits(folder)) == 4
    (old,) = (folder / "out").glob("before-*")
    assert list((old / "batches").glob("*.parquet"))


def test_other_settings_in_the_same_folder_are_never_mixed(folder: Path) -> None:
    few = ["--exposed", "0"]
    grue(folder, "--learner", "forest", *few)
    mine = folder / "mine.toml"
    own = (
        (Path(__file__).parents[2] / "runs" / "presets" / "smoke.toml")
        .read_text()
        .replace("n_estimators = 10", "n_estimators = 3")
    )
    mine.write_text(own.replace("sizes = [8, 16]", "sizes = [8]"))
    other = subprocess.run(
        [*command("--learner", "forest", *few), "--preset", "mine.toml"],
        cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "have other settings" in other.stderr
    assert set(read([folder / "out"]).scores["size"]) == {8}


def test_a_dry_run_touches_nothing_and_learns_from_the_times(folder: Path) -> None:
    few = ["--learner", "mine:Noted:seconds=1", "--exposed", "0"]
    dry = grue(folder, *few, "--dry-run")
    assert "2 cells, 2 to do in 1 batch:" in dry.stdout
    assert dry.stdout.splitlines()[1].endswith(" 8,16"), "the sizes of each pair"
    assert not (folder / "out").exists()
    grue(folder, *few)
    more = grue(folder, *few, "--seeds", "11", "--jobs", "1", "--dry-run").stdout
    assert "22 cells, 20 to do" in more
    (seconds,) = re.findall(r"about (\d+) s on 1 processes", more)
    assert 20 <= int(seconds) < 40, "each of the cells took a little more than a second"


def test_in_this_process_and_in_workers_the_scores_are_the_same(folder: Path) -> None:
    chosen = ["--learner", "mlp", "--learner", "boosting"]
    grue(folder, *chosen)
    subprocess.run(
        [*command(*chosen, "--jobs", "0"), "--out", "here"], cwd=folder, capture_output=True, text=True, check=True
    )
    frames = [
        read([folder / name]).scores.drop(columns="fit_seconds").sort_values(["key", "split", "metric"])
        for name in ("out", "here")
    ]
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in frames))


def test_usage_errors_are_one_line_and_exit_code_2(folder: Path) -> None:
    for arguments, message in (
        (["--learner", "mpl"], "did you mean 'mlp'"),
        (["--sizes", "16,x"], "expected sizes of at least 1"),
        (["--preset", "quikc"], "did you mean 'quick'"),
    ):
        wrong = grue(folder, *arguments)
        assert wrong.returncode == 2
        assert message in wrong.stderr
        assert "Traceback" not in wrong.stderr


def test_where_a_result_comes_from_is_in_its_file(folder: Path) -> None:
    grue(folder, "--learner", "lookup", "--exposed", "0")
    (metadata,) = read([folder / "out"]).provenance
    assert {"grue", "python", "numpy", "torch"} <= set(metadata["versions"])
    assert metadata["command"].endswith("--learner lookup --exposed 0")
    assert metadata["machine"]["cores"] == os.cpu_count()
    catalogue = read([folder / "out"]).catalogue
    assert catalogue.tasks["identity-bits"].family == "identity"


def test_a_script_without_the_guard_is_told_so(folder: Path) -> None:
    script = folder / "script.py"
    script.write_text('import grue\ngrue.run("smoke", tasks=["identity-bits"], learners=["lookup"], out="out")\n')
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert '`if __name__ == "__main__":`' in done.stderr


def test_a_plan_that_cannot_be_read_is_named_by_reports_and_set_aside_by_a_run(folder: Path) -> None:
    grue(folder, "--learner", "lookup", "--exposed", "0")
    (folder / "out" / "plan.json").write_text("{")
    wrong = subprocess.run(
        [sys.executable, "-m", "grue", "leaderboard", "out"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert wrong.returncode == 2
    assert "cannot read out/plan.json" in wrong.stderr
    assert "move the file away" in wrong.stderr
    again = grue(folder, "--learner", "lookup", "--exposed", "0")
    assert again.returncode in {0, 1}, again.stderr
    assert "cannot read out/plan.json" in again.stderr
    assert "moved to out/corrupt" in again.stderr
    assert " 0 to do" in again.stderr, "finished cells are found by their keys"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--jobs", "-1"], "jobs is -1; expected"), (["--timeout", "-5"], "expected a finite number of seconds")],
)
def test_values_that_make_no_sense_are_refused(folder: Path, arguments: list[str], message: str) -> None:
    wrong = grue(folder, *arguments)
    assert wrong.returncode == 2
    assert message in wrong.stderr


def test_estimator_objects_run_in_worker_processes_and_a_timeout_without_any_is_named(folder: Path) -> None:
    (folder / "script.py").write_text(
        "import grue, sys\n"
        "from sklearn.pipeline import make_pipeline\n"
        "from sklearn.preprocessing import StandardScaler\n"
        "from sklearn.tree import DecisionTreeClassifier\n"
        "if __name__ == '__main__':\n"
        "    learners = [make_pipeline(StandardScaler(), DecisionTreeClassifier()), DecisionTreeClassifier]\n"
        "    settings = dict(tasks=['identity-bits'], exposed=[0], out='out', learners=learners)\n"
        "    outcome = grue.run('smoke', jobs=1, **settings)\n"
        "    assert not outcome.failures, outcome.failures\n"
        "    names = sorted(outcome.scores['learner'].unique())\n"
        "    assert names[0].startswith('Pipeline(StandardScaler, DecisionTreeClassifier)-'), names\n"
        "    assert names[1:] == ['sklearn.tree:DecisionTreeClassifier'], names\n"
        "    grue.run('smoke', jobs=0, timeout=5, **settings)\n"
    )
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "timeout=5 has no effect: there are no timeouts without worker processes (jobs=0)" in done.stderr
    assert "0 to do" in done.stderr
