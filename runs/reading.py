"""Reading one or several result folders: the tidy table, the catalogue, what failed, and where it comes from."""

from __future__ import annotations

import json
import shlex
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..engine.errors import UnreadableWarning
from ..engine.files import UnreadableError, parse_json
from .batches import BatchStore, contradictions, read_batches
from .bundle import SCORES, locate, read_bundle
from .catalogue import Catalogue, read_catalogue
from .errors import UnreadablePlanError, UsageError
from .results import COLUMNS, Results
from .rows import FILE, as_text, identities, sources_of
from .shrink import reported
from .union import check_versions, merge_catalogues

ANSWERS = ("examples", "kind")
"""The columns with the answers to riddles."""

OF_A_BATCH = ("seconds", "cells", "keys", "settings", "task", "learner")
"""What differs from batch to batch in the provenance of one run."""


def read(folders: Sequence[Path | str], *, every_metric: bool = True) -> Results:
    """What one or several result folders hold; the word `reference` is the reference that comes with the package.

    every_metric  False: of large folders only the rows that tables and figures are made of, in less memory

    Raises UsageError for a folder that is none.
    """
    opened = dict(_opened(folders))
    catalogues = {name: one.catalogue if isinstance(one, Results) else one for name, one in opened.items()}
    check_versions(catalogues)
    catalogue = merge_catalogues(catalogues.values(), supersede=False)
    needed = None if every_metric else catalogue  # of all folders: a file may be of a cell that another's plan has
    parts = {name: one if isinstance(one, Results) else _read(Path(name), one, needed) for name, one in opened.items()}
    if len(parts) > 1:
        _warn_of_differences(parts)
    scores = _planned(_joined(parts.values()), catalogue)
    missing = catalogue.by_key.keys() - set(scores["key"].cat.categories)
    failures = [failure for part in parts.values() for failure in part.failures]
    answers: dict[tuple[str, str], np.ndarray] = {}
    steps: dict[str, float] = {}
    for part in parts.values():
        answers, steps = part.answers | answers, part.steps | steps
    provenance, source_of = _distinct(parts.values())
    return Results(
        scores=as_text(scores),
        catalogue=catalogue,
        failures=[failure for failure in failures if not missing.isdisjoint(failure["keys"])],
        provenance=provenance,
        answers=answers,
        source_of=source_of,
        steps=steps,
        folders=catalogues if len(catalogues) > 1 else {},
    )


def _opened(folders: Sequence[Path | str]) -> Iterator[tuple[str, Results | Catalogue]]:
    """The name of each folder, with its plan or what is packed in it; of several, damaged plans are named."""
    damaged = 0
    for folder in folders:
        try:
            yield str(folder), read_bundle(locate(folder)) or require_catalogue(Path(folder))
        except UnreadablePlanError as error:
            damaged += 1
            if damaged == len(folders):
                raise
            warnings.warn(str(error), UnreadableWarning, stacklevel=3)


def _joined(parts: Collection[Results]) -> pd.DataFrame:
    """The rows of several folders, each (cell, split, metric) once; those of one are so already."""
    if len(parts) == 1:
        return next(iter(parts)).scores
    joined = pd.concat([as_text(part.scores) for part in parts], ignore_index=True)
    return joined.loc[~pd.Series(identities(joined)).duplicated().to_numpy()].reset_index(drop=True)


def _planned(scores: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """The rows of planned cells, with the labels that the plan has now; keys are categories, each of some row.

    Labels are no part of a key: the plan may have others than when a cell was computed.
    """
    keys = scores["key"].astype("category")
    known = np.array([key in catalogue.by_key for key in keys.cat.categories.tolist()], bool)
    planned = known[keys.cat.codes.to_numpy()]
    if not planned.all():
        scores, keys = scores.loc[planned].reset_index(drop=True), keys.loc[planned].reset_index(drop=True)
    keys = keys.cat.remove_unused_categories()
    cells = [catalogue.by_key[key] for key in keys.cat.categories.tolist()]
    columns: dict[str, Any] = {"key": keys}
    for label in ("task", "learner"):
        labels = pd.Categorical([getattr(cell, label) for cell in cells])
        codes = labels.codes[keys.cat.codes.to_numpy()]
        columns[label] = pd.Categorical.from_codes(codes, dtype=labels.dtype)
    return scores.assign(**columns)


def _warn_of_differences(parts: Mapping[str, Results]) -> None:
    """Say where folders have different values for one cell; those of the first are reported."""
    tables = [as_text(part.scores).assign(**{FILE: number}) for number, part in enumerate(parts.values())]
    found = list(contradictions(pd.concat(tables, ignore_index=True)))
    if found:
        names = list(parts)
        first, second, what = found[0]
        command = shlex.join(["grue", "compare", names[first], names[second]])
        warnings.warn(
            f"{names[first]} and {names[second]} have different values for {len(found)} rows of the same cells, such "
            f"as {what}; those of {names[first]} are reported ({command})",
            stacklevel=3,
        )


def load(*folders: Path | str) -> pd.DataFrame:
    """The tidy table of one or several result folders: one row a (cell, split, metric), columns COLUMNS.

    >>> frame = grue.load("results/local/quick")
    >>> frame.query("metric == 'score' and split == 'far'").groupby("learner")["value"].mean()
    """
    return read(folders).scores


def require_catalogue(folder: Path) -> Catalogue:
    """The plan of a result folder; raises UsageError for a folder that is none."""
    catalogue = read_catalogue(folder)
    if catalogue is None:
        reason = "it has no plan.json" if folder.is_dir() else "it does not exist"
        reason = "it is a file" if folder.is_file() else reason
        raise UsageError(f"{folder} is not a result folder: {reason} ({_advice(folder)})")
    return catalogue


def _advice(folder: Path) -> str:
    """What to do about a folder without a plan: the plan is missing, or the folder meant is in it or beside it."""
    if (folder / "study.json").is_file():
        return "it is that of a study, which grue page and grue claims read"
    if (folder / SCORES).is_file():
        return "pack the folder again: grue scores --format bundle"
    if (folder / "batches").is_dir():
        return "repeat grue run with the same arguments: it writes the plan again and repeats no finished cell"
    try:
        inside = sorted(str(plan.parent) for plan in folder.glob("*/plan.json"))
        beside = {one.parent.name: str(one.parent) for one in folder.parent.glob("*/plan.json")}
    except OSError:
        inside, beside = [], {}
    close = inside[:1] or [beside[name] for name in get_close_matches(folder.name, beside, n=1)]
    return f"did you mean {close[0]}?" if close else "grue run --out DIR creates one"


def _read(folder: Path, catalogue: Catalogue, needed: Catalogue | None) -> Results:
    """Everything in one folder, also what its plan does not ask for any more: another folder's may.

    needed  the plan whose reports are to be made; None: all rows
    """
    store = BatchStore(folder)
    if needed is None:
        rows, files = read_batches(store, catalogue)
    else:
        riddles = any(not info.has_curve for info in needed.tasks.values())
        without = ("count", *(() if riddles else ANSWERS))
        rows, files = read_batches(store, catalogue, without=without, keep=reported(needed))
    tidy = rows.reindex(columns=COLUMNS)
    return Results(tidy, catalogue, store.failures(), sources_of(files), _answers(rows), steps=_steps(rows))


def _answers(rows: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Unpack the answers to riddles."""
    held = rows.reindex(columns=["key", "split", *ANSWERS])
    held = held.loc[(held["kind"] == "answers") & held["examples"].notna()]
    return {
        (key, split): np.frombuffer(packed, np.int8)
        for key, split, packed in zip(held["key"], held["split"], held["examples"], strict=True)
    }


def _steps(rows: pd.DataFrame) -> dict[str, float]:
    """The steps of training from the records of the fits; of boosting they are rounds."""
    found: dict[str, float] = {}
    held = rows.loc[rows["record"].notna(), ["key", "record"]]
    for key, text in zip(held["key"], held["record"], strict=True):
        try:
            record = parse_json(text)
            if isinstance(record, dict) and isinstance(steps := record.get("steps"), int | float):
                found[key] = float(steps)
        except (UnreadableError, OverflowError) as error:
            warnings.warn(f"the record of the fit of cell {key[:12]}: {error}", UnreadableWarning, stacklevel=2)
    return found


def _distinct(parts: Collection[Results]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Each provenance once, apart from the times of single batches, and the number of the one that each cell has.

    Two that differ in nothing but which libraries a job had loaded are one: kernels of a library that are the same
    wherever it was loaded are those of all.
    A packed folder does not say which of its provenances a cell has; where it has one, all cells do.
    """
    seen: dict[str, int] = {}
    distinct: list[dict[str, Any]] = []
    source_of: dict[str, int] = {}
    kernels = _common_kernels(metadata for part in parts for metadata in part.provenance)
    for part in parts:
        whole = part.catalogue.by_key if len(part.provenance) == 1 else ()
        for metadata in part.provenance:
            shared = {name: value for name, value in metadata.items() if name not in OF_A_BATCH}
            if "kernels" in shared:
                shared["kernels"] = dict(sorted((kernels | _kernels_of(shared)).items()))
            number = seen.setdefault(json.dumps(shared, sort_keys=True), len(seen))
            if number == len(distinct):
                distinct.append(shared)
            for key in metadata.get("keys", whole):
                source_of.setdefault(key, number)
    return distinct, source_of


def _common_kernels(provenance: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The kernels of the libraries that used the same ones wherever they were loaded."""
    found: dict[str, set[str]] = {}
    for one in provenance:
        for library, name in _kernels_of(one).items():
            found.setdefault(library, set()).add(name)
    return {library: next(iter(names)) for library, names in found.items() if len(names) == 1}


def _kernels_of(provenance: dict[str, Any]) -> dict[str, str]:
    """The kernels that a provenance names; anything else in their place is left out."""
    named = provenance.get("kernels")
    return (
        {library: name for library, name in named.items() if isinstance(name, str)} if isinstance(named, dict) else {}
    )
