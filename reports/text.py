"""Tables as plain text for a terminal: aligned columns, headings of several lines, wrapped notes."""

from __future__ import annotations

import re
from textwrap import fill

from .leaderboard import Leaderboard
from .tables import SYMBOLS, Table, TableCell

WIDTH = 100
"""Width in columns of a terminal that the board and all notes fit."""

HEAD = 10
"""Longest line of a heading in characters; longer headings are wrapped at hyphens, colons, commas, = and spaces."""


def text_table(table: Table, footnote: str) -> str:
    """A table as text, with `footnote`, caption, legend, notes and source below it, wrapped at WIDTH.

    Columns that are too many for WIDTH continue below the others, in parts of equally many.
    """
    lines = [line for block in _blocks(table) for line in ("", *block)]
    legend = [f"{SYMBOLS[flag]} {meaning}." for flag, meaning in table.legend.items()]
    below = [footnote, table.caption, *legend, *[f"{note}." for note in table.notes], f"{table.source}."]
    return "\n".join([table.title, *lines, "", *[fill(text, WIDTH) for text in below if text], ""])


def _blocks(table: Table) -> list[list[str]]:
    """The lines of the fewest parts that fit WIDTH, of about equally many columns each."""
    columns = len(table.columns)
    for size in dict.fromkeys(-(-columns // parts) for parts in range(1, columns + 1)):
        blocks = [_block(table, slice(start, start + size)) for start in range(0, columns, size)]
        if size == 1 or max(len(line) for block in blocks for line in block) <= WIDTH:
            return blocks
    return []


def _block(table: Table, chosen: slice) -> list[str]:
    """The lines of some of the columns."""
    rows = [(name, [_text(cell) for cell in cells[chosen]]) for _, group in table.row_groups for name, cells in group]
    heads = [_broken(column.head) for column in table.columns[chosen]]
    widths = [max(*map(len, head), *(len(cells[index]) for _, cells in rows), 0) for index, head in enumerate(heads)]
    first = max((len(name) for name, _ in rows), default=0)
    gap = "  " if first + sum(widths) + 2 * len(widths) <= WIDTH else " "
    first = min(first, max(WIDTH - sum(widths) - len(gap) * len(widths), HEAD))  # a longer name takes several lines
    tall = max(map(len, heads))
    lines = [
        _line(
            "", [head[row - tall + len(head)] if row >= tall - len(head) else "" for head in heads], first, widths, gap
        )
        for row in range(tall)
    ]
    for heading, group in table.row_groups:
        if len(table.row_groups) > 1:
            lines.append(f"{heading} ".ljust(first + sum(widths) + len(gap) * len(widths), "-"))
        for name, cells in group:
            *before, last = [name] if len(name) <= first else _broken(name, first)
            lines += [*before, _line(last, [_text(cell) for cell in cells[chosen]], first, widths, gap)]
    return lines


def text_document(board: Leaderboard, tables: list[Table]) -> str:
    """All tables of a leaderboard as text; the text for all tables of one kind is only under the first of them."""
    parts = [f"WARNING: {line}\n" for line in board.warnings]
    for before, table in zip([None, *tables], tables, strict=False):
        parts.append(text_table(table, "" if before and before.footnote == table.footnote else table.footnote))
    return "\n".join(parts)


def _text(cell: TableCell) -> str:
    marks = cell.marks(SYMBOLS)
    return f"{cell.text} {marks}" if "/" in marks else cell.text + marks


def _line(name: str, cells: list[str], first: int, widths: list[int], gap: str) -> str:
    padded = [cell.rjust(width) for cell, width in zip(cells, widths, strict=True)]
    return gap.join([name.ljust(first), *padded]).rstrip()


def _broken(head: str, width: int = HEAD) -> list[str]:
    """Wrap a heading or a name into lines of at most `width` characters, unless a part of it is longer."""
    lines = [""]
    for part in re.findall(r"[^-:,= ]+[-:,= ]?|[-:,= ]", head):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]
