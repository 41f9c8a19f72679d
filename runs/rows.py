"""The rows of a batch in the store, and those of all batches together. Loads no learner and no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..engine.parts import Block, Files

LAYOUT = pa.schema(
    [(name, pa.string()) for name in ("task", "learner", "split", "metric", "status", "key")]
    + [(name, pa.int64()) for name in ("size", "exposed", "seed", "suite_seed", "count")]
    + [(name, pa.float64()) for name in ("value", "fit_seconds")]
    + [("examples", pa.binary()), ("kind", pa.string()), ("record", pa.string())]
)
"""The columns of the table "batches"."""

TEXTS = ("task", "learner", "split", "metric", "status", "key", "kind")
"""The columns whose texts are repeated, row after row."""

UNIQUE = ["key", "split", "metric"]
"""The columns that a value has to itself."""

NEVER_NULL = ["task", "learner", "split", "metric", "status", "key", "size", "exposed", "seed"]

KEY_AXES = ["size", "exposed", "seed", "suite_seed"]
"""What a key fixes beside the settings of its pair."""

LARGEST = 1e30
"""Values beyond are no measurement of anything: none is written or read."""

FILE = "file"
"""A further column of rows that were read: the number of their file."""


def to_table(rows: pd.DataFrame, layout: pa.Schema) -> pa.Table:
    """Rows with the columns of a layout; what they do not have is null."""
    return pa.Table.from_pandas(rows.reindex(columns=layout.names), layout, preserve_index=False)


def join(files: Files) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of all batches that a store has read, each cell once, and the batches' provenance."""
    rows = as_text(join_files(files)).drop(columns=FILE).drop_duplicates(UNIQUE, ignore_index=True)
    return rows, sources_of(files)


def join_files(files: Files) -> pd.DataFrame:
    """The rows of all batches, with the number of the file that they are from as column FILE.

    Columns that an earlier version did not write are null. Columns that were read as dictionaries are categories.
    """
    tables = [_as_written(table) for table in _stretches(files)]
    layout = {one.name: one for one in LAYOUT} | {one.name: one for table in tables for one in table.schema}
    whole = pa.concat_tables([*tables, pa.schema(list(layout.values())).empty_table()], promote_options="default")
    rows = whole.select(list(layout)).to_pandas()
    rows["suite_seed"] = rows["suite_seed"].fillna(0).astype("int64")  # earlier versions had but one
    counts = [table.num_rows for table, _ in files.values()]
    rows[FILE] = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return rows


def _stretches(files: Files) -> list[pa.Table]:
    """The tables in their order, those that are one after another in one file as one."""
    places = {name: (block, *place[:2]) for block in files.blocks for name, place in block.jobs.items()}
    found: list[tuple[Block, int, int]] = []
    for block, start, count in map(places.__getitem__, files):
        last, begin, length = found[-1] if found else (None, 0, 0)
        if last is block and begin + length == start:
            found[-1] = (block, begin, length + count)
        else:
            found.append((block, start, count))
    return [block.table.slice(start, count) for block, start, count in found]


def _as_written(table: pa.Table) -> pa.Table:
    """The columns of LAYOUT that a table has, long texts as texts, since tables of one type are joined."""
    for number, one in enumerate(table.schema):
        if one.type == pa.large_string() and one.name in LAYOUT.names:
            table = table.set_column(number, one.name, table.column(number).cast(pa.string()))
    return table.select([name for name in LAYOUT.names if name in table.column_names])


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with texts in place of categories, looked up by their numbers: `astype` would go through objects."""
    found = dict[str, pd.Series]()
    for name, kind in rows.dtypes.items():
        if isinstance(kind, pd.CategoricalDtype):
            texts = kind.categories.to_series().astype("str").array
            found[str(name)] = pd.Series(texts.take(rows[name].cat.codes.to_numpy(), allow_fill=True), index=rows.index)
    return rows.assign(**found)


def identities(rows: pd.DataFrame) -> np.ndarray:
    """A number for the value of each row, the same for two rows of one (cell, split, metric): (rows,) int64.

    UNIQUE may be texts, categories, or whole numbers in the place of texts.
    """
    found = np.zeros(len(rows), np.int64)
    for name in UNIQUE:
        column = rows[name]
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes = column.cat.codes
        else:
            codes = column if pd.api.types.is_integer_dtype(column) else column.astype("category").cat.codes
        numbers = codes.to_numpy(np.int64) + 1
        found = found * (numbers.max(initial=0) + 1) + numbers
    return found


def first_rows(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Each combination of values in these columns once, where it comes first.

    Rows of a cell stand together, so most are passed over by comparing them with the one before.
    """
    new = np.ones(len(rows), bool)
    if len(rows) > 1:
        new[1:] = False
        for name in columns:
            column = rows[name]
            values = column.cat.codes if isinstance(column.dtype, pd.CategoricalDtype) else column
            array = values.to_numpy()
            new[1:] |= array[1:] != array[:-1]
    return rows.loc[new].drop_duplicates(list(columns))


def sources_of(files: Mapping[str, tuple[pa.Table, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The provenance of batches, with the keys of the cells under "keys"; earlier versions wrote them under "cells"."""
    return [{"keys": metadata.get("cells", []), **metadata} for _, metadata in files.values()]
