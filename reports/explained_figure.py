"""Figure of explained answers: a panel per task, a stacked bar per learner: right, wrong as a heuristic, wrong.

A line within each bar shows up to where the errors would be explained if they were permuted among the examples with
the same target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..analysis.explained import Explanation
from ..runs.results import Results
from .labels import fitted_legend, shortened
from .provenance import short_line
from .style import GREY, PALETTE, WIDTHS, theme
from .tables import HEADINGS, decimal

# Lengths in inches.
WIDTH, LEFT, GAP, NUMBER = WIDTHS["text"], 1.45, 0.12, 0.3
TITLE, BAR, BELOW, BETWEEN, NOTE, MARGIN = 0.2, 0.13, 0.24, 0.1, 0.095, 0.06
COLUMNS = 2

SMALL_FONT = 5.5
"""Font size of names, numbers and notes, in points."""

BEYOND, RIGHT, SHARED, OTHER = "0.45", "0.65", "#1a1a1a", "0.93"
"""Colours of right answers that no heuristic gives, of other right ones, of errors that several give, and of none."""

Parts = list[tuple[str, str, float]]
"""Label, colour and share of every part of a bar."""


def explained_figure(found: Sequence[Explanation], results: Results) -> Figure:
    """Draw the learners and controls of every task; the parts of a bar add up to 1."""
    found = sorted(found, key=lambda one: list(HEADINGS).index(one.kind))
    tasks = [task for task in results.catalogue.tasks if any(one.task == task for one in found)]
    with mpl.rc_context({**theme(), "text.parse_math": False}):  # names may have a dollar sign
        return _draw([[one for one in found if one.task == task] for task in tasks], results)


def _draw(panels: Sequence[Sequence[Explanation]], results: Results) -> Figure:
    figure = Figure(figsize=(WIDTH, 1))
    width = (WIDTH - MARGIN - GAP * (COLUMNS - 1)) / COLUMNS
    legends = [
        fitted_legend(figure, [Patch(color=colour, label=label) for label, colour, _ in _parts(panel[0])], width)
        for panel in panels
    ]
    heights = [TITLE + tall + 0.06 + BAR * len(panel) + BELOW for panel, (_, tall) in zip(panels, legends, strict=True)]
    rows = [heights[start : start + COLUMNS] for start in range(0, len(heights), COLUMNS)]
    note = (
        "Answers to the probe examples, mean over seeds: right where no declared heuristic is (right, beyond), right "
        "where one is, wrong as one heuristic alone (its name), wrong as several (shared), other errors. White line: "
        "end of the explained errors if answers were permuted among examples with the same target. Number: score in "
        "distribution; * flagged budget or plateau."
    )
    notes = [*wrap(note, 150), *wrap(f"{short_line(results)}.", 150)]
    height = sum(max(row) + BETWEEN for row in rows) + NOTE * len(notes) + 2 * MARGIN
    figure.set_size_inches(WIDTH, height)
    top = height - MARGIN
    for row, start in enumerate(range(0, len(panels), COLUMNS)):
        for column, (panel, (legend, tall)) in enumerate(
            zip(panels[start : start + COLUMNS], legends[start : start + COLUMNS], strict=True)
        ):
            left = MARGIN + column * (width + GAP)
            title = f"{panel[0].task}, n = {panel[0].size}, {panel[0].split}"
            title = shortened(title, 62)
            figure.text(left / WIDTH, (top - TITLE / 2) / height, title, fontsize=7, fontweight="bold", va="center")
            legend.set_bbox_to_anchor((left, top - TITLE), transform=figure.dpi_scale_trans)
            bars = BAR * len(panel)
            bottom = top - TITLE - tall - 0.06 - bars
            box = (left + LEFT, bottom, width - LEFT - NUMBER, bars)
            axes = figure.add_axes((box[0] / WIDTH, box[1] / height, box[2] / WIDTH, box[3] / height))
            _panel(axes, panel)
        top -= max(rows[row]) + BETWEEN
    for line, text in enumerate(reversed(notes)):
        bottom = (MARGIN + line * NOTE) / height
        figure.text(MARGIN / WIDTH, bottom, text, va="bottom", fontsize=SMALL_FONT, color=GREY)
    return figure


def _panel(axes: Axes, panel: Sequence[Explanation]) -> None:
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_ylim(len(panel) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    for row, one in enumerate(panel):
        start = 0.0
        for _, colour, share in _parts(one):
            axes.barh(row, share, left=start, height=0.76, color=colour, linewidth=0)
            start += share
        if one.of_errors is not None and one.of_errors.informative:
            end = one.right + one.of_errors.expected * (1 - one.right)
            axes.plot([end, end], [row - 0.38, row + 0.38], color="white", linewidth=1.6, solid_capstyle="butt")
            axes.plot([end, end], [row - 0.38, row + 0.38], color="black", linewidth=0.5, solid_capstyle="butt")
        flagged = "*" if {"budget", "plateau"} & set(one.flags) else ""
        text = "–" if math.isnan(one.id_score) else f"{decimal(one.id_score)}{flagged}"
        axes.annotate(
            text, (1, row), xytext=(3, 0), textcoords="offset points", va="center_baseline", fontsize=SMALL_FONT,
            color=GREY, annotation_clip=False,
        )  # fmt: skip
    names = [shortened(one.learner, 32) for one in panel]
    axes.set_yticks(range(len(panel)), names, fontsize=SMALL_FONT)
    axes.tick_params(axis="y", left=False)


def _parts(one: Explanation) -> Parts:
    """The parts of a bar, from the left; colours of heuristics go by their order in the task."""
    colours = (PALETTE[index % len(PALETTE)] for index in range(len(one.unique)))
    several: Parts = [("shared", SHARED, one.shared)] if len(one.unique) > 1 else []
    return [
        ("right, beyond", BEYOND, one.right_beyond),
        ("right", RIGHT, one.right_shared),
        *[(name, colour, share) for (name, share), colour in zip(one.unique.items(), colours, strict=True)],
        *several,
        ("other", OTHER, one.unexplained),
    ]
