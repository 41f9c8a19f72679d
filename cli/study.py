"""`grue study NAME`: experiments other than learning curves, each with its own protocol."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import write_text
from .run import INTERRUPTED

studies = typer.Typer(help="Run an experiment other than learning curves.")


TIMEOUT = 900


class StudyFormat(StrEnum):
    """Names of the formats, as on the command line."""

    md = "md"
    csv = "csv"
    json = "json"
    tex = "tex"


@studies.callback(invoke_without_command=True)
def listing(context: typer.Context) -> None:
    """Run an experiment other than learning curves. Without a name: list the experiments."""
    if context.invoked_subcommand is None:
        for command in studies.registered_commands:
            if command.callback is not None:
                print(f"{command.callback.__name__}  {(command.callback.__doc__ or '').partition(chr(10))[0]}")


@studies.command()
def forgetting(
    learner: Annotated[
        list[str] | None,
        typer.Option(help="Learner: a name, name:parameter=value, or module:attribute. May be repeated."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="Number of seeds. Default: 3.")] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Worker processes. 0: run in this process. Default: number of cores.")
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Dask scheduler: tcp://HOST:PORT, or 'local' for a cluster of --jobs workers on this machine."
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(help=f"Time limit in seconds per learner, stream and seed. Default: {TIMEOUT}."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Result folder.")] = Path("results/local/forgetting"),
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the figures. Default: figures in the result folder.")
    ] = None,
    form: Annotated[
        StudyFormat, typer.Option("--format", help="md (Markdown), csv or json (one value per row), tex (booktabs).")
    ] = StudyFormat.md,
    output: Annotated[
        Path | None, typer.Option(help="Write the table to this file instead of standard output.")
    ] = None,
) -> None:
    """Catastrophic forgetting: what is retained of earlier stages of a stream, and whether it recurs later."""
    from ..analysis.forgetting import Report
    from ..engine.progress import Reporter
    from ..engine.session import Session, run_study
    from ..engine.store import Store
    from ..reports.forgetting import render
    from ..reports.forgetting_figure import write_figure
    from ..runs.names import UsageError
    from ..runs.run import choose_workers
    from ..studies import forgetting as study

    chosen, count = learner or study.LEARNERS, study.SEEDS if seeds is None else seeds
    trajectories, refused = study.plan(chosen, count)
    limit = TIMEOUT if timeout is None else timeout
    if limit <= 0:
        raise UsageError(f"got --timeout {limit:g}; expected more than 0 seconds")
    workers = choose_workers(jobs, limit, scheduler)
    if jobs == 0 and timeout is not None:
        typer.echo(
            f"--timeout {limit:g} has no effect: there are no timeouts without worker processes (--jobs 0)", err=True
        )
    for name, reason in refused.items():
        typer.echo(f"n/a: {name}: {reason}", err=True)
    store = Store(out, "jobs")
    session = Session(store, workers, Reporter(sys.stderr))
    try:
        run_study(session, "forgetting", {"learners": list(chosen), "seeds": count, "n/a": refused}, trajectories)
    except KeyboardInterrupt:
        typer.echo("interrupted; finished results are kept, repeat the command to run the rest", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        session.close()
    if session.unfinished:
        raise typer.Exit(INTERRUPTED)
    rows, metadata = study.read_rows(store, trajectories)
    if not rows.empty:
        report = Report(rows, study.gaps(), metadata)
        write_text(render(report, form.value), output)
        for path in write_figure(report, figures or out / "figures"):
            typer.echo(f"wrote {path}", err=True)
    if session.failures:
        typer.echo(f"{len(session.failures)} jobs failed; see the tracebacks in {out / 'failures'}", err=True)
        raise typer.Exit(1)
