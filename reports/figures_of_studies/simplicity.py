"""Simplicity: distances to each candidate rule on the unseen part of the cube, and the coordinates that are used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analysis.findings import Findings, Verdict
from ..style import BLUE, GREEN, INK, KNOWN, ORANGE, PURPLE, VERMILION, WIDTHS

CANDIDATES = {
    "minimum degree": (BLUE, "o"),
    "greedy tree": (GREEN, "^"),
    "constant": (ORANGE, "s"),
    "truth": (INK, "D"),
}
RANDOMISED = {"linear randomised": (VERMILION, "o"), "slabs randomised": (PURPLE, "s")}
MARKS = {"supported": "✓", "contradicted": "✗", "not decided": "?"}
SMALL = 5.5


def draw(findings: Findings) -> Figure:
    """Distances for both functions of the cube, position against n for one, and areas under the curve."""
    cube = findings.tables["Distances on the unseen part"]
    figure = Figure(figsize=(WIDTHS["text"], 4.4), layout="constrained")
    first, second, third, fourth = figure.subplots(2, 2).flat
    for axes, function, letter in ((first, "f1", "a"), (second, "f2", "b")):
        _distances(axes, cube.loc[cube["Function"] == function], findings.verdicts, function)
        axes.set_title(f"{letter}  unseen part of the cube, {function}", loc="left")
    _positions(third, cube.loc[(cube["Function"] == "f2") & (cube["Age"] == 0)])
    third.set_title("c  f2: from the truth (0) to the minimum degree (1)", loc="left")
    _coordinates(fourth, findings.tables["Use of the coordinates"], findings.verdicts)
    fourth.set_title("d  slabs: one linear coordinate or 49 others", loc="left")
    return figure


def _distances(axes: Axes, cube: pd.DataFrame, verdicts: Sequence[Verdict], function: str) -> None:
    own = cube.loc[(cube["n"] == cube["n"].max()) & (cube["Age"] == 0)]
    rows = np.arange(len(own))[::-1]
    for name, (colour, marker) in CANDIDATES.items():
        mean, half = own[name].to_numpy(float), own[f"{name} ±"].to_numpy(float)
        axes.hlines(rows, mean - half, mean + half, color=colour, linewidth=1)
        inside = "none" if name == "truth" else colour  # two candidates may be equally far
        axes.plot(
            mean, rows, marker, color=colour, markersize=3.8, label=name, linestyle="none", markerfacecolor=inside
        )
    for row, learner in zip(rows, own["Learner"], strict=True):
        for one in verdicts:
            if one.statement.startswith(f"{function}: {learner} is nearer to"):
                candidate = one.statement.partition(" to the ")[2].partition(" than")[0]
                words = candidate.removesuffix(" interpolator").replace("-", " ")
                text = f"{words}? {MARKS[one.decision]} {one.estimate:+.2f} [{one.low:+.2f}, {one.high:+.2f}]"
                axes.text(1.02, row + 0.28, text.replace("-", "−"), ha="right", fontsize=SMALL, color="0.25")
    axes.set_yticks(rows, own["Learner"])
    axes.set(xlim=(-0.03, 1.05), ylim=(-0.4, len(own) + 0.1))
    axes.set_xlabel(f"distance (1: truth to minimum degree), n = {own['n'].iloc[0]}")
    axes.grid(visible=False, axis="y")
    if function == "f1":
        axes.figure.legend(
            *axes.get_legend_handles_labels(), fontsize=SMALL + 0.5, loc="outside upper center", ncols=4,
            title="distance of the predictions to (in words: expected one; distance to the nearest other − to it):",
            title_fontsize=SMALL + 0.5,
        )  # fmt: skip


def _positions(axes: Axes, cube: pd.DataFrame) -> None:
    learners = list(cube["Learner"].unique())
    sizes = sorted(cube["n"].unique())
    for index, learner in enumerate(learners):
        own = cube.loc[cube["Learner"] == learner].sort_values("n")
        colour, marker = KNOWN[learner]
        shift = 2 ** (0.05 * (index - len(learners) / 2))
        axes.errorbar(
            own["n"] * shift, own["position"], own["position ±"], color=colour, marker=marker, label=learner,
            elinewidth=0.9,
        )  # fmt: skip
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set(xlabel="training examples n", ylabel="position of the predictions", ylim=(-0.05, 1.1))
    axes.axhline(0.5, color="0.5", linewidth=0.7, linestyle=(0, (3, 2)), zorder=1)
    axes.text(sizes[0], 0.47, "greedy tree", fontsize=SMALL, color="0.35", va="top")
    axes.legend(fontsize=SMALL, loc="lower right", ncols=2, borderaxespad=0)


def _coordinates(axes: Axes, use: pd.DataFrame, verdicts: Sequence[Verdict]) -> None:
    rows = np.arange(len(use))[::-1]
    for name, (colour, marker) in RANDOMISED.items():
        mean, half = use[name].to_numpy(float), use[f"{name} ±"].to_numpy(float)
        axes.hlines(rows, mean - half, mean + half, color=colour, linewidth=1)
        axes.plot(mean, rows, marker, color=colour, markersize=3.8, label=name, linestyle="none")
    for row, learner in zip(rows, use["Learner"], strict=True):
        for one in verdicts:
            if one.statement.startswith(f"slabs: {learner} uses"):
                text = f"linear? {MARKS[one.decision]} {one.estimate:+.2f} [{one.low:+.2f}, {one.high:+.2f}]"
                axes.text(0.75, row + 0.22, text.replace("-", "−"), ha="center", fontsize=SMALL, color="0.25")
    labels = [f"{name}, LMS-5" if name == "fcn" else name for name in use["Learner"]]
    axes.set_yticks(rows, labels)
    axes.set(xlabel="area under the ROC curve (0.5: chance)", xlim=(0.42, 1.04), ylim=(-1.0, len(use) - 0.3))
    axes.grid(visible=False, axis="y")
    axes.legend(fontsize=SMALL, loc="lower center", ncols=2, borderaxespad=0)
