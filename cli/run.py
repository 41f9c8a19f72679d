"""`grue run`: run a preset, or a part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

INTERRUPTED = 130


def run(
    preset: Annotated[str, typer.Option(help="Name (grue list presets) or path of a TOML file.")] = "quick",
    task: Annotated[
        list[str] | None, typer.Option(help="Task: a name, name:parameter=value, or module:attribute. Repeatable.")
    ] = None,
    learner: Annotated[
        list[str] | None, typer.Option(help="Learner: a name, name:parameter=value, or module:attribute. Repeatable.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help="How many seeds, instead of the preset's.")] = None,
    sizes: Annotated[str | None, typer.Option(help="Training sizes, such as 16,64, instead of the preset's.")] = None,
    exposed: Annotated[str | None, typer.Option(help="OOD examples added at the largest size, such as 0,16.")] = None,
    jobs: Annotated[
        int | None,
        typer.Option(help="Worker processes; 0: none, so no isolation and timeouts. Default: as many as cores."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Run on a Dask cluster: tcp://HOST:PORT, or local: one of this machine, of --jobs workers."),
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds a batch may take.")] = None,
    fresh: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Begin the folder afresh: all that is in it is put away, in a folder within it.")
    ] = False,
    trust: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Import and call what a preset file names as module:attribute: it can do anything.")
    ] = False,
    dry_run: Annotated[bool, typer.Option(help="Print cells, batches and the estimated time; run nothing.")] = False,  # noqa: FBT002
    device: Annotated[str, typer.Option(help="Where networks are trained: cpu, or cuda (in one process).")] = "cpu",
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder. Default: results/local/PRESET.")] = None,
) -> None:
    """Run a preset, or the part of it that is named. A run that is repeated does only the missing cells."""
    from ..runs import run as runs

    numbers = {"sizes": _numbers(sizes, "--sizes"), "exposed": _numbers(exposed, "--exposed")}
    chosen = {"seeds": seeds, **numbers, "timeout": timeout, "out": out, "trust": trust}
    if dry_run:
        plan, folder, _ = runs.plan_run(preset, task or None, learner or None, **chosen)
        print(runs.describe_plan(plan, folder, jobs, fresh=fresh))
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
        typer.echo(f"{len(outcome.failures)} batches failed: grue failures {outcome.folder}", err=True)
    for line in outcome.missing:
        typer.echo(f"neither done nor failed, for an unknown reason; a later run does it: {line}", err=True)
    if outcome.interrupted:
        raise typer.Exit(INTERRUPTED)
    if outcome.failures or outcome.missing:
        raise typer.Exit(1)


def _numbers(text: str | None, option: str) -> list[int] | None:
    """Turn "16,64" into [16, 64]."""
    if text is None:
        return None
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a list of whole numbers such as 16,64", param_hint=option) from None
