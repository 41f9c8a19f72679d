"""The catalogue: what plan.json keeps, how it is indexed, and that it is quick with a hundred thousand cells."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from grue.learners.base import Learner, Predictor, Problem
from grue.learners.lookup import Lookup
from grue.runs.catalogue import (
    SCHEMA,
    Catalogue,
    CellInfo,
    LearnerInfo,
    NotApplicable,
    SplitInfo,
    TaskInfo,
    read_catalogue,
    write_catalogue,
)
from grue.runs.errors import UnreadablePlanError, UsageError
from grue.runs.plan import make_plan
from grue.runs.presets import load_preset
from grue.runs.union import merge_catalogues

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class WithPath(Learner):
    name = "with-path"

    where: Path = Path()

    def fit(self, problem: Problem) -> Predictor:
        return Lookup().fit(problem)


def test_a_plan_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    catalogue = make_plan(load_preset("smoke")).catalogue()
    write_catalogue(tmp_path, catalogue)
    assert read_catalogue(tmp_path) == catalogue
    assert {cell.settings for cell in catalogue.cells} == set(catalogue.settings)


@pytest.mark.parametrize("name", ["size", "reason"])
def test_a_field_that_is_missing_is_named_even_if_it_may_be_null(tmp_path: Path, name: str) -> None:
    task, learner = TaskInfo(family="f"), LearnerInfo("learner")
    write_catalogue(tmp_path, Catalogue({"t": task}, {"l": learner}, (), (NotApplicable("t", "l", None, "why"),)))
    document = json.loads((tmp_path / "plan.json").read_text())
    del document["not_applicable"][0][name]
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(UnreadablePlanError, match=f"not_applicable, row 0: {name} is missing; expected"):
        read_catalogue(tmp_path)


def test_tasks_are_described_in_words_and_parameters_are_columns() -> None:
    catalogue = make_plan(load_preset("smoke"), tasks=["identity-bits"], learners=["mlp", "forest"]).catalogue()
    assert catalogue.tasks["identity-bits"].description.endswith(".")
    assert catalogue.tasks["identity-bits"].headline == "odd"
    table = catalogue.learners_table
    assert list(table.index) == ["mlp", "forest"]
    assert {"kind", "version", "encoding"} <= set(table.columns)
    only_of_mlp = set(catalogue.learners["mlp"].parameters) - set(catalogue.learners["forest"].parameters)
    assert table.loc["forest", sorted(only_of_mlp)].isna().all()


def test_a_parameter_that_json_does_not_know_is_recorded_as_its_text(tmp_path: Path) -> None:
    learner = WithPath(where=tmp_path)
    catalogue = make_plan(load_preset("smoke"), tasks=["identity-bits"], learners=[learner]).catalogue()
    write_catalogue(tmp_path, catalogue)
    assert read_catalogue(tmp_path) == catalogue
    (recorded,) = catalogue.learners.values()
    assert recorded.parameters["where"] == str(tmp_path)


def test_the_committed_folder_stays_readable() -> None:
    catalogue = read_catalogue(ROOT / "results" / "reference" / "quick")
    assert catalogue is not None
    assert catalogue.cells
    assert set(catalogue.by_task) <= set(catalogue.tasks)


def test_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    document = Catalogue(
        {"t": TaskInfo()}, {"l": LearnerInfo("learner")}, (CellInfo("k", "t", "l", 1, 0, 0),)
    ).to_json()
    document["tasks"]["t"]["colour"] = "grue"
    document["cells"][0]["weather"] = "fine"
    (tmp_path / "plan.json").write_text(json.dumps(document))
    assert read_catalogue(tmp_path) == Catalogue.from_json(document)


@pytest.mark.parametrize("text", ["{", "[]", '{"tasks": {}}', '{"tasks": 1, "learners": {}, "cells": []}'])
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(UsageError, match=r"cannot read .*plan\.json"):
        read_catalogue(tmp_path)


def test_what_is_planned_later_is_no_longer_refused() -> None:
    refused = tuple(NotApplicable("t", "l", size, "too large") for size in (16, 64))
    first = Catalogue({"t": TaskInfo()}, {"l": LearnerInfo("learner")}, (), refused)
    later = Catalogue({"t": TaskInfo()}, {"l": LearnerInfo("learner")}, (CellInfo("k", "t", "l", 16, 0, 0, "s"),))
    assert [row.size for row in merge_catalogues([first, later]).not_applicable] == [64]


def test_reasons_are_grouped_and_take_at_most_three_lines() -> None:
    rows = [NotApplicable(f"task-{number}", "ngram", None, "predicts one symbol") for number in range(5)]
    assert Catalogue(not_applicable=tuple(rows)).reasons() == ["n/a: ngram on 5 tasks: predicts one symbol"]
    rows += [NotApplicable("maze", "gp", size, f"needs {size} GB") for size in (64, 256, 1024)]
    assert Catalogue(not_applicable=tuple(rows)).reasons() == [
        "n/a: ngram on 5 tasks: predicts one symbol",
        "n/a: gp on maze at n = 64: needs 64 GB",
        "n/a for 2 other reasons: --dry-run lists them",
    ]


def test_a_hundred_thousand_cells_take_seconds(tmp_path: Path) -> None:
    tasks = {
        f"t{number}": TaskInfo(splits=(SplitInfo("id"), SplitInfo("far", "x", 1, headline=True)))
        for number in range(40)
    }
    learners = {f"l{number}": LearnerInfo("learner", 1, {"width": number}) for number in range(25)}
    cells = tuple(
        CellInfo(f"{task}/{learner}/{size}/{seed}", task, learner, 2**size, 0, seed, learner)
        for task in tasks
        for learner in learners
        for size in range(10)
        for seed in range(10)
    )
    start = time.process_time()
    write_catalogue(tmp_path, merge_catalogues([Catalogue(tasks, learners, cells)]))
    found = read_catalogue(tmp_path)
    assert found is not None
    assert len(found.by_key) == len(found.cells_table) == 100_000
    assert len(found.by_task["t7"]["l7"]) == len(found.by_pair["t7", "l7"]) == 100
    assert time.process_time() - start < 20


def test_it_loads_neither_torch_nor_learners_nor_tasks() -> None:
    code = (
        "import sys, grue.runs.reading\n"
        "print([m for m in sys.modules if m == 'torch' or m.startswith(('grue.learners', 'grue.tasks'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_nothing_else_reads_a_plan_by_string() -> None:
    by_string = "plan" + '["'
    for path in ROOT.rglob("*.py"):
        if not {".venv", "build"} & set(path.relative_to(ROOT).parts):
            assert by_string not in path.read_text(), path


def test_the_direction_of_a_metric_is_recorded() -> None:
    plan = make_plan(load_preset("smoke"), tasks=["text", "identity-bits"], learners=["lookup"])
    recorded = plan.catalogue().to_json()
    assert {name: about["greater_is_better"] for name, about in recorded["tasks"].items()} == {
        "text": False,
        "identity-bits": True,
    }


@pytest.mark.parametrize(("layout", "when"), [(SCHEMA - 1, "an earlier"), (SCHEMA + 1, "a later")])
def test_a_folder_of_another_layout_is_refused_in_one_line(tmp_path: Path, layout: int, when: str) -> None:
    (tmp_path / "plan.json").write_text(json.dumps(Catalogue().to_json() | {"schema": layout}))
    with pytest.raises(UsageError, match=rf"plan\.json: it was written by {when} version of grue \(layout"):
        read_catalogue(tmp_path)
