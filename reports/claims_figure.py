"""Forest plot of the tests of claims: estimate and interval of each, beside its threshold and margin."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..analysis.claims import Outcome
from ..runs.results import Results
from .claims import Standing, expected_text
from .escaping.figures import write_figure
from .labels import fitted_legend, shortened
from .provenance import short_line
from .style import BLUE, GREY, INK, PURPLE, VERMILION, WIDTHS, theme

COLOURS = {"supported": BLUE, "contradicted": VERMILION, "equivalent": PURPLE, "not decided": "0.55"}
MARKERS = {"supported": "o", "contradicted": "X", "equivalent": "D", "not decided": "s"}

# Lengths in inches.
WIDTH, LEFT, RIGHT, TITLE, BELOW, MARGIN = WIDTHS["text"], 3.45, 1.15, 0.3, 0.3, 0.06
ROW, ABOVE, LINE, NOTE = 0.155, 0.1, 0.13, 0.1

LOW, HIGH = -1.0, 1.0
"""Range of the axis; intervals beyond it end in an arrow."""

MAX_CLAIM, MAX_LABEL = 86, 72
"""Largest number of characters of a line of a claim, and of the label of a test."""

SMALL = 5.5


def write_claims_figure(standings: Sequence[Standing], results: Results | None, folder: Path) -> list[Path]:
    """Draw the tests with data to `folder`, which is made where needed, as claims.svg, .pdf and .png; none: nothing."""
    figure = claims_figure(standings, results)
    return [] if figure is None else write_figure(figure, folder, "claims")


def claims_figure(standings: Sequence[Standing], results: Results | None) -> Figure | None:
    """A row for each test that has an estimate, in the order of the claims; None if there is none."""
    shown = [(one, [test for test in one.judgement.outcomes if not math.isnan(test.estimate)]) for one in standings]
    shown = [(one, tests) for one, tests in shown if tests]
    if not shown:
        return None
    with mpl.rc_context(theme()):
        return _draw(shown, results)


def _draw(shown: Sequence[tuple[Standing, list[Outcome]]], results: Results | None) -> Figure:
    words = [wrap(one.judgement.claim.claim, MAX_CLAIM) for one, _ in shown]
    lengths = [ABOVE + LINE * len(lines) + ROW * len(tests) for lines, (_, tests) in zip(words, shown, strict=True)]
    notes = wrap(
        "Dots: a score, difference, share of seeds, difference of rank correlations, exponent or log ratio, with its "
        "95 % interval (without caps: the range). Hollow: a condition. Verdicts are corrected for all tests (Holm). "
        f"{short_line(results) if results else ''}.",
        150,
    )
    figure = Figure(figsize=(WIDTH, 1))
    legend, high = fitted_legend(figure, _handles(), WIDTH - 2 * MARGIN)
    height = TITLE + sum(lengths) + BELOW + high + 2 * MARGIN + NOTE * len(notes) + MARGIN
    figure.set_size_inches(WIDTH, height)
    figure.text(MARGIN / WIDTH, 1 - 0.6 * TITLE / height, "Claims and their tests", size=8.5, fontweight="bold")
    bottom = height - TITLE - sum(lengths)
    axes = figure.add_axes((LEFT / WIDTH, bottom / height, (WIDTH - LEFT - RIGHT) / WIDTH, sum(lengths) / height))
    axes.set_xlim(LOW - 0.05, HIGH + 0.05)
    axes.set_ylim(sum(lengths), 0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color="0.6", linewidth=0.6, zorder=1)
    top = 0.0
    for (standing, tests), lines in zip(shown, words, strict=True):
        top += ABOVE
        _heading(axes, standing, lines, top)
        top += LINE * len(lines)
        for row, outcome in enumerate(tests):
            _row(axes, outcome, top + ROW * (row + 0.5))
        top += ROW * len(tests)
    at = bottom - BELOW
    legend.set_bbox_to_anchor((MARGIN, at), transform=figure.dpi_scale_trans)
    at -= high + MARGIN
    for note in notes:
        at -= NOTE
        figure.text(MARGIN / WIDTH, at / height, note, va="bottom", size=SMALL, color=GREY)
    return figure


def _heading(axes: Axes, standing: Standing, lines: Sequence[str], top: float) -> None:
    verdict, style = standing.judgement.verdict, {"fontweight": "bold", "size": 6.2}
    for row, line in enumerate(lines):
        _beside(axes, -(LEFT - MARGIN), top + LINE * (row + 0.5), line, {**style, "color": INK})
    text = f"{verdict}{' *' if standing.post_hoc else ''}"
    _beside(axes, WIDTH - LEFT - RIGHT + MARGIN, top + 0.5 * LINE, text, {**style, "color": COLOURS.get(verdict, GREY)})


def _row(axes: Axes, outcome: Outcome, height: float) -> None:
    """Label, margin, threshold, interval and estimate of a test."""
    test, colour = outcome.test, COLOURS[outcome.verdict]
    _beside(axes, -(LEFT - 0.12), height, shortened(test.says, MAX_LABEL), {"color": GREY, "size": SMALL})
    expected = expected_text(test).replace(">=", "≥").replace("<=", "≤")
    _beside(axes, WIDTH - LEFT - RIGHT + MARGIN, height, expected, {"color": GREY, "size": SMALL})
    tall = ROW * 0.42
    if test.margin is not None:
        centre = test.threshold if test.expects == "equal" else 0.0
        across = [centre - test.margin, centre + test.margin]
        axes.fill_between(across, height - tall, height + tall, color="0.86", linewidth=0, zorder=0.5)
    axes.plot([test.threshold] * 2, [height - tall, height + tall], color=INK, linewidth=0.9, zorder=2)
    ends = [max(outcome.low, LOW), min(outcome.high, HIGH)]
    axes.plot(ends, [height, height], color=colour, linewidth=1.1, zorder=3, solid_capstyle="butt")
    for end, inside, arrow in ((ends[0], outcome.low >= LOW, "<"), (ends[1], outcome.high <= HIGH, ">")):
        if not outcome.lacking:
            axes.plot(end, height, marker="|" if inside else arrow, markersize=3.2, color=colour, zorder=3)
    axes.plot(
        min(max(outcome.estimate, LOW), HIGH),
        height,
        marker=MARKERS[outcome.verdict],
        markersize=3.6,
        color=colour,
        markerfacecolor="white" if test.condition else colour,
        markeredgewidth=0.8,
        zorder=4,
        clip_on=False,
    )


def _beside(axes: Axes, right: float, height: float, text: str, style: dict[str, object]) -> None:
    """A text whose left end is `right` inches from the left end of the axis."""
    width = WIDTH - LEFT - RIGHT
    axes.text(right / width, height, text, transform=axes.get_yaxis_transform(), va="center", **style)  # pyright: ignore[reportArgumentType]


def _handles() -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = [
        Line2D([], [], label=verdict, color=colour, marker=MARKERS[verdict], markersize=3.6, linewidth=1.1)
        for verdict, colour in COLOURS.items()
    ]
    return [
        *handles,
        Line2D([], [], label="threshold", color=INK, marker="|", linestyle="", markersize=6),
        Patch(label="margin of equivalence", color="0.86"),
        Line2D([], [], label="* post hoc", linestyle=""),
    ]
