"""Figure of the OOD learning curves of all ranked tasks, a panel each, family by family."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.points import curve_points
from ..runs.results import Results
from .curve_panel import draw_curves, set_exposed_axis, set_size_axis
from .highlights import Highlights, handles_of
from .panel_grid import GridText, PanelGrid, pages
from .provenance import short_line
from .scale import scale_of
from .style import BEST_HEURISTIC, styles_of, theme


def families_figure(results: Results, shown: Highlights, width: float) -> list[Figure]:
    """Score on the headline shift (or ID, where there is none) against n; [] without a ranked task."""
    points = curve_points(results.scores, results.catalogue)
    headline = {name: info.headline or "id" for name, info in results.catalogue.tasks.items()}
    points = points.loc[(points["exposed"] == 0) & (points["split"] == points["task"].map(headline.get))]
    text = "OOD learning curves"
    return grid_of_curves(results, points, "size", shown, width, GridText(text, "training examples n", "OOD score"))


@mpl.rc_context(theme())
def grid_of_curves(
    results: Results, points: pd.DataFrame, x: str, shown: Highlights, width: float, text: GridText
) -> list[Figure]:
    """Pages of panels with the curves of every ranked task in `points`, of one split a task; [] if there is none.

    x  "size" or "exposed": the horizontal axis
    """
    tasks = by_family(results, points["task"].tolist())
    kinds = {name: info.kind for name, info in results.catalogue.learners.items()}
    points = points.loc[points["task"].isin(tasks)]
    learners = {name for name in points["learner"] if kinds[name] == "learner"}
    if not learners:
        return []
    present = {task: learners & set(points.loc[points["task"] == task, "learner"]) for task in tasks}
    coloured, styles = shown.of_panels(present), styles_of(results)
    named = shown.named(coloured)
    grey = any(present[task] - set(coloured[task]) for task in tasks)
    scale = scale_of("score", points.loc[points["learner"].isin(list(learners)), "mean"].to_numpy(float))
    notes = (
        (
            "Bands: 95 % intervals, t over seeds (over the test examples if there is one seed). Dashed: the best "
            "declared heuristic. 0 is the best constant prediction, 1 the best possible."
        ),
        f"{shown.note(named, len(learners - set(named)))}." if grey else "",
        f"{short_line(results)}.",
    )
    handles = [
        *handles_of(named, styles, int(grey), width),
        Line2D([], [], label="best heuristic", **BEST_HEURISTIC),
    ]
    grids = []
    parts = pages(len(tasks), width)
    for number, part in enumerate(parts, 1):
        title = f"{text.title} ({number} of {len(parts)})" if len(parts) > 1 else text.title
        titles = [(results.catalogue.tasks[task].family, task) for task in tasks[part]]
        grid = PanelGrid(titles, GridText(title, text.x, text.y, notes), handles, width)
        for axes, task in zip(grid.axes, tasks[part], strict=True):
            own = points.loc[points["task"] == task]
            axes.set_ylim(scale.low, scale.top)
            axes.set_yticks(scale.ticks)
            axes.axhline(0, color="0.5", linewidth=0.6, zorder=1)
            anchors = np.unique(own.loc[own["learner"].isin(list(learners)), x].to_numpy())
            set_axis = set_size_axis if x == "size" else set_exposed_axis
            set_axis(axes, anchors, grid.panel_width)
            others = sorted(present[task] - set(coloured[task]))
            draw_curves(axes, own, x, coloured[task], styles, grid.panel_width, others)
            levels = own.loc[[kinds[name] == "heuristic" for name in own["learner"]]].groupby("learner")["mean"].mean()
            if len(levels):
                axes.axhline(min(max(float(levels.max()), scale.low), scale.top), zorder=2, **BEST_HEURISTIC)
        grids.append(grid.figure)
    return grids


def by_family(results: Results, tasks: list[str]) -> list[str]:
    """The ranked ones of these tasks, those of a family next to each other."""
    ranked = [name for name, info in results.catalogue.tasks.items() if info.ranked and name in set(tasks)]
    families = list(dict.fromkeys(results.catalogue.tasks[name].family for name in ranked))
    return sorted(ranked, key=lambda name: families.index(results.catalogue.tasks[name].family))
