"""Paired comparisons: against scipy, by hand, and their error rate in simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from grue.analysis.paired import holm, paired

SCORES = st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=12)


@given(SCORES)
def test_without_errors_it_is_the_paired_t_test_of_scipy(pairs: list[tuple[float, float]]) -> None:
    first, second = np.array(pairs).T
    if (first - second).std() < 1e-6:
        return
    found, expected = paired(first, second), stats.ttest_rel(first, second)
    low, high = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high), abs=1e-9)


@given(SCORES, st.floats(0, 0.5))
def test_errors_within_the_cells_only_widen_the_interval(pairs: list[tuple[float, float]], error: float) -> None:
    first, second = np.array(pairs).T
    errors = np.full(len(pairs), error)
    plain, floored = paired(first, second), paired(first, second, errors, errors)
    assert floored.mean == plain.mean
    assert floored.half_width >= plain.half_width
    assert floored.p >= plain.p - 1e-12


def test_equal_differences_are_as_certain_as_the_test_examples_make_them() -> None:
    first, second, errors = np.full(4, 0.52), np.full(4, 0.5), np.full(4, 0.03)
    found = paired(first, second, errors, errors)
    error = np.hypot(0.03, 0.03) / 2  # of the mean of four seeds
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, 3) * error)
    assert found.p == pytest.approx(2 * stats.t.sf(0.02 / error, 3))


def test_seeds_that_one_of_them_lacks_are_left_out() -> None:
    first, second = np.array([0.9, np.nan, 0.8, 0.7]), np.array([0.5, 0.5, np.nan, 0.4])
    found = paired(first, second)
    assert (found.seeds, found.mean) == (2, pytest.approx(0.35))


def test_a_single_seed_has_a_difference_but_no_p_value() -> None:
    found = paired(np.array([0.9]), np.array([0.4]))
    assert found.mean == pytest.approx(0.5)
    assert np.isnan(found.p)
    assert np.isnan(found.half_width)
    assert np.isnan(paired(np.array([np.nan]), np.array([0.4])).mean)


def test_holm_by_hand() -> None:
    # Sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, and no later one below an earlier one.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.5]) == pytest.approx([1, 1])


def test_holm_counts_declared_contrasts_that_were_not_tested() -> None:
    assert holm([0.01, np.nan, 0.02], declared=7) == pytest.approx([0.07, np.nan, 0.12], nan_ok=True)


def simulated(rng: np.random.Generator, *, seeds: int, examples: int, runs: int) -> np.ndarray:
    """P values of two learners of the same accuracy, (runs,): each seed has its own accuracy, shared by both."""
    found = []
    for _ in range(runs):
        accuracy = rng.uniform(0.3, 0.9, seeds)
        right = rng.binomial(examples, accuracy, (2, seeds)) / examples
        errors = np.sqrt(right * (1 - right) / examples)
        found.append(paired(*right, *errors).p)
    return np.array(found)


@pytest.mark.parametrize("seeds", [3, 10])
def test_two_equal_learners_are_told_apart_in_at_most_5_percent_of_the_cases(seeds: int) -> None:
    p_values = simulated(np.random.default_rng(0), seeds=seeds, examples=200, runs=1000)
    assert (p_values < 0.05).mean() < 0.05 + 2 * (0.05 * 0.95 / 1000) ** 0.5


def test_seven_contrasts_of_equal_learners_rarely_have_one_that_holds() -> None:
    p_values = simulated(np.random.default_rng(1), seeds=10, examples=200, runs=7 * 200).reshape(200, 7)
    wrong = np.mean([(holm(family) < 0.05).any() for family in p_values])
    assert wrong < 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5
