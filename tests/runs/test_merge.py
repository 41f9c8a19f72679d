"""Folders that are joined: nothing is lost, nothing is averaged, and the folders themselves are only read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import grue
from grue.engine.parquet import read_file, to_bytes
from grue.engine.store import Store
from grue.reports.provenance import warnings_of
from grue.runs.catalogue import read_catalogue
from grue.runs.errors import UsageError
from grue.runs.merge import merge
from grue.runs.reading import read
from grue.runs.run import plan_run

FEW = {"tasks": ["identity-bits"], "jobs": 0, "exposed": (0,)}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two folders that share two of the cells of `lookup`."""
    folder = tmp_path_factory.mktemp("made")
    grue.run("smoke", learners=["lookup", "forest"], seeds=1, out=folder / "a", **FEW)
    grue.run("smoke", learners=["lookup", "neighbours"], seeds=2, out=folder / "b", **FEW)
    return folder


@pytest.fixture
def folders(made: Path, tmp_path: Path) -> tuple[Path, Path]:
    return shutil.copytree(made / "a", tmp_path / "a"), shutil.copytree(made / "b", tmp_path / "b")


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def edit(folder: Path, learner: str, change: Callable[[pd.DataFrame, dict[str, Any]], None]) -> None:
    """Change the rows and the provenance of the batches of a learner."""
    for path in (folder / "batches").glob(f"*{learner}*"):
        table, metadata = read_file(path)
        rows = table.to_pandas()
        change(rows, metadata)
        path.write_bytes(to_bytes(pa.Table.from_pandas(rows, table.schema, preserve_index=False), metadata))


def test_a_merged_folder_has_the_cells_and_the_provenance_of_all(folders: tuple[Path, Path], tmp_path: Path) -> None:
    before = [content(folder) for folder in folders]
    merged = merge(folders, tmp_path / "c")
    assert [content(folder) for folder in folders] == before
    together, found = read(folders), read([tmp_path / "c"])
    assert found.catalogue.by_key == together.catalogue.by_key
    assert (
        found.scores.drop(columns="fit_seconds")
        .sort_values(["key", "split", "metric"], ignore_index=True)
        .equals(together.scores.drop(columns="fit_seconds").sort_values(["key", "split", "metric"], ignore_index=True))
    )
    assert merged.done == merged.cells == len(found.catalogue.by_key)
    assert set(found.source_of) == set(found.catalogue.by_key)
    assert {path for path in before[0] if path.startswith("predictions")} <= set(content(tmp_path / "c"))


def test_a_merged_folder_is_complete_for_the_runs_that_made_it(folders: tuple[Path, Path], tmp_path: Path) -> None:
    merge(folders, tmp_path / "c")
    plan, _, _ = plan_run("smoke", ["identity-bits"], ["lookup", "neighbours"], seeds=2, exposed=(0,))
    names = Store(tmp_path / "c").names()
    outcome = grue.run("smoke", learners=["lookup", "neighbours"], seeds=2, out=tmp_path / "c", **FEW)
    assert not outcome.failures
    assert Store(tmp_path / "c").names() == names, "nothing was left to do"
    assert {cell.key for cell in plan.cells} <= set(outcome.scores["key"])


def test_to_merge_again_changes_nothing_and_a_folder_is_added_to(folders: tuple[Path, Path], tmp_path: Path) -> None:
    merge(folders, tmp_path / "c")
    whole = content(tmp_path / "c")
    again = merge(folders, tmp_path / "c")
    assert sum(one.copied for one in again.sources) == 0
    assert content(tmp_path / "c") == whole
    merge(folders[:1], tmp_path / "d")
    merge(folders[1:], tmp_path / "d")
    assert content(tmp_path / "d") == whole


def test_a_merge_that_was_interrupted_is_repeated(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("grue.runs.merge.write_catalogue", interrupted)
        with pytest.raises(KeyboardInterrupt):
            merge(folders, tmp_path / "c")
    assert read_catalogue(tmp_path / "c") is None
    merge(folders, tmp_path / "c")
    assert set(read([tmp_path / "c"]).scores["key"]) == set(read(folders).scores["key"])


def test_a_cell_with_two_scores_is_refused_and_both_folders_are_named(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    def change(rows: pd.DataFrame, _: dict[str, Any]) -> None:
        rows.loc[(rows["metric"] == "score") & (rows["split"] == "id"), "value"] += 1e-9

    edit(folders[1], "lookup", change)
    with pytest.raises(UsageError, match=r"/a and .*/b have different scores for 2 cells .* lookup on identity-bits"):
        merge(folders, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_other_settings_of_a_pair_are_refused_by_name(folders: tuple[Path, Path], tmp_path: Path) -> None:
    grue.run("smoke", learners=["lookup"], seeds=1, test_size=33, out=tmp_path / "other", **FEW)
    with pytest.raises(UsageError, match=r"lookup on identity-bits with different settings \(test size: 50 -> 33\)"):
        merge([folders[0], tmp_path / "other"], tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_times_of_two_machines_are_marked(folders: tuple[Path, Path], tmp_path: Path) -> None:
    def change(_: pd.DataFrame, metadata: dict[str, Any]) -> None:
        metadata["machine"] = {"system": "Linux", "processor": "another"}

    assert not warnings_of(read(folders))
    edit(folders[1], "neighbours", change)
    assert len(merge(folders, tmp_path / "c").machines) == 2
    (warning,) = warnings_of(read([tmp_path / "c"]))
    assert warning.startswith("fit times are not comparable, because the machines differ: ")


def test_an_unreadable_file_is_named_and_the_rest_is_merged(folders: tuple[Path, Path], tmp_path: Path) -> None:
    whole = merge(folders, tmp_path / "whole")
    for table in ("batches", "predictions"):
        path = next((folders[1] / table).glob(f"*{'neighbours' if table == 'batches' else 'lookup'}*"))
        path.write_bytes(path.read_bytes()[:100])
    merged = merge(folders, tmp_path / "c")
    assert len(merged.unreadable) == 2
    assert all("cannot read" in line for line in merged.unreadable)
    assert merged.cells == whole.cells > merged.done


def test_failures_are_kept_until_their_cells_are_done(folders: tuple[Path, Path], tmp_path: Path) -> None:
    cells = read([folders[1]]).catalogue.by_pair["identity-bits", "neighbours"]
    record = {"label": "x", "task": "identity-bits", "learner": "neighbours", "keys": [cells[0].key], "cells": []}
    failure = {**record, "kind": "timeout", "message": "", "traceback": ""}
    Store(folders[0]).write_failure("job", failure)
    document = json.loads((folders[1] / "plan.json").read_text())
    document["cells"] = [cell for cell in document["cells"] if cell["learner"] == "lookup"]
    (tmp_path / "without").mkdir()
    shutil.copytree(folders[1] / "batches", tmp_path / "without" / "batches")
    (tmp_path / "without" / "plan.json").write_text(json.dumps(document))
    merged = merge([folders[0], tmp_path / "without"], tmp_path / "c")
    assert [one.left_out for one in merged.sources] == [0, 1]
    assert len(Store(tmp_path / "c").failures()) == 1
    merge([folders[1]], tmp_path / "c")
    assert not read([tmp_path / "c"]).failures


@pytest.mark.parametrize(
    ("given", "into", "message"),
    [
        (["a", "a/../a"], "c", "are the same folder"),
        (["a"], "a", "is also one of the folders"),
        (["a", "nowhere"], "c", "nowhere is not a result folder: it does not exist"),
        (["a", "empty"], "c", "empty is not a result folder: it has no plan.json"),
        (["reference/quick"], "c", "reference/quick is a packed folder"),
        (["a"], "reference/quick", "--into reference/quick is a packed folder, which takes no batches"),
        (["a"], "file", "is a file; expected a folder"),
        (["file"], "c", "file is not a result folder: it is a file"),
    ],
)
def test_what_cannot_be_merged_is_refused_and_nothing_is_written(
    folders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: list[str],
    into: str,
    message: str,
) -> None:
    monkeypatch.chdir(folders[0].parent)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    before = content(tmp_path)
    with pytest.raises(UsageError, match=message):
        merge(given, into)
    assert content(tmp_path) == before
    assert not (tmp_path / "c").exists()


def test_an_older_layout_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    plan = folders[0] / "plan.json"
    plan.write_text(plan.read_text().replace('"schema": 2', '"schema": 1'))
    with pytest.raises(UsageError, match="written by an earlier version"):
        merge(folders, tmp_path / "c")


def test_labels_are_those_of_the_plan_because_they_are_not_in_a_key(tmp_path: Path) -> None:
    learners = ["neighbours:n_neighbors=1"]
    grue.run("smoke", tasks=["identity-bits"], learners=learners, seeds=1, exposed=(0,), out=tmp_path / "a", jobs=0)
    text = (tmp_path / "a" / "plan.json").read_text()
    (tmp_path / "a" / "plan.json").write_text(text.replace("neighbours:n_neighbors=1", "nearest"))
    assert set(read([tmp_path / "a"]).scores["learner"]) == {"nearest"}


def test_mixed_commits_are_named_where_the_code_of_one_is_unknown(folders: tuple[Path, Path]) -> None:
    results = read([folders[0]])

    def warnings_with(*commits: str) -> list[str]:
        return warnings_of(replace(results, provenance=[{"commit": commit} for commit in commits]))

    assert warnings_with("0123456789+", "abcdef0123") == ["mixed commits of grue: 0123456789+, abcdef0123"]
    assert not warnings_with("0123456789", "abcdef0123"), "versions in the keys say what differs"
