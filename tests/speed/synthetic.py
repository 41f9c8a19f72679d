"""A result folder of any number of cells without fitting anything: real keys and files, invented values.

python tests/speed/synthetic.py DIR CELLS [--loose]   --loose: a file a batch, as of a run; else as `grue compact` does
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from grue.engine.parquet import to_bytes
from grue.engine.parts import fold, part_name
from grue.engine.provenance import provenance
from grue.engine.store import Store
from grue.runs.catalogue import write_catalogue
from grue.runs.cells import Batch, Cell
from grue.runs.jobs import BatchJob
from grue.runs.plan import Plan, make_plan
from grue.runs.presets import load_preset
from grue.runs.rows import LAYOUT

SIZES, SPLITS = [2**power for power in range(4, 14)], ("train", "id", "far")
METRICS = ["score", "score_error", "accuracy", "accuracy_error", "log_loss", "chance", *(f"m{n}" for n in range(12))]
"""54 rows a cell, as in the results of the preset standard (49)."""

BATCH, PART = 20, 100_000
"""Cells of a batch; rows of a part."""

PRESET = """
description = "synthetic"
tasks = ["identity-bits", "even-pairs", "parity", "maze-graph", "a-before-b"]
learners = ["linear", "neighbours", "forest", "extra-trees", "mlp"]
sizes = {sizes}
exposed = []
seeds = {seeds}
test_size = 1000
timeout = 60
"""


def write_preset(folder: Path, cells: int) -> Path:
    """A preset with about so many cells."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "synthetic.toml"
    path.write_text(PRESET.format(sizes=SIZES, seeds=1))
    each = len(make_plan(load_preset(str(path))).cells)
    path.write_text(PRESET.format(sizes=SIZES, seeds=max(1, round(cells / each))))
    return path


def write_folder(folder: Path, cells: int, *, loose: bool = False) -> Plan:
    """A folder with results of all cells of the preset beside it."""
    plan = make_plan(load_preset(str(write_preset(folder, cells))))
    store, generator = Store(folder), np.random.default_rng(0)
    (folder / "batches").mkdir(exist_ok=True)
    write_catalogue(folder, plan.catalogue())
    shared, files, rows = provenance(), dict[str, tuple[pa.Table, dict[str, Any]]](), 0
    for batch in sorted(batches_of(plan), key=lambda batch: batch.name):
        source = {"schema": 1, **shared, **BatchJob(batch).metadata, "seconds": 10.0}
        table = table_of(batch.cells, generator)
        if loose:
            store.path(batch.name).write_bytes(to_bytes(table, source))
            continue
        files[batch.name], rows = (table, source), rows + table.num_rows
        if rows >= PART:
            store.path(part_name(list(files))).write_bytes(fold(files))
            files, rows = {}, 0
    if files:
        store.path(part_name(list(files))).write_bytes(fold(files))
    return plan


def batches_of(plan: Plan) -> list[Batch]:
    """Batches of BATCH cells."""
    cells: dict[str, list[Cell]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.pair.digest, []).append(cell)
    return [
        Batch(own[0].pair, tuple(own[start : start + BATCH]))
        for own in cells.values()
        for start in range(0, len(own), BATCH)
    ]


def table_of(cells: Sequence[Cell], generator: np.random.Generator) -> pa.Table:
    """The rows of a batch: every metric in every split."""
    each, count = len(SPLITS) * len(METRICS), len(cells)

    def of_cell(values: Sequence[Any]) -> pa.Array:
        return pa.array(values).take(pa.array(np.repeat(np.arange(count), each)))

    rows = count * each
    scored = np.tile(np.arange(each) % len(METRICS) == 0, count)
    columns: dict[str, Any] = {
        "task": pa.repeat(cells[0].pair.task.label, rows),
        "learner": pa.repeat(cells[0].pair.learner.label, rows),
        "split": pa.array(SPLITS).take(pa.array(np.tile(np.repeat(np.arange(len(SPLITS)), len(METRICS)), count))),
        "metric": pa.array(METRICS).take(pa.array(np.tile(np.arange(len(METRICS)), count * len(SPLITS)))),
        "status": pa.repeat("ok", rows),
        "key": of_cell([cell.key for cell in cells]),
        "size": of_cell([cell.size for cell in cells]),
        "exposed": of_cell([cell.exposed for cell in cells]),
        "seed": of_cell([cell.seed for cell in cells]),
        "suite_seed": of_cell([cell.pair.suite for cell in cells]),
        "count": pa.repeat(pa.scalar(1000, pa.int64()), rows),
        "value": pa.array(generator.uniform(0, 1, rows)),
        "fit_seconds": of_cell([0.25] * count),
        "examples": pa.array([generator.bytes(125) if one else None for one in scored], pa.binary()),
        "kind": pa.array(["right" if one else None for one in scored], pa.string()),
        "record": pa.array([None] * rows, pa.string()),
    }
    return pa.table(columns).select(LAYOUT.names).cast(LAYOUT)


if __name__ == "__main__":
    print(len(write_folder(Path(sys.argv[1]), int(sys.argv[2]), loose="--loose" in sys.argv).cells), "cells")  # noqa: T201
