"""Presets: which tasks, learners, sizes and seeds a run has, and how much training each learner gets."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..learners.base import Learner
from ..learners.estimator import Estimator
from .names import UsageError, make_learner, make_task, names, nearest, usable
from .outside import is_path

FOLDER = files("grue.runs") / "presets"

EXPECTED = {
    "description": 'a line of text, such as "a first try"',
    "sizes": "sizes from 1 up, such as [16, 64]",
    "exposed": "numbers from 0 up, such as [0, 16]",
    "seeds": "at least one seed, such as 3",
    "tests": "at least one test example, such as 1000",
    "timeout": "more than 0 seconds, such as 300",
    "tasks": 'names, such as ["identity-bits"]',
    "learners": 'names, such as ["mlp"]',
    "also": 'names, such as ["mlp:encoding=onehot"]',
    "budget": "a table: the line [budget], and under it, say, steps = 600",
    "parameters": "a table a learner: the line [parameters.cnn], and under it, say, channels = 16",
    "task": "a table a task: the line [task.scramble-bag], and under it, say, sizes = [16, 64]",
}
"""What the value of each field is, as an error says it."""

OPTIONAL = {"exposed", "budget", "parameters", "task"}
PER_TASK_ONLY = {"also"}
PER_TASK = {"sizes", "exposed", "tests", "learners"} | PER_TASK_ONLY


@dataclass(frozen=True)
class Preset:
    """A run, as a TOML file says it.

    sizes       in-distribution training examples
    exposed     OOD training examples that are added at the largest size; 0 is always run
    seeds       how many
    tests       examples in each test split
    timeout     seconds a batch may take
    tasks       names, with parameters if any
    learners    fitted to every task
    budget      settings for every learner that has such a parameter
    parameters  further settings by learner: a name, or module:attribute of a learner's class
    task        what differs for one task: sizes, exposed, tests, learners, and `also` (further learners)
    """

    name: str
    description: str
    sizes: tuple[int, ...]
    seeds: int
    tests: int
    timeout: float
    tasks: tuple[str, ...]
    learners: tuple[str, ...]
    exposed: tuple[int, ...] = ()
    budget: dict[str, Any] = field(default_factory=dict)
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    task: dict[str, dict[str, Any]] = field(default_factory=dict)

    def settings(self, learner: str) -> dict[str, Any]:
        """What the preset sets of a learner's parameters; those that `learner` carries itself are not looked at.

        What it sets of `cnn` holds for `cnn@tuned` too.
        """
        head, colon, tail = learner.partition(":")
        learner = head.partition("@")[0] + colon + tail
        own = (settings for name, settings in self.parameters.items() if f"{learner}:".startswith(f"{name}:"))
        return {**self.budget, **next(own, {})}

    def of(self, task: str, name: str) -> Any:
        """The value of a field for one task."""
        return self.task.get(task, {}).get(name, getattr(self, name))


def presets() -> dict[str, str]:
    """The names of the suite's own presets -> what each is for."""
    found = {file.name.removesuffix(".toml"): file for file in FOLDER.iterdir() if file.name.endswith(".toml")}
    return {name: tomllib.loads(file.read_text())["description"] for name, file in sorted(found.items())}


def load_preset(name: str, *, trust: bool = False) -> Preset:
    """Read one of the suite's presets, or a TOML file of the user's.

    trust  take module:attribute from a file, which chooses what is imported and called

    Raises UsageError, with the nearest right thing, for a preset that is not there and for every name and value in the
    file that means nothing: it was meant to change the run.
    """
    path, own = Path(name), name in presets()
    if path.suffix == ".toml":
        try:
            text, name = path.read_text(encoding="utf-8"), path.stem
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the preset {path}: {error}") from error
    elif own:
        text = (FOLDER / f"{name}.toml").read_text()
    else:
        raise UsageError(nearest(name, presets(), "preset") + " (or give the path of a .toml file)")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"preset {name}: not valid TOML: {error}") from error
    return _checked(name, raw, trust=trust)


def adjust(preset: Preset, **changes: Any) -> Preset:
    """The preset with what the command line says instead; None leaves a field as it is."""
    given = {name: value for name, value in changes.items() if value is not None}
    # What is asked for on the command line holds for every task.
    task = {label: {k: v for k, v in own.items() if k not in given} for label, own in preset.task.items()}
    if "learners" in given:
        for own in task.values():
            own.pop("also", None)
    return replace(preset, task=task, **given)


def _checked(name: str, raw: dict[str, Any], *, trust: bool) -> Preset:
    where = f"preset {name}"
    _check_names(where, raw, EXPECTED.keys() - PER_TASK_ONLY, "field")
    for key, expected in EXPECTED.items():
        if key in raw:
            _check_value(where, key, raw[key])
        elif key not in OPTIONAL | PER_TASK_ONLY:
            raise UsageError(f"{where}: the field {key!r} is missing; expected {expected}")
    if not trust:
        _refuse_paths(where, raw)
    preset = Preset(name=name, **{key: _frozen(value) for key, value in raw.items()})

    known = names("learners")
    _check_settings(
        f"{where}, [budget]", preset.budget, (make_learner(learner).thing for learner in usable("learners"))
    )
    for learner, settings in preset.parameters.items():
        place = f"{where}, [parameters.{learner}]"
        if ":" not in learner:
            _check_names(place, [learner], known, "learner")
        thing = make_learner(learner).thing
        if isinstance(thing, Estimator):
            raise UsageError(f"{place}: write the settings of an estimator behind its name, {learner}:setting=value")
        _check_settings(place, settings, [thing])

    labels = {make_task(task).label for task in preset.tasks} if preset.task else set()
    for task, own in raw.get("task", {}).items():
        place = f"{where}, [task.{task}]"
        _check_names(place, [task], labels, "task of the preset")
        _check_names(place, own, PER_TASK, "field")
        for key, value in own.items():
            _check_value(place, key, value)
    return preset


def _refuse_paths(where: str, raw: dict[str, Any]) -> None:
    """Raise UsageError if a preset names code to import: it may come from a stranger. Imports nothing."""
    also = [own.get("also", []) for own in raw.get("task", {}).values() if isinstance(own, dict)]
    lists = [raw["tasks"], raw["learners"], raw.get("parameters", {}), raw.get("task", {}), *also]
    paths = dict.fromkeys(spec for one in lists for spec in one if isinstance(spec, str) and is_path(spec))
    if paths:
        raise UsageError(
            f"{where} names code to import and call: {', '.join(map(repr, paths))}; if you trust the file, say so "
            "(--trust, in Python trust=True), or leave these out of it and give them by --task or --learner"
        )


def _check_names(where: str, given: Iterable[str], known: Collection[str], what: str) -> None:
    for name in given:
        if name not in known:
            raise UsageError(f"{where}: {nearest(name, known, what)}")


def _check_value(where: str, key: str, value: Any) -> None:
    if not _fits(key, value):
        raise UsageError(f"{where}: {key} = {value!r}; expected {EXPECTED[key]}")


def _fits(key: str, value: Any) -> bool:
    match key:
        case "description":
            return isinstance(value, str)
        case "seeds" | "tests":
            return _is_number(value) and value >= 1
        case "timeout":
            return (_is_number(value) or isinstance(value, float)) and value > 0
        case "sizes":
            return isinstance(value, list) and len(value) > 0 and all(_is_number(n) and n >= 1 for n in value)
        case "exposed":
            return isinstance(value, list) and all(_is_number(n) and n >= 0 for n in value)
        case "tasks" | "learners" | "also":
            return isinstance(value, list) and all(isinstance(name, str) for name in value)
        case "budget":
            return isinstance(value, dict)
        case _:  # parameters and task
            return isinstance(value, dict) and all(isinstance(own, dict) for own in value.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # Python takes True for 1


def _check_settings(where: str, settings: Mapping[str, Any], learners: Iterable[Learner]) -> None:
    """Each is a parameter of one of the learners, and a value of its kind."""
    known = {name: default for learner in learners for name, default in learner.parameters().items()}
    _check_names(where, settings, known, "parameter")
    for name, value in settings.items():
        default = known[name]
        kind = int if isinstance(default, float) and _is_number(value) else type(default)
        if default is not None and type(value) is not kind:
            raise UsageError(f"{where}: {name} = {value!r}; expected {type(default).__name__}, such as {default!r}")


def _frozen(value: Any) -> Any:
    """Arrays as tuples, which is what fields and parameters are in Python."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
