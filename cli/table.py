"""`grue table [DIR...]`: tables for papers."""

from __future__ import annotations

import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import (
    REFERENCE,
    FamilyFilter,
    Folders,
    LearnerFilter,
    OutputFile,
    SuiteSeed,
    TaskFilter,
    read_selected,
    write_text,
)


class What(StrEnum):
    """What a table shows."""

    summary = "summary"
    task = "task"
    curves = "curves"
    exposure = "exposure"
    pairs = "pairs"
    factors = "factors"


class TableFormat(StrEnum):
    """Names of the formats, as on the command line."""

    tex = "tex"
    md = "md"
    csv = "csv"
    json = "json"


class TableWidth(StrEnum):
    """Names of the widths."""

    text = "text"
    column = "column"


def table(
    dirs: Folders = None,
    what: Annotated[
        What,
        typer.Option(
            help="summary (all tasks), task (one table each), curves (score against n), exposure (OOD score against "
            "exposed examples), pairs (paired differences), factors (algorithm, view, encoding)."
        ),
    ] = What.summary,
    form: Annotated[
        TableFormat,
        typer.Option("--format", help="tex (booktabs), md (Markdown), csv or json (tidy rows for pandas)."),
    ] = TableFormat.tex,
    width: Annotated[
        TableWidth, typer.Option(help="tex: fit the width of the text, or of one column of two.")
    ] = TableWidth.text,
    task: TaskFilter = None,
    family: FamilyFilter = None,
    learner: LearnerFilter = None,
    macros: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write one LaTeX macro for each figure to this file.")
    ] = None,
    output: OutputFile = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print tables for a paper: what is best or not significantly worse is bold, and what was not fitted is marked."""
    from ..reports.paper.formats import comments_of, make_sheets, render_sheets
    from ..reports.paper.macros import macros as write_macros
    from ..reports.provenance import warnings_of
    from ..runs.errors import UsageError
    from ..runs.status import read_status

    results = read_selected(dirs or [REFERENCE], suite_seed, task, family, measured=True)
    try:
        sheets = make_sheets(results, what.value, read_status().listed(results.catalogue), learner)
    except ValueError as error:
        raise UsageError(str(error)) from error
    for warning in warnings_of(results):
        typer.echo(f"warning: {warning}", err=True)
    command = shlex.join(["grue", *sys.argv[1:]])
    if macros is not None:
        write_text(write_macros(sheets, comments_of(results, command)), macros)
    write_text(render_sheets(sheets, results, form.value, width.value, command), output)
