"""The `Task` base class with its splits and examples: a training distribution and shifted test distributions."""

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
"""A fixed rule: inputs (n, *shape) -> targets (n, outputs), or probabilities (n, outputs, classes)."""

MAX_EMPTY_BLOCKS = 50
"""A split is exhausted if this many consecutive blocks of proposals hold no new problem of it."""


class MissingPackageError(ImportError):
    """The package that holds a task's data is not installed; the message says how to install it."""


@dataclass(frozen=True)
class Split:
    """A split of a task: a named part of the problems of one region.

    name      "train", "id" (in distribution, not in training), "exposed" (OOD examples that may be added to the
              training set; they are disjoint from the headline split), or the name of an out-of-distribution split
    shift     None for train, id and exposed; else what differs from training: value, length, position, order, ...
    severity  size of the shift, in a unit that the task defines
    headline  True for the out-of-distribution split that rankings use; at most one per task
    region    the argument of `Task.propose`; splits of one region have disjoint shares
    share     [low, high): the problems of the region whose hash, as a number in [0, 1), lies in this interval
    fixed     True if every seed is tested on the same examples, so that predictions can be compared across seeds
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

    inputs      (n, *inputs.shape)
    targets     (n, outputs)
    posterior   (n, outputs, classes): the Bayes-optimal prediction, where the target is ambiguous by design
    scratchpad  (n, length): the intermediate steps as tokens, for learners that write them before the answer
    slices      labels that scores are broken down by: of examples, (n,), such as the path length, or of outputs,
                (n, outputs)
    origins     (n, k) integers: the source of each example, such as the chapter of a book; used by tasks that assign
                whole sources to splits because the same input may occur in several of them
    """

    inputs: np.ndarray
    targets: np.ndarray
    posterior: np.ndarray | None = None
    scratchpad: np.ndarray | None = None
    slices: Mapping[str, np.ndarray] = field(default_factory=dict)
    origins: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: np.ndarray | slice) -> Examples:
        """Select the examples at `rows`, in that order."""
        return Examples(
            self.inputs[rows],
            self.targets[rows],
            None if self.posterior is None else self.posterior[rows],
            None if self.scratchpad is None else self.scratchpad[rows],
            {name: labels[rows] for name, labels in self.slices.items()},
            None if self.origins is None else self.origins[rows],
        )

    @staticmethod
    def concatenate(parts: list[Examples]) -> Examples:
        """Concatenate several sets of examples, all with the same optional fields."""
        first = parts[0]
        return Examples(
            np.concatenate([part.inputs for part in parts]),
            np.concatenate([part.targets for part in parts]),
            _joined([part.posterior for part in parts]),
            _joined([part.scratchpad for part in parts]),
            {name: np.concatenate([part.slices[name] for part in parts]) for name in first.slices},
            _joined([part.origins for part in parts]),
        )


class Task(abc.ABC):
    """Base class of all tasks: a target function, a training distribution and shifted test distributions.

    A task is a frozen dataclass: its fields are its parameters, and they are part of the key of every result.
    Example: `IdentityBits(bits=20, frozen=1)` proposes random rows of 20 bits. The last bit is 0 in the region "id"
    and 1 in the region "odd". `solve` copies the input. `splits` defines which share of which region belongs to
    training, to each test and to the exposed examples. `sample` is inherited: it samples proposals block by block,
    keeps those whose hash lies in the share of the split, and drops duplicates. So the first n of a sample of 2n
    examples are a sample of n.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    family: ClassVar[str]
    distinct: ClassVar[bool] = True  # a sample has no duplicate problems; if False, it is i.i.d. within the split
    block: ClassVar[int] = 4096  # proposals sampled at a time; a change changes the data: raise `version` as well
    presentation_parameters: ClassVar[tuple[str, ...]] = ()
    """The parameters that change only how a problem is presented: with any values of them, one seed has the same
    problems in the same order."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """Former names of parameters -> present names, for the error message that an old name gives."""

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
        """The `Truth` of the task, which defines its metric and its oracle; by default the rule `solve`."""
        return Rule(self.solve, self.outputs)

    @property
    def scratchpad(self) -> Space | None:
        """The space of the intermediate steps, a sequence of tokens; None where `Examples.scratchpad` is None."""
        return None

    def with_sampled_rule(self, rng: np.random.Generator) -> Task:  # noqa: ARG002
        """The task with a rule sampled from `rng`, for tasks that have a new rule in each seed; else the same task."""
        return self

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Heuristics by name: fixed rules that are scored as baselines beside the learners."""
        return {}

    @abc.abstractmethod
    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample about n problems of a region, possibly a few fewer, with duplicates and regardless of their hash."""

    @abc.abstractmethod
    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The canonical form of each problem, (n, k), integers or float64: equal rows are the same problem."""

    @abc.abstractmethod
    def capacity(self, split: str) -> int | None:
        """Number of distinct problems that `sample` can return from a split, a lower bound; None if unlimited."""

    def solve(self, inputs: np.ndarray) -> np.ndarray:  # noqa: ARG002
        """Apply the rule: inputs (n, *shape) -> targets (n, outputs). The targets depend on the inputs alone."""
        raise TypeError(f"{self.name} has no rule: its targets are labels of real data, or sampled")

    def describe(self, example: np.ndarray) -> str:
        """Format one input, of shape inputs.shape, as text."""
        return " ".join(str(value) for value in example.ravel())

    def describe_target(self, target: np.ndarray) -> str:
        """Format one target or prediction, of shape (outputs,), as text."""
        return " ".join(f"{value:.3g}" for value in target)

    @property
    def hash_key(self) -> str:
        """Key of the hash that assigns problems to splits; tasks with equal keys and problems have equal splits."""
        return self.name

    def parameters(self) -> dict[str, object]:
        """The parameters of the task: the fields of the dataclass and their values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}  # pyright: ignore[reportArgumentType]

    def data_axes(self) -> dict[str, object]:
        """What the random generators of the data depend on besides split and seed; the same in all presentations."""
        values = self.parameters()
        return {
            "task": self.hash_key,
            "parameters": {name: values[name] for name in values if name not in self.presentation_parameters},
        }

    def split(self, name: str) -> Split:
        """The split of that name; raises KeyError, with the known names, if there is none."""
        for split in self.splits:
            if split.name == name:
                return split
        raise KeyError(f"{self.name} has no split {name!r}; it has {', '.join(s.name for s in self.splits)}")

    @property
    def missing(self) -> str | None:
        """Why this task's data are not available and how to install them, in one line; None if they are available."""
        return None

    def hashed_rows(self, examples: Examples) -> np.ndarray:
        """The rows that the hash assigns to splits, (n, k): `origins` if the examples have them, else `canonical`."""
        return self.canonical(examples.inputs) if examples.origins is None else examples.origins

    @property
    def headline(self) -> Split | None:
        """The OOD split that rankings use, or None."""
        return next((split for split in self.splits if split.headline), None)

    def sample(self, split: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n examples of a split; with the same generator state, a smaller sample is a prefix of a larger one.

        Raises SpaceExhaustedError if no new problem is found before n distinct ones have been sampled.
        """
        source = self.split(split)
        low, high = source.share
        seen: set[int] = set()
        parts: list[Examples] = []
        have, empty = 0, 0
        while have < n:
            block = self.propose(source.region, self.block, rng)
            rows_hashed = self.hashed_rows(block)
            given = getattr(rows_hashed, "dtype", type(rows_hashed).__name__)
            if given != np.float64 and getattr(given, "kind", "?") not in "iub":  # hashed as whole numbers, or bits
                what = "canonical" if block.origins is None else "origins"
                raise TypeError(f"{self.name}: {what} returned {given}; expected an array of int64 or float64")
            hashed = digests(rows_hashed, self.hash_key)
            share = shares(hashed)
            rows = np.flatnonzero((share >= low) & (share < high))
            if self.distinct:
                rows = rows[_unseen(hashed[rows], seen)]
            rows = rows[: n - have]
            empty = 0 if len(rows) else empty + 1
            if empty == MAX_EMPTY_BLOCKS:
                raise SpaceExhaustedError(
                    f"{self.name}: split {split!r} has only {have} distinct problems; expected {n}"
                )
            parts.append(block.take(rows))
            have += len(rows)
        return Examples.concatenate(parts) if parts else self.propose(source.region, 1, rng).take(slice(0, 0))


def _joined(arrays: list[np.ndarray | None]) -> np.ndarray | None:
    there = [array for array in arrays if array is not None]
    return np.concatenate(there) if there else None


def _unseen(hashed: np.ndarray, seen: set[int]) -> np.ndarray:
    """Indices of the first occurrence of each digest that is not in `seen`; adds these digests to `seen`."""
    fresh: list[int] = []
    for row, digest in enumerate(hashed.tolist()):
        if digest not in seen:
            seen.add(digest)
            fresh.append(row)
    return np.asarray(fresh, dtype=np.int64)
