"""What the commands on answers to probe examples share: options, reading, and writing a figure."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .folders import REFERENCE, read_selected

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..analysis.answers import TaskAnswers
    from ..reports.text import Layout
    from ..runs.results import Results

SplitName = Annotated[
    str | None, typer.Option("--split", help="Name of a split. Default: the headline shift of each task.")
]
FigureFile = Annotated[Path | None, typer.Option("--output", help="Draw the figure to this file: .svg, .pdf or .png.")]


def probe_answers_of(
    dirs: Sequence[Path] | None,
    suite_seed: int | None,
    tasks: Sequence[str] | None,
    families: Sequence[str] | None,
    split: str | None,
) -> tuple[Results, list[TaskAnswers], list[str]]:
    """The results of some folders, the answers to the probe examples of each task, and a note on tasks without any.

    Raises UsageError if there are none.
    """
    from ..analysis.answers import final_keys, task_answers
    from ..runs.errors import UsageError
    from ..runs.probe_answers import read_probe_answers

    folders = list(dirs or [REFERENCE])
    results = read_selected(folders, suite_seed, tasks, families, measured=True)
    try:
        answers = read_probe_answers(folders, final_keys(results.catalogue))
        found = task_answers(results.scores, results.catalogue, answers, split)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if not found:
        raise UsageError(
            f"{', '.join(map(str, folders))}: no stored answers that name classes for the probe examples"
            f"{f' of the split {split!r}' if split else ''} of these tasks"
        )
    lacking = [task for task in results.catalogue.by_task if task not in {one.task for one in found}]
    note = (
        "Without stored classes for common probe examples (rule drawn for each seed, real or ambiguous targets, or "
        f"another split): {', '.join(lacking)}"
    )
    return results, found, [note] if lacking else []


def terminal() -> Layout:
    """The layout of text for the terminal: as wide as it is, without colour."""
    from ..reports.text import WIDTH, Layout

    return Layout(shutil.get_terminal_size((WIDTH, 24)).columns)


def check_figure(path: Path | None) -> None:
    """Raise UsageError for a file whose suffix is that of no format of figures, before the figure is computed."""
    from ..reports.escaping.figures import FORMATS
    from ..runs.errors import UsageError

    if path is not None and _format(path) not in FORMATS:
        raise UsageError(f"--output {path}: expected a name that ends in {', '.join(f'.{one}' for one in FORMATS)}")


def write_figure(figure: Figure, path: Path) -> None:
    """Write a figure in the format of its suffix, which `check_figure` has seen."""
    from ..reports.escaping.figures import save_figure

    save_figure(figure, path, _format(path))
    typer.echo(f"wrote {path}", err=True)


def _format(path: Path) -> str:
    return path.suffix.removeprefix(".").lower()
