"""What was planned and what came of it: the tidy table, brought together with the plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .curves import NORMAL, t_factor

AXES = ["task", "learner", "size", "exposed", "seed"]


@dataclass(frozen=True)
class PlannedCell:
    """A cell that was asked for.

    status  what the store says, or "missing"
    scores  {"id", "ood", "id_error", "ood_error": float}, NaN where there is none; ood is the headline split; the
            errors are standard errors over the test examples, the metric "score_error", where the store has it
    """

    size: int
    exposed: int
    seed: int
    status: str
    fit_seconds: float
    scores: dict[str, float]


def headline(plan: dict[str, Any], task: str) -> str | None:
    """Name the OOD split that rankings use, or None."""
    return next((split["name"] for split in plan["tasks"][task]["splits"] if split["headline"]), None)


def measure_of(plan: dict[str, Any], task: str) -> str:
    """Name the metric that stands for a task in tables and figures (Task.measure)."""
    return plan["tasks"][task]["measure"]


def less_is_better(measure: str) -> bool:
    """Whether a lower figure is the better one: then it has no level that counts as having the rule, and no area."""
    return measure == "bits"


def has_curve(plan: dict[str, Any], task: str) -> bool:
    """Whether answers to a task are better or worse; a riddle has no learning curve, but a fingerprint."""
    return measure_of(plan, task) != "rules"


def planned_cells(scores: pd.DataFrame, plan: dict[str, Any]) -> dict[tuple[str, str], list[PlannedCell]]:
    """Every planned cell of every (task, learner), measured or not, of the tasks that have a learning curve.

    Raises ValueError where two results of one cell contradict each other (other budgets or versions).
    """
    cells = pd.DataFrame(plan["cells"], columns=["key", *AXES]).drop_duplicates("key")
    _refuse_contradictions(cells)
    cells = cells.loc[[has_curve(plan, task) for task in cells["task"]]]
    rows = scored_rows(scores, plan)
    rows = rows.loc[rows["key"].isin(cells["key"])]
    shift = rows["task"].map(lambda task: headline(plan, task))
    side = np.where(rows["split"] == "id", "id", np.where(rows["split"] == shift, "ood", "")).astype(object)
    column = side + np.where(rows["metric"].str.endswith("_error"), "_error", "").astype(object)
    wide = rows.assign(column=column).loc[side != ""].pivot(index="key", columns="column", values="value")
    wide = wide.reindex(columns=["id", "ood", "id_error", "ood_error"]).astype(float)
    once = scores.drop_duplicates("key").set_index("key")[["fit_seconds", "status"]]
    found: dict[tuple[str, str], list[PlannedCell]] = {}
    for row in cells.join(wide, on="key").join(once, on="key").to_dict("records"):
        values = {name: float(row[name]) for name in wide.columns}
        status = row["status"] if isinstance(row["status"], str) else "missing"
        cell = PlannedCell(row["size"], row["exposed"], row["seed"], status, float(row["fit_seconds"]), values)
        found.setdefault((row["task"], row["learner"]), []).append(cell)
    return found


def scored_rows(scores: pd.DataFrame, plan: dict[str, Any]) -> pd.DataFrame:
    """Pick the rows of the tidy table that hold what each task is ranked by, and its standard error."""
    wanted = scores["task"].map(lambda task: measure_of(plan, task))
    return scores.loc[(scores["metric"] == wanted) | (scores["metric"] == wanted + "_error")]


def curve_points(scores: pd.DataFrame, plan: dict[str, Any]) -> pd.DataFrame:
    """Mean score of every (task, learner, size, exposed, split) with its interval: what figures draw.

    Columns: those five, mean, half_width (NaN where there is none), seeds.
    """
    axes = ["task", "learner", "size", "exposed", "split"]
    rows = scored_rows(scores, plan)
    rows = rows.loc[rows["value"].notna()]
    is_error = rows["metric"].str.endswith("_error")
    errors = rows.loc[is_error].groupby(axes)["value"].mean().rename("error").reset_index()
    rows = rows.loc[~is_error]
    points = rows.groupby(axes, sort=True)["value"].agg(mean="mean", spread="std", seeds="count").reset_index()
    seeds = points["seeds"].to_numpy()
    over_seeds = t_factor(np.maximum(seeds, 2)) * points["spread"].to_numpy() / np.sqrt(seeds)
    within = NORMAL * points.merge(errors, on=axes, how="left")["error"].to_numpy(dtype=float)
    return points.drop(columns="spread").assign(half_width=np.where(seeds > 1, over_seeds, within))


def _refuse_contradictions(cells: pd.DataFrame) -> None:
    """Two keys for the same axes were made with different settings: their mean would be of neither."""
    twice = cells.loc[cells.duplicated(AXES)]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(
            f"two different results for {first['learner']} on {first['task']}, n = {first['size']}, "
            f"seed {first['seed']}: they come from other budgets, parameters or versions; "
            "report on the folders one at a time"
        )
