"""The common scale, by hand-computed figures and by the laws it must obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grue.metrics.scores import (
    clustered_error,
    log_loss,
    marginal,
    score_classes,
    score_posterior,
    score_values,
)


def onehot(targets: np.ndarray, classes: int) -> np.ndarray:
    return np.eye(classes)[targets]


def posteriors(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(4), size=(30, 2))


def test_exact_match_above_chance() -> None:
    targets = np.array([[0, 0], [0, 0], [1, 0], [1, 1]])  # the mode, [0, 0], is half of them
    predicted = onehot(np.array([[0, 0], [0, 0], [1, 0], [1, 0]]), 2)
    scored = score_classes(predicted, targets, {"moved": np.array([[0, 1]] * 4), "length": np.array([1, 1, 2, 2])})
    assert scored.metrics["exact_match"] == 0.75
    assert scored.metrics["chance"] == 0.5
    assert scored.metrics["score"] == 0.5
    assert scored.metrics["accuracy"] == 7 / 8
    assert scored.metrics["accuracy[moved=0]"] == 1
    assert scored.metrics["accuracy[moved=1]"] == 0.75
    assert scored.metrics["score[length=2]"] == 0
    assert math.isnan(scored.metrics["score[length=1]"]), "all alike: nothing to tell"
    assert scored.per_example.tolist() == [True, True, True, False]


@given(st.integers(0, 2**32 - 1))
def test_the_best_constant_scores_0_and_the_truth_1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, 3, (50, 2))
    values, counts = np.unique(targets, axis=0, return_counts=True)
    mode = np.repeat(values[counts.argmax()][None], 50, axis=0)
    assert score_classes(onehot(mode, 3), targets, {}).metrics["score"] == pytest.approx(0)
    assert score_classes(onehot(targets, 3), targets, {}).metrics["score"] == 1

    p = posteriors(seed)
    m = np.broadcast_to(p.mean(axis=0), p.shape)
    drawn = p.argmax(-1)
    assert score_posterior(m, drawn, p, m[0], {}).metrics["score"] == pytest.approx(0)
    assert score_posterior(p, drawn, p, m[0], {}).metrics["score"] == 1

    y = rng.normal(size=(50, 3))
    assert score_values(np.broadcast_to(y.mean(axis=0), y.shape), y, {}).metrics["score"] == pytest.approx(0)
    assert score_values(y, y, {}).metrics["score"] == 1


@given(st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_half_way_to_the_posterior_scores_three_fifths(seed: int, share: float) -> None:
    """With q = m + share (p - m), D = (1 - share)^2 D_c: the score is (1 - d) / (1 + d) with d = (1 - share)^2."""
    p = posteriors(seed)
    m = np.broadcast_to(p.mean(axis=0), p.shape)
    scored = score_posterior(m + share * (p - m), p.argmax(-1), p, m[0], {})
    d = (1 - share) ** 2
    assert scored.metrics["score"] == pytest.approx((1 - d) / (1 + d))
    assert scored.per_example.mean() == pytest.approx(scored.metrics["squared_distance"], abs=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_scores_against_a_posterior_and_of_real_values_are_at_least_minus_1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = 0.999 * posteriors(seed).mean(axis=0) + 0.001 * posteriors(seed)  # nearly constant: the worst case
    wrong = onehot(rng.integers(0, 4, p.shape[:2]), 4)
    assert -1 <= score_posterior(wrong, p.argmax(-1), p, p[0], {}).metrics["score"] < -0.99
    y = rng.normal(size=(50, 3))
    assert -1 <= score_values(1e6 + y, y, {}).metrics["score"] < -0.99


def test_a_posterior_that_is_the_same_for_all_examples_has_no_score() -> None:
    p = np.tile([[[0.3, 0.7]]], (5, 1, 1))
    assert math.isnan(score_posterior(p, p.argmax(-1), p, p[0], {}).metrics["score"])


def test_mass_and_support_of_the_possible_answers() -> None:
    p = np.array([[[1 / 3, 1 / 3, 1 / 3, 0, 0]], [[0, 0, 0, 0.5, 0.5]], [[1, 0, 0, 0, 0]]])
    q = np.array([[[0.5, 0.2, 0.15, 0.1, 0.05]], [[0.3, 0, 0, 0.4, 0.3]], [[0.6, 0.4, 0, 0, 0]]])
    metrics = score_posterior(q, p.argmax(-1), p, p.mean(0), {}).metrics
    assert metrics["mass"] == pytest.approx((0.85 + 0.7 + 0.6) / 3)
    assert metrics["support"] == pytest.approx(2 / 3), "a tie with an impossible answer does not count"
    uniform = score_posterior(np.full_like(p, 0.2), p.argmax(-1), p, p.mean(0), {}).metrics
    assert (uniform["mass"], uniform["support"]) == (pytest.approx(0.4), 0)
    truth = score_posterior(p, p.argmax(-1), p, p.mean(0), {}).metrics
    assert (truth["mass"], truth["support"]) == (pytest.approx(1), 1)


def test_information_survives_a_forest_that_rules_the_truth_out() -> None:
    p = np.array([[[0.5, 0.5]], [[0.9, 0.1]]])
    wrong = np.array([[[1.0, 0.0]], [[1.0, 0.0]]])
    found = score_posterior(wrong, np.array([[1], [0]]), p, np.array([[0.7, 0.3]]), {}).metrics["information"]
    assert math.isfinite(found)
    assert found < 0


def test_real_values_lie_between_minus_1_and_1() -> None:
    y = np.array([[0.0], [2.0]])
    assert score_values(np.array([[1e9], [-1e9]]), y, {}).metrics["score"] == pytest.approx(-1)
    scored = score_values(np.array([[0.0], [1.0]]), y, {"half": np.array([0, 1])})
    assert scored.metrics["mse"] == 0.5
    assert scored.metrics["score"] == pytest.approx((1 - 0.5) / (1 + 0.5))
    assert scored.per_example.tolist() == [0, 1]


def test_the_standard_error_is_that_of_repeated_draws() -> None:
    """Draw the test examples anew many times: the score's spread is what score_error says."""
    rng = np.random.default_rng(0)
    classes, values, distances = [], [], []
    for _ in range(400):
        targets = rng.integers(0, 2, (200, 1))
        given_ = np.where(rng.random((200, 1)) < 0.8, targets, 1 - targets)
        classes.append(score_classes(onehot(given_, 2), targets, {}).metrics)
        y = rng.normal(size=(200, 1))
        values.append(score_values(y + 0.5 * rng.normal(size=(200, 1)), y, {}).metrics)
        p = rng.dirichlet(np.ones(3), size=(200, 1))
        q = 0.5 * p + 0.5 * rng.dirichlet(np.ones(3), size=(200, 1))
        distances.append(score_posterior(q, p.argmax(-1), p, p[0], {}).metrics)
    for drawn, slack in ((classes, 0.25), (values, 0.35), (distances, 0.25)):
        spread = np.std([one["score"] for one in drawn])
        said = np.mean([one["score_error"] for one in drawn])
        assert said == pytest.approx(spread, rel=slack)


def test_marginal_and_log_loss() -> None:
    targets = np.array([[0, 1], [0, 0], [2, 1], [0, 1]])
    assert marginal(targets, 3).tolist() == [[0.75, 0, 0.25], [0.25, 0.75, 0]]
    assert log_loss(np.full((4, 2, 3), 1 / 4), targets) == 2
    assert log_loss(onehot(np.zeros((4, 2), int), 3), targets) == pytest.approx(4 / 8 * -math.log2(1e-12))


def test_slices_have_an_error_and_a_count() -> None:
    rng = np.random.default_rng(0)
    targets, labels = rng.integers(0, 2, (60, 3)), np.array([0] * 20 + [1] * 40)
    predicted = onehot(np.where(rng.random((60, 3)) < 0.8, targets, 1 - targets), 2)
    found = score_classes(predicted, targets, {"long": labels, "late": np.tile([0, 1, 1], (60, 1))}).metrics
    alone = score_classes(predicted[labels == 1], targets[labels == 1], {}).metrics
    assert found["count[long=1]"] == 40
    assert found["score[long=1]_error"] == pytest.approx(alone["score_error"])
    assert found["count[late=1]"] == 120

    y = rng.normal(size=(60, 2))
    found = score_values(y / 2, y, {"long": labels}).metrics
    alone = score_values(y[labels == 0] / 2, y[labels == 0], {}).metrics
    assert (found["score[long=0]_error"], found["count[long=0]"]) == (pytest.approx(alone["score_error"]), 20)

    p, q = np.random.default_rng(1).dirichlet(np.ones(4), size=(2, 60, 1))
    found = score_posterior(q, p.argmax(-1), p, p.mean(axis=0), {"long": labels}).metrics
    alone = score_posterior(q[labels == 1], p[labels == 1].argmax(-1), p[labels == 1], p.mean(axis=0), {}).metrics
    assert (found["score[long=1]_error"], found["count[long=1]"]) == (pytest.approx(alone["score_error"]), 40)


def test_outputs_that_stand_or_fall_together_count_as_one() -> None:
    right = np.repeat(np.arange(100)[:, None] % 2 == 0, 4, axis=1)  # all four outputs of an example are right or wrong
    whole = np.ones_like(right)
    assert clustered_error(right, whole) == pytest.approx(0.5 / 100**0.5)
    assert clustered_error(whole, whole) > 0
