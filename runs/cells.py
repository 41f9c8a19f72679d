"""Cells and batches: what is keyed, resumed and scored, and what is executed, timed and written as one file."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..learners.base import Learner
from ..metrics.scores import VERSION as METRICS_VERSION
from ..tasks.base import Task
from .digests import canonical, digest
from .external import is_external
from .names import Named

if TYPE_CHECKING:
    from .entrant import Entrant

PROTOCOL_VERSION = 2
"""Part of every cell's key: change it when a change in sampling, fitting or scoring changes results."""


@dataclass(frozen=True)
class Pair:
    """A task and a learner (or other entrant), with everything that their cells have in common.

    test_size  examples in each test split (fewer where a split holds fewer)
    suite      seed of the whole suite; seeds of cells count from 0 within it
    """

    task: Named[Task]
    learner: Named[Learner | Entrant]
    test_size: int
    suite: int = 0

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What a result depends on, apart from size, exposed and seed; plain JSON."""
        settings: dict[str, Any] = {
            "protocol": PROTOCOL_VERSION,
            "metrics": METRICS_VERSION,
            "suite": self.suite,
            "test_size": self.test_size,
            "task": _identity(self.task),
            "learner": _identity(self.learner),
        }
        return plain(settings)

    @cached_property
    def digest(self) -> str:
        """A short hash of the settings: results of a pair are comparable where it is the same."""
        return digest(self.settings)[:16]

    @cached_property
    def _canonical(self) -> str:
        """The canonical JSON of a cell, with %d in the places of exposed, seed and size: they come in this order."""
        parts = {name: canonical(value).replace("%", "%%") for name, value in self.settings.items()}
        parts |= dict.fromkeys(("exposed", "seed", "size"), "%d")
        return "{" + ",".join(f"{canonical(name)}:{parts[name]}" for name in sorted(parts)) + "}"

    def key(self, size: int, exposed: int, seed: int) -> str:
        """SHA-256 of the canonical JSON of the settings and these, hexadecimal."""
        return hashlib.sha256((self._canonical % (exposed, seed, size)).encode()).hexdigest()

    @property
    def distributions(self) -> dict[str, str]:
        """The installed distributions that code from outside comes from, and their versions: part of the provenance."""
        return dict((*self.task.origin.distributions, *self.learner.origin.distributions))


@dataclass(frozen=True, slots=True)
class Cell:
    """One training set, fit and score: the unit that is keyed and resumed.

    size     in-distribution training examples
    exposed  further training examples from the exposure pool of the headline shift
    seed     index: data and initialisation are sampled anew for each
    """

    pair: Pair
    size: int
    exposed: int
    seed: int
    _key: str = field(default="", init=False, repr=False, compare=False)  # a plan may have 10^6 cells: no dict for each

    @property
    def key(self) -> str:
        """SHA-256 of the cell's canonical JSON, hexadecimal; made when it is first asked for."""
        if not self._key:
            object.__setattr__(self, "_key", self.pair.key(self.size, self.exposed, self.seed))
        return self._key

    def row(self) -> dict[str, Any]:
        """The cell as it stands in the plan."""
        return {
            "key": self.key,
            "task": self.pair.task.label,
            "learner": self.pair.learner.label,
            "size": self.size,
            "exposed": self.exposed,
            "seed": self.seed,
            "suite_seed": self.pair.suite,
            "settings": self.pair.digest,
        }


@dataclass(frozen=True)
class Batch:
    """Cells of one pair that are executed together."""

    pair: Pair
    cells: tuple[Cell, ...]

    @cached_property
    def name(self) -> str:
        """The name of its file: the labels of the pair, and a hash of its cells."""
        words = f"{self.pair.task.label}--{self.pair.learner.label}"
        return file_name(words, [cell.key for cell in self.cells])

    @property
    def external(self) -> bool:
        """Whether code from outside the suite takes part: such a batch gets a worker process of its own."""
        return is_external(self.pair.task.instance) or is_external(self.pair.learner.instance)

    @property
    def halves(self) -> tuple[Batch, ...]:
        """Two batches with its cells; none of a batch of one cell."""
        middle = len(self.cells) // 2
        return (Batch(self.pair, self.cells[:middle]), Batch(self.pair, self.cells[middle:])) if middle else ()


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """As plain JSON; what has no such form, a path say, as its text."""
    return json.loads(json.dumps(content, default=str))


def file_name(words: str, content: Any) -> str:
    """The name of a file: some words, as far as a name can hold them, and a hash of what it is of."""
    # Letters of other alphabets take up to four of the 255 bytes of a name.
    readable = re.sub(r"[^A-Za-z0-9.=-]", "_", words)
    return f"{readable[:80]}--{digest(content)[:12]}"


def _identity(named: Named[Any]) -> dict[str, Any]:
    instance = named.instance
    identity = {"name": instance.name, "version": instance.version, "parameters": instance.parameters()}
    return identity | ({"source": named.origin.document()} if named.origin else {})
