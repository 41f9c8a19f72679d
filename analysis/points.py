"""Points of learning curves with their intervals, for figures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..runs.catalogue import Catalogue
from .intervals import NORMAL, t_factor
from .planned import scored_rows


def curve_points(scores: pd.DataFrame, catalogue: Catalogue) -> pd.DataFrame:
    """Mean score of every (task, learner, size, exposed, split) with its 95 % interval.

    Columns: those five, mean, half_width (NaN if there is none), seeds.
    """
    axes = ["task", "learner", "size", "exposed", "split"]
    rows = scored_rows(scores, catalogue)
    rows = rows.loc[rows["value"].notna()]
    is_error = rows["metric"].str.endswith("_error")
    squared = rows.loc[is_error].assign(squared=np.square(rows.loc[is_error, "value"].to_numpy(dtype=float)))
    errors = np.sqrt(squared.groupby(axes)["squared"].mean()).rename("error").reset_index()
    rows = rows.loc[~is_error]
    points = rows.groupby(axes, sort=True)["value"].agg(mean="mean", spread="std", seeds="count").reset_index()
    seeds = points["seeds"].to_numpy()
    within = points.merge(errors, on=axes, how="left")["error"].to_numpy(dtype=float)  # root mean square over seeds
    # The floor of intervals.error_of_mean; but training examples are all there are, and no sample of more of them.
    floor = np.where(points["split"].isin(["train", "train-exposed"]), np.nan, within)
    spread = np.fmax(points["spread"].to_numpy(dtype=float), floor)
    over_seeds = t_factor(np.maximum(seeds, 2)) * spread / np.sqrt(seeds)
    return points.drop(columns="spread").assign(half_width=np.where(seeds > 1, over_seeds, NORMAL * within))
