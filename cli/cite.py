"""`grue cite [DIR...]`: BibTeX of the suite, and of the tasks and methods that a result used."""

from __future__ import annotations

from .folders import REFERENCE, Folders, OutputFile, TaskFilter, read_folders, write_text


def cite(
    dirs: Folders = None,
    task: TaskFilter = None,
    output: OutputFile = None,
) -> None:
    """Print BibTeX for the suite, and for each task and method that a result used."""
    from ..reports.paper.bibliography import bibliography

    write_text(bibliography(read_folders(dirs or [REFERENCE], tasks=task)), output)
