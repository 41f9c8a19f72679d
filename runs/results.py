"""What the store hands to everything right of it: one tidy table, the plan, the failures and the provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

COLUMNS = [
    "task", "learner", "size", "exposed", "seed", "suite_seed", "split", "metric", "value",
    "fit_seconds", "status", "key",
]  # fmt: skip
"""One row a (cell, split, metric). `value` is null where the cell has no value for it.

`seed` counts from 0 within `suite_seed`."""

MARKS = ("underfit", "budget-limited", "diverged")
"""What a status may say beside "ok". budget-limited implies underfit (where one can tell); a diverged cell has no
values."""


@dataclass(frozen=True)
class Results:
    """Everything that was planned and measured in one or several result folders.

    scores      tidy table with COLUMNS
    plan        {"tasks": {name: {"family", "version", "ambiguous", "measure", "ranked", "heuristics": [names],
                                  "rules": [names of a riddle's two],
                                  "splits": [{"name", "shift", "severity", "headline"}]}},
                 "learners": {name: {"kind": "learner" | "control" | "heuristic", "version", "parameters"}},
                 "cells": [{"key", "task", "learner", "size", "exposed", "seed", "suite_seed"}],
                 "not_applicable": [{"task", "learner", "size": int | None, "reason"}]}
    failures    [{"batch", "task", "learner", "keys": [...], "kind": "error" | "timeout" | "crash", "message",
                  "traceback", "when"}], only those whose cells are still missing
    answers     of riddles: (key of a cell, split) -> which rule each answer follows, (n,) int8 as coded in
                metrics/rules.py; every seed was asked the same
    provenance  one dict a distinct provenance: {"versions": {package: version}, "commit", "command", "machine", ...}
    """

    scores: pd.DataFrame
    plan: dict[str, Any]
    failures: list[dict[str, Any]] = field(default_factory=list)
    provenance: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[tuple[str, str], np.ndarray] = field(default_factory=dict)
