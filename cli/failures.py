"""`grue failures`: what went wrong, and is still missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def failures(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR...", help="Result folders.")],
    traceback: Annotated[bool, typer.Option(help="Print tracebacks too.")] = True,  # noqa: FBT002
) -> None:
    """Print the batches that failed and whose cells are still missing. The next run tries them again, in halves."""
    from ..runs.reading import read

    found = read(folders).failures
    for failure in found:
        print(f"{failure['when']}  {failure['task']}[{failure['learner']}]: {failure['kind']}: {failure['message']}")
        for cell in failure["cells"]:
            print(f"    size {cell['size']}, exposed {cell['exposed']}, seed {cell['seed']}  {cell['key'][:12]}")
        if traceback and failure["traceback"]:
            print("    " + failure["traceback"].rstrip().replace("\n", "\n    "))
    print(f"{len(found)} failed batches with missing cells" if found else "no failures")
