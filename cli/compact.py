"""`grue compact DIR`: fold the small files of finished batches into few large ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def compact(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Result folder.")],
    adopt: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--adopt", help="Give files of earlier versions, which have no digest, one of what they hold now."
        ),
    ] = False,
) -> None:
    """Fold the files of finished batches into few large ones, which are read faster. Reports and runs stay the same."""
    from ..runs.compact import compact as fold

    lines, unreadable = fold(folder, adopt=adopt)
    for line in lines:
        print(line)
    for line in unreadable:
        print(f"grue: skipped: {line}", file=sys.stderr)
    if unreadable:
        raise typer.Exit(1)
