"""`grue leaderboard [DIR...]`: the learners ranked over all tasks, and their scores on each."""

from __future__ import annotations

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .folders import (
    REFERENCE,
    FamilyFilter,
    Folders,
    LearnerFilter,
    NameOption,
    OutputFile,
    SplitFilter,
    SuiteSeed,
    TaskFilter,
    check_names,
    read_selected,
    write_text,
)

if TYPE_CHECKING:
    from ..reports.text import Layout


DEFAULT_WIDTH = 100
"""Width of the text if it goes to a file or a pipe, and COLUMNS is not set."""


class LeaderboardFormat(StrEnum):
    """Names of the formats, as on the command line."""

    text = "text"
    md = "md"
    csv = "csv"
    json = "json"
    tex = "tex"  # refused, with the command that prints LaTeX


def leaderboard(
    dirs: Folders = None,
    form: Annotated[
        LeaderboardFormat,
        typer.Option(
            "--format", help="text (terminal), md (Markdown), csv or json (one value per row). LaTeX: grue table."
        ),
    ] = LeaderboardFormat.text,
    summary: Annotated[  # noqa: FBT002
        bool, typer.Option("--summary", help="Print only the ranking and the table of all tasks.")
    ] = False,
    output: OutputFile = None,
    task: TaskFilter = None,
    family: FamilyFilter = None,
    learner: LearnerFilter = None,
    measure: Annotated[
        list[str] | None,
        typer.Option(
            "--measure",
            help="Print only the ranking, with this measure: ood, id, exposure, efficiency, code-length, solved, "
            "seconds, steps, or cost (both of them). May be repeated; the first one decides the rank.",
        ),
    ] = None,
    split: SplitFilter = "ood",
    level: Annotated[
        float, typer.Option(help="The score that exposure, efficiency and solved of the ranking refer to.")
    ] = 0.9,
    sort: Annotated[
        str, typer.Option(help="Sort the ranking by rank, by learner (name), or by a measure, which then ranks.")
    ] = "rank",
    top: Annotated[int | None, typer.Option(help="Only the first learners of the ranking, so many.")] = None,
    name: NameOption = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print the leaderboard: the ranking, a summary of all tasks, means over task families, and one table per task."""
    from ..reports.formats import render
    from ..reports.leaderboard import make_leaderboard, ranking_of, summary_of
    from ..reports.ranking import COST, MEASURES, ORDERS, RankingOptions
    from ..runs.errors import UsageError
    from ..runs.selection import display_names, renamed
    from ..runs.status import read_status

    if form is LeaderboardFormat.tex:
        raise typer.BadParameter("got tex; LaTeX is printed by grue table DIR", param_hint="--format")
    measures = tuple(one for given in measure or () for one in (COST if given == "cost" else (given,)))
    check_names(measures, MEASURES, "measure")
    check_names([sort], ORDERS, "order")
    results = read_selected(dirs or [REFERENCE], suite_seed, task, family, split)
    names = display_names(results, name or ())
    shown = tuple(names.get(label, label) for label in results.labels(learner or ()))
    results = renamed(results, names)
    try:
        options = RankingOptions(
            learners=shown,
            measures=measures,
            level=level,
            split="id" if split == "id" else "ood",
            sort=sort,
            top=top,
            every_task=bool(task),
        )
        board = make_leaderboard(results, read_status().listed(results.catalogue), options)
        board = ranking_of(board) if measures else summary_of(board) if summary else board
    except ValueError as error:
        raise UsageError(str(error)) from error
    for warning in board.warnings:
        typer.echo(f"warning: {warning}", err=True)
    write_text(render(board, form.value, _layout(output)), output)


def _layout(output: Path | None) -> Layout:
    """The width and colours of the terminal; for a file the default width, without colours."""
    from ..reports.text import Layout

    if output is not None:
        return Layout(DEFAULT_WIDTH)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Layout(shutil.get_terminal_size((DEFAULT_WIDTH, 24)).columns, colour)
