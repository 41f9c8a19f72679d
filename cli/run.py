"""`grue run`: run a preset, or a part of it."""

from __future__ import annotations

import inspect
import shlex
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

    setting = typer.Option(
        option(name),
        parser=read,
        metavar=metavar(name),
        help=OPTIONS[name].help,
        rich_help_panel="Override the preset",
    )
    return Annotated[str | None, setting]


@_with_fields
def run(
    preset: Annotated[str, typer.Option(help="Name (see grue list presets) or path of a TOML file.")] = "quick",
    task: Annotated[
        list[str] | None,
        typer.Option(
            help="Task: a name, name:parameter=value, family:NAME, all, -NAME to exclude, or module:attribute. "
            "May be repeated. Default: those of the preset."
        ),
    ] = None,
    learner: Annotated[
        list[str] | None,
        typer.Option(
            help="Learner: a name, name:parameter=value, kind:NAME, all, -NAME to exclude, or module:attribute. "
            "May be repeated. Default: those of the preset."
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            help="Worker processes. 0: run in this process, without isolation and timeouts. Default: number of cores."
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Dask scheduler: tcp://HOST:PORT, or 'local' for a cluster of --jobs workers on this machine."
        ),
    ] = None,
    memory: Annotated[
        float | None,
        typer.Option(
            help="GiB that a worker process may have; 0: no limit. Default: its part of 0.9 of what there is.",
        ),
    ] = None,
    fresh: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Archive the existing results inside the folder, and run all cells again.")
    ] = False,
    trust: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Allow module:attribute in a preset file, which imports and runs code.")
    ] = False,
    dry_run: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Print the cells to run, the reasons and the estimated time; run nothing.")
    ] = False,
    device: Annotated[str, typer.Option(help="Device for training networks: cpu, or cuda (in one process).")] = "cpu",
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Result folder. Default: results/local/PRESET.")
    ] = None,
    **fields: Any,
) -> None:
    """Run a preset, or the part that --task and --learner select. Repeat the command to run only missing cells."""
    from ..runs import run as runs

    chosen = {"out": out, "trust": trust, **fields}
    if dry_run:
        plan, folder, limit = runs.plan_run(preset, task or None, learner or None, **chosen)
        workers = runs.choose_workers(jobs, limit, scheduler, device, memory)
        print(runs.describe_plan(plan, folder, workers, fresh=fresh))
        return
    try:
        outcome = runs.run(
            preset,
            tasks=task or None,
            learners=learner or None,
            jobs=jobs,
            scheduler=scheduler,
            memory=memory,
            fresh=fresh,
            device=device,
            **chosen,
        )
    except KeyboardInterrupt:
        typer.echo("interrupted; finished results are kept, repeat the command to run the rest", err=True)
        raise typer.Exit(INTERRUPTED) from None
    folder = shlex.quote(str(outcome.folder))
    typer.echo(f"results are in {outcome.folder}: grue leaderboard {folder}")
    if outcome.failures:
        failed = sum(len(failure["keys"]) for failure in outcome.failures)
        typer.echo(f"{failed} cell{'' if failed == 1 else 's'} failed: grue failures {folder}", err=True)
    for line in outcome.missing:
        typer.echo(f"missing for an unknown reason, repeat the command to run it: {line}", err=True)
    if outcome.interrupted:
        raise typer.Exit(INTERRUPTED)
    if outcome.failures or outcome.missing:
        raise typer.Exit(1)
