"""`grue cite [DIR...]`: BibTeX of the suite, and of the tasks and methods that a result used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .folders import TaskFilter, read_folders, write_text


def cite(
    dirs: Annotated[
        list[Path] | None, typer.Argument(metavar="[DIR]...", help="Result folders. Default: reference.")
    ] = None,
    task: TaskFilter = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")] = None,
) -> None:
    """Print BibTeX for the suite, and for each task and method that a result used."""
    from ..reports.paper.bibliography import bibliography

    write_text(bibliography(read_folders(dirs or [Path("reference")], tasks=task)), output)
