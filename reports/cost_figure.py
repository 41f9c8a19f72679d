"""Figure of the OOD score against the time of a fit, a panel for each family, with the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from ..analysis.learning_curve import learning_curves
from ..analysis.measures import MEASURES, measured
from ..runs.results import Results
from .highlights import LIMIT, Highlights, handles_of
from .panel_grid import GridText, PanelGrid
from .provenance import short_line
from .scale import scale_of
from .style import INK, OTHERS, LineStyle, power_of_ten, styles_of, theme

FRONT = {"color": INK, "linewidth": 0.7, "linestyle": (0, (1, 1))}
RING = {"marker": "o", "markersize": 7, "markerfacecolor": "none", "markeredgecolor": INK, "markeredgewidth": 0.7}
"""Around the learners of the Pareto front."""

LEVEL = 0.9  # `measured` needs one; neither of the two measures here refers to it


@mpl.rc_context(theme())
def cost_figure(results: Results, shown: Highlights, width: float) -> Figure | None:
    """A point for each learner that has all tasks of the family; None if no learner has both a time and an OOD score.

    Those of the Pareto front are the first to be in colour, unless learners were chosen.
    """
    costs = cost_and_score(results)
    if costs.empty:
        return None
    families = list(dict.fromkeys(costs["family"]))
    parts = {family: costs.loc[costs["family"] == family].set_index("learner") for family in families}
    front = {family: pareto(part["seconds"].to_numpy(), part["ood"].to_numpy()) for family, part in parts.items()}
    first = shown.of_panels({family: part.index.tolist() for family, part in parts.items()})
    coloured = {
        family: names if shown.chosen else _front_first(shown.order, part.index[front[family]].tolist(), names)
        for (family, part), names in zip(parts.items(), first.values(), strict=True)
    }
    styles = styles_of(results)
    named = shown.named(coloured)
    others = any(len(parts[family]) > len(coloured[family]) for family in families)
    rule = "" if shown.chosen else "; at most six of a panel are in colour, those of the front first"
    notes = (
        (
            "Times of a fit at the largest n: geometric mean over seeds and tasks, of the learners that have all tasks "
            f"of the family. Rings: the Pareto front, none faster has a higher score{rule}. 0 is the best constant "
            "prediction, 1 the best possible."
        ),
        "Times are of several machines." if len(set(results.machines.values())) > 1 else "",
        f"{short_line(results)}.",
    )
    handles = handles_of(named, styles, int(others), width, points=True)
    handles.append(Line2D([], [], label="Pareto front", **{**FRONT, **RING}))
    scale = scale_of("score", costs["ood"].to_numpy(float))
    low, high = np.quantile(costs["seconds"].to_numpy(float), (0, 1))
    text = GridText("OOD score against the time of a fit", "seconds per fit", "OOD score", notes)
    grid = PanelGrid([("", family) for family in families], text, handles, width, aspect=0.9)
    for axes, family in zip(grid.axes, families, strict=True):
        axes.set(xscale="log", xlim=(low / 2, high * 2), ylim=(scale.low, scale.top), yticks=scale.ticks)
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
        axes.xaxis.set_major_formatter(power_of_ten)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.axhline(0, color="0.5", linewidth=0.6, zorder=1)
        _panel(axes, parts[family], front[family], coloured[family], styles, scale.low)
    return grid.figure


def cost_and_score(results: Results) -> pd.DataFrame:
    """Columns family, learner, seconds, ood: means over the tasks of a family of the learners that have all of them."""
    curves = learning_curves(results.scores, results.catalogue)
    shifted = [task for task, info in results.catalogue.tasks.items() if info.headline is not None]
    columns = []
    for name in ("seconds", "ood"):
        found = measured(curves, results.catalogue, name, level=LEVEL)
        found = found.loc[(found["kind"] == "learner") & found["task"].isin(shifted)]
        found = found.assign(value=MEASURES[name].utility(found["value"].to_numpy(float)))
        means = found.groupby(["family", "task", "learner"], sort=False)["value"].mean().reset_index()
        whole = means.groupby("family")["task"].nunique()
        of_family = means.groupby(["family", "learner"], sort=False)["value"].agg(["mean", "count"]).reset_index()
        of_family = of_family.loc[of_family["count"] == of_family["family"].map(whole)]
        values = MEASURES[name].value(of_family["mean"].to_numpy(float))
        columns.append(of_family.assign(**{name: values}).set_index(["family", "learner"])[name])
    return pd.concat(columns, axis=1, join="inner").reset_index()


def pareto(costs: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Mask of the Pareto front, (points,): no other point has at most the cost and at least the score, and is better.

    costs, scores  (points,)
    """
    no_worse = (costs[:, None] <= costs) & (scores[:, None] >= scores)  # (other, point)
    better = (costs[:, None] < costs) | (scores[:, None] > scores)
    return np.logical_not((no_worse & better).any(axis=0))


def _front_first(order: Sequence[str], front: list[str], names: list[str]) -> list[str]:
    """Those in colour in a panel: learners of the front, and then `names`."""
    return list(dict.fromkeys([*(name for name in order if name in front), *names]))[:LIMIT]


def _panel(
    axes: Axes, part: pd.DataFrame, front: np.ndarray, coloured: list[str], styles: dict[str, LineStyle], low: float
) -> None:
    heights = part["ood"].clip(lower=low)
    best = part.loc[front].sort_values("seconds")
    axes.step(best["seconds"], heights[best.index], where="post", zorder=1.5, **FRONT)
    axes.plot(best["seconds"], heights[best.index], linestyle="", zorder=2, clip_on=False, **RING)
    for name in [*(name for name in part.index if name not in coloured), *reversed(coloured)]:
        look = styles[name].keywords() if name in coloured else {"color": OTHERS["color"], "marker": "."}
        size = {"markersize": 4.2, "zorder": 4} if name in coloured else {"markersize": 3.5, "zorder": 2.5}
        axes.plot(part.loc[name, "seconds"], heights[name], **{**look, **size, "linestyle": "", "clip_on": False})
