"""The task maze-graph: path finding in a tree that is given as a list of edges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space

MAX_LABELS = 11
"""Largest number of labels: a maze is encoded in one 64-bit integer, with 55 possible edges and 4 bits each for start
and goal."""

LOWEST_BIT = np.array([0] + [(mask & -mask).bit_length() - 1 for mask in range(1, 1 << MAX_LABELS)])
"""The smallest member of each set of vertices, indexed by bit mask (0 for the empty set)."""


@dataclass(frozen=True)
class MazeGraph(Task):
    """Next state on the path from start to goal, in a tree given as a list of edges.

    Worked example: "3-7, 7-1, 1-4, 7-5; from 3 to 4". State 3 is adjacent to 7 only; 7 to 1 and 5; 1 to 4. The path
    is 3, 7, 1, 4, its length 3, so the target is "go to 7". From 7 the target would be 1: 5 is a dead end.

    An input is a sequence of 2 * (labels - 1) + 2 tokens: `labels - 1` edge slots of two tokens, then start and goal.
    A tree of s states fills s - 1 slots, chosen at random; the others hold the pad token (the last of the alphabet)
    twice. The order of the edges and the direction of each edge are random.

    Distribution: s is uniform over `states`, the path length uniform over `lengths`, and given both, all triples
    (labelled tree, start, goal) are equally likely: s of the labels at random, then a uniformly random tree among
    those that contain the path. The length is thus balanced by construction and independent of s.

    Caveat on "far": in most of its mazes the start has one neighbour only, so that a search for that neighbour scores
    0.92. Use the slices "choices", and compare with the heuristics "neighbour" and "two-hop".

    states       fewest and most states of a training maze
    lengths      shortest and longest path in training, in edges
    labels       number of labels of states; also the number of classes
    far_lengths  shortest and longest path of the split "far", whose severity is the longest
    far_states   states of a maze of the split "far"
    sizes        states of a maze in the splits "size-8", ...; their path lengths are those of training

    Raises ValueError for parameters that fit no tree, or that put one problem in two regions.
    """

    name: ClassVar[str] = "maze-graph"
    family: ClassVar[str] = "maze"
    renamed: ClassVar[Mapping[str, str]] = {"far": "far_lengths"}

    states: tuple[int, int] = (4, 7)
    lengths: tuple[int, int] = (1, 3)
    labels: int = 10
    far_lengths: tuple[int, int] = (4, 6)
    far_states: int = 7
    sizes: tuple[int, ...] = (8, 10)

    def __post_init__(self) -> None:
        if not 2 <= self.labels <= MAX_LABELS:  # noqa: PLR2004 -- an edge needs two states
            raise ValueError(f"{self.labels} labels; expected 2 to {MAX_LABELS}")
        for region, (states, lengths) in self._regions.items():
            if not 2 <= states[0] <= states[1] <= self.labels:  # noqa: PLR2004
                raise ValueError(f"{region}: {states} states; expected (low, high) within 2 to {self.labels} labels")
            if not 1 <= lengths[0] <= lengths[1] < states[0]:
                raise ValueError(
                    f"{region}: path lengths {lengths}; expected (low, high) within 1 to {states[0] - 1}, "
                    f"the longest path of {states[0]} states"
                )
        if self.far_lengths[0] <= self.lengths[1]:
            raise ValueError(
                f"far_lengths={self.far_lengths}; expected longer paths than the {self.lengths[1]} of training"
            )
        if min(self.sizes, default=self.labels + 1) <= self.states[1]:
            raise ValueError(f"sizes {self.sizes}; expected more states than the {self.states[1]} of training")

    @property
    def inputs(self) -> Space:
        """Tokens 0..labels-1 are states; `labels` is the pad token."""
        return Space((2 * self.labels,), alphabet=self.labels + 1, layout="sequence")

    @property
    def outputs(self) -> Space:
        """The label of the next state."""
        return Space((1,), alphabet=self.labels)

    @property
    def scratchpad(self) -> Space:
        """The states of the path after the start, including the goal, then pad tokens."""
        return Space((max(longest for _, (_, longest) in self._regions.values()),), self.labels + 1, "sequence")

    @property
    def splits(self) -> tuple[Split, ...]:
        """Train and ID share a region; "far" shifts the path length, "size-*" the number of states."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("far", "length", float(self.far_lengths[1]), headline=True, region="far", share=(0.0, 0.5)),
            Split("exposed", region="far", share=(0.5, 1.0)),
            *(Split(f"size-{size}", "size", float(size), region=f"size-{size}") for size in self.sizes),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """copy-goal: correct for paths of one edge. neighbour: any neighbour. two-hop: correct up to five states."""
        return {"copy-goal": self._copy_goal, "neighbour": self._neighbour, "two-hop": self._two_hop}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n mazes of a region.

        slices: "length", the edges of the path, and "choices", the neighbours of the start (3: three or more), (n,).
        """
        (fewest, most), (shortest, longest) = self._regions[region]
        states = rng.integers(fewest, most + 1, size=n)
        lengths = rng.integers(shortest, longest + 1, size=n)
        parents = _trees_with_path(states, lengths, rng)  # vertices 0, 1, ..., length are the path
        names = rng.permuted(np.tile(np.arange(self.labels), (n, 1)), axis=1)  # a label for every vertex
        rows = np.arange(n)
        inputs = self._encode(parents, names, rng)
        inputs[:, -2] = names[:, 0]
        inputs[:, -1] = names[rows, lengths]
        choices = np.minimum((parents == 0).sum(axis=1), 3)
        size = self.scratchpad.size
        ahead = np.arange(size) < lengths[:, None]
        scratchpad = np.where(ahead, names[:, 1 : size + 1], self.labels).astype(np.uint8)
        return Examples(inputs, names[:, 1:2], scratchpad=scratchpad, slices={"length": lengths, "choices": choices})

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """Adjacency, start and goal as bits of one integer, (n, 1): independent of order and direction of the edges."""
        tails, heads, starts, goals = self._decode(inputs)
        bits = np.bitwise_or.reduce(_edge_bits(self.labels)[tails, heads], axis=1)
        edges = self.labels * (self.labels - 1) // 2
        return (bits | starts << edges | goals << (edges + 4))[:, None]

    def capacity(self, split: str) -> int:
        """Half of the expected number of problems of the split.

        By Cayley's formula for forests with given roots, (d + 1) s^(s-d-2) trees on s states contain a given path of
        d edges. As long as half of the problems have not been sampled, this is also true of some pair (s, d). So a
        fair part of every block of proposals is new, and `sample` does not give up.
        """
        source = self.split(split)
        (fewest, most), (shortest, longest) = self._regions[source.region]
        problems = sum(
            math.comb(self.labels, s) * math.perm(s, d + 1) * (d + 1) * s ** (s - d - 1) // s
            for s in range(fewest, most + 1)
            for d in range(shortest, longest + 1)
        )
        return int(problems * (source.share[1] - source.share[0]) / 2)

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Search breadth-first from the goal until a neighbour of the start is reached: (n, 2*labels) -> (n, 1).

        Raises ValueError if there is no path.
        """
        _, _, starts, goals = self._decode(inputs)
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
        *slots, (start, goal) = example.reshape(-1, 2).tolist()
        edges = ", ".join(f"{tail}-{head}" for tail, head in slots if tail != self.labels)
        return f"{edges}; from {start} to {goal}"

    def describe_target(self, target: np.ndarray) -> str:
        """The next state, such as "go to 7"."""
        return f"go to {int(target[0])}"

    @property
    def _regions(self) -> dict[str, tuple[tuple[int, int], tuple[int, int]]]:
        """The (fewest, most) states and the (shortest, longest) path of each region."""
        return {
            "id": (self.states, self.lengths),
            "far": ((self.far_states, self.far_states), self.far_lengths),
            **{f"size-{size}": ((size, size), self.lengths) for size in self.sizes},
        }

    def _encode(self, parents: np.ndarray, names: np.ndarray, rng: np.random.Generator) -> np.ndarray:
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

    def _decode(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Tails and heads of the slots, each (n, labels - 1), starts and goals, each (n,), as int64."""
        tokens = inputs.astype(np.int64)
        return tokens[:, 0:-2:2], tokens[:, 1:-2:2], tokens[:, -2], tokens[:, -1]

    def _neighbours(self, inputs: np.ndarray) -> np.ndarray:
        """The neighbours of every label as a bit mask, (labels, n)."""
        tails, heads, _, _ = self._decode(inputs)
        rows = np.arange(len(inputs))
        masks = np.zeros((self.labels + 1, len(inputs)), dtype=np.int64)
        for tail, head in zip(tails.T, heads.T, strict=True):  # within a slot no (label, example) occurs twice
            masks[tail, rows] |= 1 << head
            masks[head, rows] |= 1 << tail
        return masks[:-1]  # without the pad token, which only ever touches itself

    def _copy_goal(self, inputs: np.ndarray) -> np.ndarray:
        """Predict the goal, whether it is a neighbour or not."""
        return inputs[:, -1:].astype(np.int64)

    def _neighbour(self, inputs: np.ndarray) -> np.ndarray:
        """Predict the neighbour with the smallest label, regardless of the goal."""
        starts = inputs[:, -2].astype(np.int64)
        return LOWEST_BIT[self._neighbours(inputs)[starts, np.arange(len(inputs))]][:, None]

    def _two_hop(self, inputs: np.ndarray) -> np.ndarray:
        """The goal if it is a neighbour; else a neighbour next to it; else one that is not a dead end; else any.

        Among several, the one with the smallest label: an arbitrary choice, as labels are random.
        """
        _, _, starts, goals = self._decode(inputs)
        neighbours = self._neighbours(inputs)
        rows = np.arange(len(inputs))
        beside_start, beside_goal = neighbours[starts, rows], neighbours[goals, rows]
        inner = sum((np.bitwise_count(mask) > 1).astype(np.int64) << label for label, mask in enumerate(neighbours))
        ladder = [beside_start & 1 << goals, beside_start & beside_goal, beside_start & inner]
        return LOWEST_BIT[np.select([rung > 0 for rung in ladder], ladder, beside_start)][:, None]


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


@cache
def _edge_bits(labels: int) -> np.ndarray:
    """A distinct bit for every undirected edge, 0 for pads: (labels + 1, labels + 1), symmetric."""
    bits = np.zeros((labels + 1, labels + 1), dtype=np.int64)
    low, high = np.triu_indices(labels, 1)
    bits[low, high] = bits[high, low] = 1 << np.arange(len(low))
    return bits
