"""Shuffle: the share of a predictor's gain that survives shuffled training, and MNIST-1D beside published figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analysis.findings import Findings
from ..style import BLUE, GREEN, INK, VERMILION, WIDTHS

COLOURS = {"language": BLUE, "arithmetic": VERMILION}
LEVELS = {"language": 0.75, "arithmetic": 0.5}
"""Shares that the verdicts compare the mean with: above it in language, below it in arithmetic."""

NAMES = {"all": "mean of these", "mlp:encoding=counts": "mlp, counts only"}
STARTS = {"language": "language:", "arithmetic": "arithmetic:"}
SMALL = 5.5


def draw(findings: Findings) -> Figure:
    """Shares of the gain in bits and in accuracy by learner; accuracy on MNIST-1D where it was run."""
    signals = findings.tables.get("MNIST-1D")
    panels = 2 if signals is None else 3
    figure = Figure(figsize=(WIDTHS["text"], 2.8), layout="constrained")
    axes = figure.subplots(1, panels, squeeze=False)[0]
    shares = findings.tables["Share of the gain that survives"]
    for panel, measure, letter in zip(axes, ("bits", "accuracy"), "ab", strict=False):
        _shares(panel, shares.loc[shares["Measure"] == measure], findings, measure)
        panel.set_title(f"{letter}  gain in {measure}", loc="left")
    axes[1].set_yticklabels([])
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=2, fontsize=6)
    if signals is not None:
        _signals(axes[2], signals, findings)
        axes[2].set_title("c  MNIST-1D", loc="left")
    return figure


def _shares(axes: Axes, shares: pd.DataFrame, findings: Findings, measure: str) -> None:
    learners = [str(name) for name in shares["Learner"].unique()]
    rows = np.arange(len(learners))[::-1]
    for index, (domain, colour) in enumerate(COLOURS.items()):
        own = shares.loc[shares["Domain"] == domain].set_index("Learner").loc[learners]
        at = rows + (0.13 if index == 0 else -0.13)
        mean = own["Share"].to_numpy(float)
        axes.hlines(at, own["Low"], own["High"], color=colour, linewidth=1.1)
        axes.plot(mean, at, "o", color=colour, markersize=3.4, label=f"{domain} (dashed: threshold of its verdict)")
        axes.axvline(LEVELS[domain], color=colour, linewidth=0.8, linestyle=(0, (3, 2)), zorder=1)
        for one in findings.verdicts:
            if one.statement.startswith(STARTS[domain]) and one.statement.endswith(measure):
                sign = "> .75" if index == 0 else "< .5"
                text = f"{sign}? {one.estimate:.3f} [{one.low:.3f}, {one.high:.3f}] {one.decision}"
                axes.text(
                    0.995, 0.015 + 0.07 * (1 - index), text, transform=axes.transAxes, ha="right", va="bottom",
                    fontsize=SMALL, color=colour, bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
                )  # fmt: skip
    axes.axhline(rows[learners.index("all")] + 0.5, color="0.6", linewidth=0.6)
    axes.set_yticks(rows, [NAMES.get(name, name) for name in learners])
    low, high = shares["Low"].to_numpy(float).min(), shares["High"].to_numpy(float).max()
    axes.set_xlim(min(0.0, low - 0.02), max(1.02, high + 0.02))
    axes.set_ylim(-1.2, len(learners) - 0.1)
    axes.set_xlabel("share of the gain that survives")
    axes.grid(visible=False, axis="y")


def _signals(axes: Axes, signals: pd.DataFrame, findings: Findings) -> None:
    """Ours as filled marks with the combined sampling error, published as crosses."""
    models = list(signals["learner"].unique())
    for offset, presentation, colour in ((-0.12, "in order", INK), (0.12, "shuffled", GREEN)):
        for index, model in enumerate(models):
            found = [one for one in findings.published if one.figure.endswith(f" of {model}, {presentation}")]
            ours, _, error = found[0].ours.removesuffix(" %").partition(" ± ")
            first = index == 0
            axes.errorbar(
                index + offset, float(ours), float(error), fmt="o", color=colour, markersize=3.4, elinewidth=1.1,
                label=presentation if first else None,
            )  # fmt: skip
            published = float(found[0].published.removesuffix(" %"))
            label = "published" if first and presentation == "in order" else None
            axes.plot(index + offset + 0.1, published, "x", color="0.35", markersize=4, label=label)
    axes.set_xticks(range(len(models)), models)
    axes.set(ylabel="test accuracy (%)", ylim=(0, 108), xlim=(-0.5, len(models) - 0.4))
    axes.grid(visible=False, axis="x")
    axes.legend(fontsize=SMALL, loc="lower right", borderaxespad=0, handletextpad=0.2)
