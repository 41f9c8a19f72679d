"""What each family of learners cannot do, whatever it is trained on."""

from __future__ import annotations

import numpy as np
import pytest

from grue.learners import linear
from grue.learners.base import BUDGET, FITTED, Problem
from grue.learners.boosting import Boosting
from grue.learners.forest import Forest
from grue.learners.linear import Linear
from grue.learners.lookup import Lookup, Shuffled
from grue.learners.neighbours import Neighbours
from grue.tasks.spaces import Space
from grue.testing.learners import make_problem

REALS = Space((3,), None)
BITS = Space((6,), 2, "vector", (0.0, 1.0))
BAG = Space((3,), 6, "bag")


def test_forests_and_neighbours_never_leave_the_training_range() -> None:
    rng = np.random.default_rng(0)
    x, far = rng.random((200, 3)), rng.uniform(-5, 5, (500, 3))
    for learner in (Forest(), Neighbours()):
        predicted = learner.fit(Problem(x, x, REALS, REALS, seed=0)).predict(far)
        assert (predicted >= x.min(axis=0)).all()
        assert (predicted <= x.max(axis=0)).all()


def test_a_constant_target_is_predicted_constant() -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (100, 6))
    x[:, -1] = 0
    odd = x.copy()
    odd[:, -1] = 1
    for learner in (Forest(), Boosting(), Neighbours()):
        predicted = learner.fit(Problem(x, x, BITS, BITS, seed=0)).predict(odd)
        assert (predicted.argmax(-1)[:, -1] == 0).all()


def test_lookup_gives_back_what_it_saw_and_the_marginal_elsewhere() -> None:
    x, y = np.array([[0, 1, 2], [2, 1, 0], [3, 3, 3]]), np.array([[0], [1], [1]])
    predictor = Lookup().fit(Problem(x, y, BAG, Space((1,), 2), seed=0))
    assert predictor.predict(np.array([[1, 2, 0]])).tolist() == [[[0.5, 0.5]]], "a bag's order means nothing"
    assert predictor.predict(np.array([[3, 3, 3]])).tolist() == [[[0, 1]]]
    assert np.allclose(predictor.predict(np.array([[5, 5, 5]])), [[[1 / 3, 2 / 3]]])


def test_shuffled_learns_the_targets_of_others() -> None:
    x = np.arange(64).reshape(64, 1) / 64 + np.zeros((1, 3))
    problem = Problem(x, x, REALS, REALS, seed=0)
    predicted = Shuffled().fit(problem).predict(x)
    assert abs(np.corrcoef(predicted[:, 0], x[:, 0])[0, 1]) < 0.5


def test_boosting_stops_at_the_maximum_or_so_many_rounds_after_the_fit() -> None:
    problem = make_problem(Space((20,), 2, "vector", (0.0, 1.0)), Space((1,), 2), 30)
    fitted = Boosting().fit(problem).record
    assert fitted["stopped"] == FITTED
    assert Boosting(age=7).fit(problem).record["steps"] == fitted["steps"] + 7
    all_rounds = Boosting(n_estimators=fitted["steps"] + 5, tolerance=0.0).fit(problem).record
    assert (all_rounds["steps"], all_rounds["stopped"]) == (fitted["steps"] + 5, FITTED)
    cut = Boosting(n_estimators=3, age=fitted["steps"]).fit(problem).record
    assert cut["steps"] == 3
    assert cut["stopped"] == BUDGET


def test_boosting_grows_the_same_trees_whether_or_not_it_leaves_out_zeros() -> None:
    rng = np.random.default_rng(0)
    onehot, y = np.eye(6, dtype=np.float32)[rng.integers(0, 6, (300, 4))].reshape(300, -1), rng.integers(0, 5, 300)
    learner, problem = (
        Boosting(n_estimators=20),
        Problem(onehot, y[:, None], Space((24,), None), Space((1,), 5), seed=0),
    )
    sparse, dense = learner.classifier(problem), learner.classifier(problem)
    sparse.fit(onehot, y)
    dense.fit(2 * onehot, y)  # not 0 and 1, but the same splits
    assert sparse.missing == 0
    assert np.isnan(dense.missing)
    assert (sparse.predict_proba(onehot) == dense.predict_proba(2 * onehot)).all()


def test_a_logistic_regression_is_the_same_where_it_skips_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 30, (200, 3)), rng.integers(0, 3, (200, 1))
    problem = Problem(x, y, Space((3,), 30, "sequence"), Space((1,), 3), seed=0)
    skips = Linear(encoding="onehot", C=0.1).fit(problem).predict(x)
    monkeypatch.setattr(linear, "SPARSE", 0)
    assert np.allclose(skips, Linear(encoding="onehot", C=0.1).fit(problem).predict(x), atol=1e-3)
