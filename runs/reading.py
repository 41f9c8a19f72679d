"""Reading one or several result folders: the tidy table, the catalogue, what failed, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..engine.store import Store
from .bundle import locate, read_bundle
from .catalogue import merge_catalogues, read_catalogue
from .errors import UsageError
from .results import COLUMNS, Results
from .rows import join

OF_A_BATCH = ("seconds", "cells", "keys", "settings", "task", "learner")
"""What differs from batch to batch in the provenance of one run."""


def read(folders: Sequence[Path | str]) -> Results:
    """What one or several result folders hold; the word `reference` is the reference that comes with the package.

    Raises UsageError for a folder that is none.
    """
    parts = {str(folder): read_bundle(locate(folder)) or _read(Path(folder)) for folder in folders}
    catalogues = {name: part.catalogue for name, part in parts.items()}
    catalogue = merge_catalogues(catalogues.values(), supersede=False)
    scores = pd.concat([part.scores for part in parts.values()], ignore_index=True)
    planned = scores["key"].isin(list(catalogue.by_key))
    scores = scores.loc[planned].drop_duplicates(["key", "split", "metric"], ignore_index=True)
    missing = catalogue.by_key.keys() - set(scores["key"])
    failures = [failure for part in parts.values() for failure in part.failures]
    answers: dict[tuple[str, str], np.ndarray] = {}
    for part in parts.values():
        answers = part.answers | answers
    return Results(
        scores=scores,
        catalogue=catalogue,
        failures=[failure for failure in failures if not missing.isdisjoint(failure["keys"])],
        provenance=_distinct([metadata for part in parts.values() for metadata in part.provenance]),
        answers=answers,
        folders=catalogues if len(catalogues) > 1 else {},
    )


def load(*folders: Path | str) -> pd.DataFrame:
    """The tidy table of one or several result folders: one row a (cell, split, metric), columns COLUMNS.

    >>> frame = grue.load("results/local/quick")
    >>> frame.query("metric == 'score' and split == 'far'").groupby("learner")["value"].mean()
    """
    return read(folders).scores


def _read(folder: Path) -> Results:
    """Everything in one folder, also what its plan does not ask for any more: another folder's may."""
    store = Store(folder)
    catalogue = read_catalogue(folder)
    if catalogue is None:
        reason = "it does not exist" if not store.folder.exists() else "it has no plan.json"
        raise UsageError(f"{folder} is not a result folder: {reason} (grue run --out DIR creates one)")
    rows, metadata = join(store.read())
    return Results(rows.reindex(columns=COLUMNS), catalogue, store.failures(), metadata, _answers(rows))


def _answers(rows: pd.DataFrame) -> dict[tuple[str, str], np.ndarray]:
    """Unpack the answers to riddles."""
    held = rows.reindex(columns=["key", "split", "examples", "kind"])
    held = held.loc[held["kind"] == "answers"]
    return {
        (key, split): np.frombuffer(packed, np.int8)
        for key, split, packed in zip(held["key"], held["split"], held["examples"], strict=True)
    }


def _distinct(provenance: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each provenance once, apart from the times of single batches."""
    seen = {}
    for metadata in provenance:
        shared = {name: value for name, value in metadata.items() if name not in OF_A_BATCH}
        seen.setdefault(json.dumps(shared, sort_keys=True), shared)
    return list(seen.values())
