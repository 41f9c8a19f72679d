"""The leaderboard: who is in it, in which order, its figures, and what a reader must know beside them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ..metrics.fingerprint import fingerprints
from ..metrics.planned import has_curve, headline, measure_of
from ..metrics.summary import Entry, anchors_of, summarise
from ..runs.results import Results
from .names import base_and_variant
from .provenance import warnings_of

BLOCKS = ("learner", "control", "heuristic")
"""The blocks of every table, in this order: what is compared, what it is held against, and the shallow rules."""


@dataclass(frozen=True)
class TaskHead:
    """What the table of one task says about it.

    ood          the headline split, or None: then there is no OOD column
    measure      "score" on the common scale; else "accuracy" or "bits" of a task without an oracle, which stays out of
                 means
    sizes        the anchors, ascending: the training sizes that most learners were asked for
    max_exposed  the most exposed examples that were planned
    notes        why cells are n/a or missing, a sentence each
    """

    name: str
    family: str
    ood: str | None
    measure: str
    sizes: tuple[int, ...]
    max_exposed: int
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Leaderboard:
    """Everything a format needs to print it.

    entries   the figures
    tasks     in the order of the plan, but for the riddles
    riddles   likewise: tasks without a right answer, of which entries say what was answered, not how well
    families  those with a task on the common scale
    ranked    the names of those tasks
    order     names of a block, in the order of the plan, a variant after its base
    brief     the board of tasks alone: no tables by family or task
    warnings  what is mixed in the results
    results   where it all comes from
    """

    entries: tuple[Entry, ...]
    tasks: tuple[TaskHead, ...]
    riddles: tuple[TaskHead, ...]
    families: tuple[str, ...]
    ranked: tuple[str, ...]
    order: dict[str, list[str]]
    warnings: tuple[str, ...]
    results: Results
    brief: bool = False


def make_leaderboard(results: Results) -> Leaderboard:
    """Summarise results. Raises ValueError if nothing was planned, or if two results contradict each other."""
    if not results.plan["cells"]:
        raise ValueError("there is nothing to report: no cell was planned")
    entries = summarise(results.scores, results.plan)
    entries += fingerprints(results.scores, results.answers, results.plan)
    planned = {cell["task"] for cell in results.plan["cells"]}
    heads = [_head(task, results) for task in results.plan["tasks"] if task in planned]
    tasks = [task for task in heads if has_curve(results.plan, task.name)]
    riddles = [task for task in heads if task not in tasks]
    about = results.plan["tasks"]
    ranked = tuple(task.name for task in tasks if about[task.name]["ranked"])
    order = {block: _ordered(names) for block, names in _blocks(results.plan).items()}
    return Leaderboard(
        entries=tuple(entries),
        tasks=tuple(tasks),
        riddles=tuple(riddles),
        families=tuple(dict.fromkeys(about[name]["family"] for name in ranked)),
        ranked=ranked,
        order=order,
        warnings=tuple(warnings_of(results)),
        results=results,
    )


def summary_of(board: Leaderboard) -> Leaderboard:
    """The board of tasks alone. Raises ValueError where no task is on the common scale."""
    if not board.ranked:
        named = ", ".join(task.name for task in (*board.tasks, *board.riddles))
        raise ValueError(f"there is no summary: no task is on the common scale, only {named}")
    finals = [entry for entry in board.entries if is_final(entry) and entry.of in board.ranked]
    return replace(board, brief=True, riddles=(), entries=tuple(finals))


def is_final(entry: Entry) -> bool:
    """Whether an entry is of the board: a score at the largest size, or (of no side) that a learner is n/a."""
    return entry.scope == "task" and (entry.measure == "final" or (entry.measure, entry.side) == ("area", ""))


def _head(task: str, results: Results) -> TaskHead:
    plan = results.plan
    cells = [cell for cell in plan["cells"] if cell["task"] == task]
    return TaskHead(
        name=task,
        family=plan["tasks"][task]["family"],
        ood=headline(plan, task),
        measure=measure_of(plan, task),
        sizes=anchors_of(plan, task),
        max_exposed=max(cell["exposed"] for cell in cells),
        notes=(*_reasons(task, plan), *_failures(task, results), *_not_run(task, results)),
    )


def _blocks(plan: dict[str, Any]) -> dict[str, list[str]]:
    """The names in each block."""
    return {block: [name for name, about in plan["learners"].items() if about["kind"] == block] for block in BLOCKS}


def _ordered(names: list[str]) -> list[str]:
    """As the plan has them: an order that claims nothing. A variant stands after its base."""
    bases = [base_and_variant(name)[0] for name in names]
    first = {base: place for place, base in reversed(list(enumerate(bases)))}
    return [name for _, name in sorted(zip(bases, names, strict=True), key=lambda pair: first[pair[0]])]


def _reasons(task: str, plan: dict[str, Any]) -> list[str]:
    """Why a learner cannot do the task, learners with the same reason together."""
    groups: dict[tuple[str, int | None], list[str]] = {}
    for item in plan["not_applicable"]:
        if item["task"] == task:
            groups.setdefault((item["reason"], item.get("size")), []).append(item["learner"])
    return [
        f"n/a: {', '.join(dict.fromkeys(names))}{'' if size is None else f' at n = {size}'}: {reason}"
        for (reason, size), names in groups.items()
    ]


def _failures(task: str, results: Results) -> list[str]:
    """What broke, a line a learner and message."""
    count: Counter[tuple[str, str, str]] = Counter()
    for item in results.failures:
        if item["task"] == task:
            first = str(item["message"]).strip().splitlines()[:1]
            count[item["learner"], item["kind"], first[0] if first else ""] += len(item["keys"])
    return [
        f"failed: {learner}, {cells} cell{'' if cells == 1 else 's'}: {kind}{f': {message}' if message else ''}"
        for (learner, kind, message), cells in count.items()
    ]


def _not_run(task: str, results: Results) -> list[str]:
    """Cells that are neither there nor failed: the run was stopped, or is still going on."""
    there = set(results.scores["key"].unique())
    failed = {key for item in results.failures for key in item["keys"]}
    missing = Counter(
        cell["learner"]
        for cell in {cell["key"]: cell for cell in results.plan["cells"]}.values()
        if cell["task"] == task and cell["key"] not in there | failed
    )
    return [f"not run yet: {learner}, {cells} cell{'' if cells == 1 else 's'}" for learner, cells in missing.items()]
