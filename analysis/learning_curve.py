"""The learning curve of one learner on one task: its cells, and the leaderboard entries computed from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from ..runs.catalogue import Catalogue
from .curves import area, area_error, first_to_reach
from .entries import LEVEL, SIDES, Entry, Measure
from .intervals import interval
from .planned import PlannedCell

Seeds = dict[int, tuple[float, float]]
"""seed -> (area, standard error of the area within the cells)."""


class LearningCurve:
    """The learning curve of one learner on one task: its cells at the anchors that count.

    The anchors are those of the task; other sizes are ignored. If the learner was not planned at all of them, they are
    those that were planned, or its own sizes if there are none; its area is then partial. A heuristic, which does not
    learn, has its own sizes.
    """

    def __init__(
        self, task: str, learner: str, catalogue: Catalogue, own: list[PlannedCell], anchors: tuple[int, ...]
    ) -> None:
        self.task, self.learner = task, learner
        about = catalogue.tasks[task]
        self.kind: str = catalogue.learners[learner].kind
        self.sides = SIDES if about.headline else SIDES[:1]
        self.less = about.less_is_better
        planned = {cell.size for cell in own if cell.exposed == 0}
        refused = refused_sizes(catalogue, task, learner)
        whole = planned | refused >= set(anchors)
        self.partial = not whole and self.kind != "heuristic"
        shared = planned.intersection(anchors) if self.partial else set[int]()
        self.anchors = list(anchors) if whole else sorted(shared or planned)
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
        """All entries of this learner on this task that were planned."""
        figures = [self._area(side) for side in self.sides if not self.less]
        if self.asked_for_largest:
            figures += [self._final(side) for side in self.sides]
            figures += [self._gap()] if "ood" in self.sides else []
        figures += [self._n_to_reach(side) for side in self.sides if not self.less]
        # Without any cell at the largest size the learner is not applicable there, and the entry is n/a.
        exposed = any(cell.exposed for cell in self.largest) or not self.largest
        if self.asked_for_largest and exposed and "ood" in self.sides and not self.less:
            figures += [self._exposed_to_reach()]
        return [*figures, self._fit_seconds()]

    @property
    def marks(self) -> set[str]:
        """The flags of entries that are computed from all anchors."""
        return _statuses(self.plain) | ({"partial"} if self.partial else set())

    def areas(self, side: str) -> Seeds:
        """The area of every seed, with its standard error within the cells."""
        values = area(self.anchors, self.matrices[side])
        errors = area_error(self.anchors, self.matrices[f"{side}_error"])
        return dict(zip(self.seeds, zip(values.tolist(), errors.tolist(), strict=True), strict=True))

    def _area(self, side: str) -> Entry:
        values, errors = arrays(self.areas(side))
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
            return replace(entry, marks=joined(marks & {"diverged"} | {self.absent}))
        incomplete = {"incomplete"} if found.seeds < len(values) else set()
        return replace(
            entry,
            value=found.mean,
            half_width=found.half_width,
            interval=found.kind,
            seeds=found.seeds,
            marks=joined(marks | incomplete),
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
        return replace(entry, value=found.anchor, censored=found.censored, marks=joined(marks | incomplete))

    def _entry(self, measure: Measure, side: str, marks: set[str]) -> Entry:
        return Entry("task", self.task, self.learner, self.kind, measure, side, math.nan, marks=joined(marks))


def refused_sizes(catalogue: Catalogue, task: str, learner: str) -> set[int | None]:
    """Training sizes at which a learner is not applicable; limits on exposed examples only are not counted."""
    return {row.size for row in catalogue.refusals.get((task, learner), ()) if row.exposed is None}


def _matrix(
    cells: list[PlannedCell],
    column: str,
    axis: Literal["size", "exposed"],
    anchors: Sequence[int],
    seeds: Sequence[int],
) -> np.ndarray:
    """Scores as an array (seeds, anchors), NaN if a cell is missing."""
    values = np.full((len(seeds), len(anchors)), np.nan)
    for cell in cells:
        values[seeds.index(cell.seed), anchors.index(getattr(cell, axis))] = cell.scores[column]
    return values


def arrays(seeds: Seeds) -> tuple[np.ndarray, np.ndarray]:
    """Areas and errors, (seeds,) each."""
    pairs = np.array(list(seeds.values()), dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _means_over_seeds(scores: np.ndarray) -> np.ndarray:
    """Mean over seeds, (seeds, anchors) -> (anchors,), NaN if no seed has a score."""
    there = ~np.isnan(scores)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, scores, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _statuses(cells: Iterable[PlannedCell]) -> set[str]:
    """The union of the flags of these cells."""
    return _listed(",".join(cell.status for cell in cells)) - {"ok", "missing"}


def _listed(marks: str) -> set[str]:
    return set(marks.split(",")) - {""}


def joined(marks: Iterable[str]) -> str:
    """Flags in the format of `Entry.marks`: sorted and comma-joined."""
    return ",".join(sorted(marks))
