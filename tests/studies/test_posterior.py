"""Laws of posteriors over functions: rejection, the average over training sets, the Gaussian process, the verdicts."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch

from grue.runs.seeds import generator
from grue.studies import posterior as study
from grue.studies.base import Findings
from grue.studies.boolean_networks import Layers
from grue.studies.boolean_problems import (
    TARGETS,
    TrainingSet,
    all_points,
    apportioned,
    averaged_weights,
    effective_counts,
    effective_sample_size,
    on_common_values,
    posterior,
    training_set,
)
from grue.studies.function_counts import count, pack, unpack
from grue.studies.nngp import nngp_kernel, sample_nngp
from grue.studies.posterior import AVERAGED, NNGP, RECIPES, ZERO, Posterior
from grue.studies.posterior_statistics import HALVES, _share_right  # pyright: ignore[reportPrivateUsage]
from grue.studies.random_functions import RandomNetwork, sample_functions

# Rejection


@pytest.mark.parametrize(
    ("rows", "labels", "expected"),
    [
        # The points (0,0), (0,1), (1,0), (1,1); a perceptron without biases depends on the angle of its weights.
        ((3,), (1,), {(0, 1, 1, 1): 0.5, (0, 1, 0, 1): 0.25, (0, 0, 1, 1): 0.25}),
        ((1, 2), (0, 1), {(0, 0, 1, 1): 0.5, (0, 0, 1, 0): 0.5}),
        ((0, 1), (0, 0), {(0, 0, 0, 0): 0.5, (0, 0, 1, 1): 0.25, (0, 0, 1, 0): 0.25}),
    ],
)
def test_rejection_gives_the_exact_posterior_of_a_perceptron(
    rows: tuple[int, ...], labels: tuple[int, ...], expected: dict[tuple[int, ...], float]
) -> None:
    network = RandomNetwork(inputs=2, depth=0, distribution="gaussian")
    prior = count(np.concatenate(list(sample_functions(network, 40_000, 1))))
    given = TrainingSet(2, rows, labels, max(expected, key=lambda one: expected[one]))
    accepted = posterior(prior, given)
    found = {
        tuple(bits): one / accepted.total
        for bits, one in zip(unpack(accepted.words, 4).tolist(), accepted.counts, strict=True)
    }
    assert set(found) == set(expected)
    assert [found[one] for one in expected] == pytest.approx(list(expected.values()), abs=0.015)


def test_too_few_accepted_samples_are_refused_with_the_number_that_would_do() -> None:
    given = training_set(4, "x1 xor x2", 0)
    words = pack(np.array([given.target] * 3 + [[0] * 16] * 97))
    with pytest.raises(ValueError, match=r"3 of 100 prior samples are right on S; .*: about 3,334 samples would do"):
        posterior(count(words), given)
    with pytest.raises(ValueError, match=r"0 of 97 .*: more than 9,700"):
        posterior(count(words[3:]), given)


def test_wrong_problems_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the target contradicts S at the points \[1\]"):
        TrainingSet(2, (0, 1), (0, 1), (0, 0, 0, 0))
    with pytest.raises(ValueError, match="13 inputs cannot be enumerated; expected 1 to 12"):
        all_points(13)
    with pytest.raises(ValueError, match="unknown target 'parity'"):
        training_set(4, "parity", 0)
    with pytest.raises(ValueError, match="3 training points; expected 4 to 16"):
        training_set(4, "x1", 0, 3)
    with pytest.raises(ValueError, match="ascending rows below 4"):
        TrainingSet(2, (1, 0), (0, 0), (0, 0, 0, 0))


def test_training_sets_have_both_classes_and_depend_on_their_name_alone() -> None:
    for target in TARGETS:
        for index in range(5):
            given = training_set(4, target, index)
            assert given == training_set(4, target, index)
            assert len(given.rows) == 8
            assert 2 <= sum(given.labels) <= 6


# The average over training sets


def test_the_weights_are_the_probabilities_that_a_random_set_is_consistent() -> None:
    target = (0, 1, 1, 0, 1, 0, 0, 1)
    functions = np.random.default_rng(0).integers(0, 2, (30, 8))
    functions[0] = target
    for size in (1, 3, 8):
        sets = list(combinations(range(8), size))
        right = [[all(one[row] == target[row] for row in rows) for rows in sets] for one in functions]
        assert averaged_weights(pack(functions), target, size) == pytest.approx(np.mean(right, axis=1))
    with pytest.raises(ValueError, match="9 training points of 8"):
        averaged_weights(pack(functions), target, 9)


def test_the_weight_of_a_networks_own_set_is_its_prior_probability() -> None:
    prior = count(np.concatenate(list(sample_functions(RandomNetwork(inputs=4), 5000, 0))))
    target = tuple(TARGETS["x1"](all_points(4)).tolist())
    members = np.zeros((6, 16), bool)
    for row, rng in zip(members, [generator(part="test", row=row) for row in range(6)], strict=True):
        row[rng.permutation(16)[:8]] = True
    bits = unpack(prior.words, 16)
    right = [((bits == target) | ~row).all(axis=1) for row in members]
    expected = [prior.counts[one].sum() / prior.total for one in right]
    assert _share_right(prior, pack(members)[:, 0], target) == pytest.approx(expected)
    # Their mean over all sets is the mean weight of the samples.
    sets = np.array([np.isin(np.arange(16), rows) for rows in combinations(range(16), 8)])
    mean = (averaged_weights(prior.words, target, 8) * prior.counts).sum() / prior.total
    assert _share_right(prior, pack(sets)[:, 0], target).mean() == pytest.approx(mean)


def test_a_small_effective_sample_size_is_refused() -> None:
    assert effective_sample_size(np.array([1.0, 1.0, 0.0])) == 2
    assert effective_counts(np.array([1.0, 3.0]), np.array([600, 200])).tolist() == [300, 300]
    with pytest.raises(ValueError, match=r"size of 1 of 1,000 prior samples; .*: about 100,000 would do"):
        effective_counts(np.array([1.0, 1e-9]), np.array([1, 999]))


def test_weighted_counts_keep_what_is_rare() -> None:
    masses = np.r_[1.0, np.full(1000, 0.001)]
    found = apportioned(masses, 100)
    assert found.sum() == 100
    assert found[0] == 50
    assert set(found[1:].tolist()) == {0, 1}


# The Gaussian process


@pytest.mark.parametrize(("depth", "width", "tolerance"), [(1, 30, 0.05), (2, 60, 0.08)])
def test_the_kernel_is_the_covariance_of_wide_networks(depth: int, width: int, tolerance: float) -> None:
    network = RandomNetwork(inputs=3, width=width, depth=depth, distribution="gaussian", sigma_w=1.3, sigma_b=0.4)
    generators = [np.random.default_rng(number) for number in range(4000)]
    with torch.no_grad():
        layers = Layers(network, len(generators)).initialise(generators)
        outputs = layers.forward(torch.from_numpy(network.points.T.copy()))[-1][:, 0].double().numpy()
    kernel = nngp_kernel(network, network.points.astype(float))
    assert outputs.T @ outputs / len(outputs) == pytest.approx(kernel, abs=tolerance * kernel.max())
    with pytest.raises(ValueError, match="tanh; expected a dense one with relu"):
        nngp_kernel(RandomNetwork(activation="tanh"), network.points)


def test_samples_of_the_process_are_right_on_s() -> None:
    given = training_set(4, "x1 x2 or x3 x4", 0)
    rows, labels = np.array(given.rows), np.array(given.labels)
    words = sample_nngp(RandomNetwork(inputs=4), rows, labels, 500, np.random.default_rng(0))
    assert given.right(words).all()
    assert len(np.unique(words)) > 1


# The study


@cache
def rows() -> pd.DataFrame:
    """All kinds of jobs on the two training sets of x1, small."""
    name = "x1, S0"
    parts = [study.sample_prior({"source": "prior", "problem": "", "samples": 30_000, "job": job}) for job in (0, 1)]
    for source, recipe in [*RECIPES.items(), (ZERO, {**RECIPES["SGD"], "max_steps": 20})]:
        settings = {"source": source, "problem": name, "recipe": recipe, "first": 0, "networks": 150}
        parts.append(study.train_networks(settings))
    for source, spec in (("forest", "forest:n_estimators=3"), ("boosting", "boosting")):
        parts.append(study.fit_learners({"source": source, "problem": name, "learner": spec, "networks": 20}))
    parts.append(study.sample_process({"source": NNGP, "problem": name, "networks": 300}))
    own = {"problem": "x1, average", "target": "x1", "first": 0, "networks": 800}
    parts += [study.train_own_sets({**own, "source": source, "recipe": RECIPES[source]}) for source in AVERAGED]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Findings:
    name = "x1, S0"
    given = study.problems()[name]
    monkeypatch.setattr(study, "problems", lambda: {name: given})
    return Posterior().analyse(rows())


def test_the_analysis_compares_every_source_with_the_prior_given_s(found: Findings) -> None:
    table = found.tables["Distance from the prior given S"].set_index(["source", "estimand"])
    assert abs(table.loc[(HALVES, "fixed S"), "total variation"]) < 0.05
    assert table.loc[("boosting", "fixed S"), "total variation"] > 0.3
    assert np.isnan(table.loc[(ZERO, "fixed S"), "total variation"]), "it never reaches zero training error"
    assert table.loc[(ZERO, "fixed S"), "not right on S"] == 150
    assert (table.loc[[(one, "fixed S") for one in RECIPES], "not right on S"] == 0).all()
    assert np.isfinite(table.loc[[(one, "average over S") for one in AVERAGED], "total variation"]).all()
    assert len(found.verdicts) == 2 * len(RECIPES) + len(AVERAGED) + 4
    assert all(one.low <= one.estimate <= one.high or np.isnan(one.estimate) for one in found.verdicts)
    (published,) = found.published
    assert published.agrees is None


def test_the_same_numbers_of_networks_give_the_same_rows() -> None:
    settings = {"source": "SGD", "problem": "x1, S0", "recipe": RECIPES["SGD"]}
    whole = study.train_networks({**settings, "first": 0, "networks": 20})
    halves = [study.train_networks({**settings, "first": first, "networks": 10}) for first in (0, 10)]
    both = pd.concat(halves).groupby("word")["count"].sum()
    assert (both == whole.set_index("word")["count"]).all()


def test_missing_jobs_are_named() -> None:
    with pytest.raises(ValueError, match="no rows of NNGP regression; expected"):
        Posterior().analyse(rows()[rows()["source"] != NNGP])


def test_jobs_have_names_of_their_own_at_every_scale() -> None:
    for scale in ("quick", "default", "full"):
        jobs = Posterior().jobs(scale)
        assert len({job.name for job in jobs}) == len(jobs)


def test_values_of_either_sample_are_paired() -> None:
    first, second = count(np.array([[1], [1], [2]], np.uint64)), count(np.array([[2], [3]], np.uint64))
    words, *counts = on_common_values(first, second)
    assert words[:, 0].tolist() == [1, 2, 3]
    assert [one.tolist() for one in counts] == [[2, 1, 0], [0, 1, 1]]
