"""The page of studies: of each its question, what was found, published figures beside ours, its tables and figure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...analysis.findings import StudyRun
from ..figures_of_studies import study_svg
from ..studies import source_line, tables_of
from .grid import Grid, grid_of

CORNERS = {"Verdicts": "statement", "Published figures": "figure"}
"""Headings of the first column of the tables that every study may have."""


@dataclass(frozen=True)
class StudyView:
    """A study on the page.

    name     also the id of its part of the page, so that a claim can link to it
    figure   the text of an SVG file, "" if there is none; file: its name in the site
    source   its provenance
    """

    name: str
    title: str
    question: str
    grids: tuple[Grid, ...]
    figure: str
    file: str
    source: str


def study_view(run: StudyRun, number: int) -> StudyView:
    """A study. number: its place on the page, which makes the ids of its tables distinct."""
    title = run.study.replace("-", " ").capitalize()
    return StudyView(
        name=f"study-{number}",
        title=title,
        question=run.question,
        grids=tuple(_grids(run, number, title)),
        figure=study_svg(run.study, run.findings),
        file=f"study-{number}.svg",
        source=source_line(run),
    )


def _grids(run: StudyRun, number: int, title: str) -> list[Grid]:
    """The verdicts, published figures, and the first rows of the study's own tables."""
    found = []
    for index, table in enumerate(tables_of(run.findings, "")):
        own = run.findings.tables.get(table.title)
        corner = CORNERS.get(table.title, str(own.columns[0]) if own is not None and len(own.columns) else "")
        grid = grid_of(table, corner, lambda _: "", name=f"study-{number}-table-{index}")
        notes = tuple(one.replace("; --format json has all", f"; grue study {run.study} --format json has all")
                      for one in grid.notes)  # fmt: skip
        caption = f"{title}: {grid.caption[:1].lower()}{grid.caption[1:]}"  # the same tables may be of several studies
        found.append(replace(grid, notes=notes, caption=caption, prose=table.title in CORNERS))
    return found
