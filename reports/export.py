"""Export of the tidy table of scores as CSV, JSON or Parquet, in an order independent of how the cells were run."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..runs.results import Results
from .spreadsheet import guarded

PARQUET_METADATA = b"grue"
"""Key of the provenance, as JSON, in the metadata of the file."""


def scores_to_csv(results: Results) -> str:
    """CSV with one row per (cell, split, metric) and the columns COLUMNS; missing values are empty.

    It has no provenance: a comment line would break readers of CSV.
    """
    rows = results.ordered
    for name in ("task", "learner", "split", "metric"):
        safe = guarded({label: label for label in rows[name].unique().tolist()})
        rows = rows.assign(**{name: [safe[label] for label in rows[name]]})
    return rows.to_csv(index=False, lineterminator="\n")


def scores_to_json(results: Results) -> str:
    """JSON: {"provenance": [...], "scores": [{column: value}]}; missing values are null."""
    rows = results.ordered
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    return json.dumps({"provenance": results.provenance, "scores": records}, indent=1, allow_nan=False) + "\n"


def write_parquet(results: Results, path: Path) -> None:
    """Write the table as Parquet, with the provenance in the metadata of the file; creates the folder if needed."""
    table = pa.Table.from_pandas(results.ordered, preserve_index=False)
    metadata = {PARQUET_METADATA: json.dumps(results.provenance).encode(), **(table.schema.metadata or {})}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(metadata), path, compression="zstd")
