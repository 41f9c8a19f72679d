"""Tables of the leaderboard with the text of each cell, independent of the output format."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..analysis.entries import THRESHOLD, Entry
from ..analysis.intervals import wilson
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

HEADINGS = {
    "learner": "learners",
    "control": "controls",
    "heuristic": "heuristics",
}

INTERVALS = (
    "±: half width of the 95 % confidence interval (t over seeds, each of which samples data and initialisation; at "
    "least what the sampling of test examples implies)."
)

FAMILIES = 4
"""Largest number of families in one table, with OOD and ID of each."""

FAMILY_FOOTNOTE = (
    "Area under the learning curve (score against log2 n, clipped at -1; 0 is chance, 1 the best possible), "
    f"in distribution (ID) and on the headline shift of each task (OOD), mean over the tasks of a family. {INTERVALS}"
)

TASK_FOOTNOTE = (
    "n: training examples. area: area under the learning curve, score against log2 n, clipped at -1, over the training "
    "sizes that most learners were planned at; gap: ID - OOD at the largest n; "
    f"n to {THRESHOLD:g}: smallest n at which the mean score over seeds is at least {THRESHOLD:g} (>: not reached); "
    f"OOD examples to {THRESHOLD:g}: number of examples of the shift that have to be added to the training set, at the "
    f"largest n, for an OOD score of {THRESHOLD:g}; fit s: seconds per model (the time of a stack of networks divided "
    f"by their number). {INTERVALS}"
)

CODE_NOTE = (
    "code length: prequential, in bits: to encode the targets of the training examples from the smallest n to the "
    "largest, each block by the learner that was trained on the blocks before it, with 5 % of the training marginal "
    "mixed in"
)

BITS_FOOTNOTE = (
    "bits per symbol: mean of -log2 of the predicted probability of the target, after mixing predictions "
    "with 5 % of the training marginal; lower is better, and the best possible value is unknown; gap: OOD - ID at the "
    f"largest n; fit s: seconds per model (the time of a stack of networks divided by their number). {INTERVALS}"
)

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
    """The text of a table cell, and its flags (keys of SYMBOLS)."""

    text: str
    flags: tuple[str, ...] = ()


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
    def flags(self) -> tuple[str, ...]:
        """The flags that occur, in the order of SYMBOLS, for the legend."""
        found = {flag for _, rows in self.row_groups for _, cells in rows for cell in cells for flag in cell.flags}
        return tuple(flag for flag in SYMBOLS if flag in found)


def family_tables(board: Leaderboard, source: str) -> list[Table]:
    """Tables of the means over the tasks of each family, at most FAMILIES families per table."""
    parts = [board.families[start : start + FAMILIES] for start in range(0, len(board.families), FAMILIES)]
    return [_family_table(board, part, number if len(parts) > 1 else 0, source) for number, part in enumerate(parts, 1)]


def _family_table(board: Leaderboard, families: tuple[str, ...], number: int, source: str) -> Table:
    found = {(entry.learner, entry.name, entry.split): entry for entry in board.entries if entry.scope == "family"}
    present = {(family, split) for _, family, split in found}
    family_columns = [(family, split) for family in families for split in ("ood", "id") if (family, split) in present]
    columns = tuple(Column(f"{family} {split.upper()}", family, split.upper()) for family, split in family_columns)
    row_groups = [
        (
            HEADINGS[kind],
            tuple(
                (
                    name,
                    tuple(
                        entry_cell(board, found.get((name, family, split)), interval=split == "ood")
                        for family, split in family_columns
                    ),
                )
                for name in board.order[kind]
            ),
        )
        for kind in KINDS
        if kind != "heuristic" and board.order[kind]
    ]
    return Table(
        label=f"families{number or ''}",
        title=f"By family{f', part {number}' if number else ''}",
        columns=columns,
        row_groups=tuple(row_groups),
        footnote=FAMILY_FOOTNOTE,
        caption="",
        notes=_not_planned(row_groups),
        source=source,
    )


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
    shift = f"OOD: the split {task.ood}" if task.ood else "no headline shift, hence no OOD column"
    return Table(
        label=task.name,
        title=f"{task.name} (family {task.family})",
        columns=tuple(column for column, *_ in columns),
        row_groups=tuple(row_groups),
        footnote=TASK_FOOTNOTE if greater else BITS_FOOTNOTE,
        caption=f"n = {task.sizes[0]} to {task.sizes[-1]}, {task.metric}: {scale}; {shift}.",
        notes=(*_code_note(columns), *_solved(entries), *_not_planned(row_groups), *task.notes),
        source=source,
    )


def _code_note(columns: list[tuple[Column, str, str, bool]]) -> tuple[str, ...]:
    return (CODE_NOTE,) if any(metric == "code length" for _, metric, _, _ in columns) else ()


def _solved(entries: list[Entry]) -> tuple[str, ...]:
    """The note on learners whose seeds fall into two groups, of which the mean describes neither."""
    parts: list[str] = []
    for entry in entries:
        if entry.metric == "solved":
            solved = round(entry.value * entry.seeds)
            low, high = wilson(solved, entry.seeds)
            share = f"{solved} of {entry.seeds} ({100 * low:.0f} to {100 * high:.0f} %)"
            parts.append(f"{entry.learner} {entry.split.upper()} {share}")
    if not parts:
        return ()
    what = f"Bimodal: seeds with a score of at least {THRESHOLD:g} at the largest n, with Wilson's 95 % interval"
    return (f"{what}: {', '.join(parts)}",)


def _not_planned(row_groups: list[RowGroup]) -> tuple[str, ...]:
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
    code = [(Column("code length", "code", "length"), "code length", "id", False)] if with_code else []
    if not task.greater_is_better:
        return [final, *code, *([outside, gap] if task.ood else []), fit]
    if task.ood is None:
        return [area, *code, final, n_to_threshold, fit]
    exposed = (
        Column(f"OOD examples to {threshold}", "OOD ex.", f"to {threshold}"),
        "OOD examples to threshold",
        "ood",
        False,
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
    """The cell of one entry. Areas and scores show all flags; thresholds show "incomplete" only."""
    if entry is None:
        return TableCell(NOT_PLANNED)
    flags = entry.flags.split(",") if entry.flags else []
    if math.isnan(entry.value):
        return TableCell(missing_word(board, entry))
    if entry.metric == "code length":
        return TableCell(f"{entry.value:.0f}", shown(flags))
    if entry.metric == "fit seconds":
        return TableCell(f"{float(f'{entry.value:.2g}'):g}" if entry.value < WHOLE_SECONDS else f"{entry.value:.0f}")
    if entry.metric.endswith("to threshold"):
        text = f"{'>' if entry.censored else ''}{entry.value:.0f}"
        return TableCell(text, ("incomplete",) if "incomplete" in flags else ())
    if not interval or math.isnan(entry.half_width):
        return TableCell(decimal(entry.value), shown(flags))
    one_seed = ["cell"] if entry.interval == "cell" else []
    return TableCell(f"{decimal(entry.value)} ± {half_width_text(entry.half_width)}", shown(flags + one_seed))


def shown(flags: list[str]) -> tuple[str, ...]:
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
