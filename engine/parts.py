"""The files of many jobs in one file, a part: what `grue compact` makes of thousands of small files.

DIR/TABLE/part+DIGEST.parquet holds the rows of several jobs one after another, and one column more: the first row of
each job has the job's provenance as the JSON text that its own file had. The metadata say how many rows each job has,
in their order. No other file has a + in its name, so a part is never taken for a job.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .files import UnreadableError, check_regular, parse_json
from .parquet import METADATA, Columns, read_file, to_bytes

PREFIX = "part+"
"""What the names of parts begin with."""

PROVENANCE = "grue_provenance"
"""The column with the provenance of each job."""

JOBS = "jobs"
"""In the metadata of a part: job -> number of its rows."""


@dataclass(frozen=True)
class Block:
    """A file that was read: the rows of one job, or those of several one after another.

    name  of the file, without its suffix
    jobs  name of a job -> (its first row, number of its rows, its provenance)
    """

    name: str
    table: pa.Table
    jobs: Mapping[str, tuple[int, int, dict[str, Any]]]


class Files(dict[str, tuple[pa.Table, dict[str, Any]]]):
    """The files of jobs that were read: name of a job -> (its table, its provenance).

    blocks  where the tables are, for whoever wants the rows of all jobs at once
    """

    def __init__(self, names: Sequence[str], blocks: Sequence[Block]) -> None:
        self.blocks = tuple(blocks)
        held = {name: (block, *place) for block in blocks for name, place in block.jobs.items()}
        super().__init__(
            (name, (block.table.slice(start, count), source))
            for name, (block, start, count, source) in ((name, held[name]) for name in names if name in held)
        )


def files_of(blocks: Sequence[Block], names: Sequence[str] | None = None) -> Files:
    """The files in the order of the names; None: of all jobs, in order.

    A job that has a file of its own and is in a part as well, as an interrupted `grue compact` leaves it, is there once
    if both say the same; else the second is PART/NAME.
    """
    blocks = _each_once(blocks)
    held = {name for block in blocks for name in block.jobs}
    wanted = sorted(held) if names is None else [name for name in names if name in held]
    return Files(wanted, blocks)


def is_part(path: Path) -> bool:
    """Whether a file is one of several jobs, by its name."""
    return path.name.startswith(PREFIX)


def part_name(names: Sequence[str]) -> str:
    """The name of the part with the files of these jobs, without the suffix."""
    return PREFIX + hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def fold(files: Mapping[str, tuple[pa.Table, dict[str, Any]]]) -> bytes:
    """The content of the part with these jobs, whose tables have the same columns and at least a row each."""
    tables: list[pa.Table] = []
    for table, source in files.values():
        column = pa.array([json.dumps(source), *[None] * (table.num_rows - 1)], pa.large_string())
        tables.append(table.append_column(PROVENANCE, column))
    counts = {name: table.num_rows for name, (table, _) in files.items()}
    # combined: a row group of one chunk a job would give each column as many pages
    return to_bytes(pa.concat_tables(tables).combine_chunks(), {JOBS: counts}, unique=[PROVENANCE])


def read_block(path: Path, columns: Columns | Sequence[str] | None = None) -> Block:
    """A file of one job or of several; raises UnreadableError (`read_file`)."""
    if not is_part(path):
        table, source = read_file(path, columns)
        return Block(path.stem, table, {path.stem: (0, table.num_rows, source)})
    wanted = Columns.of(columns)
    if wanted.only is not None:
        wanted = replace(wanted, only=[*wanted.only, PROVENANCE])
    table, metadata = read_file(path, wanted)
    counts = _counts(metadata)
    if PROVENANCE not in table.column_names or table.schema.field(PROVENANCE).type != pa.large_string():
        raise UnreadableError(f"it has no column {PROVENANCE!r} with the provenance of its jobs")
    if sum(counts.values()) != table.num_rows:
        raise UnreadableError(f"it has {table.num_rows} rows; its metadata say {sum(counts.values())}")
    sources, jobs, start = table[PROVENANCE].combine_chunks(), dict[str, tuple[int, int, dict[str, Any]]](), 0
    for name, count in counts.items():
        source = parse_json(sources[start].as_py() or "null")
        if not isinstance(source, dict):
            raise UnreadableError(f"the provenance of {name!r:.100} is {source!r:.40}; expected a JSON object")
        jobs[name], start = (start, count, source), start + count
    return Block(path.stem, table.drop_columns([PROVENANCE]), jobs)


def names_in(path: Path) -> list[str]:
    """The jobs of a part by its footer alone, which nothing but reading the file can verify; raises UnreadableError."""
    check_regular(path)
    try:
        metadata = parse_json((pq.read_metadata(path).metadata or {}).get(METADATA, b"null"))
    except UnreadableError:
        raise
    except (OSError, pa.ArrowException, ValueError) as error:  # a broken footer is an OSError as well
        raise UnreadableError(" ".join(str(error).split())) from error
    return list(_counts(metadata if isinstance(metadata, dict) else {}))


def _counts(metadata: Mapping[str, Any]) -> dict[str, int]:
    counts = metadata.get(JOBS)
    if not isinstance(counts, dict) or not all(type(count) is int and count > 0 for count in counts.values()):
        raise UnreadableError("its metadata do not say how many rows each of its jobs has")
    for name in counts:  # some become names of files
        if Path(name).name != name or name.startswith((".", PREFIX)) or "\0" in name:
            raise UnreadableError(f"one of its jobs has the name {name!r:.100}, which is not that of a job")
    return counts


def _each_once(blocks: Sequence[Block]) -> list[Block]:
    """The blocks with each job once."""
    seen: dict[str, Block] = {}
    found: list[Block] = []
    for block in blocks:
        jobs = dict[str, tuple[int, int, dict[str, Any]]]()
        for name, place in block.jobs.items():
            other = seen.setdefault(name, block)
            if other is block:
                jobs[name] = place
            elif not _same(other, block, name):
                jobs[f"{block.name}/{name}"] = place
        if jobs:
            found.append(replace(block, jobs=jobs))
    return found


def _same(first: Block, second: Block, name: str) -> bool:
    """Whether two files have the same table and provenance for a job."""
    start, count, source = first.jobs[name]
    other, rows, provenance = second.jobs[name]
    tables = [plain(first.table.slice(start, count)), plain(second.table.slice(other, rows))]
    return source == provenance and tables[0].equals(tables[1])


def plain(table: pa.Table) -> pa.Table:
    """The table with texts as texts: the dictionaries of two files may have them in different orders."""
    kinds = [one.with_type(one.type.value_type) if pa.types.is_dictionary(one.type) else one for one in table.schema]
    return table.cast(pa.schema(kinds))
