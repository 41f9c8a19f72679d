"""Facts about the models of the study of double descent, and its statistics on curves made by hand."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grue.studies.base import Findings, Scale
from grue.studies.descents import curve, findings
from grue.studies.double_descent import (
    NOISE,
    ROUNDS,
    DoubleDescent,
    digits,
    expected_error,
    run_boosting,
    run_forest,
    run_fourier,
    run_networks,
    widths,
)
from grue.studies.hidden_layer import parameter_count, train_hidden_layer
from grue.studies.mnist1d_curve import PUBLISHED, missing, outputs, published, redrawn, signals, train
from grue.studies.peaks import (
    cross_fitted_heights,
    find_peak,
    interpolation_threshold,
)
from grue.studies.seed_means import SeedMean, bootstrap_interval
from grue.studies.smoothers import (
    RIDGES,
    boosting_weights,
    effective_parameters,
    forest_weights,
    fourier_features,
    grow_forest,
    least_squares,
)

EXAMPLES, SEEDS = 40, 3
SCALES: tuple[Scale, ...] = ("quick", "default", "full")


@cache
def rows() -> pd.DataFrame:
    """All models, small: 40 examples, 3 seeds."""
    shared = {"examples": EXAMPLES}
    parts = [run_fourier({**shared, "seed": seed}) for seed in range(SEEDS)]
    parts += [run_boosting({**shared, "ensembles": 5, "noise": NOISE[-1], "seed": seed}) for seed in range(SEEDS)]
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


def test_the_weights_of_boosting_are_those_of_trees_fitted_to_what_is_left() -> None:
    from sklearn.tree import DecisionTreeRegressor

    rng = np.random.default_rng(0)
    inputs, targets, points = rng.normal(size=(40, 1)), rng.normal(size=(40, 2)), rng.normal(size=(9, 1))
    found = dict(
        zip(
            (1, 4), boosting_weights(inputs, targets, points, (1, 4), leaves=5, learning_rate=0.85, seed=0), strict=True
        )
    )
    fitted, predicted = np.zeros((40, 2)), np.zeros((9, 2))
    for rounds in range(1, 5):
        tree = DecisionTreeRegressor(max_leaf_nodes=5).fit(inputs, targets - fitted)
        fitted, predicted = fitted + 0.85 * tree.predict(inputs), predicted + 0.85 * tree.predict(points)
        if rounds in found:
            assert found[rounds][0] @ targets == pytest.approx(fitted, abs=1e-5)
            assert found[rounds][1] @ targets == pytest.approx(predicted, abs=1e-5)
    ((own, _),) = boosting_weights(inputs, targets, points, (1,), leaves=40, learning_rate=1.0, seed=0)
    assert own == pytest.approx(np.eye(40))
    with pytest.raises(ValueError, match="2 leaves"):
        list(boosting_weights(inputs, targets, points, (1,), leaves=1, learning_rate=1.0, seed=0))


def test_boosting_interpolates_and_an_average_has_fewer_effective_parameters() -> None:
    own = rows()[(rows()["model"] == "boosting") & (rows()["rounds"] == ROUNDS[-1])]
    assert (own["train_error"] == 0).all()
    one, two = (own.loc[own["ensembles"] == number, "p_eff_test"].to_numpy() for number in (1, 2))
    assert (two < one).all()


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
    for scale in SCALES:
        jobs = DoubleDescent().jobs(scale)
        assert len({job.name for job in jobs}) == len(jobs)


# MNIST-1D


def test_networks_on_mnist1d_are_those_of_a_plain_loop() -> None:
    import torch
    from torch import nn

    rng = np.random.default_rng(0)
    inputs, labels = rng.normal(size=(250, 40)).astype(np.float32), rng.integers(10, size=(2, 250))
    stack = train(inputs, labels, 7, 3, [np.random.default_rng(seed) for seed in (0, 1)])
    for place in (0, 1):
        initial = train(inputs, labels[place:][:1], 7, 0, [np.random.default_rng(place)])
        model = nn.Sequential(nn.Linear(40, 7), nn.ReLU(), nn.Linear(7, 7), nn.ReLU(), nn.Linear(7, 10))
        with torch.no_grad():
            for own, layer, fan_in in zip(model.parameters(), initial, (40, 40, 7, 7, 7, 7), strict=True):
                assert max(own.abs().max(), layer.abs().max()) <= fan_in**-0.5, "the bound of PyTorch's initialisation"
                own.copy_(layer[0].T if own.ndim == 2 else layer[0, 0])
        order = np.random.default_rng(place)
        for layer in initial:
            order.uniform(size=layer[0].shape)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        for _ in range(3):
            for rows in torch.from_numpy(order.permutation(250)).split(100):
                optimizer.zero_grad()
                nn.functional.cross_entropy(
                    model(torch.from_numpy(inputs)[rows]), torch.from_numpy(labels[place])[rows]
                ).backward()
                optimizer.step()
        expected = model(torch.from_numpy(inputs)).detach().numpy()
        assert outputs(stack, inputs)[place] == pytest.approx(expected, abs=1e-5)


def test_the_data_of_mnist1d_are_those_of_the_source_and_leave_the_global_generator_alone() -> None:
    pytest.importorskip("mnist1d")
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1]  # noqa: NPY002
    inputs, labels, test_inputs, test_labels = signals(200, 600)
    assert (inputs.shape, labels.shape) == ((200, 40), (200,))
    assert (test_inputs.shape, test_labels.shape) == ((600, 40), (600,))
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    assert np.array_equal(redrawn(labels, 0.0, 0), labels)
    many = np.arange(20_000) % 10
    changed = (redrawn(many, 0.15, 0) != many).mean()
    assert changed == pytest.approx(0.135, abs=0.01), "a redrawn label is the old one in one case of ten"


def mnist1d(shift: float = 0.0) -> pd.DataFrame:
    """Three seeds of every published network, 1 % apart."""
    cells = [(noise, width, figure, seed) for (noise, width), figure in PUBLISHED.items() for seed in range(3)]
    return pd.DataFrame(
        {
            "model": "mnist1d",
            "noise": [one[0] for one in cells],
            "width": [one[1] for one in cells],
            "seed": [one[3] for one in cells],
            "capacity": 1.0,
            "train_error": 0.0,
            "test_error": [(one[2] + shift + one[3] - 1) / 100 for one in cells],
            "test_loss": 1.0,
        }
    )


def test_a_published_error_agrees_if_another_run_could_give_it() -> None:
    edge = 4.303 * (4 / 3) ** 0.5
    assert {one.agrees for one in published(mnist1d())} == {True}
    assert {one.agrees for one in published(mnist1d(edge + 0.04))} == {True}
    assert {one.agrees for one in published(mnist1d(edge + 0.06))} == {False}
    assert {one.agrees for one in published(mnist1d()[::3])} == {None}
    assert [(one.agrees, one.ours) for one in published(mnist1d()[:0])] == [(None, "not run")]


def test_the_published_curve_of_mnist1d_has_a_peak() -> None:
    both = findings(pd.concat([rows(), mnist1d()]))
    (verdict,) = (one for one in both.verdicts if one.statement.startswith("MNIST-1D"))
    assert verdict.estimate == pytest.approx(0.032), "54.0 at width 61 above 50.8 at width 21"
    assert len(both.verdicts) == len(found().verdicts) + 1
    assert len(both.tables["MNIST-1D"]) == 3 * len(PUBLISHED)


def test_mnist1d_is_part_of_the_full_scale_where_its_package_is() -> None:
    jobs = {scale: [job for job in DoubleDescent().jobs(scale) if "MNIST" in job.label] for scale in SCALES}
    assert [len(jobs[scale]) for scale in SCALES] == [0, 0, 0 if missing() else len(PUBLISHED)]


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
    assert SeedMean(np.full(5, 1.0), "").p_above(0) == 1 / 32
    assert SeedMean(np.zeros(5), "").p_above(0) == 1
    assert SeedMean(np.array([1.0, 2.0, 3.0]), "").p_above(0) == pytest.approx(0.0371, abs=1e-4)
    assert SeedMean(np.array([1.0, 2.0, 3.0]), "").p_below(4) == pytest.approx(0.0371, abs=1e-4)


def test_training_error_reaches_zero_where_it_stays_there() -> None:
    capacities = np.array([1, 2, 4, 8])
    assert interpolation_threshold(capacities, np.array([0.5, 0, 0.1, 0])) == 8
    assert interpolation_threshold(capacities, np.zeros(4)) == 1
    assert interpolation_threshold(capacities, np.full(4, 0.1)) == float("inf")


def test_every_verdict_has_an_interval_and_every_published_figure_ours() -> None:
    assert len({one.statement for one in found().verdicts}) == len(found().verdicts) == 18
    assert all(one.low <= one.estimate <= one.high for one in found().verdicts)
    assert all(one.ours and (one.agrees is not None or one.note) for one in found().published)
    assert not found().tables["Curves"].empty


def test_incomplete_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="1 seeds; expected 2 complete seeds"):
        findings(rows()[rows()["seed"] == 0])
