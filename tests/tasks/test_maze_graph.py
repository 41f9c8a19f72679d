"""maze-graph: its mazes are trees, its answers are right, its balance and its heuristics score what the page says."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import combinations, pairwise, permutations
from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from grue.tasks.maze_graph import MAX_LABELS, MazeGraph
from grue.tasks.pools import SpaceExhaustedError

TASK = MazeGraph()
MAP = MazeGraph(presentation="map")
SMALL: dict[str, Any] = {"labels": 6, "far_lengths": (3, 3), "far_states": 6, "sizes": ()}
SIX = MazeGraph(states=(4, 5), lengths=(1, 2), **SMALL)
PAD = TASK.labels
SPLITS = [split.name for split in TASK.splits]
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def edges_of(example: np.ndarray) -> list[tuple[int, int]]:
    slots = example[:-2].reshape(-1, 2).tolist()
    return [(tail, head) for tail, head in slots if (tail, head) != (PAD, PAD)]


def distances_to(goal: int, edges: list[tuple[int, int]]) -> dict[int, int]:
    """Breadth-first search the slow way: label -> edges to go."""
    distance, queue = {goal: 0}, deque([goal])
    while queue:
        here = queue.popleft()
        for edge in edges:
            if here in edge:
                other = edge[0] + edge[1] - here
                if other not in distance:
                    distance[other] = distance[here] + 1
                    queue.append(other)
    return distance


def tell(edges: list[tuple[int, int]], start: int, goal: int) -> np.ndarray:
    slots = [*edges, *[(PAD, PAD)] * (TASK.labels - 1 - len(edges))]
    return np.array([*np.ravel(slots), start, goal], dtype=np.uint8)


def all_mazes(states: int) -> np.ndarray:
    """Every labelled tree on the labels 0..states-1 with every ordered pair of start and goal, once."""
    trees = [
        edges
        for edges in map(list, combinations(combinations(range(states), 2), states - 1))
        if len(distances_to(0, edges)) == states
    ]
    return np.stack([tell(edges, *pair) for edges in trees for pair in permutations(range(states), 2)])


def score(heuristic: str, inputs: np.ndarray, targets: np.ndarray) -> float:
    return float((TASK.heuristics[heuristic](inputs) == targets).mean())


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS))
def test_every_maze_is_a_tree_with_the_recorded_answer_and_length(seed: int, split: str) -> None:
    examples = TASK.sample(split, 30, rng(seed))
    np.testing.assert_array_equal(TASK.solve(examples.inputs), examples.targets)
    slices = zip(*(examples.slices[name] for name in ("states", "length", "choices")), strict=True)
    for example, target, (states, length, choices) in zip(examples.inputs, examples.targets, slices, strict=True):
        edges, (start, goal) = edges_of(example), example[-2:].tolist()
        distance = distances_to(goal, edges)
        assert PAD not in np.ravel(edges)
        assert len(set(np.ravel(edges))) == len(distance) == len(edges) + 1 == states
        assert distance[start] == length
        assert min(3, sum(start in edge for edge in edges)) == choices
        assert distance[int(target[0])] == length - 1
        assert {start, int(target[0])} in [set(edge) for edge in edges]


@pytest.mark.parametrize(
    ("split", "states", "lengths"),
    [
        ("train", {4, 5, 6, 7}, {1, 2, 3}),
        ("far", {10}, {4, 5, 6}),
        ("size-8", {8}, {1, 2, 3}),
        ("size-10", {10}, {1, 2, 3}),
    ],
)
def test_splits_hold_the_sizes_and_lengths_they_announce(split: str, states: set[int], lengths: set[int]) -> None:
    examples = TASK.sample(split, 500, rng())
    assert {len(edges_of(example)) + 1 for example in examples.inputs} == states
    assert set(examples.slices["length"].tolist()) == lengths


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS))
def test_canonical_forgets_order_direction_and_slots_of_the_edges(seed: int, split: str) -> None:
    draw = rng(seed)
    inputs = TASK.sample(split, 20, draw).inputs
    other = inputs.copy()
    for row in other:
        slots = row[:-2].reshape(-1, 2)
        row[:-2] = draw.permutation(draw.permuted(slots, axis=1)).ravel()  # permuted: the two ends of every edge
    np.testing.assert_array_equal(TASK.canonical(other), TASK.canonical(inputs))
    np.testing.assert_array_equal(TASK.solve(other), TASK.solve(inputs))


def test_canonical_keeps_edges_start_and_goal_apart() -> None:
    mazes = all_mazes(5)
    assert len(np.unique(TASK.canonical(mazes), axis=0)) == len(mazes) == 125 * 20


def test_canonical_of_the_most_labels_still_fits_an_integer() -> None:
    task = MazeGraph(labels=MAX_LABELS, sizes=(MAX_LABELS,))
    inputs = task.sample(f"size-{MAX_LABELS}", 2000, rng()).inputs
    canonical = task.canonical(inputs)
    assert canonical.dtype == np.int64
    assert canonical.min() > 0
    plain = {(frozenset(map(frozenset, row[:-2].reshape(-1, 2).tolist())), *row[-2:].tolist()) for row in inputs}
    assert len(np.unique(canonical)) == len(plain) == 2000


def test_lengths_are_balanced_and_independent_of_the_number_of_states() -> None:
    proposals = TASK.propose("id", 40_000, rng())
    table = np.histogram2d(
        proposals.slices["states"], proposals.slices["length"], bins=(np.arange(4, 9), np.arange(1, 5))
    )[0]
    assert chisquare(table.ravel()).pvalue > 1e-4


def test_all_sixteen_trees_of_four_states_are_equally_likely() -> None:
    task = MazeGraph(states=(4, 4), lengths=(1, 1), **SMALL)
    canonical = task.canonical(task.propose("id", 32_000, rng()).inputs)[:, 0] & (1 << 15) - 1  # the 15 possible edges
    _, counts = np.unique(canonical, return_counts=True)
    assert len(counts) == 16 * 15  # of 15 sets of four labels
    assert chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize(("length", "problems"), [(1, 500 * 2), (2, 60 * 3 * 5), (3, 120 * 4), (4, 120)])
def test_problems_of_one_size_and_length_are_equally_likely(length: int, problems: int) -> None:
    task = MazeGraph(states=(5, 5), lengths=(length, length), labels=8, far_lengths=(5, 5), far_states=8, sizes=())
    inputs = task.propose("id", 60_000, rng()).inputs.astype(np.int64)
    ranks = np.zeros((len(inputs), 9), dtype=np.int64)  # the labels of a maze become 0..4 in their order, pads stay 8
    np.put_along_axis(ranks, inputs, 1, axis=1)
    ranks = np.cumsum(ranks, axis=1) - 1
    ranks[:, 8] = 8
    inputs = np.take_along_axis(ranks, inputs, axis=1)
    _, counts = np.unique(task.canonical(inputs), return_counts=True)
    assert len(counts) == problems
    assert chisquare(counts).pvalue > 1e-4


def test_capacity_is_half_of_all_problems_of_the_share() -> None:
    small = [(states, all_mazes(states)) for states in (4, 5)]
    lengths = [[distances_to(maze[-1], edges_of(maze))[maze[-2]] for maze in mazes] for _, mazes in small]
    problems = sum(comb(6, s) * (np.array(own) <= 2).sum() for (s, _), own in zip(small, lengths, strict=True))
    misleading = len(misleading_mazes())
    assert SIX.capacity("train") == int(problems * 0.75 / 2)
    assert SIX.capacity("far") == int(misleading * 0.5 / 2)
    for split in ("train", "id", "far", "exposed"):
        assert len(SIX.sample(split, SIX.capacity(split), rng())) == SIX.capacity(split)
    with pytest.raises(SpaceExhaustedError, match="has only"):
        SIX.sample("far", misleading, rng())


def misleading_mazes() -> np.ndarray:
    """All mazes of six states with a path of three edges on which two-hop errs, as inputs of SIX."""
    mazes = all_mazes(6)
    lengths = np.array([distances_to(maze[-1], edges_of(maze))[maze[-2]] for maze in mazes])
    mazes = mazes[lengths == 3][:, [*range(2 * (SIX.labels - 1)), -2, -1]]  # without the slots that are empty
    return mazes[(SIX.heuristics["two-hop"](mazes) != SIX.solve(mazes))[:, 0]]


def test_far_holds_all_mazes_on_which_two_hop_errs_equally_often() -> None:
    found, counts = np.unique(SIX.canonical(SIX.propose("far", 20_000, rng()).inputs), return_counts=True)
    assert np.array_equal(found, np.unique(SIX.canonical(misleading_mazes())))
    assert chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("split", ["far", "exposed"])
def test_in_far_two_neighbours_of_the_start_are_no_dead_ends_and_two_hop_errs(split: str) -> None:
    examples = TASK.sample(split, 1000, rng())
    assert score("two-hop", examples.inputs, examples.targets) == 0
    for example in examples.inputs:
        edges, start = edges_of(example), example[-2]
        neighbours = [sum(edge) - start for edge in edges if start in edge]
        assert sum(np.ravel(edges).tolist().count(neighbour) > 1 for neighbour in neighbours) >= 2


def test_lengths_of_far_are_balanced_and_so_are_its_targets() -> None:
    examples = TASK.propose("far", 20_000, rng())
    assert np.bincount(examples.targets[:, 0]) / 20_000 == pytest.approx([0.1] * 10, abs=0.015)
    assert chisquare(np.bincount(examples.slices["length"])[4:]).pvalue > 1e-4


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS), st.sampled_from([{}, {"labels": MAX_LABELS}, {"states": (3, 3)}]))
def test_both_presentations_hold_the_same_mazes(seed: int, split: str, parameters: dict[str, object]) -> None:
    words, bits = (replace(task, **parameters) for task in (TASK, MAP))
    one, other = (task.sample(split, 40, rng(seed)) for task in (words, bits))
    np.testing.assert_array_equal(words.canonical(one.inputs), bits.canonical(other.inputs))
    np.testing.assert_array_equal(one.targets, other.targets)
    np.testing.assert_array_equal(one.scratchpad, other.scratchpad)
    np.testing.assert_array_equal(bits.solve(other.inputs), other.targets)
    for name, rule in words.heuristics.items():
        np.testing.assert_array_equal(rule(one.inputs), bits.heuristics[name](other.inputs))
    for example, bit_row in zip(one.inputs, other.inputs, strict=True):
        edges, ends = words.describe(example).split("; ")
        ordered = sorted("-".join(sorted(edge.split("-"), key=int)) for edge in edges.split(", "))
        edges_of_map, ends_of_map = bits.describe(bit_row).split("; ")
        assert (sorted(edges_of_map.split(", ")), ends_of_map) == (ordered, ends)


def test_a_map_is_the_adjacency_of_all_pairs_then_start_and_goal() -> None:
    task = replace(SIX, presentation="map")
    example = task.sample("train", 1, rng()).inputs[0]
    adjacency, (start, goal) = np.zeros((6, 6), int), example[15:].reshape(2, 6)
    adjacency[np.triu_indices(6, 1)] = example[:15]
    edges = ", ".join(f"{tail}-{head}" for tail, head in np.argwhere(adjacency).tolist())
    assert task.describe(example) == f"{edges}; from {start.argmax()} to {goal.argmax()}"
    assert start.sum() == goal.sum() == 1


@pytest.mark.parametrize("task", [TASK, MazeGraph(states=(3, 3))], ids=str)
def test_intermediate_steps_lead_from_the_goal_back_to_the_answer(task: MazeGraph) -> None:
    for split in (source.name for source in task.splits):
        examples = task.sample(split, 200, rng())
        assert examples.scratchpad is not None
        for maze, steps, target in zip(examples.inputs, examples.scratchpad, examples.targets, strict=True):
            path = steps[steps != PAD]
            edges = {frozenset(edge) for edge in edges_of(maze)}
            assert (steps[len(path) :] == PAD).all()
            assert (path[0], path[-1]) == (maze[-1], target[0])
            assert all(frozenset(move) in edges for move in pairwise([*path.tolist(), int(maze[-2])]))


def test_mazes_of_three_states_have_paths_of_at_most_two_edges() -> None:
    task = MazeGraph(states=(3, 3), sizes=(4, 5))
    for split, states in (("train", 3), ("size-4", 4), ("size-5", 5)):
        slices = task.sample(split, 200, rng()).slices
        assert set(slices["states"].tolist()) == {states}
        assert set(slices["length"].tolist()) == {1, 2}
    assert [split.severity for split in task.splits if split.shift == "size"] == [4, 5]


def test_copying_the_goal_is_right_half_the_time_for_random_pairs_of_four_states() -> None:
    mazes = all_mazes(4)
    assert score("copy-goal", mazes, TASK.solve(mazes)) == 0.5  # 2/s of the pairs in a tree of s states are neighbours


def test_copying_the_goal_is_right_a_third_of_the_time_where_lengths_are_balanced() -> None:
    examples = TASK.propose("id", 20_000, rng())
    np.testing.assert_array_equal(
        TASK.heuristics["copy-goal"](examples.inputs) == examples.targets, examples.slices["length"][:, None] == 1
    )
    assert score("copy-goal", examples.inputs, examples.targets) == pytest.approx(1 / 3, abs=0.015)


@pytest.mark.parametrize("states", [3, 4, 5])
def test_two_hops_solve_every_maze_of_up_to_five_states(states: int) -> None:
    mazes = all_mazes(states)
    assert score("two-hop", mazes, TASK.solve(mazes)) == 1.0


def test_two_hops_fail_where_a_side_branch_of_the_start_is_no_dead_end() -> None:
    forks = [[(8, one), (one, 2), (2, 3), (8, other), (other, 4)] for one, other in permutations((0, 1, 5, 6), 2)]
    mazes = np.stack([tell(fork, 8, 3) for fork in forks])  # the path: 8, one, 2, 3; the other is no leaf
    assert TASK.solve(mazes)[:, 0].tolist() == [fork[0][1] for fork in forks]
    assert score("two-hop", mazes, TASK.solve(mazes)) == 0.5, "with the branches exchanged it answers the same"


def test_no_order_of_the_labels_tells_which_neighbour_is_right_in_far() -> None:
    """Of the neighbours that are no dead ends, the one with the smallest or largest label is right half the time."""
    examples = TASK.sample("far", 10_000, rng())
    right = np.zeros(2)
    for example, (target,) in zip(examples.inputs.tolist(), examples.targets.tolist(), strict=True):
        ends, start = example[:-2], example[-2]
        edges = zip(ends[::2], ends[1::2], strict=True)
        neighbours = [tail + head - start for tail, head in edges if start in (tail, head)]
        passable = [neighbour for neighbour in neighbours if ends.count(neighbour) > 1]
        right += [target == min(passable), target == max(passable)]
    assert right / 10_000 == pytest.approx([0.5, 0.5], abs=0.05)


@pytest.mark.parametrize(
    ("split", "neighbour", "two_hop"),
    [("id", 0.74, 0.99), ("far", 0.44, 0.0), ("size-8", 0.66, 0.96), ("size-10", 0.63, 0.94)],
)
def test_local_rules_score_what_the_page_says(split: str, neighbour: float, two_hop: float) -> None:
    examples = TASK.sample(split, 10_000, rng())
    assert score("neighbour", examples.inputs, examples.targets) == pytest.approx(neighbour, abs=0.015)
    assert score("two-hop", examples.inputs, examples.targets) == pytest.approx(two_hop, abs=0.01)


def test_every_token_and_slot_of_a_test_occurs_in_training() -> None:
    def support(split: str) -> set[tuple[int, int]]:
        inputs = TASK.sample(split, 4000, rng()).inputs
        return {(slot, token) for slot, column in enumerate(inputs.T) for token in np.unique(column).tolist()}

    train = support("train")
    assert all(support(split) <= train for split in SPLITS)


def test_words_say_what_the_tokens_are() -> None:
    maze = tell([(3, 7), (7, 1), (1, 4), (7, 5)], 3, 4)
    assert TASK.describe(maze) == "3-7, 7-1, 1-4, 7-5; from 3 to 4"
    assert TASK.describe_target(TASK.solve(maze[None])[0]) == "go to 7"
    one_on = tell([(3, 7), (7, 1), (1, 4), (7, 5)], 7, 4)
    assert TASK.describe_target(TASK.solve(one_on[None])[0]) == "go to 1"


def test_a_maze_without_a_path_is_refused_by_its_number() -> None:
    mazes = np.stack([tell([(0, 1), (1, 2)], 0, 2), tell([(0, 1), (2, 3)], 0, 3)])
    with pytest.raises(ValueError, match=r"example 1 has no path.*0-1, 2-3; from 0 to 3"):
        TASK.solve(mazes)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"labels": 12}, "12 labels; expected 2 to 11"),
        ({"labels": 6}, "id: .*7.* states; expected"),
        ({"lengths": (4, 5)}, "id: path lengths .*longest path of 4 states"),
        ({"far_lengths": (3, 6)}, r"far_lengths=\(3, 6\); expected longer paths than the 3"),
        ({"far_lengths": (4, 8)}, r"within 3 to 7: two-hop is correct on shorter paths, .* of the 10 states"),
        ({"lengths": (1, 1), "far_lengths": (2, 4)}, r"far_lengths=\(2, 4\); expected \(low, high\) within 3 to 7"),
        ({"presentation": "picture"}, "presentation 'picture'; expected one of words, map"),
        ({"sizes": (7,)}, "expected more states than the 7 of training"),
        ({"sizes": (11,)}, "size-11: .* within 2 to 10 labels"),
    ],
)
def test_parameters_that_fit_no_tree_are_refused(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MazeGraph(**parameters)  # pyright: ignore[reportArgumentType]
