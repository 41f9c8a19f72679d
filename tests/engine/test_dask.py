"""A Dask cluster: a real scheduler with two real workers, which are killed, replaced, refused and left alone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from dask_processes import FEW, ROOT, Cluster, until

from grue.engine import cluster as engine_cluster
from grue.engine.cluster import DaskPool, differences
from grue.engine.errors import EngineError
from grue.runs.reading import read

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    yield made
    made.close()


def alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
    return state.stdout.strip()[:1] not in ("", "Z")


def test_values_are_those_of_the_local_pool_bit_for_bit(cluster: Cluster) -> None:
    chosen = ["--learner", "mlp", "--learner", "boosting", "--learner", "forest"]
    code, output = cluster.finish("dask", *chosen)
    assert code == 0, output
    assert f"in 3 batches on the Dask cluster at {cluster.address}; results in dask" in output
    local = [sys.executable, "-m", "grue", "run", *FEW, "--out", "here", "--jobs", "1", *chosen]
    subprocess.run(local, cwd=cluster.folder, capture_output=True, check=True)
    frames = [
        read([cluster.folder / out]).scores.drop(columns="fit_seconds").sort_values(["key", "split", "metric"])
        for out in ("dask", "here")
    ]
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in frames), check_exact=True)


def test_failures_have_their_kinds_and_a_job_that_ends_its_workers_is_lost_after_four(cluster: Cluster) -> None:
    learners = [f"--learner=mine:{name}" for name in ("Failing", "Crashing", "Noted:seconds=60", "KillingParent")]
    code, output = cluster.finish("failures", *learners, "--learner", "lookup", "--timeout", "4")
    assert code == 1, output
    results = read([cluster.folder / "failures"])
    assert {failure["learner"]: failure["kind"] for failure in results.failures} == {
        "mine:Failing": "error",
        "mine:Crashing": "crash",
        "mine:Noted:seconds=60": "timeout",
        "mine:KillingParent": "lost",
    }
    assert len(cluster.lines("kills.log")) == 4
    assert set(results.scores["learner"]) == {"lookup", "mine:Failing"}
    failing = results.scores[results.scores["learner"] == "mine:Failing"]
    assert set(failing["size"]) == {8}, "the other cell of its batch is done in the same run"


def test_the_jobs_of_a_killed_worker_run_elsewhere_and_none_is_written_twice(cluster: Cluster) -> None:
    slow = [
        "--task",
        "identity-reals",
        "--task",
        "maze-graph",
        "--learner",
        "mine:Noted:seconds=0.7",
        "--learner=lookup",
    ]
    run = cluster.run("killed", *slow)
    before = len(cluster.lines("fits.log"))
    until(lambda: len(cluster.lines("fits.log")) > before)
    cluster.kill(cluster.workers.pop())
    _, output = run.communicate(timeout=120)
    cluster.workers.append(cluster.worker())
    assert run.returncode == 0, output
    results = read([cluster.folder / "killed"])
    assert not results.failures
    assert set(results.scores["key"]) == {cell.key for cell in results.catalogue.cells}
    keys = [
        key for path in (cluster.folder / "killed" / "batches").iterdir() for key in set(pd.read_parquet(path)["key"])
    ]
    assert len(keys) == len(set(keys)), "a cell is in two files"


def test_nothing_runs_on_for_a_client_that_was_killed(cluster: Cluster) -> None:
    run = cluster.run("left", "--learner", "mine:Parent", "--learner", "lookup")
    until(lambda: cluster.lines("children.log"))
    (child,) = map(int, cluster.lines("children.log"))
    assert alive(child)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    until(lambda: not alive(child), seconds=5)
    code, output = cluster.finish("left", "--learner", "lookup")
    assert code == 0, output
    assert set(read([cluster.folder / "left"]).scores["learner"]) == {"lookup"}


def test_ctrl_c_in_a_terminal_reaches_the_client_alone_and_finishes_what_runs(cluster: Cluster) -> None:
    """A terminal sends it to all processes of the group: those of a local cluster too."""
    slow = ["--task", "identity-reals", "--learner", "mine:Noted:seconds=1", "--jobs", "1"]
    before = len(cluster.lines("fits.log"))
    run = cluster.run("stopped", *slow, at="local")
    until(lambda: len(cluster.lines("fits.log")) > before)
    os.killpg(run.pid, signal.SIGINT)
    _, output = run.communicate(timeout=60)
    assert run.returncode == 130, output
    assert "Traceback" not in output
    assert len(set(read([cluster.folder / "stopped"]).scores["key"])) == 2, "the batch that ran was finished"


def test_a_worker_with_another_version_is_refused_with_the_difference(cluster: Cluster, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "engine", tmp_path / "grue" / "engine")
    (tmp_path / "grue" / "__init__.py").write_text('__version__ = "0.0.9"\n')
    other = cluster.worker(path=str(tmp_path))
    until(lambda: "Registered to" in cluster.log())
    code, output = cluster.finish("refused", "--learner", "lookup")
    cluster.kill(other)
    assert code == 2
    assert "has other versions: grue is 0.0.9 there and" in output
    assert "Traceback" not in output


def test_a_scheduler_that_is_killed_ends_the_run_with_a_message_and_the_next_run_goes_on(cluster: Cluster) -> None:
    slow = ["--task", "identity-reals", "--learner", "mine:Noted:seconds=1", "--learner", "lookup"]
    run = cluster.run("headless", *slow)
    until(lambda: list((cluster.folder / "headless" / "batches").glob("[!.]*.parquet")))
    cluster.kill(cluster.scheduler)
    _, output = run.communicate(timeout=60)
    assert run.returncode == 2, output
    assert f"lost the connection to the Dask scheduler at {cluster.address}" in output
    assert "Traceback" not in output
    finished = {path.name for path in (cluster.folder / "headless" / "batches").glob("[!.]*.parquet")}
    assert finished
    done = subprocess.run(
        [sys.executable, "-m", "grue", "run", *FEW, "--out", "headless", *slow],
        cwd=cluster.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert finished < {path.name for path in (cluster.folder / "headless" / "batches").glob("[!.]*.parquet")}


def test_no_scheduler_and_no_dask_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_cluster, "CONNECT_TIMEOUT", 0.5)
    with pytest.raises(EngineError, match="no Dask scheduler answers at tcp:"):
        DaskPool("tcp://127.0.0.1:9", None, 60, print)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EngineError, match=r'pip install "grue\[dask\]"'):
        DaskPool("tcp://127.0.0.1:9", None, 60, print)


def test_differences_name_both_sides_and_an_unknown_commit_is_none() -> None:
    here = {"grue": "1", "commit": "abc", "python": "3.11.7", "torch": "2.9"}
    assert not differences(here, here)
    assert not differences(here, {name: version for name, version in here.items() if name != "commit"})
    assert differences(here, {**here, "torch": "2.8", "commit": "def"}) == (
        "commit is def there and abc here, torch is 2.8 there and 2.9 here"
    )
    assert differences(here, {"grue": "1", "python": "3.11.7"}) == "torch is missing there and 2.9 here"
