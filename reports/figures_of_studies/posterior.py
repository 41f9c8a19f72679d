"""Figure of the study `posterior`: probabilities of functions against the prior given S, and distances from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ..style import BLUE, BROWN, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, WIDTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ...analysis.findings import Findings

COLOURS = {
    "SGD": BLUE,
    "SGD, batches of 2": SKY,
    "momentum": PURPLE,
    "Adam": ORANGE,
    "Adam, batches of 2": VERMILION,
    "forest": GREEN,
    "boosting": GREEN,
    "NNGP regression": BROWN,
}
"""Of the sources, in the order in which they are shown from top to bottom."""

CONTROL = "prior, other half"

SCATTERED = ("SGD", "SGD, batches of 2", "forest")

MARGIN, CORRELATION = 0.05, 0.7
"""Thresholds of the verdicts."""


def draw(findings: Findings) -> Figure:
    """Three panels: a function a dot; excess of total variation; rank correlation. Intervals: 95 %."""
    figure = Figure(figsize=(WIDTHS["text"], 2.7), layout="constrained")
    scatter, distance, ranks = figure.subplots(1, 3, width_ratios=[1.15, 1, 0.8])
    summary = findings.tables["Distance from the prior given S"]
    _scatter(scatter, findings.tables["Probabilities of functions"])
    labels = _rows(distance, summary, "total variation")
    distance.axvline(MARGIN, color=INK, linewidth=0.6, linestyle="--")
    distance.axvline(0, color="0.6", linewidth=0.6)
    distance.set_yticks(range(len(labels)), labels)
    distance.set_xlabel("excess of total variation\nover the permutation null")
    distance.set_title("distance from the prior given S")
    _rows(ranks, summary, "rank correlation")
    ranks.axvline(CORRELATION, color=INK, linewidth=0.6, linestyle="--")
    ranks.set_yticks(range(len(labels)), [""] * len(labels))
    ranks.set_xlabel("Spearman's correlation\nof probabilities")
    ranks.set_title("ranks of functions")
    ranks.set_xlim(-0.25, 1.05)
    for axes in (distance, ranks):
        axes.set_ylim(len(labels) - 0.5, -0.5)
        axes.grid(visible=False, axis="y")
    return figure


def _scatter(axes: Axes, functions: pd.DataFrame) -> None:
    """P(f|S) of three sources against that of the prior, all training sets."""
    for source in SCATTERED:
        own = functions[functions["source"] == source]
        axes.plot(
            own["prior given S"],
            own["of the source"],
            linestyle="",
            marker="^" if source == "forest" else "o",
            markersize=2.6,
            markeredgewidth=0.2,
            markeredgecolor="white",
            color=COLOURS[source],
            label=source,
        )
    shown = functions.loc[functions["source"].isin(SCATTERED), ["prior given S", "of the source"]].to_numpy(float)
    ends = np.array([shown.min() / 1.3, 1.0]) if len(shown) else np.array([0.01, 1.0])
    axes.plot(ends, ends, color="0.5", linewidth=0.6, linestyle="--")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_xlabel("P(f|S), random parameters")
    axes.set_ylabel("P(f|S), learner")
    axes.set_title("functions seen ten times in both")
    axes.legend(loc="lower right", handletextpad=0.1, borderpad=0.1, labelspacing=0.25)


def _rows(axes: Axes, summary: pd.DataFrame, column: str) -> list[str]:
    """A row a source: the mean over the training sets, filled, and the average over S, hollow."""
    fixed = summary[summary["estimand"] == "fixed S"].set_index("source")
    average = summary[summary["estimand"] != "fixed S"].set_index("source")
    shown = [(name, fixed, True) for name in (*COLOURS, CONTROL) if name in fixed.index]
    shown += [(name, average, False) for name in average.index]
    for place, (name, table, filled) in enumerate(shown):
        colour = COLOURS.get(str(name), INK)
        value, half = float(table.loc[name, column]), float(table.loc[name, f"± {column}"])
        if np.isfinite(value):
            axes.errorbar(
                value,
                place,
                xerr=half,
                fmt="o",
                color=colour,
                markerfacecolor=colour if filled else "white",
                elinewidth=0.9,
                markersize=3.4,
            )
        elif filled:
            text = axes.text(0.05, place, "too few functions", color="0.45", fontsize="x-small", va="center")
            text.set_transform(axes.get_yaxis_transform())  # x in units of the panel
    return [str(name) if filled else f"{name}, average over S" for name, _, filled in shown]
