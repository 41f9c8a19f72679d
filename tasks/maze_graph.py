"""The task maze-graph: path finding in a tree that is given as a list of edges or as adjacency bits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Literal, get_args

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space

Presentation = Literal["words", "map"]

MAX_LABELS = 11
"""Largest number of labels: a maze is encoded in one 64-bit integer, with 55 possible edges and 4 bits each for start
and goal."""

LOWEST_BIT = np.array([0] + [(mask & -mask).bit_length() - 1 for mask in range(1, 1 << MAX_LABELS)])
"""The smallest member of each set of vertices, indexed by bit mask (0 for the empty set)."""


@dataclass(frozen=True)
class MazeGraph(Task):
    """Next state on the path from start to goal, in a tree given as a list of edges or as adjacency bits.

    Worked example: "3-7, 7-1, 1-4, 7-5; from 3 to 4". State 3 is adjacent to 7 only; 7 to 1 and 5; 1 to 4. The path
    is 3, 7, 1, 4, its length 3, so the target is "go to 7". From 7 the target would be 1: 5 is a dead end.

    Presentation "words": a sequence of 2 * (labels - 1) + 2 tokens, `labels - 1` edge slots of two tokens, then start
    and goal. A tree of s states fills s - 1 slots, chosen at random; the others hold the pad token (the last of the
    alphabet) twice. The order of the edges and the direction of each edge are random.

    Presentation "map": a vector of bits, one for each pair of labels in the order (0, 1), (0, 2), ..., (1, 2), ...,
    1 where the two are adjacent; then start and goal, each one-hot over the labels. With one seed, both presentations
    have the same mazes in the same order.

    Distribution: s is uniform over `states`, the path length uniform over the part of `lengths` that fits into s
    states, and given both, all triples (labelled tree, start, goal) are equally likely: s of the labels at random, then
    a uniformly random tree among those that contain the path.

    In "far" and "exposed" the mazes are in addition restricted to those on which the heuristic "two-hop" errs. In these
    the start has at least two neighbours that are no dead ends, and only a search tells which one is right. The lengths
    are uniform there as well: given the length, all mazes with this property are equally likely.

    states        fewest and most states of a training maze
    lengths       shortest and longest path in training, in edges
    labels        number of labels of states; also the number of classes
    far_lengths   shortest and longest path of the split "far", whose severity is the longest
    far_states    states of a maze of the split "far"
    sizes         states of a maze in the splits "size-8", ...; their path lengths are those of training
    presentation  words or map

    Raises ValueError for parameters that fit no tree, or that put one problem in two regions.
    """

    name: ClassVar[str] = "maze-graph"
    family: ClassVar[str] = "maze"
    version: ClassVar[int] = 2  # 2: "far" has only mazes on which two-hop errs; intermediate steps begin at the goal
    presentation_parameters: ClassVar[tuple[str, ...]] = ("presentation",)
    renamed: ClassVar[Mapping[str, str]] = {"far": "far_lengths"}

    states: tuple[int, int] = (4, 7)
    lengths: tuple[int, int] = (1, 3)
    labels: int = 10
    far_lengths: tuple[int, int] = (4, 6)
    far_states: int = 10
    sizes: tuple[int, ...] = (8, 10)
    presentation: Presentation = "words"

    def __post_init__(self) -> None:
        if self.presentation not in get_args(Presentation):
            raise ValueError(f"presentation {self.presentation!r}; expected one of {', '.join(get_args(Presentation))}")
        if not 2 <= self.labels <= MAX_LABELS:  # noqa: PLR2004 -- an edge needs two states
            raise ValueError(f"{self.labels} labels; expected 2 to {MAX_LABELS}")
        for region, (states, lengths) in self._regions.items():
            if not 2 <= states[0] <= states[1] <= self.labels:  # noqa: PLR2004
                raise ValueError(f"{region}: {states} states; expected (low, high) within 2 to {self.labels} labels")
            if not 1 <= lengths[0] <= min(lengths[1], states[0] - 1):
                raise ValueError(
                    f"{region}: path lengths {lengths}; expected (low, high), low within 1 to {states[0] - 1}, "
                    f"the longest path of {states[0]} states"
                )
        if self.far_lengths[0] <= self.lengths[1]:
            raise ValueError(
                f"far_lengths={self.far_lengths}; expected longer paths than the {self.lengths[1]} of training"
            )
        if not 3 <= self.far_lengths[0] <= self.far_lengths[1] <= self.far_states - 3:  # noqa: PLR2004
            raise ValueError(
                f"far_lengths={self.far_lengths}; expected (low, high) within 3 to {self.far_states - 3}: two-hop is "
                f"correct on shorter paths, and where fewer than two of the {self.far_states} states are off the path"
            )
        if min(self.sizes, default=self.labels + 1) <= self.states[1]:
            raise ValueError(f"sizes {self.sizes}; expected more states than the {self.states[1]} of training")

    @property
    def inputs(self) -> Space:
        """Words: tokens 0..labels-1 are states, `labels` is the pad token. Map: bits."""
        if self.presentation == "map":
            return Space((self._pairs + 2 * self.labels,), alphabet=2)
        return Space((2 * self.labels,), alphabet=self.labels + 1, layout="sequence")

    @property
    def outputs(self) -> Space:
        """The label of the next state."""
        return Space((1,), alphabet=self.labels)

    @property
    def scratchpad(self) -> Space:
        """The states of the path from the goal back to the next state, which is the target; then pad tokens."""
        return Space((max(longest for _, (_, longest) in self._regions.values()),), self.labels + 1, "sequence")

    @property
    def splits(self) -> tuple[Split, ...]:
        """Train and ID share a region; "far" shifts the path length and the number of states, "size-*" the latter."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("far", "length", float(self.far_lengths[1]), headline=True, region="far", share=(0.0, 0.5)),
            Split("exposed", region="far", share=(0.5, 1.0)),
            *(Split(f"size-{size}", "size", float(size), region=f"size-{size}") for size in self.sizes),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """copy-goal: correct for paths of one edge. neighbour: any. two-hop: correct up to five states."""
        return {"copy-goal": self._copy_goal, "neighbour": self._neighbour, "two-hop": self._two_hop}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n mazes of a region.

        slices: "states" of the maze, "length", the edges of the path, and "choices", the neighbours of the start (3:
        three or more), each (n,).
        """
        (fewest, most), (shortest, longest) = self._regions[region]
        states = rng.integers(fewest, most + 1, size=n)
        lengths = rng.integers(shortest, np.minimum(longest, states - 1) + 1)
        parents, names = self._trees(states, lengths, rng)  # vertices 0, 1, ..., length are the path
        if region == "far":
            again = np.flatnonzero(~self._misleads(parents, names, lengths))
            while len(again):
                parents[again], names[again] = self._trees(states[again], lengths[again], rng)
                again = again[~self._misleads(parents[again], names[again], lengths[again])]
        rows = np.arange(n)
        inputs = self._words(parents, names, rng)
        inputs[:, -2] = names[:, 0]
        inputs[:, -1] = names[rows, lengths]
        if self.presentation == "map":
            inputs = self._map(inputs)
        vertices = lengths[:, None] - np.arange(self.scratchpad.size)  # from the goal backwards; 0 is the start
        steps = np.where(vertices > 0, names[rows[:, None], np.maximum(vertices, 0)], self.labels).astype(np.uint8)
        choices = np.minimum((parents == 0).sum(axis=1), 3)
        slices = {"states": states, "length": lengths, "choices": choices}
        return Examples(inputs, names[:, 1:2], scratchpad=steps, slices=slices)

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """Adjacency, start and goal as bits of one integer, (n, 1): the same for both presentations of a maze."""
        starts, goals = self._ends(inputs)
        return (self._edges(inputs) | starts << self._pairs | goals << (self._pairs + 4))[:, None]

    def capacity(self, split: str) -> int:
        """Half of the expected number of problems of the split; in "far" and "exposed" at least a quarter.

        By Cayley's formula for forests with given roots, (d + 1) s^(s-d-2) trees on s states contain a given path of
        d edges. As long as half of the problems have not been sampled, this is also true of some pair (s, d). So a
        fair part of every block of proposals is new, and `sample` does not give up. Of the trees in which the start
        has a second neighbour that is no dead end, "two-hop" errs on at least half: it takes one, and any may be right.
        """
        source = self.split(split)
        (fewest, most), (shortest, longest) = self._regions[source.region]
        problems = sum(
            math.comb(self.labels, s)
            * math.perm(s, d + 1)
            * (_count_misleading(s, d) // 2 if source.region == "far" else _count_forests(d + 1, s - d - 1))
            for s in range(fewest, most + 1)
            for d in range(shortest, min(longest, s - 1) + 1)
        )
        return int(problems * (source.share[1] - source.share[0]) / 2)

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Search breadth-first from the goal until a neighbour of the start is reached: inputs -> (n, 1).

        Raises ValueError if there is no path.
        """
        starts, goals = self._ends(inputs)
        neighbours = self._neighbours(inputs)
        beside_start = neighbours[starts, np.arange(len(inputs))]
        reached = 1 << goals
        answer = reached & beside_start
        for _ in range(self.labels):
            if answer.all():
                return LOWEST_BIT[answer][:, None]
            frontier = reached.copy()
            for vertex in range(self.labels):
                frontier |= neighbours[vertex] * (reached >> vertex & 1)
            reached = frontier
            answer = np.where(answer == 0, reached & beside_start, answer)
        first = int(np.flatnonzero(answer == 0)[0])
        raise ValueError(f"example {first} has no path from start to goal: {self.describe(inputs[first])}")

    def describe(self, example: np.ndarray) -> str:
        """The maze as text, such as "3-7, 7-1, 1-4; from 3 to 4"."""
        if self.presentation == "map":
            start, goal = (int(end[0]) for end in self._ends(example[None]))
            slots = np.argwhere(np.triu(np.ones((self.labels, self.labels)), 1))[example[: self._pairs] == 1].tolist()
        else:
            *slots, (start, goal) = example.reshape(-1, 2).tolist()
        edges = ", ".join(f"{tail}-{head}" for tail, head in slots if tail != self.labels)
        return f"{edges}; from {start} to {goal}"

    def describe_target(self, target: np.ndarray) -> str:
        """The next state, such as "go to 7"."""
        return f"go to {int(target[0])}"

    @property
    def _pairs(self) -> int:
        """The number of pairs of labels, which is the number of possible edges."""
        return self.labels * (self.labels - 1) // 2

    @property
    def _regions(self) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
        """The (fewest, most) states and the (shortest, longest) path of each region."""
        trained = (self.lengths[0], min(self.lengths[1], self.states[1] - 1))
        return {
            "id": (self.states, trained),
            "far": ((self.far_states, self.far_states), self.far_lengths),
            **{f"size-{size}": ((size, size), trained) for size in self.sizes},
        }

    def _trees(
        self, states: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parents of the vertices, as from `_trees_with_path`, and the labels of all vertices, (n, labels)."""
        parents = _trees_with_path(states, lengths, rng)
        return parents, rng.permuted(np.tile(np.arange(self.labels), (len(states), 1)), axis=1)

    def _misleads(self, parents: np.ndarray, names: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """True where `_two_hop` errs, (n,), for paths of at least three edges.

        The goal is then out of sight of the rule, and the correct neighbour, vertex 1, is no dead end. So the rule errs
        where another neighbour is no dead end and precedes it in the order of the rule.
        """
        inner = np.bitwise_or.reduce(1 << np.maximum(parents, 0), axis=1)  # mask of the vertices with children
        beside_start = (parents == 0) & (inner[:, None] >> np.arange(1, parents.shape[1] + 1) & 1 == 1)
        goals = names[np.arange(len(names)), lengths]
        ranks = _tie_breaks(self.labels)[names[:, 0], goals]  # (n, labels)
        ranks = np.take_along_axis(ranks, names[:, 1 : parents.shape[1] + 1], axis=1)  # of the vertices 1, 2, ...
        return (beside_start & (ranks < ranks[:, :1])).any(axis=1)

    def _words(self, parents: np.ndarray, names: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Put the edges into random slots, each in a random direction: tokens (n, 2*labels), start and goal unset."""
        n, pad = len(parents), self.labels
        words = np.concatenate([names, np.full((n, 1), pad)], axis=1)  # the vertex -1 is called "pad"
        children = np.tile(np.arange(1, self.labels), (n, 1))[:, : parents.shape[1]]
        children = np.where(parents < 0, -1, children)
        rows = np.arange(n)[:, None]
        edges = np.full((n, self.labels - 1, 2), pad)
        edges[:, : parents.shape[1], 0] = words[rows, children]
        edges[:, : parents.shape[1], 1] = words[rows, parents]
        flip = rng.random(edges.shape[:2]) < 0.5  # noqa: PLR2004 -- a fair coin
        codes = np.where(flip, edges[..., 0] + edges[..., 1] * (pad + 1), edges[..., 0] * (pad + 1) + edges[..., 1])
        codes = rng.permuted(codes, axis=1)  # an edge is one number here, so that its two ends stay together
        inputs = np.empty((n, 2 * self.labels), dtype=np.uint8)
        inputs[:, 0:-2:2], inputs[:, 1:-2:2] = np.divmod(codes, pad + 1)
        return inputs

    def _map(self, words: np.ndarray) -> np.ndarray:
        """The presentation "map" of mazes in words: (n, 2 * labels) -> bits (n, pairs + 2 * labels)."""
        adjacency = _edges_of_words(words, self.labels)[:, None] >> np.arange(self._pairs) & 1
        one_hot = np.eye(self.labels, dtype=np.uint8)
        return np.concatenate([adjacency.astype(np.uint8), one_hot[words[:, -2]], one_hot[words[:, -1]]], axis=1)

    def _edges(self, inputs: np.ndarray) -> np.ndarray:
        """The edges as bits of one integer, (n,) int64; bit i is the i-th pair of labels."""
        if self.presentation == "map":
            return inputs[:, : self._pairs].astype(np.int64) @ (1 << np.arange(self._pairs))
        return _edges_of_words(inputs, self.labels)

    def _ends(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Starts and goals, each (n,), as int64."""
        if self.presentation == "map":
            ends = inputs[:, self._pairs :].reshape(-1, 2, self.labels).argmax(axis=2)
        else:
            ends = inputs[:, -2:].astype(np.int64)
        return ends[:, 0], ends[:, 1]

    def _neighbours(self, inputs: np.ndarray) -> np.ndarray:
        """The neighbours of every label as a bit mask, (labels, n)."""
        adjacency = self._edges(inputs) >> np.arange(self._pairs)[:, None] & 1  # (pairs, n)
        masks = np.zeros((self.labels, len(inputs)), dtype=np.int64)
        for low, high, adjacent in zip(*np.triu_indices(self.labels, 1), adjacency, strict=True):
            masks[low] |= adjacent << high
            masks[high] |= adjacent << low
        return masks

    def _copy_goal(self, inputs: np.ndarray) -> np.ndarray:
        """Predict the goal, whether it is a neighbour or not."""
        return self._ends(inputs)[1][:, None]

    def _neighbour(self, inputs: np.ndarray) -> np.ndarray:
        """Predict the neighbour with the smallest label, regardless of the goal."""
        starts, _ = self._ends(inputs)
        return LOWEST_BIT[self._neighbours(inputs)[starts, np.arange(len(inputs))]][:, None]

    def _two_hop(self, inputs: np.ndarray) -> np.ndarray:
        """The goal if it is a neighbour; else a neighbour next to it; else one that is not a dead end; else any.

        Among several, the first in the order `_tie_breaks` of the labels, which is arbitrary and differs for every pair
        of start and goal. So that this choice is wrong in "far" favours no simple other one, such as the largest label.
        """
        starts, goals = self._ends(inputs)
        neighbours = self._neighbours(inputs)
        rows = np.arange(len(inputs))
        beside_start, beside_goal = neighbours[starts, rows], neighbours[goals, rows]
        inner = sum((np.bitwise_count(mask) > 1).astype(np.int64) << label for label, mask in enumerate(neighbours))
        ladder = [beside_start & 1 << goals, beside_start & beside_goal, beside_start & inner]
        candidates = np.select([rung > 0 for rung in ladder], ladder, beside_start)
        ranks = _tie_breaks(self.labels)[starts, goals]  # (n, labels)
        excluded = candidates[:, None] >> np.arange(self.labels) & 1 == 0
        return np.where(excluded, self.labels, ranks).argmin(axis=1)[:, None]


def _trees_with_path(states: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Uniformly random trees among those on the vertices 0..states-1 in which 0, 1, ..., length is a path.

    states, lengths  (n,), 1 <= lengths < states <= MAX_LABELS
    returns          (n, max(states) - 1): the parent of vertices 1, 2, ..., in the tree rooted at 0; -1 where none

    The code of a tree is its Pruefer code with the whole path as root (Moon, "Counting labelled trees", 1970): remove
    the smallest leaf that is off the path and record its neighbour, until only the path is left. The code has
    m = states - length - 1 entries. They are arbitrary vertices, except that the last one is a vertex of the path.
    Every such sequence is the code of exactly one tree.
    """
    rows = np.arange(len(states))
    off_path = states - lengths - 1  # (n,), the length m of the code
    step = np.arange(off_path.max(initial=0))[:, None]
    bounds = np.where(step == off_path - 1, lengths + 1, states)
    code = (rng.random(bounds.shape) * bounds).astype(np.int64)  # (steps, n)
    noted = np.where(step < off_path, 1 << code, 0)
    still_parents = np.bitwise_or.accumulate(noted[::-1], axis=0)[::-1]  # in the code at this step or later: no leaves
    vertices = np.arange(states.max(initial=1))
    parents = np.where(vertices <= lengths[:, None], vertices - 1, -1)
    waiting = (1 << states) - (2 << lengths)  # bit mask of the vertices that are off the path and not yet removed
    for parent, busy in zip(code, still_parents, strict=True):
        leaves = waiting & ~busy
        leaf = LOWEST_BIT[leaves]  # finished trees write to vertex 0, which has no parent and is cut off below
        parents[rows, leaf] = parent
        waiting &= ~(leaves & -leaves)
    return parents[:, 1:]


def _edges_of_words(words: np.ndarray, labels: int) -> np.ndarray:
    """The edges of mazes in words, (n, 2 * labels), as bits of one integer, (n,) int64."""
    return np.bitwise_or.reduce(_edge_bits(labels)[words[:, 0:-2:2], words[:, 1:-2:2]], axis=1)


@cache
def _edge_bits(labels: int) -> np.ndarray:
    """A distinct bit for every undirected edge, 0 for pads: (labels + 1, labels + 1), symmetric."""
    bits = np.zeros((labels + 1, labels + 1), dtype=np.int64)
    low, high = np.triu_indices(labels, 1)
    bits[low, high] = bits[high, low] = 1 << np.arange(len(low))
    return bits


@cache
def _tie_breaks(labels: int) -> np.ndarray:
    """A random order of the labels for each start and goal: their ranks, (labels, labels, labels), always the same."""
    return np.random.default_rng(0).permuted(np.tile(np.arange(labels), (labels, labels, 1)), axis=2)


def _count_forests(roots: int, others: int) -> int:
    """The number of labelled forests of trees with the given roots and with `others` further vertices (Cayley)."""
    return roots * (roots + others) ** others // (roots + others)


def _count_misleading(states: int, length: int) -> int:
    """The number of trees with a given path in which the start has a neighbour off the path that is no dead end.

    All trees, less those in which j further vertices are leaves at the start and the rest hangs off the rest of the
    path, for every j.
    """
    others = states - length - 1
    plain = sum(math.comb(others, leaves) * _count_forests(length, others - leaves) for leaves in range(others + 1))
    return _count_forests(length + 1, others) - plain
