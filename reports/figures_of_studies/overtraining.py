"""Figure of the study `overtraining`: functions, entropy and margins by age, and the volume near the boundary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, GREY, ORANGE, PURPLE, SKY, VERMILION, WIDTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ...analysis.findings import Findings

COLOURS = {"SGD": BLUE, "SGD, batches of 2": SKY, "Adam": ORANGE}
MARKERS = {"SGD": "o", "SGD, batches of 2": "s", "Adam": "D"}

PANELS = (
    ("share of unlikely functions", "change of the share", "unlikely under the prior"),
    ("share of likely functions", "change of the share", "likely under the prior"),
    ("entropy (bits)", "change, bits", "entropy"),
    ("total variation from age 0 (excess)", "excess of total variation", "drift from age 0"),
    ("log10 of the normalised margin over that at age 0", "change, log10", "normalised margin"),
)
"""Column of the table of changes, label of the axis, title."""


def draw(findings: Findings) -> Figure:
    """Six panels: five changes since zero training error by age, and the volume near the boundary by dimension.

    Intervals: 95 %; means over the training sets.
    """
    figure = Figure(figsize=(WIDTHS["text"], 3.9), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.06)  # pyright: ignore[reportOptionalMemberAccess, reportCallIssue]
    grid = figure.subplots(2, 3)
    changes = findings.tables["Change after zero training error"]
    for axes, (column, label, title) in zip(grid.flat, PANELS, strict=False):
        _by_age(axes, changes, column)
        axes.set_ylabel(label)
        axes.set_title(title)
    grid[0, 0].legend(loc="best", handlelength=1.6, labelspacing=0.25)
    _volume(grid[1, 2], findings.tables["Volume near the boundary"])
    return figure


def _by_age(axes: Axes, changes: pd.DataFrame, column: str) -> None:
    """Mean over the training sets of each recipe; the ages are equidistant."""
    ages = sorted(changes["age"].unique())
    for index, (source, colour) in enumerate(COLOURS.items()):
        own = changes.loc[changes["source"] == source].sort_values("age")
        shift = 0.06 * (index - 1)
        axes.errorbar(
            np.arange(len(own)) + shift,
            own[column],
            yerr=own[f"± {column}"],
            color=colour,
            marker=MARKERS[source],
            markeredgewidth=0,
            elinewidth=0.9,
            label=source,
        )
    axes.axhline(0, color=GREY, linewidth=0.6, linestyle="--")
    axes.set_xticks(range(len(ages)), [f"{age:,.0f}" for age in ages])
    axes.set_xlabel("steps after zero training error")


def _volume(axes: Axes, volume: pd.DataFrame) -> None:
    """Share of random networks right on S that are near the boundary, in two units of distance."""
    for column, half, colour, marker, label in (
        ("share within 0.1 % of the norm", "± share (norm)", PURPLE, "o", "0.1 % of the norm"),
        ("share within 0.02 standard deviations", "± share (deviations)", VERMILION, "s", "0.02 standard deviations"),
    ):
        axes.errorbar(
            volume["parameters"],
            volume[column],
            yerr=volume[half],
            color=colour,
            marker=marker,
            markeredgewidth=0,
            elinewidth=0.9,
            label=label,
        )
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("number of parameters")
    axes.set_ylabel("share of volume given S")
    axes.set_title("near the boundary")
    axes.legend(loc="upper left", handlelength=1.6, labelspacing=0.25, title="within", title_fontsize="small")
