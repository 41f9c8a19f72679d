"""The content of the table of one task: final scores, gap and area with intervals, and examples to the threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

import numpy as np
import pandas as pd

from ...analysis.best import Outcome, Standing, standings
from ...analysis.entries import THRESHOLD, Entry
from ...analysis.intervals import Interval, IntervalKind
from ...analysis.outcomes import outcomes
from ...analysis.quality import NOT_FITTED
from ..leaderboard import TaskHeader, missing_word
from ..tables import HEADINGS, SYMBOLS
from .content import TEST, base_of, learners_of, mark_notes, seeds_text, version_text
from .points import Points, Unit, reason
from .sheet import EMPTY, Block, Cell, Column, Figure, Row, Sheet

Key = tuple[str, str]
"""Metric and split of an entry of the leaderboard."""

_KINDS: dict[str, IntervalKind] = {kind: kind for kind in get_args(IntervalKind)}


def task_sheets(points: Points) -> Iterator[Sheet]:
    """One sheet for each task."""
    areas = {split: _areas(points, split) for split in ("id", "ood")}
    for name, task in points.tasks.items():
        found = {
            (entry.learner, entry.metric, entry.split): entry
            for entry in points.board.entries
            if entry.scope == "task" and entry.name == name
        }
        yield _sheet(points, task, found, {split: table.loc[table["task"] == name] for split, table in areas.items()})


def _sheet(
    points: Points, task: TaskHeader, found: Mapping[tuple[str, str, str], Entry], areas: Mapping[str, pd.DataFrame]
) -> Sheet:
    order = {kind: _ranked(names, found, task) for kind, names in learners_of(points, task).items()}
    every = [name for names in order.values() for name in names]
    present = [(column, key) for column, key in _keys(task) if any((name, *key) in found for name in every)]
    keys = [(column, key) for column, key in present if column]
    heads = {column: [key for of, key in keys if of == column] for column, _ in keys}
    columns = tuple(Column(head, tuple(_name(key) for key in own)) for head, own in heads.items())
    tests = _tests(points, task, every, areas)
    unit = points.unit(task.name)

    def cell(learner: str, key: Key) -> Cell:
        entry = found.get((learner, *key))
        if entry is None:
            return Cell("n/a" if (learner, "area", "") in found else EMPTY)
        standing = tests.get(key, {}).get(learner)
        return _cell(points, entry, unit, bold=bool(standing and standing.bold))

    blocks = [
        Block(
            HEADINGS[kind],
            tuple(
                Row(name, tuple(tuple(cell(name, key) for key in own) for own in heads.values()), base_of(name, names))
                for name in names
            ),
        )
        for kind, names in order.items()
        if names
    ]
    cells = {(name, key): cell(name, key) for name in every for _, key in keys}
    shift = f"; OOD: the split {task.ood}" if task.ood else ""
    return Sheet(
        name=f"task-{task.name}",
        title=f"Scores on {task.name}",
        caption=f"Scores on {task.name} ({unit.name}), n up to {task.sizes[-1]}{shift}; {seeds_text(points, [task])}. "
        f"{TEST} {version_text(points)}",
        stub="learner",
        columns=columns,
        blocks=tuple(blocks),
        notes=(*_notes(task, [key for _, key in keys], cells.values()), *(f"{note}." for note in task.notes)),
        records=tuple(_records(points, task, every, [key for _, key in present], found, tests)),
        figures=tuple(_figures(task, cells)),
    )


def _keys(task: TaskHeader) -> list[tuple[str, Key]]:
    """The columns: (heading, key of the entries); those without a heading are in the tidy rows alone."""
    at, to = f"n = {task.sizes[-1]}", f"n to {THRESHOLD:g}"
    every: list[tuple[str, Key]] = [(at, ("final", "id")), (at, ("final", "ood")), ("", ("gap", ""))]
    every += [("area", ("area", "id")), ("area", ("area", "ood"))]
    every += [(to, ("examples to threshold", "id")), (to, ("examples to threshold", "ood"))]
    if task.max_exposed:
        every.append((f"added to {THRESHOLD:g}", ("OOD examples to threshold", "ood")))
    return [*every, ("", ("fit seconds", ""))]


def _name(key: Key) -> str:
    metric, split = key
    return "" if metric == "OOD examples to threshold" else split.upper()


def _ranked(names: list[str], found: Mapping[tuple[str, str, str], Entry], task: TaskHeader) -> list[str]:
    """Names by the final OOD score, then by that in distribution, best first; without a score last."""
    sign = -1 if task.greater_is_better else 1

    def rank(name: str) -> tuple[float, ...]:
        entries = [found.get((name, "final", split)) for split in ("ood", "id")]
        values = [float("nan") if entry is None else entry.value for entry in entries]
        return tuple(np.inf if np.isnan(value) else sign * value for value in values)

    return sorted(names, key=rank)


def _areas(points: Points, split: str) -> pd.DataFrame:
    return outcomes(points.results.scores, points.results.catalogue, "area", split)


def _tests(
    points: Points, task: TaskHeader, learners: list[str], areas: Mapping[str, pd.DataFrame]
) -> dict[Key, dict[str, Standing]]:
    """The standings in the columns of final scores and areas."""
    tests: dict[Key, dict[str, Standing]] = {}
    for split in points.splits(task.name):
        finals = {name: points.at(task.name, name, split) for name in learners}
        tests["final", split] = points.standings(task.name, finals)
        column: dict[str, Outcome] = {}
        for name, rows in areas[split].groupby("learner", sort=False):
            flags = {flag for text in rows["flags"] for flag in str(text).split(",")}
            if points.kind(str(name)) == "learner" and name in learners:
                series = (dict(zip(rows["seed"], rows[column], strict=True)) for column in ("value", "error"))
                column[str(name)] = Outcome(*series, counted=not flags & set(NOT_FITTED))
        tests["area", split] = standings(column)
    return tests


def _cell(points: Points, entry: Entry, unit: Unit, *, bold: bool) -> Cell:
    flags = set(entry.flags.split(","))
    if np.isnan(entry.value):
        return Cell(missing_word(points.board, entry))
    if entry.metric in ("examples to threshold", "OOD examples to threshold"):
        sign = ">" if entry.censored else ""
        return Cell(f"{sign}{entry.value:.0f}", ("incomplete",) if "incomplete" in flags else ())
    mean = Interval(entry.value, entry.half_width, entry.seeds, _KINDS[entry.interval], entry.low, entry.high)
    text = unit.interval(mean) if entry.metric == "final" else unit.text(entry.value)
    one_seed = {"cell"} if entry.metric == "final" and entry.interval == "cell" else set[str]()
    return Cell(text, tuple(flag for flag in SYMBOLS if flag in flags | one_seed), bold)


def _records(
    points: Points,
    task: TaskHeader,
    learners: list[str],
    keys: list[Key],
    found: Mapping[tuple[str, str, str], Entry],
    tests: Mapping[Key, Mapping[str, Standing]],
) -> Iterator[dict[str, Any]]:
    for learner in learners:
        for key in keys:
            entry = found.get((learner, *key))
            if entry is None:
                continue
            standing = tests.get(key, {}).get(learner)
            yield {
                "task": task.name,
                "family": task.family,
                "learner": learner,
                "kind": entry.kind,
                "size": task.sizes[-1],
                "measure": entry.metric,
                "split": entry.split,
                "metric": task.metric,
                "value": entry.value,
                "half_width": entry.half_width,
                "low": entry.low,
                "high": entry.high,
                "interval": entry.interval,
                "seeds": entry.seeds,
                "censored": entry.censored,
                "flags": entry.flags,
                "missing": reason(missing_word(points.board, entry)) if np.isnan(entry.value) else "",
                "best": bool(standing and standing.best),
                "corrected_p": standing.corrected_p if standing else float("nan"),
                "bold": bool(standing and standing.bold),
            }


def _figures(task: TaskHeader, cells: Mapping[tuple[str, Key], Cell]) -> Iterator[Figure]:
    for (learner, (metric, split)), cell in cells.items():
        if any(character.isdigit() for character in cell.text):
            yield Figure(("task", task.name, learner, metric, *([split] if split else [])), cell.text, cell.flags)


def _notes(task: TaskHeader, keys: list[Key], cells: Any) -> tuple[str, ...]:
    metrics = {metric for metric, _ in keys}
    notes: list[str] = []
    every = list(cells)
    if any("±" in cell.text for cell in every):
        notes.append("±: half width of the 95 % confidence interval (t over seeds).")
    if "area" in metrics:
        notes.append(
            f"area: under the learning curve, score against log n, n = {task.sizes[0]} to {task.sizes[-1]}, clipped at "
            "−100."
        )
    if "examples to threshold" in metrics:
        notes.append(f"n to {THRESHOLD:g}: smallest n with a mean score of {100 * THRESHOLD:g} (>: not reached).")
    if "OOD examples to threshold" in metrics:
        notes.append(
            f"added to {THRESHOLD:g}: number of OOD examples in the training set to an OOD score of "
            f"{100 * THRESHOLD:g}, at the largest n (>: not reached)."
        )
    return (*notes, *mark_notes(every))
