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
    """The entries of every learner on every riddle, at the largest training size.

    scores   the tidy table
    answers  (key of a cell, split) -> codes of its predictions (metrics/rules.py)

    For each learner, on the split where the rules disagree ("ood"): the shares of `shares_of`, and "agreement" and
    "kappa" between its seeds, NaN and "n/a" if they are not defined. On "train" and "id": its "accuracy". If
    the targets are real: its "score" instead, and on "ood" its "interpolation" (metrics/rules.py).
    """
    entries: list[Entry] = []
    tasks = riddles(catalogue)
    rows = scores.loc[scores["task"].isin(tasks)]
    by_pair = dict(iter(rows.groupby(["task", "learner"], sort=False)))
    for task in tasks:
        largest = anchors_of(catalogue, task)[-1]
        real = ((rows["task"] == task) & (rows["split"] == "id") & (rows["metric"] == "score")).any()
        for learner, cells in catalogue.by_task[task].items():
            seeds = {cell.key: cell.seed for cell in cells if cell.size == largest}
            if seeds:
                keys = sorted(seeds, key=lambda key, seeds=seeds: seeds[key])
                pair_rows = by_pair.get((task, learner), rows.head(0))
                pair_rows = pair_rows.loc[pair_rows["key"].isin(keys)]
                fit_metric = "score" if real else "accuracy"
                entries += _fingerprint(pair_rows, answers, catalogue, task, learner, keys, fit_metric)
    return entries


def _fingerprint(
    rows: pd.DataFrame,
    answers: Mapping[tuple[str, str], np.ndarray],
    catalogue: Catalogue,
    task: str,
    learner: str,
    keys: list[str],
    fit_metric: str,
) -> list[Entry]:
    """The entries of one learner on one riddle, from the rows of its cells."""
    shift = next(split.name for split in catalogue.tasks[task].splits if split.shift is not None)
    flags = {flag for status in rows["status"].unique() for flag in status.split(",")} - {"ok"}
    no_value = "diverged" if "diverged" in flags else "missing"
    if rows.loc[rows["value"].notna(), "key"].nunique() < len(keys):
        flags.add("incomplete")
    template = Entry("task", task, learner, catalogue.learners[learner].kind, "", "", math.nan)
    statuses = rows.drop_duplicates("key")["status"]
    flagged = sum(status != "ok" for status in statuses)
    template = replace(template, flags=",".join(sorted(flags)), cells=len(statuses), flagged=flagged)

    entries: list[Entry] = []
    columns = [
        *((share, "ood", shift) for share in shares_of(catalogue, task)),
        *([("interpolation", "ood", shift)] if fit_metric == "score" else []),
        *((fit_metric, name, name) for name in ("train", "id")),
    ]
    for metric, split, stored_split in columns:
        mean = _mean_over_seeds(rows, keys, stored_split, metric)
        entry = replace(template, metric=metric, split=split, value=mean.mean, half_width=mean.half_width)
        entry = replace(entry, interval=mean.kind, seeds=mean.seeds)
        entries.append(entry if mean.seeds else replace(entry, flags=no_value))

    codes = [answers[key, shift] for key in keys if (key, shift) in answers]
    between_seeds = agreement(np.array(codes))
    for metric, value in (("agreement", between_seeds.equal), ("kappa", between_seeds.kappa)):
        entry = replace(template, metric=metric, split="ood", value=value, seeds=len(codes))
        entries.append(replace(entry, flags="n/a" if codes else no_value) if math.isnan(value) else entry)
    return entries


def _mean_over_seeds(rows: pd.DataFrame, keys: list[str], split: str, metric: str) -> Interval:
    """The mean over seeds of a metric on a split, with its interval; seeds without a value are left out."""
    rows = rows.loc[rows["split"] == split]
    values, errors = (
        rows.loc[rows["metric"] == name].set_index("key")["value"].reindex(keys).to_numpy(dtype=float)
        for name in (metric, f"{metric}_error")
    )
    return interval(values, errors)
