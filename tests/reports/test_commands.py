"""The commands that report: what they print, where they write, and how they refuse."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import grue.runs.reading
import grue.runs.status
from grue.cli import main
from grue.runs.results import COLUMNS, Results
from grue.runs.status import Decision, StatusList


@pytest.fixture
def run(results: Results, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Run a command line on the results of conftest.py, whatever folder is named: (exit code, stdout, stderr).

    The list of status is empty: that of the suite has tasks with the names of those in conftest.py.
    """
    monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: results)
    monkeypatch.setattr(grue.runs.status, "read_status", StatusList)

    return call


def call(*arguments: str) -> tuple[int, str, str]:
    """Run a command line as `grue` does: (exit code, stdout, stderr)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["grue", *arguments])
        patch.setenv("COLUMNS", "200")
        patch.setenv("TERM", "dumb")
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def test_leaderboard_prints_text_unless_another_format_is_asked_for(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("leaderboard", "somewhere")
    assert code == 0
    assert out.startswith("Ranking by OOD\n\n")
    assert "\nLeaderboard\n\n" in out
    _, out, _ = run("leaderboard", "somewhere", "--format", "md")
    assert out.startswith("## Ranking by OOD")


def test_leaderboard_writes_a_file_and_makes_its_folder(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    target = tmp_path / "new" / "board.json"
    code, out, _ = run("leaderboard", "somewhere", "--format", "json", "--output", str(target))
    assert (code, out) == (0, "")
    assert json.loads(target.read_text())["schema"] == 3


def test_leaderboard_prints_the_summary_alone(run: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = run("leaderboard", "somewhere", "--summary", "--format", "md")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("#")] == ["## Ranking by OOD", "## Leaderboard"]


def test_leaderboard_and_figures_take_the_status_of_this_version_of_a_task_from_the_list(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tasks = {
        "identity-bits": Decision("measures", "identity", 1, 10),
        "scramble-bag": Decision("frontier", "scramble", 1, 10),
        "maze-graph": Decision("measures", "maze", 2, 10),  # the results are of version 1
    }
    monkeypatch.setattr(grue.runs.status, "read_status", lambda: StatusList(tasks))
    _, out, _ = run("leaderboard", "somewhere", "--summary", "--format", "md")
    assert [line.removeprefix("## Leaderboard: ") for line in out.splitlines() if line.startswith("#")] == [
        "## Ranking by OOD",
        "tasks that measure",
        "frontier tasks",
        "undecided tasks",
    ]
    code, _, _ = run("plot", "somewhere", "--output", str(tmp_path))
    assert code == 0
    assert "(frontier)" in (tmp_path / "overview.svg").read_text(encoding="utf-8")


def test_a_summary_of_nothing_is_refused_in_one_line(
    run: Callable[..., tuple[int, str, str]], results: Results, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue = results.catalogue
    tasks = {name: replace(task, metric="accuracy", ranked=False) for name, task in catalogue.tasks.items()}
    other = replace(results, catalogue=replace(catalogue, tasks=tasks))
    monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: other)
    code, out, err = run("leaderboard", "somewhere", "--summary")
    assert (code, out) == (2, "")
    assert err.startswith("grue: no summary")


def test_scores_are_the_tidy_table(run: Callable[..., tuple[int, str, str]], results: Results) -> None:
    code, out, _ = run("scores", "somewhere")
    table = pd.read_csv(io.StringIO(out))
    assert code == 0
    assert list(table.columns) == COLUMNS
    assert len(table) == len(results.scores)


def test_scores_as_json_have_null_for_a_diverged_cell(run: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = run("scores", "somewhere", "--format", "json")
    diverged = [row for row in json.loads(out)["scores"] if row["status"] == "diverged"]
    assert {row["value"] for row in diverged} == {None}


def test_scores_as_parquet_carry_the_provenance(
    run: Callable[..., tuple[int, str, str]], results: Results, tmp_path: Path
) -> None:
    target = tmp_path / "scores.parquet"
    code, _, _ = run("scores", "somewhere", "--format", "parquet", "--output", str(target))
    assert code == 0
    table = pq.read_table(target)
    assert json.loads(table.schema.metadata[b"grue"]) == results.provenance
    assert table.num_rows == len(results.scores)


def test_parquet_without_a_file_is_refused(run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, err = run("scores", "somewhere", "--format", "parquet")
    assert code == 2
    assert "give a file" in err


def test_plot_names_every_file_it_writes(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, _ = run("plot", "somewhere", "--output", str(tmp_path / "figures"))
    assert code == 0
    assert len(out.splitlines()) == 15
    assert sorted(path.name for path in (tmp_path / "figures").glob("maze-graph.*")) == [
        "maze-graph.pdf",
        "maze-graph.png",
        "maze-graph.svg",
    ]


@pytest.mark.parametrize("command", ["leaderboard", "scores", "plot"])
def test_a_folder_without_results_is_named_with_exit_code_2(command: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, out, err = call(command, str(tmp_path / "empty"))
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'empty'} is not a result folder" in err


@pytest.mark.parametrize("command", ["leaderboard", "plot"])
def test_two_results_of_one_cell_are_refused_in_one_line(
    run: Callable[..., tuple[int, str, str]],
    results: Results,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    tmp_path: Path,
) -> None:
    catalogue = results.catalogue
    twice = replace(catalogue, cells=(*catalogue.cells, replace(catalogue.cells[0], key="another")))
    monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: replace(results, catalogue=twice))
    monkeypatch.chdir(tmp_path)
    code, _, err = run(command, "somewhere")
    assert code == 2
    assert not list(tmp_path.glob("figures/*"))
    assert err.startswith("grue: two different results for mlp on identity-bits")
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", ["scores", "plot"])
def test_a_plan_without_a_measured_cell_is_refused(
    run: Callable[..., tuple[int, str, str]], results: Results, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    empty = replace(results, scores=results.scores.head(0))
    monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: empty)
    code, _, err = run(command, "somewhere")
    assert code == 2
    assert "is done yet" in err
