"""A result folder packed into a few files, for the reference that is shipped with the package: tables and curves only.

FOLDER/plan.json        the catalogue
FOLDER/scores.parquet   the tidy table and the steps of training; provenance and failures in the file's metadata
FOLDER/answers.parquet  the answers to riddles, where there are any
FOLDER/predictions.parquet  the answers to the probe examples at the largest training sizes, as classes
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from ..engine.parquet import UnreadableError, read_file, to_bytes
from .catalogue import read_catalogue, write_catalogue
from .errors import UsageError
from .results import COLUMNS, Results

REFERENCE = Path(__file__).parent / "reference"
"""The committed reference, packed. Made by `grue scores results/reference/quick --format bundle --output
runs/reference`."""

STEPS = "steps"
"""The column of scores.parquet with the steps of training."""

SCORES, ANSWERS, PREDICTIONS = "scores.parquet", "answers.parquet", "predictions.parquet"


def locate(folder: Path | str) -> Path:
    """The folder that a user means: the word `reference` is the packed one, unless there is a folder of that name."""
    path = Path(folder)
    return REFERENCE if str(folder) == REFERENCE.name and not path.exists() else path


def write_bundle(results: Results, folder: Path, predictions: pa.Table | None = None) -> list[Path]:
    """Pack results into a folder, which is made where needed; returns the paths of its files.

    predictions  the answers to the probe examples, as `runs.probe_answers.probe_table` gives them
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_catalogue(folder, results.catalogue)
    metadata = {"provenance": results.provenance, "failures": results.failures}
    tidy = results.ordered
    steps = pd.Series(results.steps, dtype=float).reindex(tidy["key"]).to_numpy(float)
    table = pa.Table.from_pandas(tidy.assign(**{STEPS: steps}), preserve_index=False)
    (folder / SCORES).write_bytes(to_bytes(table, metadata))
    paths = [folder / "plan.json", folder / SCORES]
    if results.answers:
        rows = [
            {"key": key, "split": split, "examples": codes.tobytes()} for (key, split), codes in results.answers.items()
        ]
        answers = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["key"], row["split"])))
        (folder / ANSWERS).write_bytes(to_bytes(answers, {}))
        paths.append(folder / ANSWERS)
    if predictions is not None and predictions.num_rows:
        (folder / PREDICTIONS).write_bytes(to_bytes(predictions, {}))
        paths.append(folder / PREDICTIONS)
    return paths


def read_bundle(folder: Path) -> Results | None:
    """What was packed into a folder; None where it is no bundle. Raises UsageError where one is damaged."""
    path = folder / SCORES
    catalogue = read_catalogue(folder) if path.is_file() else None
    if catalogue is None:
        return None
    try:
        table, metadata = read_file(path)
        packed = read_file(folder / ANSWERS)[0].to_pylist() if (folder / ANSWERS).is_file() else []
    except UnreadableError as error:
        raise UsageError(f"cannot read {path}: {error}; pack the folder again (grue scores --format bundle)") from error
    rows: pd.DataFrame = table.to_pandas().reindex(columns=[*COLUMNS, STEPS])
    steps = rows.loc[rows[STEPS].notna()].drop_duplicates("key").set_index("key")[STEPS].to_dict()
    answers = {(row["key"], row["split"]): np.frombuffer(row["examples"], np.int8) for row in packed}
    return Results(
        rows.reindex(columns=COLUMNS), catalogue, metadata["failures"], metadata["provenance"], answers, steps=steps
    )
