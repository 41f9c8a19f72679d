"""Preset files: which tasks, learners, sizes and seeds a run has, and how much training each learner gets."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..engine.files import UnreadableError, read_text
from ..learners.base import Learner
from ..learners.estimator import Estimator
from ..learners.tuned import Tuned
from ..tasks.base import Task
from .errors import UsageError
from .external import is_path
from .names import KINDS, RENAMED, Named, available, make_learner, make_task, names, nearest, renamed_parameters
from .registration import PRESET, read_claims
from .schema import FIELDS, REQUIRED, Grid, Preset, added, check, frozen, is_whole, without
from .sets import ALL, INHERITED, PREFIX, expand, is_set

FOLDER = files("grue.runs") / "presets"

MAX_PRESET = 1 << 20
"""Bytes of the largest preset file."""

PER_TASK = tuple(name for name, info in FIELDS.items() if info.per_task)


def presets() -> dict[str, str]:
    """The names of the suite's own presets -> what each is for."""
    found = {file.name.removesuffix(".toml"): file for file in FOLDER.iterdir() if file.name.endswith(".toml")}
    described = {name: tomllib.loads(file.read_text())["description"] for name, file in found.items()}
    return dict(sorted({**described, PRESET: read_claims().run["description"]}.items()))


def load_preset(name: str, *, trust: bool = False) -> Preset:
    """Read one of the suite's presets, or a TOML file of the user's.

    trust  take module:attribute from a user's file, which chooses what is imported and called

    Raises UsageError, with the nearest right thing, for a preset that is not there and for every name and value in the
    file that means nothing: it was meant to change the run.
    """
    own = _read(name)
    where, raw = own["where"], _merged(name, own)
    for key in REQUIRED:
        if key not in raw:
            raise UsageError(f"{where}: the field {key!r} is required; expected {FIELDS[key].expected}")
    if not trust and name not in presets():
        _refuse_paths(where, raw)
    del raw["where"], raw["extends"]
    try:
        raw |= {kind: tuple(expand(kind, raw[kind])) for kind in PREFIX}
        for task in raw["tasks"]:
            if not is_path(task):
                make_task(task)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from error
    preset = Preset(name=Path(name).stem if name.endswith(".toml") else name, **raw)
    _check_budget(f"{where}, [budget]", preset.budget)
    for learner, settings in preset.parameters.items():
        _check_parameters(f"{where}, [parameters.{learner}]", learner, settings)
    return _check_grids(where, preset, own["grid"]) if preset.grid else preset


def adjust(preset: Preset, **changes: Any) -> Preset:
    """The preset with what the command line says instead, for all tasks; None leaves a field as it is.

    Raises UsageError for a field or value that there is not.
    """
    changes = {name: value for name, value in changes.items() if value is not None}
    _check_names("", changes, FIELDS, "field")
    try:
        changed = preset.changed(changes)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if "budget" in changes:
        _check_budget("budget", changed.budget)
    return changed


def for_task(preset: Preset, task: Named[Task]) -> Preset:
    """The preset as it is for one task: with the changes of each grid that the task belongs to, in their order."""
    found: dict[str, Any] = {name: getattr(preset, name) for name in PER_TASK}
    for grid in preset.grid:
        if _concerns(grid, task):
            changes = dict(grid.changes)
            if "learners" in changes:
                changes["learners"] = tuple(expand("learners", changes["learners"], found["learners"]))
            if "parameters" in changes:
                changes["parameters"] = added(found["parameters"], changes["parameters"])
            found |= changes
    return replace(preset, grid=(), **found)


def _concerns(grid: Grid, task: Named[Task]) -> bool:
    return not {task.label, ALL, PREFIX["tasks"] + task.instance.family}.isdisjoint(grid.tasks)


def _read(name: str) -> dict[str, Any]:
    """The fields of one file, each checked, and `extends`, `grid` and `where` (how an error names the preset)."""
    path = Path(name)
    if path.suffix == ".toml":
        try:
            text = read_text(path, MAX_PRESET)
        except UnreadableError as error:
            raise UsageError(f"cannot read the preset {path}: {error}") from error
    elif name == PRESET:
        text = None
    elif name in presets():
        text = (FOLDER / f"{name}.toml").read_text()
    else:
        raise UsageError(nearest(name, presets(), "preset") + " (or the path of a .toml file)")
    where = f"preset {name}"
    try:
        raw = read_claims().preset() if text is None else tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError, a number of 5,000 digits, or brackets as many
        raise UsageError(f"{where}: invalid TOML: {error}") from error
    extends, grids = raw.pop("extends", None), raw.pop("grid", [])
    if not isinstance(extends, str | None):
        raise UsageError(f'{where}: extends = {extends!r}; expected a name or path, such as "standard"')
    if not isinstance(grids, list) or not all(isinstance(grid, dict) for grid in grids):
        raise UsageError(
            f"{where}: grid = {grids!r}; expected tables: the line [[grid]] followed by, for example, tasks = []"
        )
    _check_fields(where, raw, (*FIELDS, "extends", "grid"))
    if extends is None and any(INHERITED in raw.get(kind, ()) for kind in PREFIX):
        raise UsageError(
            f"{where}: {INHERITED!r} needs a preset with extends: it stands for the list of the extended preset"
        )
    return {**frozen(raw), "extends": extends, "grid": tuple(_grid(where, grid) for grid in grids), "where": where}


def _grid(where: str, raw: dict[str, Any]) -> Grid:
    where = f"{where}, [[grid]] of {raw.get('tasks', 'no tasks')}"
    _check_fields(where, raw, ("tasks", *PER_TASK))
    if "tasks" not in raw:
        raise UsageError(f"{where}: the field 'tasks' is required; expected {FIELDS['tasks'].expected}")
    changes = frozen(raw)
    return Grid(changes.pop("tasks"), changes)


def _merged(name: str, own: dict[str, Any], children: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a preset together with those that it extends.

    What it says itself holds for all tasks, as on a command line; tables are merged; its grids come last.
    """
    if own["extends"] is None:
        return dict(own)
    if name in children:
        raise UsageError(f"{own['where']} extends itself: {' extends '.join([*children, name])}")
    extended = own["extends"]
    if extended.endswith(".toml"):
        extended = str(Path(name).parent / extended)
    parent = _merged(extended, _read(extended), (*children, name))
    merged = {**parent, **own}
    for table in ("budget", "parameters", "names"):
        merged[table] = {**parent.get(table, {}), **own.get(table, {})}
    for kind in PREFIX:
        inherited = parent.get(kind, ())
        both = (inherited if spec == INHERITED else (spec,) for spec in merged.get(kind, ()))
        merged[kind] = tuple(spec for specs in both for spec in specs)
    merged["grid"] = (*without(parent["grid"], own), *own["grid"])
    return merged


def _check_grids(where: str, preset: Preset, own: Iterable[Grid]) -> Preset:
    """The preset with the tasks of its grids as labels; raises UsageError where a grid of its own has no task in it."""
    tasks = [make_task(task) for task in preset.tasks]
    known = {task.label for task in tasks} | {PREFIX["tasks"] + task.instance.family for task in tasks} | {ALL}
    for grid in own:
        here = f"{where}, [[grid]] of {list(grid.tasks)}"
        _check_names(here, _labels(grid.tasks), known, "task of the preset")
        for learner, settings in grid.changes.get("parameters", {}).items():
            _check_parameters(f"{here}, parameters of {learner}", learner, settings)
    labelled = replace(preset, grid=tuple(Grid(_labels(grid.tasks), grid.changes) for grid in preset.grid))
    for task in tasks:
        try:
            for_task(labelled, task)
        except UsageError as error:
            raise UsageError(f"{where}, [[grid]] of {task.label}: {error}") from error
    return labelled


def _labels(specs: Iterable[str]) -> tuple[str, ...]:
    """Tasks by the labels that they have in a plan; names of sets as they are."""
    return tuple(spec if is_set(spec) else make_task(spec).label for spec in specs)


def _refuse_paths(where: str, raw: dict[str, Any]) -> None:
    """Raise UsageError if a preset names code to import: it may come from a stranger. Imports nothing."""
    lists: list[Iterable[str]] = [raw["tasks"], raw["learners"], raw.get("crossed", ()), raw.get("parameters", {})]
    for grid in raw["grid"]:
        lists += [grid.tasks, *(grid.changes.get(name, ()) for name in ("learners", "crossed", "parameters"))]
    specs = [spec.removeprefix("-") for one in lists for spec in one]
    paths = dict.fromkeys(spec for spec in specs if is_path(spec) and not is_set(spec))
    if paths:
        raise UsageError(
            f"{where} names code to import and run: {', '.join(map(repr, paths))}; if you trust the file, use --trust "
            "(in Python trust=True), or remove these names and pass them by --task or --learner"
        )


def _check_fields(where: str, raw: Mapping[str, Any], known: Collection[str]) -> None:
    _check_names(where, raw, known, "field")
    for name, value in raw.items():
        try:
            check(name, value)
        except ValueError as error:
            raise UsageError(f"{where}: {error}") from error


def _check_names(
    where: str, found: Iterable[str], known: Collection[str], what: str, renamed: Mapping[str, str] | None = None
) -> None:
    for name in found:
        if name not in known:
            message = nearest(name, known, what, renamed)
            raise UsageError(f"{where}: {message}" if where else message)


def _check_budget(where: str, budget: Mapping[str, Any]) -> None:
    _check_settings(where, budget, (make_learner(learner).instance for learner in available("learners")))


def _check_parameters(where: str, learner: str, settings: Mapping[str, Any]) -> None:
    if ":" not in learner:
        _check_names(where, [learner], names("learners"), "learner", RENAMED["learners"])
    if "@" in learner.partition(":")[0]:
        raise UsageError(f"{where}: use [parameters.{learner.partition('@')[0]}], which applies to {learner} as well")
    instance = make_learner(learner).instance
    if isinstance(instance, Estimator):
        raise UsageError(
            f"{where}: estimators have no table; write their parameters after the name, {learner}:parameter=value"
        )
    _check_settings(where, settings, [instance])


def _check_settings(where: str, settings: Mapping[str, Any], learners: Iterable[Learner]) -> None:
    """Each is a parameter of one of the learners, and a value of its kind."""
    learners = list(learners)
    known = {
        item.name: getattr(learner, item.name)
        for learner in learners
        if not isinstance(learner, Tuned)  # has the parameters of its base
        for item in fields(learner)  # pyright: ignore[reportArgumentType] -- parameters() may say more than can be set
    }
    _check_names(where, settings, known, "parameter", renamed_parameters(learners))
    for name, value in settings.items():
        default = known[name]
        kind = int if isinstance(default, float) and is_whole(value) else type(default)
        if default is not None and type(value) is not kind:
            expected, example = KINDS.get(kind, kind.__name__), json.dumps(default, default=repr)
            raise UsageError(f"{where}: {name} = {value!r}; expected {expected}, such as {example}")
        _check_value(where, name, frozen(value), learners)


def _check_value(where: str, name: str, value: Any, learners: Iterable[Learner]) -> None:
    """Raise UsageError for a value that none of the learners with this parameter takes."""
    refused: ValueError | None = None
    for learner in learners:
        if isinstance(learner, Tuned) or not hasattr(learner, name):
            continue
        try:
            replace(learner, **{name: value})  # pyright: ignore[reportArgumentType]
        except ValueError as error:
            refused = error
        else:
            return
    if refused is not None:
        raise UsageError(f"{where}: {refused}")
