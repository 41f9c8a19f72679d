"""A learner's fingerprint: which rule it follows in each riddle, and whether its seeds follow the same one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from .curves import Interval, interval
from .planned import measure_of
from .rules import agreement
from .summary import Entry, anchors_of


def riddles(plan: dict[str, Any]) -> list[str]:
    """Name the planned tasks that have rules and no right answer, in the order of the plan."""
    planned = {cell["task"] for cell in plan["cells"]}
    return [task for task in plan["tasks"] if task in planned and measure_of(plan, task) == "rules"]


def shares_of(plan: dict[str, Any], task: str) -> list[str]:
    """Name the metrics of a riddle that sum to 1: "follows[...]" for both of its rules, and "neither"."""
    return [*(f"follows[{rule}]" for rule in plan["tasks"][task]["rules"]), "neither"]


def fingerprints(
    scores: pd.DataFrame, answers: Mapping[tuple[str, str], np.ndarray], plan: dict[str, Any]
) -> list[Entry]:
    """What every learner did with every riddle at its largest training size.

    scores   the tidy table
    answers  (key of a cell, split) -> codes of its answers (metrics/rules.py)

    For each learner, on the split where the rules part (side "ood"): the shares of `shares_of`, and "agreement" and
    "kappa" between its seeds, NaN and "n/a" where they cannot be told; on the sides "train" and "id" its "accuracy".
    """
    found: list[Entry] = []
    for task in riddles(plan):
        largest = anchors_of(plan, task)[-1]
        keys: dict[str, dict[str, int]] = {}  # by learner, the key and seed of each of its cells
        for cell in plan["cells"]:
            if (cell["task"], cell["size"]) == (task, largest):
                keys.setdefault(cell["learner"], {})[cell["key"]] = cell["seed"]
        for learner, own in keys.items():
            ordered = sorted(own, key=lambda key, own=own: own[key])
            found += _fingerprint(scores.loc[scores["key"].isin(ordered)], answers, plan, task, learner, ordered)
    return found


def _fingerprint(
    own: pd.DataFrame,
    answers: Mapping[tuple[str, str], np.ndarray],
    plan: dict[str, Any],
    task: str,
    learner: str,
    keys: list[str],
) -> list[Entry]:
    """The figures of one learner on one riddle, from the rows of its cells."""
    odd = next(split["name"] for split in plan["tasks"][task]["splits"] if split["shift"] is not None)
    marks = {mark for status in own["status"].unique() for mark in status.split(",")} - {"ok"}
    empty = "diverged" if "diverged" in marks else "missing"
    if own.loc[own["value"].notna(), "key"].nunique() < len(keys):
        marks.add("incomplete")
    blank = Entry("task", task, learner, plan["learners"][learner]["kind"], "", "", math.nan)
    blank = replace(blank, marks=",".join(sorted(marks)))

    found: list[Entry] = []
    places = [*((share, "ood", odd) for share in shares_of(plan, task)), *(("accuracy", s, s) for s in ("train", "id"))]
    for measure, side, split in places:
        over = _over_seeds(own, keys, split, measure)
        entry = replace(blank, measure=measure, side=side, value=over.mean, half_width=over.half_width)
        entry = replace(entry, interval=over.kind, seeds=over.seeds)
        found.append(entry if over.seeds else replace(entry, marks=empty))

    codes = [answers[key, odd] for key in keys if (key, odd) in answers]
    alike = agreement(np.array(codes))
    for measure, value in (("agreement", alike.equal), ("kappa", alike.kappa)):
        entry = replace(blank, measure=measure, side="ood", value=value, seeds=len(codes))
        found.append(replace(entry, marks="n/a" if codes else empty) if math.isnan(value) else entry)
    return found


def _over_seeds(own: pd.DataFrame, keys: list[str], split: str, metric: str) -> Interval:
    """The mean over seeds of a metric on a split, with its interval; a seed without a value is left out."""
    there = own.loc[own["split"] == split]
    values, errors = (
        there.loc[there["metric"] == name].set_index("key")["value"].reindex(keys).to_numpy(dtype=float)
        for name in (metric, f"{metric}_error")
    )
    return interval(values, errors)
