"""The `Sheet`: a table for a paper with its caption, notes, tidy records and figures, before it is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..tables import SYMBOLS

EMPTY = "–"
"""Text of a cell that was not planned."""

EQUIVALENT = "equivalent"
"""A flag of a difference: the two learners are equivalent."""

MARKS = {**SYMBOLS, EQUIVALENT: "="}
"""Flag -> the sign behind a figure."""


@dataclass(frozen=True)
class Cell:
    """A figure or a word, its flags (keys of MARKS), and whether it is bold."""

    text: str = EMPTY
    flags: tuple[str, ...] = ()
    bold: bool = False

    @property
    def marks(self) -> str:
        """The signs of its flags."""
        return "".join(sign for flag, sign in MARKS.items() if flag in self.flags)


@dataclass(frozen=True)
class Column:
    """A heading over one column (`names` is ("",)) or over several with names of their own."""

    head: str
    names: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Row:
    """A row: its label, and for each `Column` as many cells as it has names.

    base  the label of the row that this one is a variant of, or ""; `label` then begins with it
    """

    label: str
    cells: tuple[tuple[Cell, ...], ...]
    base: str = ""


@dataclass(frozen=True)
class Block:
    """Rows under a heading, "" for none."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Figure:
    """A figure that prose may cite: what it is about, its text as in the table, and its flags."""

    about: tuple[str, ...]
    text: str
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """A table for a paper.

    name       of its label: letters, digits and hyphens
    title      what it shows, in a few words
    caption    what it shows, n, seeds, the test behind the bold face, version
    stub       heading of the first column
    notes      sentences below the table
    records    the same as tidy rows, unrounded
    transposable  whether rows and columns may be exchanged (each row has a single block of its own kind)
    """

    name: str
    title: str
    caption: str
    stub: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...] = ()
    figures: tuple[Figure, ...] = ()
    transposable: bool = False
