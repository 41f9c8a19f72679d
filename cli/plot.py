"""`grue plot DIR... --output DIR`: learning curves, one figure per task, and figures of other kinds."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import FamilyFilter, LearnerFilter, NameOption, SplitFilter, SuiteSeed, TaskFilter, read_selected


class FigureKind(StrEnum):
    """Names of the kinds of figures."""

    curves = "curves"
    families = "families"
    id_ood = "id-ood"
    exposure = "exposure"
    factors = "factors"
    ladder = "ladder"
    cost = "cost"
    overview = "overview"


class FigureWidth(StrEnum):
    """Names of the widths."""

    text = "text"
    column = "column"


UNCOLOURED = (FigureKind.factors, FigureKind.overview)
"""Kinds that show every learner; there --learner selects."""


def plot(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several are combined.")],
    output: Annotated[Path, typer.Option(help="Folder of the figures; created if missing.")] = Path("figures"),
    what: Annotated[
        list[FigureKind] | None,
        typer.Option(
            help="curves (a figure per task), families (OOD curves of all tasks), id-ood (OOD against ID), exposure "
            "(OOD against exposed examples), factors (algorithm, view, encoding), ladder (OOD among the heuristics), "
            "cost (OOD against time) or overview. May be repeated. Default: curves, overview, factors and the "
            "fingerprints of riddles; --learner then draws only these learners, while with --what it puts them in "
            "colour, at most six, and the others in grey."
        ),
    ] = None,
    width: Annotated[
        FigureWidth, typer.Option(help="With --what: 6.9 in, for the text of a paper, or 3.3 in, for one column.")
    ] = FigureWidth.text,
    task: TaskFilter = None,
    family: FamilyFilter = None,
    learner: LearnerFilter = None,
    split: SplitFilter = "ood",
    name: NameOption = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Draw learning curves and OOD examples to threshold for every task, riddles as fingerprints: SVG, PDF and PNG."""
    from ..reports.figures import write_figures, write_kind
    from ..reports.provenance import warnings_of
    from ..runs.errors import UsageError
    from ..runs.selection import display_names, of_learners, renamed
    from ..runs.status import read_status

    results = read_selected(dirs, suite_seed, task, family, split, measured=True)
    names = display_names(results, name or ())
    selected = renamed(of_learners(results, learner) if learner else results, names)
    coloured = [names.get(label, label) for label in results.labels(learner or ())]
    results = renamed(results, names)
    if output.exists() and not output.is_dir():
        raise typer.BadParameter(f"{output} is a file; expected a folder", param_hint="--output")
    if width is not FigureWidth.text and not what:
        raise typer.BadParameter("the width can be chosen with --what", param_hint="--width")
    for warning in warnings_of(results):
        typer.echo(f"warning: {warning}", err=True)
    output.mkdir(parents=True, exist_ok=True)
    listed = read_status().listed(results.catalogue)
    try:
        for kind in dict.fromkeys(what or ()):
            part, shown = (selected, ()) if kind in UNCOLOURED else (results, coloured)
            for path in write_kind(part, kind.value, output, learners=shown, width=width.value, listed=listed):
                typer.echo(f"wrote {path}")
        for path in () if what else write_figures(selected, output, listed):
            typer.echo(f"wrote {path}")
    except ValueError as error:
        raise UsageError(str(error)) from error
