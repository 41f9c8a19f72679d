"""From the scores of single cells to the figures of a leaderboard.

In come the tidy table and the plan of `runs.results.Results`; out come entries, a figure each. A planned cell that has
no score is never left out silently: the figures it belongs to carry a mark.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from .curves import area, area_error, first_to_reach, interval
from .planned import PlannedCell, has_curve, headline, less_is_better, measure_of, planned_cells

LEVEL = 0.9
"""The score that counts as having the rule, in "n to reach" and "exposed examples to reach"."""

SIDES = ("id", "ood")
"""In distribution, and the task's headline split out of distribution."""

Measure = Literal["area", "final", "gap", "n to reach", "exposed to reach", "fit seconds"]
"""What is read off a learning curve."""


@dataclass(frozen=True)
class Entry:
    """One figure of the leaderboard.

    scope       "family" (mean over the tasks of one) or "task"
    of          the family or the task
    kind        of the learner: learner, control or heuristic
    measure     of a learning curve, a Measure; of a riddle, what metrics/fingerprint.py says.
                area: under the learning curve; final: score at the largest size; gap: what is lost OOD there,
                ID - OOD, or OOD - ID where less is better; neither area nor "to reach" exists there;
                n to reach, exposed to reach: training examples, exposed examples at the largest size, until the mean
                over seeds is LEVEL; fit seconds: a model's, a stack's time being divided among its models
    side        "id", "ood", "train", or "" where both or neither are meant
    value       NaN where there is none; then `marks` say why
    half_width  of the 95 % interval, NaN where there is none; `interval`: over "seeds", within a "cell", or "none"
    censored    the level is not reached: read "more than value"
    marks       comma-joined: "underfit", "budget-limited", "diverged" (of a cell that it is made from), "incomplete"
                (a planned cell is missing; its seed or anchor is left out), "partial" (over other anchors than the
                task's, or over fewer tasks than the others: not comparable), "missing" (nothing there), "n/a" (cannot
                be)
    """

    scope: Literal["family", "task"]
    of: str
    learner: str
    kind: str
    measure: str
    side: str
    value: float
    half_width: float = float("nan")
    interval: str = "none"
    seeds: int = 0
    censored: bool = False
    marks: str = ""


def summarise(scores: pd.DataFrame, plan: dict[str, Any]) -> list[Entry]:
    """All figures of the leaderboard: for every task and every family.

    A figure that nobody asked for (a score at a size that a learner was not run at) has no entry.
    Raises ValueError where two results of one cell contradict each other (other budgets or versions).
    """
    cells = planned_cells(scores, plan)
    anchors = {task: anchors_of(plan, task) for task, _ in cells}
    curves = [_Curve(task, learner, plan, own, anchors[task]) for (task, learner), own in cells.items()]
    entries = [entry for curve in curves for entry in curve.entries()]
    return [*entries, *_not_applicable(plan, cells), *_means(curves, plan)]


def anchors_of(plan: dict[str, Any], task: str) -> tuple[int, ...]:
    """The training sizes that a task is reported at, rising: those that most of its learners were planned at.

    The list of sizes that occurs most often; of several, the longest. So one learner that is run at a size more, or at
    a size less, leaves the figures of all others as they are. Without learners, those of the controls and heuristics.
    Raises ValueError where no cell of the task was planned.
    """
    sizes: dict[str, set[int]] = {}
    for cell in plan["cells"]:
        if cell["task"] == task and cell["exposed"] == 0:
            sizes.setdefault(cell["learner"], set()).add(cell["size"])
    if not sizes:
        raise ValueError(f"no cell of {task} was planned")
    learners = [own for name, own in sizes.items() if plan["learners"][name]["kind"] == "learner"]
    count = Counter(tuple(sorted(own)) for own in learners or sizes.values())
    return max(count, key=lambda own: (count[own], len(own), own))


class _Curve:
    """The cells of one learner on one task, at the anchors that it answers for.

    Those are the task's, whatever else it was run at; or its own sizes, where it was not asked for all of the task's
    (then its area is partial), and for a heuristic, which does not learn.
    """

    def __init__(
        self, task: str, learner: str, plan: dict[str, Any], own: list[PlannedCell], anchors: tuple[int, ...]
    ) -> None:
        self.task, self.learner = task, learner
        self.kind: str = plan["learners"][learner]["kind"]
        self.sides = SIDES if headline(plan, task) else SIDES[:1]
        self.less = less_is_better(measure_of(plan, task))
        planned = {cell.size for cell in own if cell.exposed == 0}
        refused = _refused_sizes(plan, task, learner)
        whole = planned | refused >= set(anchors)
        self.partial = not whole and self.kind != "heuristic"
        self.anchors = list(anchors) if whole else sorted(planned)
        self.plain = [cell for cell in own if cell.exposed == 0 and cell.size in self.anchors]
        self.seeds = sorted({cell.seed for cell in self.plain})
        self.largest = [cell for cell in own if cell.size == self.anchors[-1]]
        self.asked_for_largest = self.anchors[-1] == anchors[-1] or self.kind == "heuristic"
        self.absent = "n/a" if refused & set(self.anchors) else "missing"
        self.matrices = {
            column: _matrix(self.plain, column, "size", self.anchors, self.seeds)
            for side in self.sides
            for column in (side, f"{side}_error")
        }

    def entries(self) -> list[Entry]:
        """Every figure of this learner on this task that was asked for."""
        figures = [self._area(side) for side in self.sides if not self.less]
        if self.asked_for_largest:
            figures += [self._final(side) for side in self.sides]
            figures += [self._gap()] if "ood" in self.sides else []
        figures += [self._n_to_reach(side) for side in self.sides if not self.less]
        # Without any cell at the largest size it was refused there, and the figure says n/a.
        exposed = any(cell.exposed for cell in self.largest) or not self.largest
        if self.asked_for_largest and exposed and "ood" in self.sides and not self.less:
            figures += [self._exposed_to_reach()]
        return [*figures, self._fit_seconds()]

    @property
    def marks(self) -> set[str]:
        """Of every figure that is made from all anchors."""
        return _statuses(self.plain) | ({"partial"} if self.partial else set())

    def areas(self, side: str) -> _Seeds:
        """The area of every seed, and its standard error within the cells."""
        values = area(self.anchors, self.matrices[side])
        errors = area_error(self.anchors, self.matrices[f"{side}_error"])
        return dict(zip(self.seeds, zip(values.tolist(), errors.tolist(), strict=True), strict=True))

    def _area(self, side: str) -> Entry:
        values, errors = _arrays(self.areas(side))
        return self._with_interval("area", side, values, errors, self.marks)

    def _final(self, side: str) -> Entry:
        values, errors = self.matrices[side][:, -1], self.matrices[f"{side}_error"][:, -1]
        return self._with_interval("final", side, values, errors, self._marks_at_largest())

    def _gap(self) -> Entry:
        gaps = (self.matrices["id"][:, -1] - self.matrices["ood"][:, -1]) * (-1 if self.less else 1)
        errors = np.hypot(self.matrices["id_error"][:, -1], self.matrices["ood_error"][:, -1])
        return self._with_interval("gap", "", gaps, errors, self._marks_at_largest())

    def _n_to_reach(self, side: str) -> Entry:
        return self._with_threshold("n to reach", side, self.anchors, self.matrices[side], self.marks)

    def _exposed_to_reach(self) -> Entry:
        amounts = sorted({cell.exposed for cell in self.largest})
        scores = _matrix(self.largest, "ood", "exposed", amounts, self.seeds)
        return self._with_threshold("exposed to reach", "ood", amounts, scores, _statuses(self.largest))

    def _fit_seconds(self) -> Entry:
        entry = self._entry("fit seconds", "", self.marks)
        seconds = [cell.fit_seconds for cell in self.plain if not math.isnan(cell.fit_seconds)]
        return replace(entry, value=float(np.mean(seconds))) if seconds else replace(entry, marks="missing")

    def _marks_at_largest(self) -> set[str]:
        return _statuses(cell for cell in self.largest if cell.exposed == 0)

    def _with_interval(
        self, measure: Measure, side: str, values: np.ndarray, errors: np.ndarray, marks: set[str]
    ) -> Entry:
        entry = self._entry(measure, side, marks)
        found = interval(values, errors)
        if found.seeds == 0:
            return replace(entry, marks=_joined(marks & {"diverged"} | {self.absent}))
        incomplete = {"incomplete"} if found.seeds < len(values) else set()
        return replace(
            entry,
            value=found.mean,
            half_width=found.half_width,
            interval=found.kind,
            seeds=found.seeds,
            marks=_joined(marks | incomplete),
        )

    def _with_threshold(
        self, measure: Measure, side: str, anchors: Sequence[int], scores: np.ndarray, marks: set[str]
    ) -> Entry:
        entry = self._entry(measure, side, marks)
        found = first_to_reach(anchors, _means_over_seeds(scores), LEVEL)
        if math.isnan(found.anchor):
            return replace(entry, marks=self.absent)
        used = scores if found.censored else scores[:, np.asarray(anchors) <= found.anchor]
        incomplete = {"incomplete"} if np.isnan(used).any() else set()
        return replace(entry, value=found.anchor, censored=found.censored, marks=_joined(marks | incomplete))

    def _entry(self, measure: Measure, side: str, marks: set[str]) -> Entry:
        return Entry("task", self.task, self.learner, self.kind, measure, side, math.nan, marks=_joined(marks))


_Seeds = dict[int, tuple[float, float]]
"""seed -> (area, its standard error within the cells)."""


def _refused_sizes(plan: dict[str, Any], task: str, learner: str) -> set[int]:
    """The training sizes that a learner cannot do; where only some exposed examples are too many, the size is fine."""
    return {
        item["size"]
        for item in plan["not_applicable"]
        if (item["task"], item["learner"]) == (task, learner) and "exposed" not in item
    }


def _matrix(
    cells: list[PlannedCell],
    column: str,
    axis: Literal["size", "exposed"],
    anchors: Sequence[int],
    seeds: Sequence[int],
) -> np.ndarray:
    """Scores as (seeds, anchors), NaN where a cell is not there."""
    values = np.full((len(seeds), len(anchors)), np.nan)
    for cell in cells:
        values[seeds.index(cell.seed), anchors.index(getattr(cell, axis))] = cell.scores[column]
    return values


def _arrays(seeds: _Seeds) -> tuple[np.ndarray, np.ndarray]:
    """Areas and errors, (seeds,) each."""
    pairs = np.array(list(seeds.values()), dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _means_over_seeds(scores: np.ndarray) -> np.ndarray:
    """(seeds, anchors) -> (anchors,), NaN where no seed has a score."""
    there = ~np.isnan(scores)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, scores, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _statuses(cells: Iterable[PlannedCell]) -> set[str]:
    """The marks of any of these cells."""
    return _listed(",".join(cell.status for cell in cells)) - {"ok", "missing"}


def _listed(marks: str) -> set[str]:
    return set(marks.split(",")) - {""}


def _joined(marks: Iterable[str]) -> str:
    return ",".join(sorted(marks))


def _not_applicable(plan: dict[str, Any], cells: dict[tuple[str, str], list[PlannedCell]]) -> list[Entry]:
    """An entry for every learner that cannot do a task at any size."""
    refused = dict.fromkeys((item["task"], item["learner"]) for item in plan["not_applicable"])
    return [
        Entry("task", task, name, plan["learners"][name]["kind"], "area", "", math.nan, marks="n/a")
        for task, name in refused
        if (task, name) not in cells and name in plan["learners"] and has_curve(plan, task)
    ]


def _means(curves: list[_Curve], plan: dict[str, Any]) -> list[Entry]:
    """Mean areas over the tasks of each family, of every learner and control.

    All is averaged within a seed first, and the interval is taken over those means. Tasks that are not ranked
    (another scale, or no right answer) stay out. A learner that lacks a task gets the mean over what it has,
    "partial", and so does one with a partial area; a family that it was never asked for has no entry.
    """
    ran = {(curve.task, curve.learner): curve for curve in curves}
    refused = {(item["task"], item["learner"]) for item in plan["not_applicable"]}
    families: dict[str, list[str]] = {}
    for task in dict.fromkeys(curve.task for curve in curves):
        if plan["tasks"][task]["ranked"]:
            families.setdefault(plan["tasks"][task]["family"], []).append(task)
    entries: list[Entry] = []
    for learner, about in plan["learners"].items():
        for side in SIDES if about["kind"] != "heuristic" else ():
            for family, members in families.items():
                tasks = [task for task in members if side == "id" or headline(plan, task)]
                own = [ran[task, learner] for task in tasks if (task, learner) in ran]
                if not own and not any((task, learner) in refused for task in tasks):
                    continue
                mean, gaps = _mean_over([curve.areas(side) for curve in own], len(tasks))
                absent = "missing" if any(curve.absent == "missing" for curve in own) else "n/a"
                found = interval(*_arrays(mean))
                marks = _joined(gaps.union(*(curve.marks for curve in own))) if found.seeds else absent
                figure = (found.mean, found.half_width, found.kind, found.seeds)
                entries.append(Entry("family", family, learner, about["kind"], "area", side, *figure, marks=marks))
    return entries


def _mean_over(parts: list[_Seeds], wanted: int) -> tuple[_Seeds, set[str]]:
    """Average several areas within each seed that has them all; and the marks for what is not there.

    parts   one a task; those without any area are left out, which makes the mean partial
    wanted  how many there should be
    """
    have = [part for part in parts if any(not math.isnan(value) for value, _ in part.values())]
    marks = {"partial"} if len(have) < wanted else set()
    mean: _Seeds = {}
    for seed in sorted({seed for part in have for seed in part}):
        pairs = [part.get(seed, (math.nan, math.nan)) for part in have]
        value = sum(value for value, _ in pairs) / len(have)
        if math.isnan(value):
            marks.add("incomplete")
        else:
            # The test examples of different tasks are drawn independently: their errors average out.
            mean[seed] = value, math.hypot(*(error for _, error in pairs)) / len(have)
    return mean, marks
