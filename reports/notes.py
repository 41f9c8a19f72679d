"""Notes on missing cells: not applicable, failed, or not run yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any

from ..runs.catalogue import Catalogue
from ..runs.results import Results


class MissingCells:
    """The cells without scores, indexed by task and learner."""

    def __init__(self, results: Results) -> None:
        self._catalogue: Catalogue = results.catalogue
        self._failures: dict[str, list[dict[str, Any]]] = {}
        for failure in results.failures:
            keys = [key for key in failure["keys"] if key in self._catalogue.by_key]
            if keys:
                self._failures.setdefault(failure["task"], []).append({**failure, "keys": keys})
        self._with_scores = set(results.scores["key"].unique())

    def notes(self, task: str, learners: Collection[str] | None = None) -> tuple[str, ...]:
        """All notes on a task, one sentence each: not applicable, failed, not run yet. learners: only these."""
        shown = self._catalogue.learners if learners is None else learners
        return (*self._reasons(task, shown), *self._failed(task, shown), *self._not_run(task, shown))

    def status(self, task: str, learner: str, size: int | None = None) -> str:
        """The status of an entry of which all cells are missing: "timeout", "failed" or "not run".

        size  training size of its cells; None: all sizes
        """
        cells = self._catalogue.by_key
        kinds = {
            failure["kind"]
            for failure in self._failures.get(task, ())
            if failure["learner"] == learner
            and (size is None or any(cells[key].size == size for key in failure["keys"]))
        }
        return "timeout" if "timeout" in kinds else "failed" if kinds else "not run"

    @cached_property
    def _refused(self) -> dict[str, dict[tuple[str, int | None], list[str]]]:
        """Task -> (reason, size) -> learners."""
        found: dict[str, dict[tuple[str, int | None], list[str]]] = {}
        for row in self._catalogue.not_applicable:
            found.setdefault(row.task, {}).setdefault((row.reason, row.size), []).append(row.learner)
        return found

    def _reasons(self, task: str, shown: Collection[str]) -> Iterable[str]:
        for (reason, size), names in self._refused.get(task, {}).items():
            if named := [name for name in dict.fromkeys(names) if name in shown]:
                yield f"n/a: {', '.join(named)}{'' if size is None else f' at n = {size}'}: {reason}"

    def _failed(self, task: str, shown: Collection[str]) -> Iterable[str]:
        """One line per learner and message."""
        count: Counter[tuple[str, str, str]] = Counter()
        for failure in (one for one in self._failures.get(task, ()) if one["learner"] in shown):
            first = str(failure["message"]).strip().splitlines()[:1]
            count[failure["learner"], failure["kind"], first[0] if first else ""] += len(failure["keys"])
        for (learner, kind, message), cells in count.items():
            yield f"failed: {learner}, {_cells(cells)}: {kind}{f': {message}' if message else ''}"

    def _not_run(self, task: str, shown: Collection[str]) -> Iterable[str]:
        """Cells that have neither scores nor a failure: the run was stopped, or has not finished."""
        failed = {key for failure in self._failures.get(task, ()) for key in failure["keys"]}
        of_task = self._catalogue.by_task.get(task, {})
        for learner, cells in ((name, cells) for name, cells in of_task.items() if name in shown):
            left = {cell.key for cell in cells} - self._with_scores - failed
            if left:
                yield f"not run yet: {learner}, {_cells(len(left))}"


def _cells(number: int) -> str:
    return f"{number} cell{'' if number == 1 else 's'}"
