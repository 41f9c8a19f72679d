"""The rows of a batch in the store, and those of all batches together. Loads no learner and no task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

LAYOUT = pa.schema(
    [(name, pa.string()) for name in ("task", "learner", "split", "metric", "status", "key")]
    + [(name, pa.int64()) for name in ("size", "exposed", "seed", "suite_seed", "count")]
    + [(name, pa.float64()) for name in ("value", "fit_seconds")]
    + [("examples", pa.binary()), ("kind", pa.string()), ("record", pa.string())]
)
"""The columns of the table "batches"."""

UNIQUE = ["key", "split", "metric"]
"""The columns that a value has to itself."""

LARGEST = 1e30
"""Values beyond are no measurement of anything: none is written or read."""

FILE = "file"
"""A further column of rows that were read: the number of their file."""


def to_table(rows: pd.DataFrame, layout: pa.Schema) -> pa.Table:
    """Rows with the columns of a layout; what they do not have is null."""
    return pa.Table.from_pandas(rows.reindex(columns=layout.names), layout, preserve_index=False)


def join(files: Mapping[str, tuple[pa.Table, dict[str, Any]]]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """The rows of all batches that a store has read, each cell once, and the batches' provenance."""
    rows = join_files(files).drop(columns=FILE).drop_duplicates(UNIQUE, ignore_index=True)
    return rows, sources_of(files)


def join_files(files: Mapping[str, tuple[pa.Table, dict[str, Any]]]) -> pd.DataFrame:
    """The rows of all batches, with the number of the file that they are from as column FILE.

    Columns that an earlier version did not write are null.
    """
    tables = [
        table.select([name for name in LAYOUT.names if name in table.column_names]) for table, _ in files.values()
    ]
    whole = pa.concat_tables([*tables, LAYOUT.empty_table()], promote_options="default")
    rows = whole.select(LAYOUT.names).to_pandas()
    rows["suite_seed"] = rows["suite_seed"].fillna(0).astype("int64")  # earlier versions had but one
    rows[FILE] = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    return rows


def sources_of(files: Mapping[str, tuple[pa.Table, dict[str, Any]]]) -> list[dict[str, Any]]:
    """The provenance of batches, with the keys of the cells under "keys"; earlier versions wrote them under "cells"."""
    return [{"keys": metadata.get("cells", []), **metadata} for _, metadata in files.values()]
