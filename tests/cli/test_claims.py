"""`grue claims`, as somebody types it."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grue.analysis.findings import Findings, StudyRun, Verdict
from grue.cli import main
from grue.reports import study_files
from grue.reports.readme import statements_of
from grue.runs import registration
from grue.runs.bundle import write_bundle
from grue.runs.catalogue import Catalogue, CellInfo, LearnerInfo, SplitInfo, TaskInfo
from grue.runs.registration import parse_claims
from grue.runs.results import Results

CLAIMS = """
[run]
description = "toy"
suite_seed = 2
seeds = 7
test_size = 50

[[claim]]
name = "halfway"
claim = "The learner a gets halfway"
source = "a paper"
predicts = { one = "it does", other = "it does not" }
[[claim.test]]
says = "above .25"
statistic = "mean"
first = { task = "toy", learner = "a", size = 8, split = "id" }
threshold = 0.25
margin = 0.05
[[claim.test]]
says = "above .4 in all seeds"
condition = true
statistic = "seeds"
first = { task = "toy", learner = "a", size = 8, split = "id" }
level = 0.4

[[claim]]
name = "better"
claim = "a is better than b"
source = "somebody"
predicts = { one = "yes" }
[[claim.test]]
says = "a - b"
statistic = "mean"
first = { task = "toy", learner = "a", size = 8, split = "id" }
second = { learner = "b" }
margin = 0.05

[[claim]]
name = "distance"
claim = "It is far"
source = "somebody"
study = "equivariance"
predicts = { one = "yes" }
"""

SCORES = {
    "a": [0.50, 0.56, 0.44, 0.53, 0.47, 0.51, 0.49],
    "b": [0.505, 0.556, 0.444, 0.525, 0.475, 0.515, 0.489],
}


def toy(suite_seed: int = 2, flag: str = "ok", commit: str = "abc") -> Results:
    rows: list[dict[str, Any]] = []
    cells: list[CellInfo] = []
    for learner, scores in SCORES.items():
        for seed, value in enumerate(scores):
            key = f"{learner}{seed}"
            cells.append(CellInfo(key, "toy", learner, 8, 0, seed, "d", suite_seed))
            head = {"task": "toy", "learner": learner, "size": 8, "exposed": 0, "seed": seed, "suite_seed": suite_seed}
            status = flag if key == "b0" else "ok"
            rows.append({**head, "split": "id", "metric": "score", "value": value, "fit_seconds": 1.0, "key": key})
            rows[-1]["status"] = status
    tasks = {"toy": TaskInfo(family="toy", splits=(SplitInfo("id"),))}
    learners = {name: LearnerInfo("learner") for name in SCORES}
    catalogue = Catalogue(tasks, learners, tuple(cells), settings={"d": {"test_size": 50}})
    provenance = [{"commit": commit, "versions": {"grue": "0.1.0"}, "command": "grue run --preset claims"}]
    return Results(pd.DataFrame(rows), catalogue, provenance=provenance)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command on packed results, or on the claims' own (there are none)."""
    claims = parse_claims(CLAIMS, "claims.toml")
    monkeypatch.setattr(registration, "read_claims", lambda: claims)
    monkeypatch.setattr(registration, "RESULTS", tmp_path / "none")
    monkeypatch.setattr(study_files, "PACKED", tmp_path / "studies")
    digests = {claim.name: claim.digest for claim in claims.claims}
    monkeypatch.setattr(registration, "digests_at", lambda commit: digests if commit == "abc" else None)
    monkeypatch.setattr(registration, "committed", lambda: "fedcba")
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str, results: Results | None = None) -> tuple[int, str, str]:
        folder = [str(tmp_path / "packed")] if results else []
        if results:
            write_bundle(results, tmp_path / "packed")
        monkeypatch.setattr(sys, "argv", ["grue", "claims", *folder, *arguments])
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    return call


def test_claims_are_printed_with_verdict_words_source_and_predictions(run: Run) -> None:
    code, text, _ = run(results=toy())
    words = " ".join(text.split())
    assert code == 0
    assert text.startswith("Claims: 1 supported, 1 equivalent, 1 no data yet\n")
    assert "better: equivalent (registered)" in text
    assert "halfway: not decided" not in text
    for part in (
        "Source: a paper.",
        "one predicts: it does.",
        "it needs the study equivariance",
        "commit fedcba",
    ):
        assert part.lower() in words.lower()
    assert "above .25 0.50 0.46 to 0.54 > 0.25 <0.001 7 supported" in words
    assert max(map(len, text.splitlines())) <= 100


def test_verdicts_on_other_cells_are_post_hoc(run: Run) -> None:
    _, text, _ = run(results=toy(suite_seed=1))
    assert "better: equivalent (post hoc)" in text
    assert "post hoc: suite seed 1, registered for 2" in " ".join(text.split()).replace("Post", "post")


def test_a_commit_that_cannot_be_read_is_named(run: Run) -> None:
    _, text, _ = run(results=toy(commit="other"))
    assert "better: equivalent (registered, not checked)" in text
    assert "cannot be read here (other)" in " ".join(text.split())


def test_without_a_folder_and_without_cells_no_claim_has_data(run: Run) -> None:
    code, text, _ = run()
    assert code == 0
    assert text.startswith("Claims: 3 no data yet\n")
    assert "grue run --preset claims" in text


def test_cells_that_did_not_fit_decide_nothing_and_fail_the_check(run: Run) -> None:
    assert run("--fail-if-flagged", results=toy())[0] == 0
    code, text, err = run("--fail-if-flagged", results=toy(flag="budget"))
    assert code == 1
    assert "claims with cells that did not fit: better (1)" in err
    assert "better: not decided" in text
    assert run("--fail-if-flagged", results=toy(flag="capacity"))[0] == 0


def test_all_formats_have_all_tests(run: Run) -> None:
    frame = pd.read_csv(io.StringIO(run("--format", "csv", results=toy())[1]))
    assert frame["claim"].tolist() == ["halfway", "halfway", "better", "distance"]
    assert frame["verdict"].tolist() == ["supported", "supported", "equivalent", "no data yet"]
    assert frame["second"].dropna().tolist() == ["learner b"]
    document = json.loads(run("--format", "json", results=toy())[1])
    assert document["file"] == {"path": "runs/claims/claims.toml", "commit": "fedcba"}
    better = document["claims"][1]
    assert better["tests"][0]["cells"] == sorted([*(f"a{one}" for one in range(7)), *(f"b{one}" for one in range(7))])
    assert better["tests"][0]["equivalent"] < 0.05
    markdown = run("--format", "md", results=toy())[1]
    assert "### better: equivalent (registered)" in markdown
    assert "(c) above .4 in all seeds" in markdown


def test_the_figure_has_a_row_for_each_test_with_data(run: Run, tmp_path: Path) -> None:
    _, _, err = run("--figures", str(tmp_path / "figures"), results=toy())
    assert err.count("wrote") == 3
    drawn = (tmp_path / "figures" / "claims.svg").read_text()
    assert all(f">{part}<" in drawn for part in ("above .25", "a - b", "supported", "equivalent"))
    assert run("--figures", str(tmp_path / "nothing"))[0] == 0
    assert not (tmp_path / "nothing").exists()


def test_statements_of_a_readme_end_in_their_claims() -> None:
    items = "- a `b`\n  c. <!-- claim: halfway -->\n- d. <!-- claim: better, x -->\n- e.\n"
    found = [(one.text, one.claims) for one in statements_of(f"1\n<!-- results -->\n{items}<!-- /results -->\n")]
    assert found == [("a `b` c.", ("halfway",)), ("d.", ("better", "x")), ("e.", ())]
    assert statements_of("no block") == []


@pytest.mark.parametrize("form", ["text", "md", "csv", "json"])
def test_the_readme_is_listed_with_the_claims_behind_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(registration, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text(
        "<!-- results -->\n- a gets far. <!-- claim: halfway -->\n- b too.\n<!-- /results -->"
    )
    code, text, _ = run("--readme", "--format", form, results=toy())
    assert code == 0
    assert "a gets far." in text
    assert "supported" in text
    assert ("no claim" in text) == (form in ("text", "md"))


def test_a_readme_without_statements_or_with_an_unknown_claim_is_a_mistake(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "ROOT", tmp_path)
    assert "needs a checkout" in run("--readme")[2]
    (tmp_path / "README.md").write_text("# toy")
    assert "no statements between" in run("--readme")[2]
    (tmp_path / "README.md").write_text("<!-- results -->\n- a. <!-- claim: halfwya -->\n<!-- /results -->")
    code, _, err = run("--readme")
    assert code == 2
    assert "did you mean 'halfway'" in err


def test_every_statement_of_our_readme_has_a_claim() -> None:
    text = (Path(__file__).parents[2] / "README.md").read_text()
    known = {claim.name for claim in registration.read_claims().claims}
    statements = statements_of(text)
    assert len(statements) == 7
    assert all(one.claims and known.issuperset(one.claims) for one in statements)


def study_run(commit: str = "abc", **verdict: Any) -> StudyRun:
    fields = {"estimate": 0.5, "low": 0.25, "high": 0.75, "detail": "12 seeds", "claim": "distance", **verdict}
    own = Verdict("it is far from there", "supported", **fields)
    findings = Findings({}, (Verdict("=else", "contradicted", 0, 0, 0, ""), own))
    provenance = ({"commit": commit, "command": "grue study equivariance"},)
    return StudyRun("equivariance", "How far?", "quick", 1, provenance, commit, findings)


def write_study(folder: Path, run: StudyRun) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "findings.json").write_text(study_files.to_json(run), encoding="utf-8")
    return folder


def test_a_study_decides_its_claim_and_the_basis_says_what_was_registered(run: Run, tmp_path: Path) -> None:
    folder = str(write_study(tmp_path / "e", study_run()))
    code, text, _ = run(folder)
    words = " ".join(text.split())
    assert code == 0
    assert text.startswith("Claims: 2 no data yet, 1 supported\n")
    assert "distance: supported (study equivariance, scale quick; words registered)" in text
    assert "Statistic and threshold are those of the study's code, not registered" in words
    assert "commit abc; grue study equivariance" in words
    assert "supported: it is far from there (0.5 (0.25 to 0.75); 12 seeds)" in words
    assert "else" not in words.partition("distance: supported")[2], "verdicts on other statements are of the study"
    assert max(map(len, text.splitlines())) <= 100
    record = json.loads(run(folder, "--format", "json")[1])["claims"][2]
    assert record["study_verdicts"][0]["estimate"] == 0.5
    frame = pd.read_csv(io.StringIO(run(folder, "--format", "csv")[1]))
    assert frame.loc[frame["claim"] == "distance", "test_verdict"].tolist() == ["supported"]
    assert "distance: supported" in run(folder, "--format", "md")[1]


def test_a_claim_that_was_written_after_the_run_of_its_study_is_post_hoc(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "words registered, not checked" in run(str(write_study(tmp_path / "e", study_run("unknown"))))[1]
    monkeypatch.setattr(registration, "digests_at", lambda _: {"distance": "another"})
    text = run(str(write_study(tmp_path / "e", study_run())))[1]
    assert "distance: supported (study equivariance, scale quick; post hoc)" in text
    assert "the claim was changed after the study was run" in " ".join(text.split())
    monkeypatch.setattr(registration, "digests_at", lambda _: {})
    text = run(str(write_study(tmp_path / "e", study_run())))[1]
    assert "the claim was added after the study was run" in " ".join(text.split())


def test_findings_of_the_package_are_read_unless_a_folder_of_that_study_is_given(run: Run, tmp_path: Path) -> None:
    (tmp_path / "studies").mkdir()
    packed = study_files.to_json(study_run(detail="packed"))
    (tmp_path / "studies" / "equivariance.json").write_text(packed, encoding="utf-8")
    assert "packed" in run()[1]
    assert "packed" not in run(str(write_study(tmp_path / "e", study_run())))[1]
    other = str(write_study(tmp_path / "e", study_run(claim="")))
    assert "The study equivariance has no verdict on it" in run(other)[1]
    (tmp_path / "e" / "findings.json").write_text("{")
    code, _, err = run(str(tmp_path / "e"))
    assert code == 2
    assert "findings.json" in err


def test_a_folder_that_is_none_is_a_mistake(run: Run, tmp_path: Path) -> None:
    code, _, err = run(str(tmp_path / "empty"))
    assert code == 2
    assert "is not a result folder" in err
