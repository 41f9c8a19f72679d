"""From a preset to cells: everything that is asked for, and the reason for everything that cannot be had."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..learners.base import Learner, Spec
from ..tasks.base import Task
from .cells import Cell, Pair
from .names import Named, UsageError, make_learner, make_task
from .presets import Preset
from .references import ORACLE, Reference


@dataclass(frozen=True)
class Plan:
    """The cells of a run.

    tasks           every task that was asked for, also one that no learner can be put to: label -> task
    learners        every learner that was asked for, in that order: label -> learner
    pairs           every (task, learner) that is run
    cells           of all pairs
    not_applicable  [{"task", "learner", "size", "reason"}]; size None: at any size; with "exposed": that many alone
    """

    preset: str
    tasks: dict[str, Task] = field(default_factory=dict)
    learners: dict[str, Learner | Reference] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    not_applicable: list[dict[str, Any]] = field(default_factory=list)

    def reasons(self) -> list[str]:
        """Why cells cannot be, a line each."""
        sizes = ["" if row["size"] is None else f" at n = {row['size']}" for row in self.not_applicable]
        return [
            f"n/a: {row['task']}, {row['learner']}{size}: {row['reason']}"
            for row, size in zip(self.not_applicable, sizes, strict=True)
        ]

    def document(self) -> dict[str, Any]:
        """The plan as JSON, for the reports (runs/results.py says what is in it)."""
        return {
            "tasks": {label: _describe_task(task) for label, task in self.tasks.items()},
            "learners": {label: _describe_learner(learner) for label, learner in self.learners.items()},
            "cells": [cell.row() for cell in self.cells],
            "settings": {pair.digest: pair.settings for pair in self.pairs},
            "not_applicable": self.not_applicable,
        }


def make_plan(
    preset: Preset,
    *,
    tasks: list[str | Task] | None = None,
    learners: list[str | Learner] | None = None,
) -> Plan:
    """Expand a preset, or the part of it that `tasks` and `learners` name; objects of one's own are welcome.

    A task whose data are not installed is n/a in a preset, and refused if it was asked for by name.
    """
    if not preset.sizes or min(preset.sizes) < 1 or preset.seeds < 1:
        raise UsageError(
            f"sizes {preset.sizes} and {preset.seeds} seeds; expected sizes from 1 up and at least one seed"
        )
    if preset.exposed and min(preset.exposed) < 0:
        raise UsageError(f"exposed {preset.exposed}; expected numbers from 0 up")
    plan = Plan(preset.name)
    chosen: list[Named[Task]] = []
    for spec in preset.tasks if tasks is None else tasks:
        named = make_task(spec)
        if tasks is not None and named.thing.missing:
            raise UsageError(f"{named.label}: {named.thing.missing}")
        _add_named(chosen, named, "tasks")
        plan.tasks[named.label] = named.thing
    heuristics = {name for named in chosen for name in named.thing.heuristics}
    for named in chosen:
        for learner in _learners(preset, named, learners, heuristics):
            plan.learners.setdefault(learner.label, learner.thing)
            _add(plan, preset, named, learner)
    return plan


def _learners(
    preset: Preset, task: Named[Task], wanted: list[str | Learner] | None, heuristics: set[str]
) -> list[Named[Learner | Reference]]:
    """What is put to a task: the learners asked for and, unless they were picked by hand, oracle and heuristics.

    A heuristic that was asked for is put to the tasks that have it.
    """
    references = {name: Reference(name) for name in (ORACLE, *task.thing.heuristics)}
    found: list[Named[Any]] = []
    specs = (
        wanted
        if wanted is not None
        else [
            *preset.of(task.label, "learners"),
            *preset.task.get(task.label, {}).get("also", ()),
        ]
    )
    for spec in specs:
        if isinstance(spec, str) and spec in references:
            named: Named[Any] = Named(spec, references[spec])
        elif isinstance(spec, str) and spec in heuristics:
            continue
        elif isinstance(spec, str):
            named = make_learner(spec, preset.settings(spec))
        else:
            named = make_learner(spec)
        _add_named(found, named, "learners")
    if wanted is None:
        for name, reference in references.items():
            _add_named(found, Named(name, reference), "learners")
    return found


def _add_named(chosen: list[Named[Any]], named: Named[Any], what: str) -> None:
    """Add what is not there yet; two different things of one name would be one row in every table."""
    for other in chosen:
        if other.label == named.label:
            if other.thing != named.thing:
                raise UsageError(f"two {what} go by the name {named.label!r}: {other.thing} and {named.thing}")
            return
    chosen.append(named)


def _add(plan: Plan, preset: Preset, task: Named[Task], learner: Named[Learner | Reference]) -> None:
    def refuse(size: int | None, reason: str, **exposed: int) -> None:
        row = {"task": task.label, "learner": learner.label, "size": size, **exposed, "reason": reason}
        plan.not_applicable.append(row)

    def reason(n: int | None) -> str | None:
        if thing.missing:
            return thing.missing
        if isinstance(learner.thing, Reference):
            return learner.thing.accepts(thing)
        return learner.thing.accepts(Spec(thing.inputs, thing.outputs, thing.steps, n))

    thing = task.thing
    pair = Pair(task, learner, int(preset.of(task.label, "tests")))
    never = reason(None)
    if never:
        if not (thing.missing and isinstance(learner.thing, Reference)):  # nobody misses the rules of such a task
            refuse(None, never)
        return
    sizes = sorted(set(preset.of(task.label, "sizes")))
    pool = thing.capacity("exposed") if thing.headline else 0
    exposed = sorted({0, *preset.of(task.label, "exposed")}) if thing.headline else [0]
    for extra in exposed:
        if pool is not None and extra > pool:
            refuse(sizes[-1], f"space exhausted: {extra} exposed, and the pool holds {pool}", exposed=extra)
    most = max(n for n in exposed if pool is None or n <= pool)
    capacity, fitting = thing.capacity("train"), []
    for size in sizes:
        if capacity is not None and size > capacity:
            refuse(size, f"space exhausted: train holds {capacity} distinct problems")
        elif why := reason(size + (most if size == sizes[-1] else 0)):
            refuse(size, why)
        else:
            fitting.append(size)
    if not fitting:
        return
    plan.pairs.append(pair)
    possible = [(size, 0) for size in fitting] + [(fitting[-1], n) for n in exposed if 0 < n <= most]
    plan.cells.extend(Cell(pair, size, extra, seed) for seed in range(preset.seeds) for size, extra in possible)


def _describe_task(task: Task) -> dict[str, Any]:
    return {
        "family": task.family,
        "version": task.version,
        "ambiguous": task.ambiguous,
        "measure": task.measure,
        "ranked": task.ranked,
        "rules": list(task.rules),
        "heuristics": sorted(task.heuristics),
        "splits": [
            {"name": split.name, "shift": split.shift, "severity": split.severity, "headline": split.headline}
            for split in task.splits
        ],
    }


def _describe_learner(learner: Learner | Reference) -> dict[str, Any]:
    if isinstance(learner, Reference):
        kind = "control" if learner.name == ORACLE else "heuristic"
    else:
        kind = "control" if learner.control else "learner"
    return {"kind": kind, "version": learner.version, "parameters": learner.parameters()}
