"""The status of the tasks, decided once by a run on suite seed 1, and the contrasts that it was decided with."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from ..engine.durable import write_file
from ..engine.files import read_json
from .catalogue import Catalogue
from .errors import UsageError

FOLDER = files("grue.runs") / "quality"

DECIDING_SUITE = 1
"""The suite seed of the run that decides: not that of the reference, whose scores would then be selected."""

Status = Literal["measures", "frontier", "undecided"]
"""undecided: the task, or this version of it, is not on the list."""


@dataclass(frozen=True)
class Declared:
    """What is declared before a run.

    contrasts  names of two learners each
    exposure   names of the tasks that are compared by the area under the exposure curve
    """

    contrasts: tuple[tuple[str, str], ...]
    exposure: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """What was decided on a task, and what that rests on.

    size       the training size that it was decided at
    best       the best general-purpose learner in distribution, with its score
    shallow    the best shallow rule out of distribution, with its score
    contrasts  the contrasts that hold
    reasons    why the task does not measure; empty if it does
    """

    status: Literal["measures", "frontier"]
    family: str
    version: int | None
    seeds: int
    reasons: tuple[str, ...] = ()
    size: int | None = None
    best: str = ""
    shallow: str = ""
    contrasts: tuple[str, ...] = ()


@dataclass(frozen=True)
class StatusList:
    """The decisions by label of the task, and the commands and commits of the run that made them, if there was one."""

    tasks: Mapping[str, Decision] = field(default_factory=dict)
    command: str | None = None
    commit: str | None = None

    def status(self, task: str, version: int | None) -> Status:
        """The status of a version of a task."""
        found = self.tasks.get(task)
        return found.status if found and found.version == version else "undecided"

    def listed(self, catalogue: Catalogue) -> dict[str, Status]:
        """The planned tasks of a folder -> their status by this list."""
        return {name: self.status(name, catalogue.tasks[name].version) for name in catalogue.by_task}

    def measuring(self, catalogue: Catalogue) -> dict[str, str]:
        """The planned tasks of a folder that measure by this list -> their families."""
        listed = self.listed(catalogue)
        return {name: catalogue.tasks[name].family for name, status in listed.items() if status == "measures"}


@cache
def declared() -> Declared:
    """The contrasts that the suite declares (runs/quality/contrasts.toml)."""
    document = tomllib.loads((FOLDER / "contrasts.toml").read_text(encoding="utf-8"))
    return Declared(tuple((first, second) for first, second in document["contrasts"]), tuple(document["exposure"]))


def read_status(path: Path | None = None) -> StatusList:
    """The list of a file; None: that of the suite (runs/quality/status.json). Raises UsageError for another file."""
    source = Path(str(path or FOLDER / "status.json"))
    try:
        document = read_json(source)
        tasks = {
            name: Decision(**{**one, "reasons": tuple(one["reasons"]), "contrasts": tuple(one.get("contrasts", ()))})
            for name, one in document["tasks"].items()
        }
        return StatusList(tasks, document["command"], document["commit"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{source} is not a list of the status of tasks (grue quality --decide writes one)") from error


def write_status(decisions: StatusList, path: Path) -> None:
    """Write a list of decisions as JSON."""
    tasks = {name: asdict(decision) for name, decision in decisions.tasks.items()}
    document = {"command": decisions.command, "commit": decisions.commit, "tasks": tasks}
    write_file(path, (json.dumps(document, indent=1) + "\n").encode())


def requirements(text: str, known: Collection[str] = ("measuring", "families")) -> dict[str, int]:
    """Parse `measuring=10,families=6`. Raises UsageError for another text."""
    found: dict[str, int] = {}
    for part in text.split(","):
        name, _, number = part.strip().partition("=")
        if name not in known or not number.isdecimal():
            raise UsageError(f"got {part.strip()!r}; expected {' or '.join(f'{one}=NUMBER' for one in known)}")
        found[name] = int(number)
    return found
