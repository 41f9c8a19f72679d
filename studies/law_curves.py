"""Curves of the study `scaling`: errors by seed over n or over trees, and the sizes to which a law is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .law_statistics import FEWEST, Fit, replicated_means

TREES = "forest, trees"
"""Name of the series over the number of trees."""


@dataclass(frozen=True)
class Curve:
    """Errors of a series over n or trees.

    sizes   (points,)
    errors  (seeds, points), of the seeds that have all sizes
    kept    (points,): the sizes to which a law is fitted
    chance  error of the best constant prediction; nan if there is none
    why     size -> why it is not fitted
    """

    name: str
    axis: str
    sizes: np.ndarray
    errors: np.ndarray
    kept: np.ndarray
    chance: float
    why: dict[int, str]

    @property
    def fittable(self) -> bool:
        """Whether there are sizes enough for a law."""
        return int(self.kept.sum()) >= FEWEST

    @property
    def fit(self) -> Fit:
        """The law through the sizes that are kept."""
        return Fit(self.name, self.sizes[self.kept], replicated_means(self.errors[:, self.kept]), len(self.errors))


def zipf_name(a: float, noise: float) -> str:
    """Name of a series of lookup."""
    return f"lookup, a = {a:g}" + (f", noise {noise:g}" if noise else "")


def zipf_keys(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """A and the share of noise of the series of lookup, without noise first."""
    own = rows.loc[rows["series"] == "lookup"]
    return sorted(set(zip(own["a"].astype(float), own["noise"].astype(float), strict=True)), key=lambda one: one[::-1])


def zipf_curve(rows: pd.DataFrame, a: float, noise: float) -> Curve:
    """The curve of lookup on one kind of Zipf data."""
    own = rows.loc[(rows["series"] == "lookup") & (rows["a"] == a) & (rows["noise"] == noise)]
    return curve_of(own, zipf_name(a, noise), "n")


def learner_curve(rows: pd.DataFrame, learner: str, trees: int) -> Curve:
    """The curve of a learner over n; trees: of a forest, else 0."""
    return curve_of(rows.loc[(rows["series"] == learner) & (rows["trees"] == trees)], learner, "n")


def trees_curve(rows: pd.DataFrame) -> Curve:
    """Over the number of trees, at the n with the most trees."""
    own = rows.loc[rows["series"] == "forest"]
    n = own.loc[own["trees"] == own["trees"].max(), "n"].max()
    own = own.loc[(own["n"] == n) & (np.log2(own["trees"].clip(lower=1)) % 1 == 0)]
    return curve_of(own, TREES, "trees")


def curve_of(own: pd.DataFrame, name: str, axis: str) -> Curve:
    """The curve of a series; sizes are left out where a seed was flagged or the mean is not below chance."""
    cells = own.pivot_table(index="seed", columns=axis, values="error").dropna()
    if len(cells) < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{name}: {len(cells)} seeds with all sizes; expected at least 2")
    errors, sizes = cells.to_numpy(float), cells.columns.to_numpy(int)
    chance = float(own["chance"].to_numpy(float).mean())
    flagged = set(own.loc[own["status"] != "ok", axis].astype(int))
    why = dict.fromkeys(flagged, "budget: the maximum of steps came first")
    means = dict(zip(sizes.tolist(), errors.mean(axis=0).tolist(), strict=True))
    above = [n for n, mean in means.items() if axis == "n" and mean >= chance]
    why |= {
        n: f"not below the best constant prediction ({chance:.3f})"
        for n in sizes.tolist()
        if n <= max(above, default=0)
    }
    kept = np.array([n not in why for n in sizes.tolist()])
    return Curve(name, axis, sizes, errors, kept, chance, why)
