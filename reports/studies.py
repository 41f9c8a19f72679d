"""What a study found, as text, Markdown, CSV and JSON: verdicts, published figures beside ours, and its tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..analysis.findings import Findings, Published, StudyRun, Verdict
from .escaping.spreadsheet import frame_text
from .formats import markdown_table
from .provenance import line_of
from .study_files import to_json
from .tables import Column, Table, TableCell
from .text import DEFAULT, Layout, text_table

ROWS = 24
"""Rows of a table that are printed as text; CSV and JSON have all."""

VERDICTS = (
    "interval: 95 %; a verdict other than not decided holds after a correction for the number of tests, by Holm's "
    "method unless the page of the study names another (docs/studies)."
)


def render(run: StudyRun, form: str, layout: Layout = DEFAULT) -> str:
    """Text, md, csv (a row a verdict) or json (everything, as `study_files` stores it), with a newline at the end."""
    findings, source = run.findings, source_line(run)
    if form == "json":
        return to_json(run)
    if form == "csv":
        return frame_text(pd.DataFrame([{**vars(one), "provenance": source} for one in findings.verdicts]))
    if form == "md":
        return "\n".join(markdown_table(table, table.footnote) for table in tables_of(findings, source))
    own = [_table(title, rows, source) for title, rows in findings.tables.items()]
    return "\n".join([*_lines(findings, layout), *(text_table(table, "", layout) for table in own)])


def source_line(run: StudyRun) -> str:
    """Where findings come from, in one line: version and commit of grue, command, scale."""
    return f"{line_of(run.provenance, [])}; scale {run.scale}"


def _lines(findings: Findings, layout: Layout) -> list[str]:
    """Verdicts and published figures as paragraphs: their statements are too long for the cell of a terminal."""
    lines = ["Verdicts", ""] if findings.verdicts else []
    for one in findings.verdicts:
        lines.append(layout.wrapped(f"{one.decision}: {one.statement}"))
        lines += [layout.wrapped(f"{estimate_text(one)}. {one.detail}"), ""]
    lines += [layout.wrapped(VERDICTS), ""] if findings.verdicts else []
    lines += ["Published figures", ""] if findings.published else []
    for one in findings.published:
        agrees = {True: "agrees", False: "does not agree", None: "not comparable"}[one.agrees]
        note = f" ({one.note})" if one.note else ""
        text = f"{one.figure}: published {one.published}, ours {one.ours}: {agrees}{note}. {one.source}."
        lines += [layout.wrapped(text), ""]
    return lines


def estimate_text(one: Verdict) -> str:
    """An estimate with its interval, such as "0.5 (0.25 to 0.75)"."""
    interval = "" if math.isnan(one.low) else f" ({number(one.low)} to {number(one.high)})"
    return f"{number(one.estimate)}{interval}"


def tables_of(findings: Findings, source: str) -> list[Table]:
    """Verdicts, published figures (where there are any), and the study's own tables."""
    tables = [_table("Verdicts", _verdicts(findings.verdicts), source, VERDICTS)] if findings.verdicts else []
    if findings.published:
        tables.append(_table("Published figures", _published(findings.published), source))
    return [*tables, *(_table(title, rows, source) for title, rows in findings.tables.items())]


def _verdicts(verdicts: Iterable[Verdict]) -> pd.DataFrame:
    rows = [
        {
            "statement": one.statement,
            "verdict": one.decision,
            "estimate": one.estimate,
            "interval": "–" if math.isnan(one.low) else f"{number(one.low)} to {number(one.high)}",
            "decided by": one.detail,
        }
        for one in verdicts
    ]
    return pd.DataFrame(rows)


def _published(published: Iterable[Published]) -> pd.DataFrame:
    words = {True: "yes", False: "no", None: "not comparable"}
    rows = [
        {
            "figure": one.figure,
            "published": one.published,
            "ours": one.ours,
            "agrees": words[one.agrees] + (f": {one.note}" if one.note else ""),
            "source": one.source,
        }
        for one in published
    ]
    return pd.DataFrame(rows)


def _table(title: str, rows: pd.DataFrame, source: str, footnote: str = "") -> Table:
    """A data frame as a table: its first column names the rows."""
    shown = rows.head(ROWS)
    columns = tuple(Column(str(name), "", str(name)) for name in rows.columns[1:])
    body = tuple(
        (_text(first), tuple(TableCell(_text(value)) for value in rest))
        for first, *rest in shown.itertuples(index=False)
    )
    left_out = f"The first {ROWS} of {len(rows)} rows; --format json has all." if len(rows) > ROWS else ""
    return Table(title, title, columns, (("", body),), footnote, left_out, (), source)


def number(value: float) -> str:
    """Three significant digits, without an exponent where that is readable."""
    if math.isnan(value):
        return "–"
    return f"{value:.3g}" if value == 0 or 1e-4 <= abs(value) < 1e5 else f"{value:.2e}"  # noqa: PLR2004


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    return "–" if value is None else str(value)
