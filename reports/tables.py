"""Tables of the leaderboard with the text of each cell, independent of the output format."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..analysis.entries import LEVEL, Entry
from .leaderboard import BLOCKS, Leaderboard, TaskHead, absent

SYMBOLS = {"underfit": "†", "not-converged": "‡", "diverged": "§", "incomplete": "¶", "partial": "∥", "cell": "°"}

LEGEND = {
    "underfit": "in a cell of this figure the train score is under 0.99 of the attainable: it could not fit",
    "not-converged": "the budget ended first: the loss was still falling, or a search had found nothing that fits; "
    "underfit, too, where one can tell",
    "diverged": "in a cell of this figure the loss was not finite: that cell is left out",
    "incomplete": "a planned cell is missing: its seed (or, for a threshold, its training size) is left out",
    "partial": "over fewer tasks, or other training sizes, than others: not comparable",
    "cell": "one seed only: the interval is over the test examples within its cell",
}

HEADINGS = {
    "learner": "learners",
    "control": "controls",
    "heuristic": "heuristics",
}

INTERVALS = "± is half a 95 % interval: t over seeds; data and initialisation are redrawn per seed."

FAMILIES = 4
"""Largest number of families in one table, with OOD and ID of each."""

FAMILY_READING = (
    "Area under the learning curve (score against log2 n, clipped at -1; 0 chance, 1 best possible), "
    f"in distribution (ID) and on each task's headline shift (OOD): the mean over the tasks of a family. {INTERVALS}"
)

TASK_READING = (
    "area: under the learning curve, against log2 n, over the training sizes n that most learners were asked for, "
    "clipped at -1; gap: ID - OOD at the largest n; "
    f"n to {LEVEL:g}: training examples until the mean over seeds is {LEVEL:g} (> censored); exposed to {LEVEL:g}: "
    "examples of the shift among the training examples, at the largest n, until the OOD score is; "
    f"fit s: seconds a model, a stack's time over its models. {INTERVALS}"
)

BITS_READING = (
    "bits a symbol: the mean of -log2 of the probability given to what came, after 5 % of each prediction is "
    "replaced by the training marginal; less is better, and nobody knows how few are possible; "
    f"gap: OOD - ID at the largest n; fit s: seconds a model, a stack's time over its models. {INTERVALS}"
)

UNASKED = "–"
"""Text of a figure that was not planned. For a planned cell without a result, its status is printed instead."""

LONG = 100
"""Fit times from this number of seconds on are shown in whole seconds."""


@dataclass(frozen=True)
class Column:
    """A column heading, as one line (`head`) or as two (`group`, which may span several columns, and `name`)."""

    head: str
    group: str
    name: str


@dataclass(frozen=True)
class Cell:
    """The text of a table cell, and its flags (keys of SYMBOLS)."""

    text: str
    marks: tuple[str, ...] = ()


Block = tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]]
"""A heading and its rows; a row is the name of a learner and its cells."""


@dataclass(frozen=True)
class Table:
    """A table in blocks of rows.

    reading  how to read the figures: the same text for all tables of one kind
    caption  text on this table only
    notes    sentences on single rows
    source   the provenance in one line
    """

    label: str
    title: str
    columns: tuple[Column, ...]
    blocks: tuple[Block, ...]
    reading: str
    caption: str
    notes: tuple[str, ...]
    source: str

    @property
    def marks(self) -> tuple[str, ...]:
        """The flags that occur, in the order of SYMBOLS, for the legend."""
        found = {mark for _, rows in self.blocks for _, cells in rows for cell in cells for mark in cell.marks}
        return tuple(mark for mark in SYMBOLS if mark in found)


def family_tables(board: Leaderboard, source: str) -> list[Table]:
    """Tables of the means over the tasks of each family, at most FAMILIES families per table."""
    parts = [board.families[start : start + FAMILIES] for start in range(0, len(board.families), FAMILIES)]
    return [_family_table(board, part, number if len(parts) > 1 else 0, source) for number, part in enumerate(parts, 1)]


def _family_table(board: Leaderboard, families: tuple[str, ...], number: int, source: str) -> Table:
    found = {(entry.learner, entry.of, entry.side): entry for entry in board.entries if entry.scope == "family"}
    there = {(of, side) for _, of, side in found}
    wanted = [(of, side) for of in families for side in ("ood", "id") if (of, side) in there]
    columns = tuple(Column(f"{of} {side.upper()}", of, side.upper()) for of, side in wanted)
    blocks = [
        (
            HEADINGS[block],
            tuple(
                (
                    name,
                    tuple(
                        figure_cell(board, found.get((name, of, side)), interval=side == "ood") for of, side in wanted
                    ),
                )
                for name in board.order[block]
            ),
        )
        for block in BLOCKS
        if block != "heuristic" and board.order[block]
    ]
    return Table(
        label=f"families{number or ''}",
        title=f"By family{f', part {number}' if number else ''}",
        columns=columns,
        blocks=tuple(blocks),
        reading=FAMILY_READING,
        caption="",
        notes=_unasked(blocks),
        source=source,
    )


def task_tables(board: Leaderboard, source: str) -> list[Table]:
    """One table per task, without the riddles."""
    return [_task_table(board, task, source) for task in board.tasks]


def _task_table(board: Leaderboard, task: TaskHead, source: str) -> Table:
    own = [entry for entry in board.entries if entry.scope == "task" and entry.of == task.name]
    found = {(entry.learner, entry.measure, entry.side): entry for entry in own}
    present = {entry.learner for entry in own}
    refused = {entry.learner for entry in own if entry.measure == "area" and entry.side == ""}
    wanted = _task_columns(task)
    less = task.less_is_better

    def rank(name: str) -> tuple[float, ...]:
        """Sort key: by the headline split, then in distribution, best first; learners without a value last."""
        entries = [found.get((name, "final" if less else "area", side)) for side in ("ood", "id")]
        values = [math.nan if entry is None else entry.value for entry in entries]
        return tuple(math.inf if math.isnan(value) else value if less else -value for value in values)

    blocks: list[Block] = []
    for block in BLOCKS:
        names = sorted((name for name in board.order[block] if name in present), key=rank)
        rows = [
            (
                name,
                tuple(
                    Cell("n/a")
                    if name in refused
                    else figure_cell(board, found.get((name, measure, side)), interval=interval)
                    for _, measure, side, interval in wanted
                ),
            )
            for name in names
        ]
        blocks += [(HEADINGS[block], tuple(rows))] if rows else []
    scale = "0 chance, 1 best possible" if task.measure == "score" else "another scale, in no mean"
    shift = f"OOD: the split {task.ood}" if task.ood else "no headline shift, so no OOD column"
    return Table(
        label=task.name,
        title=f"{task.name} (family {task.family})",
        columns=tuple(column for column, *_ in wanted),
        blocks=tuple(blocks),
        reading=BITS_READING if less else TASK_READING,
        caption=f"n = {task.sizes[0]} to {task.sizes[-1]}, {task.measure}: {scale}; {shift}.",
        notes=(*_unasked(blocks), *task.notes),
        source=source,
    )


def _unasked(blocks: list[Block]) -> tuple[str, ...]:
    """The note on figures that were not planned, if there are any."""
    found = any(cell.text == UNASKED for _, rows in blocks for _, cells in rows for cell in cells)
    return (f"{UNASKED}: it was not asked for",) if found else ()


def _task_columns(task: TaskHead) -> list[tuple[Column, str, str, bool]]:
    """The columns of the table of a task: (column, measure, side, whether the interval is shown)."""
    largest, level = task.sizes[-1], f"{LEVEL:g}"
    within = [
        (Column("area ID", "area", "ID"), "area", "id", True),
        (Column(f"ID at {largest}", f"at n = {largest}", "ID"), "final", "id", True),
        (Column(f"n to {level} ID", f"n to {level}", "ID"), "n to reach", "id", False),
        (Column("fit s", "fit", "s"), "fit seconds", "", False),
    ]
    gap = Column("gap", f"at n = {largest}", "gap"), "gap", "", False
    outside = Column(f"OOD at {largest}", f"at n = {largest}", "OOD"), "final", "ood", True
    area, final, reach, fit = within
    if task.less_is_better:
        return [final, *([outside, gap] if task.ood else []), fit]
    if task.ood is None:
        return within
    price = Column(f"exposed to {level} OOD", "exposed", f"to {level} OOD"), "exposed to reach", "ood", False
    return [
        area,
        (Column("area OOD", "area", "OOD"), "area", "ood", True),
        final,
        outside,
        gap,
        reach,
        (Column(f"n to {level} OOD", f"n to {level}", "OOD"), "n to reach", "ood", False),
        *([price] if task.max_exposed else []),
        fit,
    ]


def figure_cell(board: Leaderboard, entry: Entry | None, *, interval: bool) -> Cell:
    """The cell of one entry. Areas and scores show all flags; thresholds show "incomplete" only."""
    if entry is None:
        return Cell(UNASKED)
    marks = entry.marks.split(",") if entry.marks else []
    if math.isnan(entry.value):
        return Cell(absent(board, entry))
    if entry.measure == "fit seconds":
        return Cell(f"{float(f'{entry.value:.2g}'):g}" if entry.value < LONG else f"{entry.value:.0f}")
    if entry.measure.endswith("to reach"):
        text = f"{'>' if entry.censored else ''}{entry.value:.0f}"
        return Cell(text, ("incomplete",) if "incomplete" in marks else ())
    if not interval or math.isnan(entry.half_width):
        return Cell(_decimal(entry.value), shown(marks))
    within = ["cell"] if entry.interval == "cell" else []
    return Cell(f"{_decimal(entry.value)} ± {_decimal(entry.half_width)}", shown(marks + within))


def shown(marks: list[str]) -> tuple[str, ...]:
    """Flags to print, in the order of SYMBOLS; "not-converged" implies "underfit", which is then hidden."""
    hidden = {"underfit"} if "not-converged" in marks else set()
    return tuple(mark for mark in SYMBOLS if mark in marks and mark not in hidden)


def _decimal(value: float) -> str:
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text
