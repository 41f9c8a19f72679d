"""`grue failures`: the cells that failed, with their errors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def failures(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Result folders.")],
    traceback: Annotated[bool, typer.Option(help="Print the tracebacks as well.")] = True,  # noqa: FBT002
) -> None:
    """List failed cells with their errors. `grue run` with the same arguments tries them again."""
    from ..runs.reading import read
    from ..runs.shown import shown

    found = shown(read(folders)).failures
    for failure in found:
        print(f"{failure['when']}  {failure['task']}[{failure['learner']}]: {failure['kind']}: {failure['message']}")
        for cell in failure["cells"]:
            print(f"    size {cell['size']}, exposed {cell['exposed']}, seed {cell['seed']}  {cell['key'][:12]}")
        if traceback and failure["traceback"]:
            print("    " + failure["traceback"].rstrip().replace("\n", "\n    "))
    count = sum(len(failure["keys"]) for failure in found)
    print(f"{count} failed cells" if count else "no failures")
