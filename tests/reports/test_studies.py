"""What a study found, in every format."""

from __future__ import annotations

import json
import math

import pandas as pd

from grue.analysis.findings import Findings, Published, StudyRun, Verdict
from grue.reports.studies import ROWS, number, render

FINDINGS = Findings(
    {"Peaks": pd.DataFrame({"model": [f"m{index}" for index in range(ROWS + 2)], "error": 0.25, "at n": True})},
    (
        Verdict("it peaks", "supported", 0.5, 0.25, 0.75, "20 seeds"),
        Verdict("=it does not", "not decided", math.nan, math.nan, math.nan, "too few"),
    ),
    (
        Published("P(all 0)", "a paper", "0.1095", "0.1101", True),
        Published("peak", "a talk", "1", "2", None, "no recipe"),
    ),
)
RUN = StudyRun("peaks", "Is there one?", "quick", 1, ({"command": "made by hand", "commit": "abc"},), "abc", FINDINGS)


def test_text_and_markdown_have_verdicts_published_figures_and_the_first_rows() -> None:
    for form in ("text", "md"):
        text = render(RUN, form)
        for part in ("it peaks", "0.25 to 0.75", "not comparable", "no recipe", "made by hand; scale quick", "m23"):
            assert part in " ".join(text.split()), part
        assert "m24" not in text
        assert f"The first {ROWS} of {ROWS + 2} rows" in " ".join(text.split())


def test_json_has_all_rows_and_null_for_what_is_not_a_number() -> None:
    found = json.loads(render(RUN, "json"))
    assert len(found["tables"]["Peaks"]["model"]) == ROWS + 2
    assert (found["study"], found["scale"]) == ("peaks", "quick")
    assert found["verdicts"][1]["low"] is None
    assert [one["agrees"] for one in found["published"]] == [True, None]


def test_csv_has_a_row_a_verdict_and_no_formula() -> None:
    lines = render(RUN, "csv").splitlines()
    assert len(lines) == 3
    assert lines[2].startswith("'=it does not,not decided")


def test_numbers_have_three_digits() -> None:
    assert [number(value) for value in (0.0, 0.12345, 123456.0, 1e-7, math.nan)] == [
        "0",
        "0.123",
        "1.23e+05",
        "1.00e-07",
        "–",
    ]
