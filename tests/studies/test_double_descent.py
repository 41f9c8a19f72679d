"""Facts about the models of the study of double descent, and its statistics on curves made by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grue.studies.base import Findings
from grue.studies.descents import curve, findings
from grue.studies.double_descent import (
    NOISE,
    DoubleDescent,
    digits,
    expected_error,
    run_forest,
    run_fourier,
    run_networks,
    widths,
)
from grue.studies.hidden_layer import parameter_count, train_hidden_layer
from grue.studies.peaks import (
    bootstrap_interval,
    cross_fitted_heights,
    find_peak,
    interpolation_threshold,
    p_value,
)
from grue.studies.smoothers import (
    RIDGES,
    effective_parameters,
    forest_weights,
    fourier_features,
    grow_forest,
    least_squares,
)

EXAMPLES, SEEDS = 40, 3


@cache
def rows() -> pd.DataFrame:
    """All models, small: 40 examples, 3 seeds."""
    shared = {"examples": EXAMPLES}
    parts = [run_fourier({**shared, "seed": seed}) for seed in range(SEEDS)]
    for noise in NOISE:
        parts += [
            run_forest({**shared, "trees": 5, "model": model, "noise": noise, "seed": seed})
            for model in ("forest", "forest-defaults")
            for seed in range(SEEDS)
        ]
        parts += [
            run_networks({**shared, "seeds": [0, SEEDS], "max_steps": 20, "noise": noise, "width": width})
            for width in widths(EXAMPLES)
        ]
    return pd.concat(parts, ignore_index=True)


@cache
def found() -> Findings:
    return DoubleDescent().analyse(rows())


# Least squares


@pytest.mark.parametrize("count", [30, 31, 60, 240])
def test_minimum_norm_interpolates_from_as_many_features_as_examples(count: int) -> None:
    generator = np.random.default_rng(0)
    inputs, targets = generator.normal(size=(30, 5)), generator.normal(size=(30, 2))
    (features,) = fourier_features([inputs], count, 1.0, generator)
    solution = least_squares(features)
    assert solution.weights(features) @ targets == pytest.approx(targets, abs=1e-6)
    expected = np.linalg.norm(np.linalg.pinv(features) @ targets)
    assert solution.coefficient_norm(targets) == pytest.approx(expected, rel=1e-6)


def test_fewer_features_do_not_interpolate_and_are_as_many_effective_parameters() -> None:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(30, 5))
    (features,) = fourier_features([inputs], 12, 1.0, generator)
    weights = least_squares(features).weights(features)
    assert effective_parameters(weights) == pytest.approx(12)
    assert not np.allclose(weights, np.eye(30))


def test_fourier_features_approximate_the_gaussian_kernel() -> None:
    inputs = np.random.default_rng(0).normal(size=(6, 3))
    (features,) = fourier_features([inputs], 100_000, 1.5, np.random.default_rng(1))
    squares = np.square(inputs[:, None] - inputs).sum(axis=2)
    assert features @ features.T == pytest.approx(np.exp(-squares / (2 * 1.5**2)), abs=0.02)


def test_ridge_shrinks_the_coefficients_and_the_effective_parameters() -> None:
    generator = np.random.default_rng(0)
    features, targets = generator.normal(size=(20, 30)), generator.normal(size=(20, 1))
    solution = least_squares(features)
    norms = [solution.coefficient_norm(targets, ridge) for ridge in (0.0, *RIDGES)]
    effective = [effective_parameters(solution.weights(features, ridge)) for ridge in (0.0, *RIDGES)]
    assert (np.diff(norms) < 0).all()
    assert (np.diff(effective) < 0).all()
    with pytest.raises(ValueError, match="ridge penalty -1"):
        solution.weights(features, -1)


@pytest.mark.parametrize("count", [6, 40])
def test_leave_one_out_in_closed_form_is_that_of_refitting(count: int) -> None:
    generator = np.random.default_rng(0)
    features, targets = generator.normal(size=(12, count)), generator.normal(size=(12, 2))
    penalty = 0.05 * np.linalg.svd(features)[1][0] ** 2
    errors = []
    for left_out in range(12):
        x, y = np.delete(features, left_out, axis=0), np.delete(targets, left_out, axis=0)
        solution = np.linalg.solve(x.T @ x + penalty * np.eye(count), x.T @ y)
        errors.append(np.square(features[left_out] @ solution - targets[left_out]))
    assert least_squares(features).leave_one_out(targets, 0.05) == pytest.approx(np.mean(errors))


# Effective parameters


@pytest.mark.parametrize("neighbours", [1, 2, 5, 20])
def test_nearest_neighbours_have_n_over_k_effective_parameters(neighbours: int) -> None:
    inputs, points = np.random.default_rng(0).normal(size=(20, 2)), np.random.default_rng(1).normal(size=(7, 2))
    ranks = np.square(points[:, None] - inputs).sum(axis=2).argsort(axis=1).argsort(axis=1)
    assert effective_parameters((ranks < neighbours) / neighbours) == pytest.approx(20 / neighbours)


def test_the_identity_has_n_and_the_mean_has_one() -> None:
    assert effective_parameters(np.eye(9)) == 9
    assert effective_parameters(np.full((4, 9), 1 / 9)) == pytest.approx(1)
    with pytest.raises(ValueError, match="expected"):
        effective_parameters(np.zeros(3))


@pytest.mark.parametrize("defaults", [False, True])
def test_the_weights_of_a_forest_give_its_predictions_and_sum_to_one(defaults: bool) -> None:  # noqa: FBT001
    sample = digits(60, 0.2, 0)
    forest = grow_forest(sample.inputs, sample.labels, 8, 5, defaults=defaults, seed=0)
    *_, weights = forest_weights(forest, sample.inputs, sample.test_inputs, (1, 5))
    predict = forest.predict_proba if defaults else forest.predict
    assert weights @ sample.targets == pytest.approx(np.asarray(predict(sample.test_inputs)))
    assert weights.sum(axis=1) == pytest.approx(1)
    with pytest.raises(ValueError, match="increasing numbers from 1 to 5"):
        list(forest_weights(forest, sample.inputs, sample.inputs, (1, 6)))


def test_a_full_tree_interpolates_noisy_labels_and_that_of_the_defaults_does_not() -> None:
    own = rows()[(rows()["leaves"] == EXAMPLES) & (rows()["trees"] == 1)]
    assert (own[own["model"] == "forest"]["train_error"] == 0).all()
    assert (own[own["model"] == "forest-defaults"]["train_error"] > 0).all()


# The experiment


def test_the_norm_and_the_test_error_of_fourier_features_peak_at_n() -> None:
    for noise in NOISE:
        one = curve(rows(), "fourier", noise)
        assert one.columns["norm"].mean(axis=0).argmax() == one.handover
        assert one.columns["test_error"].mean(axis=0).argmax() == one.handover
        assert (one.columns["train_error"][:, one.handover :] == 0).all()


def test_a_seed_gives_the_same_rows_and_images_and_noise_is_nested() -> None:
    settings = {"examples": EXAMPLES, "trees": 2, "model": "forest", "noise": 0.1, "seed": 1}
    pd.testing.assert_frame_equal(run_forest(settings), run_forest(settings))
    clean, some, more = (digits(200, noise, 0) for noise in NOISE)
    assert np.array_equal(clean.inputs, more.inputs)
    changed = some.labels != clean.labels
    assert np.array_equal(some.labels[changed], more.labels[changed])
    assert 10 <= changed.sum() <= 20, "a redrawn label is the old one in one case of ten"
    with pytest.raises(ValueError, match="5 examples"):
        digits(5, 0.0, 0)


def test_ties_count_as_guesses() -> None:
    predicted = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    assert expected_error(predicted, np.array([0, 0, 2])) == pytest.approx((0.5 + 0 + 1) / 3)


def test_a_network_does_not_depend_on_the_others_of_its_stack() -> None:
    sample = digits(20, 0.0, 0)
    alone = train_hidden_layer(sample.inputs[None], sample.targets[None], 4, 5, 0.01, [np.random.default_rng(0)])
    two = [np.random.default_rng(0), np.random.default_rng(1)]
    pair = np.stack([sample.inputs] * 2), np.stack([sample.targets] * 2)
    both = train_hidden_layer(*pair, 4, 5, 0.01, two)
    assert both.predict(pair[0])[0] == pytest.approx(alone.predict(sample.inputs[None])[0], abs=1e-5)
    assert parameter_count(64, 4, 10) == sum(one[0].numel() for one in (alone.first, alone.bias)) + 50


def test_jobs_have_names_of_their_own_at_every_scale() -> None:
    for scale in ("quick", "default", "full"):
        jobs = DoubleDescent().jobs(scale)
        assert len({job.name for job in jobs}) == len(jobs)


# Statistics


def test_the_height_of_a_peak_is_above_the_higher_of_its_valleys() -> None:
    found = find_peak(np.array([0.5, 0.2, 0.9, 0.3, 0.4]))
    assert (found.before, found.peak, found.after) == (1, 2, 3)
    assert found.height == pytest.approx(0.6)
    assert find_peak(np.array([0.5, 0.2, 0.9, 0.3, 0.4]), 3).height == pytest.approx(0.3 - 0.4)


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.integers(0, 11))
def test_a_curve_that_falls_and_then_rises_has_no_peak(values: list[float], turn: int) -> None:
    falling = sorted(values[:turn], reverse=True)
    assert find_peak(np.array(falling + sorted(values[turn:]))).height <= (0 if turn < len(values) else 1e-12)


def test_noise_has_no_peak_if_it_is_measured_in_another_seed() -> None:
    curves = np.random.default_rng(0).normal(size=(400, 10))
    assert find_peak(curves[0]).height > 0
    assert cross_fitted_heights(curves).mean() < 0
    peaked = curves * 0.01 + np.array([1, 0.5, 0, 0.5, 1, 0.5, 0, 0.5, 1, 2])
    assert cross_fitted_heights(peaked).mean() == pytest.approx(1, abs=0.02)
    with pytest.raises(ValueError, match="at least 2"):
        cross_fitted_heights(curves[:1])


@pytest.mark.parametrize("seeds", [5, 10])
def test_the_interval_of_a_mean_covers_it(seeds: int) -> None:
    generator = np.random.default_rng(0)
    intervals = [bootstrap_interval(generator.normal(size=seeds), generator) for _ in range(200)]
    assert 0.91 <= np.mean([low <= 0 <= high for low, high in intervals]) <= 0.99


def test_equal_seeds_have_the_p_value_of_the_sign_test() -> None:
    assert p_value(np.full(5, 1.0)) == 1 / 16
    assert p_value(np.zeros(5)) == 1
    assert p_value(np.array([1.0, 2.0, 3.0])) == pytest.approx(0.0742, abs=1e-4)


def test_training_error_reaches_zero_where_it_stays_there() -> None:
    capacities = np.array([1, 2, 4, 8])
    assert interpolation_threshold(capacities, np.array([0.5, 0, 0.1, 0])) == 8
    assert interpolation_threshold(capacities, np.zeros(4)) == 1
    assert interpolation_threshold(capacities, np.full(4, 0.1)) == float("inf")


def test_every_verdict_has_an_interval_and_every_published_figure_ours() -> None:
    assert len({one.statement for one in found().verdicts}) == len(found().verdicts) == 13
    assert all(one.low <= one.estimate <= one.high for one in found().verdicts)
    assert all(one.ours and (one.agrees is not None or one.note) for one in found().published)
    assert not found().tables["Curves"].empty


def test_incomplete_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="1 seeds; expected 2 complete seeds"):
        findings(rows()[rows()["seed"] == 0])
