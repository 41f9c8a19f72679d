"""What a study found, as text, Markdown, CSV and JSON: verdicts, published figures beside ours, and its tables."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pandas as pd

from ..analysis.findings import Findings, Published, Verdict
from .escaping.json_text import json_text
from .escaping.spreadsheet import frame_text
from .formats import markdown_table
from .tables import Column, Table, TableCell
from .text import DEFAULT, Layout, text_table

ROWS = 24
"""Rows of a table that are printed as text; CSV and JSON have all."""

VERDICTS = (
    "interval: 95 %; a verdict other than not decided holds after Holm's correction for the verdicts of the study."
)


def render(findings: Findings, form: str, source: str, layout: Layout = DEFAULT) -> str:
    """Text, md, csv (a row a verdict) or json (everything), with a newline at the end.

    source  the provenance, in one line
    """
    if form == "json":
        document = {
            "provenance": source,
            "verdicts": [vars(one) for one in findings.verdicts],
            "published": [vars(one) for one in findings.published],
            "tables": {title: table.to_dict("records") for title, table in findings.tables.items()},
        }
        return json_text(document)
    if form == "csv":
        return frame_text(pd.DataFrame([{**vars(one), "provenance": source} for one in findings.verdicts]))
    if form == "md":
        return "\n".join(markdown_table(table, table.footnote) for table in tables_of(findings, source))
    own = [_table(title, rows, source) for title, rows in findings.tables.items()]
    return "\n".join([*_lines(findings, layout), *(text_table(table, "", layout) for table in own)])


def _lines(findings: Findings, layout: Layout) -> list[str]:
    """Verdicts and published figures as paragraphs: their statements are too long for the cell of a terminal."""
    lines = ["Verdicts", ""] if findings.verdicts else []
    for one in findings.verdicts:
        lines.append(layout.wrapped(f"{one.decision}: {one.statement}"))
        lines += [layout.wrapped(f"{_estimate(one)}. {one.detail}"), ""]
    lines += [layout.wrapped(VERDICTS), ""] if findings.verdicts else []
    lines += ["Published figures", ""] if findings.published else []
    for one in findings.published:
        agrees = {True: "agrees", False: "does not agree", None: "not comparable"}[one.agrees]
        note = f" ({one.note})" if one.note else ""
        text = f"{one.figure}: published {one.published}, ours {one.ours}: {agrees}{note}. {one.source}."
        lines += [layout.wrapped(text), ""]
    return lines


def _estimate(one: Verdict) -> str:
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
