"""Named sets of tasks and learners: `all`, `family:boolean`, `kind:network`, and `-NAME` to leave out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..learners import LEARNERS
from ..tasks import TASKS
from .names import RENAMED, UsageError, make_learner, make_task, nearest
from .schema import MAX_ENTRIES

ALL = "all"
INHERITED = "inherited"
PREFIX = {"tasks": "family:", "learners": "kind:"}
TUNED, CONTROL = "tuned", "control"


def is_set(spec: str) -> bool:
    """Whether a name stands for several, and so for no code of its own."""
    return spec in (ALL, INHERITED) or spec.startswith(tuple(PREFIX.values()))


def expand(kind: str, specs: Iterable[Any], inherited: Sequence[str] = ()) -> list[Any]:
    """The tasks or learners that names and names of sets mean, each once, in the order in which they come first.

    kind       "tasks" or "learners"
    specs      "all" (of the suite, without tuned variants), "family:NAME" of tasks, "kind:NAME" of learners,
               "inherited", or anything else, which stands for itself; with "-" before it, it is left out of what the
               list holds so far
    inherited  what "inherited" means

    Raises UsageError for a set that there is not, and for what is left out and was not in.
    """
    specs, found = list(specs), list[Any]()
    if len(specs) > MAX_ENTRIES:
        raise UsageError(f"{len(specs):,} {kind}; expected at most {MAX_ENTRIES:,}")
    for spec in specs:
        if isinstance(spec, str) and spec.startswith("-"):
            gone = members(kind, spec[1:], inherited)
            if not any(one in found for one in gone):
                if not found:
                    raise UsageError(
                        f"{spec!r} excludes a name, and there is none before it; expected it after names, such as all"
                    )
                known, what = [one for one in found if isinstance(one, str)], kind.removesuffix("s")
                why = nearest(spec[1:], known, what, RENAMED[kind])
                raise UsageError(f"{spec!r} excludes a name that is not in the list: {why}")
            found = [one for one in found if one not in gone]
        else:
            found += [one for one in members(kind, spec, inherited) if one not in found]
    return found


def members(kind: str, spec: Any, inherited: Sequence[str] = ()) -> list[Any]:
    """What one name stands for."""
    prefix = PREFIX[kind]
    if not isinstance(spec, str):
        return [spec]
    if spec == INHERITED:
        return list(inherited)
    if spec == ALL:
        return [name for name in (TASKS if kind == "tasks" else LEARNERS) if "@" not in name]
    if not spec.startswith(prefix):
        return [spec]
    known = families() if kind == "tasks" else kinds()
    name = spec.removeprefix(prefix)
    if name not in known:
        raise UsageError(nearest(name, known, f"{prefix.removesuffix(':')} of {kind}"))
    return known[name]


def families() -> dict[str, list[str]]:
    """The tasks of the suite by family."""
    found: dict[str, list[str]] = {}
    for name in TASKS:
        found.setdefault(make_task(name).instance.family, []).append(name)
    return found


def kinds() -> dict[str, list[str]]:
    """The learners of the suite by kind: that of the learner, "control" of controls and "tuned" of tuned variants."""
    found: dict[str, list[str]] = {}
    for name in LEARNERS:
        learner = make_learner(name).instance
        kind = TUNED if "@" in name else CONTROL if learner.control else learner.kind
        found.setdefault(kind, []).append(name)
    return found
