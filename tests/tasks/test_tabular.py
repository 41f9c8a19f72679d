"""tabular: real rows, the same ones in every presentation, and what a presentation leaves as it was."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

from grue.runs.data import of_seed
from grue.tasks.tabular import Tabular

LOADERS = {"breast-cancer": load_breast_cancer, "iris": load_iris, "wine": load_wine}
each_table = pytest.mark.parametrize("table", LOADERS)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@each_table
@pytest.mark.parametrize("presentation", ["plain", "rotated", "noise"])
def test_every_row_of_the_table_is_in_one_split_with_its_class(table: str, presentation: str) -> None:
    bunch = LOADERS[table]()
    rows = np.unique(np.column_stack([bunch.data, bunch.target]), axis=0)
    task = Tabular(table, presentation, rotation=5)  # pyright: ignore[reportArgumentType]
    samples = [task.sample(split, task.capacity(split), rng()) for split in ("train", "id")]
    seen = np.concatenate([np.column_stack([task.canonical(one.inputs), one.targets]) for one in samples])
    np.testing.assert_array_equal(np.unique(seen, axis=0), rows)
    assert len(seen) == len(rows)  # iris has one row twice, which is one problem


@each_table
def test_the_views_show_the_same_rows_to_the_same_generator(table: str) -> None:
    plain, rotated, noise = (
        Tabular(table, presentation).sample("train", 40, rng(3))  # pyright: ignore[reportArgumentType]
        for presentation in ("plain", "rotated", "noise")
    )
    columns = plain.inputs.shape[1]
    np.testing.assert_array_equal(noise.inputs[:, :columns], plain.inputs)
    np.testing.assert_allclose(pdist(rotated.inputs), pdist(plain.inputs))
    assert not np.isclose(rotated.inputs, plain.inputs).all(axis=0).any()
    np.testing.assert_array_equal(rotated.targets, plain.targets)


def test_columns_are_standardised_by_what_training_can_know() -> None:
    task = Tabular()
    train = task.sample("train", task.capacity("train"), rng()).inputs
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(train.std(axis=0), 1)
    assert (np.abs(task.sample("id", task.capacity("id"), rng()).inputs.mean(axis=0)) > 1e-3).any()


def test_each_seed_has_a_rotation_of_its_own_and_only_where_the_view_is_rotated() -> None:
    task = Tabular(presentation="rotated")
    sampled = [of_seed(task, seed) for seed in (0, 0, 1)]
    assert sampled[0] == sampled[1] != sampled[2]
    for presentation in ("plain", "noise"):
        assert of_seed(Tabular(presentation=presentation), 1) == Tabular(presentation=presentation)


def test_rotations_are_uniform() -> None:
    """An axis is turned to anywhere on the sphere alike: its coordinates have mean 0 and mean square 1 / columns."""
    rows = Tabular("iris").sample("train", 4, rng()).inputs
    turned = np.stack([Tabular("iris", "rotated", seed).sample("train", 4, rng()).inputs for seed in range(2000)])
    axes = np.linalg.solve(rows, turned)  # (seeds, axes, coordinates)
    assert np.abs(axes.mean(axis=0)).max() < 5 * 0.5 / np.sqrt(2000)
    np.testing.assert_allclose(np.square(axes).mean(axis=0), 0.25, atol=0.03)


def test_noise_is_standard_normal_and_drawn_for_each_example() -> None:
    task = Tabular("wine", "noise")
    noise = np.concatenate([task.sample("train", 100, rng(seed)).inputs[:, 13:] for seed in range(20)])
    assert noise.shape == (2000, 13)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(np.cov(noise.T), np.eye(13), atol=0.15)


def test_rows_and_classes_have_names() -> None:
    assert Tabular("iris").describe(np.array([-0.9, 1.0, -1.3, -1.3])) == (
        "sepal length -0.90, sepal width +1.00, petal length -1.30, petal width -1.30"
    )
    assert Tabular("iris", "rotated").describe(np.zeros(4)).startswith("mixture 1 +0.00, mixture 2 ")
    assert (
        Tabular("iris", "noise")
        .describe(np.ones(8))
        .endswith(", petal width +1.00, noise 1 +1.00, noise 2 +1.00, noise 3 +1.00, noise 4 +1.00")
    )
    assert [Tabular().describe_target(np.array([label])) for label in (0, 1)] == ["malignant", "benign"]


@pytest.mark.parametrize("parameters", [{"table": "diabetes"}, {"presentation": "upside-down"}])
def test_unknown_tables_and_views_are_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"; expected one of .*, "):
        Tabular(**parameters)  # pyright: ignore[reportArgumentType]
