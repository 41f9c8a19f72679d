"""Forgetting: score matrices of the digits, selectivity with its controls, and retention of repeated facts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure

from ...analysis.findings import Findings
from ..style import INK, WIDTHS, LineStyle, line_styles
from ._parts import matrix, note, select, verdicts_on

MARGIN = 0.1
"""Of the verdicts on selectivity (analysis/forgetting.py)."""

WORDS = {"replay": "replay of marked facts", "buffer": "one buffer", "buffer-per-mark": "buffer per mark"}


def draw(findings: Findings) -> Figure:
    """Above: R of the digits, a panel a learner. Below: selectivity, and retention by the number of presentations."""
    figure = Figure(figsize=(WIDTHS["text"], 4.5), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.75, 2.75])
    _matrices(parts[0, 0], findings)
    left, right = parts[1, 0].subplots(1, 2, width_ratios=[1.25, 1], sharey=True)
    own = findings.tables["Selectivity"]
    learners = list(dict.fromkeys(own["Learner"]))
    _selectivity(left, own, learners, findings)
    _repetition(right, findings.tables["Repetition"], learners)
    left.set_yticks(range(len(learners)), [WORDS.get(name, name) for name in learners])
    left.set_ylim(len(learners) - 0.5, -0.5)
    return figure


def _matrices(panels: SubFigure, findings: Findings) -> None:
    """The mean accuracy on each pair of classes (columns) after training on each pair (rows), continued training."""
    own = select(findings.tables["Score matrices of digits"], Training="continued")
    metrics = select(findings.tables["Continual learning"], Stream="digits", Training="continued").set_index("Learner")
    learners = list(dict.fromkeys(own["Learner"]))
    axes = panels.subplots(1, len(learners), sharey=True, squeeze=False)[0]
    for panel, letter, name in zip(axes, "abcdefgh", learners, strict=False):
        rows = select(own, Learner=name)
        columns = [column for column in rows.columns if column.startswith("On ")]
        pairs = [f"{2 * stage},{2 * stage + 1}" for stage in range(len(columns))]
        values = rows[columns].to_numpy(float, copy=True)
        values[np.triu_indices(len(values), 1)] = np.nan  # classes that have not occurred yet
        matrix(panel, values, (pairs, pairs), ".2f", Normalize(0, 1))
        one = metrics.loc[name]
        lost = f"{one['Forgetting']:.2f} ± {max(one['Forgetting ±'], 0.005):.2f}"
        panel.set_title(f"{letter}  {name}: forgetting\n{lost}", loc="left")
        panel.set_xlabel("accuracy on digits")
    axes[0].set_ylabel("after training on")


def _selectivity(axes: Axes, table: pd.DataFrame, learners: list[str], findings: Findings) -> None:
    """Selectivity of every learner with its 95 % interval, with marks (filled) and without (hollow)."""
    axes.axvspan(-MARGIN, MARGIN, color="0.93", zorder=0)
    axes.axvline(0, color="0.5", linewidth=0.6)
    for stream, offset in (("facts", -0.13), ("facts-unmarked", 0.13)):
        for row, name in enumerate(learners):
            for one in select(table, Learner=name, Stream=stream).to_dict("records"):
                _point(axes, one["Selectivity"], (one["Low"], one["High"]), row + offset, name, stream != "facts")
    own = verdicts_on(findings, "facts: ")
    decided = sum(one.decision == "equivalent" for one in own)
    note(
        axes,
        f"filled: facts with marks\nhollow: without marks\nequivalent to 0: {decided} of {len(own)} learners",
        0.97,
    )
    axes.set_title("e  selectivity, facts shown once", loc="left")
    axes.set_xlabel("retention of recurring − of single facts")
    axes.grid(visible=False, axis="y")


def _repetition(axes: Axes, table: pd.DataFrame, learners: list[str]) -> None:
    """Retention of recurring facts through a gap, shown once and more than once, without marks."""
    own = select(table, Stream="facts-unmarked").set_index("Learner")
    for row, name in enumerate(learners):
        one = own.loc[name]
        once, again = one["Shown once"], one["More than once"]
        axes.plot([once, again], [row, row], color="0.75", linewidth=1.5, zorder=1)
        half = (one["High"] - one["Low"]) / 2
        _point(axes, once, (once, once), row, name, hollow=True)
        _point(axes, again, (again - half, again + half), row, name, hollow=False)
    note(axes, "hollow: shown once\nfilled: more than once;\nbar: 95 % interval of the difference", 0.03)
    axes.set_title("f  retention, facts without marks", loc="left")
    axes.set_xlabel("accuracy before they recur")
    axes.set_xlim(-0.03, 1.05)
    axes.grid(visible=False, axis="y")


def _point(axes: Axes, value: float, ends: tuple[float, float], row: float, name: str, hollow: bool) -> None:  # noqa: FBT001
    style: LineStyle = line_styles([name])[name] if name not in WORDS else LineStyle(INK, "v")
    look = LineStyle(style.colour, style.marker, "", hollow=hollow).keywords()
    axes.plot(ends, [row, row], color=style.colour, linewidth=1.0)
    axes.plot([value], [row], **look)
