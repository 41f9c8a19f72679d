"""From a preset to the cells of a run, with the reason for every cell that is not applicable (n/a)."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice, product
from typing import Any

from ..learners.base import Learner
from ..tasks.base import Task
from .catalogue import Catalogue, CellInfo, LearnerInfo, NotApplicable, SplitInfo, TaskInfo
from .cells import Cell, Pair, plain
from .entrant import Entrant, as_entrant, references
from .names import Named, UsageError, make_learner, make_task
from .presets import for_task
from .schema import MAX_ENTRIES, Preset, without
from .sets import expand
from .too_large import Row, check_rows
from .views import already, split_view, with_view


@dataclass(frozen=True)
class Plan:
    """The cells of a run.

    tasks           every requested task, including one that no learner accepts: label -> task
    learners        every requested learner, in that order: label -> learner
    pairs           every (task, learner) that is run
    cells           of all pairs
    not_applicable  what is n/a, with the reason
    notes           further remarks, one line each
    names           label of a learner -> its name in tables
    """

    preset: str
    tasks: dict[str, Task] = field(default_factory=dict)
    learners: dict[str, Learner | Entrant] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    not_applicable: list[NotApplicable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    names: Mapping[str, str] = field(default_factory=dict)

    def reasons(self) -> list[str]:
        """Why cells are n/a, one line each."""
        sizes = ["" if row.size is None else f" at n = {row.size}" for row in self.not_applicable]
        return [
            f"n/a: {row.task}, {row.learner}{size}: {row.reason}"
            for row, size in zip(self.not_applicable, sizes, strict=True)
        ]

    def catalogue(self) -> Catalogue:
        """The plan as it is recorded, and as analysis and reports take it."""
        return Catalogue(
            tasks={label: _describe_task(task) for label, task in self.tasks.items()},
            learners={
                label: replace(_describe_learner(learner), display=self.names.get(label, ""))
                for label, learner in self.learners.items()
            },
            cells=tuple(map(_cell_info, self.cells)),
            not_applicable=tuple(self.not_applicable),
            settings={pair.digest: pair.settings for pair in self.pairs},
        )


def make_plan(
    preset: Preset,
    *,
    tasks: list[str | Task] | None = None,
    learners: list[str | Learner] | None = None,
) -> Plan:
    """Expand a preset, or the part of it that `tasks` and `learners` name; objects of one's own are welcome.

    Raises UsageError for more cells than a plan can hold, before there are any, and for examples that no machine holds.
    A task whose data are not installed is n/a in a preset, and an error if it was requested by name. What a
    preset sets for the learners, views, encodings and ages of some tasks is ignored if `learners` is given.
    """
    if learners is not None:
        preset = replace(preset, grid=without(preset.grid, ("learners", "views", "encodings", "ages", "crossed")))
    plan = Plan(preset.name, names=preset.names)
    distinct = _Distinct("tasks", plan.notes)
    for spec in preset.tasks if tasks is None else expand("tasks", tasks, preset.tasks):
        named = make_task(spec)
        if tasks is not None and named.instance.missing and named.label in tasks:
            raise UsageError(f"{named.label}: {named.instance.missing}")
        distinct.add(named)
    chosen: list[Named[Task]] = distinct.named
    plan.tasks.update((named.label, named.instance) for named in chosen)
    heuristics = {name for named in chosen for name in named.instance.heuristics}
    rows: list[Row] = []
    for named in chosen:
        grid = for_task(preset, named)
        for learner in _learners(plan, grid, named, learners, heuristics):
            plan.learners.setdefault(learner.label, learner.instance)
            rows += _add(plan, grid, named, learner)
    check_rows(rows)
    plan.cells.extend(
        Cell(row.pair, size, extra, seed) for row in rows for seed in range(row.seeds) for size, extra in row.sizes
    )
    if learners is None:
        unknown = [label for label in preset.names if label not in plan.learners]
        plan.notes.extend(f"[names] has {label!r}, which is no learner of this run" for label in unknown)
    return plan


def _learners(
    plan: Plan, grid: Preset, task: Named[Task], requested: list[str | Learner] | None, heuristics: set[str]
) -> list[Named[Learner | Entrant]]:
    """The entrants of a task: the requested learners and, unless these were named, the oracle and the heuristics.

    A requested heuristic is included for the tasks that have it.
    """
    own = references(task.instance)
    found = _Distinct("learners", plan.notes)
    specs: list[Any] = list(grid.learners) if requested is None else expand("learners", requested, grid.learners)
    specs += islice(_crossed(grid, specs, {*own, *heuristics}), MAX_ENTRIES + 1)
    if len(specs) > MAX_ENTRIES:
        raise UsageError(
            f"more than {MAX_ENTRIES:,} learners on {task.label} in all views, encodings and ages; choose fewer of "
            "these (--views, --encodings, --ages), or of the learners that have them (--crossed)"
        )
    for spec in specs:
        if isinstance(spec, str) and spec in own:
            found.add(Named(spec, own[spec]))
        elif not isinstance(spec, str) or spec not in heuristics:
            found.add(_learner(grid, spec))
    if requested is None:
        for name, reference in own.items():
            found.add(Named(name, reference))
    return found.named


def _crossed(grid: Preset, specs: Sequence[str | Learner], references: Collection[str]) -> Iterator[str | Learner]:
    """The learners of `crossed`, or those of `specs` that leave the parameter open, in other views, encodings and ages.

    Views and encodings are crossed with each other; ages are not crossed with them.
    """
    chosen = [spec for spec in grid.crossed or specs if spec not in references]
    learners = {spec: _learner(grid, spec).instance for spec in chosen}
    for spec, learner in learners.items() if grid.views or grid.encodings else ():
        if grid.crossed or learner.parameters().get("encoding") == "auto":
            for view, encoding in product(grid.views or ("",), grid.encodings or ("",)):
                changes: dict[str, Any] = {"encoding": encoding} if encoding else {}
                if view and not already(learner, view):
                    changes |= {"view": view}
                yield _changed(spec, changes)
    for spec, learner in learners.items() if grid.ages else ():
        current = learner.parameters().get("age")
        if current == 0 or (current is not None and grid.crossed):
            yield from (_changed(spec, {"age": age}) for age in grid.ages if age != current)


def _changed(spec: str | Learner, changes: dict[str, Any]) -> str | Learner:
    """The spec with other parameters and in another view; a view may have options, such as "tied,window=2"."""
    added = ",".join(f"{name}={value}" for name, value in changes.items())
    if isinstance(spec, str):
        return f"{spec}{',' if '=' in spec else ':'}{added}" if added else spec
    parameters = {name: value for name, value in changes.items() if name != "view"}
    learner = replace(spec, **parameters)  # pyright: ignore[reportArgumentType, reportCallIssue]
    _, view = split_view(f":{added}")
    return with_view(learner, spec.name, view) if view else learner


def _learner(grid: Preset, spec: str | Learner) -> Named[Learner]:
    return make_learner(spec, grid.settings(spec)) if isinstance(spec, str) else make_learner(spec)


class _Distinct:
    """Named tasks or learners, each once: two different things of one name would be one row in every table.

    Of two labels of the same settings the first stays, and a note says so: their cells have the same keys, so there is
    one row for both. Each is compared with those of the same label or hash only, as there may be thousands.
    """

    def __init__(self, what: str, notes: list[str]) -> None:
        self.what, self.notes = what, notes
        self.named: list[Named[Any]] = []
        self._alike: dict[Any, list[Named[Any]]] = {}

    def add(self, named: Named[Any]) -> None:
        """Add what is not there yet; raises UsageError if its label is that of another one."""
        lists = [self._alike.setdefault(mark, []) for mark in (named.label, _hash(named.instance))]
        for other in chain(*lists):
            if other.label == named.label and other.instance != named.instance:
                raise UsageError(
                    f"two different {self.what} have the name {named.label!r}: {other.instance} and {named.instance}"
                )
            if other.instance == named.instance and other.source == named.source:
                if other.label != named.label:
                    same = f"{named.label} and {other.label} have the same settings"
                    note = f"{same}; results are listed under {other.label}"
                    if note not in self.notes:
                        self.notes.append(note)
                return
        for alike in lists:
            alike.append(named)
        self.named.append(named)


def _hash(instance: Any) -> int | None:
    """Equal for equal ones; None for what has no hash, as where a field holds a list."""
    try:
        return hash(instance)
    except TypeError:
        return None


def _add(plan: Plan, grid: Preset, task: Named[Task], learner: Named[Learner | Entrant]) -> list[Row]:
    """Add a pair, or why it is n/a, to the plan; returns its cells as yet uncounted."""

    def refuse(size: int | None, reason: str, exposed: int | None = None) -> None:
        plan.not_applicable.append(NotApplicable(task.label, learner.label, size, reason, exposed))

    def reason(n: int | None) -> str | None:
        if instance.missing:
            return instance.missing
        return entrant.accepts(instance, n)

    instance, entrant = task.instance, as_entrant(learner.instance)
    pair = Pair(task, learner, grid.test_size, grid.suite_seed)
    never = reason(None)
    if never:
        if entrant.trains or not instance.missing:  # nobody misses the rules of such a task
            refuse(None, never)
        return []
    capacity, fitting = instance.capacity("train"), []
    sizes = sorted({_shrunk(size, capacity) if grid.over_capacity == "shrink" else size for size in grid.sizes})
    pool = instance.capacity("exposed") if instance.headline else 0
    exposed = sorted({0, *grid.exposed}) if instance.headline else [0]
    for extra in exposed:
        if pool is not None and extra > pool:
            refuse(
                sizes[-1],
                f"space exhausted: {extra} exposed examples requested, the exposure pool has {pool}",
                exposed=extra,
            )
    max_exposed = max(n for n in exposed if pool is None or n <= pool)
    for size in sizes:
        if capacity is not None and size > capacity:
            refuse(size, f"space exhausted: the train split has {capacity} distinct problems")
        elif why := reason(size + (max_exposed if size == sizes[-1] else 0)):
            refuse(size, why)
        else:
            fitting.append(size)
    if not fitting:
        return []
    plan.pairs.append(pair)
    possible = [(size, 0) for size in fitting] + [(fitting[-1], n) for n in exposed if 0 < n <= max_exposed]
    return [Row(pair, possible, grid.seeds)]


def _shrunk(size: int, capacity: int | None) -> int:
    """The size, or the largest power of 2 that there are examples for where there are fewer."""
    return size if not capacity or size <= capacity else 1 << (capacity.bit_length() - 1)


def _cell_info(cell: Cell) -> CellInfo:
    pair = cell.pair
    labels = (pair.task.label, pair.learner.label)
    return CellInfo(cell.key, *labels, cell.size, cell.exposed, cell.seed, pair.digest, pair.suite)


def _describe_task(task: Task) -> TaskInfo:
    about = task.truth.describe()
    return TaskInfo(
        family=task.family,
        version=task.version,
        ambiguous=about["ambiguous"],
        metric=about["metric"],
        greater_is_better=about["greater_is_better"],
        ranked=about["ranked"],
        rules=tuple(about["rules"]),
        heuristics=tuple(sorted(task.heuristics)),
        splits=tuple(
            SplitInfo(name=split.name, shift=split.shift, severity=split.severity, headline=split.headline)
            for split in task.splits
        ),
        description=_summary_line(type(task)),
    )


def _describe_learner(learner: Learner | Entrant) -> LearnerInfo:
    entrant = as_entrant(learner)
    return LearnerInfo(entrant.kind, entrant.version, plain(entrant.parameters()))


def _summary_line(kind: type) -> str:
    """The first line of a class's own docstring; dataclasses without one get their signature, which is none."""
    text = inspect.cleandoc(kind.__dict__.get("__doc__") or "").partition("\n")[0]
    return "" if text.startswith(f"{kind.__name__}(") else text
