"""`grue explain` and `grue atlas`: formats, figures, folders and bundles, strange names and bad input."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import grue
from grue.analysis.answers import final_keys, task_answers
from grue.runs.bundle import PREDICTIONS, write_bundle
from grue.runs.catalogue import Catalogue
from grue.runs.probe_answers import LAYOUT, probe_table, read_probe_answers
from grue.runs.reading import read
from grue.runs.results import COLUMNS, Results

from .test_commands import call

STRANGE = "=a$b_c%<i>&{x}\\:path=../x|y"

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Pack invented results of two tasks with 60 probe examples, a heuristic and an oracle."""

    def build(
        learners: Sequence[str] = ("mlp", "forest", "neighbours"),
        seeds: int = 3,
        status: str = "ok",
        score: float = 0.95,
        tasks: Sequence[str] = ("maze", "walk"),
    ) -> Path:
        rng = np.random.default_rng(0)
        entrants = dict.fromkeys(learners, "learner") | {"greedy": "heuristic", "oracle": "control"}
        rows: list[dict[str, Any]] = []
        cells: list[dict[str, Any]] = []
        stored: list[dict[str, Any]] = []
        for task in tasks:
            truth = rng.integers(0, 3, 60)
            fixed = {"oracle": truth, "greedy": np.where(rng.random(60) < 0.5, truth, (truth + 1) % 3)}
            for name, kind in entrants.items():
                for seed in range(seeds):
                    key = f"{task}/{name}/{seed}"
                    cell = {"key": key, "task": task, "learner": name, "size": 64, "exposed": 0, "seed": seed}
                    cells.append(cell)
                    flags = status if kind == "learner" else "ok"
                    rows += [
                        {**cell, "split": split, "metric": "score", "value": score, "status": flags, "suite_seed": 0}
                        for split in ("id", "far")
                    ]
                    noisy = np.where(rng.random(60) < 0.3, fixed["greedy"], rng.integers(0, 3, 60))
                    classes = fixed.get(name, noisy).astype(np.int16)
                    stored.append({"key": key, "split": "far", "examples": 60, "classes": classes})
        splits = [{"name": "id"}, {"name": "far", "shift": "length", "headline": True}]
        about = {"version": 1, "heuristics": ["greedy"], "splits": splits}
        catalogue = Catalogue.from_json(
            {
                "schema": 2,
                "tasks": {task: {**about, "family": f"family of {task}"} for task in tasks},
                "learners": {name: {"kind": kind, "version": 1, "parameters": {}} for name, kind in entrants.items()},
                "cells": cells,
                "not_applicable": [],
            }
        )
        results = Results(pd.DataFrame(rows, columns=COLUMNS), catalogue, provenance=[{"commit": "0123"}])
        write_bundle(results, tmp_path / "out", pa.Table.from_pylist(stored, LAYOUT))
        return tmp_path / "out"

    return build


@pytest.mark.parametrize("command", ["explain", "atlas"])
@pytest.mark.parametrize("form", ["text", "md", "csv", "json"])
def test_every_format_holds_every_learner(make: Make, command: str, form: str) -> None:
    code, out, _ = call(command, str(make((STRANGE, "forest"))), "--format", form)
    assert code == 0
    if form == "csv":
        table = pd.read_csv(io.StringIO(out))
        assert f"'{STRANGE}" in set(table["learner" if command == "explain" else "first"])
    elif form == "json":
        rows = json.loads(out)["shares" if command == "explain" else "pairs"]
        assert STRANGE in {row["learner" if command == "explain" else "first"] for row in rows}
    else:
        shown = "".join(out.split()).replace("\\", "")  # names are wrapped, and escaped in Markdown
        assert STRANGE.replace("\\", "") in shown


@pytest.mark.parametrize("command", ["explain", "atlas"])
@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_figures(make: Make, tmp_path: Path, command: str, form: str) -> None:
    path = tmp_path / "figures" / f"one.{form}"
    code, _, err = call(command, str(make((STRANGE, "forest"))), "--output", str(path))
    assert (code, f"wrote {path}" in err) == (0, True)
    assert path.stat().st_size > 1000
    if form == "svg":
        assert "=a$b_c" in path.read_text().replace("&amp;", "&")


def test_shares_of_a_task_in_csv_add_up(make: Make) -> None:
    _, out, _ = call("explain", str(make()), "--format", "csv", "--task", "maze", "--learner", "mlp")
    table = pd.read_csv(io.StringIO(out))
    assert set(table["task"]) == {"maze"}
    assert set(table["learner"]) == {"mlp"}
    answers = table.query("of == 'answers'").set_index("part")["share"]
    assert answers["right"] + answers["unique"] + answers["shared"] + answers["other"] == pytest.approx(1)
    given = table.query("of == 'errors' and part == 'given' and heuristic.isna()").iloc[0]
    assert given["share"] - given["expected"] == pytest.approx(given["excess"])
    assert 0 <= given["corrected_p"] <= 1


def test_pairs_in_csv_are_by_task_family_and_over_families(make: Make) -> None:
    _, out, _ = call("atlas", str(make()), "--format", "csv")
    table = pd.read_csv(io.StringIO(out))
    assert table.groupby("scope").size().to_dict() == {"all": 6, "family": 12, "task": 12}
    whole = table.query("scope == 'all' and first != second")
    assert (whole["families"] == 2).all()
    assert (whole["low"] <= whole["kappa"]).all()


def test_closer_names_both_groups_and_refuses_an_unknown_one(make: Make) -> None:
    folder = str(make(("mlp", "forest", "forest:view=tied", "neighbours")))
    _, out, _ = call("atlas", folder, "--closer", "forest", "neighbours")
    assert "Closer to forest or to neighbours?" in out
    part = json.loads(call("atlas", folder, "--closer", "forest", "neighbours", "--format", "json")[1])
    assert [one["learner"] for one in part["closer"]] == ["mlp"]
    code, _, err = call("atlas", folder, "--closer", "forest", "neighbour")
    assert (code, "neighbours" in err) == (2, True)


def test_variants_share_a_row_if_merged(make: Make) -> None:
    folder = str(make(("mlp", "forest", "forest:view=tied")))
    assert json.loads(call("atlas", folder, "--merge", "--format", "json")[1])["order"] == ["mlp", "forest"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"seeds": 1}, "two seeds"),
        ({"learners": ("mlp",)}, "two learners"),
        ({"status": "budget"}, "without a flag (most learners that do: 0, on maze)"),
        ({"score": 0.5}, "--min-id lowers the score"),
    ],
)
def test_an_atlas_takes_two_learners_that_solve_a_task_with_two_seeds(
    make: Make, options: dict[str, Any], expected: str
) -> None:
    code, _, err = call("atlas", str(make(**options)))
    assert code == 2
    assert expected in err


def test_explained_errors_of_one_seed_of_one_flagged_learner(make: Make) -> None:
    code, out, _ = call("explain", str(make(("mlp",), seeds=1, status="budget")))
    assert code == 0
    assert "budget: in at least one cell" in out
    code, _, err = call("explain", str(make(("mlp",), seeds=1, status="budget")), "--min-id", "0.9")
    assert (code, "no answers to explain" in err) == (2, True)


@pytest.mark.parametrize("command", ["explain", "atlas"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--split", "fra"], "there are far, id"),
        (["--split", "id"], "no stored answers"),
        (["--task", "mase"], "maze"),
        (["--family", "mazes"], "family of maze"),
        (["--learner", "forst"], "forest"),
        (["--output", "figure.gif"], ".svg, .pdf, .png"),
    ],
)
def test_what_is_not_there_is_named(make: Make, command: str, arguments: list[str], expected: str) -> None:
    code, _, err = call(command, str(make()), *arguments)
    assert code == 2
    assert expected in err


@pytest.mark.parametrize("command", ["explain", "atlas"])
def test_folders_without_results_or_answers_are_refused(make: Make, tmp_path: Path, command: str) -> None:
    (tmp_path / "empty").mkdir()
    assert call(command, str(tmp_path / "empty"))[0] == 2
    folder = make()
    (folder / PREDICTIONS).write_bytes(b"no")
    assert "pack the folder again" in call(command, str(folder))[2]
    (folder / PREDICTIONS).unlink()
    assert "no stored answers" in call(command, str(folder))[2]


def test_a_folder_and_its_bundle_hold_the_same_answers(tmp_path: Path) -> None:
    folder, packed = tmp_path / "out", tmp_path / "packed"
    grue.run("smoke", tasks=["identity-bits"], learners=["neighbours", "oracle"], seeds=2, out=folder, jobs=0)
    assert call("scores", str(folder), "--format", "bundle", "--output", str(packed))[0] == 0
    keys = final_keys(read([folder]).catalogue)
    found, unpacked = read_probe_answers([folder], keys), read_probe_answers([packed], keys)
    assert found
    assert found.keys() == unpacked.keys()
    for pair, classes in found.items():
        np.testing.assert_array_equal(classes, unpacked[pair])
    assert probe_table([folder, packed], keys).equals(probe_table([folder], keys)), "each answer once"


def test_answers_of_the_reference() -> None:
    results = read(["reference/quick"])
    answers = read_probe_answers(["reference/quick"], final_keys(results.catalogue))
    tasks = {one.task: one for one in task_answers(results.scores, results.catalogue, answers)}
    maze = tasks["maze-grid"]
    assert maze.truth is not None
    assert maze.codes["cnn"].shape == (5, 256)
    assert (maze.codes["greedy"] != maze.truth).all(), "on the split detour, the greedy move is wrong"
    assert tasks["slabs"].truth is None
    assert tasks["slabs"].id_scores["mlp"].min() > 0.9
    assert "scramble-bag" not in tasks, "its answers are distributions"
    assert "compositions" not in tasks, "its rule is drawn for each seed"
    with pytest.raises(ValueError, match="no task has a split 'fra'"):
        task_answers(results.scores, results.catalogue, answers, "fra")
