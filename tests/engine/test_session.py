"""Jobs in a folder: each a file of its own, written whole, and done once; a study is nothing else."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from grue.engine.errors import EngineError
from grue.engine.pool import Workers
from grue.engine.progress import Reporter, Share
from grue.engine.session import Session, run_study
from grue.engine.store import Store


def square(number: int, **more: Any) -> Any:
    from engine_jobs import Square  # pyright: ignore[reportMissingImports]

    return Square(number, **more)


def run(jobs: Sequence[Any], folder: Path, workers: int = 0) -> tuple[list[str], list[str]]:
    """What failed, and what was printed."""
    output = io.StringIO()
    session = Session(Store(folder, "jobs"), Workers(workers), Reporter(output))
    try:
        run_study(session, "squares", {"up to": 3}, jobs)
    finally:
        session.close()
    return [one["message"] for one in session.failures], output.getvalue().splitlines()


def squares(jobs: Sequence[Any], folder: Path) -> list[int]:
    files = Store(folder, "jobs").read(names=[job.name for job in jobs])
    return [value for table, _ in files.values() for value in table["square"].to_pylist()]


def test_a_run_that_is_repeated_does_what_is_missing(tmp_path: Path) -> None:
    run([square(1), square(2)], tmp_path)
    failures, output = run([square(1), square(2), square(3)], tmp_path)
    assert not failures
    assert output[0].startswith("3 jobs: 2 done, 1 to do on no worker processes")
    assert len(output) == 2
    assert squares([square(1), square(3)], tmp_path) == [1, 9]
    study = json.loads((tmp_path / "study.json").read_text())
    assert (study["study"], study["parameters"]) == ("squares", {"up to": 3})
    assert study["jobs"]["square-3"] == {"number": 3}
    _, metadata = Store(tmp_path, "jobs").read(names=["square-3"])["square-3"]
    assert {"command", "versions", "machine", "seconds", "number"} <= metadata.keys()
    assert sorted(path.name for path in (tmp_path / "jobs").iterdir()) == [f"square-{n}.parquet" for n in (1, 2, 3)]


def test_a_failure_is_written_down_and_tried_again(tmp_path: Path) -> None:
    failures, output = run([square(1, broken=True), square(2)], tmp_path)
    assert failures == ["ArithmeticError: no square"]
    assert any("FAILED" in line for line in output)
    assert "Traceback" in (tmp_path / "failures" / "square-1.json").read_text()
    assert squares([square(1), square(2)], tmp_path) == [4]
    assert run([square(1), square(2)], tmp_path)[0] == []
    assert not list((tmp_path / "failures").iterdir())


def test_the_parts_of_a_job_that_failed_are_run_in_the_same_run(tmp_path: Path) -> None:
    from engine_jobs import Squares  # pyright: ignore[reportMissingImports]

    output = io.StringIO()
    session = Session(Store(tmp_path, "jobs"), Workers(0), Reporter(output))
    session.open()
    session.begin([Squares((1, 2, 13, 4, 5))], "numbers", lambda job: Share(1.0, len(job.numbers)))  # pyright: ignore[reportAttributeAccessIssue]
    session.finish()
    session.close()
    assert [failure["numbers"] for failure in session.failures] == [[13]]
    assert session.store.names() == ["squares-1-2", "squares-4-5"]
    assert [path.stem for path in (tmp_path / "failures").iterdir()] == ["squares-13"]
    lines = output.getvalue().splitlines()
    assert (
        lines[0] == "squares-1-2-13-4-5: 5 numbers failed together, now run again as 2 and 3: ArithmeticError: unlucky"
    )
    assert [line.split()[0] for line in lines if "/" in line] == ["2/5", "3/5", "5/5"]
    assert not session.unfinished


def test_a_job_that_failed_as_the_run_was_stopped_is_no_failure_before_its_parts_were_run(tmp_path: Path) -> None:
    from engine_jobs import Squares  # pyright: ignore[reportMissingImports]

    session = Session(Store(tmp_path, "jobs"), Workers(0), Reporter(io.StringIO()))
    try:
        run_study(session, "squares", {}, [Squares((1, 13), interrupts=True)])
    finally:
        session.close()
    assert session.unfinished
    assert not session.failures


def test_a_job_that_changes_the_folder_loses_no_file_and_a_file_that_is_lost_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    jobs, folder = [square(1), square(2, deletes="square-1.parquet"), square(3)], Path("out")
    failures, output = run(jobs, folder)
    assert failures == ["its result file out/jobs/square-1.parquet has disappeared"]
    assert output[0].endswith("; results in out")
    assert squares(jobs, folder) == [4, 9]
    assert run([square(1)], folder)[0] == []


def test_a_file_that_cannot_be_read_is_named_and_done_again(tmp_path: Path) -> None:
    run([square(5)], tmp_path)
    (tmp_path / "jobs" / "square-5.parquet").write_bytes(b"half a fi")
    _, output = run([square(5)], tmp_path)
    assert any("cannot read" in line and "is run again" in line for line in output)
    assert len(list((tmp_path / "corrupt").iterdir())) == 1
    assert squares([square(5)], tmp_path) == [25]


def test_ctrl_c_once_finishes_the_job_that_runs_and_the_next_run_does_the_rest(tmp_path: Path) -> None:
    from engine_jobs import Interrupting  # pyright: ignore[reportMissingImports]

    jobs = [Interrupting(1), square(2)]
    _, output = run(jobs, tmp_path)
    assert any("stopping after the running jobs" in line for line in output)
    assert squares(jobs, tmp_path) == [1]
    run(jobs, tmp_path)
    assert squares(jobs, tmp_path) == [1, 4]


def test_a_second_run_waits_for_the_folder(tmp_path: Path) -> None:
    output: list[list[str]] = []
    with Store(tmp_path, "jobs").locked(print):
        second = threading.Thread(target=lambda: output.append(run([square(2)], tmp_path)[1]))
        second.start()
        second.join(0.5)
        assert second.is_alive()
    second.join(30)
    assert "waiting for it to end" in output[0][0]


@pytest.mark.parametrize("jobs", [0, 1])
def test_a_folder_that_cannot_be_written_to_ends_the_run_and_is_no_failure_of_a_job(tmp_path: Path, jobs: int) -> None:
    """A full disk says so in the same way."""
    run([square(1)], tmp_path)
    obstacle = tmp_path / "jobs" / ".square-2.parquet.partial"
    obstacle.mkdir()
    with pytest.raises(EngineError, match=r"cannot write .*square-2.parquet: Is a directory; finished results"):
        run([square(2)], tmp_path, jobs)
    assert not (tmp_path / "failures").exists()
    obstacle.rmdir()
    assert run([square(1), square(2)], tmp_path)[0] == []
    assert squares([square(1), square(2)], tmp_path) == [1, 4]
