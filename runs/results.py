"""What the store hands to everything right of it: one tidy table, the catalogue, the failures and the provenance."""

from __future__ import annotations

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
"""One row a (cell, split, metric). `value` is null where the cell has no value for it.

`seed` counts from 0 within `suite_seed`."""

MARKS = ("underfit", "not-converged", "diverged")
"""What a status may say beside "ok". not-converged implies underfit (where one can tell); a diverged cell has no
values."""


@dataclass(frozen=True)
class Results:
    """Everything that was planned and measured in one or several result folders.

    scores      tidy table with COLUMNS
    catalogue   what was asked for
    failures    [{"job", "task", "learner", "keys": [...], "cells": [...], "message", "traceback", "when", ...,
                  "kind": "error" | "timeout" | "crash" | "lost"}], only those whose cells are still missing
    answers     of riddles: (key of a cell, split) -> which rule each answer follows, (n,) int8 as coded in
                metrics/rules.py; every seed was asked the same
    provenance  one dict a distinct provenance: {"versions": {package: version}, "commit", "command", "machine", ...}
    folders     where several folders were read, the name of each -> its own catalogue; else {}
    """

    scores: pd.DataFrame
    catalogue: Catalogue
    failures: list[dict[str, Any]] = field(default_factory=list)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
    folders: dict[str, Catalogue] = field(default_factory=dict)

    @property
    def ordered(self) -> pd.DataFrame:
        """The tidy table in an order that does not depend on how the cells were run."""
        return self.scores.reindex(columns=COLUMNS).sort_values([*AXES, "split", "metric", "key"], ignore_index=True)

    def of_suite(self, suite_seed: int) -> Results:
        """What was planned and measured with one suite seed alone. Raises UsageError where there is nothing."""
        known = self.catalogue.suite_seeds
        if suite_seed not in known:
            raise UsageError(f"no results of suite seed {suite_seed}; there are {', '.join(map(str, known)) or 'none'}")
        catalogue = self.catalogue.only(lambda cell: cell.suite_seed == suite_seed)
        return replace(
            self,
            scores=self.scores.loc[self.scores["suite_seed"] == suite_seed],
            catalogue=catalogue,
            failures=[one for one in self.failures if not catalogue.by_key.keys().isdisjoint(one["keys"])],
            folders={
                name: folder.only(lambda cell: cell.suite_seed == suite_seed) for name, folder in self.folders.items()
            },
        )
