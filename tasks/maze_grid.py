"""The task maze-grid: path finding in an image of a maze, with detours that a greedy move gets wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, NamedTuple

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .spaces import Space

MOVES = ("up", "right", "down", "left")
"""The classes, in this order."""

OFFSETS = np.array([[-1, 0], [0, 1], [1, 0], [0, -1]])
"""Change of (row, column) for each move."""

MAX_CELLS = 6
"""Largest number of cells per side: 60 inner walls fit into one 64-bit integer, 84 (seven cells) do not."""

MAX_PIXELS = 62
"""Largest number of pixels per side: a row of the canvas is one 64-bit integer."""

WALLS, AGENT, GOAL = range(3)  # the planes of an image

YIELD = {"id": 0.7, "detour": 0.1}
"""Approximate share of random mazes that belong to each region; affects only the speed of `propose`."""


@dataclass(frozen=True)
class MazeGrid(Task):
    """First move on the path from agent to goal, in an image of a perfect maze.

    Worked example, two mazes of 3 x 3 cells (# wall, . free, A agent, G goal):

        #######    #######    Left: the move to the right is open, reduces the distance to the goal and is correct: a
        #A...G#    #A..#G#    training maze. Right: the same move is open and reduces the distance, but leads to a
        #.###.#    #.###.#    dead end. The only path starts with a move down, away from the goal: a detour, as in the
        #.#...#    #.#...#    headline split.
        #.#.#.#    #.#.#.#
        #.#.#.#    #...#.#
        #######    #######

    An input has three planes of canvas x canvas bits: walls, agent, goal. A maze of k x k cells takes (2k + 1) x
    (2k + 1) pixels (cells at odd rows and columns, walls or passages between them) at a uniformly random position of
    the canvas; pixels outside of it are 0. A perfect maze is a spanning tree of the k x k lattice; here it is exactly
    uniformly random among all of them. Agent and goal are a random pair of different cells. They are resampled together
    with the maze until the problem belongs to the region:

        train, id   cells x cells, the correct move reduces the Manhattan distance to the goal
        detour      cells x cells, some open move reduces that distance and the correct one does not (severity 1)
        size-k      as in training, with k x k cells (severity k)

    Problems in which no open move reduces the distance belong to no split.

    cells   cells per side of a training maze, 3 to 6
    sizes   cells per side in the splits "size-5", ...
    canvas  pixels per side

    Raises ValueError where a maze does not fit on the canvas or a size is that of training.
    """

    name: ClassVar[str] = "maze-grid"
    family: ClassVar[str] = "maze"
    block: ClassVar[int] = 2048  # even a small sample of detours costs a block, for which ten times as many are sampled

    cells: int = 4
    sizes: tuple[int, ...] = (5, 6)
    canvas: int = 13

    def __post_init__(self) -> None:
        for cells in (self.cells, *self.sizes):
            if not 3 <= cells <= MAX_CELLS:  # noqa: PLR2004 -- two by two cells have no detours
                raise ValueError(f"mazes of {cells} x {cells} cells; expected 3 to {MAX_CELLS}")
            if 2 * cells + 1 > self.canvas:
                raise ValueError(
                    f"a maze of {cells} x {cells} cells does not fit on a canvas of {self.canvas} pixels; "
                    f"expected at least {2 * cells + 1}"
                )
        if self.canvas > MAX_PIXELS:
            raise ValueError(f"a canvas of {self.canvas} pixels; expected at most {MAX_PIXELS}")
        if self.cells in self.sizes or len(set(self.sizes)) < len(self.sizes):
            raise ValueError(f"sizes {self.sizes}; expected different ones, none of them {self.cells} as in training")

    @property
    def inputs(self) -> Space:
        """Planes walls, agent and goal, of bits that stand for the numbers 0 and 1."""
        return Space((3, self.canvas, self.canvas), alphabet=2, layout="grid", values=(0.0, 1.0))

    @property
    def outputs(self) -> Space:
        """The move: 0 up, 1 right, 2 down, 3 left."""
        return Space((1,), alphabet=len(MOVES))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Train and ID share a region; in "detour" the greedy move is wrong; "size-*" shifts the size of the maze."""
        return (
            Split("train", share=(0.0, 0.75)),
            Split("id", share=(0.75, 1.0)),
            Split("detour", "detour", 1.0, headline=True, region="detour", share=(0.0, 0.5)),
            Split("exposed", region="detour", share=(0.5, 1.0)),
            *(Split(f"size-{size}", "size", float(size), region=f"size-{size}") for size in self.sizes),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """greedy: an open move that reduces the distance to the goal; never correct on "detour"."""
        return {"greedy": self._greedy}

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n mazes of a region; slices: "length", the number of moves from agent to goal, (n,)."""
        cells = int(region.removeprefix("size-")) if region.startswith("size-") else self.cells
        detour = region == "detour"
        parts: list[_Mazes] = []
        while (missing := n - sum(len(part.agent) for part in parts)) > 0:
            mazes = _random_mazes(cells, int(missing / YIELD["detour" if detour else "id"]) + 1, rng)
            parts.append(mazes.take(_of_kind(cells, mazes, detour=detour)))
        mazes = _Mazes(*(np.concatenate(column)[:n] for column in zip(*parts, strict=True)))
        return Examples(self._render(cells, mazes, rng), mazes.move[:, None], slices={"length": mazes.length})

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The smallest code of the eight reflections and rotations of the maze, independent of its position.

        Returns (n, 2): the inner walls as bits; size, agent and goal as digits of a number.
        """
        tops, lefts, sizes = self._frames(inputs)
        walls = inputs[:, WALLS].reshape(len(inputs), -1)
        agents, goals = self._pixels(inputs)
        corners = tops * self.canvas + lefts
        result = np.empty((len(inputs), 2), dtype=np.int64)
        for size in np.unique(sizes):
            rows = np.flatnonzero(sizes == size)
            inner, weights, cell_of = _symmetries(int(size), self.canvas)
            codes = walls[rows[:, None], corners[rows, None] + inner].astype(np.int64) @ weights  # (rows, 8)
            ends = cell_of[agents[rows] - corners[rows]] * 64 + cell_of[goals[rows] - corners[rows]]  # (rows, 8)
            smallest = codes.min(axis=1)
            ends = np.where(codes == smallest[:, None], ends, np.iinfo(np.int64).max).min(axis=1)
            result[rows, 0], result[rows, 1] = smallest, size * 64 * 64 + ends
        return result

    def capacity(self, split: str) -> int:
        """A conservative lower bound: half of the number of mazes of the split, up to symmetry.

        By Kirchhoff's theorem the k x k lattice has (product of the nonzero Laplacian eigenvalues) / k^2 spanning
        trees (k = 4: 100,352), each with k^2 (k^2 - 1) pairs of agent and goal; at most eight are one problem. Of
        these 67 to 77 % (k = 6 to 3) are as in training, here estimated as 50 %, and 4 to 8 % (k = 3, 4) are detours,
        here estimated as 3 %. All are about equally likely, so that half of them can be sampled before duplicates
        prevail.
        """
        source = self.split(split)
        cells = int(source.region.removeprefix("size-")) if source.region.startswith("size-") else self.cells
        pairs = cells**2 * (cells**2 - 1)
        kind = 0.03 if source.region == "detour" else 0.5
        return int(_spanning_trees(cells) * pairs / 8 * kind * (source.share[1] - source.share[0]) / 2)

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Search the image breadth-first from the goal until a pixel next to the agent is reached: (n, 1).

        A row of pixels is a bit mask, so that a step of the search is a few shifts. Raises ValueError if there is no
        path.
        """
        powers = 1 << np.arange(self.canvas)
        free = (1 - inputs[:, WALLS].astype(np.int64)) @ powers  # (n, canvas), as all masks here
        agent = inputs[:, AGENT].astype(np.int64) @ powers
        reached = inputs[:, GOAL].astype(np.int64) @ powers
        above, below = np.zeros_like(agent), np.zeros_like(agent)
        above[:, :-1], below[:, 1:] = agent[:, 1:], agent[:, :-1]
        beside = np.stack([above, agent << 1, below, agent >> 1])  # (moves, n, canvas); a higher bit is further right
        answers = np.zeros(len(inputs), dtype=np.int64)
        searching = np.arange(len(inputs))
        for _ in range(self.canvas**2):
            hit = np.any(reached & beside, axis=2)  # (moves, searching)
            found = hit.any(axis=0)
            answers[searching[found]] = hit[:, found].argmax(axis=0)
            searching, reached, free, beside = searching[~found], reached[~found], free[~found], beside[:, ~found]
            if not len(searching):
                return answers[:, None]
            spread = reached | reached << 1 | reached >> 1
            spread[:, 1:] |= reached[:, :-1]
            spread[:, :-1] |= reached[:, 1:]
            reached = spread & free
        first = int(searching[0])
        raise ValueError(f"example {first} has no way from agent to goal:\n{self.describe(inputs[first])}")

    def describe(self, example: np.ndarray) -> str:
        """The whole canvas: # wall, . free, A agent, G goal."""
        picture = np.where(example[WALLS] == 1, "#", ".")
        picture[example[AGENT] == 1], picture[example[GOAL] == 1] = "A", "G"
        return "\n".join("".join(row) for row in picture)

    def describe_target(self, target: np.ndarray) -> str:
        """The move, such as "up"."""
        return MOVES[int(target[0])]

    def _render(self, cells: int, mazes: _Mazes, rng: np.random.Generator) -> np.ndarray:
        """Images of mazes of one size, each at a random position of the canvas: (n, 3, canvas, canvas)."""
        n, side = len(mazes.agent), 2 * cells + 1
        bits = np.arange(cells**2)
        local = np.ones((n, side, side), dtype=np.uint8)
        local[:, 1::2, 1::2] = 0
        shut_right = 1 - (mazes.right[:, None] >> bits & 1).reshape(n, cells, cells)
        shut_down = 1 - (mazes.down[:, None] >> bits & 1).reshape(n, cells, cells)
        local[:, 1::2, 2:-1:2] = shut_right[:, :, :-1]
        local[:, 2:-1:2, 1::2] = shut_down[:, :-1, :]
        tops, lefts = rng.integers(0, self.canvas - side + 1, size=(2, n))
        corners = tops * self.canvas + lefts
        pixels = (np.arange(side)[:, None] * self.canvas + np.arange(side)).ravel()
        rows = np.arange(n)
        inputs = np.zeros((n, 3, self.canvas**2), dtype=np.uint8)
        inputs[rows[:, None], WALLS, corners[:, None] + pixels] = local.reshape(n, -1)
        centres = ((2 * np.arange(cells) + 1)[:, None] * self.canvas + 2 * np.arange(cells) + 1).ravel()
        inputs[rows, AGENT, corners + centres[mazes.agent]] = 1
        inputs[rows, GOAL, corners + centres[mazes.goal]] = 1
        return inputs.reshape(n, 3, self.canvas, self.canvas)

    def _frames(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Top and left of the maze and its cells per side, each (n,)."""
        in_row = inputs[:, WALLS].any(axis=2)
        in_column = inputs[:, WALLS].any(axis=1)
        return in_row.argmax(axis=1), in_column.argmax(axis=1), in_row.sum(axis=1) // 2

    def _pixels(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of agent and goal on the flattened canvas, each (n,)."""
        flat = inputs.reshape(len(inputs), 3, -1)
        return flat[:, AGENT].argmax(axis=1), flat[:, GOAL].argmax(axis=1)

    def _greedy(self, inputs: np.ndarray) -> np.ndarray:
        """The first open move, in the order of MOVES, that reduces the distance; else the first open move."""
        agents, goals = (np.stack(np.divmod(pixels, self.canvas), axis=1) for pixels in self._pixels(inputs))
        beside = agents[:, None] + OFFSETS  # (n, moves, 2)
        shut = inputs[np.arange(len(inputs))[:, None], WALLS, beside[..., 0], beside[..., 1]]
        nearer = _distances(beside, goals[:, None]) < _distances(agents, goals)[:, None]
        return np.where(shut == 1, 0, 1 + nearer).argmax(axis=1)[:, None]


class _Mazes(NamedTuple):
    """Mazes of one size. Cells are numbered row by row; bit c of a mask refers to cell c.

    right   (n,) int64 masks: the passage from the cell to its right neighbour is open
    down    (n,) int64 masks: the passage from the cell to the one below is open
    agent   (n,) cells
    goal    (n,) cells
    open    (n, moves) bool: the moves that the agent can make
    move    (n,) the correct move
    length  (n,) length of the path from agent to goal
    """

    right: np.ndarray
    down: np.ndarray
    agent: np.ndarray
    goal: np.ndarray
    open: np.ndarray
    move: np.ndarray
    length: np.ndarray

    def take(self, rows: np.ndarray) -> _Mazes:
        return _Mazes(*(column[rows] for column in self))


def _random_mazes(cells: int, n: int, rng: np.random.Generator) -> _Mazes:
    """Uniformly random perfect mazes, each with a uniformly random pair of agent and goal and with its solution."""
    right, down = _random_trees(cells, n, rng)
    agent = rng.integers(0, cells**2, size=n)
    goal = (agent + rng.integers(1, cells**2, size=n)) % cells**2
    here = 1 << agent
    beside = np.stack([here >> cells & down, (here & right) << 1, (here & down) << cells, here >> 1 & right])
    move, length = np.zeros((2, n), dtype=np.int64)
    reached = 1 << goal
    distance = 0
    while not length.all():
        distance += 1
        hit = (reached & beside) > 0
        found = hit.any(axis=0) & (length == 0)
        length[found] = distance
        move[found] = hit[:, found].argmax(axis=0)
        reached = (
            reached
            | (reached & right) << 1
            | reached >> 1 & right
            | (reached & down) << cells
            | reached >> cells & down
        )
    return _Mazes(right, down, agent, goal, beside.T > 0, move, length)


def _random_trees(cells: int, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Uniformly random spanning trees of the lattice, as the masks `right` and `down` of `_Mazes`.

    A random walk opens the passage by which it first enters a cell (Aldous 1990, Broder 1989). Steps after all cells
    have been entered change nothing, so finished walks are removed only once every 16 steps.
    """
    to, opens_right, opens_down = _walk(cells)
    right, down = np.zeros((2, n), dtype=np.int64)
    walking, at = np.arange(n), np.zeros(n, dtype=np.int64)  # rows of the result, and the cell of each walk
    state = np.zeros((3, n), dtype=np.int64)  # of the walks under way: right, down, and the cells visited
    state[2] = 1  # cell 0
    while len(walking):
        for number in rng.integers(0, 12, size=(16, len(walking)), dtype=np.uint8):
            step = at * 12 + number
            at = to[step]
            first = (state[2] >> at & 1) - 1  # all bits where the cell is new, else none
            state[0] |= opens_right[step] & first
            state[1] |= opens_down[step] & first
            state[2] |= 1 << at
        done = state[2] == (1 << cells**2) - 1
        right[walking[done]], down[walking[done]] = state[:2, done]
        walking, at, state = walking[~done], at[~done], state[:, ~done]
    return right, down


@cache
def _walk(cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Target and passage of a random step from each cell: three tables over (cell, random number), flattened.

    The random number is uniform in 0..11, which 2, 3 and 4 neighbours share evenly.
    """
    to, right, down = np.zeros((3, cells**2, 12), dtype=np.int64)
    for cell in range(cells**2):
        row, column = divmod(cell, cells)
        moves = [
            (move, (row + down_by) * cells + column + right_by)
            for move, (down_by, right_by) in zip(MOVES, OFFSETS.tolist(), strict=True)
            if 0 <= row + down_by < cells and 0 <= column + right_by < cells
        ]
        for number in range(12):
            move, other = moves[number % len(moves)]
            to[cell, number] = other
            ways = right if move in ("right", "left") else down
            ways[cell, number] = 1 << min(cell, other)
    return to.ravel(), right.ravel(), down.ravel()


def _of_kind(cells: int, mazes: _Mazes, *, detour: bool) -> np.ndarray:
    """Indices, ascending, of the mazes that are detours, or else of those whose correct move reduces the distance."""
    agents, goals = (np.stack(np.divmod(where, cells), axis=1) for where in (mazes.agent, mazes.goal))
    nearer = _distances(agents[:, None] + OFFSETS, goals[:, None]) < _distances(agents, goals)[:, None]  # (n, moves)
    right_one_nearer = nearer[np.arange(len(agents)), mazes.move]
    return np.flatnonzero(~right_one_nearer & (mazes.open & nearer).any(axis=1) if detour else right_one_nearer)


def _distances(here: np.ndarray, there: np.ndarray) -> np.ndarray:
    """Manhattan distances between (row, column) pairs, over the last axis."""
    return np.abs(here - there).sum(axis=-1)


@cache
def _symmetries(cells: int, canvas: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Tables for the eight reflections and rotations of a maze; pixels are offsets from its corner.

    Returns inner    (walls,) the pixels of the inner walls
            weights  (walls, 8) the bit that each of them becomes in each image
            cell_of  (pixels, 8) the number that the cell at a pixel has in each image
    """
    side = 2 * cells + 1
    pixels = np.arange(side)[:, None] * canvas + np.arange(side)
    row, column = np.indices((side, side))
    inside = (row > 0) & (row < side - 1) & (column > 0) & (column < side - 1)
    is_wall, is_cell = inside & ((row + column) % 2 == 1), (row % 2 == 1) & (column % 2 == 1)
    weights, cell_of = np.zeros((2, canvas * side, 8), dtype=np.int64)
    images = [np.rot90(drawing, turns) for drawing in (pixels, pixels.T) for turns in range(4)]
    for number, image in enumerate(images):
        weights[image[is_wall], number] = 1 << np.arange(is_wall.sum())
        cell_of[image[is_cell], number] = np.arange(cells**2)
    return pixels[is_wall], weights[pixels[is_wall]], cell_of


def _spanning_trees(cells: int) -> int:
    """Number of spanning trees of the lattice, by Kirchhoff's theorem."""
    waves = [2 - 2 * math.cos(math.pi * i / cells) for i in range(cells)]
    eigenvalues = [x + y for i, x in enumerate(waves) for j, y in enumerate(waves) if i or j]
    return round(math.prod(eigenvalues) / cells**2)
