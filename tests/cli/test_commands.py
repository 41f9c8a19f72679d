"""The command line, as somebody types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from grue import __version__
from grue.cli import app
from grue.runs.data import sample_split
from grue.runs.names import make_task
from grue.tasks import TASKS


def grue(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grue", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def output_of(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    return result.output


def test_version() -> None:
    assert output_of("--version") == f"grue {__version__}\n"


def test_help_names_every_command_and_the_exit_codes() -> None:
    text = output_of("--help")
    for word in (
        "run",
        "list",
        "leaderboard",
        "scores",
        "plot",
        "show",
        "export",
        "import",
        "failures",
        "study",
        "130",
        "completion",
    ):
        assert word in text


def test_lists_say_a_line_on_each_name() -> None:
    tasks = output_of("list", "tasks")
    assert all(name in tasks for name in TASKS)
    assert "far* (length, 6)" in tasks
    learners = output_of("list", "learners")
    assert "forest" in learners
    assert "does not extrapolate" in learners
    assert "smoke" in output_of("list", "presets")


@pytest.mark.parametrize("task", TASKS)
def test_show_gives_examples_with_targets_and_what_shallow_rules_answer(task: str) -> None:
    text = output_of("show", task, "--n", "2")
    instance = make_task(task).instance
    assert text.count("target: ") == (4 if instance.headline else 2)
    assert all(f"  {rule}: " in text for rule in instance.heuristics)
    if instance.headline:
        assert f"split {instance.headline.name} (shift: " in text


def test_show_of_one_split() -> None:
    text = output_of("show", "identity-bits", "--split", "odd", "--n", "1")
    assert "copy-all-but-frozen" in text
    assert "(wrong)" in text


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_export_is_the_data_of_a_run(form: str, tmp_path: Path) -> None:
    path = tmp_path / "data"
    output_of(
        "export", "scramble-bag", "--targets", "--size", "20", "--seed", "3", "--format", form, "--output", str(path)
    )
    frame = pd.read_json(path, lines=True) if form == "jsonl" else pd.read_parquet(path)
    task = make_task("scramble-bag").instance
    for split in task.splits:
        own, expected = frame[frame["split"] == split.name], sample_split(task, split.name, 20, 3)
        assert np.array_equal(np.stack(own["input"].to_list()), expected.inputs)
        assert np.array_equal(np.stack(own["target"].to_list()), expected.targets)
    assert frame["answers"].notna().all()


def test_export_of_more_than_a_split_holds_is_all_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "data"
    output_of("export", "tabular:table=iris", "--targets", "--size", "4000", "--output", str(path))
    task = make_task("tabular:table=iris").instance
    counts = pd.read_json(path, lines=True)["split"].value_counts().to_dict()
    assert counts == {split.name: task.capacity(split.name) for split in task.splits}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "mase-grid"], "did you mean 'maze-grid'"),
        (["show", "maze-grid", "--split", "detur"], "did you mean 'detour'"),
        (["export", "maze-grid", "--size", "0"], "expected a size of at least 1"),
        (["rules", "mase"], "unknown task 'mase'; did you mean 'maze-grid'"),
        (["failures", "nowhere"], "nowhere is not a result folder: it does not exist"),
        (["failures", "results/reference/standad"], "it does not exist (did you mean results/reference/standard?)"),
        (["failures", "results/reference"], "it has no plan.json (did you mean results/reference/claims?)"),
        (["import", "x", "--name", "mine", "--out", "reference"], "reference is a packed folder"),
        (["quality", "--flags", "--max", "2"], "--max"),
        (["compare", "reference", "nowhere"], "nowhere is not a result folder: it does not exist"),
        (["compare", "reference/quick", "reference/quick", "--task", "maze-grd"], "did you mean 'maze-grid'"),
        (["merge", "nowhere", "--into", "new"], "nowhere is not a result folder: it does not exist"),
        (["merge", "reference", "--into", "new"], "reference is a packed folder, which has no batches"),
        (["verify", "nowhere"], "nowhere is not a result folder: it does not exist"),
        (["verify", "reference"], "reference is a packed folder, which has no batches"),
        (["list", "learnes"], "learners"),
        (["leaderbord"], "leaderboard"),
    ],
)
def test_mistakes_are_exit_code_2_with_the_nearest_right_thing(arguments: list[str], message: str) -> None:
    wrong = grue(*arguments)
    assert wrong.returncode == 2
    assert message in wrong.stderr
    assert "Traceback" not in wrong.stderr


def test_from_run_to_every_report(tmp_path: Path) -> None:
    few = ["--task", "identity-bits", "--learner", "forest", "--learner", "oracle", "--out", "out"]
    assert grue("run", "--preset", "smoke", *few, folder=tmp_path).returncode == 0
    board = grue("leaderboard", "out", folder=tmp_path)
    assert "forest" in board.stdout
    frame = json.loads(grue("scores", "out", "--format", "json", folder=tmp_path).stdout)
    assert frame
    assert grue("plot", "out", "--output", "figures", folder=tmp_path).returncode == 0
    verified = grue("verify", "out", "--rerun", "1", folder=tmp_path)
    assert verified.returncode == 0, verified.stdout
    assert "equal bit for bit" in verified.stdout
    assert "cells are done" in grue("merge", "out", "--into", "merged", folder=tmp_path).stdout
    compared = grue("compare", "out", "merged", "--fail-on", "regression", folder=tmp_path)
    assert compared.returncode == 0, compared.stderr
    assert "equal in every cell" in compared.stdout
    path = next((tmp_path / "merged" / "batches").iterdir())
    path.write_bytes(b"")
    assert grue("verify", "merged", folder=tmp_path).returncode == 1
    assert grue("merge", "merged", "--into", "again", folder=tmp_path).returncode == 1
    for ending in ("svg", "pdf", "png"):
        assert (tmp_path / "figures" / f"identity-bits.{ending}").stat().st_size > 1000
    assert grue("failures", "out", folder=tmp_path).stdout == "no failures\n"
