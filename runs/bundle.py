"""A result folder packed into a few files, for the reference results that are shipped with the package.

FOLDER/plan.json        the catalogue
FOLDER/scores.parquet   the tidy table and the steps of training; provenance and failures in the file's metadata
FOLDER/answers.parquet  the answers to riddles, where there are any
FOLDER/predictions.parquet  the answers to the probe examples at the largest training sizes, as classes
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..engine.durable import replace_file
from ..engine.parquet import UnreadableError, read_file, to_bytes
from .batches import TEXT, BatchStore, check_columns, check_source, problems
from .catalogue import Catalogue, read_catalogue, write_catalogue
from .errors import UsageError
from .results import COLUMNS, Results
from .rows import FILE, LAYOUT

REFERENCE = Path(__file__).parents[1] / "results" / "reference"
"""The committed results, packed, a folder each, named after their presets."""

DEFAULT = "standard"
"""The one that the word `reference` stands for."""

STEPS = "steps"
"""The column of scores.parquet with the steps of training."""

TYPES = {one.name: TEXT if one.type == pa.string() else (one.type,) for one in LAYOUT}
TYPES["suite_seed"] += (pa.float64(),)  # empty in what an earlier version wrote
PACKED = {"key": TEXT, "split": TEXT, "examples": (pa.binary(), pa.large_binary())}
"""The types that columns of scores.parquet and of answers.parquet may have."""

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


def refuse_study(folder: Path) -> None:
    """Raise UsageError for the folder of a study, where a run is to write."""
    if (folder / "study.json").is_file() and not (folder / "plan.json").is_file():
        raise UsageError(f"{folder} is the folder of a study; expected that of a run, or a new one (--out DIR)")


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
    replace_file(folder / SCORES, to_bytes(table, metadata))
    paths = [folder / "plan.json", folder / SCORES]
    if results.answers:
        rows = [
            {"key": key, "split": split, "examples": codes.tobytes()} for (key, split), codes in results.answers.items()
        ]
        answers = pa.Table.from_pylist(sorted(rows, key=lambda row: (row["key"], row["split"])))
        replace_file(folder / ANSWERS, to_bytes(answers, {}))
        paths.append(folder / ANSWERS)
    if predictions is not None and predictions.num_rows:
        replace_file(folder / PREDICTIONS, to_bytes(predictions, {}))
        paths.append(folder / PREDICTIONS)
    return paths


def read_bundle(folder: Path) -> Results | None:
    """What was packed into a folder; None where it is no bundle. Raises UsageError where one is damaged."""
    path = folder / SCORES
    catalogue = read_catalogue(folder) if path.is_file() else None
    if catalogue is None:
        return None
    try:
        table, metadata = read_file(path, [*COLUMNS, STEPS])
        _check(folder, table, metadata, catalogue)
        path = folder / ANSWERS
        packed = _read_answers(path) if path.is_file() else []
    except UnreadableError as error:
        raise UsageError(f"cannot read {path}: {error}; pack the folder again (grue scores --format bundle)") from error
    rows: pd.DataFrame = table.to_pandas()
    steps = rows.loc[rows[STEPS].notna()].drop_duplicates("key").set_index("key")[STEPS].to_dict()
    answers = {(row["key"], row["split"]): np.frombuffer(row["examples"], np.int8) for row in packed}
    return Results(
        rows.reindex(columns=COLUMNS), catalogue, metadata["failures"], metadata["provenance"], answers, steps=steps
    )


def _check(folder: Path, table: pa.Table, metadata: dict[str, Any], catalogue: Catalogue) -> None:
    """Raise UnreadableError where scores are impossible or disagree with the plan, or metadata are of another form."""
    check_columns({name: TYPES[name] for name in COLUMNS}, table)
    rows: pd.DataFrame = table.to_pandas()
    rows = rows.assign(**{FILE: 0, "suite_seed": rows["suite_seed"].fillna(0)})
    for _, reason in problems(rows, [{}], catalogue):
        raise UnreadableError(reason)
    for name in ("provenance", "failures"):
        if not isinstance(metadata.get(name), list) or not all(isinstance(one, dict) for one in metadata[name]):
            raise UnreadableError(f"{name} in its metadata is no list of records")
    for one in metadata["failures"]:
        BatchStore(folder).check_failure(one)
    for one in metadata["provenance"]:
        check_source(one)


def _read_answers(path: Path) -> list[dict[str, Any]]:
    table = read_file(path, list(PACKED))[0]
    check_columns(PACKED, table)
    if any(table[name].null_count for name in PACKED):
        raise UnreadableError("it has empty values")
    return table.to_pylist()
