"""`grue export`: a set of examples to be answered elsewhere, or a task's data as every learner gets them."""

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
    size: Annotated[int, typer.Option(help="Training examples; with --targets, examples of each split.")] = 1024,
    tests: Annotated[int | None, typer.Option(help="Examples of each test split. Default: as many as --size.")] = None,
    seed: Annotated[int, typer.Option(help="Seed index, as in a run.")] = 0,
    split: Annotated[list[str] | None, typer.Option(help="Split, repeatable. Default: all.")] = None,
    targets: Annotated[  # noqa: FBT002
        bool, typer.Option("--targets", help="All splits with their targets: data, not a set to be answered.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="File format.")] = Form.jsonl,
    output: Annotated[Path | None, typer.Option(help="File. Default: TASK-SIZE-SEED.jsonl or .parquet here.")] = None,
) -> None:
    """Write examples of a task to a file, one a row: those of a run with the same size and seed.

    Without --targets it is a set to be answered: training examples with targets, tests without, each also as text.
    `grue import` scores the answers.
    """
    import json

    import pandas as pd

    from ..runs.data import split_named
    from ..runs.export import answered_splits, export_rows, question_rows
    from ..runs.names import UsageError, make_task

    named = make_task(task)
    thing = named.thing
    if size < 1 or seed < 0:
        raise UsageError(f"--size {size} --seed {seed}; expected a size from 1 up and a seed from 0 up")
    if tests is not None and (targets or tests < 1):
        raise UsageError(f"--tests {tests}; expected examples from 1 up, and no --targets")
    every = [one.name for one in thing.splits] if targets else answered_splits(thing)
    chosen = [split_named(thing, name) for name in split] if split else every
    if not targets and "exposed" in chosen:
        raise UsageError("--split exposed: the exposure pool is no part of a set to be answered (--targets writes it)")
    path = output or Path(f"{task.replace(':', '_').replace('/', '_')}-{size}-{seed}.{form.value}")
    rows = [] if targets else question_rows(named, chosen, size, tests or size, seed)
    frame = export_rows(thing, chosen, size, seed) if targets else pd.DataFrame(rows)
    if form is Form.parquet:
        frame.to_parquet(path, index=False)
    elif targets:
        frame.to_json(path, orient="records", lines=True)
    else:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    counts = ", ".join(f"{name} {count}" for name, count in frame["split"].value_counts(sort=False).items())
    print(f"{path}: {counts}")
