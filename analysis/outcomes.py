"""Outcomes: one score per task, learner and seed, as the tests and ranks take it."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd

from ..runs.catalogue import Catalogue
from .entries import SPLITS
from .learning_curve import LearningCurve, join_flags, learning_curves

Measure = Literal["final", "area"]
"""The score at the largest training size of the task, or the area under the learning curve."""

OUTCOMES = ["task", "family", "learner", "kind", "seed", "value", "error", "flags"]


def outcomes(
    scores: pd.DataFrame, catalogue: Catalogue, measure: Measure = "final", split: str = "ood"
) -> pd.DataFrame:
    """Columns OUTCOMES: one row per task, learner and seed that has a score; ranked tasks that have the split.

    measure, split  what the value is: `Measure`, in distribution ("id") or on the headline shift ("ood")
    error           standard error of the value over its test examples, NaN if it is not known
    flags           those of all cells of the learner on the task that the values are computed from, comma-joined;
                    "incomplete" if a planned seed has no value

    A learner that was not run at all sizes that the value of its task needs has no row: its value is not comparable.
    Raises ValueError if results contradict each other, or for an unknown measure or split.
    """
    for given, known, what in ((measure, get_args(Measure), "measure"), (split, SPLITS, "split")):
        if given not in known:
            raise ValueError(f"unknown {what} {given!r}; expected one of {', '.join(known)}")
    rows: list[dict[str, object]] = []
    for curve in learning_curves(scores, catalogue):
        task, learner, info = curve.task, curve.learner, catalogue.tasks[curve.task]
        if not info.ranked or (split == "ood" and info.headline is None):
            continue
        if (curve.partial and measure == "area") or not curve.planned_at_largest:
            continue
        values = _values(curve, measure, split)
        flags = curve.flags if measure == "area" else curve.final_flags
        flags = flags | ({"incomplete"} if any(np.isnan(value) for value, _ in values.values()) else set())
        head = {"task": task, "family": info.family, "learner": learner, "kind": curve.kind}
        rows += [
            {**head, "seed": seed, "value": value, "error": error, "flags": join_flags(flags)}
            for seed, (value, error) in values.items()
            if not np.isnan(value)
        ]
    return pd.DataFrame(rows, columns=OUTCOMES)


def _values(curve: LearningCurve, measure: Measure, split: str) -> dict[int, tuple[float, float]]:
    if measure == "area":
        return curve.areas(split)
    last = np.stack([curve.matrices[split][:, -1], curve.matrices[f"{split}_error"][:, -1]], axis=1)
    return {seed: (float(value), float(error)) for seed, (value, error) in zip(curve.seeds, last, strict=True)}
