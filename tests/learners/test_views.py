"""Views: one model of the whole input (untied), or one model applied at every position (tied)."""

from __future__ import annotations

import numpy as np
import pytest

from grue.learners.base import Problem, Spec
from grue.learners.forest import Forest
from grue.learners.tied import Tied
from grue.runs.data import sample_split
from grue.runs.names import UsageError, make_learner, make_task
from grue.runs.views import split_view
from grue.tasks.spaces import Space
from grue.testing.learners import check_learner

SMALL = {"max_steps": 20, "n_estimators": 4, "max_candidates": 2000}
BITS = make_task("identity-bits").instance


def problem(n: int, seed: int = 0) -> Problem:
    examples = sample_split(BITS, "train", n, seed)
    return Problem(examples.inputs, examples.targets, BITS.inputs, BITS.outputs, seed)


def accuracy(label: str, split: str, n: int = 16) -> float:
    tests = sample_split(BITS, split, 200, 0)
    predicted = make_learner(label).instance.fit(problem(n)).predict(tests.inputs).argmax(-1)
    return float((predicted == tests.targets).all(1).mean())


@pytest.mark.parametrize("learner", ["forest", "boosting", "neighbours:n_neighbors=1", "mlp:max_steps=400"])
@pytest.mark.parametrize("split", ["id", "odd"])
def test_sixteen_examples_are_enough_to_copy_position_by_position(learner: str, split: str) -> None:
    separator = "," if "=" in learner else ":"
    assert accuracy(f"{learner}{separator}view=tied", split) == 1


def test_untied_a_bit_that_never_changed_stays_constant() -> None:
    assert accuracy("forest", "odd", n=256) == 0
    assert accuracy("cnn:max_steps=400,view=untied", "odd", n=256) == 0
    assert accuracy("cnn:max_steps=400", "odd", n=256) == 1


def test_a_window_holds_the_neighbours_the_ends_and_the_position() -> None:
    space = Space((3,), 2)
    inputs = np.array([[1, 0, 1]])
    assert Tied(Forest()).windows(inputs, space).tolist() == [[2, 1, 0], [1, 0, 1], [0, 1, 2]]
    placed = Tied(Forest(), window=0, position=True)
    assert placed.windows(inputs, space).tolist() == [[1, 3], [0, 4], [1, 5]]
    assert placed.input_space(space) == Space((2,), 6, "sequence")
    reals = Space((3,), None)
    assert placed.windows(np.array([[0.5, 0.25, 2.0]]), reals).tolist() == [[0.5, 0.0], [0.25, 0.5], [2.0, 1.0]]


@pytest.mark.parametrize("label", ["forest", "mlp", "linear", "gp", "sklearn.tree:DecisionTreeClassifier"])
@pytest.mark.parametrize("position", ["true", "false"])
def test_every_learner_has_a_tied_view_that_keeps_the_contract(label: str, position: str) -> None:
    check_learner(make_learner(f"{label}:view=tied,window=2,position={position}", SMALL).instance)


@pytest.mark.parametrize("label", ["cnn", "rnn", "transformer"])
def test_networks_with_shared_weights_have_an_untied_view(label: str) -> None:
    learner = make_learner(f"{label}:view=untied", SMALL).instance
    check_learner(learner)
    assert learner.parameters()["readout"] == "flattened"


def test_labels_and_parameters_name_the_view() -> None:
    named = make_learner("forest:n_estimators=3,view=tied,window=2")
    assert named.label == "forest:n_estimators=3,view=tied,window=2"
    assert named.instance.name == "forest"
    assert named.instance.parameters() | {"view": "tied", "window": 2, "position": False} == named.instance.parameters()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ("forest:view=untied", "it is untied as it is"),
        ("forest:view=tide", "expected one of tied, untied"),
        ("forest:view=tied,window=-1", "a whole number from 0 up"),
        ("cnn:view=untied,window=1", "belongs to view=tied"),
    ],
)
def test_impossible_views_are_refused(label: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_learner(label)


def test_a_task_without_an_output_for_each_position_is_refused() -> None:
    maze = make_task("maze-grid").instance
    reason = make_learner("forest:view=tied").instance.accepts(Spec(maze.inputs, maze.outputs))
    assert reason == "view=tied needs one output for each position of the input"


def test_parameters_beside_the_view_are_left_as_they_are() -> None:
    assert split_view("sklearn.tree:Tree,view=tied") == ("sklearn.tree:Tree", {"view": "tied"})
    assert split_view("knn:k=3,window=2,view=tied") == ("knn:k=3", {"window": "2", "view": "tied"})
    assert split_view("knn:view=tied") == ("knn", {"view": "tied"})


def test_the_positions_of_an_input_stay_together_in_a_cross_validation() -> None:
    learner = make_learner("forest:view=tied").instance
    assert isinstance(learner, Tied)
    windows = learner.windows_of(problem(5))
    assert windows.group_size == BITS.inputs.size
    assert len(windows) == 5 * windows.group_size
