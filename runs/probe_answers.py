"""Reading the stored answers to probe examples: of a result folder, or of a packed one (runs/bundle.py).

Only answers that name a class for each output are read. Those of tasks with real or ambiguous targets are stored as
values and probabilities, of which no two are equal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from ..engine.parquet import UnreadableError, read_file
from .batches import BatchStore
from .bundle import PREDICTIONS, locate
from .errors import UsageError

LAYOUT = pa.schema(
    [("key", pa.string()), ("split", pa.string()), ("examples", pa.int64()), ("classes", pa.list_(pa.int16()))]
)
"""One row a (cell, split): the number of probe examples, and the class of each output of each (examples * outputs)."""

STORED = ["key", "split", "kind", "classes", "values"]

Answers = dict[tuple[str, str], np.ndarray]
"""(key of a cell, split) -> the answers to its probe examples, (n, outputs) int16."""


def read_probe_answers(folders: Sequence[Path | str], keys: Collection[str]) -> Answers:
    """The answers of some cells, on all splits; a cell without stored answers is not in the result."""
    table = probe_table(folders, keys)
    lists = table["classes"].combine_chunks()
    starts = np.cumsum(lists.value_lengths().to_numpy())[:-1]
    parts = np.split(lists.flatten().to_numpy(), starts) if len(lists) else []
    rows = zip(table["key"].to_pylist(), table["split"].to_pylist(), table["examples"].to_pylist(), parts, strict=True)
    return {(key, split): part.reshape(examples, -1) for key, split, examples, part in rows}


def probe_table(folders: Sequence[Path | str], keys: Collection[str]) -> pa.Table:
    """The same as a table with the columns of LAYOUT, each (key, split) once."""
    wanted = set(keys)
    tables = [_packed(locate(folder)) or _stored(Path(folder), wanted) for folder in folders]
    table = pa.concat_tables([*tables, LAYOUT.empty_table()])
    first: dict[tuple[str, str], int] = {}
    for index, (key, split) in enumerate(zip(table["key"].to_pylist(), table["split"].to_pylist(), strict=True)):
        if key in wanted:
            first.setdefault((key, split), index)
    return table.take(pa.array([first[pair] for pair in sorted(first)], pa.int64())).combine_chunks()


def _packed(folder: Path) -> pa.Table | None:
    path = folder / PREDICTIONS
    if not path.is_file():
        return None
    try:
        return read_file(path)[0].cast(LAYOUT)
    except (UnreadableError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}; pack the folder again (grue scores --format bundle)") from error


def _stored(folder: Path, wanted: Collection[str]) -> pa.Table:
    parts = [LAYOUT.empty_table()]
    for table, _ in BatchStore(folder).read("predictions", columns=STORED).values():
        pairs = zip(table["kind"].to_pylist(), table["key"].to_pylist(), strict=True)
        rows = table.filter(pa.array([kind == "class" and key in wanted for kind, key in pairs], pa.bool_()))
        if rows.num_rows:
            examples = rows["values"].combine_chunks().value_lengths()
            columns = [rows["key"], rows["split"], examples, rows["classes"]]
            parts.append(pa.table(columns, names=LAYOUT.names).cast(LAYOUT))
    return pa.concat_tables(parts)
