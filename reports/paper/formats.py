"""Tables for papers in the formats of `grue table`: LaTeX, Markdown, CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from ...runs.results import Results
from ..escaping.json_text import json_text
from ..escaping.markdown import comment
from ..escaping.spreadsheet import guarded
from ..formats import markdown_table
from ..provenance import full_line, long_lines, short_line
from ..tables import Column, Table, TableCell
from .content import curve_sheets, exposure_sheets, summary_sheets
from .contrasts import factor_sheets, pair_sheets
from .detail import task_sheets
from .latex import latex_document
from .points import Points
from .sheet import Cell, Row, Sheet

WHAT: dict[str, Callable[[Points], Iterator[Sheet]]] = {
    "summary": summary_sheets,
    "task": task_sheets,
    "curves": curve_sheets,
    "exposure": exposure_sheets,
    "pairs": pair_sheets,
    "factors": factor_sheets,
}
"""What a table shows -> what makes its sheets."""

NOTHING = {
    "summary": "none of the tasks is on the common scale",
    "task": "no task has a learning curve",
    "curves": "no task has a learning curve",
    "exposure": "no task was run with exposed examples of its shift",
    "pairs": "no task on the common scale has scores of two learners",
    "factors": "no task has two learners in the same two views and encodings, with a seed on which all are done",
}
"""Why there is no sheet."""


def make_sheets(
    results: Results, what: str, listed: Mapping[str, str], learners: Collection[str] | None = None
) -> list[Sheet]:
    """The tables of `what` (a key of WHAT). Raises ValueError if there is nothing to show, with the reason.

    listed    task -> its status, as in `reports.leaderboard.make_leaderboard`
    learners  labels to show; none: all
    """
    sheets = list(WHAT[what](Points(results, listed, learners)))
    if not sheets:
        shown = " ".join(f"--learner {name}" for name in learners or ())
        raise ValueError(f"no table of {what}: {NOTHING[what]}{f' ({shown})' if shown else ''}")
    return sheets


def render_sheets(sheets: Sequence[Sheet], results: Results, form: str, width: str, command: str) -> str:
    """The tables in the format "tex", "md", "csv" or "json". command: what printed them, a comment of tex and md."""
    if form == "tex":
        return latex_document(sheets, width, comments_of(results, command))
    if form == "md":
        parts = [_markdown(sheet, results) for sheet in sheets]
        return "\n".join([f"{comment(command)}\n", *parts])
    return to_csv(sheets, results) if form == "csv" else to_json(sheets, results)


def comments_of(results: Results, command: str) -> list[str]:
    """What made a table: the command that printed it, and the provenance of the results."""
    return [f"Printed by: {command}", *long_lines(results)]


def to_csv(sheets: Sequence[Sheet], results: Results) -> str:
    """Tidy rows, for one call of `pandas.read_csv`; the last column is the provenance.

    A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    table = pd.DataFrame([guarded(record) for record in _records(sheets, results)])
    return table.to_csv(index=False, lineterminator="\n")


def to_json(sheets: Sequence[Sheet], results: Results) -> str:
    """The same rows as a JSON list, for one call of `pandas.read_json`; missing values are null."""
    table = pd.DataFrame(_records(sheets, results))
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    return json_text(records)


def _records(sheets: Sequence[Sheet], results: Results) -> list[dict[str, Any]]:
    source = short_line(results)
    rows = [{**record, "provenance": source} for sheet in sheets for record in sheet.records]
    return [{name: None if value == "" else value for name, value in row.items()} for row in rows]


def _markdown(sheet: Sheet, results: Results) -> str:
    """A table as Markdown; bold is bold."""
    columns = [Column(f"{column.head} {name}".strip(), "", name) for column in sheet.columns for name in column.names]
    groups = [
        (block.heading, tuple((row.label, tuple(map(_table_cell, _flat(row)))) for row in block.rows))
        for block in sheet.blocks
    ]
    table = Table(
        label=sheet.name,
        title=sheet.title,
        columns=tuple(columns),
        row_groups=tuple(groups),
        footnote=sheet.caption,
        caption="",
        notes=tuple(note.removesuffix(".") for note in sheet.notes),
        source=full_line(results),
    )
    return markdown_table(table, sheet.caption)


def _flat(row: Row) -> list[Cell]:
    return [cell for own in row.cells for cell in own]


def _table_cell(cell: Cell) -> TableCell:
    """With the marks as signs: `markdown_table` would explain them once more."""
    return TableCell(cell.text, bold=cell.bold, signs=cell.marks)
