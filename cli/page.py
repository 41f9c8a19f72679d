"""`grue page [DIR...] -o site`: the results as a static site that opens from disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .claims import standings_of
from .folders import REFERENCE, SuiteSeed, TaskFilter, read_folders, read_studies

if TYPE_CHECKING:
    from ..reports.atlas import AtlasReport
    from ..runs.results import Results


def page(
    dirs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR]...",
            help="Result folders, which are combined, and folders of grue study. Default: reference, with its studies.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder of the site.")] = Path("site"),
    task: TaskFilter = None,
    suite_seed: SuiteSeed = None,
) -> None:
    """Write a static site: the board, a page for every task and learner, the atlas, claims, quality and studies.

    It opens from disk (OUTPUT/index.html) and needs no network.
    """
    from importlib.util import find_spec

    from ..analysis.answers import final_keys
    from ..analysis.points import curve_points
    from ..analysis.quality import assess
    from ..reports.leaderboard import make_leaderboard
    from ..runs.errors import UsageError
    from ..runs.probe_answers import read_probe_answers
    from ..runs.probe_text import probe_texts
    from ..runs.registration import RESULTS, read_claims
    from ..runs.status import declared, read_status

    if find_spec("jinja2") is None:
        raise UsageError("the site needs jinja2: pip install 'grue[page]'")
    from ..reports.page.site import SiteData, write_site

    if output.is_file():
        raise UsageError(f"--output {output}: it is a file; expected a folder")
    folders, studies = read_studies(dirs or [], packed=True)
    folders = folders or [REFERENCE]
    results = read_folders(folders, suite_seed, task, measured=True)
    catalogue = results.catalogue
    try:
        board = make_leaderboard(results, read_status().listed(catalogue))
        qualities = assess(results.scores, catalogue, declared().contrasts, declared().exposure)
        standings, _ = standings_of([] if RESULTS.is_dir() else folders, None, read_claims(), studies)
    except ValueError as error:
        raise UsageError(str(error)) from error
    keys = final_keys(catalogue)
    answers = read_probe_answers(folders, keys)
    final = {
        label: {name: [cell for cell in cells if cell.key in keys] for name, cells in of_task.items()}
        for label, of_task in catalogue.by_task.items()
    }
    data = SiteData(
        board=board,
        points=curve_points(results.scores, catalogue),
        probes=probe_texts(folders, catalogue, final, answers),
        atlas=_atlas(results, answers),
        standings=standings,
        qualities=qualities,
        studies=[studies[name] for name in sorted(studies, key=_place)],
    )
    for warning in board.warnings:
        typer.echo(f"warning: {warning}", err=True)
    paths = write_site(data, output)
    size = sum(path.stat().st_size for path in paths)
    typer.echo(f"wrote {output / 'index.html'} and {len(paths) - 1} other files, {size / 1e6:.1f} MB", err=True)


def _place(study: str) -> tuple[int, str]:
    """Studies in the order in which they are listed, unknown ones last."""
    from ..studies.catalogue import STUDIES

    return ([*STUDIES, study].index(study), study)


def _atlas(results: Results, answers: dict) -> AtlasReport | None:
    """The atlas; None where no two learners can be compared."""
    from ..analysis.agreement import MIN_ID, task_agreement
    from ..analysis.answers import task_answers
    from ..analysis.atlas import make_atlas
    from ..reports.atlas import AtlasReport

    found = [task_agreement(one, results.catalogue) for one in task_answers(results.scores, results.catalogue, answers)]
    atlas = make_atlas(found)
    return AtlasReport(atlas, found, results, MIN_ID) if atlas.tasks else None
