"""Tables of the leaderboard with the text of each cell, independent of the output format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..analysis.entries import THRESHOLD, Entry
from ..runs.results import FLAGS
from .leaderboard import KINDS, Leaderboard, TaskHeader, missing_word

SYMBOLS = {
    "budget": "†",
    "plateau": "‡",
    "capacity": "◇",
    "diverged": "§",
    "incomplete": "¶",
    "partial": "∥",
    "cell": "°",
}

LEGEND = {
    "budget": "budget: in at least one cell, training ended at its maximum number of steps, the loss still falling, "
    "or a search ended before it found a program that fits",
    "plateau": "plateau: in at least one cell, the training loss stood still before the training set was fitted",
    "capacity": "capacity: in at least one cell, a learner without iterations does not fit its training set",
    "diverged": "diverged: in at least one cell, the loss was not finite; such cells are left out",
    "incomplete": "incomplete: a planned cell is missing; its seed (for a threshold, its training size) is left out",
    "partial": "partial: not comparable, because tasks or training sizes are missing",
    "cell": "one seed only: the interval is over the test examples",
}

COUNT_NOTE = ". 2/15 after symbols: 2 of the 15 cells that the value is computed from are flagged"

HEADINGS = {
    "learner": "learners",
    "control": "controls",
    "heuristic": "heuristics",
}

INTERVALS = (
    "±: half width of the 95 % confidence interval (t over seeds, each of which samples data and initialisation; at "
    "least what the sampling of test examples implies); in brackets the range over seeds, where scores are bimodal or "
    "most are near 0 or 1, so that t covers too little."
)

FAMILIES = 4
"""Largest number of families in one table, with OOD and ID of each."""

FAMILY_FOOTNOTE = (
    "Area under the learning curve (score against log2 n, clipped at -1; 0 is chance, 1 the best possible), "
    "in distribution (ID) and on the headline shift of each task (OOD)"
)

TASK_FOOTNOTE = (
    "n: training examples. area: area under the learning curve, score against log2 n, clipped at -1, over the training "
    "sizes that most learners were planned at; gap: ID - OOD at the largest n; "
    f"n to {THRESHOLD:g}: smallest n at which the mean score over seeds is at least {THRESHOLD:g} (>: not reached); "
    f"OOD examples to {THRESHOLD:g}: number of examples of the shift that have to be added to the training set, at the "
    f"largest n, for a mean OOD score of {THRESHOLD:g}, with its 95 % interval in brackets (>: more than were added); "
    f"fit s: seconds per model (the time of a stack of networks divided by their number). {INTERVALS}"
)

CODE_NOTE = (
    "code length: prequential, in bits: to encode the targets of the examples from the smallest n to the largest, each "
    "block by the learner that was trained on the blocks before it, with 5 % of the training marginal mixed in; the "
    "bits per example are measured on the ID test"
)

BITS_FOOTNOTE = (
    "bits per symbol: mean of -log2 of the predicted probability of the target, after mixing predictions "
    "with 5 % of the training marginal; lower is better, and the best possible value is unknown; gap: OOD - ID at the "
    f"largest n; fit s: seconds per model (the time of a stack of networks divided by their number). {INTERVALS}"
)

SOLVED = f"Bimodal: seeds with a score of at least {THRESHOLD:g} at the largest n, with Wilson's 95 % interval"
"""Beginning of the note on learners whose seeds fall into two groups, of which the mean describes neither."""

NOT_PLANNED = "–"
"""Text of a table cell that was not planned. For a planned one without a result, its status is printed instead."""

WHOLE_SECONDS = 100
"""Fit times from this number of seconds on are shown in whole seconds."""


@dataclass(frozen=True)
class Column:
    """A column heading, as one line (`head`) or as two (`group`, which may span several columns, and `name`)."""

    head: str
    group: str
    name: str


@dataclass(frozen=True)
class TableCell:
    """The text of a table cell, its flags (keys of SYMBOLS), and how many cells have one of FLAGS, such as "2/15".

    group  number of the rank group of its learner within the column, 1 for the best; 0: not compared
    bold   whether formats that have bold text show it so
    signs  further symbols behind the text, which no legend explains
    """

    text: str
    flags: tuple[str, ...] = ()
    count: str = ""
    group: int = 0
    bold: bool = False
    signs: str = ""

    def marks(self, symbols: Mapping[str, str]) -> str:
        """The symbols of the flags, with the count after those of FLAGS; "" without flags."""
        counted = "".join(symbols[flag] for flag in self.flags if flag in FLAGS)
        others = "".join(symbols[flag] for flag in self.flags if flag not in FLAGS)
        return f"{counted}{self.count if counted else ''}{others}"


RowGroup = tuple[str, tuple[tuple[str, tuple[TableCell, ...]], ...]]
"""A heading and its rows; a row is the name of a learner and its cells."""


@dataclass(frozen=True)
class Table:
    """A table; its rows are in groups.

    footnote  how to read the values: the same text for all tables of one kind
    caption  text on this table only
    notes    sentences on single rows
    source   the provenance in one line
    """

    label: str
    title: str
    columns: tuple[Column, ...]
    row_groups: tuple[RowGroup, ...]
    footnote: str
    caption: str
    notes: tuple[str, ...]
    source: str

    @property
    def legend(self) -> dict[str, str]:
        """The flags that occur, in the order of SYMBOLS, with their explanations, and that of counts if they occur."""
        cells = [cell for _, rows in self.row_groups for _, row in rows for cell in row]
        legend = {flag: LEGEND[flag] for flag in SYMBOLS if any(flag in cell.flags for cell in cells)}
        counted = [flag for flag in FLAGS if any(flag in cell.flags and cell.count for cell in cells)]
        return legend | {flag: legend[flag] + COUNT_NOTE for flag in counted[-1:]}


def family_tables(board: Leaderboard, source: str) -> list[Table]:
    """Tables of the means over the tasks of each family, at most FAMILIES families per table."""
    parts = [board.families[start : start + FAMILIES] for start in range(0, len(board.families), FAMILIES)]
    return [_family_table(board, part, number if len(parts) > 1 else 0, source) for number, part in enumerate(parts, 1)]


def _family_table(board: Leaderboard, families: tuple[str, ...], number: int, source: str) -> Table:
    found = {(entry.learner, entry.name, entry.split): entry for entry in board.entries if entry.scope == "family"}
    present = {(family, split) for _, family, split in found}
    family_columns = [(family, split) for family in families for split in ("ood", "id") if (family, split) in present]
    columns = tuple(Column(f"{family} {split.upper()}", family, split.upper()) for family, split in family_columns)
    row_groups: list[RowGroup] = []
    for kind in ("learner", "control"):
        rows = [
            (
                name,
                tuple(
                    entry_cell(board, found.get((name, family, split)), interval=split == "ood")
                    for family, split in family_columns
                ),
            )
            for name in board.order[kind]
        ]
        rows = [(name, cells) for name, cells in rows if any(cell.text != NOT_PLANNED for cell in cells)]
        row_groups += [(HEADINGS[kind], tuple(rows))] if rows else []
    return Table(
        label=f"families{number or ''}",
        title=f"By family{f', part {number}' if number else ''}",
        columns=columns,
        row_groups=tuple(row_groups),
        footnote=_family_footnote(board),
        caption="",
        notes=not_planned(row_groups),
        source=source,
    )


def _family_footnote(board: Leaderboard) -> str:
    """What the means count. It is the same for all tables of families, and so is printed once."""
    undecided = "tasks of a family; all of them count, since the status of none is decided (grue quality)"
    counted = "measuring tasks of a family" if board.decided else undecided
    return " ".join(
        [f"{FAMILY_FOOTNOTE}, mean over the {counted}. {INTERVALS}", *[f"{note}." for note in without_mean(board)]]
    )


def without_mean(board: Leaderboard) -> tuple[str, ...]:
    """The note on families that have ranked tasks, but no mean, because none of these tasks measures."""
    families = dict.fromkeys(task.family for task in board.tasks if task.name in board.ranked)
    lacking = [family for family in families if family not in board.families]
    return (f"No mean, since no task of the family measures: {', '.join(lacking)}",) if lacking else ()


def task_tables(board: Leaderboard, source: str) -> list[Table]:
    """One table per task, without the riddles."""
    return [_task_table(board, task, source) for task in board.tasks]


def _task_table(board: Leaderboard, task: TaskHeader, source: str) -> Table:
    entries = [entry for entry in board.entries if entry.scope == "task" and entry.name == task.name]
    found = {(entry.learner, entry.metric, entry.split): entry for entry in entries}
    present = {entry.learner for entry in entries}
    refused = {entry.learner for entry in entries if entry.metric == "area" and entry.split == ""}
    columns = _task_columns(task, with_code=any(entry.metric == "code length" for entry in entries))
    greater = task.greater_is_better

    def rank(name: str) -> tuple[float, ...]:
        """Sort key: by the headline split, then in distribution, best first; learners without a value last."""
        ranking = [found.get((name, "area" if greater else "final", split)) for split in ("ood", "id")]
        values = [math.nan if entry is None else entry.value for entry in ranking]
        return tuple(math.inf if math.isnan(value) else -value if greater else value for value in values)

    row_groups: list[RowGroup] = []
    for kind in KINDS:
        names = sorted((name for name in board.order[kind] if name in present), key=rank)
        rows = [
            (
                name,
                tuple(
                    TableCell("n/a")
                    if name in refused or (metric == "code length" and (name, metric, split) not in found)
                    else entry_cell(board, found.get((name, metric, split)), interval=interval)
                    for _, metric, split, interval in columns
                ),
            )
            for name in names
        ]
        row_groups += [(HEADINGS[kind], tuple(rows))] if rows else []
    scale = (
        "0 is chance, 1 the best possible"
        if task.metric == "score"
        else "not on the common scale, not included in means"
    )
    if board.decided and board.listed.get(task.name, "measures") != "measures":
        scale += f"; {board.listed[task.name]} task, not included in means"
    shift = f"OOD: the split {task.ood}" if task.ood else "no headline shift, hence no OOD column"
    return Table(
        label=task.name,
        title=f"{task.name} (family {task.family})",
        columns=tuple(column for column, *_ in columns),
        row_groups=tuple(row_groups),
        footnote=TASK_FOOTNOTE if greater else BITS_FOOTNOTE,
        caption=f"n = {task.sizes[0]} to {task.sizes[-1]}, {task.metric}: {scale}; {shift}.",
        notes=(*_code_note(columns), *_solved_note(entries), *not_planned(row_groups), *task.notes),
        source=source,
    )


def _code_note(columns: list[tuple[Column, str, str, bool]]) -> tuple[str, ...]:
    return (CODE_NOTE,) if any(metric == "code length" for _, metric, _, _ in columns) else ()


def _solved_note(entries: list[Entry]) -> tuple[str, ...]:
    found = [f"{entry.learner} {solved_text(entry)}" for entry in entries if entry.metric == "solved"]
    return (f"{SOLVED}: {', '.join(found)}",) if found else ()


def solved_text(entry: Entry) -> str:
    """The share of seeds that solve a task, as in "OOD 2 of 3 (21 to 94 %)"."""
    share = f"{round(entry.value * entry.seeds)} of {entry.seeds}"
    return f"{entry.split.upper()} {share} ({100 * entry.low:.0f} to {100 * entry.high:.0f} %)"


def not_planned(row_groups: list[RowGroup]) -> tuple[str, ...]:
    """The note on values that were not planned, if there are any."""
    present = any(cell.text == NOT_PLANNED for _, rows in row_groups for _, cells in rows for cell in cells)
    return (f"{NOT_PLANNED}: not planned",) if present else ()


def _task_columns(task: TaskHeader, *, with_code: bool) -> list[tuple[Column, str, str, bool]]:
    """The columns of the table of a task: (column, metric, split, whether the interval is shown)."""
    largest, threshold = task.sizes[-1], f"{THRESHOLD:g}"
    in_distribution = [
        (Column("area ID", "area", "ID"), "area", "id", True),
        (Column(f"ID at {largest}", f"at n = {largest}", "ID"), "final", "id", True),
        (Column(f"n to {threshold} ID", f"n to {threshold}", "ID"), "examples to threshold", "id", False),
        (Column("fit s", "fit", "s"), "fit seconds", "", False),
    ]
    gap = Column("gap", f"at n = {largest}", "gap"), "gap", "", False
    outside = Column(f"OOD at {largest}", f"at n = {largest}", "OOD"), "final", "ood", True
    area, final, n_to_threshold, fit = in_distribution
    code = [(Column("code length", "code", "length"), "code length", "id", True)] if with_code else []
    if not task.greater_is_better:
        return [final, *code, *([outside, gap] if task.ood else []), fit]
    if task.ood is None:
        return [area, *code, final, n_to_threshold, fit]
    exposed = (
        Column(f"OOD examples to {threshold}", "OOD ex.", f"to {threshold}"),
        "OOD examples to threshold",
        "ood",
        True,
    )
    return [
        area,
        *code,
        (Column("area OOD", "area", "OOD"), "area", "ood", True),
        final,
        outside,
        gap,
        n_to_threshold,
        (Column(f"n to {threshold} OOD", f"n to {threshold}", "OOD"), "examples to threshold", "ood", False),
        *([exposed] if task.max_exposed else []),
        fit,
    ]


def entry_cell(board: Leaderboard, entry: Entry | None, *, interval: bool) -> TableCell:
    """The cell of one entry. Numbers of training examples to a threshold show only the flag "incomplete"."""
    if entry is None:
        return TableCell(NOT_PLANNED)
    flags = entry.flags.split(",") if entry.flags else []
    if math.isnan(entry.value):
        return TableCell(missing_word(board, entry))
    if entry.metric == "fit seconds":
        return TableCell(f"{float(f'{entry.value:.2g}'):g}" if entry.value < WHOLE_SECONDS else f"{entry.value:.0f}")
    if entry.metric == "examples to threshold":
        return TableCell(_crossing(entry), ("incomplete",) if "incomplete" in flags else ())
    one_seed = ["cell"] if interval and entry.interval == "cell" else []
    return TableCell(_value(entry, interval=interval), shown(flags + one_seed), f"{entry.flagged}/{entry.cells}")


def _value(entry: Entry, *, interval: bool) -> str:
    if entry.metric == "OOD examples to threshold":
        return f"{_crossing(entry)}{_bounds(entry) if interval else ''}"
    if interval and entry.interval == "range":
        return f"{decimal(entry.value)} [{decimal(entry.low)},{decimal(entry.high)}]"
    text, half_width = decimal(entry.value), half_width_text(entry.half_width)
    if entry.metric == "code length":
        text, half_width = f"{entry.value:.0f}", f"{entry.half_width:.0f}"
    return f"{text} ± {half_width}" if interval and not math.isnan(entry.half_width) else text


def _crossing(entry: Entry) -> str:
    return f"{'>' if entry.censored else ''}{entry.value:.0f}"


def _bounds(entry: Entry) -> str:
    """The interval of a threshold, as in " [16,>]"; "" if there is none, or if it is beyond the largest anchor."""
    if entry.interval == "none" or (entry.censored and math.isnan(entry.low)):
        return ""
    low, high = (">" if math.isnan(end) else f"{end:.0f}" for end in (entry.low, entry.high))
    return f" [{low},{high}]"


def shown(flags: Iterable[str]) -> tuple[str, ...]:
    """Flags to print, in the order of SYMBOLS."""
    return tuple(flag for flag in SYMBOLS if flag in flags)


def half_width_text(value: float) -> str:
    """Half of an interval with two decimals; one that rounds to 0.00 is printed as <0.01."""
    text = f"{value:.2f}"
    return "<0.01" if text == "0.00" else text


def decimal(value: float) -> str:
    """A value with two decimals, without the sign of zero."""
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text
