"""Fingerprints: the rule that a learner follows in each riddle, and the agreement between its seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from ..metrics.rules import agreement
from ..runs.catalogue import Catalogue
from .entries import Entry
from .intervals import Interval, interval
from .planned import anchors_of


def riddles(catalogue: Catalogue) -> list[str]:
    """Names of the planned riddles (tasks with two rules and no correct answer), in the order of the catalogue."""
    return [task for task in catalogue.by_task if not catalogue.tasks[task].has_curve]


def shares_of(catalogue: Catalogue, task: str) -> list[str]:
    """Names of the metrics of a riddle that sum to 1: "follows[...]" for both of its rules, and "neither"."""
    return [*(f"follows[{rule}]" for rule in catalogue.tasks[task].rules), "neither"]


def fingerprints(
    scores: pd.DataFrame, answers: Mapping[tuple[str, str], np.ndarray], catalogue: Catalogue
) -> list[Entry]:
    """The fingerprint figures of every learner on every riddle, at the largest training size.

    scores   the tidy table
    answers  (key of a cell, split) -> codes of its predictions (metrics/rules.py)

    For each learner, on the split where the rules disagree (side "ood"): the shares of `shares_of`, and "agreement" and
    "kappa" between its seeds, NaN and "n/a" if they are not defined. On the sides "train" and "id": its "accuracy".
    """
    found: list[Entry] = []
    named = riddles(catalogue)
    rows = scores.loc[scores["task"].isin(named)]
    parts = dict(iter(rows.groupby(["task", "learner"], sort=False)))
    for task in named:
        largest = anchors_of(catalogue, task)[-1]
        for learner, cells in catalogue.by_task[task].items():
            seeds = {cell.key: cell.seed for cell in cells if cell.size == largest}
            if seeds:
                own = parts.get((task, learner), rows.head(0))
                keys = sorted(seeds, key=lambda key, seeds=seeds: seeds[key])
                own = own.loc[own["key"].isin(keys)]
                found += _fingerprint(own, answers, catalogue, task, learner, keys)
    return found


def _fingerprint(
    own: pd.DataFrame,
    answers: Mapping[tuple[str, str], np.ndarray],
    catalogue: Catalogue,
    task: str,
    learner: str,
    keys: list[str],
) -> list[Entry]:
    """The entries of one learner on one riddle, from the rows of its cells."""
    odd = next(split.name for split in catalogue.tasks[task].splits if split.shift is not None)
    marks = {mark for status in own["status"].unique() for mark in status.split(",")} - {"ok"}
    empty = "diverged" if "diverged" in marks else "missing"
    if own.loc[own["value"].notna(), "key"].nunique() < len(keys):
        marks.add("incomplete")
    blank = Entry("task", task, learner, catalogue.learners[learner].kind, "", "", math.nan)
    blank = replace(blank, marks=",".join(sorted(marks)))

    found: list[Entry] = []
    places = [
        *((share, "ood", odd) for share in shares_of(catalogue, task)),
        *(("accuracy", s, s) for s in ("train", "id")),
    ]
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
    """The mean over seeds of a metric on a split, with its interval; seeds without a value are left out."""
    there = own.loc[own["split"] == split]
    values, errors = (
        there.loc[there["metric"] == name].set_index("key")["value"].reindex(keys).to_numpy(dtype=float)
        for name in (metric, f"{metric}_error")
    )
    return interval(values, errors)
