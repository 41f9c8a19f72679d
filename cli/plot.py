"""`grue plot DIR... --output DIR`: the learning curves, a figure a task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .folders import SuiteSeed, read_folders


def plot(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several make one figure a task.")],
    output: Annotated[Path, typer.Option(help="Where the figures go; the folder is made where needed.")] = Path(
        "figures"
    ),
    suite_seed: SuiteSeed = None,
) -> None:
    """Draw every task: scores against n, and the price of the rule; riddles as fingerprints. SVG, PDF and PNG."""
    from ..reports.figures import write_figures
    from ..reports.provenance import warnings_of
    from ..runs.errors import UsageError

    results = read_folders(dirs, suite_seed, measured=True)
    if output.exists() and not output.is_dir():
        raise typer.BadParameter(f"{output} is a file; expected a folder", param_hint="--output")
    for warning in warnings_of(results):
        typer.echo(f"warning: {warning}", err=True)
    output.mkdir(parents=True, exist_ok=True)
    try:
        for path in write_figures(results, output):
            typer.echo(f"wrote {path}")
    except ValueError as error:
        raise UsageError(str(error)) from error
