"""What the store hands to everything right of it: one tidy table, the catalogue, the failures and the provenance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from .catalogue import Catalogue

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
    catalogue   what was asked for
    failures    [{"batch", "task", "learner", "keys": [...], "kind": "error" | "timeout" | "crash", "message",
                  "traceback", "when"}], only those whose cells are still missing
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
