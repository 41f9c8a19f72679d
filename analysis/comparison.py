"""Comparison of two results of the same cells: which scores moved, by paired tests, and how the fit times changed.

The unit of a test is a curve: a task, a learner, a split and a metric. Its value for a seed is the mean over the cells
of the seed (training sizes and exposed examples) that both sides have, so that a change that concerns a learner is one
test and not one for each size. Curves that are equal in every cell are not tested, and not part of the correction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from ..runs.catalogue import TaskInfo
from .paired import SIGNIFICANCE, Difference, holm, paired
from .pairing import SIDES, Changes, Pairing, Side, pair_cells

Verdict = Literal["equal", "gain", "loss", "moved", "not significant", "one seed", "no values"]
"""moved: significant, of a metric of which neither direction is better; equal: in every cell, bit for bit."""

TRAINING = ("train", "train-exposed")
"""Splits that are not compared: they hold training examples."""


@dataclass(frozen=True)
class Point:
    """The mean over seeds of both sides at one training size."""

    size: int
    exposed: int
    old: float
    new: float
    cells: int


@dataclass(frozen=True)
class Curve:
    """One metric of a learner on a split of a task, on both sides.

    old, new    mean over seeds of the mean over the cells of a seed that both sides have a value for
    difference  new - old, paired over seeds
    corrected   p value after Holm's correction for all curves that are not equal; NaN where there is none
    points      the training sizes, increasing
    """

    task: str
    learner: str
    split: str
    metric: str
    old: float
    new: float
    difference: Difference
    corrected: float
    verdict: Verdict
    points: tuple[Point, ...]


@dataclass(frozen=True)
class FitTime:
    """Fit times of the cells of a task and a learner that were fitted on one machine on both sides.

    ratio     new / old, geometric mean over the cells
    old, new  seconds, summed over the cells
    """

    task: str
    learner: str
    ratio: float
    old: float
    new: float
    cells: int


@dataclass(frozen=True)
class Comparison:
    """Two results, compared.

    curves       in the order of the old catalogue
    times        of what was fitted on one machine
    untimed      fitted cells that are paired, but whose machines differ or are not known: description -> cells
    lost         (task, learner, what became of them) -> cells with a score in the old results and none in the new
    statuses     (task, learner, old status, new status) -> cells of which the flag changed
    """

    pairing: Pairing
    curves: tuple[Curve, ...]
    times: tuple[FitTime, ...]
    untimed: dict[str, int]
    lost: dict[tuple[str, str, str], int]
    statuses: dict[tuple[str, str, str, str], int]

    @property
    def losses(self) -> tuple[Curve, ...]:
        """The curves that are significantly worse."""
        return tuple(curve for curve in self.curves if curve.verdict == "loss")

    @property
    def is_regression(self) -> bool:
        """Whether a score is significantly worse, or a cell has lost its score."""
        return bool(self.losses or self.lost)


def compare(old: Side, new: Side, changes: Changes) -> Comparison:
    """Compare two results.

    changes  describes the differences between two settings: `runs.why.changes`

    Raises ValueError if one side contradicts itself (`pair_cells`).
    """
    pairing = pair_cells(old, new, changes)
    values = _paired_values(old, new, pairing)
    found = [_curve(rows) for rows in _groups(values, old)]
    p_values = np.array([curve.difference.p if curve.verdict == "moved" else np.nan for curve in found])
    tested = ~np.isnan(p_values)
    p_values[tested] = holm(p_values[tested])
    judged = tuple(_judge(curve, p, old) for curve, p in zip(found, p_values, strict=True))
    cells = _paired_fits(old, new, pairing)
    lost = Counter[tuple[str, str, str]]()
    for one in pairing.one_sided:
        if one.side == "old" and one.reason == "failed":
            lost[one.task, one.learner, "failed"] += one.cells
    moved = cells.loc[cells["status_old"] != cells["status_new"]]
    statuses = Counter(zip(moved["task"], moved["learner"], moved["status_old"], moved["status_new"], strict=True))
    for (task, learner, _, after), count in statuses.items():
        if after == "diverged":
            lost[task, learner, after] += count
    times, untimed = _times(cells, old, new)
    return Comparison(pairing, judged, tuple(times), untimed, dict(lost), dict(statuses))


def _metrics(task: TaskInfo) -> tuple[str, ...]:
    """The metrics that are compared: that of the task, or the shares of both rules of a riddle."""
    return (task.metric,) if task.has_curve else tuple(f"follows[{rule}]" for rule in task.rules)


def _paired_values(old: Side, new: Side, pairing: Pairing) -> pd.DataFrame:
    """One row per pair of cells, split and metric: values and standard errors of both sides."""
    metrics = {name: _metrics(task) for name, task in old.catalogue.tasks.items()}
    wanted = {metric for own in metrics.values() for metric in own}
    joined = pairing.cells
    for side, name in zip((old, new), SIDES, strict=True):
        scores = side.scores
        rows = scores.loc[scores["key"].isin(joined[f"key_{name}"]) & ~scores["split"].isin(TRAINING)]
        error = rows.loc[rows["metric"].str.endswith("_error"), ["key", "split", "metric", "value"]]
        error = error.assign(metric=error["metric"].str.removesuffix("_error")).rename(columns={"value": "error"})
        rows = rows.loc[rows["metric"].isin(wanted), ["key", "split", "metric", "value"]]
        rows = rows.merge(error, on=["key", "split", "metric"], how="left")
        named = rows.rename(columns={column: f"{column}_{name}" for column in ("key", "value", "error")})
        joined = joined.merge(named, on=[f"key_{name}"] if name == "old" else ["key_new", "split", "metric"])
    own = [metric in metrics[task] for task, metric in zip(joined["task"], joined["metric"], strict=True)]
    return joined.loc[own].astype({f"{what}_{name}": float for what in ("value", "error") for name in SIDES})


def _groups(values: pd.DataFrame, old: Side) -> Iterator[pd.DataFrame]:
    """The rows of each curve, in the order of the catalogue."""
    order = {name: index for index, name in enumerate(old.catalogue.tasks)}
    ranks = {name: index for index, name in enumerate(old.catalogue.learners)}
    ordered = values.assign(
        order=[(order[task], ranks[name]) for task, name in zip(values["task"], values["learner"], strict=True)]
    )
    groups = ordered.groupby(["order", "split", "metric"])
    for _, rows in groups:
        yield rows


def _curve(rows: pd.DataFrame) -> Curve:
    """A curve, without correction."""
    first = rows.iloc[0]
    one_side = rows["value_old"].isna() | rows["value_new"].isna()
    equal = bool(
        (rows["value_old"].eq(rows["value_new"]) | (rows["value_old"].isna() & rows["value_new"].isna())).all()
    )
    valid = rows.loc[~one_side]
    columns = [f"{what}_{name}" for what in ("value", "error") for name in SIDES]
    seeds = valid.groupby(["suite_seed", "seed"])[columns].mean()  # the cells of a seed share their tests and errors
    difference = paired(*(seeds[f"{what}_{name}"].to_numpy() for what in ("value", "error") for name in SIDES[::-1]))
    points = tuple(
        Point(int(size), int(exposed), float(at["value_old"].mean()), float(at["value_new"].mean()), len(at))
        for (size, exposed), at in valid.groupby(["size", "exposed"])
    )
    verdict: Verdict = (
        "equal" if equal else "no values" if not len(seeds) else "one seed" if len(seeds) == 1 else "moved"
    )
    return Curve(
        str(first["task"]),
        str(first["learner"]),
        str(first["split"]),
        str(first["metric"]),
        float(seeds["value_old"].mean()) if len(seeds) else np.nan,
        float(seeds["value_new"].mean()) if len(seeds) else np.nan,
        difference,
        np.nan,
        verdict,
        points,
    )


def _judge(curve: Curve, corrected: float, old: Side) -> Curve:
    """The curve with its corrected p value and the verdict that follows."""
    if curve.verdict != "moved":
        return curve
    task = old.catalogue.tasks[curve.task]
    verdict: Verdict = "not significant"
    if corrected < SIGNIFICANCE:
        better = (curve.difference.mean > 0) == task.greater_is_better
        verdict = "moved" if not task.has_curve else "gain" if better else "loss"
    return replace(curve, corrected=float(corrected), verdict=verdict)


def _paired_fits(old: Side, new: Side, pairing: Pairing) -> pd.DataFrame:
    """The paired cells with status and fit time of both sides."""
    cells = pairing.cells
    for side, name in zip((old, new), SIDES, strict=True):
        fits = side.scores.drop_duplicates("key").set_index("key")[["status", "fit_seconds"]].add_suffix(f"_{name}")
        cells = cells.join(fits, on=f"key_{name}")
    return cells


def _times(cells: pd.DataFrame, old: Side, new: Side) -> tuple[list[FitTime], dict[str, int]]:
    """Ratios of fit times, and the cells whose times cannot be compared."""
    fitted = cells.loc[(cells["fit_seconds_old"] > 0) & (cells["fit_seconds_new"] > 0)]
    machine = {name: fitted[f"key_{name}"].map(side.machines) for side, name in zip((old, new), SIDES, strict=True)}
    comparable = machine["old"].notna() & (machine["old"] == machine["new"])
    times = [
        FitTime(
            str(task),
            str(learner),
            float(np.exp(np.log(group["fit_seconds_new"] / group["fit_seconds_old"]).mean())),
            float(group["fit_seconds_old"].sum()),
            float(group["fit_seconds_new"].sum()),
            len(group),
        )
        for (task, learner), group in fitted.loc[comparable].groupby(["task", "learner"], sort=False)
    ]
    shown = (one.loc[~comparable].fillna("unknown") for one in machine.values())
    return times, dict(Counter(f"{before} -> {after}" for before, after in zip(*shown, strict=True)))
