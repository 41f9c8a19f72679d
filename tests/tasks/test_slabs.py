"""Linear and multi-slab coordinates: either suffices in training, and they conflict in the test."""

from __future__ import annotations

import numpy as np
import pytest

from grue.runs.data import sample_split
from grue.tasks.slabs import SLAB_SHARES, Slabs


@pytest.mark.parametrize("slabs", SLAB_SHARES)
def test_every_coordinate_alone_determines_the_class_in_training_and_they_conflict_in_the_test(slabs: int) -> None:
    task = Slabs(slabs=slabs)
    period = 2 / slabs + task.margin / slabs  # a slab and a gap
    for split in ("train", "id", "apart"):
        examples = sample_split(task, split, 500, 0)
        assert np.abs(examples.inputs).max() <= 1
        assert np.abs(examples.inputs[:, 0]).min() >= task.margin
        linear = examples.inputs[:, :1] > 0
        slab = (examples.inputs[:, 1:] + 1) // period
        assert (linear == examples.targets).all()
        assert (slab % 2 == (1 - examples.targets if split == "apart" else examples.targets)).all()


def test_no_coordinate_value_lies_in_a_gap() -> None:
    task = Slabs()
    values = sample_split(task, "train", 500, 0).inputs[:, 1:]
    inside = np.mod(values + 1, 0.42)  # five slabs of 0.32 with gaps of 0.1
    assert (inside <= 0.32 + 1e-12).all()


@pytest.mark.parametrize("slabs", SLAB_SHARES)
def test_slab_coordinates_have_the_same_mean_in_both_classes(slabs: int) -> None:
    """So that a linear function of them is no better than chance."""
    examples = sample_split(Slabs(slabs=slabs), "train", 4000, 0)
    for label in (0, 1):
        means = examples.inputs[examples.targets[:, 0] == label, 1:].mean()
        assert means == pytest.approx(0, abs=0.01)
    for shares in SLAB_SHARES.values():
        assert sum(shares[::2]) == sum(shares[1::2]) == 1
        assert shares == shares[::-1]


def test_a_worked_example() -> None:
    task = Slabs(dims=2)
    inputs = np.array([[-0.4, 0.1], [0.7, -0.5], [0.7, 0.1]])
    assert {name: rule(inputs).ravel().tolist() for name, rule in task.rules.items()} == {
        "linear-coordinate": [0, 1, 1],
        "slab-coordinates": [0, 1, 0],
    }
    assert task.describe(inputs[0]) == "-0.40 | 0.10"


@pytest.mark.parametrize("parameters", [{"dims": 1}, {"slabs": 4}, {"margin": 0.5}, {"margin": -0.1}])
def test_impossible_parameters_are_refused(parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Slabs(**parameters)  # pyright: ignore[reportArgumentType]
