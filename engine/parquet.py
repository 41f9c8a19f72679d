"""Tables as Parquet with their provenance in the metadata: the one writer and the one reader.

A file holds a digest of all its bytes, so that no damage goes unseen: Parquet itself has no checksum of the footer, and
most readers check none at all. The digest stands among the file's metadata; it is computed with zeros in its place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from .files import UnreadableError, parse_json, read_bytes

MAGIC = b"PAR1"
SCHEMA_VERSION = 1
METADATA = b"grue"
"""Key of the provenance (JSON) in a file's metadata."""

DIGEST, MARK, ZEROS = b"grue.digest", b"grue-blake2b:", b"0" * 64
"""Key of the digest in a file's metadata; what stands before its hexadecimal digits; what is hashed in their place."""

MAX_ROWS = 20_000_000
"""Rows of the largest table that is read."""

MAX_BYTES = 4 << 30
"""Bytes that the largest table may take in memory."""

ENCODINGS = {"PLAIN", "RLE", "RLE_DICTIONARY", "PLAIN_DICTIONARY", "BIT_PACKED"}
"""Those that this program writes. Others (DELTA_BYTE_ARRAY) make a large table of a small file in ways not foreseen."""


THREADS_FROM = 1 << 20
"""Bytes of a file from which on its columns are decoded in threads: of a small one that takes twice as long."""

NO_DIGEST = (
    "it has no digest: written by an older version, or damaged; `grue compact --adopt DIR` takes its values as they "
    "are and writes a digest"
)
DAMAGED = "it was damaged or changed: its content does not have the digest that was written with it"


class NoDigestError(UnreadableError):
    """A Parquet file without a digest, of which nobody can tell whether it is as it was written."""


def to_bytes(table: pa.Table, metadata: dict[str, Any], unique: Sequence[str] = ()) -> bytes:
    """The content of a table's file.

    metadata  plain JSON: the versions, the command, what the table contains
    unique    columns whose texts are not repeated, and need no dictionary
    """
    sink = pa.BufferOutputStream()
    encoded = {METADATA: json.dumps(metadata).encode(), DIGEST: MARK + ZEROS}
    repeated: Any = [name for name in table.column_names if name not in unique] if unique else True
    pq.write_table(
        table.replace_schema_metadata(encoded),
        sink,
        compression="zstd",
        write_page_checksum=True,
        use_dictionary=repeated,
    )
    content = sink.getvalue().to_pybytes()
    start = _place(content)
    if content[start : start + len(ZEROS)] != ZEROS:
        raise ValueError(f"the metadata of a table may not contain {MARK.decode()!r}")
    return content[:start] + _digest(content, start) + content[start + len(ZEROS) :]


@dataclass(frozen=True)
class Columns:
    """Which columns of a file are read, and how.

    only     these; None: all
    without  but not these
    texts    columns of repeated texts that become dictionaries: each text once, and its number in the rows
    """

    only: Sequence[str] | None = None
    without: Sequence[str] = ()
    texts: Sequence[str] = ()

    @staticmethod
    def of(columns: Columns | Sequence[str] | None) -> Columns:
        """The same for the names of columns; None: all."""
        return columns if isinstance(columns, Columns) else Columns(columns)


def read_file(path: Path, columns: Columns | Sequence[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """A table and its provenance; raises UnreadableError, also where one of the columns is not there.

    columns  those that are needed; None: all
    """
    content = read_bytes(path)
    start = _place(content)
    if content[start : start + len(ZEROS)] != _digest(content, start):
        raise UnreadableError(DAMAGED)
    return decode(content, columns)


def decode(content: bytes, columns: Columns | Sequence[str] | None = None) -> tuple[pa.Table, dict[str, Any]]:
    """A table and its provenance from the content of a file, whatever its digest; raises UnreadableError."""
    chosen = Columns.of(columns)
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        names = file.schema_arrow.names
        _check_names(names, chosen.only or ())
        texts = {one.name for one in file.schema_arrow if one.type == pa.string()} & set(chosen.texts)
        if repeated := sorted(texts.difference(chosen.without)):
            file = pq.ParquetFile(pa.BufferReader(content), metadata=file.metadata, read_dictionary=repeated)
        wanted = [name for name in (names if chosen.only is None else chosen.only) if name not in chosen.without]
        if large := sorted(set(_expanding(file.metadata)).intersection(wanted).difference(repeated)):
            _check_expanded(content, large)
        table = file.read(wanted, use_threads=len(content) > THREADS_FROM)
        table.validate(full=True)  # text that is no UTF-8 would be an error wherever it is used
        metadata = parse_json((table.schema.metadata or {}).get(METADATA, b"null"))
    except UnreadableError:
        raise
    except (OSError, pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise UnreadableError(" ".join(str(error).split())) from error
    if not isinstance(metadata, dict):
        raise UnreadableError(f"its provenance is {metadata!r:.40}; expected a JSON object")
    return table, metadata


def _place(content: bytes) -> int:
    """Where the digits of the digest are; raises UnreadableError where there are none, or no Parquet at all."""
    if content[:4] != MAGIC or content[-4:] != MAGIC:
        raise UnreadableError(f"it is no Parquet file, or was cut off ({len(content):,} bytes)")
    start = content.rfind(MARK) + len(MARK)
    if start < len(MARK) or start + len(ZEROS) > len(content):
        raise UnreadableError(DAMAGED) if DIGEST in content else NoDigestError(NO_DIGEST)
    return start


def _digest(content: bytes, start: int) -> bytes:
    """The digits of the digest of a file's bytes, with zeros at the place of these digits."""
    view, found = memoryview(content), hashlib.blake2b(digest_size=len(ZEROS) // 2)
    for part in (view[:start], ZEROS, view[start + len(ZEROS) :]):
        found.update(part)
    return found.hexdigest().encode()


def _check_names(names: Sequence[str], wanted: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        raise UnreadableError("two of its columns have the same name")
    if lacking := [name for name in wanted if name not in names]:
        raise UnreadableError(f"it has no column {lacking[0]!r}; it has {', '.join(names)}")


def _expanding(footer: pq.FileMetaData) -> list[str]:
    """The columns of repeated texts that may be too large in memory by what the footer says; [] in nearly every file.

    Raises UnreadableError for a table that is too large in any case.
    """
    if footer.num_rows > MAX_ROWS:
        raise UnreadableError(f"it has {footer.num_rows:,} rows; the limit is {MAX_ROWS:,}")
    certain, possible, repeated = 0, 0, dict[str, None]()
    for group in map(footer.row_group, range(footer.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            if strange := set(column.encodings) - ENCODINGS:
                raise UnreadableError(f"column {column.path_in_schema!r} has the encoding {', '.join(sorted(strange))}")
            values, size = column.num_values, column.total_uncompressed_size
            if column.physical_type == "BYTE_ARRAY" and column.has_dictionary_page:
                repeated[column.path_in_schema] = None
                certain, possible = certain + size, possible + values * max(size, 8)
            else:
                certain, possible = certain + max(size, 8 * values), possible + max(size, 8 * values)
    if certain > MAX_BYTES:
        raise UnreadableError(f"it takes {certain:,} bytes in memory; the limit is {MAX_BYTES:,}")
    return list(repeated) if possible > MAX_BYTES else []


def _check_expanded(content: bytes, columns: list[str]) -> None:
    """Raise UnreadableError where columns of repeated texts take too many bytes; each text is read once for it."""
    total = 0
    for name in columns:
        if "." in name:
            raise UnreadableError(f"column {name!r}: lists of texts in a table of this size")
        table = pq.ParquetFile(pa.BufferReader(content), read_dictionary=[name]).read([name])
        for chunk in table.column(0).chunks:
            if pa.types.is_dictionary(chunk.type):
                lengths = pc.call_function("binary_length", [chunk.dictionary]).take(chunk.indices)
                total += pc.call_function("sum", [lengths.cast(pa.int64())]).as_py() or 0
            else:
                total += chunk.nbytes
        if total > MAX_BYTES:
            raise UnreadableError(f"its texts take more than {MAX_BYTES:,} bytes in memory, the limit")
