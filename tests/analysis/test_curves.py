"""Learning curves against figures computed by hand, and laws that hold for every curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grue.analysis.curves import area, area_error, area_weights, code_length, examples_to_threshold

CURVE = st.lists(st.floats(-1, 1), min_size=2, max_size=8)


def test_area_of_a_known_curve() -> None:
    # One octave from 0 to 1 (area 1/2), three octaves at 1 (area 3), of four octaves.
    assert area([1, 2, 16], np.array([0.0, 1.0, 1.0])) == pytest.approx(3.5 / 4)


def test_area_is_taken_over_log_n() -> None:
    assert area_weights([16, 64, 256]) == pytest.approx([0.25, 0.5, 0.25])
    assert area_weights([1, 2, 16]) == pytest.approx([0.125, 0.5, 0.375])


def test_area_clips_scores_at_the_floor() -> None:
    assert area([1, 2], np.array([-7.0, 1.0])) == pytest.approx(0.0)


def test_area_of_one_anchor_is_its_score() -> None:
    assert area([64], np.array([0.3])) == pytest.approx(0.3)


def test_area_does_not_bridge_a_missing_anchor() -> None:
    areas = area([1, 2, 4], np.array([[0.0, np.nan, 1.0], [0.0, 0.5, 1.0]]))
    assert np.isnan(areas[0])
    assert areas[1] == pytest.approx(0.5)


@pytest.mark.parametrize("sizes", [[], [64, 16], [16, 16]])
def test_area_refuses_sizes_that_do_not_rise(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="in increasing order"):
        area_weights(sizes)


@given(CURVE)
def test_area_lies_between_the_lowest_and_the_highest_score(scores: list[float]) -> None:
    found = area(2 ** np.arange(len(scores)), np.array(scores))
    assert min(scores) - 1e-9 <= found <= max(scores) + 1e-9


@given(CURVE)
def test_area_of_the_negative_curve_is_the_negative_area(scores: list[float]) -> None:
    sizes = 4 ** np.arange(len(scores))
    assert area(sizes, -np.array(scores)) == pytest.approx(-area(sizes, np.array(scores)))


def test_threshold_is_the_first_anchor_at_the_threshold_even_if_the_curve_falls_again() -> None:
    found = examples_to_threshold([16, 64, 256, 1024], np.array([0.0, 0.92, 0.3, 0.95]), 0.9)
    assert (found.anchor, found.censored) == (64, False)


def test_threshold_that_is_never_reached_is_censored_at_the_largest_anchor() -> None:
    found = examples_to_threshold([16, 64], np.array([0.0, 0.89]), 0.9)
    assert (found.anchor, found.censored) == (64, True)


def test_threshold_is_reached_by_a_mean_that_is_short_of_it_by_rounding() -> None:
    mean = np.mean([0.88, 0.9, 0.92]) - 1e-16
    assert not examples_to_threshold([16], np.array([mean]), 0.9).censored


def test_threshold_passes_over_an_anchor_that_was_not_measured() -> None:
    reached = examples_to_threshold([16, 64, 256], np.array([0.0, np.nan, 1.0]), 0.9)
    assert (reached.anchor, reached.censored) == (256, False)
    largest = examples_to_threshold([16, 64, 256], np.array([0.0, 0.1, np.nan]), 0.9)
    assert (largest.anchor, largest.censored) == (64, True)


def test_threshold_of_a_curve_without_any_score_is_no_number() -> None:
    assert np.isnan(examples_to_threshold([16, 64], np.array([np.nan, np.nan]), 0.9).anchor)


def test_area_error_does_not_average_out_over_anchors_that_share_their_test_examples() -> None:
    assert area_error([16, 64, 256], np.full(3, 0.02)) == pytest.approx(0.02)


def test_code_length_adds_each_block_in_the_bits_of_the_learner_before_it() -> None:
    # 16 examples at 3 bits, then 32 at 1 bit; what the last learner would need is not counted.
    assert code_length([16, 32, 64], np.array([3.0, 1.0, 0.1])) == 80
    assert code_length([16, 32, 64], np.array([[2.0, 2.0, 0.0], [np.nan, 1.0, 0.0]])) == pytest.approx(
        [96, np.nan], nan_ok=True
    )
    with pytest.raises(ValueError, match="at least two"):
        code_length([16], np.array([1.0]))
