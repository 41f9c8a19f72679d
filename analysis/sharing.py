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
    common_sizes: dict[str, set[int]] = {}  # common sizes of every common task
    left_out: dict[str, list[str]] = {}  # reason why something is left out -> the tasks concerned
    for task in whole.by_task:
        sizes_of = {name: _sizes(folder, task) for name, folder in folders.items() if task in folder.tasks}
        absent_from = [name for name in folders if name not in sizes_of]
        planned = [sizes for sizes in sizes_of.values() if sizes]
        common = set.intersection(*planned)
        if absent_from or not common:
            reason = f"not in {', '.join(absent_from)}" if absent_from else "no training size that all folders have"
            left_out.setdefault(reason, []).append(task)
            continue
        common_sizes[task] = common
        extra: dict[str, list[str]] = {}  # the folders that lack some sizes -> these sizes
        for size in sorted(set.union(*planned) - common):
            without = [name for name, planned_sizes in sizes_of.items() if planned_sizes and size not in planned_sizes]
            extra.setdefault(", ".join(without), []).append(str(size))
        for without, sizes_left_out in extra.items():
            left_out.setdefault(f"n = {', '.join(sizes_left_out)}, not in {without}", []).append(task)
    if not common_sizes or not left_out:
        return None
    others = {task for tasks in left_out.values() for task in tasks}
    lines = tuple(f"left out: {', '.join(tasks)} ({reason})" for reason, tasks in left_out.items())
    return Shared(_part(whole, common_sizes), _part(whole, dict.fromkeys(others)), lines)


def _sizes(folder: Catalogue, task: str) -> set[int]:
    return {cell.size for cells in folder.by_task.get(task, {}).values() for cell in cells}


def _part(whole: Catalogue, sizes: Mapping[str, set[int] | None]) -> Catalogue:
    """The catalogue restricted to the tasks in `sizes`, at these sizes (None: all), and to the learners in them."""

    def kept(task: str, size: int | None) -> bool:
        if task not in sizes:
            return False
        limit = sizes[task]
        return limit is None or size is None or size in limit

    cells = tuple(cell for cell in whole.cells if kept(cell.task, cell.size))
    refused = tuple(row for row in whole.not_applicable if kept(row.task, row.size))
    remaining = {cell.learner for cell in cells} | {row.learner for row in refused}
    return replace(
        whole,
        tasks={name: task for name, task in whole.tasks.items() if name in sizes},
        learners={name: learner for name, learner in whole.learners.items() if name in remaining},
        cells=cells,
        not_applicable=refused,
    )
