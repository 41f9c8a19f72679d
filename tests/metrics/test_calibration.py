"""Temperature scaling: what it repairs, what it cannot repair, and which examples it is fitted on."""

from __future__ import annotations

import numpy as np
import pytest

from grue.metrics.calibration import TEMPERATURES, fit_temperature, scaled, score_calibrated


def posteriors(seed: int, n: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(5), size=(n, 1))


@pytest.mark.parametrize("temperature", TEMPERATURES[::8])
def test_the_inverse_temperature_restores_the_posterior(temperature: float) -> None:
    posterior = posteriors(0)
    distorted = scaled(posterior, 1 / temperature)
    if temperature <= 16:  # beyond, probabilities reach the floor
        assert fit_temperature(distorted, posterior) == temperature
        found = score_calibrated({"id": distorted, "far": distorted}, {"id": posterior, "far": posterior})
        assert found["far"]["score_calibrated"] > 0.99
    assert scaled(posterior, 1) is posterior
    assert np.allclose(distorted.sum(-1), 1)


def test_an_overconfident_learner_gains_and_an_ignorant_one_does_not() -> None:
    """Three answers of 81 are possible. One learner is sure of one of the three, the other of an impossible one."""
    rng = np.random.default_rng(0)
    possible = np.array([rng.choice(81, 3, replace=False) for _ in range(400)])
    posterior = np.zeros((400, 1, 81))
    np.put_along_axis(posterior[:, 0], possible, 1 / 3, axis=1)
    sure = np.zeros((400, 1, 81))
    np.put_along_axis(sure[:, 0], possible, 0.1, axis=1)
    np.put_along_axis(sure[:, 0], possible[:, :1], 1.0, axis=1)
    sure /= sure.sum(-1, keepdims=True)
    wrong = np.roll(sure, 1, axis=2)
    learners = {"sure": sure, "wrong": wrong}
    found = {name: score_calibrated({"id": q}, {"id": posterior})["id"] for name, q in learners.items()}
    before = np.square(sure - posterior).sum()
    best_constant = np.square(posterior.mean(0) - posterior).sum()
    assert before > best_constant, "too sure: its score is negative without calibration"
    assert found["sure"]["score_calibrated"] > 0.8
    assert found["sure"]["temperature"] > 2
    assert found["wrong"]["score_calibrated"] < 0.1


def test_the_temperature_is_fitted_on_half_of_id_and_scored_on_the_other() -> None:
    posterior = posteriors(1)
    predicted = posterior.copy()
    predicted[::2] = scaled(posterior[::2], 1 / 4)  # overconfident on the half that is fitted, calibrated on the other
    found = score_calibrated({"id": predicted}, {"id": posterior})["id"]
    assert found["temperature"] == 4
    flattened = np.square(scaled(posterior[1::2], 4) - posterior[1::2]).sum()
    best_constant = np.square(posterior[1::2].mean(0) - posterior[1::2]).sum()
    assert found["score_calibrated"] == pytest.approx((best_constant - flattened) / (best_constant + flattened))


def test_without_two_examples_in_distribution_there_is_nothing_to_fit() -> None:
    assert score_calibrated({"far": posteriors(0)}, {"far": posteriors(0)}) == {}
    assert score_calibrated({"id": posteriors(0, 1)}, {"id": posteriors(0, 1)}) == {}
