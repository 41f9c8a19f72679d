"""Estimates of the time of cells, from the times in the store, and how cells are cut into batches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .cells import Batch, Cell, Pair
from .entrant import as_entrant
from .rows import FILE, first_rows

BATCH_SECONDS = 30.0
"""A batch is cut at about this long: short enough to lose little, long enough to fill stacks and share data."""

DEFAULT_SECONDS = 0.5
"""Seconds per cell, if none of its pair has been timed."""


class Estimates:
    """Seconds a cell, fitting and all the rest, from the cells of this folder that are done."""

    def __init__(self, rows: pd.DataFrame, metadata: Sequence[dict[str, Any]]) -> None:
        cells = first_rows(rows, ["key"])
        file = cells[FILE].to_numpy()
        fit = cells["fit_seconds"].fillna(0.0).to_numpy(float)
        spent = np.array([batch.get("seconds", 0.0) for batch in metadata], float)
        count, fitting = (np.bincount(file, weights, len(spent)) for weights in (None, fit))
        rest = np.maximum(spent - fitting, 0.0) / np.maximum(count, 1)
        timed = cells.assign(n=cells["size"] + cells["exposed"], seconds=fit + rest[file])
        medians = timed.groupby(["task", "learner", "n"], observed=True)["seconds"].median().reset_index()
        self._times: dict[tuple[str, str], dict[int, float]] = {}
        for task, learner, n, seconds in medians.itertuples(index=False):
            self._times.setdefault((task, learner), {})[n] = seconds
        self._estimated: dict[tuple[str, int], float] = {}

    def known(self, cell: Cell) -> bool:
        """Whether the cell's pair has been timed."""
        return (cell.pair.task.label, cell.pair.learner.label) in self._times

    def seconds(self, cell: Cell) -> float:
        """The time of the nearest size of the same pair, in proportion to a larger size; else a guess."""
        place = (cell.pair.digest, cell.size + cell.exposed)
        if place not in self._estimated:
            self._estimated[place] = self._estimate(cell)
        return self._estimated[place]

    def _estimate(self, cell: Cell) -> float:
        sizes = self._times.get((cell.pair.task.label, cell.pair.learner.label))
        n = cell.size + cell.exposed
        if not sizes or not as_entrant(cell.pair.learner.instance).trains:
            return guess(cell.pair, n)
        nearest = min(sizes, key=lambda size: abs(math.log2(size) - math.log2(n)))
        return sizes[nearest] * max(1.0, n / nearest)


def guess(pair: Pair, n: int) -> float:
    """Seconds of a cell with n training examples, of a pair that was never timed."""
    if not as_entrant(pair.learner.instance).trains:
        return 0.02
    return DEFAULT_SECONDS * (1 + pair.task.instance.inputs.size / 200) * (1 + n / 4096)


def make_batches(cells: list[Cell], estimates: Estimates, failures: Iterable[dict[str, Any]]) -> list[Batch]:
    """Batches of one pair each, about BATCH_SECONDS long, the longest first; a cell that failed before is alone."""
    failed = {key for failure in failures for key in failure["keys"]}
    pairs: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.key not in failed:
            pairs[cell.pair.digest].append(cell)
    batches = [Batch(cell.pair, (cell,)) for cell in cells if cell.key in failed] if failed else []
    for group in pairs.values():
        total = sum(estimates.seconds(cell) for cell in group)
        size = math.ceil(len(group) / max(1, round(total / BATCH_SECONDS)))
        batches += [Batch(group[0].pair, tuple(group[start : start + size])) for start in range(0, len(group), size)]
    return sorted(batches, key=lambda batch: -sum(estimates.seconds(cell) for cell in batch.cells))
