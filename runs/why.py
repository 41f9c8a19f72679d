"""Why a cell has to be run: how its settings differ from those recorded in the folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .catalogue import Catalogue
from .cells import Cell

VERSIONS = {
    "protocol": "the runner's protocol",
    "metrics": "the metrics",
    "suite": "the suite seed",
    "test_size": "test size",
}
"""Descriptions of the settings of a pair that are single values."""

SHOWN = 60
"""Characters of a parameter's value that are shown."""


def reason_of(cell: Cell, before: Catalogue | None, failed: Mapping[str, str] | None = None) -> str:
    """The reason, as text.

    before  the folder's catalogue; None: a new folder
    failed  key of a cell that failed -> the kind of its failure
    """
    if failed and cell.key in failed:
        return f"failed before ({failed[cell.key]})"
    planned = before.by_pair.get((cell.pair.task.label, cell.pair.learner.label), ()) if before else ()
    if before is None or not planned:
        return "new"
    if any(one.settings == cell.pair.digest for one in planned):
        return "not done yet" if cell.key in before.by_key else "new"
    recorded = before.settings.get(planned[-1].settings)
    different = changes(recorded, cell.pair.settings) if recorded else []
    return "; ".join(different) or "planned before with other settings or versions"


def group_reasons(cells: Iterable[Cell], before: Catalogue | None, failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """The reasons of several cells, such as "4 cells: new", a line each."""
    failed = {key: failure["kind"] for failure in failures for key in failure["keys"]}
    counts = Counter(reason_of(cell, before, failed) for cell in cells)
    return [f"{count} cell{'' if count == 1 else 's'}: {reason}" for reason, count in counts.items()]


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Descriptions of the differences between two settings of a pair (Pair.settings)."""
    found = [
        f"{words}: {before.get(name)} -> {now[name]}"
        for name, words in VERSIONS.items()
        if before.get(name) != now[name]
    ]
    for kind in ("task", "learner"):
        found += [f"{kind}: {change}" for change in _changes_of(before[kind], now[kind])]
    return found


def _changes_of(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    found = [
        f"{name} {_short(before[name])} -> {_short(now[name])}"
        for name in ("name", "version")
        if before[name] != now[name]
    ]
    old, new = before["parameters"], now["parameters"]
    found += [
        f"{name} {_short(old.get(name, 'absent'))} -> {_short(new.get(name, 'absent'))}"
        for name in sorted({**old, **new})
        if name not in old or name not in new or old[name] != new[name]
    ]
    old, new = before.get("source", {}), now.get("source", {})
    modules = _different(old.get("modules", {}), new.get("modules", {}))
    if modules:
        found.append(f"source changed in {', '.join(modules)}")
    old, new = old.get("distributions", {}), new.get("distributions", {})
    found += [f"{name} {old.get(name, 'absent')} -> {new.get(name, 'absent')}" for name in _different(old, new)]
    return found


def _different(old: Mapping[str, str], new: Mapping[str, str]) -> list[str]:
    return sorted(name for name in {**old, **new} if old.get(name) != new.get(name))


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
