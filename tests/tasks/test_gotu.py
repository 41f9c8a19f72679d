"""Generalisation on the unseen: the figures of the theory, by enumeration of all 2^15 points."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from grue.metrics.rules import score_rule_values
from grue.runs.data import sample_split
from grue.tasks.gotu import FUNCTIONS, TOLERANCE, Gotu

SIGNS = 2 * (np.arange(2**15)[:, None] >> np.arange(15) & 1) - 1
POINTS = (SIGNS + 1) // 2


def values(task: Gotu) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The values of both rules on all points, and which points are seen."""
    true, minimum = (rule(POINTS)[:, 0] for rule in task.rules.values())
    return true, minimum, FUNCTIONS[task.function].seen(SIGNS)


@pytest.mark.parametrize(("function", "share"), [("f1", 1 / 2), ("f2", 3 / 4)])
def test_the_rules_agree_on_the_seen_part_and_differ_at_every_unseen_point(function: str, share: float) -> None:
    true, minimum, seen = values(Gotu(function))
    assert seen.mean() == share
    assert np.array_equal(true[seen], minimum[seen])
    assert not (true == minimum)[~seen].any()


def test_f2_is_1_on_the_unseen_part_and_its_interpolator_minus_3() -> None:
    true, minimum, seen = values(Gotu("f2"))
    assert set(true[~seen]) == {1}
    assert set(minimum[~seen]) == {-3}


def test_f1_and_its_interpolator_have_a_squared_error_of_19_25_on_the_unseen_part() -> None:
    true, minimum, seen = values(Gotu("f1"))
    assert np.square(true - minimum)[~seen].mean() == 19.25
    assert np.array_equal(minimum[~seen], -true[~seen])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_interpolator_is_of_degree_1_and_no_other_of_degree_1_fits(function: str) -> None:
    """Least squares on the seen points with all monomials of degree 0 and 1 has one solution: the rule."""
    _, minimum, seen = values(Gotu(function))
    monomials = np.hstack([np.ones((len(SIGNS), 1)), SIGNS])
    weights, _, rank, _ = np.linalg.lstsq(monomials[seen], minimum[seen], rcond=None)
    assert rank == 16
    assert np.allclose(monomials @ weights, minimum)
    pairs = np.array([SIGNS[:, i] * SIGNS[:, j] for i, j in combinations(range(3), 2)]).T
    true = values(Gotu(function))[0]
    assert np.allclose(pairs @ np.linalg.lstsq(pairs, true, rcond=None)[0], true), "the true function is of degree 2"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_each_rule_follows_itself(function: str) -> None:
    task = Gotu(function)
    examples = sample_split(task, "apart", 500, 0)
    answers = {name: rule(examples.inputs) for name, rule in task.rules.items()}
    for position, (name, answer) in enumerate(answers.items()):
        metrics = score_rule_values(answer, answers, TOLERANCE).metrics
        assert (metrics[f"follows[{name}]"], metrics["neither"], metrics["interpolation"]) == (1, 0, position)


def test_a_point_in_words() -> None:
    assert Gotu(dims=4).describe(np.array([1, 0, 1, 1])) == "+ - + +"


@pytest.mark.parametrize("parameters", [{"function": "f3"}, {"dims": 2}, {"dims": 19}])
def test_impossible_parameters_are_refused(parameters: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Gotu(**parameters)  # pyright: ignore[reportArgumentType]
