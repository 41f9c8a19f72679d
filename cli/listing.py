"""`grue list`: the names there are, with a line on each."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Kind(StrEnum):
    """What can be listed."""

    tasks = "tasks"
    learners = "learners"
    presets = "presets"


def listing(kind: Annotated[Kind, typer.Argument(help="What to list.")]) -> None:
    """List the tasks (with their shifts), the learners (with their bias) or the presets."""
    from rich.console import Console
    from rich.table import Table

    from ..runs.names import make_learner, make_task, names
    from ..runs.presets import presets

    table = Table(box=None, pad_edge=False, show_header=kind is Kind.tasks)
    if kind is Kind.presets:
        for name, description in presets().items():
            table.add_row(name, description)
    elif kind is Kind.learners:
        for name in sorted(names("learners")):
            table.add_row(name, _first_line(make_learner(name).thing))
    else:
        for heading in ("task", "family", "what it asks", "out of distribution (shift, severity; * ranks)"):
            table.add_column(heading)
        for name in sorted(names("tasks")):
            task = make_task(name).thing
            moved = [
                f"{split.name}{'*' if split.headline else ''} ({split.shift}, {split.severity:g})"
                if split.severity is not None
                else f"{split.name}{'*' if split.headline else ''} ({split.shift})"
                for split in task.splits
                if split.shift and split.name != "exposed"
            ]
            table.add_row(name, task.family, _first_line(task), "\n".join(moved))
    Console().print(table)


def _first_line(thing: object) -> str:
    return (type(thing).__doc__ or "").strip().partition("\n")[0]
