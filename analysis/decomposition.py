"""Decomposition of differences between learners: which part is due to the algorithm, the view and the encoding.

Learners that were run in the same views and encodings form a balanced factorial design (a *crossing*). There the sum of
squares over the cells is exactly the sum of those of the factors and of their interactions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product

import numpy as np
import pandas as pd

from ..runs.catalogue import Catalogue
from .intervals import Interval, interval
from .planned import PlannedCell, planned_cells

FACTORS = ("algorithm", "view", "encoding")
"""The axes of a crossing. If no learner is wrapped for the tied view, the second is the parameter readout of sequence
encoders: flattened, or auto, which is pooled if there is one output for the whole input."""

SPLITS = ("id", "ood")

VIEWS = ("untied", "tied")

ROUNDING = 1e-12
"""Sums of squares up to this times the number of cells are rounding errors of equal scores."""


@dataclass(frozen=True)
class Crossing:
    """The scores of a task at one training size, for every algorithm in every view and encoding.

    levels    of each of FACTORS; two views, "untied" and "tied", or "flattened" and "auto"; a single encoding, if there
              are no two in which every algorithm was run
    learners  (algorithms, views, encodings): the labels of the learners
    scores    split -> (algorithms, views, encodings, seeds), without seeds that lack a score
    errors    the same: standard errors over the test examples, NaN where they are not known
    flags     label -> flags of its cells on these seeds
    left_out  labels of learners of a crossed algorithm that are not in the design
    """

    task: str
    size: int
    levels: Mapping[str, tuple[str, ...]]
    learners: np.ndarray
    scores: Mapping[str, np.ndarray]
    errors: Mapping[str, np.ndarray]
    flags: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return self.scores["id"].shape[-1]

    @property
    def view_name(self) -> str:
        """What the second factor is called: view or readout."""
        return "view" if "tied" in self.levels["view"] else "readout"


@dataclass(frozen=True)
class Pair:
    """The difference of two algorithms, with the view and encoding of both: parts that add up to any such difference.

    With 1 for the first algorithm, the second view and the second encoding, and -1 for the others, the score of a cell
    minus that of the opposite cell is the sum of sign * part over the factors, plus the product of the signs *
    `interaction`. Interactions of two factors cancel. NaN where the crossing has one encoding.
    """

    first: str
    second: str
    algorithm: Interval
    view: Interval
    encoding: Interval
    interaction: Interval


def crossings(scores: pd.DataFrame, catalogue: Catalogue) -> list[Crossing]:
    """The full crossings of all tasks, by task and increasing size; without exposed examples.

    A crossing needs two algorithms and two views. Raises ValueError if results contradict each other.
    """
    designs: dict[str, Design] = {}
    for task, learners in catalogue.by_task.items():
        names = [name for name in catalogue.of_kind("learner") if name in learners]
        if catalogue.tasks[task].has_curve and (design := _design(catalogue, names)):
            designs[task] = design
    if not designs:
        return []
    planned = planned_cells(scores, catalogue)
    found: list[Crossing] = []
    for task, (levels, learners, left_out) in designs.items():
        cells = {name: [one for one in planned[task, name] if one.exposed == 0] for name in learners.flat}
        shared = set.intersection(*({cell.size for cell in own} for own in cells.values()))
        for size in sorted(shared):
            at = {name: {cell.seed: cell for cell in own if cell.size == size} for name, own in cells.items()}
            crossing = _crossing(task, size, levels, learners, at, left_out, with_ood=catalogue.tasks[task].headline)
            if crossing is not None:
                found.append(crossing)
    return found


def largest(found: Iterable[Crossing]) -> list[Crossing]:
    """Of each task the crossing with the largest training size."""
    by_task = {crossing.task: crossing for crossing in sorted(found, key=lambda one: one.size)}
    return list(by_task.values())


def sums_of_squares(values: np.ndarray) -> dict[tuple[int, ...], float]:
    """The sum of squares of every factor and interaction of a balanced design, one value a cell.

    values   one axis a factor
    returns  axes of the factor or interaction -> sum of squares over all cells; together they are that of
             values - values.mean()
    """
    axes = range(values.ndim)
    components: dict[tuple[int, ...], np.ndarray] = {}
    for order in range(values.ndim + 1):
        for subset in combinations(axes, order):
            others = tuple(axis for axis in axes if axis not in subset)
            component = values.mean(axis=others, keepdims=True)
            for smaller, earlier in components.items():
                if set(smaller) < set(subset):
                    component = component - earlier
            components[subset] = component
    return {
        subset: float(np.square(component).sum() * values.size / component.size)
        for subset, component in components.items()
        if subset
    }


def shares(crossing: Crossing, split: str) -> dict[tuple[str, ...], float]:
    """The share of every factor and interaction in the sum of squares over the cells, means over seeds; sum 1.

    A factor with one level is left out. All shares are NaN if all cells are equal.
    """
    cells = crossing.scores[split].mean(axis=-1)
    parts = sums_of_squares(cells)
    total = sum(parts.values())
    varied = [axis for axis in range(cells.ndim) if cells.shape[axis] > 1]
    return {
        tuple(FACTORS[axis] for axis in subset): part / total if total > ROUNDING * cells.size else float("nan")
        for subset, part in parts.items()
        if set(subset) <= set(varied)
    }


def spread(crossing: Crossing, split: str) -> float:
    """Standard deviation of the mean scores of all cells: what the shares are shares of."""
    return float(crossing.scores[split].mean(axis=-1).std())


def effects(crossing: Crossing, split: str, factor: str) -> dict[tuple[str, str], Interval]:
    """Mean difference between two levels of a factor over all levels of the others, paired over seeds: (b, a) -> b - a.

    Of view and encoding the later level minus the earlier one; of algorithms the earlier one minus the later one.
    """
    axis = FACTORS.index(factor)
    levels = crossing.levels[factor]
    found: dict[tuple[str, str], Interval] = {}
    for low, high in combinations(range(len(levels)), 2):
        plus, minus = (low, high) if factor == "algorithm" else (high, low)
        weights = np.zeros(crossing.learners.shape)
        others = weights.size / len(levels)
        np.moveaxis(weights, axis, 0)[plus] = 1 / others
        np.moveaxis(weights, axis, 0)[minus] = -1 / others
        found[levels[plus], levels[minus]] = _contrast(crossing, split, weights)
    return found


def pairs(crossing: Crossing, split: str) -> list[Pair]:
    """All pairs of algorithms, first minus second; none if there are more than two encodings."""
    algorithms, encodings = crossing.levels["algorithm"], len(crossing.levels["encoding"])
    if encodings > 2:  # noqa: PLR2004 -- the parts add up for two levels of each factor
        return []
    view = np.array([-1.0, 1.0])[:, None]
    encoding = np.array([-1.0, 1.0])[None, :] if encodings > 1 else np.full((1, 1), np.nan)
    found: list[Pair] = []
    for first, second in combinations(range(len(algorithms)), 2):
        sign = np.zeros((len(algorithms), 1, 1))
        sign[first], sign[second] = 1, -1
        both, cells = np.abs(sign), 2 * encodings
        whole = np.ones((1, 2, encodings))
        parts = (sign * whole / cells, both * view * whole / cells, both * encoding * whole / cells)
        interaction = sign * view * encoding / cells
        found.append(
            Pair(
                algorithms[first],
                algorithms[second],
                *(_contrast(crossing, split, weights) for weights in (*parts, interaction)),
            )
        )
    return found


def _contrast(crossing: Crossing, split: str, weights: np.ndarray) -> Interval:
    """Mean over seeds of a weighted sum of cells; its interval is floored by the errors within the cells."""
    axes = (0, 1, 2)
    values = (weights[..., None] * crossing.scores[split]).sum(axis=axes)
    return interval(values, np.sqrt(np.square(weights[..., None] * crossing.errors[split]).sum(axis=axes)))


def algorithm_of(label: str) -> str:
    """The label without the parameters that make view and encoding: "cnn:depth=2,encoding=value" -> "cnn:depth=2"."""
    head, _, tail = label.rpartition(":")
    if not head or "=" not in tail:
        return label
    kept = [part for part in tail.split(",") if part.partition("=")[0] not in FACTOR_PARAMETERS]
    return f"{head}:{','.join(kept)}" if kept else head


FACTOR_PARAMETERS = ("view", "window", "position", "readout", "encoding")
"""The parameters that make view and encoding."""


Design = tuple[dict[str, tuple[str, ...]], np.ndarray, tuple[str, ...]]
"""Levels, labels and labels left out, as in a Crossing."""


def _view_of(parameters: Mapping[str, object]) -> str:
    """tied: one model for all positions, or (readout=auto) weights shared across positions; else untied."""
    return "tied" if parameters.get("view") == "tied" or parameters.get("readout") == "auto" else "untied"


def _design(catalogue: Catalogue, names: Sequence[str]) -> Design | None:
    """The levels, the labels by level, and the labels left out; None if there is no full crossing.

    Of all sets of encodings the one with the largest full crossing, in cells; among equals the one with more encodings.
    """
    labels: dict[tuple[str, str, str], str] = {}
    for name in names:
        parameters = catalogue.learners[name].parameters
        if "encoding" in parameters:
            labels.setdefault((algorithm_of(name), _view_of(parameters), str(parameters["encoding"])), name)
    candidates = list(dict.fromkeys(algorithm for algorithm, *_ in labels))
    known = sorted({encoding for *_, encoding in labels})
    best: tuple[list[str], tuple[str, ...]] = [], ()
    for encodings in chain.from_iterable(combinations(known, count) for count in range(1, len(known) + 1)):
        full = [one for one in candidates if all((one, *cell) in labels for cell in product(VIEWS, encodings))]
        if len(full) > 1 and len(full) * len(encodings) >= len(best[0]) * len(best[1]):
            best = full, encodings
    algorithms, encodings = best
    if not algorithms:
        return None
    learners = np.array(
        [[[labels[one, view, code] for code in encodings] for view in VIEWS] for one in algorithms], object
    )
    # A tied view that is not the learner's own shows that outputs belong to positions.
    wrapped = any(catalogue.learners[name].parameters.get("view") == "tied" for name in learners.flat)
    views = VIEWS if wrapped else ("flattened", "auto")
    rest = [name for name in names if algorithm_of(name) in algorithms and name not in set(learners.flat)]
    return {"algorithm": tuple(algorithms), "view": views, "encoding": encodings}, learners, tuple(rest)


def _crossing(
    task: str,
    size: int,
    levels: Mapping[str, tuple[str, ...]],
    learners: np.ndarray,
    cells: Mapping[str, Mapping[int, PlannedCell]],
    left_out: tuple[str, ...],
    *,
    with_ood: str | None,
) -> Crossing | None:
    """The crossing on the seeds that have all scores; None if no seed does."""
    splits = SPLITS if with_ood else SPLITS[:1]

    def complete(seed: int) -> bool:
        return all(
            seed in own and not np.isnan(own[seed].scores[split]) for own, split in product(cells.values(), splits)
        )

    seeds = [seed for seed in sorted(next(iter(cells.values()))) if complete(seed)]
    if not seeds:
        return None

    def array(column: str) -> np.ndarray:
        values = [[cells[name][seed].scores[column] for seed in seeds] for name in learners.flat]
        return np.array(values).reshape(*learners.shape, len(seeds))

    flags = {
        name: tuple(sorted({flag for seed in seeds for flag in own[seed].status.split(",")} - {"ok"}))
        for name, own in cells.items()
    }
    return Crossing(
        task,
        size,
        levels,
        learners,
        {split: array(split) for split in splits},
        {split: array(f"{split}_error") for split in splits},
        flags,
        left_out,
    )
