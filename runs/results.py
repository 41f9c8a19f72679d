"""`Results`: the tidy table, the catalogue, the failures and the provenance, as reports and analysis get them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import AXES, Catalogue
from .errors import UsageError

COLUMNS = [
    "task", "learner", "size", "exposed", "seed", "suite_seed", "split", "metric", "value",
    "fit_seconds", "status", "key",
]  # fmt: skip
"""One row per (cell, split, metric). `value` is null if the metric is not defined for the cell.

`seed` counts from 0 within `suite_seed`."""

FLAGS = ("budget", "plateau", "capacity", "diverged")
"""The values of the column `status` apart from "ok" (docs/architecture.md). A diverged cell has no values."""


@dataclass(frozen=True)
class Results:
    """The planned cells of one or several result folders, and their scores.

    scores      tidy table with COLUMNS
    catalogue   the planned cells, tasks and learners
    failures    [{"job", "task", "learner", "keys": [...], "cells": [...], "message", "traceback", "when", ...,
                  "kind": "error" | "timeout" | "crash" | "lost"}], only if their cells are still missing
    answers     of riddles: (key of a cell, split) -> the rule that each prediction follows, (n,) int8 codes of
                metrics/rules.py; the examples are the same for every seed
    provenance  one dict per distinct provenance: {"versions": {package: version}, "commit", "command", "machine", ...}
    source_of   key of a cell -> index in `provenance`; cells of a packed folder with several provenances are left out
    steps       key of a cell -> steps of training, for those of learners that count them
    folders     if several folders were read, the name of each -> its catalogue; else {}
    """

    scores: pd.DataFrame
    catalogue: Catalogue
    failures: list[dict[str, Any]] = field(default_factory=list)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    source_of: dict[str, int] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    folders: dict[str, Catalogue] = field(default_factory=dict)

    @property
    def ordered(self) -> pd.DataFrame:
        """The tidy table in an order that does not depend on the order in which cells were computed."""
        return self.scores.reindex(columns=COLUMNS).sort_values([*AXES, "split", "metric", "key"], ignore_index=True)

    @property
    def machines(self) -> dict[str, str]:
        """What each cell was fitted on, by its key: machine, device and threads; without cells that do not say."""
        described = [machine_of(one) for one in self.provenance]
        return {key: described[index] for key, index in self.source_of.items() if described[index]}

    def of_suite(self, suite_seed: int) -> Results:
        """The results of one suite seed. Raises UsageError if there are none."""
        known = self.catalogue.suite_seeds
        if suite_seed not in known:
            raise UsageError(f"no results of suite seed {suite_seed}; there are {', '.join(map(str, known)) or 'none'}")
        return self._only("suite_seed", [suite_seed], lambda one: one.only(lambda cell: cell.suite_seed == suite_seed))

    def of_tasks(self, tasks: Collection[str]) -> Results:
        """The results of some tasks: their labels, or family:NAME. Raises UsageError for one that was not planned."""
        families = {name: f"family:{info.family}" for name, info in self.catalogue.tasks.items()}
        for name in tasks:
            if name not in families and name not in families.values():
                from .names import nearest  # noqa: PLC0415 -- it loads all tasks and learners

                raise UsageError(nearest(name, {*families, *families.values()}, "task"))
        kept = {name for name, family in families.items() if name in tasks or family in tasks}
        return self._only("task", kept, lambda one: one.of_tasks(kept))

    def labels(self, learners: Collection[str]) -> list[str]:
        """These labels, if they are all of learners, controls or heuristics here. Raises UsageError for another one."""
        known = self.catalogue.learners
        for name in learners:
            if name not in known:
                from .names import nearest  # noqa: PLC0415 -- it loads all tasks and learners

                raise UsageError(nearest(name, known, "learner"))
        return list(learners)

    def _only(self, column: str, values: Iterable[Any], part: Callable[[Catalogue], Catalogue]) -> Results:
        catalogue = part(self.catalogue)
        return replace(
            self,
            scores=self.scores.loc[self.scores[column].isin(list(values))],
            catalogue=catalogue,
            failures=[failure for failure in self.failures if not catalogue.by_key.keys().isdisjoint(failure["keys"])],
            folders={name: part(folder) for name, folder in self.folders.items()},
        )


def machine_of(provenance: Mapping[str, Any]) -> str:
    """The machine of a provenance, its device and threads as text; "" for one that has none or has fitted nothing."""
    machine, resources = provenance.get("machine"), provenance.get("resources", {})
    if not machine or "imported" in provenance:
        return ""
    used = [f"{name} {resources[name]}" for name in ("device", "threads") if name in resources]
    return ", ".join([*(f"{name} {value}" for name, value in sorted(machine.items())), *used])
