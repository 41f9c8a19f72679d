"""`grue compare OLD NEW`: which scores moved between two results, and how the fit times changed."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import OutputFile, ReportFormat, SuiteSeed, TaskFilter, read_folders, write_text


class FailOn(StrEnum):
    """What ends the command with exit code 1."""

    regression = "regression"


def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="Result folder, or reference/quick of the package.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Result folder that is compared with OLD.")],
    fail_on: Annotated[
        FailOn | None,
        typer.Option(help="regression: exit code 1 if a score is significantly worse, or a cell has lost its score."),
    ] = None,
    form: Annotated[
        ReportFormat,
        typer.Option("--format", help="text (terminal), md (Markdown), csv or json (every curve, size and fit time)."),
    ] = ReportFormat.text,
    output: OutputFile = None,
    task: TaskFilter = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Compare two results on the cells that both have: scores by paired tests with Holm's correction, and fit times."""
    from ..analysis import comparison
    from ..reports.comparison import Named, render_comparison
    from ..runs.errors import UsageError
    from ..runs.why import changes

    results = tuple(read_folders([folder], suite_seed, task, measured=True, every_metric=True) for folder in (old, new))
    before, after = results
    try:
        found = comparison.compare(before, after, changes)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if found.pairing.cells.empty:
        reasons = sorted({one.reason for one in found.pairing.refused})
        why = f"their data or metrics differ: {'; '.join(reasons)}" if reasons else "they have no cell in common"
        raise UsageError(f"{old} and {new} cannot be compared: {why}")
    named = Named(str(old), str(new), (before, after))
    write_text(render_comparison(found, named, form.value), output)
    if fail_on is FailOn.regression and found.is_regression:
        raise typer.Exit(1)
