"""maze-grid: its mazes are perfect and uniform, its answers right, its detours are detours."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from grue.tasks.maze_grid import AGENT, GOAL, MOVES, OFFSETS, WALLS, MazeGrid

TASK = MazeGrid()
SPLITS = [split.name for split in TASK.splits]
CELLS = {"train": 4, "id": 4, "detour": 4, "exposed": 4, "size-5": 5, "size-6": 6}
seeds = st.integers(0, 2**32 - 1)

PLAIN = """
#######......
#A...G#......
#.###.#......
#.#...#......
#.#.#.#......
#.#.#.#......
#######......
"""
DETOUR = PLAIN.replace("#A...G#", "#A..#G#").replace("#.#.#.#......\n#######", "#...#.#......\n#######")


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def picture(drawing: str) -> np.ndarray:
    """An input of the task from its characters."""
    rows = np.array([list(line) for line in drawing.split()])
    canvas = np.full((13, 13), ".")
    canvas[: len(rows)] = rows
    return np.stack([canvas == "#", canvas == "A", canvas == "G"]).astype(np.uint8)[None]


def distances(example: np.ndarray) -> dict[tuple[int, int], int]:
    """Breadth-first search from the goal over the pixels, the slow way: pixel -> steps to go."""
    row, column = np.argwhere(example[GOAL])[0].tolist()
    distance, queue = {(row, column): 0}, deque([(row, column)])
    while queue:
        here = queue.popleft()
        for step in OFFSETS.tolist():
            other = (here[0] + step[0], here[1] + step[1])
            if not example[WALLS][other] and other not in distance:
                distance[other] = distance[here] + 1
                queue.append(other)
    return distance


def approaching_moves(example: np.ndarray) -> tuple[set[int], set[int], int]:
    """Open moves, those of them that come nearer to the goal as the crow walks, and the right move."""
    (agent,), (goal,) = np.argwhere(example[AGENT]), np.argwhere(example[GOAL])
    to_go = distances(example)
    beside = [tuple((agent + step).tolist()) for step in OFFSETS]
    is_open = {move for move in range(4) if beside[move] in to_go}
    nearer = {move for move in is_open if abs(np.array(beside[move]) - goal).sum() < abs(agent - goal).sum()}
    return is_open, nearer, min(is_open, key=lambda move: to_go[beside[move]])


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS))
def test_every_maze_is_perfect_with_the_recorded_answer_and_length(seed: int, split: str) -> None:
    examples = TASK.sample(split, 10, rng(seed))
    cells = CELLS[split]
    np.testing.assert_array_equal(TASK.solve(examples.inputs), examples.targets)
    for example, target, length in zip(examples.inputs, examples.targets, examples.slices["length"], strict=True):
        to_go = distances(example)
        (agent,) = np.argwhere(example[AGENT])
        assert len(to_go) == 2 * cells**2 - 1  # as many pixels as cells and k^2 - 1 ways between them: a tree
        assert example[WALLS].sum() == (2 * cells + 1) ** 2 - len(to_go)
        assert to_go[tuple(agent.tolist())] == 2 * length
        assert to_go[tuple((agent + OFFSETS[target[0]]).tolist())] == 2 * length - 1


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS))
def test_a_detour_is_where_an_open_move_comes_nearer_and_the_right_one_does_not(seed: int, split: str) -> None:
    for example in TASK.sample(split, 10, rng(seed)).inputs:
        _, nearer, right = approaching_moves(example)
        if split in ("detour", "exposed"):
            assert nearer
            assert right not in nearer
        else:
            assert right in nearer


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS), st.integers(0, 7))
def test_canonical_forgets_place_rotation_and_reflection(seed: int, split: str, symmetry: int) -> None:
    mirrored, turns = divmod(symmetry, 4)
    draw = rng(seed)
    inputs = TASK.sample(split, 10, draw).inputs
    images = np.rot90(inputs[..., ::-1] if mirrored else inputs, turns, axes=(2, 3)).copy()  # counterclockwise
    for image in images:
        pixels = np.argwhere(image[WALLS])
        shift = [
            draw.integers(-low, 13 - high) for low, high in zip(pixels.min(axis=0), pixels.max(axis=0), strict=True)
        ]
        image[:] = np.roll(image, shift, axis=(1, 2))
    np.testing.assert_array_equal(TASK.canonical(images), TASK.canonical(inputs))
    moves = TASK.solve(inputs)  # the moves turn with the picture
    np.testing.assert_array_equal(TASK.solve(images), ((-moves if mirrored else moves) - turns) % 4)


def test_canonical_keeps_different_mazes_agents_and_goals_apart() -> None:
    def brute_force(example: np.ndarray) -> bytes:
        rows, columns = (example[WALLS].any(axis=axis) for axis in (1, 0))
        cropped = example[:, rows][:, :, columns]
        return min(
            np.rot90(image, turns, axes=(1, 2)).tobytes() for image in (cropped, cropped.mT) for turns in range(4)
        )

    task = MazeGrid(cells=3, sizes=(4,))
    inputs = np.concatenate([task.propose(region, 1500, rng()).inputs for region in ("id", "detour", "size-4")])
    canonical = [tuple(row) for row in task.canonical(inputs).tolist()]
    plain = [brute_force(example) for example in inputs]
    assert len(set(plain)) < 4000  # there are repeats among the 4,500
    assert len(set(canonical)) == len(set(plain)) == len(set(zip(canonical, plain, strict=True)))


def test_all_192_mazes_of_three_by_three_cells_are_equally_likely() -> None:
    task = MazeGrid(cells=3, sizes=(), canvas=7)
    examples = task.propose("id", 60_000, rng())
    # Agent beside goal, way open: always of the kind to train on, and every maze has 16 such pairs.
    walls = examples.inputs[examples.slices["length"] == 1, WALLS]
    _, counts = np.unique(walls.reshape(len(walls), -1), axis=0, return_counts=True)
    assert len(counts) == 192  # OEIS A007341
    assert chisquare(counts).pvalue > 1e-4


def test_mazes_are_drawn_at_all_places_of_the_canvas_alike() -> None:
    walls = TASK.propose("id", 10_000, rng()).inputs[:, WALLS]
    places = walls.any(axis=2).argmax(axis=1) * 13 + walls.any(axis=1).argmax(axis=1)
    _, counts = np.unique(places, return_counts=True)
    assert len(counts) == 25
    assert chisquare(counts).pvalue > 1e-4


def test_capacity_can_be_drawn() -> None:
    task = MazeGrid(cells=3, sizes=(), canvas=7)
    for split in ("train", "id", "detour", "exposed"):
        capacity = task.capacity(split)
        assert len(task.sample(split, capacity, rng())) == capacity > 0
    assert TASK.capacity("train") == int(100_352 * 240 / 8 * 0.5 * 0.75 / 2)
    assert TASK.capacity("size-5") == int(557_568_000 * 600 / 8 * 0.5 / 2)


def test_greedy_is_never_right_on_detours_and_mostly_elsewhere() -> None:
    for split in SPLITS:
        examples = TASK.sample(split, 2000, rng())
        score = (TASK.heuristics["greedy"](examples.inputs) == examples.targets).mean()
        assert score == (0 if split in ("detour", "exposed") else pytest.approx(0.86, abs=0.03))


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS))
def test_greedy_takes_the_first_open_move_that_comes_nearer(seed: int, split: str) -> None:
    inputs = TASK.sample(split, 10, rng(seed)).inputs
    for example, move in zip(inputs, TASK.heuristics["greedy"](inputs), strict=True):
        is_open, nearer, _ = approaching_moves(example)
        assert move.tolist() == [min(nearer or is_open)]


def test_greedy_takes_any_open_move_where_none_comes_nearer() -> None:
    maze = picture(DETOUR.replace("A..#", "A#.#"))
    assert TASK.heuristics["greedy"](maze).tolist() == [[MOVES.index("down")]]


def test_every_token_and_pixel_of_a_test_occurs_in_training() -> None:
    train = TASK.sample("train", 2000, rng()).inputs
    for split in SPLITS:
        inputs = TASK.sample(split, 2000, rng()).inputs
        for token in (0, 1):
            assert not ((inputs == token).any(axis=0) & ~(train == token).any(axis=0)).any()


@pytest.mark.parametrize(("drawing", "move"), [(PLAIN, "right"), (DETOUR, "down")])
def test_the_worked_examples_have_the_answers_that_are_said(drawing: str, move: str) -> None:
    maze = picture(drawing)
    assert TASK.describe_target(TASK.solve(maze)[0]) == move
    assert TASK.describe(maze[0]).startswith(drawing.strip())
    assert TASK.describe_target(TASK.heuristics["greedy"](maze)[0]) == "right"


def test_a_maze_without_a_way_is_refused_by_its_number() -> None:
    shut = picture(DETOUR.replace("#...#", "#.#.#"))
    with pytest.raises(ValueError, match="example 1 has no way"):
        TASK.solve(np.concatenate([picture(PLAIN), shut]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cells": 2}, "mazes of 2 x 2 cells; expected 3 to 6"),
        ({"sizes": (7,), "canvas": 15}, "mazes of 7 x 7 cells; expected 3 to 6"),
        ({"canvas": 12}, "6 x 6 cells does not fit on a canvas of 12 pixels; expected at least 13"),
        ({"canvas": 63}, "63 pixels; expected at most 62"),
        ({"cells": 5}, "none of them 5 as in training"),
    ],
)
def test_parameters_that_cannot_be_drawn_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MazeGrid(**parameters)  # pyright: ignore[reportArgumentType]
