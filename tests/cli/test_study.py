"""`grue study`, as somebody types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from grue.cli import app
from grue.runs.names import UsageError
from grue.studies.catalogue import STUDIES

Call = Callable[..., tuple[int, str, str]]


def test_without_a_name_the_studies_are_listed() -> None:
    for arguments in ([], ["list"]):
        result = CliRunner().invoke(app, ["study", *arguments])
        assert result.exit_code == 0
        assert result.output.startswith("prior  ")
    names = CliRunner().invoke(app, ["study", "list", "--names"]).output.split()
    assert names == [*STUDIES]


def test_mistakes_are_exit_code_2_with_the_nearest_right_thing(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["study", "forgeting"])
    assert result.exit_code == 2
    assert "forgetting" in result.output
    wrong = CliRunner().invoke(app, ["study", "forgetting", "--learner", "linaer", "--out", str(tmp_path / "out")])
    assert isinstance(wrong.exception, UsageError), "grue.cli.main makes it one line and exit code 2"
    assert "did you mean 'linear'" in str(wrong.exception)
    assert not (tmp_path / "out").exists()


def test_a_study_that_takes_no_learners_refuses_them(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(app, ["study", "complexity", "--learner", "mlp", "--out", str(tmp_path / "out")])
    assert isinstance(wrong.exception, UsageError)
    assert "complexity takes no --learner" in str(wrong.exception)
    assert not (tmp_path / "out").exists()


def test_a_study_of_the_list_ends_with_verdicts_and_is_resumed(tmp_path: Path) -> None:
    command = ["study", "complexity", "--quick", "--jobs", "0", "--out", str(tmp_path)]
    first = CliRunner().invoke(app, command)
    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("Verdicts\n")
    assert "Published figures" in first.stdout
    for name in ("findings.json", "figures/complexity.svg", "figures/complexity.pdf", "figures/complexity.png"):
        assert f"wrote {tmp_path / name}" in first.stderr
        assert (tmp_path / name).stat().st_size > 1000
    (tmp_path / "findings.json").write_text("{")
    again = CliRunner().invoke(app, [*command, "--format", "json"])
    assert "3 done, 0 to do" in again.stderr
    assert (tmp_path / "findings.json").read_text(encoding="utf-8") == again.stdout
    assert not list(tmp_path.glob(".*.partial"))
    found = json.loads(again.stdout)
    assert (found["study"], found["scale"], found["question"]) == ("complexity", "quick", STUDIES["complexity"][1])
    assert {one["decision"] for one in found["verdicts"]} >= {"supported", "contradicted"}
    assert all(one["agrees"] for one in found["published"] if one["figure"].startswith("K_LZ of"))


def test_two_scales_and_no_time_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    for wrong in (["--quick", "--full"], ["--timeout", "0"], ["--timeout", "nan"]):
        result = CliRunner().invoke(app, ["study", "complexity", *wrong, "--out", str(tmp_path / "out")])
        assert result.exit_code == 2, wrong
        assert wrong[0] in result.output
    assert not (tmp_path / "out").exists()


def test_the_folder_of_something_else_is_refused_and_stays_as_it_is(tmp_path: Path, call: Call) -> None:
    run, study = tmp_path / "run", tmp_path / "study"
    run.mkdir()
    (run / "plan.json").write_text("{}")
    study.mkdir()
    (study / "study.json").write_text('{"study": "prior"}')
    for arguments, reason in (
        (("study", "complexity", "--quick", "--out", str(run)), "is the folder of a run; expected that of this study"),
        (("study", "complexity", "--quick", "--out", str(study)), "is the folder of the study 'prior'; expected that"),
        (("run", "--preset", "smoke", "--out", str(study)), "is the folder of a study; expected that of a run, or a"),
    ):
        code, _, err = call(*arguments)
        assert (code, err.count("\n")) == (2, 1)
        assert reason in err
    assert [path.name for path in (*run.iterdir(), *study.iterdir())] == ["plan.json", "study.json"]
