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


def listing(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    name: Annotated[str | None, typer.Argument(help="A task or learner: its parameters and what they mean.")] = None,
    trust: Annotated[bool, typer.Option(help="Import what a preset file names as module:attribute.")] = False,  # noqa: FBT002
) -> None:
    """List the tasks (with their shifts), the learners (with their bias) or the presets; or explain one of them."""
    if name is not None:
        print(_explained(kind, name, trust=trust))
        return
    from rich.console import Console
    from rich.table import Table

    from ..runs.names import make_learner, make_task, usable
    from ..runs.presets import presets

    table = Table(box=None, pad_edge=False, show_header=kind is Kind.tasks)
    if kind is Kind.presets:
        for preset, description in presets().items():
            table.add_row(preset, description)
    elif kind is Kind.learners:
        for known in usable("learners"):
            table.add_row(known, _first_line(make_learner(known).thing))
    else:
        for heading in ("task", "family", "what it asks", "out of distribution (shift, severity; * ranks)"):
            table.add_column(heading)
        for known in usable("tasks"):
            task = make_task(known).thing
            moved = [
                f"{split.name}{'*' if split.headline else ''} ({split.shift}, {split.severity:g})"
                if split.severity is not None
                else f"{split.name}{'*' if split.headline else ''} ({split.shift})"
                for split in task.splits
                if split.shift and split.name != "exposed"
            ]
            table.add_row(known, task.family, _first_line(task), "\n".join(moved))
    Console().print(table)


def _explained(kind: Kind, name: str, *, trust: bool) -> str:
    """What a task, learner or preset says of itself, and its parameters with their values."""
    from inspect import getdoc

    from ..learners.base import Learner
    from ..runs.names import UsageError, make_learner, make_task, written
    from ..runs.presets import load_preset
    from ..runs.schema import FIELDS
    from ..tasks.base import Task

    if kind is Kind.presets:
        preset = load_preset(name, trust=trust)
        lines = [f"{field:<13} {getattr(preset, field)}" for field in ("name", *FIELDS)]
        for grid in preset.grid:
            lines.append(f"grid          of {', '.join(grid.tasks)}:")
            lines += [f"  {field:<13} {value}" for field, value in grid.changes.items()]
        return "\n".join(lines)
    if kind is Kind.learners and name == "oracle":
        raise UsageError("oracle is the rule of each task itself; it has no parameters")
    thing = make_task(name).thing if kind is Kind.tasks else make_learner(name).thing
    written_as = [f"  {parameter}={written(value)}" for parameter, value in sorted(thing.parameters().items())]
    own = type(thing)
    bases = [base for base in own.__mro__ if vars(base).get("__annotations__") and base not in (Learner, Task)]
    texts = [getdoc(base) or "" for base in (own, *bases)]
    return "\n\n".join([*dict.fromkeys(texts), f"{name}, as it stands:\n" + "\n".join(written_as)])


def _first_line(thing: object) -> str:
    return (type(thing).__doc__ or "").strip().partition("\n")[0]
