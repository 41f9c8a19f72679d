"""The page of a learner: its parameters, its profile over tasks, its answers to riddles, and its nearest relatives."""

from __future__ import annotations

import math
from typing import Any

from ...analysis.atlas import pairs
from ...analysis.entries import Entry
from ..atlas import AtlasReport, mean_of_pair
from ..explained import mean_text
from ..leaderboard import Leaderboard
from ..tables import SYMBOLS, TableCell, entry_cell
from .grid import Box, Grid, Head, Link, number_text, shade, sort_text

PROFILE = (
    ("OOD", "final", "ood", True),
    ("ID", "final", "id", True),
    ("gap", "gap", "", True),
    ("area OOD", "area", "ood", True),
    ("n to 0.9 ID", "examples to threshold", "id", False),
    ("OOD examples to 0.9", "OOD examples to threshold", "ood", False),
    ("fit s", "fit seconds", "", False),
)
"""The columns of the profile: heading, metric and split of the entry, and whether its interval is shown."""

RELATIVES = 12
"""Relatives that a page lists."""


def learner_page(
    board: Leaderboard, atlas: AtlasReport | None, label: str, to_task: Link, to_learner: Link
) -> dict[str, Any]:
    """The values of the template learner.html."""
    return {
        "label": label,
        "info": board.results.catalogue.learners[label],
        "profile": _profile(board, label, to_task),
        "riddles": _riddles(board, label, to_task),
        "relatives": _relatives(atlas, label, to_learner) if atlas else None,
        "recipes": {
            task: ", ".join(f"{name} {value}" for name, value in sorted(changed.items()))
            for task, changed in board.results.catalogue.recipes(label).items()
        },
    }


def _profile(board: Leaderboard, label: str, link: Link) -> Grid | None:
    found = {
        (entry.name, entry.metric, entry.split): entry
        for entry in board.entries
        if entry.scope == "task" and entry.learner == label
    }
    scored = {name for name, info in board.results.catalogue.tasks.items() if info.metric == "score"}
    rows = []
    for task in board.tasks:
        if not any(name == task.name for name, *_ in found):
            continue
        cells = []
        for _, metric, split, interval in PROFILE:
            entry = found.get((task.name, metric, split))
            tinted = entry if metric == "final" and task.name in scored else None
            cells.append(_box(entry_cell(board, entry, interval=interval), tinted))
        rows.append((Head(task.name, link(task.name), task.family), tuple(cells)))
    if not rows:
        return None
    heads = tuple(Head(head) for head, *_ in PROFILE)
    note = (
        "At the largest training size; area: under the learning curve; gap: ID - OOD; >: not reached. 0 is the best "
        "constant prediction, 1 the best possible, except where a task has another metric (its page says so)."
    )
    return Grid("profile", "Profile over tasks", "task", heads, (("", tuple(rows)),), (note,), filters=True)


def _box(cell: TableCell, entry: Entry | None) -> Box:
    tint = shade(entry.value) if entry else None
    return Box(cell.text, sort_text(cell.text), cell.marks(SYMBOLS), ", ".join(cell.flags), tint=tint)


def _riddles(board: Leaderboard, label: str, link: Link) -> list[dict[str, Any]]:
    """Of each riddle the share of answers by every rule, for a bar."""
    found = []
    for riddle in board.riddles:
        shares = [
            {"rule": entry.metric.removeprefix("follows[").removesuffix("]"), "value": entry.value,
             "text": number_text(entry.value, 100, ".0f")}
            for entry in board.entries
            if entry.name == riddle.name and entry.learner == label and entry.split == "ood"
            and (entry.metric.startswith("follows[") or entry.metric == "neither") and not math.isnan(entry.value)
        ]  # fmt: skip
        if shares:
            found.append({"task": riddle.name, "href": link(riddle.name), "shares": shares})
    return found


def _relatives(report: AtlasReport, label: str, link: Link) -> Grid | None:
    """The learners whose OOD answers are most alike, nearest first; those compared in one family alone last."""
    found = [
        (one, one.second if one.first == label else one.first)
        for one in pairs(report.atlas)
        if label in (one.first, one.second) and one.first != one.second and not math.isnan(one.kappa)
    ]
    found.sort(key=lambda pair: (pair[0].families == 1, -pair[0].kappa))
    rows = []
    for one, other in found[:RELATIVES]:
        texts = (
            mean_text(mean_of_pair(one, one.kappa, one.half_width)),
            number_text(one.seeds_kappa),
            number_text(one.equal),
            str(one.families),
        )
        rows.append((Head(other, link(other)), tuple(Box(text, sort_text(text)) for text in texts)))
    if not rows:
        return None
    heads = tuple(map(Head, ("kappa", "kappa between seeds", "equal answers", "families")))
    note = (
        "Out of distribution, on tasks that both learners solve in distribution. kappa: agreement above chance, mean "
        "over task families, with its 95 % interval; between seeds: of two seeds of one of the two learners."
    )
    return Grid("relatives", "Nearest relatives", "learner", heads, (("", tuple(rows)),), (note,))
