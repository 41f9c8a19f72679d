"""Findings of studies in a file: what is written is what is read, and what is refused."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grue.analysis.findings import Findings, Published, StudyRun, Verdict
from grue.reports.study_files import (
    FILE,
    PACKED,
    from_json,
    is_study,
    packed_runs,
    read_run,
    to_json,
)
from grue.runs.errors import UsageError
from grue.studies.catalogue import STUDIES

TABLE = pd.DataFrame(
    {
        "source": ["a", "b|", "ç"],
        "n": np.array([1, 2, 3], np.int64),
        "error": [0.1, math.nan, 1e-300],
        "whole": [1.0, 2.0, 3.0],
        "nothing": [math.nan] * 3,
        "fits": [True, False, True],
    }
)
RUN = StudyRun(
    "peaks",
    "Is there one?",
    "quick",
    2,
    ({"commit": "abc", "versions": {"grue": "0.1.0"}}, {"commit": None}),
    "abc+",
    Findings(
        {"First": TABLE, "None": TABLE.iloc[:0, :0]},
        (
            Verdict("it peaks", "supported", 0.5, 0.25, math.inf, "20 seeds", claim="peaks-exist"),
            Verdict("it does not", "not decided", math.nan, math.nan, math.nan, "too few"),
        ),
        (Published("P(all 0)", "a paper", "0.1", "0.2", False), Published("peak", "a talk", "1", "2", None, "why")),
    ),
)


def test_findings_are_read_as_they_were_written() -> None:
    text = to_json(RUN)
    found = from_json(text, "here")
    pd.testing.assert_frame_equal(found.findings.tables["First"], TABLE)
    assert found.findings.tables["None"].empty
    assert found.findings.published == RUN.findings.published
    assert found.findings.verdicts[0].claim == "peaks-exist"
    assert math.isnan(found.findings.verdicts[0].high), "what is no finite number is lost"
    assert math.isnan(found.findings.verdicts[1].estimate)
    assert (found.study, found.scale, found.version, found.analysed) == ("peaks", "quick", 2, "abc+")
    assert found.commits == ["", "abc"]
    assert to_json(found) == text


def test_packed_numbers_have_six_digits_and_all_else_is_kept() -> None:
    run = StudyRun("a", "", "full", 1, (), "", Findings({"T": pd.DataFrame({"x": [1 / 3, 1e9 + 1], "n": [7, 8]})}, ()))
    table = from_json(to_json(run, digits=6), "here").findings.tables["T"]
    assert table["x"].tolist() == [0.333333, 1e9]
    assert table["n"].tolist() == [7, 8]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "cannot read here: "),
        ("[1]", "expected findings of grue study"),
        ('{"a": 1}', "lacks 'format'"),
        ('{"format": 1}', "lacks 'tables'"),
        ('{"format": 99}', "format 99; this version reads format 1"),
        (to_json(RUN).replace('"error"', '"n"').replace('"tables": {', '"tables": {"x": 3, '), "cannot read here"),
        (json.dumps({**json.loads(to_json(RUN)), "verdicts": [{"statement": "half"}]}), "missing"),
        (json.dumps({**json.loads(to_json(RUN)), "tables": {"T": {"a": [1], "b": [1, 2]}}}), "same length"),
    ],
)
def test_a_foreign_or_broken_file_is_one_line(text: str, why: str) -> None:
    with pytest.raises(UsageError) as raised:
        from_json(text, "here")
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_folder_without_findings_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    assert is_study(tmp_path)
    with pytest.raises(UsageError, match="repeat grue study"):
        read_run(tmp_path)
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match=r"cannot read .*findings\.json"):
        read_run(tmp_path)
    (tmp_path / "plan.json").write_text("{}")
    assert not is_study(tmp_path), "it is a result folder"
    assert not is_study(tmp_path / "none")


def test_all_studies_have_findings_in_the_package_that_are_small_and_of_the_default_scale() -> None:
    runs = packed_runs()
    assert set(runs) == set(STUDIES), "make science"
    for name, run in runs.items():
        assert run.scale == "default", name
        assert run.question == STUDIES[name][1]
        assert (PACKED / f"{name}.json").stat().st_size < 200_000, name
        assert run.findings.verdicts
        assert not any(commit.endswith("+") or not commit for commit in run.commits), f"{name}: run committed code"
