"""Figure of the OOD score of every learner against its ID score, a panel for each family of tasks."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.outcomes import outcomes
from ..runs.results import Results
from .highlights import Highlights, handles_of
from .panel_grid import GridText, PanelGrid
from .provenance import short_line
from .style import OTHERS, LineStyle, styles_of, theme

LOW, HIGH = -0.5, 1.08
"""Ends of both axes; lower scores are drawn at the lower end."""

DIAGONAL = {"color": "0.5", "linewidth": 0.7, "linestyle": (0, (2, 2))}


@mpl.rc_context(theme())
def id_ood_figure(results: Results, shown: Highlights, width: float) -> Figure | None:
    """A point for each learner and task, at the largest n; None without a ranked task that has a shift."""
    scores = id_and_ood(results)
    if scores.empty:
        return None
    families = list(dict.fromkeys(scores["family"]))
    present = {family: set(scores.loc[scores["family"] == family, "learner"]) for family in families}
    coloured, styles = shown.of_panels(present), styles_of(results)
    named = shown.named(coloured)
    grey = any(present[family] - set(coloured[family]) for family in families)
    lower = bool((scores[["id", "ood"]].to_numpy() < LOW).any())
    notes = (
        "A point for each task: mean over seeds at the largest n. Dotted: OOD as ID. "
        "0 is the best constant prediction, 1 the best possible." + f" Triangles: below {LOW:g}." * lower,
        f"{shown.note(named, len(set(scores['learner']) - set(named)))}." if grey else "",
        f"{short_line(results)}.",
    )
    handles = [*handles_of(named, styles, int(grey), width, points=True), Line2D([], [], label="OOD = ID", **DIAGONAL)]
    text = GridText("OOD score against ID score", "ID score", "OOD score", notes)
    grid = PanelGrid([("", family) for family in families], text, handles, width, aspect=1.0)
    for axes, family in zip(grid.axes, families, strict=True):
        _panel(axes, scores.loc[scores["family"] == family], coloured[family], styles)
    return grid.figure


def id_and_ood(results: Results) -> pd.DataFrame:
    """Columns family, task, learner, id, ood: means over seeds at the largest n, of learners on tasks with a shift."""
    index = ["family", "task", "learner"]
    parts = []
    for split in ("id", "ood"):
        found = outcomes(results.scores, results.catalogue, split=split)
        found = found.loc[found["kind"] == "learner"]
        parts.append(found.groupby(index, sort=False)["value"].mean().astype(float).rename(split))
    return pd.concat(parts, axis=1, join="inner").reset_index()


def _panel(axes: Axes, scores: pd.DataFrame, coloured: list[str], styles: dict[str, LineStyle]) -> None:
    axes.set(xlim=(LOW, HIGH), ylim=(LOW, HIGH), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.plot([LOW, 1], [LOW, 1], zorder=1, **DIAGONAL)
    grey = [name for name in dict.fromkeys(scores["learner"]) if name not in coloured]
    for name in [*grey, *reversed(coloured)]:
        own = scores.loc[scores["learner"] == name, ["id", "ood"]].to_numpy(float)
        shown = np.clip(own, LOW, HIGH)
        look = styles[name].keywords() if name in coloured else {"color": OTHERS["color"], "marker": "."}
        size = {"markersize": 4.2} if name in coloured else {"markersize": 3}
        below = (own < LOW).any(axis=1)
        common = {**look, "linestyle": "", "clip_on": False, "zorder": 3 if name in coloured else 2, **size}
        for part, mark in ((shown[~below], {}), (shown[below], {"marker": "v"})):
            if len(part):
                axes.plot(*part.T, **{**common, **mark})
