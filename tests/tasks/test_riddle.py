"""The riddles: two rules that nothing in training tells apart, and inputs on which they part."""

from __future__ import annotations

import numpy as np
import pytest

from grue.runs.data import sample_split
from grue.tasks.base import Task
from grue.tasks.pools import SpaceExhaustedError
from grue.tasks.riddle import Riddle, RiddleNeighbour, RiddlePosition, RiddleRelation, RiddleToken
from grue.tasks.riddle_exceptions import RiddleExceptions

RIDDLES: list[Riddle] = [RiddleExceptions(), RiddleNeighbour(), RiddlePosition(), RiddleRelation(), RiddleToken()]

each = pytest.mark.parametrize("task", RIDDLES, ids=lambda task: task.name)


def read(text: str) -> np.ndarray:
    """Letters or digits as tokens, (1, length); bars are for the eye."""
    first = ord("0") if any(sign.isdigit() for sign in text) else ord("a")
    return np.array([[ord(sign) - first for sign in text if sign.isalnum()]])


@each
def test_there_is_no_right_answer(task: Task) -> None:
    assert (task.truth.metric.name, task.truth.ranked, task.truth.oracle, task.headline) == ("rules", False, None, None)
    with pytest.raises(TypeError):
        task.solve(np.zeros((1, *task.inputs.shape), np.int64))


@pytest.mark.parametrize(
    ("task", "text", "answers"),
    [
        (RiddleToken(), "13220312", "22"),
        (RiddleToken(), "13220322", "23"),
        (RiddlePosition(), "dbcabdaca", "dd"),
        (RiddlePosition(), "dbcacbada", "aa"),
        (RiddlePosition(), "abcdacbbd", "dc"),
        (RiddleRelation(), "ecec|kb", ["xyxy", "xyxy"]),
        (RiddleRelation(), "ecce|kb", ["xyxy", "xyyx"]),
        (RiddleNeighbour(), "a|bcdaabedd", "aa"),
        (RiddleNeighbour(), "b|bcdaabedd", "ab"),
    ],
)
def test_worked_examples(task: Task, text: str, answers: str | list[str]) -> None:
    said = [task.describe_target(rule(read(text))[0]) for rule in task.rules.values()]
    assert said == list(answers)


@each
def test_the_rules_part_on_the_odd_split_and_nowhere_else(task: Task) -> None:
    one, other = task.rules.values()
    for split in ("train", "id", "apart"):
        examples = sample_split(task, split, 2000, 0)
        same = one(examples.inputs) == other(examples.inputs)
        assert same.all() if split != "apart" else not same.any()


@each
def test_every_seed_is_asked_the_same_where_the_rules_part_and_taught_something_else(task: Task) -> None:
    odd, train = ([sample_split(task, split, 100, seed).inputs for seed in (0, 1)] for split in ("apart", "train"))
    assert np.array_equal(*odd)
    assert not np.array_equal(*train)


@each
def test_every_class_is_taught_and_there_are_several(task: Task) -> None:
    targets = sample_split(task, "train", 1000, 0).targets
    assert task.outputs.alphabet is not None
    share = np.bincount(targets[:, 0], minlength=task.outputs.alphabet) / len(targets)
    assert len(share) > 3
    assert share.min() > 0.5 / len(share)


def test_exceptions_are_the_first_of_every_training_set() -> None:
    task = RiddleExceptions()
    sets = [sample_split(task, "train", 64, seed) for seed in (0, 1)]
    odd = task.exceptions
    assert np.array_equal(sets[0].inputs[:odd], sets[1].inputs[:odd])
    for examples in sets:
        assert (examples.targets[:odd] == (examples.inputs[:odd, :1] + 1) % task.alphabet).all()
        assert (examples.targets[odd:] == examples.inputs[odd:, :1]).all()
        assert examples.slices["exception"][:, 0].tolist() == [True] * odd + [False] * (64 - odd)


def test_nothing_is_taught_beside_an_exception_where_all_of_the_test_is() -> None:
    task = RiddleExceptions()
    exceptions = sample_split(task, "train", task.exceptions, 0).inputs
    train, odd = (
        sample_split(task, "train", 2000, 0).inputs[task.exceptions :],
        sample_split(task, "apart", 1000, 0).inputs,
    )
    away = [(inputs[:, None] != exceptions).sum(2).min(1) for inputs in (train, odd)]
    assert away[0].min() == 2
    assert (away[1] == 1).all()


def test_more_exceptions_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(SpaceExhaustedError, match="far enough apart"):
        RiddleExceptions(length=3, exceptions=60).sample("train", 5, np.random.default_rng(0))


def test_a_moved_pattern_has_room_for_its_answer_and_is_the_only_one() -> None:
    task = RiddlePosition()
    inputs = sample_split(task, "apart", 2000, 0).inputs
    starts = (inputs[:, :-1] == 0) & (inputs[:, 1:] == 1)
    assert (starts.sum(1) == 1).all()
    assert not starts[:, [task.position, -1]].any()


def test_the_pattern_is_at_its_position_in_half_of_training_and_absent_in_the_rest() -> None:
    task = RiddlePosition()
    inputs = sample_split(task, "train", 2000, 0).inputs
    starts = (inputs[:, :-1] == 0) & (inputs[:, 1:] == 1)
    there = starts[:, task.position]
    assert there.mean() == pytest.approx(0.5, abs=0.05)
    assert not starts[~there].any()


def test_a_constant_answer_follows_neither_rule_of_position_more_than_by_chance() -> None:
    task = RiddlePosition()
    inputs = sample_split(task, "apart", 2000, 0).inputs
    for rule in task.rules.values():
        share = np.bincount(rule(inputs)[:, 0], minlength=4) / 2000
        assert share == pytest.approx([0.25] * 4, abs=0.07)


def test_neighbours_are_near() -> None:
    """Of an input that says another class, at most 4 of 10 tokens are not those of the class it resembles."""
    task = RiddleNeighbour()
    odd = sample_split(task, "apart", 1000, 0)
    own = task.prototypes[task.rules["neighbour"](odd.inputs)[:, 0]]
    assert ((odd.inputs[:, 1:] != own).sum(1) == task.altered).all()
    nearest = (odd.inputs[:, None, 1:] != task.prototypes).sum(2).min(1)
    assert (nearest == task.altered).all()


@pytest.mark.parametrize(
    "make",
    [
        lambda: RiddleToken(length=20),
        lambda: RiddleToken(alphabet=1),
        lambda: RiddlePosition(position=7),
        lambda: RiddleRelation(alphabet=10),
        lambda: RiddleRelation(length=9),
        lambda: RiddleNeighbour(altered=5),
        lambda: RiddleNeighbour(length=40),
        lambda: RiddleExceptions(exceptions=0),
    ],
)
def test_impossible_parameters_are_refused(make: type[Task]) -> None:
    with pytest.raises(ValueError, match=r"expected|more than"):
        make()
