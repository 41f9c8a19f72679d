"""The prior over functions: probability against rank for networks and for learners, and against complexity."""

from __future__ import annotations

from math import log

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...analysis.findings import Findings
from ..style import BLUE, BROWN, GREEN, INK, ORANGE, PURPLE, SKY, VERMILION, WIDTHS
from ._parts import estimate, note, select, verdicts_on

BASE = "(7,40,40,1) ReLU"

COLOURED = {
    BASE: BLUE,
    "10 layers of ReLU": SKY,
    "10 layers of tanh, sigma_w 8, inputs -1 and 1": VERMILION,
    "recurrent, tanh": BROWN,
    "convolutional": ORANGE,
    "one input in [-1, 1], 128 points": PURPLE,
}
"""Networks on 128 points that are in colour, by the start of their names; the others are grey."""

LEARNERS = {"(4,40,40,1) ReLU": BLUE, "forest": GREEN, "boosting": PURPLE, "neighbours": SKY}

LARGE, SMALL_DOMAIN = 128, 16
"""Points of the domains of the two panels of ranks."""


def draw(findings: Findings) -> Figure:
    """P against rank on 128 and on 16 points with the Zipf guide; P against K_LZ with the Levin-type bound."""
    ranks, complexity = findings.tables["Functions by rank"], findings.tables.get("Probability and complexity")
    figure = Figure(figsize=(WIDTHS["text"], 3.0), layout="constrained")
    networks, learners, simplicity = figure.subplots(1, 3)
    points = (1 / (log(2) * ranks["Zipf guide"] * ranks["rank"])).round()
    _ranks(networks, ranks.loc[points == LARGE], COLOURED, LARGE)
    for one in verdicts_on(findings, "from rank 10"):
        networks.set_ylim(bottom=ranks["probability"].min() / 30)
        note(networks, f"slope of {BASE}:\n{estimate(one)} (Zipf: −1)")
    networks.set_title("a  networks, 128 points", loc="left")
    _ranks(learners, ranks.loc[points == SMALL_DOMAIN], LEARNERS, SMALL_DOMAIN)
    learners.set_title("b  random labels, 16 points", loc="left")
    simplicity.set_title("c  probability and complexity", loc="left")
    if complexity is not None and BASE in set(complexity["source"]):
        _simplicity(simplicity, select(complexity, source=BASE), findings)
    else:
        simplicity.set_axis_off()
        note(simplicity, "too few functions were seen ten times")
    return figure


def _ranks(axes: Axes, ranks: pd.DataFrame, coloured: dict[str, str], points: int) -> None:
    """P by rank, a line a source; bands: Wilson's intervals."""
    labelled = [(source, colour) for source in ranks["source"].unique() if (colour := _colour(source, coloured))]
    grey = [source for source in ranks["source"].unique() if not _colour(source, coloured)]
    for source in grey:
        own = select(ranks, source=source)
        axes.plot(own["rank"], own["probability"], color="0.78", linewidth=0.6)
    for source, colour in sorted(labelled, key=lambda one: list(coloured.values()).index(one[1])):
        own = select(ranks, source=source)
        axes.fill_between(own["rank"], own["low"], own["high"], color=colour, alpha=0.25, linewidth=0)
        label = "one real input" if source.startswith("one input") else source.removesuffix(", inputs -1 and 1")
        axes.plot(own["rank"], own["probability"], color=colour, label=label, marker="." if len(own) < 3 else "")  # noqa: PLR2004
    if grey:
        axes.plot([], [], color="0.78", linewidth=0.6, label="other networks")
    ends = np.array([1, ranks["rank"].max()])
    axes.plot(ends, 1 / (points * log(2) * ends), color=INK, linewidth=0.8, linestyle=(0, (3, 2)), label="Zipf guide")
    axes.set(xscale="log", yscale="log", xlabel="rank", ylabel="probability of a function")
    axes.minorticks_off()
    axes.legend(fontsize=5, handlelength=1.6, loc="upper right", labelspacing=0.25, borderaxespad=0)


def _colour(source: str, coloured: dict[str, str]) -> str:
    return next((colour for start, colour in coloured.items() if source.startswith(start)), "")


def _simplicity(axes: Axes, own: pd.DataFrame, findings: Findings) -> None:
    """The most likely function and the median at each K_LZ, and the bound with the decade below it."""
    own = own.sort_values("K_LZ")
    bound = own["bound"].to_numpy()
    axes.fill_between(own["K_LZ"], bound / 10, bound, color=BLUE, alpha=0.15, linewidth=0, label="decade below it")
    axes.plot(own["K_LZ"], bound, color=INK, linewidth=0.8, linestyle=(0, (3, 2)), label="Levin-type bound")
    axes.plot(own["K_LZ"], own["largest probability"], "o", color=BLUE, label=f"{BASE}: most likely")
    axes.plot(own["K_LZ"], own["median probability"], "_", color=ORANGE, label="median of those seen 10 times")
    axes.set(yscale="log", xlabel="K_LZ of the function, bits", ylabel="probability of a function")
    low, high = own["median probability"].min(), own["largest probability"].max()
    axes.set(ylim=(low / 3000, high * 30), xlim=(0, own["K_LZ"].max() * 1.75))
    axes.minorticks_off()
    axes.legend(fontsize=5, handlelength=1.6, loc="lower left", labelspacing=0.25, borderaxespad=0)
    bounds = select(findings.tables["Levin-type bound"], source=BASE)
    lines = [f"mass within the decade:\n{share:.3f}" for share in bounds["mass within a decade"]]
    lines += [
        f"mean K_LZ − random strings:\n{estimate(one, 1)}" for one in verdicts_on(findings, "functions of the base")
    ]
    note(axes, "\n".join(lines), 0.98, 0.98)
