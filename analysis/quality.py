"""Quality of tasks: whether a task measures, that is, tells general-purpose learners apart (DESIGN rule 7).

A task measures if, at its largest training size,

(a) a general-purpose learner reaches an ID score of LEARNED without a flag,
(b) the best shallow rule scores at most SHALLOW on the headline shift: the heuristics of the task, a decision tree of
    depth 3, one nearest neighbour, and
(c) a declared contrast differs: two learners that both qualify for (a) differ OOD or, where the shift leaves most
    learners no signal, in the area under the exposure curve (paired t test over seeds, Holm's correction).

Every other task is a frontier task.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from ..runs.catalogue import Catalogue, LearnerInfo
from .curves import area, area_error
from .paired import SIGNIFICANCE, Difference, holm, paired
from .planned import PlannedCell, anchors_of, planned_cells
from .stability import seeds_to_stable_order

LEARNED = 0.9
"""Least ID score of a learner that has learned a task."""

SHALLOW = 0.5
"""Largest OOD score of the best shallow rule of a task that measures."""

SEEDS = 10
"""Least number of seeds that the status of a task may be decided with."""

NOT_GENERAL = ("program", "ngram", "bayes-net")
"""Learners that are not general-purpose: their hypotheses were chosen for these tasks or for one kind of data."""

MAX_CONTRASTS = 10
"""Largest number of contrasts that may be declared for one task (DESIGN rule 7)."""

ITERATIVE = ("mlp", "cnn", "rnn", "transformer", "transformer-scratchpad", "boosting")
"""Learners that are trained in steps or rounds, until they fit (DESIGN rule 5)."""

NOT_FITTED = ("budget", "plateau")
"""Flags of an iterative learner that did not fit its training set. No claim about bias rests on such a cell."""

Basis = Literal["OOD", "exposure"]


@dataclass(frozen=True)
class Contrast:
    """Two learners compared on a task: `first` - `second`, in the OOD score or the area under the exposure curve.

    corrected  p value after Holm's correction for all declared contrasts
    """

    first: str
    second: str
    basis: Basis
    difference: Difference
    corrected: float

    @property
    def holds(self) -> bool:
        """Whether the two learners differ."""
        return self.corrected < SIGNIFICANCE


@dataclass(frozen=True)
class TaskQuality:
    """What a folder shows of a task, at its largest training size.

    best, best_id      the general-purpose learner without a flag that is best in distribution; "" and NaN if none
    rule               the shallow rule that is best OOD, with its scores `rule_id` and `rule_ood`
    lacking            shallow rules that the folder does not have
    flagged            share of the cells of general-purpose learners that are flagged, over all sizes
    contrasts          the declared contrasts of which both learners qualify
    disqualified       the other general-purpose learners in declared contrasts, with the reason
    stable_seeds       number of seeds at which their order OOD is stable; None if it is not, or if there is no order
    reasons            why the task does not measure; empty if it does
    """

    task: str
    family: str
    version: int | None
    size: int
    seeds: int
    best: str
    best_id: float
    rule: str
    rule_id: float
    rule_ood: float
    lacking: tuple[str, ...]
    flagged: float
    contrasts: tuple[Contrast, ...]
    disqualified: Mapping[str, str]
    stable_seeds: int | None
    reasons: tuple[str, ...]

    @property
    def measures(self) -> bool:
        """Whether it measures, going by this folder alone."""
        return not self.reasons


def assess(
    scores: pd.DataFrame, catalogue: Catalogue, contrasts: Sequence[tuple[str, str]], exposure: Collection[str]
) -> list[TaskQuality]:
    """The quality of every ranked task, in the order of the catalogue.

    contrasts  names of two learners each, declared beforehand; variants of one view stand for their base learner
    exposure   names of the tasks whose contrasts are in the area under the exposure curve

    Raises ValueError if results contradict each other, or for too many contrasts.
    """
    if len(contrasts) > MAX_CONTRASTS:
        raise ValueError(f"{len(contrasts)} contrasts; expected at most {MAX_CONTRASTS}, declared beforehand")
    cells = planned_cells(scores, catalogue)
    return [
        _Assessment(task, catalogue, {name: found for (of, name), found in cells.items() if of == task}).quality(
            contrasts, "exposure" if task.partition(":")[0] in exposure else "OOD"
        )
        for task in dict.fromkeys(task for task, _ in cells)
        if catalogue.tasks[task].ranked
    ]


def flag_shares(
    scores: pd.DataFrame, catalogue: Catalogue, tasks: Collection[str] | None = None
) -> dict[str, tuple[int, int]]:
    """Cells of iterative general-purpose learners with a flag of NOT_FITTED: label -> (flagged cells, finished cells).

    tasks  count only cells of these tasks; None: all ranked tasks
    """
    shares: dict[str, tuple[int, int]] = {}
    for (task, label), cells in planned_cells(scores, catalogue).items():
        counted = task in tasks if tasks is not None else catalogue.tasks[task].ranked
        if counted and base(label) in ITERATIVE and catalogue.learners[label].kind == "learner":
            done = [cell.status for cell in cells if cell.status != "missing"]
            flagged = sum(any(flag in NOT_FITTED for flag in status.split(",")) for status in done)
            before = shares.get(label, (0, 0))
            shares[label] = before[0] + flagged, before[1] + len(done)
    return shares


def base(label: str) -> str:
    """The name of a learner without its parameters: `mlp:encoding=value` -> mlp."""
    return label.partition(":")[0].partition("@")[0]


def shallow_learner(label: str, info: LearnerInfo) -> str | None:
    """What kind of shallow rule a learner is, if it is one of those that are compared with all tasks."""
    settings = {**info.parameters, **dict(info.parameters.get("settings") or ())}
    if base(label) == "neighbours" and settings.get("n_neighbors") == 1:
        return NEIGHBOUR
    is_tree = str(settings.get("estimator", "")).startswith("sklearn.tree:DecisionTree")
    return TREE if is_tree and settings.get("max_depth") == TREE_DEPTH else None


def _is_general(label: str, catalogue: Catalogue) -> bool:
    """Whether a learner is general-purpose; a network that is initialised to the identity was given the rule."""
    return base(label) not in NOT_GENERAL and catalogue.learners[label].parameters.get("initialisation") != "identity"


TREE, NEIGHBOUR, TREE_DEPTH = "tree of depth 3", "one nearest neighbour", 3


class _Assessment:
    """The cells of a task at its largest size, and what follows from them."""

    def __init__(self, task: str, catalogue: Catalogue, cells: dict[str, list[PlannedCell]]) -> None:
        self.task, self.info, self.catalogue, self.cells = task, catalogue.tasks[task], catalogue, cells
        self.size = anchors_of(catalogue, task)[-1]
        shallow = {name: kind for name in cells if (kind := shallow_learner(name, catalogue.learners[name]))}
        heuristics = [name for name in cells if catalogue.learners[name].kind == "heuristic"]
        self.rules = [*heuristics, *shallow]
        self.lacking = tuple(kind for kind in (TREE, NEIGHBOUR) if kind not in shallow.values())
        self.general = [
            name
            for name in cells
            if catalogue.learners[name].kind == "learner" and name not in shallow and _is_general(name, catalogue)
        ]

    def quality(self, contrasts: Sequence[tuple[str, str]], basis: Basis) -> TaskQuality:
        ids = {name: self._mean(name, "id") for name in self.general}
        unflagged = {name: score for name, score in ids.items() if not math.isnan(score) and not self._flags(name)}
        best = max(unflagged, key=lambda name: unflagged[name], default="")
        rule = max(self.rules, key=lambda name: np.nan_to_num(self._mean(name, "ood"), nan=-math.inf), default="")
        compared, disqualified = self._compare(contrasts, basis, unflagged)
        statuses = [cell.status for name in self.general for cell in self.cells[name] if cell.status != "missing"]
        order = np.array([self._over_seeds(name, "ood", self._seeds) for name in self.general])
        return TaskQuality(
            task=self.task,
            family=self.info.family,
            version=self.info.version,
            size=self.size,
            seeds=len(self._seeds),
            best=best,
            best_id=unflagged.get(best, math.nan),
            rule=rule,
            rule_id=self._mean(rule, "id") if rule else math.nan,
            rule_ood=self._mean(rule, "ood") if rule else math.nan,
            lacking=self.lacking,
            flagged=sum(status != "ok" for status in statuses) / len(statuses) if statuses else math.nan,
            contrasts=compared,
            disqualified=disqualified,
            stable_seeds=seeds_to_stable_order(order) if order.size else None,
            reasons=tuple(self._reasons(best, ids, unflagged, rule, compared, len(contrasts))),
        )

    def _reasons(
        self,
        best: str,
        ids: dict[str, float],
        unflagged: dict[str, float],
        rule: str,
        compared: tuple[Contrast, ...],
        declared: int,
    ) -> Iterable[str]:
        """Why the task does not measure."""
        if self.info.headline is None:
            yield "it has no headline shift"
            return
        if not best or unflagged[best] < LEARNED:
            shown = f"best: {best} {unflagged[best]:.2f}" if best else "all are flagged"
            flagged = [f"{name} {score:.2f} is flagged {self._flags(name)}" for name, score in ids.items()
                       if score >= LEARNED and name not in unflagged]  # fmt: skip
            yield f"no general-purpose learner reaches ID {LEARNED:g} unflagged ({'; '.join([shown, *flagged])})"
        shallow = self._mean(rule, "ood") if rule else math.nan
        if math.isnan(shallow):
            yield "no shallow rule has a score"
        elif shallow > SHALLOW:
            yield f"the shallow rule {rule} scores {shallow:.2f} on {self.info.headline}"
        if not compared:
            yield f"no declared contrast has two learners with ID {LEARNED:g} unflagged"
        elif not any(contrast.holds for contrast in compared):
            tested = [contrast for contrast in compared if not math.isnan(contrast.corrected)]
            if tested:
                first = min(tested, key=lambda contrast: contrast.corrected)
                shown = (
                    f"{first.first} - {first.second} {first.difference.mean:+.2f}, p {first.corrected:.2g} corrected"
                )
                yield f"none of {len(compared)} contrasts holds, of {declared} declared ({shown})"
            else:
                yield "contrasts cannot be tested with one seed"

    def _compare(
        self, declared: Sequence[tuple[str, str]], basis: Basis, unflagged: Mapping[str, float]
    ) -> tuple[tuple[Contrast, ...], dict[str, str]]:
        """The contrasts of which both learners qualify, and why the other learners do not."""
        qualified = {name: score for name, score in unflagged.items() if score >= LEARNED}
        if basis == "exposure":  # their cells with exposed examples count as well
            qualified = {name: score for name, score in qualified.items() if not self._flags(name, exposed=True)}
        found: list[tuple[str, str, Difference]] = []
        for names in declared:
            pair = self._variants(names, qualified)
            if pair and (difference := self._difference(*pair, basis)).seeds:
                found.append((*pair, difference))
        corrected = holm([difference.p for *_, difference in found], len(declared))
        contrasts = tuple(
            Contrast(first, second, basis, difference, float(p))
            for (first, second, difference), p in zip(found, corrected, strict=True)
        )
        names = {name for pair in declared for name in pair}
        disqualified = {
            name: self._flags(name, exposed=basis == "exposure") or f"ID {self._mean(name, 'id'):.3f}"
            for name in self.general
            if base(name) in names and name not in qualified
        }
        return contrasts, disqualified

    def _variants(self, names: tuple[str, str], qualified: Mapping[str, float]) -> tuple[str, str] | None:
        """Labels of two learners of one view: of several variants those that are best in distribution."""
        by_view: dict[str | None, dict[str, str]] = {}
        first_last = reversed(list(qualified))  # of equal ones the first stays
        for label in sorted(first_last, key=lambda name: qualified[name]):  # the best one last
            view = self.catalogue.learners[label].parameters.get("view")
            by_view.setdefault(view, {})[base(label)] = label
        pairs = [(held[names[0]], held[names[1]]) for held in by_view.values() if held.keys() >= set(names)]
        return max(pairs, key=lambda pair: min(qualified[name] for name in pair), default=None)

    def _difference(self, first: str, second: str, basis: Basis) -> Difference:
        seeds = self._seeds
        if basis == "OOD":
            scores = [self._over_seeds(name, "ood", seeds) for name in (first, second)]
            errors = [self._over_seeds(name, "ood_error", seeds) for name in (first, second)]
            return paired(*scores, *errors)
        amounts = sorted(self._amounts(first) & self._amounts(second))
        if len(amounts) < 2:  # noqa: PLR2004 -- no curve
            return Difference(math.nan, math.nan, math.nan, 0)
        shifted = np.array(amounts) + 1  # the area is against log2(1 + exposed), so that the curve may begin at 0
        scores = [area(shifted, self._exposed(name, "ood", amounts)) for name in (first, second)]
        errors = [area_error(shifted, self._exposed(name, "ood_error", amounts)) for name in (first, second)]
        return paired(*scores, *errors)

    @property
    def _seeds(self) -> list[int]:
        """The seeds of the general-purpose learners at the largest size."""
        names = self.general or list(self.cells)
        return sorted({cell.seed for name in names for cell in self._at_largest(name)})

    def _at_largest(self, name: str) -> list[PlannedCell]:
        """The cells without exposed examples; a heuristic has one size, which need not be the largest."""
        own = [cell for cell in self.cells[name] if cell.exposed == 0]
        if self.catalogue.learners[name].kind == "heuristic":
            return [cell for cell in own if cell.size == max(cell.size for cell in own)]
        return [cell for cell in own if cell.size == self.size]

    def _mean(self, name: str, column: str) -> float:
        values = np.array([cell.scores[column] for cell in self._at_largest(name)])
        return float(np.nanmean(values)) if (~np.isnan(values)).any() else math.nan

    def _over_seeds(self, name: str, column: str, seeds: Sequence[int]) -> np.ndarray:
        """(seeds,), NaN where a cell is missing."""
        held = {cell.seed: cell.scores[column] for cell in self._at_largest(name)}
        return np.array([held.get(seed, math.nan) for seed in seeds])

    def _amounts(self, name: str) -> set[int]:
        return {cell.exposed for cell in self.cells[name] if cell.size == self.size}

    def _exposed(self, name: str, column: str, amounts: Sequence[int]) -> np.ndarray:
        """(seeds, amounts) at the largest size, NaN where a cell is missing."""
        held = {(cell.seed, cell.exposed): cell.scores[column] for cell in self.cells[name] if cell.size == self.size}
        return np.array([[held.get((seed, amount), math.nan) for amount in amounts] for seed in self._seeds])

    def _flags(self, name: str, *, exposed: bool = False) -> str:
        """The flags of the cells of a learner at the largest size, comma-joined; "missing" counts, "" if none.

        exposed  include the cells with exposed examples
        """
        cells = [cell for cell in self.cells[name] if cell.size == self.size] if exposed else self._at_largest(name)
        flags = {flag for cell in cells for flag in cell.status.split(",")} if cells else {"missing"}
        return ", ".join(sorted(flags - {"ok"}))
