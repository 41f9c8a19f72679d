"""Bits a symbol, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grue.metrics.bits import score_bits, smoothed_marginal
from grue.metrics.metric import CODE_BITS, ExactMatch, Expected

TRAINING = np.array([[0], [0], [1]])  # with one more of each of four: 3/7, 2/7, 1/7, 1/7


def test_the_marginal_leaves_no_class_out() -> None:
    assert smoothed_marginal(TRAINING, 4) == pytest.approx(np.array([[3, 2, 1, 1]]) / 7)


def test_bits_after_mixing() -> None:
    predicted = np.array([[[1.0, 0, 0, 0]], [[0.5, 0.5, 0, 0]]])
    targets = np.array([[0], [3]])
    scored = score_bits(predicted, targets, TRAINING, {"context": np.array(["seen", "new"])})
    seen, new = -math.log2(0.95 + 0.05 * 3 / 7), -math.log2(0.05 / 7)
    assert scored.metrics["bits"] == pytest.approx((seen + new) / 2)
    assert scored.metrics["bits[context=seen]"] == pytest.approx(seen)
    assert scored.metrics["bits[context=new]"] == pytest.approx(new)
    assert scored.metrics["bits_error"] == pytest.approx((new - seen) / 2)
    assert scored.metrics["chance"] == 1  # two classes, each half of the split
    assert scored.metrics["accuracy"] == 0.5
    assert scored.per_example == pytest.approx([seen, new])
    assert "score" not in scored.metrics


def test_several_outputs_are_a_mean_an_example() -> None:
    uniform = np.full((2, 3, 4), 0.25)
    scored = score_bits(uniform, np.zeros((2, 3), int), np.tile([[0], [1], [2], [3]], 3), {})
    assert scored.metrics["bits"] == pytest.approx(2)
    assert scored.per_example.shape == (2,)


def test_slices_have_an_error_and_a_count() -> None:
    rng = np.random.default_rng(0)
    predicted, targets = rng.dirichlet(np.ones(3), size=(30, 1)), rng.integers(0, 3, (30, 1))
    labels = np.arange(30) % 3
    found = score_bits(predicted, targets, targets, {"part": labels}).metrics
    alone = score_bits(predicted[labels == 2], targets[labels == 2], targets, {}).metrics
    assert found["count[part=2]"] == 10
    assert found["bits[part=2]_error"] == pytest.approx(alone["bits_error"])


def test_the_code_of_an_example_is_that_of_all_of_its_outputs() -> None:
    targets, training = np.array([[0, 1], [1, 1]]), np.array([[0, 1], [1, 0]])
    certain = ExactMatch().score(np.eye(2)[targets], Expected(targets, training))
    # The smoothed marginal of both outputs is one half for each class.
    assert certain.metrics[CODE_BITS] == pytest.approx(-2 * np.log2(0.95 + 0.05 / 2))
    wrong = ExactMatch().score(np.eye(2)[1 - targets], Expected(targets, training))
    assert wrong.metrics[CODE_BITS] == pytest.approx(-2 * np.log2(0.05 / 2))
    uniform = ExactMatch().score(np.full((2, 2, 2), 0.5), Expected(targets, training))
    assert uniform.metrics[CODE_BITS] == pytest.approx(2)
