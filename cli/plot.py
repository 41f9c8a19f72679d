"""`grue plot DIR... --output DIR`: learning curves, one figure per task."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .folders import FamilyFilter, LearnerFilter, SplitFilter, SuiteSeed, TaskFilter, read_selected


def plot(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several are combined.")],
    output: Annotated[Path, typer.Option(help="Folder of the figures; created if missing.")] = Path("figures"),
    task: TaskFilter = None,
    family: FamilyFilter = None,
    learner: LearnerFilter = None,
    split: SplitFilter = "ood",
    suite_seed: SuiteSeed = None,
) -> None:
    """Draw learning curves and OOD examples to threshold for every task, riddles as fingerprints: SVG, PDF and PNG."""
    from ..reports.figures import write_figures
    from ..reports.provenance import warnings_of
    from ..runs.errors import UsageError
    from ..runs.selection import of_learners
    from ..runs.status import read_status

    results = read_selected(dirs, suite_seed, task, family, split, measured=True)
    results = of_learners(results, learner) if learner else results
    if output.exists() and not output.is_dir():
        raise typer.BadParameter(f"{output} is a file; expected a folder", param_hint="--output")
    for warning in warnings_of(results):
        typer.echo(f"warning: {warning}", err=True)
    output.mkdir(parents=True, exist_ok=True)
    try:
        for path in write_figures(results, output, read_status().listed(results.catalogue)):
            typer.echo(f"wrote {path}")
    except ValueError as error:
        raise UsageError(str(error)) from error
