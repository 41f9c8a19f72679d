"""`grue page`: the site of the reference, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grue.analysis.answers import final_keys
from grue.analysis.findings import Findings, StudyRun, Verdict
from grue.cli import app
from grue.reports import study_files
from grue.runs.errors import UsageError
from grue.runs.probe_answers import read_probe_answers
from grue.runs.probe_text import EXAMPLES, probe_texts
from grue.runs.reading import read

LIMIT = 8_000_000


def test_the_site_of_the_reference_is_complete_and_small(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["page", "-o", str(tmp_path / "site")])
    assert done.exit_code == 0, done.output
    files = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < LIMIT
    catalogue = read(["reference"]).catalogue
    assert len(list((tmp_path / "site" / "tasks").iterdir())) == len(catalogue.by_task)
    assert len(list((tmp_path / "site" / "learners").iterdir())) == len(catalogue.learners)


def test_probe_examples_are_those_that_the_oracle_answered() -> None:
    catalogue = read(["reference/quick"]).of_tasks(["identity-bits"]).catalogue
    keys = final_keys(catalogue)
    final = {task: {name: [one for one in cells if one.key in keys] for name, cells in of_task.items()}
             for task, of_task in catalogue.by_task.items()}  # fmt: skip
    found = probe_texts(["reference/quick"], catalogue, final, read_probe_answers(["reference/quick"], keys))
    assert [one.split for one in found] == ["id", "odd"]
    for probe in found:
        assert len(probe.inputs) == EXAMPLES
        assert tuple(answer.text for answer in probe.answers["oracle"]) == probe.targets
        assert all(answer.right is (answer.text == target) for answers in probe.answers.values()
                   for answer, target in zip(answers, probe.targets, strict=True))  # fmt: skip


def test_folders_of_studies_stand_beside_result_folders_and_before_those_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, site = tmp_path / "a", tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(study_files, "PACKED", tmp_path / "packed")
    (tmp_path / "packed").mkdir()
    verdict = Verdict("it is packed", "supported", 0.5, 0.25, 0.75, "20 seeds")
    packed = StudyRun("peaks", "Is there one?", "default", 1, (), "", Findings({}, (verdict,)))
    (tmp_path / "packed" / "peaks.json").write_text(study_files.to_json(packed), encoding="utf-8")
    (folder / "study.json").write_text("{}")
    one = ["page", "reference/quick", "--task", "identity-bits", "-o", str(site)]
    assert CliRunner().invoke(app, one).exit_code == 0
    assert "it is packed" in (site / "studies.html").read_text(encoding="utf-8")
    own = replace(packed, findings=Findings({}, (replace(verdict, statement="it is mine"),)))
    (folder / "findings.json").write_text(study_files.to_json(own), encoding="utf-8")
    assert CliRunner().invoke(app, [*one, str(folder)]).exit_code == 0
    text = (site / "studies.html").read_text(encoding="utf-8")
    assert "it is mine" in text
    assert "it is packed" not in text
    assert (site / "tasks/identity-bits.html").is_file()
    (folder / "findings.json").write_text("{")
    with pytest.raises(UsageError, match=r"cannot read .*findings\.json"):
        CliRunner().invoke(app, [*one, str(folder)], catch_exceptions=False)
    (folder / "findings.json").unlink()
    with pytest.raises(UsageError, match="repeat grue study"):
        CliRunner().invoke(app, [*one, str(folder)], catch_exceptions=False)


def test_a_folder_without_results_and_an_output_that_is_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a result folder"):
        CliRunner().invoke(app, ["page", str(tmp_path)], catch_exceptions=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="it is a file"):
        CliRunner().invoke(app, ["page", "-o", str(tmp_path / "file")], catch_exceptions=False)
