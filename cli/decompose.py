"""`grue decompose DIR...`: which part of the differences between learners is algorithm, view and encoding."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import OutputFile, SuiteSeed, TaskFilter, read_folders, write_text


class DecompositionFormat(StrEnum):
    """Names of the formats, as on the command line."""

    text = "text"
    md = "md"
    csv = "csv"


def decompose(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several are combined.")],
    task: TaskFilter = None,
    size: Annotated[int | None, typer.Option(help="Training size. Default: the largest; csv: all.")] = None,
    form: Annotated[
        DecompositionFormat,
        typer.Option("--format", help="text (terminal), md (Markdown), or csv (one row per value)."),
    ] = DecompositionFormat.text,
    output: OutputFile = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Decompose differences between learners into algorithm, view and encoding, where all are crossed."""
    from ..analysis.decomposition import crossings, largest
    from ..reports.decomposition import decomposition_csv, render_decomposition
    from ..runs.errors import UsageError

    results = read_folders(dirs, suite_seed, task, measured=True)
    try:
        found = crossings(results.scores, results.catalogue)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not found:
        raise UsageError(
            "no task has two learners in the same two views and encodings, with a seed on which all are done; the "
            "preset crossed runs such learners"
        )
    sizes = sorted({one.size for one in found})
    if size is not None and size not in sizes:
        raise UsageError(f"--size {size}; the crossings have the sizes {', '.join(map(str, sizes))}")
    if size is not None:
        found = [one for one in found if one.size == size]
    elif form is not DecompositionFormat.csv:
        found = largest(found)
    if form is DecompositionFormat.csv:
        write_text(decomposition_csv(found, results), output)
    else:
        write_text(render_decomposition(found, results, form.value), output)
