"""Leaderboard entries from the scores of single cells.

The input is the tidy table and the catalogue of `runs.results.Results`; the output is a list of entries. If a planned
cell has no score, the entries that depend on it are flagged.
"""

from __future__ import annotations

import math
from collections.abc import Collection

import pandas as pd

from ..runs.catalogue import Catalogue
from .entries import SPLITS, Entry
from .intervals import interval
from .learning_curve import LearningCurve, Seeds, arrays, counts, join_flags, learning_curves


def summarise(scores: pd.DataFrame, catalogue: Catalogue, measuring: Collection[str] | None = None) -> list[Entry]:
    """All entries of the leaderboard, for every task and every family.

    measuring  names of the tasks that means over families count; None: all ranked tasks

    Values that were not planned (a score at a size that a learner was not run at) have no entry.
    Raises ValueError if there are two results of one cell with different settings (budgets or versions).
    """
    return entries_of(learning_curves(scores, catalogue), catalogue, measuring)


def entries_of(
    curves: list[LearningCurve], catalogue: Catalogue, measuring: Collection[str] | None = None
) -> list[Entry]:
    """The same from all learning curves."""
    entries = [entry for curve in curves for entry in curve.entries()]
    ranked = [task for task in dict.fromkeys(curve.task for curve in curves) if catalogue.tasks[task].ranked]
    counted = ranked if measuring is None else [task for task in ranked if task in measuring]
    return [*entries, *_not_applicable(catalogue, curves), *_means(curves, catalogue, counted)]


def _not_applicable(catalogue: Catalogue, curves: list[LearningCurve]) -> list[Entry]:
    """One entry for every learner that is not applicable to a task at any size."""
    planned = {(curve.task, curve.learner) for curve in curves}
    return [
        Entry("task", task, name, catalogue.learners[name].kind, "area", "", math.nan, flags="n/a")
        for task, name in catalogue.refusals
        if (task, name) not in planned and name in catalogue.learners and catalogue.tasks[task].has_curve
    ]


def _means(curves: list[LearningCurve], catalogue: Catalogue, counted: list[str]) -> list[Entry]:
    """Mean areas over the `counted` tasks of each family that has any, for every learner and control.

    Areas are averaged over tasks within each seed first; the interval is over these means. If a learner lacks a task,
    its mean is over the others and is flagged "partial", as is a mean with a partial area. Families that were not
    planned for a learner have no entry.
    """
    curve_of = {(curve.task, curve.learner): curve for curve in curves}
    families: dict[str, list[str]] = {}
    for task in counted:
        families.setdefault(catalogue.tasks[task].family, []).append(task)
    entries: list[Entry] = []
    for learner, info in catalogue.learners.items():
        for split in SPLITS if info.kind != "heuristic" else ():
            for family, members in families.items():
                tasks = [task for task in members if split == "id" or catalogue.tasks[task].headline]
                member_curves = [curve_of[task, learner] for task in tasks if (task, learner) in curve_of]
                if not member_curves and not any((task, learner) in catalogue.refusals for task in tasks):
                    continue
                values, missing_flags = _mean_over([curve.areas(split) for curve in member_curves], len(tasks))
                no_value_flag = "missing" if any(curve.no_value_flag == "missing" for curve in member_curves) else "n/a"
                mean = interval(*arrays(values), fits=info.kind == "learner")
                flags = (
                    join_flags(missing_flags.union(*(curve.flags for curve in member_curves)))
                    if mean.seeds
                    else no_value_flag
                )
                cells, flagged = counts(cell for curve in member_curves for cell in curve.unexposed)
                entries.append(
                    Entry(
                        "family",
                        family,
                        learner,
                        info.kind,
                        "area",
                        split,
                        value=mean.mean,
                        half_width=mean.half_width,
                        low=mean.low,
                        high=mean.high,
                        interval=mean.kind,
                        seeds=mean.seeds,
                        cells=cells,
                        flagged=flagged,
                        flags=flags,
                    )
                )
    return entries


def _mean_over(parts: list[Seeds], count: int) -> tuple[Seeds, set[str]]:
    """Mean of several areas within each seed that has all of them, and the flags for missing values.

    parts   the areas of each task; tasks without any area are left out, and the mean is then flagged "partial"
    count   number of tasks of a complete mean
    """
    have = [part for part in parts if any(not math.isnan(value) for value, _ in part.values())]
    flags = {"partial"} if len(have) < count else set()
    mean: Seeds = {}
    for seed in sorted({seed for part in have for seed in part}):
        pairs = [part.get(seed, (math.nan, math.nan)) for part in have]
        value = sum(value for value, _ in pairs) / len(have)
        if math.isnan(value):
            flags.add("incomplete")
        else:
            # The test examples of different tasks are sampled independently, so that their errors are independent.
            mean[seed] = value, math.hypot(*(error for _, error in pairs)) / len(have)
    return mean, flags
