"""Folders that nobody wants to be given: each command says what is wrong in a line, and reports what it can."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from grue.engine.parquet import read_file, to_bytes
from grue.runs.bundle import write_bundle
from grue.runs.catalogue import read_catalogue, write_catalogue
from grue.runs.reading import read

TASKS = ("identity-bits", "riddle-token")
PRESET = f"""
description = "small"
tasks = {json.dumps(TASKS)}
learners = ["linear", "neighbours", "forest"]
sizes = [16, 512]
exposed = [0]
seeds = 2
test_size = 100
timeout = 100
"""
HOSTILE = {
    "linear": "=cmd|' /C calc'!A0",
    "neighbours": "a_b$%&\\x{}#^~",
    "forest": "<script>alert(1)</script>",
    "identity-bits": "../../etc/passwd",
}
Call = Callable[..., tuple[int, str, str]]


def command(name: str, folder: str) -> list[str]:
    """A command on a folder, with all that it needs beside it; what it writes goes to the folder `written`."""
    more = {
        "table": ["--what", "summary", "--format", "tex"],
        "plot": ["--output", "written"],
        "page": ["-o", "written"],
        "merge": ["--into", "written"],
        "atlas": ["--min-id", "0.2"],
    }.get(name, [])
    return [name, *(["whole", folder] if name == "compare" else [folder]), *more]


READERS = ("leaderboard", "table", "scores", "plot", "page", "claims", "quality", "explain", "atlas", "compare")
OF_BATCHES = ("merge", "verify")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    (folder / "small.toml").write_text(PRESET)
    arguments = [sys.executable, "-m", "grue", "run", "--preset", "small.toml", "--jobs", "0", "--out", "whole"]
    subprocess.run(arguments, cwd=folder, capture_output=True, check=True, timeout=300)
    return folder / "whole"


@pytest.fixture
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to damage, `given`, beside the sound one, in the current folder."""
    (tmp_path / "whole").symlink_to(whole)
    shutil.copytree(whole, tmp_path / "given")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "given"


def change(folder: Path, edit: Callable[[pa.Table], pa.Table]) -> None:
    for path in folder.glob("*/*.parquet"):
        table, metadata = read_file(path)
        path.write_bytes(to_bytes(edit(table), metadata))


def with_column(table: pa.Table, name: str, of: Callable[[Any], Any]) -> pa.Table:
    if name not in table.column_names:
        return table
    values = pa.array([of(value) for value in table[name].to_pylist()], table.schema.field(name).type)
    return table.set_column(table.column_names.index(name), name, values)


def rename(folder: Path, names: dict[str, str]) -> None:
    """Other names of tasks and learners in the plan and in all rows."""
    text = (folder / "plan.json").read_text()
    for plain, other in names.items():
        text = text.replace(json.dumps(plain), json.dumps(other))
    (folder / "plan.json").write_text(text)
    for path in folder.glob("*/*.parquet"):
        table, metadata = read_file(path)
        for column in ("task", "learner"):
            table = with_column(table, column, lambda one: names.get(one, one))
            metadata[column] = names.get(metadata[column], metadata[column])
        path.write_bytes(to_bytes(table, metadata))


@pytest.mark.parametrize("name", [*READERS, *OF_BATCHES])
def test_an_empty_folder_is_named(name: str, folder: Path, call: Call) -> None:
    shutil.rmtree(folder)
    folder.mkdir()
    code, _, err = call(*command(name, "given"))
    assert (code, err) == (
        2,
        "grue: given is not a result folder: it has no plan.json (grue run --out DIR creates one)\n",
    )


@pytest.mark.parametrize("name", [*READERS, *OF_BATCHES])
def test_an_older_schema_is_refused(name: str, folder: Path, call: Call) -> None:
    content = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps({**content, "schema": 1}))
    code, _, err = call(*command(name, "given"))
    assert code == 2
    assert err.startswith("grue: cannot read given/plan.json: it was written by an earlier version of grue (layout 1")


@pytest.mark.parametrize("name", [*READERS, *OF_BATCHES])
def test_a_corrupt_file_is_named_and_skipped_and_the_exit_code_is_1(name: str, folder: Path, call: Call) -> None:
    path = next((folder / "batches").glob("identity-bits--forest--*"))
    path.write_bytes(b"PAR1 and no more")
    code, out, err = call(*command(name, "given"))
    assert code == 1, err
    if name == "verify":
        assert f"problem  files       cannot read given/batches/{path.name}" in out
    else:
        assert err.count(f"grue: skipped: cannot read given/batches/{path.name}: ") == 1
    assert name in ("plot", "page") or "linear" in out or name in ("claims", "merge", "verify", "quality", "table")


@pytest.mark.parametrize("name", ["page", "explain", "atlas"])
def test_a_corrupt_file_of_answers_is_named_and_skipped(name: str, folder: Path, call: Call) -> None:
    path = next((folder / "predictions").glob("identity-bits--neighbours--*"))
    path.write_bytes(path.read_bytes()[:100])
    code, _, err = call(*command(name, "given"))
    assert code == 1
    assert err.count(f"grue: skipped: cannot read given/predictions/{path.name}: ") == 1


@pytest.mark.parametrize("name", ["leaderboard", "merge"])
def test_a_folder_of_corrupt_files_alone(name: str, folder: Path, call: Call) -> None:
    for path in (folder / "batches").iterdir():
        path.write_bytes(b"")
    code, out, err = call(*command(name, "given"))
    assert code == 1
    assert err.count("skipped: cannot read given/batches/") == len(list((folder / "batches").iterdir()))
    assert ("not run" if name == "leaderboard" else "0 of") in out + err


def test_two_versions_of_a_task_are_never_put_into_one_table(folder: Path, call: Call) -> None:
    content = json.loads((folder / "plan.json").read_text())
    kept = [cell for cell in content["cells"] if cell["learner"] == "forest"]
    for settings in content["settings"].values():
        settings["task"]["version"] = 99
    (folder / "plan.json").write_text(json.dumps({**content, "cells": kept}))
    catalogue = read_catalogue(Path("whole"))
    assert catalogue is not None
    shutil.copytree("whole", "others")
    write_catalogue(Path("others"), catalogue.only(lambda cell: cell.learner != "forest"))
    for name in ("leaderboard", "table", "page", "explain", "merge"):
        first, *rest = command(name, "given")
        code, _, err = call(first, "others", *rest)
        assert code == 2, name
        assert "two versions of the task identity-bits: 1 (linear in others) and 99 (forest in given)" in err


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kept", ["seed", "learner"])
def test_one_seed_or_one_learner(name: str, kept: str, folder: Path, call: Call) -> None:
    catalogue = read_catalogue(folder)
    assert catalogue is not None
    write_catalogue(folder, catalogue.only(lambda cell: cell.seed == 0 if kept == "seed" else cell.learner == "forest"))
    code, _, err = call(*command(name, "given"))
    assert "Traceback" not in err
    lacking = {"atlas"} if kept == "seed" else {"explain", "atlas", "table"}
    assert code == 0 or name in lacking, err
    if code:
        assert code == 2
        assert err.startswith(
            ("grue: on no task do two learners have two seeds", "grue: no answers to explain", "grue: ")
        )


@pytest.mark.parametrize("name", READERS)
def test_all_cells_flagged(name: str, folder: Path, call: Call) -> None:
    change(folder, lambda table: with_column(table, "status", lambda _: "budget"))
    code, out, err = call(*command(name, "given"))
    if name == "atlas":
        assert (code, "without a flag" in err) == (2, True)
        return
    assert code == 0, err
    if name == "leaderboard":
        assert "†" in out


@pytest.mark.parametrize("name", [*READERS, "merge"])
def test_names_with_characters_of_latex_html_formulas_and_paths(name: str, folder: Path, call: Call) -> None:
    rename(folder, HOSTILE)
    before = {path for path in Path.cwd().parent.rglob("*") if "passwd" in path.name}
    code, out, err = call(*command(name, "given"))
    assert code == 0, err
    if name == "table":
        assert "b\\$\\%\\&\\textbackslash{}x\\{\\}\\#\\textasciicircum{}\\textasciitilde{}" in out
    written = {path for path in Path.cwd().parent.rglob("*") if "passwd" in path.name} - before
    assert all(path.is_relative_to(Path("written").resolve()) for path in written)
    page = Path("written/index.html")
    assert not page.exists() or "<script>alert" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["leaderboard"], ["scores"], ["explain"], ["atlas", "--min-id", "0.2"]])
def test_no_text_of_csv_begins_as_a_formula(arguments: list[str], folder: Path, call: Call) -> None:
    rename(folder, {"forest": HOSTILE["linear"]})
    code, out, _ = call(*arguments, "given", "--format", "csv")
    assert code == 0
    rows = list(csv.reader(io.StringIO(out)))
    assert any("'=cmd" in text for row in rows for text in row)
    assert not [text for row in rows for text in row if text.startswith(("=", "+", "@"))]


@pytest.mark.parametrize("name", ["leaderboard", "explain", "atlas"])
def test_ascii_in_40_columns_without_colour(name: str, folder: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40", "NO_COLOR": "1"}
    arguments = [sys.executable, "-m", "grue", *command(name, str(folder))]
    done = subprocess.run(arguments, env=environment, capture_output=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode("ascii")
    assert max(map(len, text.splitlines())) <= 41  # +- is a character longer than its sign
    assert "\x1b" not in text


def test_a_damaged_packed_folder_is_refused(folder: Path, call: Call) -> None:
    write_bundle(read([folder]), Path("packed"))
    (Path("packed") / "scores.parquet").write_bytes(b"")
    code, _, err = call("leaderboard", "packed")
    assert code == 2
    assert err.startswith("grue: cannot read packed/scores.parquet: ")
