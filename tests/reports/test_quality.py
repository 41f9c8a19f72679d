"""`grue quality`: what it prints, what it writes, and when it fails."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import grue.runs.reading
import grue.runs.status
from grue.cli import main
from grue.runs.names import LEARNERS
from grue.runs.results import Results
from grue.runs.status import Decision, StatusList, declared, read_status, requirements
from grue.tasks import TASKS

SPEC = spec_from_file_location("built", Path(__file__).parents[1] / "analysis" / "test_quality.py")
assert SPEC
assert SPEC.loader
built = module_from_spec(SPEC)
SPEC.loader.exec_module(built)

LIST = StatusList({"toy": Decision("measures", "toys", 3, 10)}, "grue run --suite-seed 1", "abc")
WHY = StatusList(
    {
        "toy": Decision(
            "measures", "toys", 3, 10, (), 64, "mlp 1.00", "greedy 0.10", ("mlp - forest OOD +0.30 ± 0.10",)
        ),
        "maze": Decision(
            "frontier", "mazes", 1, 10, ("no general-purpose learner reaches ID 0.9",), 64, "cnn 0.61", ""
        ),
    },
    "grue run --preset deciding",
    "abc",
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str, results: Results | None, decided: StatusList = LIST) -> tuple[int, str, str]:
        monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: results)
        monkeypatch.setattr(grue.runs.status, "read_status", lambda: decided)
        monkeypatch.setattr(sys, "argv", ["grue", "quality", *(["DIR"] if results else []), *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    return call


def test_the_table_has_the_list_beside_what_the_results_show(run: Callable[..., tuple[int, str, str]]) -> None:
    code, text, _ = run(results=built.results_of(built.GOOD))
    assert code == 0
    assert "toy  measures  measures" in text
    assert "By the list, 1 of these 1 tasks measure, of 1 families." in text
    assert "grue run --suite-seed 1 (commit abc)" in text
    assert all(len(line) <= 100 for line in text.splitlines())


def test_without_a_folder_it_prints_the_list(run: Callable[..., tuple[int, str, str]]) -> None:
    code, text, _ = run(results=None, decided=WHY)
    assert code == 0
    assert [line.split() for line in text.splitlines() if line.startswith(("toy  ", "maze  "))] == [
        ["toy", "toys", "measures", "64", "10"],
        ["maze", "mazes", "frontier", "64", "10"],
    ]
    assert "toy: best mlp 1.00, shallow greedy 0.10; mlp - forest OOD +0.30 ± 0.10." in text
    assert "maze: best cnn 0.61, shallow none. Frontier: no general-purpose learner reaches ID 0.9." in text
    assert "Made by grue run --preset deciding (commit abc)." in text
    code, _, errors = run("--flags", results=None)
    assert (code, errors) == (
        2,
        "grue: give a result folder; without one, quality prints the list, as text or md\n",
    )


def test_a_task_that_measures_by_the_list_alone_is_named(run: Callable[..., tuple[int, str, str]]) -> None:
    _, text, _ = run(results=built.results_of({**built.GOOD, "rule": (1.0, 1.0)}))
    assert "Measures by the list, but not in these results: toy." in text
    other = StatusList({"other": Decision("measures", "toys", 1, 10)}, "c", None)
    _, text, _ = run(results=built.results_of(built.GOOD), decided=other)
    assert "is not part of these results: other." in text


def test_another_version_of_a_task_is_undecided() -> None:
    assert LIST.status("toy", 3) == "measures"
    assert LIST.status("toy", 4) == "undecided"
    assert LIST.status("other", 3) == "undecided"


def test_it_fails_under_a_number_of_tasks_on_the_list(run: Callable[..., tuple[int, str, str]]) -> None:
    results = built.results_of({**built.GOOD, "rule": (1.0, 1.0)})  # what it shows itself does not count
    assert run("--fail-under", "measuring=1,families=1", results=results)[0] == 0
    code, _, errors = run("--fail-under", "measuring=2,families=1", results=results)
    assert (code, errors) == (1, "grue: measuring 1, expected at least 2\n")
    assert run("--fail-under", "measuring=many", results=results)[0] == 2
    assert requirements("families=6, measuring=10") == {"families": 6, "measuring": 10}


def test_csv_has_a_row_for_each_contrast(run: Callable[..., tuple[int, str, str]]) -> None:
    _, text, _ = run("--format", "csv", results=built.results_of(built.GOOD))
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["task"], row["list"], row["here"], row["first"], row["second"]) == (
        "toy", "measures", "measures", "mlp", "forest",
    )  # fmt: skip
    assert float(row["difference"]) == pytest.approx(0.4)


def test_markdown_is_a_table(run: Callable[..., tuple[int, str, str]]) -> None:
    _, text, _ = run("--format", "md", results=built.results_of(built.GOOD))
    assert "| toy | measures | measures |" in text


def test_flags_are_limited_on_the_tasks_that_measure(run: Callable[..., tuple[int, str, str]]) -> None:
    flagged = built.results_of(built.GOOD, statuses={"mlp": "budget"})
    code, text, errors = run("--flags", "--max", "0.08", results=flagged)
    assert (code, errors) == (1, "grue: 10 of 10 cells are flagged, expected at most 8 %\n")
    assert "100.0 % of 10" in text
    assert run("--flags", "--max", "0.08", results=built.results_of(built.GOOD))[0] == 0
    assert run("--flags", "--max", "0.08", results=flagged, decided=StatusList())[0] == 1
    assert run("--max", "0.08", results=flagged)[0] == 2


def test_the_list_is_written_from_suite_seed_1_and_ten_seeds_alone(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    path = tmp_path / "status.json"
    code, text, _ = run("--decide", str(path), results=built.results_of(built.GOOD))
    assert (code, read_status(path).status("toy", 3)) == (0, "measures")
    assert text == f"wrote {path}: 1 of 1 tasks measure\n"
    assert run("--decide", str(path), results=built.results_of(built.GOOD, suite_seed=0))[0] == 2
    _, _, errors = run("--decide", str(path), results=built.results_of(built.GOOD, seeds=9))
    assert errors == "not decided: toy (9 seeds of 10)\n"
    assert read_status(path).tasks == {}


def test_a_file_that_is_no_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    path.write_text(json.dumps({"tasks": []}))
    with pytest.raises(grue.runs.status.UsageError, match=r"status\.json is not a list"):
        read_status(path)


def test_declared_contrasts_and_tasks_exist() -> None:
    assert {name for pair in declared().contrasts for name in pair} <= set(LEARNERS)
    assert set(declared().exposure) <= set(TASKS)
    assert len(declared().contrasts) <= 10


def test_the_committed_list_can_be_read_and_names_known_tasks() -> None:
    decided = read_status()
    assert {name.partition(":")[0] for name in decided.tasks} <= set(TASKS)
    assert all(one.seeds >= 10 for one in decided.tasks.values())
