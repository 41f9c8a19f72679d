"""Export of the tidy table of scores as CSV, JSON or Parquet, in an order independent of how the cells were run."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..engine.durable import write_file
from ..runs.results import Results
from .escaping.json_text import json_text
from .escaping.spreadsheet import frame_text

PARQUET_METADATA = b"grue"
"""Key of the provenance, as JSON, in the metadata of the file."""


def scores_to_csv(results: Results) -> str:
    """CSV with one row per (cell, split, metric) and the columns COLUMNS; missing values are empty.

    It has no provenance: a comment line would break readers of CSV.
    """
    return frame_text(results.ordered)


def scores_to_json(results: Results) -> str:
    """JSON: {"provenance": [...], "scores": [{column: value}]}; missing values are null."""
    return json_text({"provenance": results.provenance, "scores": results.ordered.to_dict("records")})


def write_parquet(results: Results, path: Path) -> None:
    """Write the table as Parquet, with the provenance in the metadata of the file, as `write_file` does."""
    table = pa.Table.from_pandas(results.ordered, preserve_index=False)
    metadata = {PARQUET_METADATA: json.dumps(results.provenance).encode(), **(table.schema.metadata or {})}
    content = pa.BufferOutputStream()  # given a path that it cannot write to, pyarrow deletes what is there
    pq.write_table(table.replace_schema_metadata(metadata), content, compression="zstd")
    write_file(path, content.getvalue().to_pybytes())
