"""`grue study NAME`: questions that are no learning curve, each with a protocol of its own."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .folders import write_text
from .run import INTERRUPTED

studies = typer.Typer(help="Questions that are no learning curve, each with a protocol of its own.")


TIMEOUT = 900


class Format(StrEnum):
    """Names of the formats, as on the command line."""

    md = "md"
    csv = "csv"
    json = "json"
    tex = "tex"


@studies.callback(invoke_without_command=True)
def listing(context: typer.Context) -> None:
    """Questions that are no learning curve, each with a protocol of its own. Without a name: list them."""
    if context.invoked_subcommand is None:
        for command in studies.registered_commands:
            if command.callback is not None:
                print(f"{command.callback.__name__}  {(command.callback.__doc__ or '').partition(chr(10))[0]}")


@studies.command()
def forgetting(
    learner: Annotated[
        list[str] | None, typer.Option(help="Learner: a name, name:parameter=value, or module:attribute. Repeatable.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="How many seeds. Default: 3.")] = None,
    jobs: Annotated[int | None, typer.Option(help="Worker processes; 0: none. Default: as many as cores.")] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Run on a Dask cluster: tcp://HOST:PORT, or local: one of this machine, of --jobs workers."),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(help=f"Seconds that a learner may take on one stream of one seed. Default: {TIMEOUT}."),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the results.")] = Path("results/local/forgetting"),
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of the figure. Default: DIR/figures.")
    ] = None,
    form: Annotated[
        Format, typer.Option("--format", help="md: to read; csv, json: a figure a row; tex: booktabs.")
    ] = Format.md,
    output: Annotated[Path | None, typer.Option(help="A file for the table instead of the standard output.")] = None,
) -> None:
    """Ask what is kept of earlier stages of a stream, and whether it is what will be needed again."""
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
    lives, refused = study.plan(chosen, count)
    limit = TIMEOUT if timeout is None else timeout
    if limit <= 0:
        raise UsageError(f"a timeout of {limit:g} s; expected more than 0")
    workers = choose_workers(jobs, limit, scheduler)
    if jobs == 0 and timeout is not None:
        typer.echo(f"nothing is stopped after {limit:g} s: without worker processes there are no timeouts", err=True)
    for name, reason in refused.items():
        typer.echo(f"n/a: {name}: {reason}", err=True)
    store = Store(out, "units")
    session = Session(store, workers, Reporter(sys.stderr))
    try:
        run_study(session, "forgetting", {"learners": list(chosen), "seeds": count, "n/a": refused}, lives)
    except KeyboardInterrupt:
        typer.echo("stopped; what was finished is kept, and a later run takes up the rest", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        session.close()
    if session.unfinished:
        raise typer.Exit(INTERRUPTED)
    rows, about = study.read_rows(store, lives)
    if not rows.empty:
        report = Report(rows, study.gaps(), about)
        write_text(render(report, form.value), output)
        for path in write_figure(report, figures or out / "figures"):
            typer.echo(f"wrote {path}", err=True)
    if session.failures:
        typer.echo(f"{len(session.failures)} failed: their tracebacks are in {out / 'failures'}", err=True)
        raise typer.Exit(1)
