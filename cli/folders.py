"""What the reporting commands share: reading result folders, and writing text to a file or standard output."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..runs.results import Results

SuiteSeed = Annotated[int | None, typer.Option("--suite-seed", help="Use only results of this suite seed.")]
TaskFilter = Annotated[
    list[str] | None, typer.Option("--task", help="Only this task, or family:NAME. May be repeated.")
]
"""The options of all commands that report."""


def read_folders(
    dirs: Sequence[Path], suite_seed: int | None = None, tasks: Collection[str] | None = None, *, measured: bool = False
) -> Results:
    """The results of some folders. Raises UsageError, which ends the command with exit code 2, where one holds none.

    suite_seed  only what was made with it; None: everything
    tasks       only these, or those of a family as family:NAME; none: all
    measured    also insist on at least one cell that has been measured
    """
    from ..runs.errors import UsageError
    from ..runs.reading import read

    results = read(dirs)
    named = ", ".join(str(folder) for folder in dirs)
    if not results.catalogue.cells:
        reasons = {row.reason: f"{row.task}, {row.learner}" for row in results.catalogue.not_applicable}
        why = "".join(f"\n  {pair}: {reason}" for reason, pair in reasons.items())
        raise UsageError(f"{named}: the plan has no cells, so there is nothing to report{why}")
    if suite_seed is not None:
        results = results.of_suite(suite_seed)
    if tasks:
        results = results.of_tasks(tasks)
    if measured and results.scores.empty:
        planned = len(results.catalogue.cells)
        raise UsageError(f"{named}: none of the {planned} planned cells is done yet; start them with grue run")
    return results


def write_text(text: str, output: Path | None) -> None:
    """To a file, whose folder is made where needed, or to the standard output."""
    if output is None:
        sys.stdout.write(text)
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    print(f"wrote {output}", file=sys.stderr)
