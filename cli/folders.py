"""What the reporting commands share: reading result folders, and writing text to a file or standard output."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ..analysis.findings import StudyRun
    from ..runs.results import Results


class ReportFormat(StrEnum):
    """Formats of a report, as on the command line."""

    text = "text"
    md = "md"
    csv = "csv"
    json = "json"


Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[DIR]...",
        help="Result folders; several are combined. Default: reference, the packed results of standard.",
    ),
]
OutputFile = Annotated[Path | None, typer.Option(help="Write to this file instead of standard output.")]
SuiteSeed = Annotated[
    int | None, typer.Option("--suite-seed", help="Use only results of this suite seed. Default: all.")
]
TaskFilter = Annotated[
    list[str] | None, typer.Option("--task", help="Only this task, or family:NAME. May be repeated.")
]
"""The options of all commands that report."""

LearnerFilter = Annotated[
    list[str] | None,
    typer.Option("--learner", help="Only this learner, control or heuristic, by its label. May be repeated."),
]
FamilyFilter = Annotated[
    list[str] | None, typer.Option("--family", help="Only the tasks of this family. May be repeated.")
]
SplitFilter = Annotated[
    str,
    typer.Option("--split", help="The split that counts as OOD: ood (the headline shift), the name of one, or id."),
]
NameOption = Annotated[
    list[str] | None,
    typer.Option("--name", help="Display name of a learner, such as forest=RF. May be repeated."),
]
"""Further options of some of them."""


REASONS = 3
"""Reasons for cells that are not applicable in the message for a plan without cells."""

REFERENCE = Path("reference")
"""The folder that is read where none is given: the packed results of the package (`runs/bundle.py`)."""


def read_folders(
    dirs: Sequence[Path],
    suite_seed: int | None = None,
    tasks: Collection[str] | None = None,
    *,
    measured: bool = False,
    every_metric: bool = False,
) -> Results:
    """The results of some folders. Raises UsageError, which ends the command with exit code 2, where one holds none.

    suite_seed  only what was made with it; None: everything
    tasks       only these, or those of a family as family:NAME; none: all
    measured    also insist on at least one cell that has been measured
    every_metric  also read the metrics that no table or figure shows (`runs/shrink.py`)
    """
    from ..runs.errors import UsageError
    from ..runs.reading import read
    from ..runs.shown import shown

    results = shown(read(dirs, every_metric=every_metric))
    named = ", ".join(str(folder) for folder in dirs)
    if not results.catalogue.cells:
        reasons = {row.reason: f"{row.task}, {row.learner}" for row in results.catalogue.not_applicable}
        why = [f"{pair}: {reason}" for reason, pair in reasons.items()]
        more = [f"and {len(why) - REASONS} more reasons"] if len(why) > REASONS else []
        listed = f" ({'; '.join([*why[:REASONS], *more])})" if why else ""
        raise UsageError(
            f"{named}: the plan has no cells, so there is nothing to report; plan some with grue run{listed}"
        )
    if suite_seed is not None:
        results = results.of_suite(suite_seed)
    if tasks:
        results = results.of_tasks(tasks)
    if measured and results.scores.empty:
        planned = len(results.catalogue.cells)
        raise UsageError(f"{named}: none of the {planned} planned cells is done yet; start them with grue run")
    return results


def read_selected(
    dirs: Sequence[Path],
    suite_seed: int | None,
    tasks: Collection[str] | None,
    families: Collection[str] | None,
    split: str = "ood",
    *,
    measured: bool = False,
) -> Results:
    """The results of some folders on the tasks that are of the `tasks` and of the `families`, with another split.

    Raises UsageError for a name that is unknown, and if no task is left.
    """
    from ..runs.errors import UsageError
    from ..runs.selection import of_families, with_split

    results = read_folders(dirs, suite_seed, tasks, measured=measured)
    if families:
        if tasks:
            chosen = dict.fromkeys(info.family for info in results.catalogue.tasks.values())
            if not set(families) & set(chosen):
                of_families(read_folders(dirs, suite_seed), families)
                raise UsageError(
                    f"no task is left: none of {', '.join(tasks)} is of the family {' or '.join(families)} "
                    f"(they are of {', '.join(chosen)})"
                )
            families = [name for name in families if name in chosen]
        results = of_families(results, families)
    results = with_split(results, split)
    if not results.catalogue.cells:
        raise UsageError(f"nothing to report: no cell was planned on {', '.join(results.catalogue.tasks)}")
    return results


def read_studies(dirs: Sequence[Path], *, packed: bool) -> tuple[list[Path], dict[str, StudyRun]]:
    """The folders that are not of studies, and the findings of those that are, by study, the last one of each.

    packed  also the findings that come with the package, of studies that no folder is given of

    Raises UsageError where findings cannot be read.
    """
    from ..reports.study_files import is_study, packed_runs, read_run

    runs = packed_runs() if packed else {}
    runs |= {run.study: run for run in (read_run(one) for one in dirs if is_study(one))}
    return [one for one in dirs if not is_study(one)], runs


def check_names(given: Collection[str], known: Collection[str], what: str) -> None:
    """Raise UsageError, with the nearest name, for one that is unknown."""
    from ..runs.errors import UsageError

    for name in given:
        if name not in known:
            from ..runs.names import nearest

            raise UsageError(nearest(name, known, what))


def write_text(text: str, output: Path | None) -> None:
    """To a file, whose folder is made where needed, or to the standard output."""
    if output is None:
        sys.stdout.write(text)
        return
    from ..engine.durable import write_file

    write_file(output, text.encode("utf-8"))
    print(f"wrote {output}", file=sys.stderr)
