"""From what a user writes to a task or learner: `mlp`, `mlp:width=64`, `mlp@tuned`, `module:attribute`."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import re
import sys
import warnings
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any, Generic, TypeVar

from ..learners import LEARNERS
from ..learners import RENAMED as RENAMED_LEARNERS
from ..learners.base import Learner
from ..learners.estimator import Estimator, adopt, adopt_object
from ..learners.tied import Tied
from ..learners.tuned import Tuned
from ..tasks import RENAMED as RENAMED_TASKS
from ..tasks import TASKS
from ..tasks.base import Task
from .errors import UsageError
from .external import is_path, modules_of, refusal
from .origin import OWN, Origin, origin_of
from .views import options_of, split_view, with_view

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Named(Generic[T_co]):
    """A task or learner and the label it goes by in tables.

    label     as the user wrote it, parameters sorted
    instance  the object itself
    origin    the code from outside the suite that it consists of
    """

    label: str
    instance: T_co
    origin: Origin = OWN

    @property
    def source(self) -> str:
        """A short hash of its origin; "" for what belongs to the suite."""
        return self.origin.digest


def names(kind: str) -> dict[str, str]:
    """All names of "tasks" or "learners" -> "module:attribute": the suite's own and those of installed packages.

    A name that is taken already is left out, with a warning.
    """
    known = dict(TASKS if kind == "tasks" else LEARNERS)
    for entry in _installed(f"grue.{kind}"):
        if known.setdefault(entry.name, entry.value) != entry.value:
            where = f"ignoring the entry point {entry.name!r} of {_distribution(entry)}"
            _warn_once(f"{where}: the name is already used for {known[entry.name]}")
    return known


def available(kind: str) -> list[str]:
    """The names of `names(kind)`, sorted, without entry points of installed packages that cannot be loaded.

    Each of these gets a warning.
    """
    make = make_task if kind == "tasks" else make_learner
    own, found = TASKS if kind == "tasks" else LEARNERS, []
    for name in sorted(names(kind)):
        try:
            if name not in own:
                make(name)
        except UsageError as error:
            _warn_once(f"ignoring the entry point {name!r}: {error}")
        else:
            found.append(name)
    return found


@cache
def _installed(group: str) -> EntryPoints:
    """What installed packages add: to look through all of them takes a while, and a plan asks a thousand times."""
    return entry_points(group=group)


def _distribution(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else "an installed package"


@cache
def _warn_once(message: str) -> None:
    """Python's own registry forgets what it has shown as soon as some library changes the filters."""
    warnings.warn(message, stacklevel=3)


def make_task(spec: str | Task | type[Task]) -> Named[Task]:
    """The task that `spec` names; raises UsageError with the nearest name."""
    if inspect.isclass(spec) and issubclass(spec, Task):
        spec = spec()
    if isinstance(spec, Task):
        named = Named(_own_label(spec), spec, origin_of(modules_of(spec)))
    else:
        named = _make(spec, "tasks", Task, {})
    splits = [split.name for split in named.instance.splits]
    if "train" not in splits:
        raise UsageError(
            f"{named.label} has no split named 'train', which is required; its splits: {', '.join(splits) or 'none'}"
        )
    return named


def make_learner(spec: Any, settings: Mapping[str, Any] | None = None) -> Named[Learner]:
    """The learner that `spec` names, with a preset's `settings` for the parameters that the spec leaves open.

    spec  a name, module:attribute, a learner, an estimator (fit and predict), or a class of one of these
    """
    if inspect.isclass(spec) and issubclass(spec, Learner):
        spec = spec()
    if isinstance(spec, Tuned):
        return Named(_tuned_label(spec), spec, origin_of(modules_of(spec)))
    if isinstance(spec, Tied):
        return _viewed(spec.name, make_learner(spec.base), options_of(spec))
    if isinstance(spec, Learner):
        return Named(_own_label(spec), spec, origin_of(modules_of(spec)))
    if not isinstance(spec, str):
        return _make_adopted(spec)
    rest, view = split_view(spec)
    if view:
        return _viewed(spec, make_learner(rest, settings), view)
    if "@" in spec.partition(":")[0]:
        return _make_variant(spec, settings or {})
    return _make(spec, "learners", Learner, settings or {})


SHORTEST = 3
"""Letters of the shortest part of a name that a misspelling is compared with: "mase" is near to a part of maze-grid."""

RENAMED = {"tasks": RENAMED_TASKS, "learners": RENAMED_LEARNERS}
"""Former names of tasks and of learners -> their names."""


def nearest(name: str, known: Iterable[str], what: str, renamed: Mapping[str, str] | None = None) -> str:
    """The message for an unknown name: its new name, the closest known name, or all known names.

    renamed  former names -> new names
    """
    renamed = dict(renamed or {})
    if name in renamed:
        return f"{name} is called {renamed[name]} now"
    known = sorted(known)
    if "," in name and {part.strip() for part in name.split(",")} <= {*known}:
        return f"{name!r} is several names; expected one {what}: give each an option or entry of its own"
    longest_first = sorted(known, key=len, reverse=True)  # so that a part stands for the shortest name that has it
    meant = {part: one for one in longest_first for part in re.split(r"[-_@:]", one) if len(part) >= SHORTEST}
    meant |= renamed | {one: one for one in known}
    close = get_close_matches(name, meant, n=1, cutoff=0.55)
    hint = f"expected one of {', '.join(known)}" if known else "there is none"
    return f"unknown {what} {name!r}; {f'did you mean {meant[close[0]]!r}?' if close else hint}"


def _make(spec: str, kind: str, base: type[T], settings: Mapping[str, Any]) -> Named[T]:
    what = kind.removesuffix("s")
    head, _, tail = spec.partition(":")
    if tail and head in names(kind) and "=" not in tail.partition(",")[0]:
        raise UsageError(f"{spec!r}: expected parameter=value after the colon, got {tail!r}")
    if is_path(spec):
        attribute, _, tail = tail.partition(":")
        head = f"{head}:{attribute}"
        path = head
    else:
        known = names(kind)
        if head not in known:
            if head in RENAMED[kind]:
                raise UsageError(f"{spec!r}: {nearest(head, known, what, RENAMED[kind])}")
            raise UsageError(
                nearest(head, known, what) + f" (grue list {kind} shows all names; your own code is module:attribute)"
            )
        path = known[head]
    made = _import(path, what)
    parameters = _parameters(tail, spec)
    label = head + (":" + ",".join(f"{name}={parameters[name]}" for name in sorted(parameters)) if parameters else "")
    if isinstance(made, base) and not inspect.isclass(made):
        fixed = {name: value for name, value in settings.items() if name in _fields(made)}
        try:
            instance: Any = dataclasses.replace(made, **_typed({**fixed, **parameters}, made, spec))  # pyright: ignore[reportArgumentType]
        except UsageError:
            raise
        except ValueError as error:
            raise UsageError(f"{spec!r}: {_said(error)}") from error
    elif reason := refusal(made, base):
        raise UsageError(f"{head} {reason}")
    elif base is Learner and (adopted := _adopted(head, made, parameters)):
        instance = adopted
    else:
        fields = _fields(made)
        fixed = {name: value for name, value in settings.items() if name in fields}
        try:
            instance = made(**{**fixed, **_typed(parameters, made, spec)})
        except UsageError:
            raise
        except ValueError as error:
            raise UsageError(f"{spec!r}: {_said(error)}") from error
        except Exception as error:
            raise UsageError(f"{head} cannot make a {what}: {_said(error, TypeError)}") from error
    if not isinstance(instance, base):
        raise UsageError(
            f"{head} returned an object of type {type(instance).__name__}; expected a grue {base.__name__}"
        )
    if not dataclasses.is_dataclass(instance) or type(instance).__hash__ is None:
        raise UsageError(
            f"{head}: {type(instance).__name__} is not a frozen dataclass; add @dataclass(frozen=True) above the class"
        )
    if not isinstance(getattr(instance, "name", None), str):
        raise UsageError(f"{head}: {type(instance).__name__} has no name; add, for example, name = 'mine' to the class")
    return Named(
        label,
        instance,
        origin_of([path.partition(":")[0], getattr(made, "__module__", None) or "", *modules_of(instance)]),
    )


def _make_variant(spec: str, settings: Mapping[str, Any]) -> Named[Learner]:
    """The learner of `name@variant:parameters`: the variant of `name:parameters`."""
    head, colon, tail = spec.partition(":")
    known = names("learners")
    if head not in known:
        raise UsageError(nearest(head, known, "learner") + " (grue list learners shows all names)")
    name = head.partition("@")[0]
    base = _make(name + colon + tail, "learners", Learner, settings)
    instance = _import(known[head], "learner")(base.instance)
    for parameter in _parameters(tail, spec):
        if parameter not in instance.parameters():
            raise UsageError(f"{spec!r}: {head} tunes {parameter} itself; remove the parameter, or use {name}:{tail}")
    return Named(head + base.label.removeprefix(name), instance, base.origin)


def _viewed(spec: str, named: Named[Learner], view: Mapping[str, str]) -> Named[Learner]:
    """A learner in another view, labelled with the parameters of the view."""
    parameters = ",".join(f"{name}={view[name]}" for name in sorted(view))
    separator = "," if "=" in named.label else ":"
    return Named(f"{named.label}{separator}{parameters}", with_view(named.instance, spec, view), named.origin)


def _make_adopted(found: Any) -> Named[Learner]:
    """The learner of an estimator object or class, labelled as one writes it where that is possible."""
    try:
        learner = adopt_object(found)
    except Exception as error:
        raise UsageError(f"cannot make a learner: {_said(error, TypeError)}") from error
    parameters = ",".join(f"{name}={value}" for name, value in learner.settings)
    return Named(f"{learner.estimator}{':' if parameters else ''}{parameters}", learner, origin_of(modules_of(learner)))


def _adopted(path: str, made: Any, parameters: Mapping[str, str]) -> Estimator | None:
    """An estimator of another library as a learner; None for what is none."""
    try:
        return adopt(path, made, parameters)
    except Exception as error:
        known = _fields(made)
        for name in parameters.keys() - known if isinstance(error, TypeError) and known else ():
            raise UsageError(f"{path}: {nearest(name, known, 'parameter')}") from error
        raise UsageError(f"{path} cannot make a learner: {_said(error, TypeError)}") from error


def _import(path: str, what: str) -> Any:
    module, _, attribute = path.partition(":")
    here = os.getcwd()  # noqa: PTH109 -- compared with the strings of sys.path
    if here not in sys.path and "" not in sys.path:
        sys.path.insert(0, here)  # the console script does not look here, and `mymodule:MyTask` should just work
    if not all(part.isidentifier() for part in module.split(".")):
        raise UsageError(
            f"{path!r}: {module!r} is not a valid module name; expected, for example, mymodule or package.module"
        )
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:
        said = _said(error, ImportError)
        raise UsageError(f"cannot import {module!r} for the {what} {path!r}: {said}") from error
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = [name for name in vars(found) if not name.startswith("_")]
            raise UsageError(f"{path!r}: {nearest(part, public, 'attribute')}") from None
    return found


def _said(error: Exception, *plain: type[Exception]) -> str:
    """The message of an error in one line, after the name of its type unless that is ValueError or one of `plain`."""
    message = " ".join(str(error).split())
    return message if isinstance(error, (ValueError, *plain)) else f"{type(error).__name__}: {message}"


def _parameters(text: str, spec: str) -> dict[str, str]:
    """`width=64,encoding=onehot` -> {"width": "64", "encoding": "onehot"}."""
    parameters: dict[str, str] = {}
    for part in filter(None, text.split(",")):
        name, equals, value = part.partition("=")
        if not equals or not name:
            several = " (write several values of one parameter as 4/7)" if parameters else ""
            raise UsageError(f"{spec!r}: expected parameter=value, got {part!r}{several}")
        if name.strip() in parameters:
            raise UsageError(f"{spec!r}: {name.strip()} is given twice; expected each parameter once")
        parameters[name.strip()] = value.strip()
    return parameters


def _typed(parameters: Mapping[str, Any], made: Any, spec: str) -> dict[str, Any]:
    """The parameters in the types of their defaults; raises UsageError on unknown names and unfit values."""
    fields, typed = _fields(made), {}
    for name, value in parameters.items():
        if name not in fields:
            raise UsageError(f"{spec!r}: " + nearest(name, fields, "parameter", renamed_parameters([made])))
        typed[name] = _convert(value, fields[name], name, spec) if isinstance(value, str) else value
    return typed


def _convert(text: str, default: Any, name: str, spec: str) -> Any:
    kind = type(default)
    try:
        if kind is bool:
            return {"true": True, "false": False, "1": True, "0": False}[text.lower()]
        if kind in (int, float):
            return kind(text)
        if kind is tuple:
            inner = type(default[0]) if default else str
            return tuple(inner(part) for part in text.strip("()").split("/") if part)
    except (ValueError, KeyError):
        raise UsageError(
            f"{spec!r}: {name} is {text!r}; expected {KINDS[kind]}, such as {format_value(default)}"
        ) from None
    return text


KINDS = {bool: "true or false", int: "a whole number", float: "a number", tuple: "values separated by /", str: "text"}
"""The types of parameters, as a message names what it expects."""


def format_value(value: Any) -> str:
    """A parameter's value as `_convert` reads it: (4, 7) is written 4/7."""
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _fields(made: Any) -> dict[str, Any]:
    """Parameter names and their defaults, of a dataclass, its instance, or a factory."""
    if dataclasses.is_dataclass(made):
        return {item.name: item.default for item in dataclasses.fields(made) if item.init}
    try:
        return {name: item.default for name, item in inspect.signature(made).parameters.items()}
    except ValueError:  # some built-in types do not say
        return {}


def renamed_parameters(classes: Iterable[Any]) -> dict[str, str]:
    """Former names of the parameters of these learners or tasks -> their names; "a or b" if they differ."""
    found: dict[str, dict[str, None]] = {}
    for one in classes:
        renamed = getattr(one, "renamed", None)
        for former, name in (renamed if isinstance(renamed, Mapping) else {}).items():
            found.setdefault(former, {})[name] = None
    return {former: " or ".join(names) for former, names in found.items()}


def _own_label(instance: Task | Learner) -> str:
    """name:parameters, for the parameters that differ from their defaults."""
    changed = [
        f"{item.name}={getattr(instance, item.name)}"
        for item in sorted(dataclasses.fields(instance), key=lambda item: item.name)  # pyright: ignore[reportArgumentType]
        if getattr(instance, item.name) != item.default
    ]
    return instance.name + (":" + ",".join(changed) if changed else "")


def _tuned_label(instance: Tuned) -> str:
    """As a user would write it; a space that is not the declared one stands beside the parameters."""
    defaults = _fields(instance.base)
    fixed = dataclasses.replace(instance.base, **{axis: defaults[axis] for axis, _ in instance.space})  # pyright: ignore[reportArgumentType]
    name, colon, tail = _own_label(fixed).partition(":")
    label = f"{name}@tuned{colon}{tail}"
    if instance.space == instance.base.search_space:
        return label
    space = ",".join(f"{axis}={'/'.join(map(str, values))}" for axis, values in instance.space)
    return f"{label}{',' if tail else ':'}{space}"
