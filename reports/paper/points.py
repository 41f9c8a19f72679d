"""Points of learning curves, as cells of a table: mean, interval, flags, or the word for what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...analysis.best import Outcome, Standing, standings
from ...analysis.intervals import Interval, interval
from ...analysis.planned import PlannedCell, planned_cells
from ...analysis.quality import NOT_FITTED
from ...runs.results import Results
from ..leaderboard import KINDS, Leaderboard, TaskHeader, make_leaderboard
from ..tables import SYMBOLS
from .sheet import EMPTY, Cell

BEST_HEURISTIC = "best heuristic"
"""Name of the row with the heuristic that scores best on the headline shift (in distribution if there is none)."""


@dataclass(frozen=True)
class Point:
    """A learner on a task at one training size, with so many exposed examples, on one split.

    values, errors  seed -> score and its standard error over the test examples, NaN where it is missing
    mean            over seeds, with its interval
    word            what stands in for a value that is missing; "" if there is one
    """

    values: Mapping[int, float]
    errors: Mapping[int, float]
    mean: Interval
    flags: tuple[str, ...]
    word: str = ""

    @property
    def counted(self) -> bool:
        """Whether the point is evidence: it has a value, and all of its cells fitted their training sets."""
        return not self.word and not set(self.flags) & set(NOT_FITTED)

    def record(self, standing: Standing | None) -> dict[str, Any]:
        """The columns of the tidy table that depend on the point."""
        mean = self.mean
        return {
            "value": mean.mean,
            "half_width": mean.half_width,
            "low": mean.low,
            "high": mean.high,
            "interval": mean.kind,
            "seeds": mean.seeds,
            "flags": ",".join(self.flags),
            "missing": reason(self.word),
            "best": bool(standing and standing.best),
            "corrected_p": standing.corrected_p if standing else float("nan"),
            "bold": bool(standing and standing.bold),
        }


@dataclass(frozen=True)
class Unit:
    """How a metric is printed: `factor` times the value, with so many decimals without and with an interval."""

    factor: float
    decimals: int
    with_interval: int
    name: str

    def text(self, value: float) -> str:
        """A value without an interval."""
        return f"{self.factor * value:z.{self.decimals}f}"

    def fine(self, value: float) -> str:
        """A value of which the interval is shown."""
        return f"{self.factor * value:z.{self.with_interval}f}"

    def interval(self, mean: Interval) -> str:
        """A mean with its interval: with ± behind it, or the range over seeds in brackets, unless all round to one."""
        if mean.kind == "range":
            low, high = self.text(mean.low), self.text(mean.high)
            return f"{self.text(mean.mean)} [{low}, {high}]" if low != high else low
        return self.fine(mean.mean) + ("" if np.isnan(mean.half_width) else f" ± {self.half_width(mean.half_width)}")

    def half_width(self, value: float) -> str:
        """Half of an interval; one that rounds to 0 is printed as smaller than the last decimal."""
        text, least = self.fine(value), f"{10.0**-self.with_interval:.{self.with_interval}f}"
        return f"<{least}" if float(text) == 0 and value > 0 else text


PERCENT = Unit(100, 0, 1, "100 × score: 0 is the best constant prediction, 100 the best possible")
ACCURACY = Unit(100, 0, 1, "100 × accuracy")
BITS = Unit(1, 2, 2, "bits per character, of which fewer are better")


class Points:
    """The results as points: of some learners, in the order of the leaderboard.

    board     the leaderboard of the same results
    learners  labels to show, also of controls and heuristics; none: all learners and controls, and the best heuristic
    """

    def __init__(self, results: Results, listed: Mapping[str, str], learners: Collection[str] | None = None) -> None:
        self.results = results
        self.board: Leaderboard = make_leaderboard(results, listed)
        chosen = None if not learners else set(results.labels(learners))
        self.chosen = chosen
        self.order: dict[str, list[str]] = {
            kind: [name for name in self.board.order[kind] if chosen is None or name in chosen] for kind in KINDS
        }
        self._cells = planned_cells(results.scores, results.catalogue)

    @cached_property
    def tasks(self) -> dict[str, TaskHeader]:
        """The tasks that have learning curves, those on the common scale first."""
        ranked = [task for tasks in self.board.groups.values() for task in tasks]
        others = [task for task in self.board.tasks if task not in ranked]
        return {task.name: task for task in (*ranked, *others)}

    def kind(self, learner: str) -> str:
        """Its kind: learner, control or heuristic."""
        return self.results.catalogue.learners[learner].kind

    def unit(self, task: str) -> Unit:
        """How its metric is printed."""
        return {"score": PERCENT, "accuracy": ACCURACY}.get(self.tasks[task].metric, BITS)

    def splits(self, task: str) -> dict[str, str]:
        """Of a task: "id", and "ood" if it has a headline shift -> how tables call it."""
        head = self.tasks[task]
        return {"id": "in distribution", **({"ood": f"OOD: {head.ood}"} if head.ood else {})}

    def has(self, task: str, learner: str) -> bool:
        """Whether a learner was planned on a task, or is not applicable to it."""
        return (task, learner) in self._cells or (task, learner) in self.results.catalogue.refusals

    def exposed(self, task: str) -> list[int]:
        """The numbers of exposed examples that were planned at the largest training size of a task."""
        largest = self.tasks[task].sizes[-1]
        found = (self._cells[task, name] for name in self.board.order["learner"] if (task, name) in self._cells)
        return sorted({cell.exposed for cells in found for cell in cells if cell.size == largest})

    def at(self, task: str, learner: str, split: str, size: int | None = None, exposed: int = 0) -> Point:
        """The point of a learner. size: None is the largest of the task, for a heuristic the largest of its own."""
        every = self._cells.get((task, learner), [])
        at = self.tasks[task].sizes[-1] if size is None else size
        if self.kind(learner) == "heuristic" and every:
            at = max(cell.size for cell in every) if size is None else at
        cells = [cell for cell in every if (cell.size, cell.exposed) == (at, exposed)]
        return self._point(task, learner, split, at, cells)

    def best_heuristic(self, task: str) -> str | None:
        """The name of the heuristic with the best score on the headline shift, or in distribution if there is none."""
        split = "ood" if self.tasks[task].ood else "id"
        means = {
            name: self.at(task, name, split).mean.mean
            for name in self.results.catalogue.tasks[task].heuristics
            if (task, name) in self._cells
        }
        sign = 1 if self.tasks[task].greater_is_better else -1
        return max(means, key=lambda name: -np.inf if np.isnan(means[name]) else sign * means[name], default=None)

    def standings(self, task: str, column: Mapping[str, Point]) -> dict[str, Standing]:
        """The standing of every learner in a column; controls and heuristics have none."""
        compared = {
            name: Outcome(point.values, point.errors, point.counted)
            for name, point in column.items()
            if self.kind(name) == "learner" and not point.word
        }
        return standings(compared, greater_is_better=self.tasks[task].greater_is_better)

    def _point(self, task: str, learner: str, split: str, size: int, cells: list[PlannedCell]) -> Point:
        values = {cell.seed: cell.scores.get(split, float("nan")) for cell in cells}
        errors = {cell.seed: cell.scores.get(f"{split}_error", float("nan")) for cell in cells}
        fits = self.kind(learner) == "learner" and self.results.catalogue.tasks[task].ranked
        mean = interval(np.array(list(values.values()), float), np.array(list(errors.values()), float), fits=fits)
        flags = {flag for cell in cells for flag in cell.status.split(",")}
        flags |= {"incomplete"} if 0 < mean.seeds < len(cells) else set()
        return Point(
            values,
            errors,
            mean,
            tuple(flag for flag in SYMBOLS if flag in flags),
            "" if mean.seeds else self._word(task, learner, size, cells, flags),
        )

    def _word(self, task: str, learner: str, size: int, cells: list[PlannedCell], flags: Iterable[str]) -> str:
        if not cells:
            refused = self.results.catalogue.refusals.get((task, learner), ())
            return "n/a" if any(row.size in (None, size) and row.exposed is None for row in refused) else EMPTY
        return "diverged" if "diverged" in flags else self.board.missing_cells.status(task, learner, size)


def reason(word: str) -> str:
    """Why a value is missing, in words that no reader of CSV takes for a missing value, as pandas does with n/a."""
    return {EMPTY: "not planned", "n/a": "not applicable"}.get(word, word)


def cell_of(point: Point, unit: Unit, standing: Standing | None = None, *, interval: bool = False) -> Cell:
    """The cell of a point."""
    if point.word:
        return Cell(point.word)
    text = unit.interval(point.mean) if interval else unit.text(point.mean.mean)
    one_seed = ("cell",) if interval and point.mean.kind == "cell" else ()
    return Cell(text, (*point.flags, *one_seed), bold=bool(standing and standing.bold))
