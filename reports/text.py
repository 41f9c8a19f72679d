"""Tables as plain text for a terminal: aligned columns, headings of several lines, wrapped notes, colour."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from textwrap import fill

from ..engine.printable import printable
from .leaderboard import Leaderboard
from .tables import SYMBOLS, Table, TableCell

WIDTH = 100
"""Largest width of a table in columns of a terminal."""

NARROWEST = 24
"""Smallest width that is made use of; a narrower terminal wraps lines."""

HEAD = 10
"""Longest line of a heading in characters; longer headings are wrapped at hyphens, colons, commas, = and spaces."""

NAME = 16
"""Names are wrapped at this width at the least, unless a single column leaves less."""

COLOURS = {1: "1;32", 2: "36", 3: "33"}
"""Colour of a rank group: bold green for the best, cyan and yellow for the next ones; others have none."""

COLOUR_NOTE = (
    "Colour: rank groups of a column. Bold green: the best, and those that cannot be told apart from it; cyan, "
    "yellow: the next groups."
)


@dataclass(frozen=True)
class Layout:
    """width: columns of the terminal, of which at most WIDTH are used; colour: whether rank groups are coloured."""

    width: int = WIDTH
    colour: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", min(max(self.width, NARROWEST), WIDTH))

    def wrapped(self, text: str) -> str:
        """A paragraph of text that a terminal shows, no wider where it has to show "+-" for "±" (cli/encoding.py)."""
        return fill(re.sub(r"±(?! [\d<])", "±\0", printable(text)), self.width).replace("\0", "")


DEFAULT = Layout()


def text_document(board: Leaderboard, tables: list[Table], layout: Layout) -> str:
    """All tables of a leaderboard as text; the text for all tables of one kind is only under the first of them."""
    parts = [layout.wrapped(f"WARNING: {line}") + "\n" for line in board.warnings]
    for before, table in zip([None, *tables], tables, strict=False):
        parts.append(text_table(table, "" if before and before.footnote == table.footnote else table.footnote, layout))
    return "\n".join(parts)


def text_table(table: Table, footnote: str, layout: Layout = DEFAULT) -> str:
    """A table as text, with `footnote`, caption, legend, notes and source below it, wrapped at the width.

    Columns that are too many for the width continue below the others, in parts of equally many.
    """
    table, footnote = _shown(table), printable(footnote)
    lines = [line for block in _blocks(table, layout) for line in ("", *block)]
    legend = [f"{SYMBOLS[flag]} {meaning}." for flag, meaning in table.legend.items()]
    coloured = layout.colour and any(cell.group for _, rows in table.row_groups for _, row in rows for cell in row)
    below = [footnote, COLOUR_NOTE if coloured else "", table.caption, *legend]
    below += [*[f"{note}." for note in table.notes], f"{table.source}."]
    return "\n".join([layout.wrapped(table.title), *lines, "", *[layout.wrapped(text) for text in below if text], ""])


def _shown(table: Table) -> Table:
    """The table with all of its text in characters that a terminal shows; the colours are added later."""

    def of(cell: TableCell) -> TableCell:
        return cell if cell.text.isprintable() else replace(cell, text=printable(cell.text))

    return replace(
        table,
        title=printable(table.title),
        columns=tuple(replace(column, head=printable(column.head)) for column in table.columns),
        row_groups=tuple(
            (printable(heading), tuple((printable(name), tuple(map(of, cells))) for name, cells in rows))
            for heading, rows in table.row_groups
        ),
        caption=printable(table.caption),
        notes=tuple(map(printable, table.notes)),
        source=printable(table.source),
    )


def _blocks(table: Table, layout: Layout) -> list[list[str]]:
    """The lines of the fewest parts that fit the width, of about equally many columns each."""
    columns = len(table.columns)
    for size in dict.fromkeys(-(-columns // parts) for parts in range(1, columns + 1)):
        blocks = [_Block(table, slice(start, start + size), layout) for start in range(0, columns, size)]
        if size == 1 or max(block.total for block in blocks) <= layout.width:
            return [block.lines() for block in blocks]
    return []


class _Block:
    """Some of the columns of a table, side by side after the names."""

    def __init__(self, table: Table, chosen: slice, layout: Layout) -> None:
        self.table, self.chosen, self.layout = table, chosen, layout
        self.heads = [_broken(column.head) for column in table.columns[chosen]]
        rows = [(name, cells[chosen]) for _, group in table.row_groups for name, cells in group]
        self.widths = [
            max(*map(len, head), *(len(_text(cells[index])) for _, cells in rows), 0)
            for index, head in enumerate(self.heads)
        ]
        longest = max((len(name) for name, _ in rows), default=0)
        cells = sum(self.widths)
        self.gap = "  " if longest + cells + 2 * len(self.widths) <= layout.width else " "
        cells += len(self.gap) * len(self.widths)
        # a longer name takes several lines
        self.first = min(longest, max(layout.width - cells, NAME if len(self.widths) > 1 else HEAD))
        self.total = self.first + cells

    def lines(self) -> list[str]:
        tall = max(map(len, self.heads))
        lines = [
            self._line("", [head[row - tall + len(head)] if row >= tall - len(head) else "" for head in self.heads])
            for row in range(tall)
        ]
        for heading, group in self.table.row_groups:
            if len(self.table.row_groups) > 1:
                lines.append(f"{heading} ".ljust(min(self.total, self.layout.width), "-"))
            for name, cells in group:
                lines += self._row(name, cells[self.chosen])
        return lines

    def _row(self, name: str, cells: tuple[TableCell, ...]) -> list[str]:
        parts = [name] if len(name) <= self.first else _pieces(name, self.first)
        colours = [COLOURS.get(cell.group, "") if self.layout.colour else "" for cell in cells]
        return [*parts[:-1], self._line(parts[-1], [_text(cell) for cell in cells], colours)]

    def _line(self, name: str, cells: list[str], colours: list[str] | None = None) -> str:
        padded = [cell.rjust(width) for cell, width in zip(cells, self.widths, strict=True)]
        if colours:
            padded = [_coloured(cell, colour) for cell, colour in zip(padded, colours, strict=True)]
        return self.gap.join([name.ljust(self.first), *padded]).rstrip()


def _coloured(cell: str, colour: str) -> str:
    text = cell.lstrip()
    return f"{cell[: len(cell) - len(text)]}\x1b[{colour}m{text}\x1b[0m" if colour and text else cell


def _text(cell: TableCell) -> str:
    marks = cell.marks(SYMBOLS)
    return f"{cell.text} {marks}" if "/" in marks else cell.text + marks


def _broken(head: str, width: int = HEAD) -> list[str]:
    """Wrap a heading or a name into lines of at most `width` characters, unless a part of it is longer."""
    lines = [""]
    for part in re.findall(r"[^-:,= ]+[-:,= ]?|[-:,= ]", head):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _pieces(name: str, width: int) -> list[str]:
    """A name in lines of at most `width` characters; a part that is longer is cut."""
    return [line[start : start + width] for line in _broken(name, width) for start in range(0, len(line), width)]
