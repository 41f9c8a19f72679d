"""Remove cells from the plan of a folder: failed cells, or those of a learner or task."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .batches import BatchStore
from .bundle import refuse_packed
from .catalogue import Catalogue, CellInfo, NotApplicable, read_catalogue, write_catalogue
from .errors import UsageError
from .names import nearest
from .reading import require_catalogue


def forget(
    folder: Path | str,
    *,
    learner: str | None = None,
    task: str | None = None,
    failed: bool = False,
    log: Callable[[str], None] | None = None,
) -> int:
    """Take cells out of the plan, under the folder's lock; returns how many. All files of results stay.

    learner, task  their labels in the plan; None: all
    failed         only cells that failed and have no result

    What is left without cells and reasons leaves the plan too. Raises UsageError for a folder without a plan, for a
    label that is not in it (with the nearest), and where nothing is chosen.
    """
    store = BatchStore(Path(folder))
    if learner is None and task is None and not failed:
        raise UsageError("no cells selected; expected --learner, --task or --failed")
    refuse_packed(folder, "change")
    require_catalogue(Path(folder))
    with store.locked(log or (lambda text: print(text, file=sys.stderr))):  # noqa: T201
        before = read_catalogue(store.folder) or Catalogue()
        for what, label, known in (("learner", learner, before.learners), ("task", task, before.tasks)):
            if label is not None and label not in known:
                raise UsageError(f"{folder}: " + nearest(label, known, f"{what} of the plan"))
        without_result = {key for failure in store.failures() for key in failure["keys"]} if failed else set[str]()
        if failed:
            for table, _ in store.read(columns=["key"]).values():
                without_result.difference_update(table["key"].to_pylist())

        def is_chosen(row: CellInfo | NotApplicable) -> bool:
            return learner in (None, row.learner) and task in (None, row.task)

        cells = tuple(
            cell for cell in before.cells if not is_chosen(cell) or (failed and cell.key not in without_result)
        )
        reasons = tuple(row for row in before.not_applicable if failed or not is_chosen(row))
        left = [*cells, *reasons]
        tasks, learners = {row.task for row in left}, {row.learner for row in left}
        settings = {cell.settings for cell in cells}
        rest = Catalogue(
            tasks={name: entry for name, entry in before.tasks.items() if name in tasks},
            learners={name: entry for name, entry in before.learners.items() if name in learners},
            cells=cells,
            not_applicable=reasons,
            settings={digest: entry for digest, entry in before.settings.items() if digest in settings},
        )
        write_catalogue(store.folder, rest)
    return len(before.cells) - len(cells)
