"""A result folder packed into a few files, for the reference results that are shipped with the package.

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

REFERENCE = Path(__file__).parents[1] / "results" / "reference"
"""The committed results, packed, a folder each, named after their presets."""

DEFAULT = "standard"
"""The one that the word `reference` stands for."""

STEPS = "steps"
"""The column of scores.parquet with the steps of training."""

SCORES, ANSWERS, PREDICTIONS = "scores.parquet", "answers.parquet", "predictions.parquet"


def locate(folder: Path | str) -> Path:
    """The folder that a user means: `reference` and `reference/NAME`, where no such path exists, are of the package.

    Raises UsageError for a name that the package does not have.
    """
    path, name = Path(folder), _name(folder)
    if name is None:
        return path
    known = [one.parent.name for one in REFERENCE.glob("*/plan.json")]
    if name not in known:
        from .names import nearest  # noqa: PLC0415 -- it loads all tasks and learners

        raise UsageError(f"{folder}: {nearest(name, known, 'results of the package')}")
    return REFERENCE / name


def _name(folder: Path | str) -> str | None:
    """NAME of `reference/NAME`; None for a path that exists, and for any other."""
    path = Path(folder)
    if path.is_absolute() or path.parts[:1] != (REFERENCE.name,) or path.exists():
        return None
    return "/".join(path.parts[1:]) or DEFAULT


def refuse_packed(folder: Path | str, verb: str) -> None:
    """Raise UsageError for a packed folder, where batches are needed. verb: what is done with them."""
    name = _name(folder)
    if ((Path(folder) if name is None else REFERENCE / name) / SCORES).is_file():
        raise UsageError(f"{folder} is a packed folder, which has no batches; {verb} the folder that it was made from")


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
