"""Kernel machines: the probabilities of the SVM, and the Gaussian process of an infinitely wide network."""

from __future__ import annotations

import numpy as np
import pytest

from grue.learners import gp as gp_module
from grue.learners import kernel as kernel_module
from grue.learners.base import Problem, Spec
from grue.learners.gp import GP
from grue.learners.kernel import Kernel
from grue.tasks.identity import IdentityReals
from grue.tasks.spaces import Space

REALS = Space((3,), None)
CLASS = Space((1,), 4)


def blobs(n: int, noise: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points around four corners, and the corner; with `noise`, some labels are resampled."""
    rng = np.random.default_rng(seed)
    corner = rng.integers(0, 4, n)
    points = np.stack([corner % 2, corner // 2, np.zeros(n)], axis=1) + 0.15 * rng.normal(size=(n, 3))
    return points, np.where(rng.random(n) < noise, rng.integers(0, 4, n), corner)[:, None]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_kernel_is_the_covariance_of_wide_random_networks(depth: int) -> None:
    rng = np.random.default_rng(0)
    learner = GP(depth=depth, weight_variance=1.7, bias_variance=0.3)
    x = rng.normal(size=(4, 5))
    width, networks = 128, 2000
    outputs = np.empty((networks, 4))
    for network in range(networks):
        values = x
        for _ in range(depth):
            weights = rng.normal(size=(values.shape[1], width)) * np.sqrt(1.7 / values.shape[1])
            values = np.maximum(values @ weights + rng.normal(size=width) * np.sqrt(0.3), 0)
        last = rng.normal(size=width) * np.sqrt(1.7 / width)
        outputs[network] = values @ last + rng.normal() * np.sqrt(0.3)
    empirical = outputs.T @ outputs / networks
    kernel = learner.kernel(x, x)
    # variance of a covariance of Gaussians: (k_xx k_yy + k_xy^2) / networks; the width adds about depth / 128
    deviation = np.sqrt((np.outer(np.diag(kernel), np.diag(kernel)) + kernel**2) / networks)
    assert (abs(empirical - kernel) < 4 * deviation + 0.02 * depth * kernel.max()).all()


def test_one_layer_without_biases_is_the_arc_cosine_kernel() -> None:
    """Cho & Saul 2009: 1/pi |x| |y| (sin t + (pi - t) cos t) for half the weights' variance of He et al. 2015."""
    learner = GP(depth=1, weight_variance=2.0, bias_variance=0.0)
    x = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert np.allclose(learner.kernel(x[:1], x), [[1.0, 1 / np.pi, 0.0]])


def test_the_gaussian_process_goes_through_its_examples_and_goes_on_in_lines() -> None:
    task = IdentityReals(dims=3)
    train, shell = (task.sample(split, 200, np.random.default_rng(0)) for split in ("train", "shell"))
    predictor = GP(noise=1e-8).fit(Problem(train.inputs, train.targets, task.inputs, task.outputs, seed=0))
    assert np.allclose(predictor.predict(train.inputs), train.targets, atol=1e-3)
    assert abs(predictor.predict(shell.inputs) - shell.targets).mean() < 0.05


def test_contradictory_examples_are_averaged() -> None:
    same, targets = np.zeros((4, 3)), np.array([[0], [0], [0], [3]])
    predicted = GP().fit(Problem(same, targets, REALS, CLASS, seed=0)).predict(same[:1])
    assert np.allclose(predicted, [[[0.75, 0, 0, 0.25]]], atol=1e-3)


def test_a_gaussian_process_refuses_more_examples_than_it_can_solve_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert GP().accepts(Spec(REALS, CLASS, n=5000)) is None
    assert (
        GP().accepts(Spec(REALS, CLASS, n=5001)) == "exact regression on 5001 examples is too expensive; at most 5000"
    )
    monkeypatch.setattr(gp_module, "MAX_EXAMPLES", 10)
    points, corners = blobs(11, 0)
    with pytest.raises(ValueError, match="11 examples is too expensive; at most 10"):
        GP().fit(Problem(points, corners, REALS, CLASS, seed=0))


def test_probabilities_are_calibrated() -> None:
    """With half of the labels resampled, the most probable class is right for 5 of 8 new examples."""
    tests, wanted = blobs(2000, 0.5, seed=1)
    points, corners = blobs(300, 0.5)
    confident, uncertain = (
        Kernel().fit(Problem(points, targets, REALS, CLASS, seed=0)).predict(tests)[:, 0]
        for targets in (blobs(300, 0.0)[1], corners)
    )
    right = uncertain.argmax(-1) == wanted[:, 0]
    assert abs(uncertain.max(-1).mean() - right.mean()) < 0.1
    assert confident.max(-1).mean() > 0.95


def test_classes_with_one_example_do_not_give_confident_probabilities() -> None:
    rng = np.random.default_rng(0)
    points, space = rng.normal(size=(40, 3)), Space((1,), 40)
    problem = Problem(points, rng.permutation(40)[:, None], REALS, space, seed=0)
    predictor = Kernel().fit(problem)
    new = predictor.predict(rng.normal(size=(200, 3)))
    assert new.max() < 0.1, "no held-out example has a class of the other folds"


def test_a_gaussian_kernel_forgets_the_trend_far_from_the_data() -> None:
    x = np.random.default_rng(0).random((100, 3))
    predictor = Kernel().fit(Problem(x, x, REALS, REALS, seed=0))
    assert abs(predictor.predict(x) - x).max() < 0.05
    far = predictor.predict(np.full((2, 3), [[50.0], [100.0]]))
    assert np.allclose(far[0], far[1])


def test_the_kernel_of_many_examples_is_computed_anew_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    points, corners = blobs(200, 0.1)
    problem = Problem(points, corners, REALS, CLASS, seed=0)
    few = Kernel().fit(problem).predict(points)
    monkeypatch.setattr(kernel_module, "MAX_PRECOMPUTED", 10)
    assert np.allclose(few, Kernel().fit(problem).predict(points), atol=1e-6)


def test_a_solver_that_does_not_converge_is_recorded() -> None:
    points, corners = blobs(300, 0.5)
    problem = Problem(points, corners, REALS, CLASS, seed=0)
    assert Kernel(max_iter=3).fit(problem).record["stopped"] == "budget"
    assert "stopped" not in Kernel().fit(problem).record


def test_more_examples_than_the_solver_can_take_are_refused_in_one_line() -> None:
    assert "at most 10000" in (Kernel().accepts(Spec(REALS, CLASS, n=10_001)) or "")
    assert Kernel().accepts(Spec(REALS, CLASS, n=10_000)) is None
