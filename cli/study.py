"""`grue study NAME`: experiments other than learning curves, each with its own protocol."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..studies.catalogue import STUDIES
from .folders import OutputFile, ReportFormat, write_text
from .run import INTERRUPTED

if TYPE_CHECKING:
    from ..engine.job import Job
    from ..engine.pool import Workers
    from ..engine.session import Session

studies = typer.Typer(help="Run an experiment other than learning curves.")


TIMEOUT = 900


@studies.callback(invoke_without_command=True)
def without_name(context: typer.Context) -> None:
    """Run an experiment other than learning curves. Without a name: list the experiments."""
    if context.invoked_subcommand is None:
        listing()


@studies.command("list")
def listing(
    names: Annotated[bool, typer.Option("--names", help="Names alone, one a line, for scripts.")] = False,  # noqa: FBT002
) -> None:
    """List the studies and the question of each."""
    for command in studies.registered_commands:
        if command.callback is not None and command.name != "list":
            question = (command.callback.__doc__ or "").partition("\n")[0]
            print(command.name if names else f"{command.name}  {question}")


Jobs = Annotated[
    int | None, typer.Option("--jobs", help="Worker processes. 0: run in this process. Default: number of cores.")
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Dask scheduler: tcp://HOST:PORT, or 'local' for a cluster of --jobs workers on this machine.",
    ),
]


def _session(name: str, folder: Path, workers: Workers, parameters: Mapping[str, Any], jobs: Sequence[Job]) -> Session:
    """The session that ran the jobs of a study; ends the command where it was interrupted."""
    from ..engine.progress import Reporter
    from ..engine.session import Session, run_study
    from ..engine.store import Store

    session = Session(Store(folder, "jobs"), workers, Reporter(sys.stderr))
    try:
        run_study(session, name, parameters, jobs)
    except KeyboardInterrupt:
        typer.echo("interrupted; finished results are kept, repeat the command to run the rest", err=True)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        session.close()
    if session.unfinished:
        raise typer.Exit(INTERRUPTED)
    return session


def _refuse_other(folder: Path, name: str) -> None:
    """Raise UsageError for the folder of a run or of another study; what cannot be read is written again."""
    from ..engine.files import UnreadableError, read_json
    from ..runs.errors import UsageError

    if (folder / "plan.json").is_file():
        raise UsageError(f"{folder} is the folder of a run; expected that of this study, or a new one (--out DIR)")
    try:
        other = read_json(folder / "study.json").get("study")
    except UnreadableError:
        return
    if isinstance(other, str) and other != name:
        raise UsageError(
            f"{folder} is the folder of the study {other!r:.60}; expected that of {name}, or a new one (--out DIR)"
        )


def _end_if_failed(session: Session) -> None:
    if session.failures:
        folder = session.store.folder / "failures"
        typer.echo(f"{len(session.failures)} jobs failed; see the tracebacks in {folder}", err=True)
        raise typer.Exit(1)


def _command(name: str) -> Callable[..., None]:
    """The command of a study of `studies.catalogue`."""

    def run(
        quick: Annotated[bool, typer.Option("--quick", help="Under a minute on two cores.")] = False,  # noqa: FBT002
        full: Annotated[bool, typer.Option("--full", help="As `make science` runs it: tens of minutes.")] = False,  # noqa: FBT002
        jobs: Jobs = None,
        scheduler: Scheduler = None,
        learner: Annotated[
            list[str] | None,
            typer.Option(
                help="A learner to add, if the study takes one: a name, name:parameter=value, module:attribute."
            ),
        ] = None,
        timeout: Annotated[float, typer.Option(help="Time limit in seconds per job.")] = TIMEOUT,
        out: Annotated[
            Path | None, typer.Option(metavar="DIR", help="Result folder. Default: results/local/NAME.")
        ] = None,
        form: Annotated[
            ReportFormat,
            typer.Option("--format", help="text, md, csv (a row per verdict) or json (with all tables)."),
        ] = ReportFormat.text,
        output: OutputFile = None,
    ) -> None:
        from ..analysis.findings import StudyRun
        from ..engine.provenance import provenance as own_provenance
        from ..reports.figures_of_studies import write_study_figure
        from ..reports.studies import render
        from ..reports.study_files import FILE, from_json, to_json
        from ..runs.errors import UsageError
        from ..runs.run import choose_workers
        from ..studies.catalogue import make_study
        from ..studies.rows import read_rows

        if quick and full:
            raise typer.BadParameter("expected one of --quick and --full", param_hint="--quick")
        if not timeout > 0:
            raise typer.BadParameter(f"got {timeout:g}; expected more than 0 seconds", param_hint="--timeout")
        study, scale = make_study(name), "quick" if quick else "full" if full else "default"
        study = study.with_learners(learner) if learner else study
        units = study.jobs(scale)
        parameters = {"version": study.version, "scale": scale} | ({"learners": learner} if learner else {})
        workers = choose_workers(jobs, timeout, scheduler)
        folder = out or Path("results/local") / name
        _refuse_other(folder, name)
        session = _session(name, folder, workers, parameters, units)
        _end_if_failed(session)
        rows, provenance = read_rows(session.store, units, study.combine)
        try:
            findings = study.analyse(rows)
        except ValueError as error:
            raise UsageError(str(error)) from error
        folder, analysed = session.store.display_folder, own_provenance()["commit"] or ""
        document = to_json(StudyRun(name, study.question, scale, study.version, tuple(provenance), analysed, findings))
        session.store.replace(session.store.folder / FILE, document.encode())
        stored = from_json(document, folder / FILE)  # what is shown is what is stored
        write_text(render(stored, form.value), output)
        typer.echo(f"wrote {folder / FILE}", err=True)
        for path in write_study_figure(name, stored.findings, folder / "figures"):
            typer.echo(f"wrote {path}", err=True)

    run.__doc__ = STUDIES[name][1]
    return run


for _name in STUDIES:
    studies.command(_name)(_command(_name))
