"""Random networks: what they compute before training, and what those that fit by chance predict."""

from __future__ import annotations

import numpy as np

from grue.learners.base import Problem, Spec
from grue.learners.bayes_net import BayesNet, run
from grue.tasks.spaces import Space

CUBE = (np.arange(128)[:, None] >> np.arange(6, -1, -1)) & 1
BITS, BIT = Space((7,), 2, "vector", (0.0, 1.0)), Space((1,), 2)


def test_a_tenth_of_random_networks_are_constant_zero_and_a_tenth_constant_one() -> None:
    """Networks (7, 40, 40, 1) of Valle-Perez et al. 2019: P(all 0) = P(all 1) = 0.1095 +- 0.0014."""
    rng, networks = np.random.default_rng(0), 12_800
    zeros = ones = 0
    for _ in range(networks // 64):
        on = (run(BayesNet().sample_weights(rng, 64, 7, 1), CUBE.astype(np.float32)) > 0).sum((1, 2))
        zeros, ones = zeros + (on == 0).sum(), ones + (on == 128).sum()
    deviation = np.hypot(np.sqrt(0.1095 * 0.8905 / networks), 0.0014)
    assert abs(zeros / networks - 0.1095) < 3 * deviation
    assert abs(ones / networks - 0.1095) < 3 * deviation


def test_all_accepted_networks_fit_the_training_set() -> None:
    problem = Problem(CUBE[::16], CUBE[::16, :1], BITS, BIT, seed=0)
    predictor = BayesNet(n_samples=20_000).fit(problem)
    predicted = predictor.predict(problem.inputs)
    assert predictor.record["accepted"] >= 10
    assert (predicted.argmax(-1) == problem.targets).all()
    assert (predicted.max(-1) == 1.0).all()


def test_what_fits_a_constant_is_nearly_constant_elsewhere() -> None:
    problem = Problem(CUBE[::8], np.zeros((16, 1), int), BITS, BIT, seed=0)
    predictor = BayesNet(n_samples=10_000).fit(problem)
    assert predictor.predict(CUBE)[:, 0, 0].mean() > 0.9, "of all functions that fit, half of the other values are 1"


def test_too_few_accepted_networks_are_recorded_and_the_marginal_predicted() -> None:
    targets = np.random.default_rng(0).integers(0, 2, (128, 1))
    predictor = BayesNet(n_samples=500).fit(Problem(CUBE, targets, BITS, BIT, seed=0))
    assert predictor.record == {"accepted": 0, "sampled": 500, "stopped": "budget"}
    assert np.allclose(predictor.predict(CUBE)[:, 0, 1], targets.mean())


def test_sampling_ends_when_sufficiently_many_are_accepted() -> None:
    predictor = BayesNet().fit(Problem(CUBE[:1], CUBE[:1, :1], BITS, BIT, seed=0))
    assert predictor.record["sampled"] < 5000


def test_large_and_real_targets_are_refused() -> None:
    assert BayesNet().accepts(Spec(BITS, Space((1,), 16))) is None
    reason = BayesNet().accepts(Spec(BITS, Space((20,), 2)))
    assert reason == "no random network fits such targets: they have 20 bits; at most 4"
    assert BayesNet().accepts(Spec(BITS, Space((1,), None))) == "no random network fits real targets exactly"
