"""From the plan of a folder back to tasks and learners, with the suite that is installed.

A task or learner is made from its label, and gets the recorded parameters that the label leaves open (those that its
preset set). Where the settings then are the recorded ones, so are the keys of the cells, and these can be fitted again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from typing import Any

from ..learners.base import Learner
from ..learners.tied import Tied
from ..learners.tuned import Tuned
from ..tasks.base import Task
from .catalogue import Catalogue, LearnerInfo
from .cells import Pair, plain
from .entrant import Entrant, references
from .errors import UsageError
from .external import is_path
from .names import Named, make_learner, make_task
from .why import changes

RECORDED = {"protocol", "metrics", "suite", "test_size", "task", "learner"}
"""The settings of a pair (`Pair.settings`)."""


@dataclass(frozen=True)
class Rebuilt:
    """The pairs of a plan, by (task, learner).

    pairs      whose settings with the installed suite are the recorded ones
    different  whose settings differ: another version, other parameters
    unknown    that cannot be made here, with the reason: imported answers, another package, code that is not trusted
    """

    pairs: dict[tuple[str, str], Pair] = field(default_factory=dict)
    different: dict[tuple[str, str], str] = field(default_factory=dict)
    unknown: dict[tuple[str, str], str] = field(default_factory=dict)


def rebuild(catalogue: Catalogue, *, trust: bool = False) -> Rebuilt:
    """Make every task and learner of a plan.

    trust  import what the plan names as module:attribute
    """
    rebuilt, task_of = Rebuilt(), cache(partial(_task, trust=trust))
    for (label, learner), cells in catalogue.by_pair.items():
        recorded = catalogue.settings.get(cells[-1].settings)
        if not recorded or not recorded.keys() >= RECORDED:
            rebuilt.unknown[label, learner] = "its settings are not recorded"
            continue
        try:
            task = task_of(label)
            named = _learner(learner, catalogue.learners[learner], task.instance, recorded["learner"], trust=trust)
        except UsageError as error:
            rebuilt.unknown[label, learner] = str(error)
            continue
        pair = Pair(task, named, recorded["test_size"], recorded["suite"])
        if pair.settings == recorded:
            rebuilt.pairs[label, learner] = pair
        else:
            rebuilt.different[label, learner] = "; ".join(changes(recorded, pair.settings)) or "other settings"
    return rebuilt


def _task(label: str, *, trust: bool) -> Named[Task]:
    _refuse_code(label, trust=trust)
    named = make_task(label)
    if named.instance.missing:
        raise UsageError(f"{label}: {named.instance.missing}")
    return named


def _learner(
    label: str, info: LearnerInfo, task: Task, recorded: Mapping[str, Any], *, trust: bool
) -> Named[Learner | Entrant]:
    """The learner, control or heuristic of a label, with its recorded parameters."""
    if info.parameters.get("imported"):
        raise UsageError("its answers were imported")
    own = references(task)
    if info.kind != "learner" and label in own:
        return Named(label, own[label])
    _refuse_code(label, trust=trust)
    named = make_learner(label)
    given = set(re.findall(r"[:,](\w+)=", label))
    left_open = {name: value for name, value in recorded["parameters"].items() if name not in given}
    try:
        return Named(label, _with_parameters(named.instance, left_open), named.origin)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the recorded parameters of {label} fit no learner of this version: {error}") from error


def _with_parameters(learner: Learner, recorded: Mapping[str, Any]) -> Learner:
    """The learner with those recorded parameters that it has, and that are not what they are recorded as."""
    if isinstance(learner, Tied | Tuned):
        return replace(learner, base=_with_parameters(learner.base, recorded))
    current = plain(learner.parameters())
    known = {item.name for item in fields(learner)}  # pyright: ignore[reportArgumentType] -- a dataclass
    changed = {name: _frozen(recorded[name]) for name in known & recorded.keys() if recorded[name] != current[name]}
    return replace(learner, **changed) if changed else learner  # pyright: ignore[reportArgumentType]


def _frozen(value: Any) -> Any:
    """JSON has lists for tuples."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _refuse_code(label: str, *, trust: bool) -> None:
    if is_path(label) and not trust:
        raise UsageError(f"it names code to import, {label!r}; if you trust the folder, use --trust")
