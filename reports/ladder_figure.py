"""Heuristic ladder: the OOD score of every learner among those of the heuristics of the task, from guess to rule."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.outcomes import outcomes
from ..runs.results import Results
from .families_figure import by_family
from .highlights import Highlights, handles_of
from .labels import fitted_legend
from .panel_grid import broken
from .provenance import short_line
from .style import GREY, OTHERS, WIDTHS, LineStyle, styles_of, theme

# Lengths in inches.
RIGHT, TITLE, BELOW, ROW, NOTE, MARGIN, LEGEND_GAP = 0.12, 0.24, 0.34, 0.25, 0.095, 0.06, 0.06

LOW, HIGH = -0.25, 1.05
"""Ends of the axis; lower scores are triangles at its lower end."""

DODGE = 0.085
"""Vertical distance between learners in colour, in rows."""

SMALL_FONT = 5.5
"""Font size of heuristics' names and of the notes, in points."""

RUNG: dict[str, Any] = {"color": "0.45", "marker": "|", "markersize": 8, "markeredgewidth": 1.1, "linestyle": ""}
"""Style of a heuristic."""


@mpl.rc_context(theme())
def ladder_figure(results: Results, shown: Highlights, width: float) -> Figure | None:
    """A row for each ranked task with a shift and heuristics, at the largest n; None if there is none."""
    found = outcomes(results.scores, results.catalogue)
    found = found.groupby(["task", "learner", "kind"], sort=False)["value"].agg(value="mean").reset_index()
    tasks = by_family(results, found.loc[found["kind"] == "heuristic", "task"].tolist())
    found = found.loc[found["task"].isin(tasks)]
    learners = set(found.loc[found["kind"] == "learner", "learner"])
    if not learners:
        return None
    return _draw(results, found, tasks, shown, width)


def _draw(results: Results, found: pd.DataFrame, tasks: list[str], shown: Highlights, width: float) -> Figure:
    learns = found.loc[found["kind"] == "learner"]
    present = {task: set(learns.loc[learns["task"] == task, "learner"]) for task in tasks}
    coloured, styles = shown.of_panels(present), styles_of(results)
    named = shown.named(coloured)
    grey = any(present[task] - set(coloured[task]) for task in tasks)
    texts = (
        "Heuristics are named above their bars where there is room; learners are offset vertically for legibility. "
        "0 is the best constant prediction, 1 the rule."
        + f" Triangles: below {LOW:g}."
        * bool((found["value"] < LOW).any()),
        f"{shown.note(named, learns['learner'].nunique() - len(named))}." if grey else "",
        f"{short_line(results)}.",
    )
    notes = [line for text in texts for line in wrap(text, int(20 * width))]
    wide = width >= WIDTHS["text"]
    left = 1.75 if wide else 1.1
    figure = Figure(figsize=(width, 1))
    handles = handles_of(named, styles, int(grey), width, points=True)
    handles.append(Line2D([], [], label="heuristic", **RUNG))
    legend, high = fitted_legend(figure, handles, width - 2 * MARGIN)
    tall = ROW * (len(tasks) + 0.4)
    height = TITLE + tall + BELOW + LEGEND_GAP + high + NOTE * len(notes) + 2 * MARGIN
    figure.set_size_inches(width, height)
    title = "OOD scores among those of the heuristics" + ", from guess to rule" * wide
    figure.text(MARGIN / width, (height - TITLE + 0.05) / height, title, va="bottom", size=8.5, fontweight="bold")
    bottom = height - TITLE - tall
    axes = figure.add_axes((left / width, bottom / height, (width - left - RIGHT) / width, tall / height))
    axes.set(xlim=(LOW - 0.02, HIGH), ylim=(len(tasks) - 0.5, -0.9))
    axes.set_yticks(range(len(tasks)), ["\n".join(broken(task, 30 if wide else 18)) for task in tasks])
    axes.tick_params(axis="y", left=False, labelsize=6)
    axes.set_xticks((0, 0.25, 0.5, 0.75, 1), ("0", "0.25", "0.5", "0.75", "1"))
    axes.set_xlabel("OOD score at the largest n (0: guess, 1: rule)", fontsize=7)
    axes.grid(visible=False)
    for end in (0, 1):
        axes.axvline(end, color="0.6", linewidth=0.6, zorder=1)
    for place, task in enumerate(tasks):
        axes.axhline(place, color="0.92", linewidth=0.5, zorder=0.8)
        _row(axes, found.loc[found["task"] == task], place, coloured[task], styles)
    _name_heuristics(axes, found, tasks, width - left - RIGHT)
    at = bottom - BELOW - LEGEND_GAP
    legend.set_bbox_to_anchor((MARGIN, at), transform=figure.dpi_scale_trans)
    at -= high + MARGIN
    for note in notes:
        at -= NOTE
        figure.text(MARGIN / width, at / height, note, va="bottom", size=SMALL_FONT, color=GREY)
    return figure


def _row(axes: Axes, found: pd.DataFrame, place: int, coloured: list[str], styles: dict[str, LineStyle]) -> None:
    """The heuristics as bars and the learners as markers, the ones in colour above the grey ones."""
    values = dict(zip(found["learner"], found["value"].to_numpy(float), strict=True))
    kinds = dict(zip(found["learner"], found["kind"], strict=True))
    rungs = [max(values[name], LOW) for name, kind in kinds.items() if kind == "heuristic"]
    axes.plot(rungs, [place] * len(rungs), zorder=2, **RUNG)
    grey = [name for name, kind in kinds.items() if kind == "learner" and name not in coloured]
    present = [name for name in coloured if name in values]
    for name in [*grey, *reversed(present)]:
        look = styles[name].keywords() if name in present else {"color": OTHERS["color"], "marker": "o"}
        mark = {"marker": "v"} if values[name] < LOW else {}
        size = {"markersize": 4.4, "zorder": 4} if name in present else {"markersize": 2.6, "zorder": 1.5}
        height = place + DODGE * (present.index(name) - (len(present) - 1) / 2) if name in present else place
        axes.plot(max(values[name], LOW), height, **{**look, **mark, **size, "linestyle": "", "clip_on": False})


def _name_heuristics(axes: Axes, found: pd.DataFrame, tasks: list[str], width: float) -> None:
    """Write the name of each heuristic above its bar, from the best one down, where it has room."""
    per_inch = (HIGH - LOW + 0.02) / width
    for place, task in enumerate(tasks):
        own = found.loc[(found["task"] == task) & (found["kind"] == "heuristic")].sort_values("value", ascending=False)
        taken: list[tuple[float, float]] = []
        for name, value in zip(own["learner"], own["value"].clip(lower=LOW).to_numpy(float), strict=True):
            half = (0.026 * len(name) + 0.03) * per_inch
            middle = min(max(value, LOW + half), HIGH - half)
            if any(middle - half < end and middle + half > start for start, end in taken):
                continue
            taken.append((middle - half, middle + half))
            axes.text(middle, place - 0.34, name, ha="center", va="bottom", size=4.6, color=GREY)
