"""Errors under shifts, on functions whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grue.metrics.equivariance import change, cyclic_shift_change, invariance_change, touches

RNG = np.random.default_rng(0)
BITS = RNG.integers(2, size=(400, 6))
SHIFTS = range(1, 6)


def sure(tokens: np.ndarray) -> np.ndarray:
    return np.eye(2)[tokens]


def all_but_last(inputs: np.ndarray) -> np.ndarray:
    copied = inputs.copy()
    copied[:, -1] = 0
    return sure(copied)


@given(st.integers(0, 63), st.integers(-7, 7))
def test_a_circular_convolution_has_no_error(rule: int, by: int) -> None:
    def cellular(inputs: np.ndarray) -> np.ndarray:
        pattern = 2 * inputs + np.roll(inputs, 1, axis=1)
        return sure(rule >> pattern & 1)

    found = cyclic_shift_change(cellular, BITS, [by])
    assert not found.answers.any()
    assert not found.distance.any()


def test_a_constant_is_equivariant_as_well() -> None:
    found = cyclic_shift_change(lambda inputs: np.full((*inputs.shape, 2), 0.5), BITS, SHIFTS)
    assert not found.answers.any()


def test_a_frozen_last_output_is_wrong_where_it_meets_a_one() -> None:
    found = cyclic_shift_change(all_but_last, BITS, SHIFTS)
    touched = touches(6, SHIFTS, [5])
    assert touched.sum() == 2 * len(SHIFTS)  # the last output, and the output that the last one is compared with
    assert not found.answers.mean(axis=1)[~touched].any()
    for shift, by in enumerate(SHIFTS):
        assert np.array_equal(found.answers[shift, :, 5], BITS[:, 5 - by] == 1)
        assert np.array_equal(found.answers[shift, :, by - 1], BITS[:, 5] == 1)
    assert np.array_equal(found.distance, found.answers)


def test_a_convolution_with_zero_padding_errs_at_the_border_alone() -> None:
    def padded(inputs: np.ndarray) -> np.ndarray:
        return sure(np.pad(inputs, ((0, 0), (1, 0)))[:, :-1])  # the left neighbour, 0 beyond the end

    error = cyclic_shift_change(padded, BITS, SHIFTS).answers.mean(axis=1)
    assert not error[~touches(6, SHIFTS, [0])].any()
    assert (error[touches(6, SHIFTS, [0])] > 0.4).all()


def test_the_distance_of_two_classes_is_a_squared_difference_of_probabilities() -> None:
    first, second = np.array([[[0.9, 0.1]]]), np.array([[[0.6, 0.4]]])
    found = change(first, second)
    assert not found.answers.any()
    assert found.distance == pytest.approx(0.09)
    assert change(sure(np.array([[0]])), sure(np.array([[1]]))).distance == 1


def test_invariance_compares_with_the_answer_to_the_input_itself() -> None:
    found = invariance_change(lambda inputs: sure(inputs[:, :1]), BITS, [BITS, 1 - BITS])
    assert found.answers.shape == (2, 400, 1)
    assert not found.answers[0].any()
    assert found.answers[1].all()


def test_one_answer_has_no_positions_to_shift() -> None:
    with pytest.raises(ValueError, match=r"expected \(\*inputs.shape, classes\)"):
        cyclic_shift_change(lambda inputs: sure(inputs[:, :1]), BITS, SHIFTS)
    with pytest.raises(ValueError, match="equal shapes"):
        change(np.zeros((1, 2)), np.zeros((1, 3)))
