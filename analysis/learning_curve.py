"""The learning curve of one learner on one task: its cells, and the leaderboard entries computed from them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from ..metrics.metric import CODE
from ..runs.catalogue import Catalogue
from .curves import area, area_error, code_length, examples_to_threshold
from .entries import SPLITS, THRESHOLD, CurveMetric, Entry
from .intervals import bimodal, crossing_interval, interval, wilson
from .planned import PlannedCell, anchors_of, planned_cells

Seeds = dict[int, tuple[float, float]]
"""seed -> (area, standard error of the area within the cells)."""


class LearningCurve:
    """The learning curve of one learner on one task: its cells at the anchors.

    The anchors are those of the task; other sizes are ignored. If the learner was not planned at all of them, they are
    those that were planned, or its own sizes if there are none; its area is then partial. A heuristic, which does not
    learn, has its own sizes.
    """

    def __init__(
        self, task: str, learner: str, catalogue: Catalogue, cells: list[PlannedCell], anchors: tuple[int, ...]
    ) -> None:
        self.task, self.learner = task, learner
        info = catalogue.tasks[task]
        self.kind: str = catalogue.learners[learner].kind
        # Neither controls nor heuristics are fits that may succeed or fail; bits have other bounds than scores.
        self.fits = self.kind == "learner" and info.ranked
        self.splits = SPLITS if info.headline else SPLITS[:1]
        self.greater_is_better = info.greater_is_better
        planned = {cell.size for cell in cells if cell.exposed == 0}
        refused = refused_sizes(catalogue, task, learner)
        complete = planned | refused >= set(anchors)
        self.partial = not complete and self.kind != "heuristic"
        shared = planned.intersection(anchors) if self.partial else set[int]()
        self.anchors = list(anchors) if complete else sorted(shared or planned)
        self.unexposed = [cell for cell in cells if cell.exposed == 0 and cell.size in self.anchors]
        self.seeds = sorted({cell.seed for cell in self.unexposed})
        self.largest = [cell for cell in cells if cell.size == self.anchors[-1]]
        self.finals = [cell for cell in self.largest if cell.exposed == 0]
        self._statuses: dict[int, Counter[str]] = {}
        self.planned_at_largest = self.anchors[-1] == anchors[-1] or self.kind == "heuristic"
        self.no_value_flag = "n/a" if refused & set(self.anchors) else "missing"
        columns = [column for split in self.splits for column in (split, f"{split}_error")]
        self.matrices = _matrices(self.unexposed, columns, "size", self.anchors, self.seeds)

    def entries(self) -> list[Entry]:
        """All entries of this learner on this task that were planned."""
        entries = [self._area(split) for split in self.splits if self.greater_is_better]
        entries += self._code_length()
        if self.planned_at_largest:
            entries += [self._final(split) for split in self.splits]
            entries += [self._gap()] if "ood" in self.splits else []
            entries += self._solved() if self.greater_is_better else []
        entries += [self._examples_to_threshold(split) for split in self.splits if self.greater_is_better]
        # Without any cell at the largest size the learner is not applicable there, and the entry is n/a.
        exposed = any(cell.exposed for cell in self.largest) or not self.largest
        if self.planned_at_largest and exposed and "ood" in self.splits and self.greater_is_better:
            entries += [self._ood_examples_to_threshold()]
        return [*entries, self._fit_seconds()]

    @property
    def flags(self) -> set[str]:
        """The flags of entries that are computed from all anchors."""
        return self._flags(self.unexposed)

    @property
    def final_flags(self) -> set[str]:
        """The flags of entries that are computed from the largest size alone."""
        return self._flags(self.finals)

    def areas(self, split: str) -> Seeds:
        """The area of every seed, with its standard error within the cells."""
        values = area(self.anchors, self.matrices[split])
        errors = area_error(self.anchors, self.matrices[f"{split}_error"])
        return dict(zip(self.seeds, zip(values.tolist(), errors.tolist(), strict=True), strict=True))

    def code_lengths(self) -> tuple[np.ndarray, np.ndarray]:
        """The code length of every seed and its error, (seeds,) each; (0,) if it cannot be computed.

        That is: in results of earlier versions, of a single size, or of a learner without probabilities.
        """
        held = _matrices(self.unexposed, CODE, "size", self.anchors, self.seeds)
        bits, errors = (held[column] for column in CODE)
        if len(self.anchors) == 1 or np.isnan(bits[:, :-1]).all():
            return np.zeros(0), np.zeros(0)
        return code_length(self.anchors, bits), code_length(self.anchors, errors)

    def exposure(self) -> tuple[list[int], np.ndarray, np.ndarray]:
        """The numbers of exposed examples at the largest size, the OOD scores and their errors, (seeds, numbers)."""
        amounts = sorted({cell.exposed for cell in self.largest})
        held = _matrices(self.largest, ("ood", "ood_error"), "exposed", amounts, self.seeds)
        return amounts, held["ood"], held["ood_error"]

    def finals_of(self, column: str, seeds: Sequence[int]) -> np.ndarray:
        """A column of `matrices` at the largest size for these seeds, (seeds,); NaN if one has no value."""
        held = dict(zip(self.seeds, self.matrices[column][:, -1].tolist(), strict=True))
        return np.array([held.get(seed, math.nan) for seed in seeds])

    def _area(self, split: str) -> Entry:
        values, errors = arrays(self.areas(split))
        return self._with_interval("area", split, values, errors, self.unexposed)

    def _code_length(self) -> list[Entry]:
        """None in results of earlier versions, of a single size, or of a learner without probabilities."""
        lengths, errors = self.code_lengths()
        return [self._with_interval("code length", "id", lengths, errors, self.unexposed)] if len(lengths) else []

    def _solved(self) -> list[Entry]:
        found: list[Entry] = []
        for split in self.splits:
            values = self.matrices[split][:, -1]
            if self.kind == "learner" and bimodal(values, THRESHOLD):
                seeds, solved = int((~np.isnan(values)).sum()), int((values >= THRESHOLD).sum())
                low, high = wilson(solved, seeds)
                entry = self._entry("solved", split, self.finals)
                found.append(replace(entry, value=solved / seeds, low=low, high=high, interval="seeds", seeds=seeds))
        return found

    def _final(self, split: str) -> Entry:
        values, errors = self.matrices[split][:, -1], self.matrices[f"{split}_error"][:, -1]
        return self._with_interval("final", split, values, errors, self.finals)

    def _gap(self) -> Entry:
        gaps = (self.matrices["id"][:, -1] - self.matrices["ood"][:, -1]) * (1 if self.greater_is_better else -1)
        errors = np.hypot(self.matrices["id_error"][:, -1], self.matrices["ood_error"][:, -1])
        return self._with_interval("gap", "", gaps, errors, self.finals)

    def _examples_to_threshold(self, split: str) -> Entry:
        scores, errors = self.matrices[split], self.matrices[f"{split}_error"]
        return self._with_threshold("examples to threshold", split, self.anchors, scores, errors, self.unexposed)

    def _ood_examples_to_threshold(self) -> Entry:
        amounts, scores, errors = self.exposure()
        return self._with_threshold("OOD examples to threshold", "ood", amounts, scores, errors, self.largest)

    def _fit_seconds(self) -> Entry:
        entry = self._entry("fit seconds", "", self.unexposed)
        seconds = [cell.fit_seconds for cell in self.unexposed if not math.isnan(cell.fit_seconds)]
        return replace(entry, value=float(np.mean(seconds))) if seconds else replace(entry, flags="missing")

    def _flags(self, cells: list[PlannedCell]) -> set[str]:
        flags = {flag for status in self._status(cells) for flag in status.split(",")} - {"ok", "missing"}
        return flags | ({"partial"} if self.partial and cells is self.unexposed else set())

    def _status(self, cells: list[PlannedCell]) -> Counter[str]:
        """How many of the cells have each status; counted once for each of the lists of this curve."""
        if id(cells) not in self._statuses:
            self._statuses[id(cells)] = Counter(cell.status for cell in cells)
        return self._statuses[id(cells)]

    def _with_interval(
        self, metric: CurveMetric, split: str, values: np.ndarray, errors: np.ndarray, cells: list[PlannedCell]
    ) -> Entry:
        """The mean of `values`, (seeds,), with their `errors` within the cells; both are computed from `cells`."""
        entry, flags = self._entry(metric, split, cells), self._flags(cells)
        mean = interval(values, errors, fits=self.fits and metric in {"area", "final"})
        if mean.seeds == 0:
            return replace(entry, flags=join_flags(flags & {"diverged"} | {self.no_value_flag}))
        incomplete = {"incomplete"} if mean.seeds < len(values) else set()
        return replace(
            entry,
            value=mean.mean,
            half_width=mean.half_width,
            low=mean.low,
            high=mean.high,
            interval=mean.kind,
            seeds=mean.seeds,
            flags=join_flags(flags | incomplete),
        )

    def _with_threshold(
        self,
        metric: CurveMetric,
        split: str,
        anchors: Sequence[int],
        scores: np.ndarray,
        errors: np.ndarray,
        cells: list[PlannedCell],
    ) -> Entry:
        """The anchor at which the mean over seeds of `scores`, (seeds, anchors), reaches THRESHOLD."""
        entry = self._entry(metric, split, cells)
        crossing = examples_to_threshold(anchors, _means_over_seeds(scores), THRESHOLD)
        if math.isnan(crossing.anchor):
            return replace(entry, flags=self.no_value_flag)
        used = scores if crossing.censored else scores[:, np.asarray(anchors) <= crossing.anchor]
        incomplete = {"incomplete"} if np.isnan(used).any() else set()
        low, high, kind = crossing_interval(anchors, scores, errors, THRESHOLD)
        return replace(
            entry,
            value=crossing.anchor,
            censored=crossing.censored,
            low=low,
            high=high,
            interval=kind,
            seeds=int((~np.isnan(scores)).any(axis=1).sum()),
            flags=join_flags(self._flags(cells) | incomplete),
        )

    def _entry(self, metric: CurveMetric, split: str, cells: list[PlannedCell]) -> Entry:
        flags = join_flags(self._flags(cells))
        entry = Entry("task", self.task, self.learner, self.kind, metric, split, math.nan, flags=flags)
        statuses = self._status(cells)
        finished = len(cells) - statuses["missing"]
        flagged = finished - statuses["ok"]
        return replace(entry, cells=finished, flagged=flagged)


def learning_curves(scores: pd.DataFrame, catalogue: Catalogue) -> list[LearningCurve]:
    """The curve of every planned pair of a task that has one and a learner.

    Raises ValueError if there are two results of one cell with different settings (budgets or versions).
    """
    cells = planned_cells(scores, catalogue)
    anchors = {task: anchors_of(catalogue, task) for task, _ in cells}
    return [LearningCurve(task, learner, catalogue, own, anchors[task]) for (task, learner), own in cells.items()]


def refused_sizes(catalogue: Catalogue, task: str, learner: str) -> set[int | None]:
    """Training sizes at which a learner is not applicable; limits on exposed examples only are not counted."""
    return {row.size for row in catalogue.refusals.get((task, learner), ()) if row.exposed is None}


def _matrices(
    cells: list[PlannedCell],
    columns: Sequence[str],
    axis: Literal["size", "exposed"],
    anchors: Sequence[int],
    seeds: Sequence[int],
) -> dict[str, np.ndarray]:
    """For each of the `columns` the scores as an array (seeds, anchors), NaN if a cell is missing."""
    row_of = {seed: row for row, seed in enumerate(seeds)}
    column_of = {anchor: column for column, anchor in enumerate(anchors)}
    where = [row_of[cell.seed] for cell in cells], [column_of[getattr(cell, axis)] for cell in cells]
    found = {column: np.full((len(seeds), len(anchors)), np.nan) for column in columns}
    for column, values in found.items():
        values[where] = [cell.scores[column] for cell in cells]
    return found


def arrays(seeds: Seeds) -> tuple[np.ndarray, np.ndarray]:
    """Areas and errors, (seeds,) each."""
    pairs = np.array(list(seeds.values()), dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _means_over_seeds(scores: np.ndarray) -> np.ndarray:
    """Mean over seeds, (seeds, anchors) -> (anchors,), NaN if no seed has a score."""
    valid = ~np.isnan(scores)
    count = valid.sum(axis=0)
    return np.where(count > 0, np.where(valid, scores, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def counts(cells: Iterable[PlannedCell]) -> tuple[int, int]:
    """The number of cells that are finished, and of those that are flagged."""
    statuses = [cell.status for cell in cells if cell.status != "missing"]
    return len(statuses), sum(status != "ok" for status in statuses)


def join_flags(flags: Iterable[str]) -> str:
    """Flags in the format of `Entry.flags`: sorted and comma-joined."""
    return ",".join(sorted(flags))
