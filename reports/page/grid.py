"""The `Grid`: a table of the site with links, and with the number that each cell is sorted by."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..tables import SYMBOLS, Table, TableCell

NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
BEYOND = 0.5
"""What a value that was not reached (">64") is sorted above the largest one by."""

Link = Callable[[str], str]
"""Label -> address of its page, "" if it has none."""


@dataclass(frozen=True)
class Box:
    """A cell. sort: its number or text, "" if it has none, which is sorted last; tint: 0 to 1 for a shaded cell."""

    text: str
    sort: str = ""
    marks: str = ""
    flags: str = ""
    href: str = ""
    tint: float | None = None
    best: bool = False
    second: str = ""
    second_sort: str = ""


@dataclass(frozen=True)
class Head:
    """A heading of a column or row. words: what a filter compares, in addition to the text."""

    text: str
    href: str = ""
    words: str = ""


@dataclass(frozen=True)
class Grid:
    """A table of the site.

    name       its id in the page
    groups     (heading, rows), a row being its heading and its cells
    notes      paragraphs below it
    filters    whether rows can be filtered; wide: columns as well
    pair       the names of the two values of each cell (text, second); empty: one value
    folded     headings of the groups whose rows are hidden at first
    compact    whether cells are as narrow as their numbers, for a matrix
    prose      whether cells are sentences, which wrap
    """

    name: str
    caption: str
    corner: str
    heads: tuple[Head, ...]
    groups: tuple[tuple[str, tuple[tuple[Head, tuple[Box, ...]], ...]], ...]
    notes: tuple[str, ...] = ()
    filters: bool = False
    wide: bool = False
    pair: tuple[str, str] | tuple[()] = ()
    folded: tuple[str, ...] = ()
    compact: bool = False
    prose: bool = False


def grid_of(
    table: Table, corner: str, row_link: Link, column_link: Link | None = None, *, name: str = "", filters: bool = False
) -> Grid:
    """A table of a report as a grid; its footnote, caption, notes and legend become the notes."""
    legend = [f"{SYMBOLS[flag]} {text}." for flag, text in table.legend.items()]
    notes = (table.caption, table.footnote, *legend, *[f"{note.rstrip('.')}." for note in table.notes])
    return Grid(
        name=name or table.label,
        caption=table.title,
        corner=corner,
        heads=tuple(Head(column.head, column_link(column.head) if column_link else "") for column in table.columns),
        groups=tuple(
            (
                heading if len(table.row_groups) > 1 else "",
                tuple((Head(name, row_link(name)), tuple(map(_box, cells))) for name, cells in rows),
            )
            for heading, rows in table.row_groups
        ),
        notes=tuple(note for note in notes if note),
        filters=filters,
    )


def _box(cell: TableCell) -> Box:
    return Box(
        cell.text,
        sort_text(cell.text),
        cell.marks(SYMBOLS),
        ", ".join(cell.flags),
        best=cell.group == 1,
    )


def sort_text(text: str) -> str:
    """What a cell is sorted by: its first number, a little more if that was not reached, else its text."""
    found = NUMBER.search(text)
    if found is None:
        return "" if text in ("–", "n/a", "missing") else text
    number = float(found[0].replace("−", "-"))
    return f"{number + (BEYOND if text.startswith('>') else 0):g}"


def number_text(value: float, scale: float = 1, form: str = ".2f") -> str:
    """A number with a minus sign that is as long as a plus, "–" if there is none."""
    if math.isnan(value):
        return "–"
    text = f"{scale * value:{form}}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")


def linked(names: Mapping[str, str], folder: str) -> Link:
    """The addresses of the pages of a folder by label."""
    return lambda label: f"{folder}{names[label]}.html" if label in names else ""


def shade(value: float, low: float = 0, high: float = 1) -> float | None:
    """The tint of a value between two ends, None if there is none."""
    return None if math.isnan(value) else round(min(max((value - low) / (high - low), 0), 1), 2)
