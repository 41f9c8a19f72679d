"""Figure of the contrast atlas: a heat map of kappa, learners in the order of similarity."""

from __future__ import annotations

from textwrap import wrap

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .atlas import AtlasReport, hundredths
from .labels import shortened
from .provenance import short_line
from .style import GREY, INK, WIDTHS, theme

# Lengths in inches.
WIDTH, MARGIN, CHARACTER, NOTE, TITLE, BAR = WIDTHS["text"], 0.06, 0.056, 0.095, 0.22, 0.6
LARGEST, NAME = 0.42, 36
"""Largest side of a square in inches, and longest name in characters."""

SMALL_FONT = 5.5
"""Font size of names, numbers and notes, in points."""

DARK = 0.55
"""Kappa from which numbers are white."""


def atlas_figure(report: AtlasReport) -> Figure:
    """Draw the means over families; the number of families of a pair stands below its kappa if it is not all."""
    with mpl.rc_context(theme()):
        return _draw(report)


def _draw(report: AtlasReport) -> Figure:
    atlas = report.atlas
    names = [shortened(name, NAME) for name in atlas.learners]
    label = CHARACTER * max(map(len, names)) + 0.1
    side = min(LARGEST, (WIDTH - label - BAR - MARGIN) / len(names))
    size = side * len(names)
    families = len(atlas.families)
    note = (
        "100 x Cohen's kappa of answers to the probe examples of the headline shift, between different seeds of "
        f"learners that reach {report.min_id:g} ID without the flags budget and plateau; mean over the tasks of a "
        f"family, then over families ({', '.join(atlas.families)}). Small: number of families, if not all {families}. "
        "Diagonal (framed): between the seeds of one learner. White: no task that both solve. Order: average linkage."
    )
    notes = [*wrap(note, 150), *wrap(f"{short_line(report.results)}.", 150)]
    bottom = 2 * MARGIN + NOTE * len(notes)
    height = TITLE + label + size + bottom
    figure = Figure(figsize=(WIDTH, height))
    box = (label / WIDTH, bottom / height, size / WIDTH, size / height)
    axes = figure.add_axes(box)
    palette = sns.color_palette("Blues", as_cmap=True)
    image = axes.imshow(np.clip(atlas.mean, 0, 1), cmap=palette, vmin=0, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(atlas.mean):
        if np.isnan(value):
            continue
        colour = "white" if value >= DARK else INK
        few = atlas.count[row, column] < families
        axes.text(
            column, row - (0.1 if few else 0), hundredths(value), ha="center", va="center", color=colour,
            fontsize=min(SMALL_FONT + 1, 26 * side),
        )  # fmt: skip
        if few:
            axes.text(
                column, row + 0.29, str(atlas.count[row, column]), ha="center", va="center", color=colour,
                fontsize=min(4, 14 * side),
            )  # fmt: skip
        if row == column:
            axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=0.9))
    ticks = range(len(names))
    axes.set_yticks(ticks, names, fontsize=SMALL_FONT)
    axes.xaxis.tick_top()
    axes.set_xticks(ticks, names, rotation=90, fontsize=SMALL_FONT)
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    tall = min(size, 1.5)
    legend = ((label + size + 0.15) / WIDTH, (bottom + size - tall) / height, 0.1 / WIDTH, tall / height)
    bar = figure.colorbar(image, cax=figure.add_axes(legend), ticks=[0, 0.5, 1])
    bar.ax.tick_params(labelsize=SMALL_FONT)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    figure.text(
        MARGIN / WIDTH, 1 - TITLE / 2 / height, "Agreement out of distribution, above chance", fontsize=7,
        fontweight="bold", va="center",
    )  # fmt: skip
    for line, text in enumerate(reversed(notes)):
        figure.text(MARGIN / WIDTH, (MARGIN + line * NOTE) / height, text, va="bottom", fontsize=SMALL_FONT, color=GREY)
    return figure
