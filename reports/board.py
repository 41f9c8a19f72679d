"""The leaderboard table: one row per learner, one column per task, ID/OOD scores at the largest training size."""

from __future__ import annotations

import math
from collections import Counter

from ..analysis.entries import Entry
from .leaderboard import Leaderboard, TaskHead, absent, is_final
from .tables import HEADINGS, UNASKED, Block, Cell, Column, Table, shown

COLUMNS = 8
"""Largest number of tasks in one table: with more, a line is too long for a terminal of 100 columns and for a page."""

READING = (
    "ID/OOD: 100 x the score at the largest training size, mean over seeds, in distribution and on the headline "
    "shift; 0 is the best constant answer of the split, 100 the best possible"
)

BEST = "best heuristic"
"""Name of the row with the heuristic that scores best OOD (ID if there is no shift), separately for each task."""


def short_names(tasks: list[TaskHead]) -> dict[str, str]:
    """The shortest unique name of each task: its family, else its name, else its whole label."""
    families = Counter(task.family for task in tasks)
    names = Counter(task.name.partition(":")[0] for task in tasks)

    def short(task: TaskHead) -> str:
        name = task.name.partition(":")[0]
        return task.family if families[task.family] == 1 else name if names[name] == 1 else task.name

    return {task.name: short(task) for task in tasks}


def board_tables(board: Leaderboard, source: str) -> list[Table]:
    """Tables of the ranked tasks, at most COLUMNS tasks per table."""
    ranked = [task for task in board.tasks if task.name in board.ranked]
    parts = [ranked[start : start + COLUMNS] for start in range(0, len(ranked), COLUMNS)]
    return [_table(board, part, number if len(parts) > 1 else 0, source) for number, part in enumerate(parts, 1)]


def _table(board: Leaderboard, tasks: list[TaskHead], number: int, source: str) -> Table:
    finals = {(entry.of, entry.learner, entry.side): entry for entry in board.entries if is_final(entry)}
    names = short_names(tasks)

    def row(learner: str) -> tuple[str, tuple[Cell, ...]]:
        return learner, tuple(_cell(board, finals, task, learner) for task in tasks)

    blocks: list[Block] = []
    for heading in ("learner", "control"):
        rows = [row(name) for name in board.order[heading]]
        rows = [(name, cells) for name, cells in rows if any(cell.text != UNASKED for cell in cells)]
        blocks += [(HEADINGS[heading], tuple(rows))] if rows else []
    best = [_best(board, finals, task) for task in tasks]
    if any(cell.text != UNASKED for cell in best) and blocks:
        heading, rows = blocks[-1]
        blocks[-1] = (heading, (*rows, (BEST, tuple(best))))
    return Table(
        label=f"board{number or ''}",
        title=f"Leaderboard{f', part {number}' if number else ''}",
        columns=tuple(Column(names[task.name], "", names[task.name]) for task in tasks),
        blocks=tuple(blocks),
        reading=f"{READING}. {_widths(board, finals)}",
        caption="; ".join(_explained(task, names[task.name]) for task in tasks) + ".",
        notes=_unasked(blocks),
        source=source,
    )


def _cell(board: Leaderboard, finals: dict[tuple[str, str, str], Entry], task: TaskHead, learner: str) -> Cell:
    sides = ("id", "ood") if task.ood else ("id",)
    entries = [finals.get((task.name, learner, side)) for side in sides]
    found = [entry for entry in entries if entry is not None]
    if not found:
        return Cell("n/a" if (task.name, learner, "") in finals else UNASKED)
    marks = {mark for entry in found for mark in entry.marks.split(",")}
    if all(math.isnan(entry.value) for entry in found):
        return Cell(absent(board, max(found, key=lambda entry: "diverged" in entry.marks)))
    text = "/".join("?" if math.isnan(entry.value) else _percent(entry.value) for entry in found)
    return Cell(text, shown(sorted(marks - {"cell"})))


def _best(board: Leaderboard, finals: dict[tuple[str, str, str], Entry], task: TaskHead) -> Cell:
    side = "ood" if task.ood else "id"
    asked = {
        name: -math.inf if math.isnan(entry.value) else entry.value
        for name in board.order["heuristic"]
        if (entry := finals.get((task.name, name, side))) is not None
    }
    if not asked:
        return Cell(UNASKED)
    return _cell(board, finals, task, max(asked, key=lambda name: asked[name]))


def _explained(task: TaskHead, short: str) -> str:
    """The entry of a column in the caption: task, training size and OOD split."""
    name = "" if task.name == short else f"{task.name}, "
    return f"{short}: {name}n = {task.sizes[-1]}" + (f", OOD {task.ood}" if task.ood else "")


def _widths(board: Leaderboard, finals: dict[tuple[str, str, str], Entry]) -> str:
    """Sentence on the half widths of the intervals of the OOD figures."""
    widths = sorted(
        100 * entry.half_width
        for (of, _, side), entry in finals.items()
        if side == "ood" and of in board.ranked and entry.kind == "learner" and not math.isnan(entry.half_width)
    )
    if not widths:
        return "No intervals: one seed."
    return (
        f"Half a 95 % interval (t over seeds) of a learner's OOD figure: median {widths[len(widths) // 2]:.0f}, "
        f"largest {widths[-1]:.0f}; the tables by task have each."
    )


def _unasked(blocks: list[Block]) -> tuple[str, ...]:
    found = any(cell.text == UNASKED for _, rows in blocks for _, cells in rows for cell in cells)
    return (f"{UNASKED}: not planned",) if found else ()


def _percent(value: float) -> str:
    text = f"{100 * value:.0f}"
    return "0" if text == "-0" else text
