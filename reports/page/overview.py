"""The grids of the pages that show all tasks or all learners."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...analysis.entries import Entry
from ...analysis.quality import TaskQuality
from ..atlas import AtlasReport, atlas_tables
from ..claims import Standing, outcome_texts, study_verdict_text
from ..leaderboard import KINDS, STATUSES, Leaderboard, TaskHeader, status_note
from ..names import base_and_variant
from ..quality import quality_table
from ..ranking_table import ranking_tables
from ..tables import HEADINGS, SYMBOLS, entry_cell
from .grid import Box, Grid, Head, Link, grid_of, number_text, shade

BOARD_NOTE = (
    "ID and OOD: 100 × the score at the largest training size, mean over seeds, in distribution and on the headline "
    "shift; 0 is the best constant prediction of the split, 100 the best possible. Empty: not planned."
)

VARIANTS = "variants of learners"
FOLDED = 8
"""Rows from which the group of variants, and that of heuristics, is folded at first: most have a task or two."""


def ranking_grid(board: Leaderboard, link: Link) -> Grid | None:
    """The ranking; None if no learner has a rank."""
    tables = ranking_tables(board, "")
    return grid_of(tables[0], "learner", link, filters=True) if tables else None


def board_grids(board: Leaderboard, to_learner: Link, to_task: Link) -> list[Grid]:
    """The scores of every learner on every ranked task, a grid for each status of tasks."""
    found = {
        (entry.name, entry.learner, entry.split): entry
        for entry in board.entries
        if entry.scope == "task" and entry.metric == "final"
    }
    grids = []
    for number, (status, tasks) in enumerate(board.groups.items()):
        heads = tuple(Head(task.name, to_task(task.name), task.family) for task in tasks)
        groups = []
        for heading, names in _row_groups(board).items():
            rows = [
                (Head(name, to_learner(name)), tuple(_board_box(board, found, task, name) for task in tasks))
                for name in names
            ]
            rows = tuple(row for row in rows if any(box.text or box.second for box in row[1]))
            groups += [(heading, rows)] if rows else []
        long = tuple(name for name, rows in groups if name in (VARIANTS, HEADINGS["heuristic"]) and len(rows) >= FOLDED)
        legend = {
            flag for _, rows in groups for _, boxes in rows for box in boxes for flag in box.flags.split(", ") if flag
        }
        notes = (BOARD_NOTE, status_note(board), *[f"{SYMBOLS[flag]} {flag}" for flag in SYMBOLS if flag in legend])
        title = STATUSES.get(status, "tasks")
        grids.append(
            Grid(
                f"board-{number}", f"Scores: {title}", "learner", heads, tuple(groups),
                tuple(filter(None, notes)), filters=True, wide=True, pair=("OOD", "ID"), folded=long,
            )
        )  # fmt: skip
    return grids


def _row_groups(board: Leaderboard) -> dict[str, list[str]]:
    """The names of the rows of each group; a variant whose base is not there is a learner like others."""
    learners = board.order["learner"]
    variants = [name for name in learners if base_and_variant(name)[1] and base_and_variant(name)[0] in learners]
    bases = [name for name in learners if name not in variants]
    others = {HEADINGS[kind]: list(board.order[kind]) for kind in KINDS if kind != "learner"}
    return {HEADINGS["learner"]: bases, VARIANTS: variants} | others


def _board_box(board: Leaderboard, found: Mapping[tuple[str, str, str], Entry], task: TaskHeader, learner: str) -> Box:
    ood, of_id = found.get((task.name, learner, "ood")), found.get((task.name, learner, "id"))
    first, second = (math.nan if one is None else one.value for one in (ood, of_id))
    if ood is None and of_id is None:
        return Box("")
    cell = entry_cell(board, ood or of_id, interval=False)
    return Box(
        number_text(first, 100, ".0f") if ood else "",
        "" if math.isnan(first) else f"{first:g}",
        cell.marks(SYMBOLS),
        ", ".join(cell.flags),
        tint=shade(first),
        second=number_text(second, 100, ".0f") if of_id else "",
        second_sort="" if math.isnan(second) else f"{second:g}",
    )


def tasks_grid(board: Leaderboard, link: Link) -> Grid:
    """All tasks with their families, status and headline shift."""
    infos = board.results.catalogue.tasks
    rows = []
    for task in (*board.tasks, *board.riddles):
        info = infos[task.name]
        status = board.listed.get(task.name, "riddle" if not info.has_curve else "not on the common scale")
        texts = (info.family, status, task.ood or "–", f"{task.sizes[-1]}", info.description)
        rows.append((Head(task.name, link(task.name)), tuple(Box(text, text) for text in texts)))
    heads = tuple(map(Head, ("family", "status", "headline shift", "largest n", "description")))
    return Grid("tasks", "Tasks", "task", heads, (("", tuple(rows)),), filters=True)


def atlas_grids(report: AtlasReport, link: Link) -> list[Grid]:
    """The matrix of agreement in hundredths, shaded, and each learner's nearest relative."""
    atlas, (matrix, *others) = report.atlas, atlas_tables(report)
    rows = [
        (
            Head(f"{row + 1} {name}", link(name)),
            tuple(
                Box(number_text(value, 100, ".0f"), "" if math.isnan(value) else f"{value:g}", tint=shade(value))
                for value in atlas.mean[row]
            ),
        )
        for row, name in enumerate(atlas.learners)
    ]
    heads = tuple(Head(str(number + 1), words=name) for number, name in enumerate(atlas.learners))
    notes = tuple(f"{note.rstrip('.')}." for note in (matrix.caption, matrix.footnote, *matrix.notes) if note)
    first = Grid("atlas", matrix.title, "learner", heads, (("", tuple(rows)),), notes, filters=True, compact=True)
    return [first, *[grid_of(table, "learner", link) for table in others]]


def quality_grid(qualities: Sequence[TaskQuality], board: Leaderboard, link: Link) -> Grid | None:
    """The quality of tasks; None if none is on the common scale."""
    if not qualities:
        return None
    listed = {one.task: board.listed.get(one.task, "undecided") for one in qualities}
    return grid_of(quality_table(qualities, listed, board.results), "task", link, filters=True)


def claim_views(standings: Sequence[Standing]) -> list[dict[str, Any]]:
    """What the page on claims shows of each."""
    return [
        {
            "claim": one.judgement.claim,
            "verdict": one.judgement.verdict,
            "basis": one.basis,
            "why": one.why,
            "of_study": [study_verdict_text(verdict) for verdict in one.judgement.of_study],
            "cells": len(one.judgement.cells),
            "flagged": len(one.judgement.flagged),
            "tests": [
                {"says": outcome.test.says, "condition": outcome.test.condition, "texts": outcome_texts(outcome)}
                for outcome in one.judgement.outcomes
            ],
        }
        for one in standings
    ]
