"""Equivariance: error under shifts against n and age, and what training does to the convolutional solution."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ...analysis.findings import Findings, Verdict
from ..style import WIDTHS, LineStyle, line_styles
from ._parts import forest_plot, select, verdicts_on

FALLS = "The error of a trained MLP under shifts does not fall with n: "
KEEPS = "Training keeps the convolutional solution: "
HALF = 0.5

MEASURES = (
    ("identity-bits", "all positions"),
    ("identity-bits", "frozen position"),
    ("translation", "within the left half"),
    ("translation", "to the right half"),
)


def draw(findings: Findings) -> Figure:
    """Above: a panel a measure. Below: the change of the MLP's error with n, and the share that keeps the solution."""
    errors = findings.tables["Error under shifts"]
    figure = Figure(figsize=(WIDTHS["text"], 4.6), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.4, 2.2])
    above, below = parts[:, 0]
    panels = above.subplots(1, len(MEASURES), sharey=True)
    for axes, letter, (task, measure) in zip(panels, "abcd", MEASURES, strict=True):
        _errors(axes, select(errors, task=task, measure=measure))
        axes.set_title(f"{letter}  {task}:\n{measure}", loc="left")
    panels[0].set_ylabel("error under shifts")
    styles = line_styles(errors["learner"].unique())
    handles = [
        Line2D([], [], label=name, **styles[name].keywords()) for name in styles if name in set(errors["learner"])
    ]
    ages = sorted(errors["age"].unique())
    if len(ages) > 1:
        grey = LineStyle("0.4", "o", "", hollow=True).keywords()
        handles.append(Line2D([], [], label=f"{ages[-1]:.0f} steps after the fit", **grey))
    above.legend(handles=handles, loc="outside lower center", ncols=4, fontsize=6)
    changes, kept = below.subplots(1, 2)
    trends = verdicts_on(findings, FALLS)
    forest_plot(changes, trends, [_label(one, FALLS) for one in trends], 0)
    changes.set_xlabel("error of the MLP: largest n − smallest n")
    changes.set_title("e  does it come closer with n?", loc="left")
    starts = verdicts_on(findings, KEEPS)
    forest_plot(kept, starts, [_label(one, KEEPS).replace("\n", ": ") for one in starts], HALF)
    kept.set(xlabel="share of seeds that keep it", xlim=(-0.03, 1.03))
    kept.set_title("f  MLP started at the solution", loc="left")
    return figure


def _errors(axes: Axes, own: pd.DataFrame) -> None:
    """Error over n at age 0; hollow markers: after further training."""
    styles = line_styles(own["learner"].unique())
    for name in dict.fromkeys(own["learner"]):
        fitted = select(own, learner=name, age=0).sort_values("n")
        axes.errorbar(fitted["n"], fitted["error"], fitted["± error"], elinewidth=0.6, **styles[name].keywords())
        later = own.loc[(own["learner"] == name).to_numpy() & (own["age"] > 0).to_numpy()]
        aged = LineStyle(styles[name].colour, styles[name].marker, "", hollow=True).keywords()
        axes.errorbar(later["n"] * 1.12, later["error"], later["± error"], elinewidth=0.6, **aged)
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes := sorted(own["n"].unique()), [f"{size:.0f}" for size in sizes], rotation=45)
    axes.minorticks_off()
    axes.set_xlabel("training examples n")


def _label(one: Verdict, start: str) -> str:
    words = one.statement.removeprefix(start).replace("initial margin", "margin")
    return f"{words}\n{one.decision}"
