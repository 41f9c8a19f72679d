"""`grue verify`: a sound folder passes, every fault is named, and cells that are fitted again are the recorded ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import grue
from grue.engine.parquet import read_file, to_bytes
from grue.runs.catalogue import Catalogue
from grue.runs.cells import digest
from grue.runs.errors import UsageError
from grue.runs.plan import make_plan
from grue.runs.presets import load_preset
from grue.runs.reading import read
from grue.runs.rebuild import rebuild
from grue.runs.rerun import choose_cells, compare_cell
from grue.runs.verify import Finding, verify
from grue.tasks.base import Task

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "out"
    learners = ["neighbours", "forest:n_estimators=5", "oracle"]
    grue.run("smoke", tasks=["identity-bits"], learners=learners, seeds=2, exposed=(0,), out=folder, jobs=0)
    return folder


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "out")


def problems(found: list[Finding]) -> list[str]:
    return [f"{one.check}: {one.text}" for one in found if one.level == "problem"]


def edit_plan(out: Path, change: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((out / "plan.json").read_text())
    change(document)
    (out / "plan.json").write_text(json.dumps(document))


def edit_batch(out: Path, change: Callable[[pd.DataFrame, dict[str, Any]], pd.DataFrame | None]) -> None:
    """Change the rows and the provenance of the batch of `neighbours`."""
    (path,) = (out / "batches").glob("*neighbours*")
    table, metadata = read_file(path)
    rows = table.to_pandas()
    changed = change(rows, metadata)
    rows = rows if changed is None else changed
    path.write_bytes(to_bytes(pa.Table.from_pandas(rows, table.schema, preserve_index=False), metadata))


def raise_scores(rows: pd.DataFrame, _: dict[str, Any]) -> None:
    rows.loc[(rows["metric"] == "score") & (rows["split"] == "odd"), "value"] += 0.9


def test_a_sound_folder_has_no_problem_and_is_not_changed(out: Path) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    found = verify(out)
    assert not problems(found)
    assert Finding("ok", "keys", "12 recomputed with this version of grue") in found
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_cells_that_are_fitted_again_are_equal_bit_for_bit(out: Path) -> None:
    found = [one for one in verify(out, reruns=8) if one.check == "rerun"]
    assert len(found) == 8, "the cells of both learners, and not those of the oracle"
    assert {one.level for one in found} == {"ok"}
    assert all("equal bit for bit (the same machine and versions)" in one.text for one in found)


def test_scores_that_nobody_can_reproduce_are_found(out: Path) -> None:
    edit_batch(out, raise_scores)
    (first, *_) = found = problems(verify(out, reruns=8))
    assert len(found) == 4
    assert first.startswith("rerun: neighbours on identity-bits, n = ")
    assert "score on odd: " in first


def test_another_machine_may_differ_within_three_standard_errors(out: Path) -> None:
    def nudge(rows: pd.DataFrame, metadata: dict[str, Any]) -> None:
        metadata["machine"] = {"system": "Linux", "processor": "another"}
        rows.loc[rows["metric"] == "score", "value"] += 1e-9

    edit_batch(out, nudge)
    found = verify(out, reruns=8)
    assert not problems(found)
    assert sum("within 3 standard errors (another machine or other versions)" in one.text for one in found) == 4


def test_the_limit_is_three_times_the_larger_standard_error() -> None:
    def rows(score: float, error: float) -> pd.DataFrame:
        shared = {"split": "id", "status": "ok", "examples": None}
        values = [("score", score), ("score_error", error)]
        return pd.DataFrame([{**shared, "metric": name, "value": value} for name, value in values])

    task = read(["reference/quick"]).catalogue.tasks["identity-bits"]
    assert compare_cell(rows(0.5, 0.02), rows(0.5, 0.02), task, exact=True) == (True, "")
    assert compare_cell(rows(0.5, 0.01), rows(0.559, 0.02), task, exact=False) == (False, "")
    assert compare_cell(rows(0.5, 0.01), rows(0.561, 0.02), task, exact=False)[1]
    assert compare_cell(rows(0.5, 0.01), rows(0.501, 0.01), task, exact=True)[1]
    assert compare_cell(rows(0.5, 0.01), rows(float("nan"), 0.01), task, exact=False)[1]


def test_the_sample_is_the_same_for_the_same_seed() -> None:
    catalogue = read(["reference/quick"]).catalogue
    pairs, done = rebuild(catalogue).pairs, set(catalogue.by_key)
    chosen = [choose_cells(catalogue, pairs, done, 5, seed) for seed in (0, 0, 1)]
    assert chosen[0] == chosen[1] != chosen[2]
    assert len(set(chosen[0])) == 5


@pytest.mark.parametrize(
    ("preset", "tasks"), [("smoke", None), ("standard", None), ("crossed", None), ("paper", ["identity-bits", "slabs"])]
)
def test_every_pair_of_a_preset_is_made_again_from_its_plan(preset: str, tasks: list[str | Task] | None) -> None:
    plan = json.loads(json.dumps(make_plan(load_preset(preset), tasks=tasks).catalogue().to_json()))
    catalogue = Catalogue.from_json(plan)
    rebuilt = rebuild(catalogue, trust=True)
    assert (rebuilt.different, rebuilt.unknown) == ({}, {})
    assert rebuilt.pairs.keys() == catalogue.by_pair.keys()


def test_another_version_is_named_and_not_fitted_again(out: Path) -> None:
    """Whoever made the folder had version 0 of the task, so its keys are right, and others than ours."""

    def older(document: dict[str, Any]) -> None:
        names = {}
        for label, recorded in list(document["settings"].items()):
            recorded["task"]["version"] = 0
            names[label] = digest(recorded)[:16]
            document["settings"][names[label]] = document["settings"].pop(label)
        for cell in document["cells"]:
            cell["settings"] = names[cell["settings"]]
            axes = {axis: cell[axis] for axis in ("size", "exposed", "seed")}
            cell["key"] = digest({**document["settings"][cell["settings"]], **axes})

    edit_plan(out, older)
    found = verify(out, reruns=1)
    text = "12 cells made with other versions or settings: identity-bits: task: version 0 -> 1"
    assert Finding("note", "keys", text) in found
    assert "rerun: no finished cell can be fitted again with this version of grue" in problems(found)


def test_settings_that_were_changed_after_the_run_are_found(out: Path) -> None:
    def change(document: dict[str, Any]) -> None:
        for recorded in document["settings"].values():
            recorded["test_size"] = 5000

    edit_plan(out, change)
    found = problems(verify(out))
    assert any("they were changed after the run" in one for one in found)
    assert any("is not that of its settings" in one for one in found)


def test_a_label_that_says_other_than_its_settings_is_named(out: Path) -> None:
    (out / "plan.json").write_text(
        (out / "plan.json").read_text().replace("forest:n_estimators=5", "forest:n_estimators=9")
    )
    found = verify(out)
    text = "4 cells made with other versions or settings: forest:n_estimators=9: learner: n_estimators 5 -> 9"
    assert Finding("note", "keys", text) in found
    assert any("and its rows are of forest:n_estimators=5" in one for one in problems(found))


def test_every_corrupt_file_is_named(out: Path) -> None:
    for table in ("batches", "predictions", "examples"):
        path = next((out / table).iterdir())
        path.write_bytes(path.read_bytes()[:-50])
    (out / "failures").mkdir()
    (out / "failures" / "x.json").write_text("{")
    found = problems(verify(out))
    assert len(found) == 4
    assert all(one.startswith("files: cannot read ") for one in found)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows, _: rows.assign(status="fine"), "unknown status 'fine'"),
        (lambda rows, _: rows.assign(seed=rows["seed"] + 1), "and its rows are of neighbours on identity-bits"),
        (lambda rows, _: rows.loc[rows["split"] != "odd"], "has no rows of the splits odd"),
        (lambda rows, _: rows.loc[rows["seed"] == 0], "its rows are of other cells than its metadata say"),
        (lambda rows, _: pd.concat([rows, rows.assign(value=0.5)]), "has two different scores"),
        (lambda _, metadata: metadata.update(schema=0), "schema 0; expected 1"),
        (lambda _, metadata: metadata.pop("machine") and None, "has no machine"),
        (lambda _, metadata: metadata.pop("versions") and None, "has no versions"),
    ],
)
def test_rows_and_metadata_that_cannot_be_right_are_found(out: Path, change: Any, problem: str) -> None:
    edit_batch(out, change)
    assert any(problem in one for one in problems(verify(out))), problems(verify(out))


def test_code_in_a_plan_is_imported_only_with_trust(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stranger.py").write_text("open('imported', 'w').close()\n")
    monkeypatch.chdir(tmp_path)
    plan = (out / "plan.json").read_text()
    for label in ("stranger:Mine", "stranger:Mine,view=tied"):
        (out / "plan.json").write_text(plan.replace('"neighbours"', f'"{label}"'))
        found = verify(out)
        assert any(f"{label!r}; if you trust the folder, use --trust" in one.text for one in found)
    assert not (tmp_path / "imported").exists()


def test_imported_answers_are_noted(made: Path) -> None:
    catalogue = read([made]).catalogue
    info = catalogue.learners["neighbours"]
    imported = Catalogue(
        catalogue.tasks,
        {**catalogue.learners, "neighbours": type(info)("learner", 1, {"imported": True})},
        catalogue.cells,
        (),
        catalogue.settings,
    )
    assert rebuild(imported).unknown == {("identity-bits", "neighbours"): "its answers were imported"}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "is not a result folder: it does not exist"),
        ("empty", "is not a result folder: it has no plan.json"),
        ("reference", "is a packed folder, which has no batches"),
    ],
)
def test_what_is_no_result_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=message):
        verify(name)


def test_a_folder_without_results_is_a_problem(out: Path) -> None:
    shutil.rmtree(out / "batches")
    assert problems(verify(out)) == ["cells: 0 of 12 planned cells have results"]
