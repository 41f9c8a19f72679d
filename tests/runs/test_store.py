"""What is on disk: whole files or none, the union of plans, one row a (cell, split, metric)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grue.engine.parquet import read_file, to_bytes
from grue.engine.store import Store
from grue.runs.catalogue import Catalogue, CellInfo, LearnerInfo, TaskInfo
from grue.runs.errors import UsageError
from grue.runs.reading import load, read
from grue.runs.results import COLUMNS
from grue.runs.rows import LAYOUT, join, to_table
from grue.runs.union import extend_catalogue, merge_catalogues


def rows(key: str, value: float = 0.5, seed: int = 0) -> pd.DataFrame:
    cell = {"task": "t", "learner": "l", "size": 16, "exposed": 0, "seed": seed, "fit_seconds": 0.1, "status": "ok"}
    return pd.DataFrame([{**cell, "key": key, "split": "id", "metric": "score", "value": value, "count": 10}])


def plan(*keys: str, settings: str = "s") -> Catalogue:
    cells = tuple(CellInfo(key, "t", "l", 16, 0, seed, settings) for seed, key in enumerate(keys))
    return Catalogue({"t": TaskInfo()}, {"l": LearnerInfo("learner", 1)}, cells)


def store(folder: Path, *keys: str) -> Store:
    made = Store(folder)
    (folder / "batches").mkdir(parents=True)
    extend_catalogue(made.folder, plan(*keys))
    return made


def write(store: Store, name: str, rows: pd.DataFrame, metadata: dict[str, Any] | None = None) -> Path:
    store.write(name, {"batches": to_bytes(to_table(rows, LAYOUT), metadata or {})})
    return store.path(name)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(store(tmp_path, "a"), "one", rows("a"), {"seconds": 1.0, "cells": ["a"], "versions": {"grue": "0"}})
    frame = load(tmp_path)
    assert list(frame.columns) == COLUMNS
    assert frame["value"].tolist() == [0.5]
    assert read([tmp_path]).provenance == [{"versions": {"grue": "0"}}]


def test_a_file_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    own = store(tmp_path, "a")
    write(own, "one", rows("a"))
    whole = own.path("one").read_bytes()
    own.path("two").with_name(".two.parquet.partial").write_bytes(whole[:50])
    assert len(load(tmp_path)) == 1


def test_a_cell_in_two_files_counts_once(tmp_path: Path) -> None:
    own = store(tmp_path, "a")
    write(own, "one", rows("a"))
    write(own, "two", rows("a"))
    assert len(load(tmp_path)) == 1


def test_a_success_takes_the_failure_away(tmp_path: Path) -> None:
    own = store(tmp_path, "a", "b")
    failure = {"task": "t", "learner": "l", "keys": ["a", "b"], "cells": []}
    own.write_failure("one", {**failure, "message": "no", "kind": "error", "traceback": ""})
    write(own, "half", rows("a"))
    assert len(read([tmp_path]).failures) == 1, "b is still missing"
    write(own, "other half", rows("b", seed=1))
    assert not read([tmp_path]).failures


def test_plans_add_up_and_other_settings_replace() -> None:
    assert [cell.key for cell in merge_catalogues([plan("a", "b"), plan("b", "c")]).cells] == ["a", "b", "c"]
    assert [cell.key for cell in merge_catalogues([plan("a"), plan("z", settings="other")]).cells] == ["z"]


def test_results_of_other_settings_stay_on_disk_and_come_back(tmp_path: Path) -> None:
    own = store(tmp_path, "a")
    write(own, "one", rows("a"))
    assert extend_catalogue(own.folder, plan("z", settings="other")) == 1
    assert load(tmp_path).empty
    extend_catalogue(own.folder, plan("a"))
    assert len(load(tmp_path)) == 1


def test_what_an_earlier_version_did_not_write_is_null(tmp_path: Path) -> None:
    own = store(tmp_path, "a", "b")
    old = write(own, "old", rows("a"))
    table, metadata = read_file(old)
    old.write_bytes(to_bytes(table.drop_columns(["record", "count"]), metadata))
    write(own, "new", rows("b"))
    found, _ = join(own.read())
    assert sorted(found["key"]) == ["a", "b"]
    assert found.set_index("key")["record"].isna()["a"]


def test_what_is_no_result_folder_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it has no plan\.json"):
        read([tmp_path])
    with pytest.raises(UsageError, match="it does not exist"):
        read([tmp_path / "nowhere"])


def test_no_pickle_is_read_or_written() -> None:
    root = Path(__file__).parents[2]
    for room in ("engine", "runs", "studies", "reports", "cli", "analysis", "metrics", "learners", "tasks", "testing"):
        for path in (root / room).rglob("*.py"):
            assert "import pickle" not in path.read_text(), path
            assert "allow_pickle=True" not in path.read_text(), path
