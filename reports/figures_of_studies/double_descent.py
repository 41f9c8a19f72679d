"""Double descent: test error over capacity for three learners, grids of the forest, and effective parameters."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from ...analysis.findings import Findings
from ..style import BLUE, GREEN, INK, ORANGE, SKY, VERMILION, WIDTHS
from ._parts import estimate, matrix, note, select, verdicts_on

CLASSES = 10
HANDOVER = "leaves then trees"

FOURIER = "random Fourier features: test error peaks"
RIDGE = "tuned ridge removes"
FOREST = "interpolating forest: test error peaks"
DEFAULTS = "forest with scikit-learn's defaults: test error peaks"
NETWORK = "network: the peak grows"
SHADES = (SKY, BLUE, INK)
"""Of the levels of label noise, from the lowest."""


def draw(findings: Findings) -> Figure:
    """Above: error of Fourier features, a forest and a network. Below: the forest's grids, and error against p_eff."""
    curves = findings.tables["Curves"]
    noises = sorted(curves["noise"].unique())
    figure = Figure(figsize=(WIDTHS["text"], 4.7), layout="constrained")
    panels = figure.subplots(2, 3)
    fourier, forest, network, grid, effective, mechanism = panels.flat
    _fourier(fourier, curves, noises, findings)
    _forest(forest, curves, noises, findings)
    _network(network, curves, noises, findings)
    for axes, title, form, letter in (
        (grid, "test error", ".2f", "d"),
        (effective, "effective parameters", ".0f", "e"),
    ):
        name = f"Grid of forest, noise {noises[-1]:g}: {title}"
        _grid(axes, findings.tables[name], form)
        axes.set_title(f"{letter}  forest: {title}", loc="left")
    _mechanism(mechanism, curves, noises[-1], findings)
    return figure


def _fourier(axes: Axes, curves: pd.DataFrame, noises: list[float], findings: Findings) -> None:
    for noise, colour in zip(noises, SHADES, strict=False):
        _line(axes, select(curves, model="fourier", noise=noise), "capacity", colour, f"noise {noise:g}")
    own = select(curves, model="fourier-ridge", noise=noises[-1])
    _line(axes, own, "capacity", ORANGE, f"ridge, noise {noises[-1]:g}", dashes=(0, (3, 1.5)))
    _mark(axes, own["examples"].iloc[0])
    axes.set(xscale="log", xlabel="features N (dashed: N = n)", ylabel="test error", ylim=(0, 1.3))
    axes.set_title("a  random Fourier features", loc="left")
    _legend(axes)
    lines = [f"peak:\n{estimate(one)}" for one in verdicts_on(findings, FOURIER)]
    lines += [f"tuned ridge:\n{estimate(one, 3)}" for one in verdicts_on(findings, RIDGE)]
    note(axes, "\n".join(lines), 0.03, 0.97)


def _forest(axes: Axes, curves: pd.DataFrame, noises: list[float], findings: Findings) -> None:
    for noise, colour in zip(noises, SHADES, strict=False):
        own = select(curves, model="forest", axis=HANDOVER, noise=noise).reset_index(drop=True)
        _line(axes, own.assign(place=own.index), "place", colour, f"noise {noise:g}")
    own = select(curves, model="forest-defaults", axis=HANDOVER, noise=noises[-1]).reset_index(drop=True)
    _line(axes, own.assign(place=own.index), "place", ORANGE, f"defaults, noise {noises[-1]:g}", dashes=(0, (3, 1.5)))
    leaves, trees = (own["point"].str.extract(pattern)[0] for pattern in (r"^(\w+)", r"x (\d+)$"))
    labels = [tree if leaf == "full" and tree != "1" else leaf for leaf, tree in zip(leaves, trees, strict=True)]
    axes.set_xticks(own.index, labels, rotation=90)
    handover = ((leaves == "full") & (trees == "1")).to_numpy()
    _mark(axes, float(handover.argmax()))
    axes.set(xlabel="leaves of a tree, then trees", ylabel="test error")
    axes.set_ylim(0, 1.3 * own["test_error"].to_numpy().max())
    axes.set_title("b  forest", loc="left")
    _legend(axes)
    lines = [f"peak: {estimate(one, 3)}" for one in verdicts_on(findings, FOREST)]
    lines += [f"defaults: {estimate(one, 3)}" for one in verdicts_on(findings, DEFAULTS)]
    note(axes, "\n".join(lines))


def _network(axes: Axes, curves: pd.DataFrame, noises: list[float], findings: Findings) -> None:
    for noise, colour in zip(noises, SHADES, strict=False):
        own = select(curves, model="network", noise=noise)
        _line(axes, own, "capacity", colour, f"noise {noise:g}")
    _mark(axes, CLASSES * select(curves, model="network")["examples"].iloc[0])
    axes.set(xscale="log", xlabel="parameters (dashed: n × classes)", ylabel="test error")
    sizes = sorted(select(curves, model="network")["capacity"].unique())[::2]
    axes.set_xticks(sizes, [f"{size:.0f}" for size in sizes])
    axes.set_ylim(bottom=0)
    axes.set_title("c  network, one hidden layer", loc="left")
    _legend(axes)
    growth = f"peak, noise {noises[-1]:g} − noise {noises[0]:g}:"
    note(axes, "\n".join(f"{growth}\n{estimate(one, 3)}" for one in verdicts_on(findings, NETWORK)))


def _grid(axes: Axes, table: pd.DataFrame, form: str) -> None:
    """Leaves x trees; colours of effective parameters by the logarithm."""
    values = table.drop(columns="Leaves").to_numpy(float)
    leaves = [*table["Leaves"].iloc[:-1], "full"]
    trees = [name.removesuffix(" trees") for name in table.columns.drop("Leaves")]
    norm = (Normalize if form == ".2f" else LogNorm)(float(values.min()), float(values.max()))
    matrix(axes, values, (leaves, trees), form, norm)
    axes.set(xlabel="trees", ylabel="leaves of a tree")


def _mechanism(axes: Axes, curves: pd.DataFrame, noise: float, findings: Findings) -> None:
    """Test error against effective parameters, joined in the order of capacity."""
    for model, axis, colour, label in (
        ("fourier", "features", VERMILION, "Fourier"),
        ("forest", HANDOVER, GREEN, "forest, leaves then trees"),
    ):
        own = select(curves, model=model, axis=axis, noise=noise)
        axes.plot(own["p_eff_test"], own["test_error"], "-o", color=colour, label=label, markersize=2.6)
        axes.plot(own["p_eff_test"].iloc[:1], own["test_error"].iloc[:1], "o", color="w", markeredgecolor=colour)
    axes.set(xscale="log", xlabel="effective parameters p_eff", ylabel="test error")
    axes.set_title(f"f  mechanism, noise {noise:g}", loc="left")
    axes.set_ylim(-0.3, 1.15)
    axes.legend(fontsize=5, loc="upper right", borderaxespad=0)
    models = ("fourier", "forest")
    verdicts = [one for model in models for one in verdicts_on(findings, f"{model}: in the order of effective")]
    lines = [f"{one.statement.partition(':')[0]}: {estimate(one, 3)}" for one in verdicts]
    note(axes, "\n".join(["second descent in the order of p_eff", *lines, "(ring: the least capacity)"]))


def _line(axes: Axes, own: pd.DataFrame, x: str, colour: str, label: str, dashes: object = "-") -> None:
    """Mean test error with a band, 95 % of Student's t over seeds."""
    own = own.sort_values(x)
    mean, half = own["test_error"], own["± test_error"]
    axes.fill_between(own[x], mean - half, mean + half, color=colour, alpha=0.18, linewidth=0)
    axes.plot(own[x], mean, color=colour, linestyle=dashes, marker="o", markersize=2, label=label)


def _mark(axes: Axes, x: float) -> None:
    """A line where a learner begins to interpolate."""
    axes.axvline(x, color="0.5", linewidth=0.7, linestyle=(0, (3, 2)), zorder=1)


def _legend(axes: Axes) -> None:
    axes.minorticks_off()
    axes.legend(fontsize=5, handlelength=2, loc="upper right", labelspacing=0.25, borderaxespad=0)
