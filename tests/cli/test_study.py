"""`grue study`, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grue.cli import app
from grue.runs.names import UsageError

SMALL = ["--learner", "neighbours", "--learner", "linear", "--seeds", "2", "--jobs", "0"]


def test_without_a_name_the_studies_are_listed() -> None:
    result = CliRunner().invoke(app, ["study"])
    assert result.exit_code == 0
    assert result.output.startswith("forgetting  ")


def test_mistakes_are_exit_code_2_with_the_nearest_right_thing(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["study", "forgeting"])
    assert result.exit_code == 2
    assert "forgetting" in result.output
    wrong = CliRunner().invoke(app, ["study", "forgetting", "--learner", "linaer", "--out", str(tmp_path / "out")])
    assert isinstance(wrong.exception, UsageError), "grue.cli.main makes it one line and exit code 2"
    assert "did you mean 'linear'" in str(wrong.exception)
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    result = CliRunner().invoke(app, ["study", "forgetting", *SMALL, "--out", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def test_the_table_the_figure_and_the_rest_of_a_run(out: Path) -> None:
    for ending in ("svg", "pdf", "png"):
        assert (out / "figures" / f"forgetting.{ending}").stat().st_size > 1000
    again = CliRunner().invoke(app, ["study", "forgetting", *SMALL, "--out", str(out)])
    assert "12 units: 12 done, 0 to do" in again.stderr
    for line in ("### Forgetting: digits", "### Forgetting: facts", "linear: cannot go on, so refitted only"):
        assert line in again.stdout
    assert "| neighbours" in again.stdout


@pytest.mark.parametrize("form", ["csv", "json", "tex"])
def test_other_formats_go_to_a_file(form: str, out: Path, tmp_path: Path) -> None:
    path = tmp_path / f"table.{form}"
    arguments = ["study", "forgetting", *SMALL, "--out", str(out), "--format", form, "--output", str(path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    text = path.read_text()
    if form == "json":
        figures = json.loads(text)["figures"]
        assert {one["way"] for one in figures} == {"continued", "refitted", "joint"}
    else:
        assert {"csv": "stream,way,learner,measure,mean,half_width,seeds", "tex": r"\toprule"}[form] in text
