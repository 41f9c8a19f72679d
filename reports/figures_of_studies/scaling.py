"""Figure of the study `scaling`: errors with their laws, over n and over trees; the extrapolation; the exponents."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter

from ...analysis.findings import Findings, Verdict
from ..style import BLUE, GREEN, GREY, INK, KNOWN, ORANGE, PURPLE, WIDTHS, LineStyle

LEARNERS = ("forest", "boosting", "ngram", "mlp", "transformer")
LIMIT, TREES = "forest, trees to infinity", "forest, trees"
LOOKUP = "lookup"
KINDS = (
    (0.16, ("b", "b low", "b high"), INK),
    (-0.16, ("b, c = 0", "low, c = 0", "high, c = 0"), BLUE),
)
"""Vertical shift, columns of the table and colour of the exponents of the two laws."""

COLOURS = (BLUE, ORANGE, PURPLE, GREY)


def draw(findings: Findings) -> Figure:
    """Four panels: lookup on Zipf data, learners on text, the number of trees, and the exponents."""
    figure = Figure(figsize=(WIDTHS["text"], 5.2), layout="constrained")
    ((zipf, text), (trees, exponents)) = figure.subplots(2, 2)
    curves, laws = findings.tables["Curves"], findings.tables["Laws"]
    _zipf(zipf, curves, laws)
    (giant,) = [one for one in findings.verdicts if one.statement.startswith("A forest of unlimited trees")]
    _text(text, curves, findings.tables["Extrapolation"], giant)
    _trees(trees, curves, laws)
    _exponents(exponents, laws, findings)
    return figure


def _of(table: pd.DataFrame, series: str) -> pd.DataFrame:
    return table.loc[table["Series"] == series]


def _style(name: str) -> LineStyle:
    return LineStyle(*KNOWN[name])


def _points(axes: Axes, curve: pd.DataFrame, style: LineStyle, label: str = "") -> None:
    """Means with half a 95 % interval; hollow where no law is fitted; the law as a line."""
    fitted = curve["Fitted"].to_numpy(bool)
    axes.plot(curve["Size"][fitted], curve["Law"][fitted], color=style.colour, linewidth=0.8)
    for kept, face in ((fitted, style.colour), (~fitted, "white")):
        own = curve.loc[kept]
        keywords = {"color": style.colour, "markerfacecolor": face, "markersize": 3.2, "elinewidth": 0.7}
        text = label if face != "white" else ""
        axes.errorbar(own["Size"], own["Error"], own["Half width"], fmt=style.marker, label=text, **keywords)


def _zipf(axes: Axes, curves: pd.DataFrame, laws: pd.DataFrame) -> None:
    names = [name for name in laws["Series"] if name.startswith(LOOKUP)]
    for name, colour, marker in zip(names, COLOURS, "osD^", strict=False):
        b = float(_of(laws, name)["b"].iloc[0])
        label = f"{name.removeprefix(LOOKUP + ', ')}: b = {b:.3f}"
        _points(axes, _of(curves, name), LineStyle(colour, marker), label)
    axes.set(xscale="log", yscale="log", xlabel="examples n", ylabel="error of lookup (share)")
    axes.set_title("Zipf data: b is known")
    axes.legend(fontsize="small", loc="lower left", handletextpad=0.2)


def _text(axes: Axes, curves: pd.DataFrame, reach: pd.DataFrame, verdict: Verdict) -> None:
    for name in LEARNERS:
        _points(axes, _of(curves, name), _style(name), name)
    far = _of(reach, LIMIT)
    axes.fill_between(far["n"], far["Low"], far["High"], color=GREEN, alpha=0.18, linewidth=0)
    axes.plot(far["n"], far["Error"], color=GREEN, linestyle=(0, (3, 1.5)), linewidth=0.9)
    axes.text(
        0.98,
        0.66,
        f"dashed: forest, unlimited trees\nn = 10⁹: {verdict.estimate:.2f} [{verdict.low:.2f}, {verdict.high:.2f}]\n"
        "(interval: also 100 trees)",
        transform=axes.transAxes,
        ha="right",
        fontsize="small",
        color=INK,
    )
    highest = float(curves.loc[curves["Series"].isin(LEARNERS), "Error"].to_numpy(float).max())
    chance = float(_of(curves, LEARNERS[0])["Chance"].iloc[0])
    axes.axhline(chance, color=GREY, linewidth=0.7, linestyle=(0, (1, 1.5)))
    axes.set(xscale="log", yscale="log", xlabel="examples n", ylabel="bits per character")
    axes.set_title("text, and a very large forest")
    _bits(axes, float(far["Low"].to_numpy(float).min()), highest)
    axes.legend(fontsize="small", loc="lower left", handletextpad=0.2)


def _trees(axes: Axes, curves: pd.DataFrame, laws: pd.DataFrame) -> None:
    curve, law = _of(curves, TREES), _of(laws, TREES).iloc[0]
    _points(axes, curve, _style("forest"), f"b = {law['b']:.2f} [{law['b low']:.2f}, {law['b high']:.2f}]")
    axes.axhline(law["c"], color=GREEN, linewidth=0.8, linestyle=(0, (3, 1.5)), label=f"limit c = {law['c']:.3f} bits")
    axes.set(xscale="log", yscale="log", xlabel="number of trees", ylabel="bits per character", title="forest, n fixed")
    _bits(axes, float(law["c"]), float(curve["Error"].to_numpy(float).max()))
    axes.legend(fontsize="small", loc="upper right")


def _bits(axes: Axes, low: float, high: float) -> None:
    """Plain numbers at a few bits: the range is less than a decade."""
    ticks = [tick for tick in (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8) if 0.95 * low <= tick <= 1.05 * high]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter(ScalarFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(0.92 * low, 1.06 * high)


def _exponents(axes: Axes, laws: pd.DataFrame, findings: Findings) -> None:
    """B with its interval: with offset, and without; the known value of lookup as a cross."""
    own = laws.loc[~laws["Series"].str.contains("noise") & (laws["Series"] != TREES)]
    known = {row.figure.rpartition(", ")[2]: float(row.published) for row in findings.published}
    names = list(own["Series"])
    for position, (_, row) in enumerate(own.iterrows()):
        y = len(names) - 1 - position
        identified = row["b identified"] == "yes"
        name = str(row["Series"])
        for shift, keys, colour in KINDS:
            if colour == INK and not identified:
                axes.annotate("not identified", (0.02, y + shift), fontsize="x-small", va="center", color=INK)
                continue
            value, low, high = (float(row[key]) for key in keys)
            axes.plot([low, high], [y + shift] * 2, color=colour, linewidth=1)
            axes.plot([value], [y + shift], "o", color=colour, markersize=3)
        if (truth := known.get(name.rpartition(", ")[2])) is not None:
            axes.plot([truth], [y], "x", color=ORANGE, markersize=6, markeredgewidth=1.3)
    handles = [("o", INK, "law with offset"), ("o", BLUE, "law without offset"), ("x", ORANGE, "known (Hutter 2021)")]
    for marker, colour, label in handles:
        axes.plot([], [], marker, color=colour, label=label, markersize=4)
    axes.set_yticks(np.arange(len(names))[::-1], names)
    axes.set(xlabel="exponent b, with 95 % interval", title="exponents", ylim=(-0.6, len(names) - 0.4))
    axes.set_xlim(left=0)
    axes.legend(fontsize="small", loc="lower right")
