"""Figure of the crossings: ID and OOD score of learners in every view and encoding, at the largest training size."""

from __future__ import annotations

import math
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.decomposition import Crossing, crossings, largest
from ..analysis.quality import NOT_FITTED
from ..runs.results import Results
from .decomposition import cell_interval
from .labels import fitted_legend
from .provenance import short_line
from .style import GREY, PALETTE, WIDTHS, theme

# Lengths in inches.
LEFT, RIGHT, GAP = 1.3, 0.12, 1.4
TITLE, ABOVE, BELOW, ROW, NOTE, MARGIN, LEGEND_GAP = 0.24, 0.34, 0.26, 0.15, 0.095, 0.06, 0.06

DODGE = 0.34
"""Vertical distance between the encodings of a row, in rows."""

SMALL_FONT = 5.5
"""Font size of the notes, in points."""

NEAR_CHANCE = 0.05
"""Scores that are no further below 0 extend no axis."""

FLAGGED = 0.35
"""Opacity of flagged cells: the learner did not fit the training set, so its score does not show its bias."""


def crossing_figure(results: Results, width: float = WIDTHS["text"]) -> Figure | None:
    """A panel for each task with a full crossing, rows learner and view, colours encoding; None if there is none.

    width  of the figure, in inches
    """
    found = largest(crossings(results.scores, results.catalogue))
    if not found:
        return None
    with mpl.rc_context(theme()):
        return _draw(found, results, width)


def _draw(found: list[Crossing], results: Results, whole: float) -> Figure:
    encodings = list(dict.fromkeys(encoding for one in found for encoding in one.levels["encoding"]))
    colours = {encoding: PALETTE[index % len(PALETTE)] for index, encoding in enumerate(encodings)}
    most = 2 if whole >= WIDTHS["text"] else 1  # panels in a row
    across = min(most, len(found))
    width = (whole - LEFT - RIGHT - (most - 1) * GAP) / most
    lines = [found[start : start + across] for start in range(0, len(found), across)]
    tall = [ROW * (max(_rows(one) for one in line) + 0.6) for line in lines]
    side = LEFT if most > 1 else MARGIN  # left edge of the texts
    notes = wrap(f"Intervals: 95 %, t over seeds. {short_line(results)}.", int(20 * (whole - side)))
    figure = Figure(figsize=(whole, 1))
    legend, high = fitted_legend(figure, _handles(colours), whole - side - MARGIN)
    height = TITLE + sum(ABOVE + one + BELOW for one in tall) + LEGEND_GAP + high + NOTE * len(notes) + 2 * MARGIN
    figure.set_size_inches(whole, height)
    top = height - TITLE
    title = "Algorithm, view and encoding crossed, at the largest training size"
    title = title if most > 1 else "Algorithm, view and encoding crossed"
    figure.text(side / whole, top / height, title, va="bottom", size=8.5, fontweight="bold")
    for line, room in zip(lines, tall, strict=True):
        for column, crossing in enumerate(line):
            own = ROW * (_rows(crossing) + 0.6)
            left, bottom = LEFT + column * (width + GAP), top - ABOVE - own
            axes = figure.add_axes((left / whole, bottom / height, width / whole, own / height))
            _panel(axes, crossing, colours, results)
        top -= ABOVE + room + BELOW
    top -= LEGEND_GAP
    legend.set_bbox_to_anchor((side, top), transform=figure.dpi_scale_trans)
    top -= high + MARGIN
    for note in notes:
        top -= NOTE
        figure.text(side / whole, top / height, note, va="bottom", size=SMALL_FONT, color=GREY)
    return figure


def _panel(axes: Axes, crossing: Crossing, colours: dict[str, str], results: Results) -> None:
    algorithms, views, encodings = (crossing.levels[factor] for factor in ("algorithm", "view", "encoding"))
    task = results.catalogue.tasks[crossing.task]
    shift = f"OOD: {task.headline}" if task.headline else "no shift"
    axes.set_title(f"{crossing.task}, n = {crossing.size}\n{shift}, {task.metric}", loc="left", fontsize=7)
    lowest = min(float(values.mean(axis=-1).min()) for values in crossing.scores.values())
    low = 0.0 if lowest > -NEAR_CHANCE else -0.25 * math.ceil(-lowest / 0.25)
    axes.set_xlim(low - 0.05, 1.05)
    axes.set_ylim(_rows(crossing) - 0.2, -0.8)
    axes.set_yticks(range(_rows(crossing)), [f"{algorithm}, {view}" for algorithm in algorithms for view in views])
    axes.tick_params(left=False)
    axes.axvline(0, color="0.5", linewidth=0.6, zorder=1)
    for row in range(len(views), _rows(crossing), len(views)):
        axes.axhline(row - 0.5, color="0.8", linewidth=0.5, zorder=1)
    for row in range(len(algorithms)):
        for level in range(len(views)):
            for code, encoding in enumerate(encodings):
                height = len(views) * row + level + DODGE * (code - (len(encodings) - 1) / 2)
                _dots(axes, crossing, (row, level, code), height, colours[encoding])


def _dots(axes: Axes, crossing: Crossing, index: tuple[int, int, int], height: float, colour: str) -> None:
    """The ID score (hollow), the OOD score (filled) with its interval, and a line between them."""
    found = {split: cell_interval(crossing, split, index) for split in crossing.scores}
    flagged = any(flag in NOT_FITTED for flag in crossing.flags[crossing.learners[index]])
    common: dict[str, Any] = {"color": colour, "alpha": FLAGGED if flagged else 1.0, "clip_on": False}
    means = [one.mean for one in found.values()]
    axes.plot(means, [height] * len(means), linewidth=0.8, zorder=2, **common)
    last = found["ood" if "ood" in found else "id"]
    if last.half_width > 0:
        ends = [max(last.mean - last.half_width, axes.get_xlim()[0]), min(last.mean + last.half_width, 1.05)]
        axes.plot(ends, [height, height], linewidth=2.4, zorder=3, solid_capstyle="butt",
                  **{**common, "alpha": 0.3 * common["alpha"]})  # fmt: skip
    for split, one in found.items():
        axes.plot(one.mean, height, marker="o", markersize=3.2, zorder=4, markeredgewidth=0.8,
                  markerfacecolor="white" if split == "id" else colour, **common)  # fmt: skip


def _rows(crossing: Crossing) -> int:
    return len(crossing.levels["algorithm"]) * len(crossing.levels["view"])


def _handles(colours: dict[str, str]) -> list[Line2D]:
    style: dict[str, Any] = {"color": GREY, "marker": "o", "markersize": 3.2, "markeredgewidth": 0.8, "linestyle": ""}
    return [
        *(Line2D([], [], label=encoding, **{**style, "color": colour}) for encoding, colour in colours.items()),
        Line2D([], [], label="ID", markerfacecolor="white", **style),
        Line2D([], [], label="OOD", **style),
        Line2D([], [], label="95 % interval (OOD)", color=GREY, alpha=0.3, linewidth=2.4),
        Line2D([], [], label="pale: training set not fitted", **{**style, "alpha": FLAGGED}),
    ]
