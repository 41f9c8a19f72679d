"""Common part of several result folders: the tasks and training sizes on which their learners can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..runs.catalogue import Catalogue


@dataclass(frozen=True)
class Shared:
    """The catalogue of several folders, split into two parts.

    common    the tasks that were planned in all folders, at the training sizes at which all of them have cells
    rest      the other tasks, and those of which sizes were left out, at all their sizes
    left_out  one line for each part that is not in `common`, with the folders that lack it
    """

    common: Catalogue
    rest: Catalogue
    left_out: tuple[str, ...]


def share(whole: Catalogue, folders: Mapping[str, Catalogue]) -> Shared | None:
    """Split the catalogue of several folders; None if the folders have everything in common, or nothing.

    A task that was planned in a folder but is not applicable at any size (n/a) does not limit the other folders.
    """
    sizes: dict[str, set[int]] = {}  # common sizes of every common task
    apart: dict[str, list[str]] = {}  # reason why something is left out -> the tasks concerned
    for task in whole.by_task:
        own = {name: _sizes(folder, task) for name, folder in folders.items() if task in folder.tasks}
        lacking = [name for name in folders if name not in own]
        found = [held for held in own.values() if held]
        common = set.intersection(*found)
        if lacking or not common:
            why = f"not in {', '.join(lacking)}" if lacking else "no training size that all folders have"
            apart.setdefault(why, []).append(task)
            continue
        sizes[task] = common
        extra: dict[str, list[str]] = {}  # the folders that lack some sizes -> these sizes
        for size in sorted(set.union(*found) - common):
            without = [name for name, held in own.items() if held and size not in held]
            extra.setdefault(", ".join(without), []).append(str(size))
        for without, those in extra.items():
            apart.setdefault(f"n = {', '.join(those)}, not in {without}", []).append(task)
    if not sizes or not apart:
        return None
    others = {task for tasks in apart.values() for task in tasks}
    lines = tuple(f"left out: {', '.join(tasks)} ({why})" for why, tasks in apart.items())
    return Shared(_part(whole, sizes), _part(whole, dict.fromkeys(others)), lines)


def _sizes(folder: Catalogue, task: str) -> set[int]:
    return {cell.size for cells in folder.by_task.get(task, {}).values() for cell in cells}


def _part(whole: Catalogue, sizes: Mapping[str, set[int] | None]) -> Catalogue:
    """The catalogue restricted to the tasks in `sizes`, at these sizes (None: all), and to the learners in them."""

    def held(task: str, size: int | None) -> bool:
        if task not in sizes:
            return False
        wanted = sizes[task]
        return wanted is None or size is None or size in wanted

    cells = tuple(cell for cell in whole.cells if held(cell.task, cell.size))
    refused = tuple(row for row in whole.not_applicable if held(row.task, row.size))
    there = {cell.learner for cell in cells} | {row.learner for row in refused}
    return replace(
        whole,
        tasks={name: task for name, task in whole.tasks.items() if name in sizes},
        learners={name: learner for name, learner in whole.learners.items() if name in there},
        cells=cells,
        not_applicable=refused,
    )
