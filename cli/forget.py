"""`grue forget`: take cells out of a folder's plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def forget(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Result folder.")],
    learner: Annotated[str | None, typer.Option(help="Learner whose cells are taken out, as tables name it.")] = None,
    task: Annotated[str | None, typer.Option(help="Task whose cells are taken out; with --learner, of both.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only cells that failed and have no result.")] = False,  # noqa: FBT002
) -> None:
    """Take failed or unwanted cells out of a folder's plan, so that tables do not show them. Files of results stay."""
    from ..runs.forget import forget as take_out

    count = take_out(folder, learner=learner, task=task, failed=failed)
    cells = "1 cell" if count == 1 else f"{count} cells"
    print(f"{cells} taken out of the plan of {folder}; the files of their results stay, and a run brings them back")
