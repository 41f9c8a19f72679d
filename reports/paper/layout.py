"""Layout of a `Sheet`: font, orientation, and how many tabulars and floats it takes to fit a page."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from ..escaping.latex import width, wrapped
from ..names import base_and_variant
from .sheet import Block, Cell, Column, Row, Sheet

WIDTHS = {"text": 345.0, "column": 219.0}
"""Width of the text of a one-column article, and of a narrow column of a two-column one, in points; at 10 pt."""

HEIGHT = 520.0
"""Height of a float in points, with caption and notes: a page of a two-column article has 550."""

NOTES_SHARE = 0.6
"""Largest share of HEIGHT that caption and notes leave room for in the estimate of the height of the rows."""

LEAST_ROWS = 8
"""A float has at least so many rows, however long its notes are."""

STUB_SHARES = (0.4, 0.3, 0.25)
"""Largest share of the width that the names of the rows take, to choose from; longer ones are shortened or wrapped."""

HEAD = 45.0
"""A heading is wrapped at this width in points, or at that of its columns if it is larger."""

LONG_HEAD = 70.0
"""A word of a heading is broken from this width in points on, or from that of its columns if it is larger."""

INDENT = 1.0
"""Indentation of a variant below its base, in em."""

MARK = 0.45
"""Width of a raised mark in em."""


@dataclass(frozen=True)
class Font:
    """A font size: its name in LaTeX, size and line height in points, and half the space between columns."""

    name: str
    size: float
    line: float
    tabcolsep: float


FONTS = (Font("small", 9, 11, 5), Font("footnotesize", 8, 9.5, 4), Font("footnotesize", 8, 9.5, 3))
"""The fonts to choose from, the largest first; a smaller one than footnotesize is hard to read."""


@dataclass(frozen=True)
class Line:
    """A row of a tabular: the lines of its name, whether it is a variant, and its cells; a heading has no cells."""

    label: tuple[str, ...]
    indented: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Part:
    """A tabular: its columns, with lines of their headings, and its rows in groups that rules separate.

    heads  (lines of the heading, names of the columns under it)
    """

    heads: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    groups: tuple[tuple[Line, ...], ...]
    stub: str

    @property
    def lines(self) -> int:
        """Height in lines, with the headings."""
        head = max((len(lines) for lines, _ in self.heads), default=1)
        named = any(names != ("",) for _, names in self.heads)
        body = sum(len(line.label) for group in self.groups for line in group)
        return head + named + body + len(self.groups)


@dataclass(frozen=True)
class Layout:
    """The tabulars of a sheet, in floats; the font of all; notes on abbreviated names."""

    font: Font
    floats: tuple[tuple[Part, ...], ...]
    notes: tuple[str, ...]


def lay_out(sheet: Sheet, kind: str) -> Layout:
    """Lay a sheet out for the width "text" or "column"; of the possible layouts the one with the fewest tabulars.

    Columns that do not fit beside each other continue in a further tabular below, with the names of the rows; where a
    sheet is transposable, rows and columns are exchanged if there are fewer then.
    """
    sheets = [sheet, *([_transposed(sheet)] if sheet.transposable else [])]
    every = [_parts(one, kind, font, share) for one in sheets for font in FONTS for share in STUB_SHARES]
    least = min(_cost(parts) for _, parts, _ in every)
    font, parts, notes = next(one for one in every if _cost(one[1]) == least)
    text = sum(width(f"{note} ") for note in (sheet.caption, *sheet.notes, *notes)) * font.size
    below = min(math.ceil(1.05 * text / WIDTHS[kind]) * font.line + 30, NOTES_SHARE * HEIGHT)
    return Layout(font, tuple(_floats(parts, font, HEIGHT - below)), notes)


def _cost(parts: Sequence[Part]) -> tuple[int, int]:
    """One tabular is easier to read than two; then the lower one."""
    return len(parts), sum(part.lines for part in parts)


def _transposed(sheet: Sheet) -> Sheet:
    names = max((column.names for column in sheet.columns), key=len)
    rows = [row for block in sheet.blocks for row in block.rows]

    def cells(row: Row, index: int) -> tuple[Cell, ...]:
        own = row.cells[index]
        return (*own, *[Cell()] * (len(names) - len(own)))

    return replace(
        sheet,
        stub="task",
        columns=tuple(Column(row.label, names) for row in rows),
        blocks=(
            Block(
                "",
                tuple(
                    Row(column.head, tuple(cells(row, index) for row in rows))
                    for index, column in enumerate(sheet.columns)
                ),
            ),
        ),
    )


def _parts(sheet: Sheet, kind: str, font: Font, share: float) -> tuple[Font, list[Part], tuple[str, ...]]:
    """The tabulars in one font, with notes on abbreviations."""
    total = WIDTHS[kind]
    limit = share * total / font.size
    labels, notes = _labels(sheet, limit)
    widest = max((width(line) + INDENT * indented for lines, indented in labels for line in lines), default=0)
    stub = max(widest, width(sheet.stub)) * font.size + font.tabcolsep
    units = _units(sheet, total - stub, font)
    widths = [_unit_width(sheet, unit, font) for unit in units]
    lines = _lines(sheet, labels)
    parts = [
        _part(sheet, units[chunk], lines, font, (stub + sum(widths[chunk])) / font.size)
        for chunk in _chunks(widths, total - stub)
    ]
    return font, parts, notes


def _chunks(widths: Sequence[float], room: float) -> list[slice]:
    """The fewest runs of neighbours that fit `room`, the widest of them as narrow as possible."""

    def greedy(limit: float) -> list[slice]:
        chunks = [slice(0, 0)]
        for index, one in enumerate(widths):
            start, stop = chunks[-1].start, chunks[-1].stop
            full = stop > start and sum(widths[start:stop]) + one > limit
            chunks = [*chunks, slice(index, index + 1)] if full else [*chunks[:-1], slice(start, index + 1)]
        return chunks

    fewest = greedy(room)
    sums = {sum(widths[start:stop]) for stop in range(1, len(widths) + 1) for start in range(stop)}
    limits = sorted(limit for limit in sums if max(widths, default=0) <= limit <= room)
    return next((chunks for limit in limits if len(chunks := greedy(limit)) == len(fewest)), fewest)


Unit = tuple[int, tuple[int, ...]]
"""The index of a column, and those of the cells under its heading."""


def _units(sheet: Sheet, room: float, font: Font) -> list[Unit]:
    """What stays together: all cells under a heading, or as many as fit."""
    units: list[Unit] = []
    for index, column in enumerate(sheet.columns):
        whole: Unit = (index, tuple(range(len(column.names))))
        fits = _unit_width(sheet, whole, font) <= room
        units += [whole] if fits else [(index, (name,)) for name in whole[1]]
    return units


def _unit_width(sheet: Sheet, unit: Unit, font: Font) -> float:
    """Width in points, with the space between columns."""
    index, members = unit
    gaps = 2 * font.tabcolsep
    own = [_column_width(sheet, index, member) * font.size + gaps for member in members]
    head = max(map(width, _head(sheet, unit, font))) * font.size + gaps
    return max(sum(own), head)


def _head(sheet: Sheet, unit: Unit, font: Font) -> tuple[str, ...]:
    index, members = unit
    own = sum(_column_width(sheet, index, member) for member in members)
    own += (len(members) - 1) * 2 * font.tabcolsep / font.size
    return tuple(wrapped(sheet.columns[index].head, max(own, HEAD / font.size), max(own, LONG_HEAD / font.size)))


def _column_width(sheet: Sheet, index: int, member: int) -> float:
    """Width in em of a column, without its heading."""
    cells = [row.cells[index] for block in sheet.blocks for row in block.rows]
    own = [cell_width(row[member]) for row in cells if member < len(row)]
    return max([*own, width(sheet.columns[index].names[member])])


def cell_width(cell: Cell) -> float:
    """Width of a cell in em; only its mean is bold, and one mark protrudes into the space between columns."""
    mean, _, rest = cell.text.partition(" ")
    own = width(mean, bold=cell.bold) + (width(f" {rest}") if rest else 0)
    return own + MARK * max(0, len(cell.marks) - 1)


def _labels(sheet: Sheet, limit: float) -> tuple[list[tuple[tuple[str, ...], bool]], tuple[str, ...]]:
    """The lines of the name of each row, and whether it is indented; with a note on abbreviated ones."""
    rows = [row for block in sheet.blocks for row in block.rows]
    short: dict[str, str] = {}
    labels: list[tuple[tuple[str, ...], bool]] = []
    for row in rows:
        base, variant = base_and_variant(row.label)
        before = "" if row.base or not variant else f"{base}: "
        text = f"{before}{variant.replace(',', ', ')}" if variant else row.label
        indented = bool(row.base)
        room = limit - INDENT * indented
        if variant and width(text) > room:
            values = {_value(part): part for part in variant.split(",")}
            text = before + ", ".join(values)
            short |= {name: part for name, part in values.items() if name != part}
        labels.append((tuple(wrapped(text, room)), indented))
    notes = ", ".join(f"{name} for {part}" for name, part in short.items())
    return labels, (f"Short: {notes}.",) if notes else ()


def _value(parameter: str) -> str:
    """`view=untied` -> untied; a number, True or False keeps the name of its parameter."""
    value = parameter.rpartition("=")[2]
    return value if re.fullmatch(r"[A-Za-z][A-Za-z-]{2,}", value) and value not in ("True", "False") else parameter


def _lines(sheet: Sheet, labels: Iterable[tuple[tuple[str, ...], bool]]) -> list[tuple[str, list[tuple[Line, Row]]]]:
    found = iter(labels)
    return [(block.heading, [(Line(*next(found), ()), row) for row in block.rows]) for block in sheet.blocks]


def _part(
    sheet: Sheet, units: Sequence[Unit], blocks: Sequence[tuple[str, list[tuple[Line, Row]]]], font: Font, wide: float
) -> Part:
    """The tabular with some of the columns; `wide` is its width in em, which headings between rows fit."""
    heads: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    members: list[tuple[int, int]] = []
    for index, group in groupby(units, key=lambda unit: unit[0]):
        own = tuple(member for _, part in group for member in part)
        heads.append((_head(sheet, (index, own), font), tuple(sheet.columns[index].names[one] for one in own)))
        members += [(index, one) for one in own]
    groups: list[tuple[Line, ...]] = []
    for heading, rows in blocks:
        lines = [
            replace(
                line,
                cells=tuple(row.cells[index][one] if one < len(row.cells[index]) else Cell() for index, one in members),
            )
            for line, row in rows
        ]
        above = [Line(tuple(wrapped(heading, wide)), indented=False, cells=())] if heading and len(blocks) > 1 else []
        groups.append((*above, *lines))
    return Part(tuple(heads), tuple(groups), sheet.stub)


def _floats(parts: Sequence[Part], font: Font, height: float) -> Iterable[tuple[Part, ...]]:
    """Put tabulars into floats of at most `height` points; one that is higher continues in the next float."""
    room = max(int(height / font.line), LEAST_ROWS)
    pieces = [piece for part in parts for piece in _pieces(part, room)]
    current: list[Part] = []
    for piece in pieces:
        if current and sum(one.lines + 1 for one in (*current, piece)) > room:
            yield tuple(current)
            current = []
        current.append(piece)
    yield tuple(current)


def _pieces(part: Part, room: int) -> list[Part]:
    """Split the rows of a tabular that is higher than `room` lines, about evenly; headings are repeated."""
    if part.lines <= room:
        return [part]
    head = replace(part, groups=()).lines
    body = part.lines - head
    most = max(room - head, 1)
    limit = min(most, body / math.ceil(body / most) + 2)
    pieces: list[list[list[Line]]] = [[]]
    used = 0
    for group in part.groups:
        headings = [line for line in group if not line.cells]
        above = 1 + sum(len(line.label) for line in headings)
        begun = False
        for line in (line for line in group if line.cells):
            if pieces[-1] and used + len(line.label) + (0 if begun else above) > limit:
                pieces.append([])
                begun, used = False, 0
            if not begun:
                pieces[-1].append([*headings])
                begun, used = True, used + above
            pieces[-1][-1].append(line)
            used += len(line.label)
    return [replace(part, groups=tuple(map(tuple, groups))) for groups in pieces]
