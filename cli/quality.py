"""`grue quality DIR...`: which tasks measure, and why the others do not."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .folders import OutputFile, SuiteSeed, TaskFilter, read_folders, write_text

if TYPE_CHECKING:
    from ..analysis.quality import TaskQuality
    from ..runs.results import Results
    from ..runs.status import StatusList


class QualityFormat(StrEnum):
    """Names of the formats, as on the command line."""

    text = "text"
    md = "md"
    csv = "csv"


def quality(
    dirs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR]...", help="Result folders; several are combined. None: print the list."),
    ] = None,
    form: Annotated[
        QualityFormat,
        typer.Option("--format", help="text (terminal), md (Markdown), or csv (one row per contrast of a task)."),
    ] = QualityFormat.text,
    flags: Annotated[  # noqa: FBT002
        bool, typer.Option("--flags", help="Print instead how many cells of iterative learners did not fit.")
    ] = False,
    max_share: Annotated[
        float | None,
        typer.Option(
            "--max",
            min=0,
            max=1,
            help="With --flags: exit code 1 if the share on tasks that measure, 0 to 1, is above.",
        ),
    ] = None,
    fail_under: Annotated[
        str | None,
        typer.Option(help="Exit code 1 if fewer tasks or families measure by the list: measuring=10,families=6."),
    ] = None,
    decide: Annotated[
        Path | None,
        typer.Option(help="Write the list of status to this file, from a run on suite seed 1 with 10 seeds or more."),
    ] = None,
    output: OutputFile = None,
    task: TaskFilter = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Print which tasks tell learners apart: by the list decided on suite seed 1, and by these results.

    Without DIR, print the list: what was decided on each task, and why.
    """
    from ..analysis.quality import assess
    from ..reports.quality import list_table, quality_csv, quality_table, render_quality
    from ..runs.errors import UsageError
    from ..runs.status import declared, read_status, requirements

    if max_share is not None and not flags:
        raise typer.BadParameter("it limits the share that --flags prints", param_hint="--max")
    needed = requirements(fail_under) if fail_under else {}
    decided = read_status()
    if not dirs:
        if flags or fail_under or decide or task or suite_seed is not None or form is QualityFormat.csv:
            raise UsageError("give a result folder; without one, quality prints the list, as text or md")
        write_text(render_quality(list_table(decided), form.value), output)
        return
    results = read_folders(dirs, suite_seed, task, measured=True)
    try:
        if flags:
            _flags(results, decided, max_share, output)
            return
        qualities = assess(results.scores, results.catalogue, declared().contrasts, declared().exposure)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not qualities:
        raise UsageError("none of the tasks is on the common scale, so there is nothing to assess")
    if decide is not None:
        _decide(qualities, results, decide)
        return
    listed = {one.task: decided.status(one.task, one.version) for one in qualities}
    if form is QualityFormat.csv:
        write_text(quality_csv(qualities, listed, results), output)
    else:
        write_text(render_quality(quality_table(qualities, listed, results), form.value), output)
    for line in _comparison(qualities, listed, decided):
        typer.echo(line, err=form is QualityFormat.csv or output is not None)
    measuring = decided.measuring(results.catalogue)
    found = {"measuring": len(measuring), "families": len(set(measuring.values()))}
    short = [
        f"{name} {found[name]}, expected at least {least}" for name, least in needed.items() if found[name] < least
    ]
    if short:
        typer.echo(f"grue: {'; '.join(short)}", err=True)
        raise typer.Exit(1)


def _comparison(qualities: list[TaskQuality], listed: dict[str, str], decided: StatusList) -> list[str]:
    """Summary lines: how many tasks measure, and the tasks on which the list and these results differ."""
    if not decided.tasks:
        return ["The list is empty: no run on suite seed 1 has decided the status of the tasks yet."]
    by_list = [one for one in qualities if listed[one.task] == "measures"]
    families = {one.family for one in by_list}
    lines = [f"By the list, {len(by_list)} of these {len(qualities)} tasks measure, of {len(families)} families."]
    lost = [one.task for one in by_list if not one.measures]
    absent = [name for name, one in decided.tasks.items() if one.status == "measures" and name not in listed]
    if lost:
        lines.append(f"Measures by the list, but not in these results: {', '.join(lost)}.")
    if absent:
        lines.append(f"Measures by the list, and is not part of these results: {', '.join(absent)}.")
    return [*lines, f"The list was made by: {decided.command} (commit {decided.commit or 'unknown'})"]


def _flags(results: Results, decided: StatusList, limit: float | None, output: Path | None) -> None:
    from ..analysis.quality import flag_shares
    from ..reports.quality import flags_text, total

    shares = flag_shares(results.scores, results.catalogue, decided.measuring(results.catalogue).keys())
    write_text(flags_text(shares, flag_shares(results.scores, results.catalogue)), output)
    if limit is None:
        return
    flagged, done = total(shares)
    if not done:
        typer.echo("grue: no cell to count: none of these tasks measures by the list", err=True)
        raise typer.Exit(1)
    if flagged > limit * done:
        typer.echo(f"grue: {flagged} of {done} cells are flagged, expected at most {100 * limit:g} %", err=True)
        raise typer.Exit(1)


def _decide(qualities: list[TaskQuality], results: Results, path: Path) -> None:
    from ..analysis.quality import SEEDS
    from ..reports.quality import contrast_text, named
    from ..runs.errors import UsageError
    from ..runs.status import DECIDING_SUITE, Decision, StatusList, write_status

    if results.catalogue.suite_seeds != [DECIDING_SUITE]:
        raise UsageError(
            f"the status is decided on suite seed {DECIDING_SUITE} alone; these results are of "
            f"{', '.join(map(str, results.catalogue.suite_seeds))}"
        )
    tasks: dict[str, Decision] = {}
    for one in qualities:
        if one.seeds < SEEDS or one.lacking:
            why = f"{one.seeds} seeds of {SEEDS}" if one.seeds < SEEDS else f"without {', '.join(one.lacking)}"
            typer.echo(f"not decided: {one.task} ({why})", err=True)
            continue
        status = "measures" if one.measures else "frontier"
        best, shallow = named(one.best, one.best_id), named(one.rule, one.rule_ood)
        held = tuple(contrast_text(contrast) for contrast in one.contrasts if contrast.holds)
        tasks[one.task] = Decision(
            status, one.family, one.version, one.seeds, one.reasons, one.size, best, shallow, held
        )
    commands, commits = (
        dict.fromkeys(str(made[field]) for made in results.provenance if made.get(field))
        for field in ("command", "commit")
    )
    write_status(StatusList(tasks, "; ".join(commands) or None, ", ".join(commits) or None), path)
    typer.echo(f"wrote {path}: {sum(one.status == 'measures' for one in tasks.values())} of {len(tasks)} tasks measure")
