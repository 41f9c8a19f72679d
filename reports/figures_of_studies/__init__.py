"""Figures of studies: a module a study, named after it, whose `draw` makes a figure of its findings alone.

A module may import matplotlib, numpy, pandas, analysis and the style of figures, and no learner, task or study. `draw`
is called within the theme of `reports.style`. A study finds its module by name: there is no list to keep.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, NullFormatter

from ...analysis.findings import Findings
from ..escaping.figures import figure_content, write_figure
from ..style import power_of_ten, theme

Draw = Callable[[Findings], Figure]


def drawn_studies() -> set[str]:
    """The names of the studies that have a figure."""
    return {one.name.replace("_", "-") for one in iter_modules(__path__) if not one.name.startswith("_")}


def study_figure(study: str, findings: Findings) -> Figure | None:
    """The figure of a study; None if it has none."""
    if study not in drawn_studies():
        return None
    draw: Draw = import_module(f".{study.replace('-', '_')}", __name__).draw
    with mpl.rc_context(theme()):
        figure = draw(findings)
    for axes in (one for one in figure.findobj(Axes) if isinstance(one, Axes)):
        for axis in (axes.xaxis, axes.yaxis):
            if isinstance(axis.get_major_formatter(), LogFormatter):  # which writes mathematics
                axis.set_major_formatter(power_of_ten)
                axis.set_minor_formatter(NullFormatter())
    return figure


def study_svg(study: str, findings: Findings) -> str:
    """The figure as the text of an SVG file; "" if there is none."""
    figure = study_figure(study, findings)
    return "" if figure is None else figure_content(figure, "svg").decode()


def write_study_figure(study: str, findings: Findings, folder: Path, name: str = "") -> list[Path]:
    """Write the figure to a folder as SVG, PDF and PNG; returns the paths, none if the study has no figure.

    name  of the files, without ending; "": the name of the study
    """
    figure = study_figure(study, findings)
    return [] if figure is None else write_figure(figure, folder, name or study)
