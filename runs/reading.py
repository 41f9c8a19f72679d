"""Reading one or several result folders: the tidy table, the plan, what failed, and where it comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import merge_plans, read_plan
from .names import UsageError
from .results import COLUMNS, Results
from .store import Store


def read(folders: Sequence[Path | str]) -> Results:
    """What one or several result folders hold; raises UsageError for a folder that is none."""
    plans, tables, failures, provenance = [], [], [], []
    for folder in folders:
        store = Store(Path(folder))
        plan = read_plan(store)
        if plan is None:
            there = "is not there" if not store.folder.exists() else "has no plan.json"
            raise UsageError(f"{folder} is no result folder: it {there} (grue run --out DIR makes one)")
        rows, about = store.read()
        plans.append(plan)
        tables.append(rows)
        failures += store.failures()
        provenance += about
    plan = merge_plans(plans, supersede=False)
    rows = pd.concat(tables, ignore_index=True)
    planned = {cell["key"] for cell in plan["cells"]}
    rows = rows.loc[rows["key"].isin(list(planned))].drop_duplicates(["key", "split", "metric"], ignore_index=True)
    scores = rows.reindex(columns=COLUMNS)
    missing = planned - set(scores["key"])
    open_failures = [failure for failure in failures if not missing.isdisjoint(failure["keys"])]
    return Results(scores, plan, open_failures, _distinct(provenance), _answers(rows))


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
