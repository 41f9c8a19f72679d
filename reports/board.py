"""The leaderboard table: one row per learner, one column per task, ID/OOD scores at the largest training size."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..analysis.entries import THRESHOLD, Entry
from ..analysis.measures import not_worse_than_best
from .leaderboard import STATUSES, Leaderboard, TaskHeader, is_final, missing_word, status_note
from .tables import (
    HEADINGS,
    NOT_PLANNED,
    SOLVED,
    Column,
    RowGroup,
    Table,
    TableCell,
    entry_cell,
    not_planned,
    shown,
    solved_text,
)

COLUMNS = 8
"""Largest number of tasks in one table: with more, a line is too long for a terminal of 100 columns and for a page."""

FOOTNOTE = (
    "ID/OOD: 100 x the score at the largest training size, mean over seeds, in distribution and on the headline "
    "shift; 0 is the best constant prediction of the split, 100 the best possible"
)

EXPOSURE_COLUMNS = 6
"""Largest number of tasks in one table of OOD examples to the threshold."""

EXPOSURE_FOOTNOTE = (
    f"The smallest number of examples of the headline shift, added to the largest training set, at which the mean OOD "
    f"score over seeds is at least {THRESHOLD:g} (>: not reached). In brackets its 95 % interval: from the first "
    f"number at which the interval of the mean score reaches {THRESHOLD:g} to the first at which all of it does (>: at "
    "none)."
)

BEST = "best heuristic"
"""Name of the row with the heuristic that scores best OOD (ID if there is no shift), separately for each task."""


def short_names(tasks: list[TaskHeader]) -> dict[str, str]:
    """The shortest unique name of each task: its family, else its name, else its whole label."""
    families = Counter(task.family for task in tasks)
    names = Counter(task.name.partition(":")[0] for task in tasks)

    def short(task: TaskHeader) -> str:
        name = task.name.partition(":")[0]
        return task.family if families[task.family] == 1 else name if names[name] == 1 else task.name

    return {task.name: short(task) for task in tasks}


def board_tables(board: Leaderboard, source: str) -> list[Table]:
    """Tables of the ranked tasks, at most COLUMNS tasks of one status per table."""
    return [_table(board, part, source) for part in _parts(board.groups, COLUMNS)]


@dataclass(frozen=True)
class _Part:
    """The tasks of one table, and what follows the label and the title of its kind of table."""

    tasks: list[TaskHeader]
    label: str
    title: str


def _parts(groups: dict[str, list[TaskHeader]], columns: int) -> Iterator[_Part]:
    """Split the tasks of each status into parts of at most `columns` tasks."""
    for status, tasks in groups.items():
        label, title = (f"-{status}", f": {STATUSES[status]}") if status else ("", "")
        for start in range(0, len(tasks), columns):
            number, one = start // columns + 1, len(tasks) <= columns
            yield _Part(
                tasks[start : start + columns],
                label if one else f"{label}{number}",
                title if one else f"{title}, part {number}",
            )


def _table(board: Leaderboard, part: _Part, source: str) -> Table:
    tasks = part.tasks
    finals = {(entry.name, entry.learner, entry.split): entry for entry in board.entries if is_final(entry)}
    names = short_names(tasks)
    best_of = {task.name: _not_worse_than_best(board, task) for task in tasks}

    def row(learner: str) -> tuple[str, tuple[TableCell, ...]]:
        cells = (
            replace(_cell(board, finals, task, learner), group=int(learner in best_of[task.name])) for task in tasks
        )
        return learner, tuple(cells)

    row_groups: list[RowGroup] = []
    for heading in ("learner", "control"):
        rows = [row(name) for name in board.order[heading]]
        rows = [(name, cells) for name, cells in rows if any(cell.text != NOT_PLANNED for cell in cells)]
        row_groups += [(HEADINGS[heading], tuple(rows))] if rows else []
    best = [_best(board, finals, task) for task in tasks]
    if any(cell.text != NOT_PLANNED for cell in best) and row_groups:
        heading, rows = row_groups[-1]
        row_groups[-1] = (heading, (*rows, (BEST, tuple(best))))
    return Table(
        label=f"board{part.label}",
        title=f"Leaderboard{part.title}",
        columns=tuple(Column(names[task.name], "", names[task.name]) for task in tasks),
        row_groups=tuple(row_groups),
        footnote=" ".join(filter(None, [f"{FOOTNOTE}.", _widths(board, finals), status_note(board)])),
        caption="; ".join(_column_note(task, names[task.name]) for task in tasks) + ".",
        notes=(*_solved_note(board, names), *not_planned(row_groups)),
        source=source,
    )


def exposure_tables(board: Leaderboard, source: str) -> list[Table]:
    """Tables of the OOD examples to the threshold, at most EXPOSURE_COLUMNS tasks of one status per table.

    There are none without exposure.
    """
    exposed = {
        status: [task for task in tasks if task.ood and task.max_exposed] for status, tasks in board.groups.items()
    }
    return [_exposure_table(board, part, source) for part in _parts(exposed, EXPOSURE_COLUMNS)]


def _exposure_table(board: Leaderboard, part: _Part, source: str) -> Table:
    tasks = part.tasks
    exposed = [entry for entry in board.entries if entry.metric == "OOD examples to threshold"]
    found = {(entry.name, entry.learner): entry for entry in exposed}
    names = short_names([task for task in board.tasks if task.name in board.ranked])
    row_groups: list[RowGroup] = []
    for kind in ("learner", "control"):
        rows = [
            (name, tuple(entry_cell(board, found.get((task.name, name)), interval=True) for task in tasks))
            for name in board.order[kind]
        ]
        rows = [(name, cells) for name, cells in rows if any(cell.text != NOT_PLANNED for cell in cells)]
        row_groups += [(HEADINGS[kind], tuple(rows))] if rows else []
    return Table(
        label=f"exposure{part.label}",
        title=f"OOD examples to {THRESHOLD:g}{part.title}",
        columns=tuple(Column(names[task.name], "", names[task.name]) for task in tasks),
        row_groups=tuple(row_groups),
        footnote=EXPOSURE_FOOTNOTE,
        caption="; ".join(f"{_column_note(task, names[task.name])}, 0 to {task.max_exposed}" for task in tasks) + ".",
        notes=not_planned(row_groups),
        source=source,
    )


def _cell(board: Leaderboard, finals: dict[tuple[str, str, str], Entry], task: TaskHeader, learner: str) -> TableCell:
    splits = ("id", "ood") if task.ood else ("id",)
    entries = [finals.get((task.name, learner, split)) for split in splits]
    planned = [entry for entry in entries if entry is not None]
    if not planned:
        return TableCell("n/a" if (task.name, learner, "") in finals else NOT_PLANNED)
    flags = {flag for entry in planned for flag in entry.flags.split(",")}
    if all(math.isnan(entry.value) for entry in planned):
        return TableCell(missing_word(board, max(planned, key=lambda entry: "diverged" in entry.flags)))
    text = "/".join("?" if math.isnan(entry.value) else _percent(entry.value) for entry in planned)
    return TableCell(text, shown(sorted(flags - {"cell"})))


def _not_worse_than_best(board: Leaderboard, task: TaskHeader) -> set[str]:
    """The learners of the best rank group on a task, by the score on the headline shift (ID if there is none)."""
    split = "ood" if task.ood else "id"
    curves = [one for one in board.curves if one.task == task.name and one.kind == "learner" and one.planned_at_largest]
    seeds = sorted({seed for curve in curves for seed in curve.seeds})
    scores = {
        curve.learner: (curve.finals_of(split, seeds), curve.finals_of(f"{split}_error", seeds)) for curve in curves
    }
    return not_worse_than_best(scores)


def _best(board: Leaderboard, finals: dict[tuple[str, str, str], Entry], task: TaskHeader) -> TableCell:
    split = "ood" if task.ood else "id"
    values = {
        name: -math.inf if math.isnan(entry.value) else entry.value
        for name in board.order["heuristic"]
        if (entry := finals.get((task.name, name, split))) is not None
    }
    if not values:
        return TableCell(NOT_PLANNED)
    return _cell(board, finals, task, max(values, key=lambda name: values[name]))


def _column_note(task: TaskHeader, short: str) -> str:
    """The entry of a column in the caption: task, training size and OOD split."""
    name = "" if task.name == short else f"{task.name}, "
    return f"{short}: {name}n = {task.sizes[-1]}" + (f", OOD {task.ood}" if task.ood else "")


def _widths(board: Leaderboard, finals: dict[tuple[str, str, str], Entry]) -> str:
    """Sentence on the half widths of the intervals of the OOD scores."""
    widths = sorted(
        100 * entry.half_width
        for (name, _, split), entry in finals.items()
        if split == "ood" and name in board.ranked and entry.kind == "learner" and not math.isnan(entry.half_width)
    )
    if not widths:
        several = any(entry.interval == "range" for entry in finals.values())
        return "The tables by task list the ranges over seeds." if several else "No intervals: there is one seed only."
    return (
        f"Half widths of the 95 % confidence intervals (t over seeds, where it covers) of the learners' OOD scores: "
        f"median {widths[len(widths) // 2]:.0f}, largest {widths[-1]:.0f}; the tables by task list them."
    )


def _solved_note(board: Leaderboard, names: dict[str, str]) -> tuple[str, ...]:
    parts: list[str] = []
    for task, short in names.items():
        entries = [entry for entry in board.entries if entry.metric == "solved" and entry.name == task]
        if entries:
            parts.append(f"{short} " + ", ".join(f"{entry.learner} {solved_text(entry)}" for entry in entries))
    return (f"{SOLVED}: {'; '.join(parts)}",) if parts else ()


def _percent(value: float) -> str:
    text = f"{100 * value:.0f}"
    return "0" if text == "-0" else text
