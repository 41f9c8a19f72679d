"""What is kept of a file's rows once all of them were checked: not all rows of a large folder have to be in memory."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..engine.parts import Block
from .catalogue import Catalogue
from .rows import FILE, KEY_AXES, LARGEST, NEVER_NULL, UNIQUE, first_rows, identities

COUNTS, NUMBERS = (*KEY_AXES, "count"), ("value", "fit_seconds")
"""Columns whose values are 0 at least, and those that have a largest one."""

Keep = Callable[[pa.Table], np.ndarray]
"""Which rows of a table are needed, (rows,) bool, beside the first one of each cell."""


def nothing(table: pa.Table) -> np.ndarray:
    """No further row: the first ones say what is done, and what it took."""
    return np.zeros(table.num_rows, bool)


def reported(catalogue: Catalogue) -> Keep:
    """The rows that tables and figures are made of: what tasks are ranked by, records of fits, and all of riddles."""
    from ..metrics.metric import CODE  # noqa: PLC0415 -- a run needs it in its workers alone

    ranked = {info.metric for info in catalogue.tasks.values()} | {"accuracy"}
    metrics = {*CODE, *ranked, *(f"{name}_error" for name in ranked)}
    riddles = {name for name, info in catalogue.tasks.items() if not info.has_curve}
    keys = {cell.key for cell in catalogue.cells if cell.task in riddles}

    def keep(table: pa.Table) -> np.ndarray:
        found = _is_one_of(table["metric"], metrics) | _is_one_of(table["key"], keys)
        if "record" in table.column_names:
            found |= table["record"].is_valid().to_numpy()
        return found

    return keep


def shrink(block: Block, keep: Keep) -> Block:
    """A file with the first row of each cell and those that are needed; one that a check may find fault with as it is.

    Its columns of repeated texts are dictionaries.
    """
    table = block.table
    if not _is_plausible(table):
        return block
    of_cell = ["key", "task", "learner", *(name for name in KEY_AXES if name in table.column_names)]
    codes = pd.DataFrame({name: _numbers(table[name]) for name in dict.fromkeys([*of_cell, *UNIQUE])}, copy=False)
    if pd.Series(identities(codes)).duplicated().any():
        return block
    counts = np.array([count for _, count, _ in block.jobs.values()])
    file = codes[FILE] = np.repeat(np.arange(len(counts)), counts)
    kept = keep(table)
    kept[first_rows(codes, [FILE, *of_cell]).index] = True
    counts = np.bincount(file[kept], minlength=len(counts))
    starts = np.cumsum(counts) - counts
    jobs = {
        name: (int(start), int(count), source)
        for (name, (_, _, source)), start, count in zip(block.jobs.items(), starts, counts, strict=True)
    }
    return Block(block.name, table.take(pa.array(np.flatnonzero(kept))), jobs)


def _is_plausible(table: pa.Table) -> bool:
    """Whether no check of single values can find fault: `runs/batches.py`, impossible."""
    if any(table[name].null_count for name in NEVER_NULL):
        return False
    held = table.column_names
    ranges = {name: pc.call_function("min_max", [table[name]]).as_py() for name in (*COUNTS, *NUMBERS) if name in held}
    known = {name: one for name, one in ranges.items() if one["min"] is not None}
    return all(
        one["min"] >= 0 if name in COUNTS else max(map(abs, one.values())) <= LARGEST for name, one in known.items()
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    """The values of a column as whole numbers, of texts their places in its dictionary: (rows,)."""
    if not pa.types.is_integer(column.type):
        column = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        return column.combine_chunks().indices.to_numpy()
    return column.fill_null(0).to_numpy()


def _is_one_of(column: pa.ChunkedArray, texts: AbstractSet[str]) -> np.ndarray:
    """Whether each value of a column is one of these texts: (rows,) bool."""
    whole = (column if pa.types.is_dictionary(column.type) else column.dictionary_encode()).combine_chunks()
    return np.array([text in texts for text in whole.dictionary.to_pylist()], bool)[whole.indices.to_numpy()]
