"""Formats of the leaderboard: text, Markdown, CSV and JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from typing import Any

from ..analysis.entries import Entry
from .board import board_tables, exposure_tables
from .escaping.json_text import json_text
from .escaping.markdown import markdown, markdown_line
from .escaping.spreadsheet import csv_text
from .fingerprint import fingerprint_tables
from .leaderboard import Leaderboard
from .provenance import full_line, long_lines, short_line
from .ranking_table import ranking_tables
from .tables import SYMBOLS, Table, TableCell, family_tables, task_tables, without_mean
from .text import Layout, text_document

JSON_SCHEMA = 3
"""Version of the JSON format: increase it if a field changes its name or meaning."""


def render(board: Leaderboard, form: str, layout: Layout | None = None) -> str:
    """Render the leaderboard in a format of FORMATS, with a newline at the end. Raises ValueError for unknown ones.

    layout  of the format "text"
    """
    if form not in FORMATS:
        raise ValueError(f"unknown format {form!r}; expected one of {', '.join(FORMATS)}")
    return to_text(board, layout) if form == "text" else FORMATS[form](board)


def make_tables(board: Leaderboard) -> list[Table]:
    """All tables but the ranking: the board of tasks and, unless it is brief, those of families, tasks and riddles.

    The source line of a brief board has the full provenance; else the provenance is at the end of the document.
    """
    if board.brief:
        return _with_notes(board_tables(board, full_line(board.results)), board.left_out)
    source = short_line(board.results)
    tables = [
        *board_tables(board, source),
        *exposure_tables(board, source),
        *family_tables(board, source),
        *task_tables(board, source),
        *fingerprint_tables(board),
    ]
    # Tables of families have the note on families without a mean themselves.
    notes = board.left_out if board.families else (*board.left_out, *without_mean(board))
    return [*_with_notes(tables, notes), *_appendix(board)]


def _ranking_and_tables(board: Leaderboard) -> list[Table]:
    tables = make_tables(board)
    source = full_line(board.results) if board.brief and not tables else short_line(board.results)
    return [*ranking_tables(board, source), *tables]


def _with_notes(tables: list[Table], notes: tuple[str, ...]) -> list[Table]:
    """Append notes that concern all tables to the first one."""
    return [replace(table, notes=(*table.notes, *(notes if index == 0 else ()))) for index, table in enumerate(tables)]


def _appendix(board: Leaderboard) -> list[Table]:
    """The tables of tasks and sizes that not all folders have."""
    if board.appendix is None:
        return []
    tables = [*task_tables(board.appendix, short_line(board.appendix.results)), *fingerprint_tables(board.appendix)]
    return [replace(table, label=f"appendix-{table.label}", title=f"Appendix: {table.title}") for table in tables]


def to_text(board: Leaderboard, layout: Layout | None = None) -> str:
    """Tables as plain text for a terminal of 100 columns or those of the layout."""
    layout = layout or Layout()
    closing = [] if board.brief else ["Provenance", "", *map(layout.wrapped, long_lines(board.results)), ""]
    return "\n".join([text_document(board, _ranking_and_tables(board), layout), *closing])


def to_markdown(board: Leaderboard) -> str:
    """Tables as Markdown, aligned so that they are readable without rendering."""
    tables = _ranking_and_tables(board)
    parts = [f"> **Warning: {markdown(line)}**\n" for line in board.warnings]
    for before, table in zip([None, *tables], tables, strict=False):
        # The text for all tables of one kind is only under the first of them.
        footnote = "" if before and before.footnote == table.footnote else table.footnote
        parts.append(markdown_table(table, footnote))
    if not board.brief:
        lines = [f"- {markdown_line(line)}" for line in long_lines(board.results)]
        parts.append("\n".join(["### Provenance", "", *lines, ""]))
    return "\n".join(parts)


def to_csv(board: Leaderboard) -> str:
    """CSV with one row per entry, with the status of its task on the list.

    The last column is the provenance, since a comment would break readers of CSV.
    """
    source = short_line(board.results)
    listed = {**(board.appendix.listed if board.appendix else {}), **board.listed}
    columns = [*(field.name for field in fields(Entry)), "task_status", "provenance"]
    rows = (
        {
            **record,
            "task_status": None if record["scope"] in ("family", "ranking") else listed.get(record["name"]),
            "provenance": source,
        }
        for record in [*map(_record, all_entries(board)), *_others(board)]
    )
    return csv_text(columns, rows)


def to_json(board: Leaderboard) -> str:
    """A JSON object: `schema`, `entries` (missing values are null), `tasks`, `warnings`, `provenance`.

    For several folders also `left_out` and `appendix`, the entries of tasks and sizes that only some of them have.
    """
    tasks = {
        task.name: {
            "family": task.family,
            "ood": task.ood,
            "metric": task.metric,
            "status": board.listed.get(task.name),
            "sizes": task.sizes,
            "notes": task.notes,
        }
        for task in (*board.tasks, *board.riddles)
    }
    document = {
        "schema": JSON_SCHEMA,
        "entries": [_record(entry) for entry in all_entries(board)],
        "tasks": tasks,
        "warnings": board.warnings,
        "provenance": board.results.provenance,
    }
    if board.left_out:
        document |= {"left_out": board.left_out, "appendix": _others(board)}
    return json_text(document)


FORMATS: dict[str, Callable[[Leaderboard], str]] = {
    "text": to_text,
    "md": to_markdown,
    "csv": to_csv,
    "json": to_json,
}


def all_entries(board: Leaderboard) -> list[Entry]:
    """The entries of the ranking, then those of families, tasks and riddles."""
    return [*(board.ranking.entries(board.results) if board.ranking else ()), *board.entries]


def _record(entry: Entry) -> dict[str, Any]:
    """The fields of an entry, with None for NaN: JSON has no NaN, and the field is empty in CSV."""
    values = asdict(entry)
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}


def _others(board: Leaderboard) -> list[dict[str, Any]]:
    """The entries of the appendix, with the scope "appendix", since their training sizes may differ."""
    entries = board.appendix.entries if board.appendix else ()
    return [{**_record(entry), "scope": "appendix"} for entry in entries if entry.scope == "task"]


def markdown_table(table: Table, footnote: str) -> str:
    """A table as Markdown, with `footnote`, caption, legend, notes and source below it."""
    lines = [["", *[markdown(column.head) for column in table.columns]]]
    for heading, rows in table.row_groups:
        if len(table.row_groups) > 1:
            lines.append([f"*{markdown(heading)}*" if heading else "", *["" for _ in table.columns]])
        lines += [[markdown(name), *[_with_symbols(cell) for cell in cells]] for name, cells in rows]
    widths = [max(3, *(len(line[index]) for line in lines)) for index in range(len(table.columns) + 1)]
    ruler = ["-" * widths[0], *["-" * (width - 1) + ":" for width in widths[1:]]]
    grid = [lines[0], ruler, *lines[1:]]
    printed = ["| " + " | ".join([_pad(line, widths, index) for index in range(len(widths))]) + " |" for line in grid]
    legend = [f"{SYMBOLS[flag]} {meaning}." for flag, meaning in table.legend.items()]
    notes = [markdown_line(f"{note}.") for note in table.notes]
    below = [*map(markdown_line, (footnote, table.caption)), *legend, *notes, f"*{markdown(table.source)}.*"]
    level = "##" if table.label.startswith(("board", "ranking")) else "###"
    # Two spaces are a line break within a paragraph.
    return "\n".join([f"{level} {markdown_line(table.title)}", "", *printed, "", "  \n".join(filter(None, below)), ""])


def _pad(line: list[str], widths: list[int], index: int) -> str:
    return line[index].rjust(widths[index]) if index else line[index].ljust(widths[index])


def _with_symbols(cell: TableCell) -> str:
    marks, text = cell.marks(SYMBOLS), markdown(cell.text)
    if cell.bold:
        text = f"**{text}**"
    return " ".join(filter(None, (text, marks, cell.signs)))
