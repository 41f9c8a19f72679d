"""The contract of a task: what is learnt, and what has moved when it is tested."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import ClassVar

import numpy as np

from .pools import SpaceExhaustedError, digests, shares
from .spaces import Space
from .truth import Rule, Truth

Heuristic = Callable[[np.ndarray], np.ndarray]
"""A shallow rule: inputs (n, *shape) -> targets (n, outputs), or probabilities (n, outputs, classes)."""

BARREN_BLOCKS = 50
"""A split that yields nothing new in so many blocks of proposals is called exhausted."""


class MissingPackageError(ImportError):
    """The data of a task come from a package that is not installed; the message says how to get it."""


@dataclass(frozen=True)
class Split:
    """One source of examples of a task.

    name      "train", "id" (in distribution, unseen), "exposed" (the exposure pool of the headline split),
              or the name of an out-of-distribution split
    shift     None for train, id and exposed; else what moved: value, length, position, order, ...
    severity  how far it moved, in the unit of the shift (the task says which)
    headline  the out-of-distribution split that rankings use; at most one a task
    region    what `Task.propose` is asked for; splits of one region own disjoint shares of it
    share     [low, high): the part of the region's problems, by hash, that is this split's
    fixed     every seed is tested on the same examples, so that the answers of seeds can be compared one by one
    """

    name: str
    shift: str | None = None
    severity: float | None = None
    headline: bool = False
    region: str = "id"
    share: tuple[float, float] = (0.0, 1.0)
    fixed: bool = False


@dataclass(frozen=True)
class Examples:
    """n examples of one split.

    inputs     (n, *inputs.shape)
    targets    (n, outputs)
    posterior  (n, outputs, classes): the Bayes-optimal prediction, where the target is ambiguous by design
    steps      (n, length): the worked solution as tokens, for learners that reason step by step
    groups     what a score is broken down by: (n,) labels of examples (path length) or (n, outputs) of outputs (moved)
    origins    (n, k) integers: where an example was cut from (a chapter of a book), in tasks that put whole origins
               into a pool, because the same input may recur anywhere
    """

    inputs: np.ndarray
    targets: np.ndarray
    posterior: np.ndarray | None = None
    steps: np.ndarray | None = None
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    origins: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: np.ndarray | slice) -> Examples:
        """The examples at `rows`, in that order."""
        return Examples(
            self.inputs[rows],
            self.targets[rows],
            None if self.posterior is None else self.posterior[rows],
            None if self.steps is None else self.steps[rows],
            {name: labels[rows] for name, labels in self.groups.items()},
            None if self.origins is None else self.origins[rows],
        )

    @staticmethod
    def concatenate(parts: list[Examples]) -> Examples:
        """Put the examples of several sources after one another (all with the same optional parts)."""
        first = parts[0]
        return Examples(
            np.concatenate([part.inputs for part in parts]),
            np.concatenate([part.targets for part in parts]),
            _joined([part.posterior for part in parts]),
            _joined([part.steps for part in parts]),
            {name: np.concatenate([part.groups[name] for part in parts]) for name in first.groups},
            _joined([part.origins for part in parts]),
        )


class Task(abc.ABC):
    """A rule, the inputs it is taught on, and the inputs on which it is put to the test.

    A task is a frozen dataclass: its fields are its parameters, and they are part of the key of every result.
    Example: `IdentityBits(bits=20, frozen=1)` proposes random rows of 20 bits, the last one 0 in the region "id"
    and 1 in the region "odd"; `solve` copies the input; the splits say which share of which region is train, test
    and exposure pool. `sample` does the rest: it draws proposals block by block, keeps those whose hash falls in the
    split's share, and drops repeats, so that a sample of n is the beginning of a sample of 2n.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    family: ClassVar[str]
    distinct: ClassVar[bool] = True  # no problem twice in a sample; else i.i.d. within the split
    block: ClassVar[int] = 4096  # proposals drawn at a time; changes the data, so it goes with `version`

    @property
    @abc.abstractmethod
    def inputs(self) -> Space:
        """The space of one input."""

    @property
    @abc.abstractmethod
    def outputs(self) -> Space:
        """The space of one target: shape (outputs,), alphabet = number of classes, or None for real targets."""

    @property
    @abc.abstractmethod
    def splits(self) -> tuple[Split, ...]:
        """All sources of examples: train, id, the OOD splits, and "exposed" if there is a headline split."""

    @property
    def truth(self) -> Truth:
        """What is known of the right answers, and so how predictions are scored; by default the rule is `solve`."""
        return Rule(self.solve, self.outputs)

    @property
    def steps(self) -> Space | None:
        """The space of a worked solution, a sequence of tokens; None where `Examples.steps` is None."""
        return None

    def drawn(self, rng: np.random.Generator) -> Task:  # noqa: ARG002
        """The task of one seed, where the rule itself is drawn anew for each (a random function); else the task."""
        return self

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Named shallow rules that are scored beside the learners: the ladder from guess to rule."""
        return {}

    @abc.abstractmethod
    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw about n problems of a region, with repeats, whatever their hash (a few fewer is fine)."""

    @abc.abstractmethod
    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The problems without their presentation, (n, k), integers or float64: equal rows are the same problem."""

    @abc.abstractmethod
    def capacity(self, split: str) -> int | None:
        """How many distinct problems `sample` can surely draw from a split; None where it never runs out."""

    def solve(self, inputs: np.ndarray) -> np.ndarray:  # noqa: ARG002
        """The rule itself: inputs (n, *shape) -> targets (n, outputs). Reads nothing but the inputs."""
        raise TypeError(f"{self.name} has no rule to solve its inputs by")

    def describe(self, example: np.ndarray) -> str:
        """One input, of shape inputs.shape, in words or drawn with characters."""
        return " ".join(str(value) for value in example.ravel())

    def describe_target(self, target: np.ndarray) -> str:
        """One target or prediction, of shape (outputs,), in words."""
        return " ".join(f"{value:.3g}" for value in target)

    @property
    def hash_key(self) -> str:
        """The key of the hash that assigns problems to splits; tasks with the same key and problems share pools."""
        return self.name

    def parameters(self) -> dict[str, object]:
        """The fields of the dataclass: what makes this task this task."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # pyright: ignore[reportArgumentType]

    def split(self, name: str) -> Split:
        """The split of that name; raises KeyError with the names there are."""
        for split in self.splits:
            if split.name == name:
                return split
        raise KeyError(f"{self.name} has no split {name!r}; it has {', '.join(s.name for s in self.splits)}")

    @property
    def missing(self) -> str | None:
        """Why this task's data cannot be had here and how to get them, in a line; None where they can."""
        return None

    def pooled(self, examples: Examples) -> np.ndarray:
        """What the hash assigns to splits, (n, k): the canonical problems, or the origins where there are such."""
        return self.canonical(examples.inputs) if examples.origins is None else examples.origins

    @property
    def headline(self) -> Split | None:
        """The OOD split that rankings use, or None."""
        return next((split for split in self.splits if split.headline), None)

    def sample(self, split: str, n: int, rng: np.random.Generator) -> Examples:
        """Draw n examples of a split; those of a smaller n are their beginning.

        Raises SpaceExhaustedError where the split does not hold n distinct problems.
        """
        source = self.split(split)
        low, high = source.share
        seen: set[int] = set()
        parts: list[Examples] = []
        have, barren = 0, 0
        while have < n:
            block = self.propose(source.region, self.block, rng)
            pooled = self.pooled(block)
            given = getattr(pooled, "dtype", type(pooled).__name__)
            if given != np.float64 and getattr(given, "kind", "?") not in "iub":  # hashed as whole numbers, or bits
                what = "canonical" if block.origins is None else "origins"
                raise TypeError(f"{self.name}: {what} gave {given}; expected an array of int64 or float64")
            hashed = digests(pooled, self.hash_key)
            share = shares(hashed)
            rows = np.flatnonzero((share >= low) & (share < high))
            if self.distinct:
                rows = rows[_unseen(hashed[rows], seen)]
            rows = rows[: n - have]
            barren = 0 if len(rows) else barren + 1
            if barren == BARREN_BLOCKS:
                raise SpaceExhaustedError(
                    f"{self.name}: split {split!r} ran out of distinct problems after {have}; {n} were asked for"
                )
            parts.append(block.take(rows))
            have += len(rows)
        return Examples.concatenate(parts) if parts else self.propose(source.region, 1, rng).take(slice(0, 0))


def _joined(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    there = [array for array in arrays if array is not None]
    return np.concatenate(there) if there else None


def _unseen(hashed: np.ndarray, seen: set[int]) -> np.ndarray:
    """Positions of the first occurrence of each digest that `seen` does not hold yet; adds them to it."""
    fresh: list[int] = []
    for row, digest in enumerate(hashed.tolist()):
        if digest not in seen:
            seen.add(digest)
            fresh.append(row)
    return np.asarray(fresh, dtype=np.int64)
