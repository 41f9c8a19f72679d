"""Figure of the study of forgetting: the score matrix R of every learner, and retention and selectivity by stage.

The training regime of a learner is "continued" if the learner supports it, else "refitted".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import wrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from ..analysis.forgetting import Report
from ..analysis.intervals import interval
from ..metrics import forgetting as metrics
from .escaping.figures import FORMATS, save_figure
from .forgetting import source_line
from .style import WIDTHS, line_styles, theme

WIDTH, MATRICES, CURVES, FOOTER = WIDTHS["text"], 1.6, 1.7, 0.42
"""Lengths in inches: width of the figure, heights of a row of matrices, of a row of curves and of the footer."""

DODGE = 0.06
"""Horizontal offset between learners, in stages, so that no interval hides another."""

DARK = 0.6
"""Accuracy above which the number in a cell of a matrix is white, since the cell is dark."""

Matrices = dict[str, np.ndarray]

PANELS: dict[str, Callable[[Matrices, int], np.ndarray]] = {
    "retention of single facts": lambda by_kind, gap: metrics.retention_shown_once(by_kind["single"], gap),
    "selectivity": lambda by_kind, gap: metrics.selectivity(by_kind["recurring"], by_kind["single"], gap),
    "selectivity (shown once)": lambda by_kind, gap: metrics.selectivity_shown_once(
        by_kind["recurring"], by_kind["single"], gap
    ),
}


def write_figure(report: Report, folder: Path) -> Iterator[Path]:
    """Write the figure to `folder` as SVG, PDF and PNG; yields each file once it is written."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(theme()):
        figure = draw(report)
        for form in FORMATS:
            path = folder / f"forgetting.{form}"
            save_figure(figure, path, form)
            yield path


def draw(report: Report) -> Figure:
    """Draw one row per stream: matrices for a stream without recurring facts, curves for one with them."""
    heights = [CURVES if report.gaps[stream] else MATRICES for stream in report.streams]
    figure = Figure(figsize=(WIDTH, sum(heights) + FOOTER), layout="constrained")
    grid = figure.add_gridspec(len(heights) + 1, 1, height_ratios=[*heights, FOOTER])
    rows = [figure.add_subfigure(grid[index]) for index in range(len(heights) + 1)]
    for stream, row in zip(report.streams, rows, strict=False):
        gap = report.gaps[stream]
        if gap is None:
            _matrices(report, stream, row)
        else:
            _curves(report, stream, gap, row)
    _footer(report, rows[-1])
    return figure


def _trajectories(report: Report, stream: str) -> dict[str, tuple[str, list[Matrices]]]:
    """The training regime of every learner, and its matrices R by kind for every seed."""
    continued = report.learners(stream, "continued")
    regimes = {name: "continued" if name in continued else "refitted" for name in report.learners(stream, "refitted")}
    return {name: (regime, report.matrices(stream, regime, name)) for name, regime in regimes.items()}


def _matrices(report: Report, stream: str, row: SubFigure) -> None:
    trajectories = _trajectories(report, stream)
    row.suptitle(
        f"{stream}: accuracy on each stage (columns) after training on each stage (rows)",
        x=0.01,
        ha="left",
        fontsize=7.5,
    )
    panels = row.subplots(1, max(len(trajectories), 4), squeeze=False)[0]
    for panel, (name, (regime, seeds)) in zip(panels, trajectories.items(), strict=False):
        mean = np.mean([by_kind[""] for by_kind in seeds], axis=0)
        panel.imshow(mean, cmap="Blues", vmin=0, vmax=1)
        for (after, stage), value in np.ndenumerate(mean):
            text = f"{value:.2f}".replace("0.", ".").replace("1.00", "1")
            if after >= stage:
                panel.text(
                    stage, after, text, ha="center", va="center", fontsize=5, color="w" if value > DARK else "0.2"
                )
        panel.set_title(name + ("*" if regime == "refitted" else ""))
        ticks = range(len(mean))
        panel.set_xticks(ticks, [str(tick) for tick in ticks])
        panel.set_yticks(ticks, [str(tick) for tick in ticks])
        panel.grid(visible=False)
    for panel in panels[len(trajectories) :]:
        panel.set_axis_off()


def _curves(report: Report, stream: str, gap: int, row: SubFigure) -> None:
    trajectories = _trajectories(report, stream)
    styles = line_styles(trajectories)
    row.suptitle(f"{stream}: at the end of a gap of {gap} stages", x=0.01, ha="left", fontsize=7.5)
    panels: list[Axes] = list(row.subplots(1, len(PANELS), squeeze=False)[0])
    for panel, (title, metric) in zip(panels, PANELS.items(), strict=True):
        for index, (name, (_, seeds)) in enumerate(trajectories.items()):
            values = np.array([metric(by_kind, gap) for by_kind in seeds])[:, gap - 1 :]  # (seeds, stages)
            intervals = [interval(column) for column in values.T]
            stages = np.arange(gap - 1, gap - 1 + len(intervals)) + DODGE * (index - (len(trajectories) - 1) / 2)
            means = [one.mean for one in intervals]
            errors = np.nan_to_num([one.half_width for one in intervals])
            panel.errorbar(stages, means, errors, elinewidth=0.4, **styles[name].keywords())
        panel.set_title(title, loc="left")
        panel.set_xlabel("after stage")
        panel.axhline(0, color="0.55", linewidth=0.6, zorder=1)
        panel.set_ylim(*((-0.05, 1.06) if "retention" in title else (-0.55, 0.95)))


def _footer(report: Report, row: SubFigure) -> None:
    continued = {name for stream in report.streams for name in report.learners(stream, "continued")}
    names = list(dict.fromkeys(report.rows["learner"].tolist()))
    styles = line_styles(names)
    handles = [
        Line2D([], [], label=name + ("" if name in continued else "*"), **styles[name].keywords()) for name in names
    ]
    row.legend(handles=handles, ncols=len(handles), loc="upper left", borderpad=0)
    notes = (
        "* no continued training: refitted to the current stage. Bars: 95 % intervals, t over seeds. "
        + source_line(report)
    )
    row.text(0.01, 0.02, "\n".join(wrap(notes, 170)), fontsize=5, color="0.35", va="bottom")
