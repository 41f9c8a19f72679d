"""`grue export`: a task's data, as every learner gets them, for use elsewhere."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """File formats."""

    jsonl = "jsonl"
    parquet = "parquet"


def export(
    task: Annotated[str, typer.Argument(help="Name, name:parameter=value, or module:attribute.")],
    size: Annotated[int, typer.Option(help="Examples of each split; at most all it holds.")] = 1024,
    seed: Annotated[int, typer.Option(help="Seed index, as in a run.")] = 0,
    split: Annotated[list[str] | None, typer.Option(help="Split, repeatable. Default: all.")] = None,
    form: Annotated[Form, typer.Option("--format", help="File format.")] = Form.jsonl,
    output: Annotated[Path | None, typer.Option(help="File. Default: TASK-SIZE-SEED.jsonl or .parquet here.")] = None,
) -> None:
    """Write a task's data to a file, an example a row: the data of a run with the same size and seed."""
    from ..runs.data import split_named
    from ..runs.export import export_rows
    from ..runs.names import UsageError, make_task

    thing = make_task(task).thing
    if size < 1 or seed < 0:
        raise UsageError(f"--size {size} --seed {seed}; expected a size from 1 up and a seed from 0 up")
    chosen = [split_named(thing, name) for name in split] if split else [one.name for one in thing.splits]
    path = output or Path(f"{task.replace(':', '_').replace('/', '_')}-{size}-{seed}.{form.value}")
    frame = export_rows(thing, chosen, size, seed)
    if form is Form.jsonl:
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path, index=False)
    counts = ", ".join(f"{name} {count}" for name, count in frame["split"].value_counts(sort=False).items())
    print(f"{path}: {counts}")
