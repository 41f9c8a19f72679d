"""`grue scores DIR...`: the tidy table of all scores, per seed, for your own analysis."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import SuiteSeed, TaskFilter, read_folders, write_text


class ScoresFormat(StrEnum):
    """Names of the formats, as on the command line."""

    csv = "csv"
    json = "json"
    parquet = "parquet"
    bundle = "bundle"


def scores(
    dirs: Annotated[list[Path], typer.Argument(metavar="DIR", help="Result folders; several are combined.")],
    form: Annotated[
        ScoresFormat,
        typer.Option(
            "--format",
            help="csv; json or parquet (with provenance); bundle (a small folder that reporting commands can read).",
        ),
    ] = ScoresFormat.csv,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write to this file instead of standard output; required for parquet, and for bundle (a folder)."
        ),
    ] = None,
    task: TaskFilter = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print all scores of all seeds: one row per (cell, split, metric)."""
    from ..reports.export import scores_to_csv, scores_to_json, write_parquet
    from ..runs.bundle import write_bundle

    if form in (ScoresFormat.parquet, ScoresFormat.bundle) and output is None:
        what = "a file" if form is ScoresFormat.parquet else "a folder"
        raise typer.BadParameter(
            f"--format {form.value} cannot be printed; give {what} to write to", param_hint="--output"
        )
    results = read_folders(dirs, suite_seed, task, measured=True, every_metric=True)
    if form is ScoresFormat.parquet and output is not None:
        write_parquet(results, output)
        typer.echo(f"wrote {output}", err=True)
    elif form is ScoresFormat.bundle and output is not None:
        from ..analysis.answers import final_keys
        from ..runs.probe_answers import probe_table

        predictions = probe_table(dirs, final_keys(results.catalogue))
        for path in write_bundle(results, output, predictions):
            typer.echo(f"wrote {path}", err=True)
    else:
        write_text(scores_to_csv(results) if form is ScoresFormat.csv else scores_to_json(results), output)
