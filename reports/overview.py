"""Overview figure of all ranked tasks: ID and OOD score of every learner at the largest training size."""

from __future__ import annotations

import math
from collections.abc import Mapping
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.entries import Entry
from ..runs.results import FLAGS, Results
from .board import COLUMNS, short_names
from .labels import compact, fitted_legend, shortened
from .leaderboard import Leaderboard, TaskHeader, is_final, make_leaderboard, status_note, summary_of
from .provenance import short_line
from .style import BEST_HEURISTIC, GREY, WIDTHS, LineStyle, styles_of, theme

# Lengths in inches.
LEFT, RIGHT, GAP = 1.62, 0.1, 0.14
TITLE, ABOVE, BELOW, ROW, NOTE, MARGIN = 0.24, 0.34, 0.24, 0.135, 0.095, 0.06
LEGEND_GAP = 0.06
LABEL = 27
"""Largest number of characters of a learner's name: what fits to the left of the panels."""

PAGE = 7.4
"""Largest height of the panels of a page, in inches."""

LOW, HIGH = -1.0, 1.0
CHARACTERS = 16
"""Characters per inch in the title of a panel."""

SMALL_FONT = 5.5
"""Font size of the notes, in points."""

FLAGGED = 0.35
"""Opacity of flagged entries: the learner did not fit the training set, so its score does not show its bias."""


def overview_figure(
    results: Results, listed: Mapping[str, str] | None = None, width: float = WIDTHS["text"]
) -> Figure | None:
    """One panel per ranked task, at most COLUMNS, those that measure first; None if there is no ranked task or result.

    listed  task -> its status on the list; see `make_leaderboard`
    width   of the figure, in inches
    """
    return next(iter(_pages(results, listed, width, math.inf)), None)


def overview_pages(
    results: Results, listed: Mapping[str, str] | None = None, width: float = WIDTHS["text"]
) -> list[Figure]:
    """The same on as many pages as it needs."""
    return _pages(results, listed, width, PAGE)


def _pages(results: Results, listed: Mapping[str, str] | None, width: float, room: float) -> list[Figure]:
    board = make_leaderboard(results, listed)
    if not board.ranked or results.scores.empty:
        return []
    board = summary_of(board)
    tasks = [task for group in board.groups.values() for task in group][:COLUMNS]
    finals = {(entry.name, entry.learner, entry.split): entry for entry in board.entries if is_final(entry)}
    most = 4 if width >= WIDTHS["text"] else 1  # panels in a row
    pages, taken = list[list[list[TaskHeader]]](), 0.0
    for part in (tasks[start : start + most] for start in range(0, len(tasks), most)):
        tall = ABOVE + ROW * (len(_with_results(board, finals, part)) + 0.6) + BELOW
        if not pages or taken + tall > room:
            pages.append([])
            taken = 0.0
        pages[-1].append(part)
        taken += tall
    with mpl.rc_context(theme()):
        return [
            _draw(board, results, width, parts, f" ({number} of {len(pages)})" if len(pages) > 1 else "")
            for number, parts in enumerate(pages, 1)
        ]


def _draw(board: Leaderboard, results: Results, whole: float, parts: list[list[TaskHeader]], page: str) -> Figure:
    """A page: rows of panels. page: its number, for the title."""
    tasks = [task for group in board.groups.values() for task in group][:COLUMNS]
    finals = {(entry.name, entry.learner, entry.split): entry for entry in board.entries if is_final(entry)}
    most = 4 if whole >= WIDTHS["text"] else 1
    shown = [_with_results(board, finals, part) for part in parts]
    styles = styles_of(results)
    across = min(most, len(tasks))
    heights = [ROW * (len(names) + 0.6) for names in shown]
    width = (whole - LEFT - RIGHT - (across - 1) * GAP) / across
    texts = (_left_out(board, len(tasks)), status_note(board), f"{short_line(results)}.")
    side = LEFT if most > 1 else MARGIN  # left edge of the texts
    notes = [line for text in texts for line in wrap(text, int(20 * (whole - side)))]
    figure = Figure(figsize=(whole, 1))
    legend, high = fitted_legend(figure, _handles(), whole - side - MARGIN)
    height = TITLE + sum(ABOVE + tall + BELOW for tall in heights) + LEGEND_GAP + high + NOTE * len(notes) + 2 * MARGIN
    figure.set_size_inches(whole, height)
    top = height - TITLE
    title = "Scores in and out of distribution at the largest training size"
    title = title if most > 1 else "ID and OOD scores at the largest n"
    figure.text(side / whole, top / height, f"{title}{page}", va="bottom", size=8.5, fontweight="bold")
    short = short_names(tasks)
    for part, names, tall in zip(parts, shown, heights, strict=True):
        for column, task in enumerate(part):
            left, bottom = LEFT + column * (width + GAP), top - ABOVE - tall
            axes = figure.add_axes((left / whole, bottom / height, width / whole, tall / height))
            shift = f"OOD: {task.ood}" if task.ood else "no shift"
            status = board.listed[task.name] if board.decided else "measures"
            name = short[task.name] if status == "measures" else f"{short[task.name]} ({status})"
            room = int(CHARACTERS * (width + GAP))
            heading = f"{shortened(name, room)}\n{shortened(f'n = {task.sizes[-1]}, {shift}', room)}"
            axes.set_title(heading, loc="left", fontsize=7)
            _panel(axes, task, names, finals, styles, board.order["heuristic"])
            axes.tick_params(labelleft=column == 0, left=False)
        top -= ABOVE + tall + BELOW
    top -= LEGEND_GAP
    legend.set_bbox_to_anchor((side, top), transform=figure.dpi_scale_trans)
    top -= high + MARGIN
    for note in notes:
        top -= NOTE
        figure.text(side / whole, top / height, note, va="bottom", size=SMALL_FONT, color=GREY)
    return figure


def _left_out(board: Leaderboard, shown: int) -> str:
    """How many ranked tasks have no panel; "" if all have one."""
    left_out = len(board.ranked) - shown
    first = " (those that measure are shown first)" if board.decided else ""
    return f"Left out: {left_out} of {len(board.ranked)} ranked tasks{first}." if left_out else ""


def _with_results(
    board: Leaderboard, finals: Mapping[tuple[str, str, str], Entry], tasks: list[TaskHeader]
) -> list[str]:
    """The learners that have a result on one of some tasks, in the order of the board."""
    names = {task.name for task in tasks}
    found = {entry.learner for entry in finals.values() if entry.name in names and not math.isnan(entry.value)}
    return [name for name in board.order["learner"] if name in found]


def _panel(
    axes: Axes,
    task: TaskHeader,
    learners: list[str],
    finals: dict[tuple[str, str, str], Entry],
    styles: dict[str, LineStyle],
    heuristics: list[str],
) -> None:
    """Draw one row per learner: ID score (hollow), OOD score (filled) with its interval, and a line between them."""
    axes.set_xlim(LOW - 0.08, HIGH + 0.08)
    axes.set_xticks([-1, 0, 1])
    axes.set_ylim(len(learners) - 0.2, -0.8)
    axes.set_yticks(range(len(learners)), [compact(name, LABEL) for name in learners])
    axes.axvline(0, color="0.5", linewidth=0.6, zorder=1)
    split = "ood" if task.ood else "id"
    heuristic_scores = [
        finals[task.name, name, split].value for name in heuristics if (task.name, name, split) in finals
    ]
    if heuristic_scores and not math.isnan(best := max(heuristic_scores)):
        axes.axvline(min(max(best, LOW), HIGH), zorder=1, **BEST_HEURISTIC)
    for row, name in enumerate(learners):
        within, outside = (finals.get((task.name, name, where)) for where in ("id", "ood"))
        shown = [entry for entry in (within, outside) if entry is not None and not math.isnan(entry.value)]
        if not shown:
            continue
        flagged = any(not set(FLAGS).isdisjoint(entry.flags.split(",")) for entry in shown)
        common: dict[str, Any] = {"color": styles[name].colour, "alpha": FLAGGED if flagged else 1.0, "clip_on": False}
        positions = [min(max(entry.value, LOW), HIGH) for entry in shown]
        axes.plot(positions, [row] * len(positions), linewidth=1.0, zorder=2, **common)
        for entry, position in zip(shown, positions, strict=True):
            half = 0.0 if math.isnan(entry.half_width) else entry.half_width
            ends = (entry.low, entry.high) if entry.interval == "range" else (entry.value - half, entry.value + half)
            low, high = max(ends[0], LOW), min(ends[1], HIGH)
            if entry.split == "ood" and low < high:
                axes.plot([low, high], [row, row], linewidth=2.6, zorder=3, solid_capstyle="butt",
                          **{**common, "alpha": 0.3 * common["alpha"]})  # fmt: skip
            hollow = entry.split == "id"
            axes.plot(position, row, marker="o", markersize=3.6, zorder=4, markeredgewidth=0.9,
                      markerfacecolor="white" if hollow else styles[name].colour, **common)  # fmt: skip


def _handles() -> list[Line2D]:
    style: dict[str, Any] = {"color": GREY, "marker": "o", "markersize": 3.6, "markeredgewidth": 0.9}
    return [
        Line2D([], [], label="ID", linestyle="", markerfacecolor="white", **style),
        Line2D([], [], label="OOD", linestyle="", **style),
        Line2D([], [], label="95 % interval over seeds, or their range (OOD)", color=GREY, alpha=0.3, linewidth=2.6),
        Line2D([], [], label="best heuristic, OOD", **BEST_HEURISTIC),
        Line2D([], [], label="pale: training set not fitted", linestyle="", **{**style, "alpha": FLAGGED}),
    ]
