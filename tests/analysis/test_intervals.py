"""Intervals of means over seeds, by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from grue.analysis.curves import examples_to_threshold
from grue.analysis.intervals import bimodal, crossing_interval, error_of_mean, interval, t_covers, t_factor, wilson


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=12))
def test_interval_over_seeds_is_students(values: list[float]) -> None:
    found = interval(np.array(values))
    error = stats.sem(values)
    assert found.kind == "seeds"
    assert found.mean == pytest.approx(np.mean(values))
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, len(values) - 1) * error, abs=1e-12)


def test_interval_of_three_seeds_by_hand() -> None:
    # Standard deviation 0.02, t with 2 degrees of freedom 4.3027.
    found = interval(np.array([0.48, 0.5, 0.52]))
    assert found.half_width == pytest.approx(4.302653 * 0.02 / 3**0.5, rel=1e-6)


def test_scores_of_fits_that_may_fail_have_a_range_instead_of_students_interval() -> None:
    solved = np.array([0.98, 1.0, 0.99, np.nan])
    assert not t_covers(solved), "a seed in five may fail, and none of three shows it"
    assert not t_covers(np.array([0.02, -0.01, 0.0, 0.3]))
    assert not t_covers(np.array([0.2, 0.25, 0.6])), "two groups"
    assert t_covers(np.array([0.98, 0.9, 0.8, 0.97])), "no more than half near a bound"
    found = interval(solved, fits=True)
    assert (found.kind, found.low, found.high, found.seeds) == ("range", 0.98, 1.0, 3)
    assert np.isnan(found.half_width)
    assert interval(solved).kind == "seeds"
    assert interval(np.array([1.0]), np.array([0.01]), fits=True).kind == "cell"


def test_interval_leaves_out_seeds_without_a_value_and_counts_the_others() -> None:
    found = interval(np.array([0.4, np.nan, 0.6]))
    assert (found.mean, found.seeds) == (pytest.approx(0.5), 2)


def test_interval_of_one_seed_comes_from_its_own_test_examples() -> None:
    found = interval(np.array([np.nan, 0.5]), np.array([np.nan, 0.01]))
    assert (found.kind, found.seeds) == ("cell", 1)
    assert found.half_width == pytest.approx(0.0196, abs=1e-5)


def test_interval_of_one_seed_without_an_error_has_no_width() -> None:
    found = interval(np.array([0.5]))
    assert found.kind == "none"
    assert np.isnan(found.half_width)


def test_interval_of_nothing_is_no_number() -> None:
    found = interval(np.array([np.nan]))
    assert found.seeds == 0
    assert np.isnan(found.mean)


def test_t_factor_of_two_seeds_is_that_of_one_degree_of_freedom() -> None:
    assert t_factor(2) == pytest.approx(12.7062, abs=1e-4)


def test_equal_scores_have_the_interval_of_their_test_examples() -> None:
    found = interval(np.ones(4), np.full(4, 0.01))
    assert found.half_width == pytest.approx(stats.t.ppf(0.975, 3) * 0.01 / 2)


def test_the_error_within_cells_is_a_floor_and_not_added() -> None:
    values = np.array([0.2, 0.5, 0.8])
    assert error_of_mean(values, np.full(3, 0.01)) == error_of_mean(values)
    assert error_of_mean(values, np.array([np.nan, 0.9, np.nan])) == pytest.approx(0.9 / 3**0.5)
    assert error_of_mean(values, np.full(3, np.nan)) == error_of_mean(values)


@given(st.integers(1, 40), st.data())
def test_wilson_is_that_of_scipy(count: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, count))
    expected = stats.binomtest(successes, count).proportion_ci(method="wilson")
    assert wilson(successes, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_scores_are_bimodal_if_some_seeds_solve_the_task_and_others_fall_far_short() -> None:
    assert bimodal(np.array([1.0, 0.1, 0.98, np.nan]), 0.9)
    assert not bimodal(np.array([0.95, 0.85, 0.8, 0.7]), 0.9)  # one group that straddles the threshold
    assert not bimodal(np.array([0.8, 0.1]), 0.9)  # none solves it
    assert not bimodal(np.array([1.0, 0.95]), 0.9)
    assert not bimodal(np.array([np.nan]), 0.9)


def test_interval_of_a_crossing_by_hand() -> None:
    # Half width of each mean: 4.3027 * 0.02 / sqrt(3) = 0.05.
    curve = np.array([0.5, 0.86, 0.93, 0.99]) + np.array([[-0.02], [0.0], [0.02]])
    assert crossing_interval([0, 4, 16, 64], curve, None, 0.9) == (4, 64, "seeds")


def test_a_crossing_beyond_the_largest_anchor_has_no_end() -> None:
    errors = np.full((1, 2), 0.01)
    low, high, kind = crossing_interval([0, 4], np.array([[0.2, 0.89]]), errors, 0.9)
    assert (low, kind) == (4, "cell")
    assert np.isnan(high)
    assert np.isnan(crossing_interval([0, 4], np.array([[0.2, 0.5]]), errors, 0.9)[0])


def test_scores_without_errors_of_one_seed_have_no_interval_of_the_crossing() -> None:
    assert crossing_interval([0, 4], np.array([[0.2, 0.95]]), None, 0.9)[2] == "none"


@given(
    st.lists(st.lists(st.floats(-1, 1), min_size=4, max_size=4), min_size=2, max_size=6),
    st.floats(0.0, 1.0),
)
def test_the_interval_of_a_crossing_contains_it(scores: list[list[float]], threshold: float) -> None:
    anchors, curves = [1, 2, 4, 8], np.array(scores)
    low, high, _ = crossing_interval(anchors, curves, None, threshold)
    crossing = examples_to_threshold(anchors, curves.mean(axis=0), threshold)
    if not crossing.censored:
        assert low <= crossing.anchor
    if not np.isnan(high):
        assert crossing.anchor <= high
        assert not crossing.censored


def test_the_interval_of_a_crossing_covers_it() -> None:
    # Five seeds, scores that rise by 0.04 an anchor, standard deviation 0.06; the expected score reaches 0.9 at 8.
    rng, anchors = np.random.default_rng(0), 2 ** np.arange(8)
    curve = 0.9 + 0.04 * (np.arange(8) - 2.5)
    found = [crossing_interval(anchors, curve + 0.06 * rng.normal(size=(5, 8)), None, 0.9)[:2] for _ in range(1000)]
    below = np.mean([low > 8 or np.isnan(low) for low, _ in found])
    above = np.mean([high < 8 for _, high in found])
    assert below <= 0.03
    assert above <= 0.05


@pytest.mark.parametrize(("share", "coverage"), [(0.2, 0.68), (0.5, 0.93), (0.8, 0.66)])
def test_students_interval_of_five_bimodal_scores_covers_too_little(share: float, coverage: float) -> None:
    # A seed scores 0.98 with probability `share`, else 0.2; the leaderboard prints the range over seeds instead.
    rng = np.random.default_rng(0)
    scores = np.where(rng.random((2000, 5)) < share, 0.98, 0.2) + 0.02 * rng.normal(size=(2000, 5))
    found = [interval(values, np.full(5, 0.02)) for values in scores]
    expected = share * 0.98 + (1 - share) * 0.2
    covered = np.mean([abs(one.mean - expected) <= one.half_width for one in found])
    assert covered == pytest.approx(coverage, abs=0.03)
