"""Take cells out of a folder's plan: failed ones, or those of a learner or task that is not wanted any more."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .catalogue import merge_plans, read_plan
from .names import UsageError, nearest
from .store import SCHEMA_VERSION, Store, write_json


def forget(
    folder: Path | str,
    *,
    learner: str | None = None,
    task: str | None = None,
    failed: bool = False,
    say: Callable[[str], None] | None = None,
) -> int:
    """Take cells out of the plan, under the folder's lock; returns how many. All files of results stay.

    learner, task  their labels in the plan; None: all
    failed         only cells that failed and have no result

    What is left without cells and reasons leaves the plan too. Raises UsageError for a folder without a plan, for a
    label that is not in it (with the nearest), and where nothing is chosen.
    """
    store = Store(Path(folder))
    if learner is None and task is None and not failed:
        raise UsageError("nothing is chosen; expected a learner, a task, or failed cells")
    if read_plan(store) is None:
        raise UsageError(f"{folder} is no result folder: it has no plan.json")
    with store.locked(say or (lambda text: print(text, file=sys.stderr))):  # noqa: T201
        plan = read_plan(store) or {}
        for what, label in (("learner", learner), ("task", task)):
            if label is not None and label not in plan[f"{what}s"]:
                raise UsageError(f"{folder}: " + nearest(label, plan[f"{what}s"], f"{what} of the plan"))
        keys = {key for failure in store.failures() for key in failure["keys"]} - store.keys() if failed else None

        def is_chosen(row: dict[str, Any]) -> bool:
            return (learner in (None, row["learner"])) and (task in (None, row["task"]))

        kept = [cell for cell in plan["cells"] if not is_chosen(cell) or (keys is not None and cell["key"] not in keys)]
        reasons = [row for row in plan["not_applicable"] if failed or not is_chosen(row)]
        rest = merge_plans([{**plan, "cells": kept, "not_applicable": reasons}])
        for kind in ("task", "learner"):
            left = {row[kind] for row in (*kept, *reasons)}
            rest[f"{kind}s"] = {name: about for name, about in plan[f"{kind}s"].items() if name in left}
        write_json(store.folder / "plan.json", {"schema": SCHEMA_VERSION, **rest})
    return len(plan["cells"]) - len(kept)
