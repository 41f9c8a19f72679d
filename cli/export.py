"""`grue export`: a question set for predictors outside grue, or the data of a task with targets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ExportFormat(StrEnum):
    """File formats."""

    jsonl = "jsonl"
    parquet = "parquet"


def export(
    task: Annotated[str, typer.Argument(help="Name, name:parameter=value, or module:attribute.")],
    size: Annotated[int, typer.Option(help="Training examples; with --targets, examples per split.")] = 1024,
    test_size: Annotated[int | None, typer.Option(help="Examples per test split. Default: the same as --size.")] = None,
    seed: Annotated[int, typer.Option(help="Seed index; grue run uses 0, 1, 2, ...")] = 0,
    split: Annotated[list[str] | None, typer.Option(help="Export only this split; may be repeated.")] = None,
    targets: Annotated[  # noqa: FBT002
        bool, typer.Option("--targets", help="Export all splits with their targets, as data.")
    ] = False,
    form: Annotated[ExportFormat, typer.Option("--format", help="File format.")] = ExportFormat.jsonl,
    output: Annotated[
        Path | None, typer.Option(help="Output file. Default: TASK-SIZE-SEED.jsonl (or .parquet).")
    ] = None,
) -> None:
    """Write examples of a task to a file, one per row: the same examples as in a run with this size and seed.

    Without --targets, the file is a question set for predictors outside grue (training examples with targets, tests
    without, each also as text), and `grue import` scores the answers.
    """
    import json

    import pandas as pd

    from ..engine.durable import write_file
    from ..reports.escaping.files import figure_file
    from ..runs.data import split_named
    from ..runs.export import answered_splits, export_rows, question_rows
    from ..runs.names import UsageError, make_task

    named = make_task(task)
    instance = named.instance
    if size < 1 or seed < 0:
        raise UsageError(f"got --size {size} --seed {seed}; expected a size of at least 1 and a seed of at least 0")
    if test_size is not None and targets:
        raise UsageError("--test-size cannot be combined with --targets: --size sets the examples of every split")
    if test_size is not None and test_size < 1:
        raise UsageError(f"got --test-size {test_size}; expected at least 1")
    every = [one.name for one in instance.splits] if targets else answered_splits(instance)
    chosen = [split_named(instance, name) for name in split] if split else every
    if not targets and "exposed" in chosen:
        raise UsageError("split 'exposed' is not part of a question set; export it with --targets")
    path = output or Path(f"{figure_file(task)}-{size}-{seed}.{form.value}")
    rows = [] if targets else question_rows(named, chosen, size, test_size or size, seed)
    frame = export_rows(instance, chosen, size, seed) if targets else pd.DataFrame(rows)
    if form is ExportFormat.parquet:
        content = frame.to_parquet(index=False)
    elif targets:
        content = (frame.to_json(orient="records", lines=True) or "").encode()
    else:
        content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    write_file(path, content)
    counts = ", ".join(f"{name} {count}" for name, count in frame["split"].value_counts(sort=False).items())
    print(f"{path}: {counts}")
