"""Less of a large folder in memory: no check is passed over, and reports are the same."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grue.engine.parquet import Columns
from grue.engine.parts import Block, Files
from grue.reports.formats import render
from grue.reports.leaderboard import make_leaderboard
from grue.runs.batches import BatchStore, impossible, twofold
from grue.runs.catalogue import write_catalogue
from grue.runs.reading import read, require_catalogue
from grue.runs.results import Results
from grue.runs.rows import LAYOUT, TEXTS, UNIQUE, first_rows, join_files
from grue.runs.run import run
from grue.runs.shrink import nothing, reported, shrink

PRESET = """
description = "small"
tasks = ["identity-bits", "riddle-token", "riddle-position"]
learners = ["linear", "neighbours", "boosting"]
sizes = [16, 64]
exposed = [0]
seeds = 2
test_size = 40
timeout = 60
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("shrink")
    (parent / "small.toml").write_text(PRESET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return run(str(parent / "small.toml"), jobs=0, out=parent / "results").folder


def shrunk(table: pa.Table, keep: Callable[[pa.Table], np.ndarray] = nothing) -> tuple[Block, Block]:
    """A file of two jobs as it is, and what is kept of it."""
    half = table.num_rows // 2
    block = Block("part+0", table, {"a": (0, half, {}), "b": (half, table.num_rows - half, {})})
    return block, shrink(block, keep)


def small() -> dict[str, list[object]]:
    """The rows of four cells, two a job, in columns."""
    rows = list(product(range(4), ("id", "far"), ("score", "score_error", "accuracy")))
    about: dict[str, object] = {
        "task": "t",
        "learner": "l",
        "status": "ok",
        "size": 16,
        "exposed": 0,
        "suite_seed": 0,
        "count": 9,
    }
    columns: dict[str, list[object]] = {name: [value] * len(rows) for name, value in about.items()}
    columns |= {"key": [f"key{cell}" for cell, _, _ in rows], "seed": [cell for cell, _, _ in rows]}
    columns |= {"split": [split for _, split, _ in rows], "metric": [metric for _, _, metric in rows]}
    columns |= {"value": [0.5] * len(rows), "fit_seconds": [0.1] * len(rows)}
    return columns


def to_table(columns: dict[str, list[object]]) -> pa.Table:
    schema = pa.schema([one for one in LAYOUT if one.name in columns])
    table = pa.table({one.name: pa.array(columns[one.name], one.type) for one in schema})
    for name in set(TEXTS).intersection(columns):
        table = table.set_column(schema.get_field_index(name), name, table[name].dictionary_encode())
    return table


ODD: dict[str, list[object]] = {
    "value": [None, float("nan"), float("inf"), -1e31, -0.5],
    "fit_seconds": [None, 1e200],
    "count": [None, -1],
    "size": [None, -3],
    "suite_seed": [None, -1],
    "status": [None],
    "metric": [None, "accuracy"],
    "key": [None, "key1"],
}


@given(
    st.lists(st.tuples(st.integers(0, 23), st.sampled_from([(k, v) for k, vs in ODD.items() for v in vs])), max_size=3)
)
def test_a_file_that_a_check_finds_fault_with_stays_whole(changes: list[tuple[int, tuple[str, object]]]) -> None:
    columns = small()
    for row, (name, value) in changes:
        columns[name][row] = value
    whole, less = shrunk(to_table(columns))
    rows = join_files(Files(list(whole.jobs), [whole]))
    wrong = [*impossible(rows), *twofold(rows)]
    twice = rows.duplicated(UNIQUE).any()  # in two files: whether they agree is to be found out
    assert (less is whole) == (bool(wrong) or twice)


def test_the_first_row_of_each_cell_and_the_needed_ones_are_kept() -> None:
    table = to_table(small())
    _, less = shrunk(table)
    assert less.table["key"].to_pylist() == ["key0", "key1", "key2", "key3"]
    assert {name: (start, count) for name, (start, count, _) in less.jobs.items()} == {"a": (0, 2), "b": (2, 2)}
    _, less = shrunk(table, lambda one: np.arange(one.num_rows) % 6 == 1)
    assert less.table["metric"].to_pylist() == ["score", "score_error"] * 4
    assert {name: (start, count) for name, (start, count, _) in less.jobs.items()} == {"a": (0, 4), "b": (4, 4)}


def test_two_cells_under_one_key_are_both_kept() -> None:
    """Where they disagree with the plan is seen from their first rows."""
    columns = small()
    columns["size"][3] = 17
    _, less = shrunk(to_table(columns))
    assert less.table["size"].to_pylist() == [16, 17, 16, 16, 16]


def test_what_is_done_is_the_same_as_in_all_rows(folder: Path) -> None:
    store, catalogue = BatchStore(folder), require_catalogue(folder)
    every = store.read(columns=Columns(texts=TEXTS))
    blocks = [shrink(block, nothing) for block in every.blocks]
    assert sum(block.table.num_rows for block in blocks) == len(catalogue.cells)
    first = first_rows(join_files(every), ["key"])["key"].tolist()
    assert join_files(Files(list(every), blocks))["key"].tolist() == first


@pytest.mark.parametrize("form", ["text", "csv", "json"])
def test_reports_are_those_of_all_rows(folder: Path, form: str) -> None:
    every, less = read([folder]), read([folder], every_metric=False)
    assert len(less.scores) < len(every.scores)
    assert less.answers.keys() == every.answers.keys()
    assert less.steps == every.steps != {}
    assert printed(less, form) == printed(every, form)


def test_rows_that_another_folder_plans_are_kept(folder: Path, tmp_path: Path) -> None:
    """What a folder's own plan has lost, such as a riddle, may be reported with another's plan."""
    catalogue = require_catalogue(folder)
    without, asking = tmp_path / "without", tmp_path / "asking"
    shutil.copytree(folder, without)
    write_catalogue(without, catalogue.of_tasks(["identity-bits"]))
    asking.mkdir()
    write_catalogue(asking, catalogue)
    every, less = read([without, asking]), read([without, asking], every_metric=False)
    assert less.answers.keys() == every.answers.keys() != set()
    assert printed(less, "csv") == printed(every, "csv") != printed(read([without]), "csv")


def printed(results: Results, form: str) -> str:
    return render(make_leaderboard(replace(results, provenance=[])), form)


def test_reported_are_what_tasks_are_ranked_by_and_all_of_riddles(folder: Path) -> None:
    catalogue = require_catalogue(folder)
    riddles = {name for name, info in catalogue.tasks.items() if not info.has_curve}
    table = pa.concat_tables([one for one, _ in BatchStore(folder).read(columns=Columns(texts=TEXTS)).values()])
    kept = table.filter(pa.array(reported(catalogue)(table)))
    assert {*table["metric"].to_pylist()} > {"score", "log_loss"}
    for task, metric, record in zip(*(kept[name].to_pylist() for name in ("task", "metric", "record")), strict=True):
        assert (
            task in riddles
            or record
            or metric in {"score", "score_error", "accuracy", "accuracy_error"}
            or "code" in metric
        )
