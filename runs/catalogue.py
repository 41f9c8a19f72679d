"""The plan of a result folder, plan.json: what was asked for, the union of all runs in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .names import UsageError
from .store import SCHEMA_VERSION, Store, write_json


def read_plan(store: Store) -> dict[str, Any] | None:
    """What was asked for, or None in a new folder."""
    path = store.folder / "plan.json"
    if not path.is_file():
        return None
    try:
        plan = json.loads(path.read_text())
    except ValueError as error:
        wrong = str(error)
    else:
        if isinstance(plan, dict) and plan.keys() >= {"tasks", "learners", "cells", "not_applicable"}:
            return plan
        wrong = "it is no plan of a run"
    raise UsageError(
        f"cannot read {store.show(path)}: {wrong}; move it away, and `grue run` with the same arguments makes it "
        "again, without repeating what is done"
    )


def save_plan(store: Store, document: dict[str, Any]) -> int:
    """Add a run's plan to the folder's; returns how many cells of earlier settings it supersedes.

    Cells of a pair whose settings differ now (another budget, another version) leave the plan, so that no table
    mixes them; their results stay on disk, and come back with the plan that asks for them.
    """
    before = read_plan(store)
    merged = merge_plans([before, document]) if before else document
    write_json(store.folder / "plan.json", {"schema": SCHEMA_VERSION, **merged})
    keys = {cell["key"] for cell in merged["cells"]}
    return sum(cell["key"] not in keys for cell in (before or document)["cells"])


def merge_plans(plans: Iterable[dict[str, Any]], *, supersede: bool = True) -> dict[str, Any]:
    """The union of several plans.

    supersede  of a pair with differing settings keep the cells of the last plan alone: one folder, run again with
               another budget. Without it, all stay: several folders, whose contradictions the reports refuse
    """
    tasks, learners = {}, {}
    cells: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    settings: dict[tuple[str, str], str] = {}
    documents: dict[str, dict[str, Any]] = {}
    refused: dict[tuple[str, str, int | None, int | None], dict[str, Any]] = {}
    for plan in plans:
        tasks |= plan["tasks"]
        learners |= {
            name: about for name, about in plan["learners"].items() if "version" in about or name not in learners
        }
        documents |= plan.get("settings", {})
        for cell in plan["cells"]:
            pair = (cell["task"], cell["learner"])
            if settings.setdefault(pair, cell["settings"]) != cell["settings"] and supersede:
                settings[pair], cells[pair] = cell["settings"], {}
            cells.setdefault(pair, {})[cell["key"]] = cell
        refused |= {
            (row["task"], row["learner"], row["size"], row.get("exposed")): row for row in plan["not_applicable"]
        }
    # What has been planned since is no longer refused: the pair, the size, or the exposed examples at that size.
    held: set[tuple[str | int | None, ...]] = set()
    used = {cell["settings"] for group in cells.values() for cell in group.values()}
    for group in cells.values():
        for cell in group.values():
            task, learner, size = cell["task"], cell["learner"], cell["size"]
            held |= {(task, learner, None, None), (task, learner, size, None), (task, learner, size, cell["exposed"])}
    return {
        "tasks": tasks,
        "learners": learners,
        "cells": [cell for group in cells.values() for cell in group.values()],
        "settings": {digest: document for digest, document in documents.items() if digest in used},
        "not_applicable": [row for place, row in refused.items() if place not in held],
    }
