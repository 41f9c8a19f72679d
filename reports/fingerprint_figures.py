"""Figure of fingerprints: one panel per riddle, at most four in a row, one stacked bar per learner.

The parts of a bar are the shares that follow each rule.

Two numbers beside each bar give the accuracy in distribution, since the shares of a learner that has not learned the
task are meaningless, and the agreement between seeds.
"""

from __future__ import annotations

import math
from textwrap import wrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Patch

from ..analysis.entries import Entry
from ..analysis.fingerprint import fingerprints, riddles, shares_of
from ..analysis.planned import anchors_of
from ..runs.results import Results
from .labels import compact, fitted_legend, shortened
from .notes import MissingCells
from .provenance import short_line
from .style import BLUE, GREY, ORANGE, WIDTHS, theme

COLOURS = (BLUE, ORANGE, "0.85")
"""Colours of the first rule, the second, and neither."""

# Lengths in inches; the figure has the text width of a paper, like those of the learning curves.
WIDTH, LEFT, GAP, NUMBERS = WIDTHS["text"], 1.2, 0.1, 0.46
TITLE, HEADING, BAR, BELOW, NOTE, MARGIN = 0.3, 0.14, 0.135, 0.28, 0.095, 0.06

ACROSS = 4
"""Largest number of riddles side by side."""

LABEL, CHARACTERS = 19, 13
"""Largest number of characters of a learner, and characters per inch of a title."""

NUMBER_OFFSETS = (0.06, 0.27)
"""Positions of the two numbers, in inches from the end of the bars."""

SMALL_FONT = 5.5
"""Font size of the numbers and notes, in points."""

EntryIndex = dict[tuple[str, str, str, str], Entry]
"""(riddle, learner, metric, split) -> entry."""


def fingerprint_figure(results: Results) -> Figure | None:
    """Draw the fingerprints of all learners and controls; None if no riddle has results."""
    entries = fingerprints(results.scores, results.answers, results.catalogue)
    entry_of = {(entry.name, entry.learner, entry.metric, entry.split): entry for entry in entries}
    shown = [
        name for name in riddles(results.catalogue) if any(not math.isnan(e.value) for e in entries if e.name == name)
    ]
    with_results = {entry.learner for entry in entries if entry.kind != "heuristic" and not math.isnan(entry.value)}
    learners = [name for name in results.catalogue.learners if name in with_results]
    if not shown or not learners:
        return None
    with mpl.rc_context(theme()):
        return _draw(results, entry_of, shown, learners)


def _draw(results: Results, entry_of: EntryIndex, shown: list[str], learners: list[str]) -> Figure:
    figure = Figure(figsize=(WIDTH, 1))
    rows = math.ceil(len(shown) / ACROSS)
    across = math.ceil(len(shown) / rows)
    parts = [shown[start : start + across] for start in range(0, len(shown), across)]
    width = (WIDTH - LEFT - MARGIN - GAP * (across - 1)) / across - NUMBERS
    legends: dict[str, tuple[Legend, float]] = {}
    for riddle in shown:
        handles = [
            Patch(color=colour, label=share.removeprefix("follows[").removesuffix("]"))
            for colour, share in zip(COLOURS, shares_of(results.catalogue, riddle), strict=True)
        ]
        legends[riddle] = fitted_legend(figure, handles, width + NUMBERS)
    there = {(name, learner) for (name, learner, _, _), entry in entry_of.items() if not math.isnan(entry.value)}
    present = [[name for name in learners if any((riddle, name) in there for riddle in part)] for part in parts]
    heads = [TITLE + max(legends[riddle][1] for riddle in part) + HEADING for part in parts]
    several = any(entry.interval == "seeds" for entry in entry_of.values())
    lines = "t over seeds" if several else "over the test examples (one seed)"
    note = (
        "Bars: shares of the predictions that follow each rule, on inputs where the rules disagree; lines: 95 % "
        f"intervals, {lines}. Numbers: accuracy (score, if targets are real) on unseen examples where the rules agree "
        "(ID), and the share of equal predictions between seeds, on the same inputs (eq.)."
    )
    notes = [*wrap(note, 140), *wrap(f"{short_line(results)}.", 140)]
    talls = [head + BAR * len(names) + BELOW for head, names in zip(heads, present, strict=True)]
    height = sum(talls) + NOTE * len(notes) + MARGIN
    figure.set_size_inches(WIDTH, height)

    top = height
    for part, names, head, tall in zip(parts, present, heads, talls, strict=True):
        for index, riddle in enumerate(part):
            left = LEFT + index * (width + NUMBERS + GAP)
            room = int(CHARACTERS * (width + NUMBERS))
            for text, line, style in (
                (shortened(riddle.removeprefix("riddle-"), room), 0.1, {"fontsize": 7, "fontweight": "bold"}),
                (f"n = {anchors_of(results.catalogue, riddle)[-1]}", 0.22, {"fontsize": 6, "color": GREY}),
            ):
                figure.text(left / WIDTH, (top - line) / height, text, va="center", **style)
            legends[riddle][0].set_bbox_to_anchor((left, top - TITLE), transform=figure.dpi_scale_trans)
            bars = BAR * len(names)
            axes = figure.add_axes((left / WIDTH, (top - head - bars) / height, width / WIDTH, bars / height))
            _panel(axes, entry_of, riddle, names, shares_of(results.catalogue, riddle), MissingCells(results))
            axes.set_yticks(range(len(names)), [compact(name, LABEL) for name in names])
            axes.tick_params(axis="y", left=False, labelleft=index == 0)
        top -= tall
    for line, note in enumerate(reversed(notes)):
        bottom = (MARGIN + line * NOTE) / height
        figure.text(MARGIN / WIDTH, bottom, note, va="bottom", fontsize=SMALL_FONT, color=GREY)
    return figure


def _panel(
    axes: Axes, entry_of: EntryIndex, riddle: str, learners: list[str], shares: list[str], missing_cells: MissingCells
) -> None:
    """Draw the bars of a riddle from the top down, in the order of the learners."""
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1], ["0", ".5", "1"])
    axes.set_ylim(len(learners) - 0.5, -0.5)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    _annotate_row(axes, -1, "ID", "eq.")
    for row, learner in enumerate(learners):
        parts = [entry_of.get((riddle, learner, share, "ood")) for share in shares]
        present = [part for part in parts if part is not None and not math.isnan(part.value)]
        if len(present) < len(shares):
            reason = (
                "n/a"
                if parts[0] is None
                else "diverged"
                if "diverged" in parts[0].flags
                else missing_cells.status(riddle, learner)
            )
            axes.text(0.02, row, reason, va="center", fontsize=SMALL_FONT, color=GREY)
            continue
        values = np.array([part.value for part in present])
        starts = np.cumsum(values) - values
        axes.barh([row] * len(values), values, left=starts, height=0.72, color=COLOURS, linewidth=0, zorder=2)
        # One interval at the end of the first share, one at the start of the last.
        for part, border in ((present[0], starts[1]), (present[-1], starts[-1])):
            if part.half_width > 0:
                low, high = np.clip([border - part.half_width, border + part.half_width], 0, 1)
                axes.plot([low, high], [row, row], color="0.2", linewidth=0.8, solid_capstyle="butt", zorder=3)
        fit_metric = "accuracy" if (riddle, learner, "accuracy", "id") in entry_of else "score"
        numbers = (
            entry_of[riddle, learner, fit_metric, "id"].value,
            entry_of[riddle, learner, "agreement", "ood"].value,
        )
        _annotate_row(axes, row, *("–" if math.isnan(number) else f"{number:.2f}" for number in numbers))


def _annotate_row(axes: Axes, row: int, *texts: str) -> None:
    """Write texts to the right of a row."""
    for inches, text in zip(NUMBER_OFFSETS, texts, strict=True):
        axes.annotate(
            text,
            (1, row),
            xytext=(72 * inches, 0),
            textcoords="offset points",
            va="center_baseline",
            fontsize=SMALL_FONT,
            color=GREY,
            annotation_clip=False,
        )
