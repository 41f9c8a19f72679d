"""The content of tables of scores: summary of all tasks, learning curves, and scores against exposed examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...analysis.best import Standing
from ...analysis.quality import NOT_FITTED
from ..board import short_names
from ..leaderboard import STATUSES, TaskHeader
from ..names import base_and_variant
from ..tables import HEADINGS, LEGEND
from .points import BEST_HEURISTIC, Point, Points, cell_of
from .sheet import EMPTY, MARKS, Block, Cell, Column, Figure, Row, Sheet

TEST = (
    "Bold: the best learner, and those not significantly worse (paired t test over seeds, Holm-corrected per "
    "column, 5 %)."
)

COUNTED = f"Learners with {' or '.join(MARKS[flag] for flag in NOT_FITTED)} are not tested, and never bold."

RANGE = "In brackets: range over seeds, where a t interval would cover too little (none if all round to one value)."

Axis = tuple[str, int, int]
"""A column: its split, training size and number of exposed examples."""


def summary_sheets(points: Points) -> Iterator[Sheet]:
    """ID and OOD scores at the largest training size: tasks as columns, a sheet for each status of tasks."""
    names = short_names([task for tasks in points.board.groups.values() for task in tasks])
    for status, tasks in points.board.groups.items():
        columns = tuple(Column(names[task.name], ("ID", "OOD") if task.ood else ("ID",)) for task in tasks)
        found = {task.name: _summary_of(points, task) for task in tasks}
        blocks = []
        for kind, learners in learners_of(points).items():
            rows = [
                Row(name, tuple(found[task.name].cells(name) for task in tasks), base_of(name, learners))
                for name in learners
            ]
            rows = [row for row in rows if any(cell.text != EMPTY for cells in row.cells for cell in cells)]
            blocks += [Block(HEADINGS[kind], tuple(rows))] if rows else []
        where = "; ".join(_column_note(task, names[task.name]) for task in tasks)
        kinds = f" on {STATUSES[status]}" if status else ""
        yield Sheet(
            name=f"summary{f'-{status}' if status else ''}",
            title=f"Scores{kinds}",
            caption=f"Scores{kinds}, in distribution (ID) and on a shift (OOD), at the largest training sizes "
            f"({points.unit(tasks[0].name).name}); {seeds_text(points, tasks)}. {TEST} {version_text(points)}",
            stub="learner",
            columns=columns,
            blocks=tuple(blocks),
            notes=(f"{where}.", *_widths(found.values()), *_marks(blocks)),
            records=tuple(record for task in tasks for record in found[task.name].records()),
            figures=tuple(figure for task in tasks for figure in found[task.name].figures("summary")),
            transposable=True,
        )


def curve_sheets(points: Points) -> Iterator[Sheet]:
    """Scores against training size: one sheet for each task, with the sizes as columns under each split."""
    for name, task in points.tasks.items():
        axes = {f"{split.upper()}, n =": [(split, n, 0) for n in task.sizes] for split in points.splits(name)}
        title = f"Scores on {name} against the number n of training examples"
        caption = f"{title}, in distribution (ID)" + (f" and on the shift {task.ood} (OOD)" if task.ood else "")
        yield _axes_sheet(points, task, "curves", axes, title, caption)


def exposure_sheets(points: Points) -> Iterator[Sheet]:
    """OOD scores against the number of exposed examples: one sheet for each task that has any."""
    for name, task in points.tasks.items():
        amounts = points.exposed(name) if task.ood and task.max_exposed else []
        if len(amounts) < 2:  # noqa: PLR2004 -- nothing was exposed
            continue
        axes = {"added OOD examples": [("ood", task.sizes[-1], exposed) for exposed in amounts]}
        title = f"OOD scores on {name} against exposed examples"
        caption = (
            f"OOD scores on {name}, split {task.ood}, against the number of examples of this split that are added to "
            f"the n = {task.sizes[-1]} training examples"
        )
        yield _axes_sheet(points, task, "exposure", axes, title, caption)


def _axes_sheet(
    points: Points, task: TaskHeader, what: str, axes: Mapping[str, Sequence[Axis]], title: str, caption: str
) -> Sheet:
    """A sheet with a column for each training size or number of exposed examples, under the headings `axes`."""
    order = learners_of(points, task)
    every = [name for names in order.values() for name in names]
    found = {head: [_column(points, task, every, axis) for axis in own] for head, own in axes.items()}
    blocks: list[Block] = []
    for kind, learners in order.items():
        rows = [
            Row(one, tuple(tuple(part.cell(one) for part in own) for own in found.values()), base_of(one, learners))
            for one in learners
        ]
        rows = [row for row in rows if any(cell.text != EMPTY for cells in row.cells for cell in cells)]
        blocks += [Block(HEADINGS[kind], tuple(rows))] if rows else []
    parts = [part for own in found.values() for part in own]
    return Sheet(
        name=f"{what}-{task.name}",
        title=title,
        caption=f"{caption} ({points.unit(task.name).name}); {seeds_text(points, [task])}. {TEST} "
        f"{version_text(points)}",
        stub="learner",
        columns=tuple(
            Column(head, tuple(str(exposed if what == "exposure" else size) for _, size, exposed in own))
            for head, own in axes.items()
        ),
        blocks=tuple(blocks),
        notes=_marks(blocks),
        records=tuple(record for part in parts for record in part.records()),
        figures=tuple(figure for part in parts for figure in part.figures(what)),
    )


@dataclass(frozen=True)
class _Column:
    """One column: the points of the learners on a task, at one training size and number of exposed examples."""

    points: Points
    task: TaskHeader
    axis: Axis
    found: Mapping[str, Point]
    standings: Mapping[str, Standing]

    def cell(self, learner: str) -> Cell:
        """The cell of a learner."""
        if learner not in self.found:
            return Cell()
        return cell_of(self.found[learner], self.points.unit(self.task.name), self.standings.get(learner))

    def records(self) -> Iterator[dict[str, Any]]:
        """The tidy rows."""
        split, size, exposed = self.axis
        for learner, point in self.found.items():
            yield {
                "task": self.task.name,
                "family": self.task.family,
                "learner": learner,
                "kind": self.points.kind(learner),
                "size": size,
                "exposed": exposed,
                "split": split,
                "metric": self.task.metric,
                **point.record(self.standings.get(learner)),
            }

    def figures(self, what: str) -> Iterator[Figure]:
        """The figures, as they are printed."""
        split, size, exposed = self.axis
        at = {"summary": (), "curves": (f"n{size}",), "exposure": (f"exposed{exposed}",)}[what]
        for learner, point in self.found.items():
            if not point.word:
                cell = self.cell(learner)
                yield Figure((what, self.task.name, learner, split, *at), cell.text, cell.flags)


def _column(points: Points, task: TaskHeader, learners: Iterable[str], axis: Axis) -> _Column:
    split, size, exposed = axis
    found = {name: points.at(task.name, name, split, size, exposed) for name in learners if points.has(task.name, name)}
    return _Column(points, task, axis, found, points.standings(task.name, found))


@dataclass(frozen=True)
class _Summary:
    """A task in the summary: a column for each split, and its best heuristic."""

    columns: tuple[_Column, ...]
    heuristic: str | None

    def cells(self, learner: str) -> tuple[Cell, ...]:
        """The cells of a learner, or of the best heuristic."""
        name = self.heuristic if learner == BEST_HEURISTIC else learner
        return tuple(column.cell(name) if name else Cell() for column in self.columns)

    def records(self) -> Iterator[dict[str, Any]]:
        """The tidy rows."""
        for column in self.columns:
            yield from column.records()

    def figures(self, what: str) -> Iterator[Figure]:
        """The figures."""
        for column in self.columns:
            yield from column.figures(what)


def _summary_of(points: Points, task: TaskHeader) -> _Summary:
    every = [name for names in points.order.values() for name in names]
    columns = []
    for split in points.splits(task.name):
        # The size of a heuristic, which does not learn, is its own.
        found = {name: points.at(task.name, name, split) for name in every if points.has(task.name, name)}
        axis = (split, task.sizes[-1], 0)
        columns.append(_Column(points, task, axis, found, points.standings(task.name, found)))
    return _Summary(tuple(columns), points.best_heuristic(task.name))


def learners_of(points: Points, task: TaskHeader | None = None) -> dict[str, list[str]]:
    """Kind -> its learners, in the order of the rows; heuristics by name for one task, else the best one of each."""
    order = {kind: list(names) for kind, names in points.order.items()}
    if task is not None:
        return {kind: [name for name in names if points.has(task.name, name)] for kind, names in order.items()}
    if points.chosen is None and order["heuristic"]:
        return {"learner": order["learner"], "control": [*order["control"], BEST_HEURISTIC]}
    return order


def base_of(name: str, learners: Sequence[str]) -> str:
    """The base of a variant, if it is the row above, perhaps with other variants of it between them."""
    base, variant = base_and_variant(name)
    above = list(learners[: learners.index(name)])
    while above and above[-1] != base and base_and_variant(above[-1])[0] == base:
        above.pop()
    return base if variant and above and above[-1] == base else ""


def _column_note(task: TaskHeader, short: str) -> str:
    name = "" if task.name == short else f"{task.name}, "
    return f"{short}: {name}n = {task.sizes[-1]}" + (f", OOD {task.ood}" if task.ood else "")


def seeds_text(points: Points, tasks: Iterable[TaskHeader]) -> str:
    """The number of seeds of some tasks, as in "5 seeds" or "5 to 10 seeds"."""
    cells = points.results.catalogue.by_task
    counts = {len({cell.seed for own in cells[task.name].values() for cell in own}) for task in tasks}
    least, most = min(counts), max(counts)
    number = f"{least}" if least == most else f"{least} to {most}"
    return f"mean over {number} seed{'' if most == 1 else 's'}" if most > 1 else "1 seed, hence no test"


def version_text(points: Points) -> str:
    """The version of grue that made the results."""
    versions = dict.fromkeys(one.get("versions", {}).get("grue") for one in points.results.provenance)
    named = " and ".join(version for version in versions if version)
    suites = points.results.catalogue.suite_seeds
    suite = f", suite seed {suites[0]}" if any(suites) else ""
    return f"grue{f' {named}' if named else ''}{suite}."


def _widths(found: Iterable[_Summary]) -> tuple[str, ...]:
    """Sentence on the half widths of the intervals of the learners' OOD scores."""
    halves = sorted(
        100 * point.mean.half_width
        for summary in found
        for column in summary.columns[1:]
        for name, point in column.found.items()
        if column.points.kind(name) == "learner" and not np.isnan(point.mean.half_width)
    )
    if not halves:
        return ()
    text = (
        "95 % confidence intervals (t over seeds, where it covers) of the learners' OOD scores: half width "
        f"{halves[len(halves) // 2]:.0f} in the median, at most {halves[-1]:.0f}."
    )
    return (text,)


def _marks(blocks: Iterable[Block]) -> tuple[str, ...]:
    return mark_notes(cell for block in blocks for row in block.rows for cells in row.cells for cell in cells)


def mark_notes(cells: Iterable[Cell], words: Mapping[str, str] = LEGEND, *, tested: bool = True) -> tuple[str, ...]:
    """The notes on the marks and words that occur; where there are tests, on those that are left out of them."""
    every = list(cells)
    present = [flag for flag in MARKS if any(flag in cell.flags for cell in every)]
    notes = [f"{MARKS[flag]} {words[flag]}." for flag in present if flag in words]
    if tested and set(present) & set(NOT_FITTED):
        notes.append(COUNTED)
    if any("[" in cell.text for cell in every):
        notes.append(RANGE)
    if any(cell.text == EMPTY for cell in every):
        notes.append(f"{EMPTY}: not planned.")
    if any(cell.text == "n/a" for cell in every):
        notes.append("n/a: the learner is not applicable to the task.")
    return tuple(notes)
