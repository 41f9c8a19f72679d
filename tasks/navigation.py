"""Navigation: a step along the axis with the largest distance; trained on few axes, tested on others or on many."""

from __future__ import annotations

import abc
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space

STAY = 1
"""The class of an axis without a step; 0 is a step down and 2 a step up."""

MAX_SIDE = 64
"""Largest number of coordinates per axis. A token is a pair of coordinates, so the alphabet has at most its square."""


@dataclass(frozen=True)
class Region:
    """A region of problems, defined by the axes on which agent and goal differ.

    among  [first, past): the axes that may differ
    count  fewest and most axes that do; their number is uniform, and so is their choice
    """

    among: tuple[int, int]
    count: tuple[int, int]


@dataclass(frozen=True)
class Navigation(Task, abc.ABC):
    """Base class of the navigation tasks: agent and goal in a grid of `axes` dimensions, and the rule.

    Each axis has one token, for the coordinates of agent and goal (token = side * agent + goal; Space.values has the
    pair). So input and output have one position per axis, and a learner can treat all axes alike. An output is 0 (-),
    1 (stay) or 2 (+). Exactly one axis, the one with the largest distance, has a step.

    Distribution: on the axes that differ the pair is uniform over all unequal pairs, on the others agent = goal is
    uniform. Problems in which two axes share the largest distance have no target and are excluded.

    axes  number of dimensions
    side  coordinates are 0..side-1
    """

    family: ClassVar[str] = "navigation"

    axes: int = 10
    side: int = 16

    def __post_init__(self) -> None:
        if not 3 <= self.side <= MAX_SIDE:  # noqa: PLR2004 -- with 2 coordinates all distances tie
            raise ValueError(f"side={self.side}; expected 3..{MAX_SIDE}")
        for name, region in self._regions.items():
            if not 0 < region.count[0] <= region.count[1] <= region.among[1] - region.among[0]:
                raise ValueError(
                    f"{name}: {region.count} of the axes {region.among} differ; expected 1 or more of them"
                )

    @property
    def inputs(self) -> Space:
        """One token per axis, (axes,): the coordinates of agent and goal."""
        return Space((self.axes,), self.side**2, "sequence", _pairs(self.side))

    @property
    def outputs(self) -> Space:
        """A step along each axis, (axes,): down, none or up."""
        return Space((self.axes,), 3, "sequence", (-1.0, 0.0, 1.0))

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Rules that select a wrong axis or too many, and one with a threshold instead of a comparison."""
        return {
            "first-axis": self._first_axis,
            "largest-goal": self._largest_goal,
            "every-axis": self._every_axis,
            "half-a-side": self._half_a_side,
        }

    @property
    @abc.abstractmethod
    def _regions(self) -> dict[str, Region]:
        """The regions by name."""

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n problems of a region and remove those with ties, so that fewer than n are left.

        slices: "axes", the number of axes that differ, (n,).
        """
        (first, past), (fewest, most) = self._regions[region].among, self._regions[region].count
        count = rng.integers(fewest, most + 1, size=n)
        rank = rng.random((n, past - first)).argsort(axis=1)  # a random order of the axes that may differ
        apart = np.zeros((n, self.axes), bool)
        apart[:, first:past] = rank < count[:, None]
        agent = rng.integers(self.side, size=apart.shape)
        goal = (agent + apart * rng.integers(1, self.side, size=apart.shape)) % self.side
        largest = np.partition(np.abs(goal - agent), -2, axis=1)[:, -2:]
        clear = largest[:, 1] > largest[:, 0]
        inputs = (agent * self.side + goal)[clear]
        return Examples(inputs, self.solve(inputs), slices={"axes": count[clear]})

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Step along the axis with the largest distance, (n, axes) -> (n, axes).

        Raises ValueError if two axes share it.
        """
        away = self._away(inputs)
        distance = np.abs(away)
        farthest = distance == distance.max(axis=1, keepdims=True)
        if len(tied := np.flatnonzero(farthest.sum(1) != 1)):
            raise ValueError(f"{self.name}: two axes share the largest distance: {self.describe(inputs[tied[0]])}")
        return _steps(away, farthest)

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself: different inputs are different problems."""
        return inputs

    def capacity(self, split: str) -> int:
        """Half of the expected number of problems of the split.

        As long as half of the problems have not been sampled, this is also true of some number of axes. So a fair part
        of every block of proposals is new, and `sample` does not give up.
        """
        source = self.split(split)
        region = self._regions[source.region]
        may_differ = region.among[1] - region.among[0]
        problems = sum(
            math.comb(may_differ, count) * _untied(self.side, count) * self.side ** (self.axes - count)
            for count in range(region.count[0], region.count[1] + 1)
        )
        return int(problems * (source.share[1] - source.share[0]) / 2)

    def describe(self, example: np.ndarray) -> str:
        """Coordinates of agent and goal, such as "(2 4 9) to (2 7 1)"."""
        agent, goal = np.divmod(example.astype(np.int64), self.side)
        return f"({' '.join(map(str, agent))}) to ({' '.join(map(str, goal))})"

    def describe_target(self, target: np.ndarray) -> str:
        """The step on each axis, such as "(0 0 -)"."""
        return f"({' '.join('-0+'[step] for step in target)})"

    def _away(self, inputs: np.ndarray) -> np.ndarray:
        """Goal minus agent on each axis, (n, axes)."""
        agent, goal = np.divmod(inputs.astype(np.int64), self.side)
        return goal - agent

    def _first_axis(self, inputs: np.ndarray) -> np.ndarray:
        """Step along the first axis that differs."""
        away = self._away(inputs)
        return _steps(away, np.cumsum(away != 0, axis=1) == 1)

    def _largest_goal(self, inputs: np.ndarray) -> np.ndarray:
        """Step along the axis with the largest goal coordinate, among those that differ."""
        away = self._away(inputs)
        goal = np.where(away != 0, inputs % self.side, -1)
        return _steps(away, np.arange(self.axes) == goal.argmax(axis=1)[:, None])

    def _every_axis(self, inputs: np.ndarray) -> np.ndarray:
        """Step along every axis that differs."""
        away = self._away(inputs)
        return _steps(away, away != 0)

    def _half_a_side(self, inputs: np.ndarray) -> np.ndarray:
        """Step along every axis with a distance of at least half a side, each axis independently."""
        away = self._away(inputs)
        return _steps(away, 2 * np.abs(away) >= self.side)


@dataclass(frozen=True)
class NavigationAxes(Navigation):
    """Navigation with other axes in the test: in training agent and goal differ on the first axes only.

    Example on 5 axes, 2 of them known: training contains (2 4 9 0 7) to (3 1 9 0 7). The first axis has the distance 1
    up, the second 3 down, the rest are equal, so the step is (0 - 0 0 0). The test contains (5 5 2 8 1) to (5 5 6 7 1),
    where the step is (0 0 + 0 0). One rule for all axes predicts it. A rule that uses two axes only predicts no step,
    and fits the training set as well.

    "others" and "exposed" are in addition restricted to problems on which the heuristic "largest-goal" errs, so at
    least two axes differ: otherwise this rule, which does not compare distances, scores 0.6.

    known_axes  number of first axes, the only ones that differ in training; also the most axes that differ in training
                and in "others"
    """

    name: ClassVar[str] = "navigation-axes"
    version: ClassVar[int] = 2  # 2: "others" and "exposed" have only problems on which largest-goal errs
    renamed: ClassVar[Mapping[str, str]] = {"known": "known_axes"}

    known_axes: int = 3

    def __post_init__(self) -> None:
        if self.known_axes < 2:  # noqa: PLR2004 -- where one axis differs, largest-goal is right
            raise ValueError(f"known_axes={self.known_axes}; expected 2 or more")
        super().__post_init__()

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: the most axes that differ, among those that never differ in training."""
        new = self.axes - self.known_axes
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("others", "position", self.known_axes, headline=True, region="others", share=(0.0, 0.5)),
            Split("all", "position", new, region="all"),
            Split("exposed", region="others", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """As for `Navigation`, and known-axes, another rule that fits the training set."""
        return {**super().heuristics, "known-axes": self._known_axes}

    @property
    def _regions(self) -> dict[str, Region]:
        return {
            "id": Region((0, self.known_axes), (1, self.known_axes)),
            "others": Region((self.known_axes, self.axes), (2, self.known_axes)),
            "all": Region((0, self.axes), (self.axes, self.axes)),
        }

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n problems of a region; the slice "moved", (n, axes), is True on axes that are equal in training."""
        sampled = super().propose(region, n, rng)
        moved = np.broadcast_to(np.arange(self.axes) >= self.known_axes, sampled.inputs.shape)
        sampled = Examples(sampled.inputs, sampled.targets, slices={**sampled.slices, "moved": moved})
        if region != "others":
            return sampled
        return sampled.take(np.flatnonzero((self._largest_goal(sampled.inputs) != sampled.targets).any(axis=1)))

    def capacity(self, split: str) -> int:
        """As for `Navigation`; largest-goal errs on half of the problems with two axes, and on more with three.

        A reflection of all coordinates keeps the distances and turns the largest goal into the smallest. So of two axes
        the one with the largest distance is equally likely to have either.
        """
        restricted = self.split(split).region == "others"
        return super().capacity(split) // (2 if restricted else 1)

    def _known_axes(self, inputs: np.ndarray) -> np.ndarray:
        """The rule applied to the axes that differ in training; the other axes are ignored."""
        away = self._away(inputs)
        away[:, self.known_axes :] = 0
        distance = np.abs(away)
        return _steps(away, np.arange(self.axes) == distance.argmax(axis=1)[:, None])


@dataclass(frozen=True)
class NavigationJoint(Navigation):
    """Navigation with more axes at once in the test: in training agent and goal differ on few axes.

    Example on 5 axes, of which at most 2 differ in training: training contains (2 4 9 0 7) to (2 1 9 0 8). The second
    axis has the distance 3 down, the last 1 up, so the step is (0 - 0 0 0). The test contains (5 5 2 8 1) to
    (7 4 6 1 2), where all axes differ, by 2, 1, 4, 7 and 1: the step is (0 0 0 - 0). Every pair of coordinates can
    occur on every axis in training, but never so many unequal pairs at once.

    max_train_axes  the most axes that differ in training
    ood_axes        numbers of axes that differ in the tests, which are the severities; the first one is the headline
    """

    name: ClassVar[str] = "navigation-joint"
    renamed: ClassVar[Mapping[str, str]] = {"crowds": "ood_axes", "most": "max_train_axes"}

    max_train_axes: int = 3
    ood_axes: tuple[int, ...] = (5, 8, 10)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.ood_axes or min(self.ood_axes) <= self.max_train_axes:
            raise ValueError(f"ood_axes={self.ood_axes}; expected more axes than the {self.max_train_axes} of training")

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: number of axes that differ at once."""
        headline, *others = self.ood_axes
        region = f"apart-{headline}"
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split(region, "number", headline, headline=True, region=region, share=(0.0, 0.5)),
            *(Split(f"apart-{count}", "number", count, region=f"apart-{count}") for count in others),
            Split("exposed", region=region, share=(0.5, 1.0)),
        )

    @property
    def _regions(self) -> dict[str, Region]:
        every = (0, self.axes)
        return {
            "id": Region(every, (1, self.max_train_axes)),
            **{f"apart-{count}": Region(every, (count, count)) for count in self.ood_axes},
        }


@cache
def _pairs(side: int) -> tuple[tuple[float, float], ...]:
    """The coordinates of agent and goal that each token stands for."""
    return tuple((float(agent), float(goal)) for agent in range(side) for goal in range(side))


def _steps(away: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Steps towards the goal on the axes where `along` is True, no step elsewhere; all (n, axes)."""
    return np.where(along, np.sign(away), 0) + STAY


def _untied(side: int, count: int) -> int:
    """Number of ways in which `count` axes can differ so that one distance is larger than all others."""
    ways = [2 * (side - distance) for distance in range(1, side)]  # pairs of coordinates at each distance
    return sum(count * way * sum(ways[:nearer]) ** (count - 1) for nearer, way in enumerate(ways))
