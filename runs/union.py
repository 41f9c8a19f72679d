"""Several plans as one: those of a folder that is run again, and those of folders that are reported or merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .catalogue import (
    Catalogue,
    CellInfo,
    LearnerInfo,
    NotApplicable,
    TaskInfo,
    read_catalogue,
    write_catalogue,
)
from .errors import UsageError


def extend_catalogue(folder: Path, catalogue: Catalogue) -> int:
    """Add what a run asks for to a folder's plan.json; returns how many cells of earlier settings it supersedes.

    Cells of a pair whose settings differ now (another budget, another version) leave the catalogue, so that no table
    mixes them; their results stay on disk, and come back with a run that asks for them.
    """
    before = read_catalogue(folder)
    if before == catalogue:  # a run that goes on
        return 0
    merged = merge_catalogues([before, catalogue]) if before else catalogue
    if merged != before:
        write_catalogue(folder, merged)
    return sum(cell.key not in merged.by_key for cell in (before or catalogue).cells)


def merge_catalogues(catalogues: Iterable[Catalogue], *, supersede: bool = True) -> Catalogue:
    """The union of several catalogues.

    supersede  of a pair with differing settings keep the cells of the last catalogue alone: one folder, run again with
               another budget. Without it, all stay: several folders, whose contradictions the reports refuse
    """
    tasks: dict[str, TaskInfo] = {}
    learners: dict[str, LearnerInfo] = {}
    settings: dict[str, Any] = {}
    cells: dict[tuple[str, str], dict[str, CellInfo]] = {}
    latest: dict[tuple[str, str], str] = {}
    refused: dict[tuple[str, str, int | None, int | None], NotApplicable] = {}
    for catalogue in catalogues:
        tasks |= catalogue.tasks
        learners |= {
            name: learner
            for name, learner in catalogue.learners.items()
            if learner.version is not None or name not in learners
        }
        settings |= catalogue.settings
        for cell in catalogue.cells:
            pair = (cell.task, cell.learner)
            if latest.setdefault(pair, cell.settings) != cell.settings and supersede:
                latest[pair], cells[pair] = cell.settings, {}
            cells.setdefault(pair, {})[cell.key] = cell
        refused |= {(row.task, row.learner, row.size, row.exposed): row for row in catalogue.not_applicable}
    # What has been planned since is no longer refused: the pair, the size, or the exposed examples at that size.
    held: set[tuple[str, str, int | None, int | None]] = set()
    for (task, learner), group in cells.items():
        for cell in group.values():
            held |= {(task, learner, None, None), (task, learner, cell.size, None)}
            held.add((task, learner, cell.size, cell.exposed))
    merged = tuple(cell for group in cells.values() for cell in group.values())
    used = {cell.settings for cell in merged}
    return Catalogue(
        tasks=tasks,
        learners=learners,
        cells=merged,
        not_applicable=tuple(row for axes, row in refused.items() if axes not in held),
        settings={digest: pair for digest, pair in settings.items() if digest in used},
    )


def check_versions(catalogues: Mapping[str, Catalogue]) -> None:
    """Raise UsageError where some cells are of one version of a task and others of another: they are not comparable.

    catalogues  by the name of their folder
    """
    first: dict[str, tuple[Any, str, str]] = {}
    for folder, catalogue in catalogues.items():
        for (task, learner), cells in catalogue.by_pair.items():
            recorded = catalogue.settings.get(cells[-1].settings, {}).get("task", {})
            version = recorded.get("version", catalogue.tasks[task].version)
            before, other, by = first.setdefault(task, (version, folder, learner))
            if version != before:
                raise UsageError(
                    f"two versions of the task {task}: {before} ({by} in {other}) and {version} ({learner} in "
                    f"{folder}); their scores are not comparable: report on each folder alone, run the older cells "
                    f"again, or remove them from the plan (grue forget DIR --task {task} --learner NAME)"
                )
