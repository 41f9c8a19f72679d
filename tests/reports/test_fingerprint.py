"""Fingerprints from a store that was made by hand, beside a task with a right answer."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grue.analysis.entries import Entry
from grue.analysis.fingerprint import fingerprints
from grue.engine.parquet import to_bytes
from grue.engine.store import Store
from grue.reports.figures import write_figures
from grue.reports.fingerprint_figures import fingerprint_figure
from grue.reports.formats import FORMATS, render
from grue.reports.leaderboard import make_leaderboard, summary_of
from grue.runs.catalogue import Catalogue, write_catalogue
from grue.runs.reading import read
from grue.runs.results import Results
from grue.runs.rows import LAYOUT, to_table

CODES = {
    "mlp": [[0, 0, 1, 2], [0, 1, 1, 3]],  # follows a: 1/2 and 1/4, b: 1/4 and 1/2; equal answers: 2 of 4
    "forest": [[1, 1, 1, 1], [1, 1, 1, 1]],
    "lookup": [[2, 2, 2, 2], None],  # the second seed is missing
    "linear": [None, None],  # diverged
    "a": [[0, 0, 0, 0], [0, 0, 0, 0]],
}
KINDS = {"lookup": "control", "a": "heuristic"}


def rows_of(cell: dict[str, Any], codes: list[int] | None) -> list[dict[str, Any]]:
    about = {name: cell[name] for name in ("key", "task", "learner", "size", "exposed", "seed")}
    about |= {"fit_seconds": 0.1, "count": 4, "status": "ok" if codes else "diverged"}
    if codes is None:
        return [{**about, "split": "apart", "metric": "score", "value": None}]
    packed = {"examples": np.array(codes, np.int8).tobytes(), "kind": "answers"}
    shares = {"follows[a]": np.equal(codes, 0), "follows[b]": np.equal(codes, 1), "neither": np.greater(codes, 1)}
    rows: list[dict[str, Any]] = [
        {**about, "split": "apart", "metric": name, "value": share.mean(), **(packed if name == "neither" else {})}
        for name, share in shares.items()
    ]
    return rows + [{**about, "split": split, "metric": "accuracy", "value": 0.75} for split in ("train", "id")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two seeds of a riddle at two sizes (at the smaller one, all follow neither), and one task with scores."""
    cells, rows = [], []
    for learner, seeds in CODES.items():
        for seed, codes in enumerate(seeds):
            for size in (16, 64):
                key = f"riddle/{learner}/{size}/{seed}"
                cell = {"key": key, "task": "riddle", "learner": learner, "size": size, "exposed": 0, "seed": seed}
                cells.append({**cell, "settings": f"riddle/{learner}"})
                if codes or learner == "linear":
                    rows += rows_of(cell, codes if size == 64 or codes is None else [2] * 4)
            if learner == "a":
                continue
            key = f"scored/{learner}/{seed}"
            cell = {"key": key, "task": "scored", "learner": learner, "size": 64, "exposed": 0, "seed": seed}
            cells.append({**cell, "settings": f"scored/{learner}"})
            about = {**cell, "fit_seconds": 0.1, "status": "ok", "count": 4, "metric": "score"}
            rows += [{**about, "split": split, "value": 0.5} for split in ("train", "id", "far")]
    shifts = {"train": None, "id": None}

    def task(family: str, odd: str, metric: str, rules: list[str]) -> dict[str, Any]:
        splits = [
            {"name": name, "shift": shift, "severity": None, "headline": name == "far"}
            for name, shift in {**shifts, odd: "value"}.items()
        ]
        about = {"family": family, "version": 1, "ambiguous": False, "metric": metric, "ranked": metric == "score"}
        return {**about, "rules": rules, "heuristics": rules, "splits": splits}

    plan = {
        "tasks": {
            "riddle": task("riddle", "apart", "rules", ["a", "b"]),
            "scored": task("identity", "far", "score", []),
        },
        "learners": {
            name: {"kind": KINDS.get(name, "learner"), "version": 1, "parameters": {}} for name in [*CODES, "oracle"]
        },
        "cells": cells,
        "not_applicable": [{"task": "riddle", "learner": "oracle", "size": None, "reason": "no rule that is known"}],
    }
    store = Store(tmp_path / "results")
    about = {"versions": {"grue": "0.1.0"}, "commit": "0123", "command": "grue run"}
    store.write("batch", {"batches": to_bytes(to_table(pd.DataFrame(rows), LAYOUT), about)})
    write_catalogue(store.folder, Catalogue.from_json(plan))
    return store.folder


@pytest.fixture
def results(folder: Path) -> Results:
    return read([folder])


def one(results: Results, learner: str, metric: str, split: str = "ood") -> Entry:
    entries = fingerprints(results.scores, results.answers, results.catalogue)
    (found,) = [e for e in entries if (e.learner, e.metric, e.split) == (learner, metric, split)]
    return found


def test_shares_are_means_over_seeds_at_the_largest_size_with_a_t_interval(results: Results) -> None:
    found = one(results, "mlp", "follows[a]")
    assert (found.value, found.interval, found.seeds) == (3 / 8, "seeds", 2)
    assert found.half_width == pytest.approx(12.7062 * 0.125, rel=1e-4)
    assert one(results, "mlp", "neither").value == 1 / 4
    assert one(results, "mlp", "accuracy", "id").value == 0.75


def test_agreement_comes_from_the_stored_answers(results: Results) -> None:
    assert results.answers["riddle/mlp/64/1", "apart"].tolist() == [0, 1, 1, 3]
    assert one(results, "mlp", "agreement").value == 2 / 4
    by_chance = 1 / 2 * 1 / 4 + 1 / 4 * 1 / 2
    assert one(results, "mlp", "kappa").value == pytest.approx((1 / 2 - by_chance) / (1 - by_chance))
    assert one(results, "forest", "agreement").value == 1
    assert one(results, "forest", "kappa").flags == "n/a"


def test_what_is_not_there_is_marked(results: Results) -> None:
    lookup = one(results, "lookup", "neither")
    assert (lookup.value, lookup.seeds, lookup.flags) == (1, 1, "incomplete")
    assert one(results, "lookup", "agreement").flags == "n/a"
    diverged = one(results, "linear", "follows[a]")
    assert math.isnan(diverged.value)
    assert diverged.flags == "diverged"


def test_a_riddle_is_in_no_ranking_no_mean_and_no_curve(results: Results, tmp_path: Path) -> None:
    board = make_leaderboard(results)
    assert [task.name for task in board.tasks] == ["scored"]
    assert [task.name for task in board.riddles] == ["riddle"]
    assert board.families == ("identity",)
    assert {entry.name for entry in board.entries if entry.scope == "family"} == {"identity"}
    of_curves = {"area", "final", "gap", "examples to threshold", "OOD examples to threshold", "fit seconds"}
    assert not [entry for entry in board.entries if entry.name == "riddle" and entry.metric in of_curves]
    assert "riddle" not in render(summary_of(board), "md")
    names = {path.name for path in write_figures(results, tmp_path)}
    assert names == {
        f"{stem}.{form}" for stem in ("overview", "scored", "fingerprint") for form in ("svg", "pdf", "png")
    }


def test_every_format_has_the_block_of_fingerprints(results: Results) -> None:
    board = make_leaderboard(results)
    text = {form: render(board, form) for form in FORMATS}
    assert "### riddle: which rule do the predictions follow?" in text["md"]
    row = next(line for line in text["md"].split("### riddle")[1].splitlines() if line.startswith("| mlp"))
    assert [part.strip() for part in row.split("|")[2:-1]] == [
        *("0.38 ± 1.59", "0.38 ± 1.59", "0.25 ± <0.01", "0.50", "0.33", "0.75", "0.75"),
    ]
    assert "n/a: oracle: no rule that is known" in text["md"]
    assert "task,riddle,mlp,learner,follows[a],ood,0.375" in text["csv"]
    document = json.loads(text["json"])
    assert document["tasks"]["riddle"]["metric"] == "rules"
    assert {entry["metric"] for entry in document["entries"]} >= {"follows[b]", "neither", "agreement", "kappa"}


def test_riddles_alone_make_a_leaderboard_without_a_summary(results: Results, tmp_path: Path) -> None:
    catalogue = results.catalogue.only(lambda cell: cell.task == "riddle")
    catalogue = replace(catalogue, tasks={"riddle": catalogue.tasks["riddle"]})
    alone = Results(results.scores[results.scores["task"] == "riddle"], catalogue, answers=results.answers)
    board = make_leaderboard(alone)
    assert render(board, "md").startswith("### riddle: which rule do the predictions follow?")
    with pytest.raises(ValueError, match=r"common scale \(riddle\)"):
        summary_of(board)
    assert {path.stem for path in write_figures(alone, tmp_path)} == {"fingerprint"}


def test_the_figure_has_a_bar_a_learner_in_a_panel_a_riddle(results: Results) -> None:
    figure = fingerprint_figure(results)
    assert figure is not None
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["mlp", "forest", "lookup"]
    widths = [patch.get_width() for patch in axes.patches]  # pyright: ignore[reportAttributeAccessIssue] -- rectangles
    assert widths == [3 / 8, 3 / 8, 1 / 4, 0, 1, 0, 0, 0, 1]


def test_without_riddles_there_is_no_figure(results: Results) -> None:
    scored = results.catalogue.only(lambda cell: cell.task == "scored")
    assert fingerprint_figure(replace(results, catalogue=scored)) is None
