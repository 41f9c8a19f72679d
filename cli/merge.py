"""`grue merge DIR... --into DIR`: join result folders, such as those of several machines, into one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def merge(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Result folders; they are only read.")],
    into: Annotated[
        Path, typer.Option(metavar="DIR", help="Result folder; created if missing, and added to if it holds results.")
    ],
) -> None:
    """Join result folders into one that grue run continues. Refused where two folders contradict each other."""
    from ..engine.printable import printable
    from ..runs.merge import merge as join

    merged = join(folders, into)
    for one in merged.sources:
        parts = [f"{one.copied} batch{'' if one.copied == 1 else 'es'} copied"]
        parts += [f"{one.present} there already, with the same scores"] if one.present else []
        parts += [f"{one.left_out} left out, as its plan does not have their cells any more"] if one.left_out else []
        print(f"{one.folder}: {', '.join(parts)}")
    missing = merged.cells - merged.done
    rest = f"; grue run --out {into} computes the other {missing}" if missing else ""
    print(f"{into}: {merged.done} of {merged.cells} planned cells are done{rest}")
    if len(merged.machines) > 1:
        print("fit times are not comparable, because the cells were fitted on different machines:")
        for machine in merged.machines:
            print(f"    {printable(machine)}")
    for line in merged.unreadable:
        print(f"grue: skipped: {printable(line)}", file=sys.stderr)
    if merged.unreadable:
        raise typer.Exit(1)
