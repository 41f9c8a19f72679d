"""Figure of explained answers: a panel per task, a stacked bar per learner: right, wrong as a heuristic, wrong.

Of more than PANELS tasks it is one panel of means over families. A line within each bar shows up to where the errors
would be explained if they were permuted among the examples with the same target.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ..analysis.explained import Explanation, Summary, summaries
from ..runs.results import Results
from .explained import mean_text
from .labels import fitted_legend, shortened
from .provenance import short_line
from .style import GREY, PALETTE, WIDTHS, theme
from .tables import HEADINGS, decimal

# Lengths in inches.
WIDTH, LEFT, GAP, NUMBER = WIDTHS["text"], 1.45, 0.12, 0.3
TITLE, BAR, BELOW, BETWEEN, NOTE, MARGIN = 0.2, 0.13, 0.24, 0.1, 0.095, 0.06
COLUMNS = 2
PANELS = 8
"""Tasks above which the figure shows means over families, of learners with two families or more."""


SMALL_FONT = 5.5
"""Font size of names, numbers and notes, in points."""

BEYOND, RIGHT, SHARED, OTHER = "0.45", "0.65", "#1a1a1a", "0.93"
"""Colours of right answers that no heuristic gives, of other right ones, of errors that several give, and of none."""

OVERVIEW = (0.4, 0.7, 1.35, 1.75)
"""Right ends of the columns beside the bars over families, in inches from these."""

Parts = list[tuple[str, str, float]]
"""Label, colour and share of every part of a bar."""


def explained_figure(found: Sequence[Explanation], results: Results) -> Figure:
    """Draw the learners and controls of every task, or over families; the parts of a bar add up to 1."""
    found = sorted(found, key=lambda one: list(HEADINGS).index(one.kind))
    several = [one for one in summaries(found) if one.families > 1]
    if len({one.task for one in found}) > PANELS and several:
        with mpl.rc_context(theme()):
            return _overview(several, results)
    tasks = [task for task in results.catalogue.tasks if any(one.task == task for one in found)]
    with mpl.rc_context(theme()):
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
    _footer(figure, notes)
    return figure


def _overview(rows: Sequence[Summary], results: Results) -> Figure:
    """The means over families in one panel; beside each bar the excess over permuted answers."""
    note = (
        "Answers to the probe examples, mean over the tasks of a family, then over families, of learners with two "
        "families or more, without cells flagged budget or plateau. Excess: share of the errors that a heuristic makes "
        "as well, minus its expectation if answers were permuted among examples with the same target; ± half width of "
        "the 95 % interval (t over families); then the tasks in which it is significant, of those tested."
    )
    notes = [*wrap(note, 150), *wrap(f"{short_line(results)}.", 150)]
    figure = Figure(figsize=(WIDTH, 1))
    left, right = MARGIN + LEFT, 1.9
    parts = {"right where no heuristic is": BEYOND, "right": RIGHT, "wrong as a heuristic": PALETTE[0], "wrong": OTHER}
    patches = [Patch(color=colour, label=label) for label, colour in parts.items()]
    legend, tall = fitted_legend(figure, patches, WIDTH - 2 * MARGIN)
    bars, bottom = BAR * len(rows), NOTE * len(notes) + 2 * MARGIN + BELOW
    height = bottom + bars + 0.18 + tall + TITLE
    figure.set_size_inches(WIDTH, height)
    legend.set_bbox_to_anchor((MARGIN, height - TITLE), transform=figure.dpi_scale_trans)
    axes = figure.add_axes((left / WIDTH, bottom / height, (WIDTH - left - right) / WIDTH, bars / height))
    _bars(axes, [one.learner for one in rows])
    for row, one in enumerate(rows):
        unexplained = one.outside - one.right_beyond
        shares = (one.right_beyond, one.right - one.right_beyond, 1 - one.right - unexplained, unexplained)
        start = 0.0
        for colour, share in zip(parts.values(), shares, strict=True):
            axes.barh(row, share, left=start, height=0.76, color=colour, linewidth=0)
            start += share
        more = f"{one.significant}/{one.tested}" if one.tested else "–"
        texts = (f"{one.families}", f"{one.tasks}", mean_text(one.excess, sign=True), more)
        for x, text in zip(OVERVIEW, texts, strict=True):
            _beside(axes, x, row, text)
    for x, text in zip(OVERVIEW, ("families", "tasks", "excess", "more"), strict=True):
        _beside(axes, x, -0.95, text)
    title = "Whose errors are these? Over families"
    figure.text(MARGIN / WIDTH, 1 - TITLE / 2 / height, title, fontsize=7, fontweight="bold", va="center")
    _footer(figure, notes)
    return figure


def _beside(axes: Axes, x: float, row: float, text: str) -> None:
    """Text x inches right of the axes, right-aligned."""
    axes.annotate(
        text, (1, row), xytext=(72 * x, 0), textcoords="offset points", ha="right", va="center_baseline",
        fontsize=SMALL_FONT, color=GREY, annotation_clip=False,
    )  # fmt: skip


def _footer(figure: Figure, notes: Sequence[str]) -> None:
    width, height = figure.get_size_inches()
    for line, text in enumerate(reversed(notes)):
        bottom = (MARGIN + line * NOTE) / height
        figure.text(MARGIN / width, bottom, text, va="bottom", fontsize=SMALL_FONT, color=GREY)


def _bars(axes: Axes, names: Sequence[str]) -> None:
    """Axes for a horizontal bar of shares for each name."""
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    axes.set_yticks(range(len(names)), [shortened(name, 32) for name in names], fontsize=SMALL_FONT)
    axes.tick_params(axis="y", left=False)


def _panel(axes: Axes, panel: Sequence[Explanation]) -> None:
    _bars(axes, [one.learner for one in panel])
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
