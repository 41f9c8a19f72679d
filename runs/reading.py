"""Reading one or several result folders: the tidy table, the catalogue, what failed, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import merge_catalogues, read_catalogue
from .errors import UsageError
from .results import COLUMNS, Results
from .store import Store


def read(folders: Sequence[Path | str]) -> Results:
    """What one or several result folders hold; raises UsageError for a folder that is none."""
    catalogues, tables, failures, provenance = [], [], [], []
    for folder in folders:
        store = Store(Path(folder))
        catalogue = read_catalogue(Path(folder))
        if catalogue is None:
            there = "is not there" if not store.folder.exists() else "has no plan.json"
            raise UsageError(f"{folder} is no result folder: it {there} (grue run --out DIR makes one)")
        rows, about = store.read()
        catalogues.append(catalogue)
        tables.append(rows)
        failures += store.failures()
        provenance += about
    named = dict(zip(map(str, folders), catalogues, strict=True)) if len(catalogues) > 1 else {}
    catalogue = merge_catalogues(catalogues, supersede=False)
    rows = pd.concat(tables, ignore_index=True)
    planned = rows["key"].isin(list(catalogue.by_key))
    rows = rows.loc[planned].drop_duplicates(["key", "split", "metric"], ignore_index=True)
    scores = rows.reindex(columns=COLUMNS)
    done = set(scores["key"])
    open_failures = [failure for failure in failures if not done.issuperset(failure["keys"])]
    return Results(scores, catalogue, open_failures, _distinct(provenance), _answers(rows), named)


def load(*folders: Path | str) -> pd.DataFrame:
    """The tidy table of one or several result folders: one row a (cell, split, metric), columns COLUMNS.

    >>> frame = grue.load("results/local/quick")
    >>> frame.query("metric == 'score' and split == 'far'").groupby("learner")["value"].mean()
    """
    return read(folders).scores


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
    for about in provenance:
        shared = {name: value for name, value in about.items() if name not in ("seconds", "cells", "task", "learner")}
        seen.setdefault(json.dumps(shared, sort_keys=True), shared)
    return list(seen.values())
