"""`grue leaderboard DIR...`: the scores of all learners as tables."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import SuiteSeed, TaskFilter, read_folders, write_text


class LeaderboardFormat(StrEnum):
    """Names of the formats, as on the command line."""

    text = "text"
    md = "md"
    csv = "csv"
    json = "json"
    tex = "tex"  # refused, with the command that prints LaTeX


def leaderboard(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several are combined.")],
    form: Annotated[
        LeaderboardFormat,
        typer.Option(
            "--format", help="text (terminal), md (Markdown), csv or json (one value per row). LaTeX: grue table."
        ),
    ] = LeaderboardFormat.text,
    summary: Annotated[bool, typer.Option("--summary", help="Print only the summary table of all tasks.")] = False,  # noqa: FBT002
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
    task: TaskFilter = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print the leaderboard: a summary of all tasks, means over task families, and one table per task."""
    from ..reports.formats import render
    from ..reports.leaderboard import make_leaderboard, summary_of
    from ..runs.errors import UsageError
    from ..runs.status import read_status

    if form is LeaderboardFormat.tex:
        raise typer.BadParameter("got tex; LaTeX is printed by grue table DIR", param_hint="--format")
    results = read_folders(dirs, suite_seed, task)
    try:
        board = make_leaderboard(results, read_status().listed(results.catalogue))
        board = summary_of(board) if summary else board
    except ValueError as error:
        raise UsageError(str(error)) from error
    for warning in board.warnings:
        typer.echo(f"warning: {warning}", err=True)
    write_text(render(board, form.value), output)
