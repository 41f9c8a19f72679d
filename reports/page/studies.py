"""The page of studies: of each its question, what was found, its tables and its figure."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO

import matplotlib as mpl

from ...analysis.forgetting import Report
from ..escaping.figures import save_figure
from ..forgetting import QUESTION, forgetting_tables, source_line, verdicts
from ..forgetting_figure import draw
from ..style import theme
from .grid import Grid, Link, grid_of


@dataclass(frozen=True)
class StudyView:
    """A study on the page. verdicts: a line each; figure: the text of an SVG file; source: its provenance."""

    title: str
    question: str
    verdicts: tuple[str, ...]
    grids: tuple[Grid, ...]
    figure: str
    source: str


def forgetting_view(report: Report, link: Link) -> StudyView:
    """The study of forgetting. link: the page of a learner."""
    with mpl.rc_context(theme()):
        svg = StringIO()
        save_figure(draw(report), svg, "svg")
    return StudyView(
        title="Forgetting",
        question=QUESTION,
        verdicts=tuple(verdicts(report)),
        grids=tuple(grid_of(table, "learner", link) for table in forgetting_tables(report)),
        figure=svg.getvalue(),
        source=source_line(report),
    )
