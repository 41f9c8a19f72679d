"""`grue list`: names of tasks, learners and presets, with one line about each."""

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
    name: Annotated[
        str | None, typer.Argument(help="Show this task, learner or preset in detail, with its parameters.")
    ] = None,
    trust: Annotated[bool, typer.Option(help="Allow module:attribute in a preset file, which imports code.")] = False,  # noqa: FBT002
) -> None:
    """List the tasks (with their shifts), the learners (with their bias) or the presets; or describe one of them."""
    if name is not None:
        print(_explained(kind, name, trust=trust))
        return
    from rich.console import Console
    from rich.table import Table

    from ..runs.names import available, make_learner, make_task
    from ..runs.presets import presets

    table = Table(box=None, pad_edge=False, show_header=kind is Kind.tasks)
    if kind is Kind.presets:
        for preset, description in presets().items():
            table.add_row(preset, description)
    elif kind is Kind.learners:
        for known in available("learners"):
            table.add_row(known, _first_line(make_learner(known).instance))
    else:
        for heading in ("task", "family", "description", "OOD splits (shift, severity; * headline)"):
            table.add_column(heading)
        for known in available("tasks"):
            task = make_task(known).instance
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
    """The documentation of a task, learner or preset, and its parameters with their values."""
    from inspect import getdoc

    from ..learners.base import Learner
    from ..runs.names import UsageError, format_value, make_learner, make_task
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
        raise UsageError("'oracle' is the optimal predictor of each task; it has no parameters")
    instance = make_task(name).instance if kind is Kind.tasks else make_learner(name).instance
    written_as = [f"  {parameter}={format_value(value)}" for parameter, value in sorted(instance.parameters().items())]
    own = type(instance)
    bases = [base for base in own.__mro__ if vars(base).get("__annotations__") and base not in (Learner, Task)]
    texts = [getdoc(base) or "" for base in (own, *bases)]
    return "\n\n".join([*dict.fromkeys(texts), f"Parameters of {name}:\n" + "\n".join(written_as)])


def _first_line(instance: object) -> str:
    return (type(instance).__doc__ or "").strip().partition("\n")[0]
