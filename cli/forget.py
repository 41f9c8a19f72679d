"""`grue forget`: remove cells from the plan of a result folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def forget(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Result folder.")],
    learner: Annotated[str | None, typer.Option(help="Remove the cells of this learner, named as in tables.")] = None,
    task: Annotated[
        str | None, typer.Option(help="Remove the cells of this task; with --learner, of this pair only.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Remove only failed cells that have no result.")] = False,  # noqa: FBT002
) -> None:
    """Remove failed or unwanted cells from the plan of a folder, so that tables omit them. Result files are kept."""
    from ..runs.forget import forget as take_out

    count = take_out(folder, learner=learner, task=task, failed=failed)
    cells = f"{count} cell{'' if count == 1 else 's'}"
    print(f"removed {cells} from the plan of {folder}; result files are kept, and grue run can add the cells again")
