"""`grue leaderboard DIR...`: who keeps the rule, as a table."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import SuiteSeed, read_folders, write_text


class Format(StrEnum):
    """Names of the formats, as on the command line."""

    text = "text"
    md = "md"
    csv = "csv"
    json = "json"
    tex = "tex"


def leaderboard(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several make one table.")],
    form: Annotated[
        Format,
        typer.Option("--format", help="text: for a terminal; md; csv, json: a figure a row; tex: booktabs."),
    ] = Format.text,
    summary: Annotated[bool, typer.Option("--summary", help="Only the board of tasks.")] = False,  # noqa: FBT002
    output: Annotated[Path | None, typer.Option(help="A file instead of the standard output.")] = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print the leaderboard: a board of all tasks, means over families, and a table a task."""
    from ..reports.formats import render
    from ..reports.leaderboard import make_leaderboard, summary_of
    from ..runs.errors import UsageError

    results = read_folders(dirs, suite_seed)
    try:
        board = make_leaderboard(results)
        board = summary_of(board) if summary else board
    except ValueError as error:
        raise UsageError(str(error)) from error
    for warning in board.warnings:
        typer.echo(f"warning: {warning}", err=True)
    write_text(render(board, form.value), output)
