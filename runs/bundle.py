"""A result folder packed into a few files, for the reference that is shipped with the package: tables and curves only.

FOLDER/plan.json        the catalogue
FOLDER/scores.parquet   the tidy table; provenance and failures in the file's metadata
FOLDER/answers.parquet  the answers to riddles, where there are any
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .catalogue import AXES, read_catalogue, write_catalogue
from .errors import UsageError
from .results import COLUMNS, Results

REFERENCE = Path(__file__).parent / "reference"
"""The committed reference, packed. Made by `grue scores results/reference/quick --format bundle --output
runs/reference`."""

SCORES, ANSWERS = "scores.parquet", "answers.parquet"

METADATA = b"grue"
"""Key in the metadata of scores.parquet."""


def locate(folder: Path | str) -> Path:
    """The folder that a user means: the word `reference` is the packed one, unless there is a folder of that name."""
    path = Path(folder)
    return REFERENCE if str(folder) == REFERENCE.name and not path.exists() else path


def write_bundle(results: Results, folder: Path) -> list[Path]:
    """Pack results into a folder, which is made where needed; returns the files that were written."""
    folder.mkdir(parents=True, exist_ok=True)
    write_catalogue(folder, results.catalogue)
    scores = results.scores.reindex(columns=COLUMNS).sort_values([*AXES, "split", "metric", "key"], ignore_index=True)
    about = {METADATA: json.dumps({"provenance": results.provenance, "failures": results.failures}).encode()}
    table = pa.Table.from_pandas(scores, preserve_index=False).replace_schema_metadata(about)
    pq.write_table(table, folder / SCORES, compression="zstd", compression_level=19)
    written = [folder / "plan.json", folder / SCORES]
    if results.answers:
        rows = [
            {"key": key, "split": split, "examples": codes.tobytes()} for (key, split), codes in results.answers.items()
        ]
        answers = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["key"], row["split"])))
        pq.write_table(answers, folder / ANSWERS, compression="zstd", compression_level=19)
        written.append(folder / ANSWERS)
    return written


def read_bundle(folder: Path) -> Results | None:
    """What was packed into a folder; None where it is no bundle. Raises UsageError where one is damaged."""
    path = folder / SCORES
    catalogue = read_catalogue(folder) if path.is_file() else None
    if catalogue is None:
        return None
    try:
        table = pq.ParquetFile(path).read()
        about = json.loads((table.schema.metadata or {})[METADATA])
        scores: pd.DataFrame = table.to_pandas().reindex(columns=COLUMNS)
        packed = pq.ParquetFile(folder / ANSWERS).read().to_pylist() if (folder / ANSWERS).is_file() else []
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise UsageError(f"cannot read {path}: {error}; pack it again (grue scores --format bundle)") from error
    answers = {(row["key"], row["split"]): np.frombuffer(row["examples"], np.int8) for row in packed}
    return Results(scores, catalogue, about["failures"], about["provenance"], answers)
