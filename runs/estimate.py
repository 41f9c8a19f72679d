"""Estimates of the time of cells, from the times in the store, and how cells are cut into batches."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from statistics import median
from typing import Any

import pandas as pd

from .cells import Batch, Cell
from .entrant import as_entrant

BATCH_SECONDS = 30.0
"""A batch is cut at about this long: short enough to lose little, long enough to fill stacks and share data."""

DEFAULT_SECONDS = 0.5
"""Seconds per cell, if none of its pair has been timed."""


class Estimates:
    """Seconds a cell, fitting and all the rest, from the cells of this folder that are done."""

    def __init__(self, rows: pd.DataFrame, metadata: Iterable[dict[str, Any]]) -> None:
        cells = rows.drop_duplicates("key").set_index("key")
        times: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        for batch in metadata:
            own = cells.loc[cells.index.intersection(batch.get("keys", []))]
            if not len(own):
                continue
            rest = max(batch["seconds"] - own["fit_seconds"].sum(), 0.0) / len(own)
            for cell in own.itertuples():
                times[cell.task, cell.learner][cell.size + cell.exposed].append(cell.fit_seconds + rest)
        self._times = {pair: {n: median(seen) for n, seen in sizes.items()} for pair, sizes in times.items()}

    def known(self, cell: Cell) -> bool:
        """Whether the cell's pair has been timed."""
        return (cell.pair.task.label, cell.pair.learner.label) in self._times

    def seconds(self, cell: Cell) -> float:
        """The time of the nearest size of the same pair, in proportion to a larger size; else a guess."""
        if not as_entrant(cell.pair.learner.instance).trains:
            return 0.02
        sizes = self._times.get((cell.pair.task.label, cell.pair.learner.label))
        n = cell.size + cell.exposed
        if not sizes:
            inputs = cell.pair.task.instance.inputs.size
            return DEFAULT_SECONDS * (1 + inputs / 200) * (1 + n / 4096)
        nearest = min(sizes, key=lambda size: abs(math.log2(size) - math.log2(n)))
        return sizes[nearest] * max(1.0, n / nearest)


def make_batches(cells: list[Cell], estimates: Estimates, failures: Iterable[dict[str, Any]]) -> list[Batch]:
    """Batches of one pair each, about BATCH_SECONDS long, the longest first; a cell that failed before is alone."""
    failed = {key for failure in failures for key in failure["keys"]}
    pairs: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.key not in failed:
            pairs[cell.pair.digest].append(cell)
    batches = [Batch(cell.pair, (cell,)) for cell in cells if cell.key in failed]
    for group in pairs.values():
        total = sum(estimates.seconds(cell) for cell in group)
        size = math.ceil(len(group) / max(1, round(total / BATCH_SECONDS)))
        batches += [Batch(group[0].pair, tuple(group[start : start + size])) for start in range(0, len(group), size)]
    return sorted(batches, key=lambda batch: -sum(estimates.seconds(cell) for cell in batch.cells))
