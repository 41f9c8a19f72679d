"""Tables as Parquet with their provenance in the metadata: the one writer and the one reader."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

SCHEMA_VERSION = 1
METADATA = b"grue"
"""Key of the provenance (JSON) in a file's metadata."""


class UnreadableError(ValueError):
    """A file is no Parquet file, is cut off, or has no provenance."""


def to_bytes(table: pa.Table, metadata: dict[str, Any]) -> bytes:
    """The content of a table's file.

    metadata  plain JSON: the versions, the command, what the table contains
    """
    sink = pa.BufferOutputStream()
    encoded = {METADATA: json.dumps(metadata).encode()}
    pq.write_table(table.replace_schema_metadata(encoded), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def read_file(path: Path, columns: Sequence[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """A table and its provenance; raises UnreadableError.

    columns  those that are needed; None: all
    """
    try:
        table = pq.ParquetFile(path).read(None if columns is None else list(columns))
        return table, json.loads((table.schema.metadata or {})[METADATA])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise UnreadableError(str(error)) from error
