"""`grue run`: run a preset, or a part of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from ..runs.schema import OPTIONS, metavar, option, read_option

INTERRUPTED = 130


def _with_fields(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of a preset in place of its **fields, as typer wants them listed."""
    signature = inspect.signature(command, eval_str=True)
    own = [one for one in signature.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_annotation(name))
        for name in OPTIONS
    ]
    command.__signature__ = signature.replace(parameters=[*own, *more])  # pyright: ignore[reportFunctionMemberAccess]
    return command


def _annotation(name: str) -> Any:
    def read(text: str) -> Any:
        try:
            return read_option(name, text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    wanted = typer.Option(
        option(name),
        parser=read,
        metavar=metavar(name),
        help=OPTIONS[name].help,
        rich_help_panel="Instead of the preset's",
    )
    return Annotated[str | None, wanted]


@_with_fields
def run(
    preset: Annotated[str, typer.Option(help="Name (grue list presets) or path of a TOML file.")] = "quick",
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="Task: a name, name:parameter=value, family:NAME, all, -NAME to leave out, or module:attribute. "
            "Repeatable."
        ),
    ] = None,
    learner: Annotated[
        list[str] | None,
        typer.Option(
            help="Learner: a name, name:parameter=value, kind:NAME, all, -NAME to leave out, or module:attribute. "
            "Repeatable."
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(help="Worker processes; 0: none, so no isolation and timeouts. Default: as many as cores."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Run on a Dask cluster: tcp://HOST:PORT, or local: one of this machine, of --jobs workers."),
    ] = None,
    fresh: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Begin the folder afresh: all that is in it is put away, in a folder within it.")
    ] = False,
    trust: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Import and call what a preset file names as module:attribute: it can do anything.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Print cells, batches and the estimated time; run nothing.")] = False,  # noqa: FBT002
    device: Annotated[str, typer.Option(help="Where networks are trained: cpu, or cuda (in one process).")] = "cpu",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder. Default: results/local/PRESET.")] = None,
    **fields: Any,
) -> None:
    """Run a preset, or the part of it that is named. A run that is repeated does only the missing cells."""
    from ..runs import run as runs

    chosen = {"out": out, "trust": trust, **fields}
    if dry_run:
        plan, folder, limit = runs.plan_run(preset, task or None, learner or None, **chosen)
        workers = runs.choose_workers(jobs, limit, scheduler, device)
        print(runs.describe_plan(plan, folder, workers, fresh=fresh))
        return
    try:
        outcome = runs.run(
            preset,
            tasks=task or None,
            learners=learner or None,
            jobs=jobs,
            scheduler=scheduler,
            fresh=fresh,
            device=device,
            **chosen,
        )
    except KeyboardInterrupt:
        typer.echo("stopped; what was finished is kept, and a later run takes up the rest", err=True)
        raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"results are in {outcome.folder}: grue leaderboard {outcome.folder}")
    if outcome.failures:
        failed = sum(len(failure["keys"]) for failure in outcome.failures)
        typer.echo(f"{failed} cells failed: grue failures {outcome.folder}", err=True)
    for line in outcome.missing:
        typer.echo(f"neither done nor failed, for an unknown reason; a later run does it: {line}", err=True)
    if outcome.interrupted:
        raise typer.Exit(INTERRUPTED)
    if outcome.failures or outcome.missing:
        raise typer.Exit(1)
