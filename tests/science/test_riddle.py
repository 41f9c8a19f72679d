"""Learners whose bias is known follow the rule that it must make them follow."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from grue.metrics.rules import agreement
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.entrant import NamedHeuristic
from grue.runs.execute import run_batch
from grue.runs.names import Named, make_learner, make_task

SEEDS, TESTS = 2, 300


@cache
def answered(task: str, learner: str, size: int) -> pd.DataFrame:
    """The rows of a few seeds."""
    named = make_task(task)
    rule = learner in named.instance.truth.rules
    pair = Pair(named, Named(learner, NamedHeuristic(learner)) if rule else make_learner(learner), TESTS)
    return run_batch(Batch(pair, tuple(Cell(pair, size, 0, seed) for seed in range(SEEDS))))["batches"]


def mean(task: str, learner: str, size: int, metric: str, split: str = "apart") -> float:
    rows = answered(task, learner, size)
    return rows.loc[(rows["split"] == split) & (rows["metric"] == metric), "value"].mean()


@pytest.mark.parametrize(
    "task", ["riddle-exceptions", "riddle-neighbour", "riddle-position", "riddle-relation", "slabs"]
)
def test_each_rule_follows_itself_and_is_right_where_they_agree(task: str) -> None:
    for rule in make_task(task).instance.truth.rules:
        assert mean(task, rule, 64, f"follows[{rule}]") == 1
        assert mean(task, rule, 64, "accuracy", "id") == mean(task, rule, 64, "accuracy", "train") == 1


@pytest.mark.parametrize(
    ("task", "learner", "size", "rule"),
    [
        ("riddle-neighbour", "neighbours:n_neighbors=1", 256, "neighbour"),  # by definition
        ("riddle-neighbour", "forest:n_estimators=30", 256, "rule"),  # one question tells the classes apart
        ("riddle-token", "forest:n_estimators=30", 256, "token"),
        ("riddle-exceptions", "neighbours:n_neighbors=1", 256, "exception"),  # nothing that was taught is nearer
        ("riddle-exceptions", "lookup", 256, None),
        ("riddle-neighbour", "lookup", 256, None),
        ("riddle-token", "lookup", 256, None),
    ],
)
def test_a_learner_of_known_bias_follows_its_rule(task: str, learner: str, size: int, rule: str | None) -> None:
    classes = make_task(task).instance.outputs.alphabet
    assert classes is not None
    if rule is None:  # one answer to all: right by accident
        assert mean(task, learner, size, "neither") == pytest.approx(1 - 2 / classes, abs=0.1)
        assert mean(task, learner, size, "accuracy", "id") < 0.4
    else:
        assert mean(task, learner, size, f"follows[{rule}]") > 0.9
        assert mean(task, learner, size, "accuracy", "id") > 2 / classes


@pytest.mark.parametrize("function", ["f1", "f2"])
def test_each_rule_of_gotu_follows_itself_and_has_no_error_where_they_agree(function: str) -> None:
    task = f"gotu:function={function}"
    for position, rule in enumerate(make_task(task).instance.truth.rules):
        assert mean(task, rule, 64, f"follows[{rule}]") == 1
        assert mean(task, rule, 64, "interpolation") == position
        assert mean(task, rule, 64, "score", "id") == mean(task, rule, 64, "score", "train") == 1


def test_trees_follow_neither_rule_of_gotu_because_they_predict_values_of_training() -> None:
    """Every training input with x0 = -1 or x1 = -1 has the value -1, half way between 1 and -3."""
    assert mean("gotu", "forest:n_estimators=30", 256, "score", "id") > 0.99
    assert mean("gotu", "forest:n_estimators=30", 256, "interpolation") == pytest.approx(0.5, abs=0.01)
    assert mean("gotu", "forest:n_estimators=30", 256, "neither") == 1


def test_only_the_linear_coordinate_of_slabs_is_of_use_to_a_linear_model() -> None:
    assert mean("slabs", "linear", 256, "accuracy", "id") > 0.95
    assert mean("slabs", "linear", 256, "follows[linear-coordinate]") > 0.95


def test_the_exceptions_are_known_to_who_memorises() -> None:
    assert mean("riddle-exceptions", "neighbours:n_neighbors=1", 256, "accuracy[exception=1]", "train") == 1


def test_stored_answers_are_those_that_were_counted() -> None:
    rows = answered("riddle-neighbour", "lookup", 256)
    held = rows[rows["kind"] == "answers"]
    assert (held["metric"] == "neither").all()
    codes = np.stack([np.frombuffer(packed, np.int8) for packed in held["examples"]])
    assert codes.shape == (SEEDS, TESTS)
    assert (codes >= 2).mean(1).tolist() == pytest.approx(held["value"].tolist())
    assert 0 <= agreement(codes).equal <= 1


def test_a_fit_says_of_itself_what_it_has_to_say_although_there_is_no_score() -> None:
    rows = answered("riddle-token", "lookup", 256)
    told = rows[rows["record"].notna()]
    assert (told["split"] == "train").all()
    assert len(told) == SEEDS
