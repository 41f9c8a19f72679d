"""The navigation tasks: which axes differ where, what the answer is, and how many problems there are."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from grue.tasks.navigation import Navigation, NavigationAxes, NavigationJoint

AXES, JOINT = NavigationAxes(), NavigationJoint()
SPLITS = [(task, split.name) for task in (AXES, JOINT) for split in task.splits]
seeds = st.integers(0, 2**32 - 1)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def apart(task: Navigation, inputs: np.ndarray) -> np.ndarray:
    """Which axes differ, (n, axes)."""
    agent, goal = np.divmod(inputs, task.side)
    return agent != goal


@settings(deadline=None, max_examples=20)
@given(seeds, st.sampled_from(SPLITS))
def test_the_answer_is_one_step_on_the_axis_with_the_largest_distance(seed: int, where: tuple[Navigation, str]) -> None:
    task, split = where
    sampled = task.sample(split, 30, rng(seed))
    for example, target, count in zip(sampled.inputs, sampled.targets, sampled.slices["axes"], strict=True):
        away = [int(token) % task.side - int(token) // task.side for token in example]
        nearest_first = sorted(range(task.axes), key=lambda axis: abs(away[axis]))
        last, best = nearest_first[-2:]
        assert abs(away[best]) > abs(away[last])
        assert np.flatnonzero(target != 1).tolist() == [best]
        assert target[best] == (2 if away[best] > 0 else 0)
        assert sum(distance != 0 for distance in away) == count


@pytest.mark.parametrize(
    ("task", "split", "among", "counts"),
    [
        (AXES, "train", range(3), {1, 2, 3}),
        (AXES, "id", range(3), {1, 2, 3}),
        (AXES, "others", range(3, 10), {2, 3}),
        (AXES, "exposed", range(3, 10), {2, 3}),
        (AXES, "all", range(10), {10}),
        (JOINT, "train", range(10), {1, 2, 3}),
        (JOINT, "apart-5", range(10), {5}),
        (JOINT, "apart-8", range(10), {8}),
        (JOINT, "apart-10", range(10), {10}),
        (JOINT, "exposed", range(10), {5}),
    ],
)
def test_axes_differ_where_and_as_often_as_announced(
    task: Navigation, split: str, among: range, counts: set[int]
) -> None:
    differ = apart(task, task.sample(split, 500, rng()).inputs)
    assert set(np.flatnonzero(differ.any(axis=0))) == set(among)
    assert set(differ.sum(axis=1).tolist()) == counts


def test_axes_and_unequal_pairs_are_drawn_evenly() -> None:
    sampled = JOINT.propose("id", 40_000, rng())
    alone = sampled.inputs[sampled.slices["axes"] == 1]  # where no tie can be rejected
    differ = apart(JOINT, alone)
    assert chisquare(differ.sum(axis=0)).pvalue > 1e-4
    pairs = np.bincount(alone[differ], minlength=256).reshape(16, 16)[~np.eye(16, dtype=bool)]
    assert chisquare(pairs).pvalue > 1e-4


def test_moved_marks_the_axes_that_training_kept_equal() -> None:
    for split in AXES.splits:
        moved = AXES.sample(split.name, 5, rng()).slices["moved"]
        assert moved.tolist() == [[False] * 3 + [True] * 7] * 5


def test_a_tie_has_no_answer() -> None:
    tied = np.array([[0 * 16 + 3, 9 * 16 + 6, *[0] * 8]])
    with pytest.raises(ValueError, match="share the largest distance"):
        JOINT.solve(tied)


def test_worked_examples_of_the_page() -> None:
    task = NavigationJoint(axes=3, ood_axes=(3,), max_train_axes=2)
    example = np.array([2 * 16 + 2, 4 * 16 + 7, 9 * 16 + 1])
    assert task.describe(example) == "(2 4 9) to (2 7 1)"
    assert task.describe_target(task.solve(example[None])[0]) == "(0 0 -)"


def test_heuristics_are_a_ladder() -> None:
    """Each is right where its excuse holds, and none of them everywhere."""
    alone = JOINT.propose("id", 1000, rng())
    single = alone.take(alone.slices["axes"] == 1)
    for name in ("first-axis", "largest-goal", "every-axis"):
        rule = JOINT.heuristics[name]
        assert (rule(single.inputs) == single.targets).all()
        crowded = JOINT.sample("apart-10", 1000, rng())
        assert (rule(crowded.inputs) == crowded.targets).all(axis=1).mean() < 0.3
    known = AXES.heuristics["known-axes"]
    for split, right in (("id", 1.0), ("others", 0.0)):
        sampled = AXES.sample(split, 500, rng())
        assert (known(sampled.inputs) == sampled.targets).all(axis=1).mean() == right


def test_on_other_axes_no_rule_short_of_comparing_distances_is_right_often() -> None:
    for split in ("others", "exposed"):
        sampled = AXES.sample(split, 2000, rng())
        right = {
            name: (rule(sampled.inputs) == sampled.targets).all(axis=1).mean() for name, rule in AXES.heuristics.items()
        }
        assert right.pop("largest-goal") == 0
        assert max(right.values()) < 0.5


def test_the_restricted_split_holds_at_least_its_capacity() -> None:
    """By listing all of a small space: largest-goal errs on at least half of the problems."""
    task = NavigationAxes(axes=4, side=4, known_axes=2)
    tokens = np.array(list(product(range(16), repeat=2)))
    tokens = np.concatenate([np.zeros((len(tokens), 2), int), tokens], axis=1)  # the first two axes at (0, 0)
    distance = np.sort(np.abs(tokens % 4 - tokens // 4), axis=1)
    problems = tokens[(distance[:, 3] > distance[:, 2]) & (distance[:, 2] > 0)]
    errs = (task.heuristics["largest-goal"](problems) != task.solve(problems)).any(axis=1)
    assert errs.sum() == len(problems) / 2
    assert task.capacity("others") == int(errs.sum() * 4**2 / 4)  # half of the half that the split holds


def test_one_known_axis_is_refused() -> None:
    with pytest.raises(ValueError, match="known_axes=1; expected 2 or more"):
        NavigationAxes(known_axes=1)


def test_capacity_counts_the_problems() -> None:
    """By listing all of a small space: the bound is half of a split's share of them."""
    task = NavigationJoint(axes=3, side=4, max_train_axes=2, ood_axes=(3,))
    tokens = np.array(list(product(range(16), repeat=3)))
    distance = np.sort(np.abs(tokens % 4 - tokens // 4), axis=1)
    clear = distance[:, 2] > distance[:, 1]
    count = (distance > 0).sum(axis=1)
    assert task.capacity("train") == int((clear & (count < 3)).sum() * 0.75 / 2)
    assert task.capacity("apart-3") == int((clear & (count == 3)).sum() * 0.5 / 2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NavigationJoint(side=2), "side=2; expected 3..64"),
        (lambda: NavigationJoint(ood_axes=(3,)), "more axes than the 3 of training"),
        (lambda: NavigationJoint(axes=8), "apart-10"),
        (lambda: NavigationAxes(known_axes=6), "others"),
    ],
)
def test_parameters_that_make_no_task_are_refused(make: type, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
