"""Power laws with offset: exact curves are recovered, fits are the best, and intervals say what is not identified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares

from grue.analysis.power_law import admitted, exponents, fit_laws, offset_interval

SIZES = 2.0 ** np.arange(8, 17)


def law(c: float, a: float, b: float, sizes: np.ndarray = SIZES) -> np.ndarray:
    return c + a * sizes**-b


@settings(deadline=None, max_examples=25)
@given(c=st.floats(0, 2), log_a=st.floats(0, 3), b=st.floats(0.1, 1))
def test_an_exact_law_is_recovered(c: float, log_a: float, b: float) -> None:
    errors = law(c, float(np.exp(log_a)), b)
    found = fit_laws(SIZES, errors[None])
    assert found.at(SIZES)[0] == pytest.approx(errors, rel=1e-3)
    if errors[0] / errors[-1] > 1.2:
        assert found.exponent[0] == pytest.approx(b, rel=0.03)
        assert found.offset[0] == pytest.approx(c, abs=0.03 * errors[-1])


def test_no_start_of_a_general_optimiser_finds_a_better_fit() -> None:
    noisy = law(1.2, 10, 0.3) * np.exp(0.01 * np.random.default_rng(0).normal(size=(10, len(SIZES))))
    weights = np.linspace(1, 2, len(SIZES))
    found = fit_laws(SIZES, noisy, weights)
    logs = np.log(SIZES)
    for errors, misfit in zip(noisy, found.misfit, strict=True):

        def residuals(p: np.ndarray, errors: np.ndarray = errors) -> np.ndarray:
            return np.sqrt(weights) * (np.log(errors) - np.log(max(p[0], 0.0) + np.exp(p[1] - p[2] * logs)))

        starts = [[share * errors[-1], np.log(errors[0]) + 1, 0.2] for share in (0, 0.3, 0.6, 0.9)]
        best = min(2 * least_squares(residuals, start).cost for start in starts)
        assert misfit <= best * (1 + 1e-3)


def test_the_offset_is_never_negative_nor_above_the_last_error() -> None:
    bent = np.exp(-0.02 * (np.log(SIZES) - 5) ** 2)  # falls faster and faster
    found = fit_laws(SIZES, bent[None])
    assert found.offset[0] == 0
    flat = fit_laws(SIZES, np.full((1, len(SIZES)), 0.3))
    assert 0 <= flat.offset[0] <= 0.3
    assert flat.at(SIZES)[0] == pytest.approx(0.3)


def test_without_offset_the_exponent_is_minus_the_slope_of_the_line() -> None:
    errors = np.stack([law(0, 3, 0.4), law(0.5, 3, 0.4)])
    slopes, intercepts = exponents(SIZES, errors)
    plain = fit_laws(SIZES, errors, offset=0.0)
    assert plain.exponent == pytest.approx(-slopes, abs=1e-6)
    assert plain.log_scale == pytest.approx(intercepts, abs=1e-5)


def test_the_profile_interval_covers_the_offset_in_most_samples() -> None:
    rng, noise = np.random.default_rng(1), 0.01
    weights = np.full(len(SIZES), noise**-2)
    found = [
        offset_interval(SIZES, law(1.2, 10, 0.3) * np.exp(noise * rng.normal(size=len(SIZES))), weights)
        for _ in range(60)
    ]
    covered = np.mean([one.low <= 1.2 <= one.high for one in found])
    assert covered > 0.88
    assert all(one.identified for one in found)
    assert np.median([one.above_zero for one in found]) < 0.01


def test_a_curve_without_offset_has_an_interval_from_0() -> None:
    errors = law(0, 10, 0.3) * np.exp(0.01 * np.random.default_rng(2).normal(size=len(SIZES)))
    found = offset_interval(SIZES, errors, np.full(len(SIZES), 1e4))
    assert found.low == 0
    assert found.above_zero > 0.05


@pytest.mark.parametrize("count", [3, 4])
def test_an_exponent_is_not_identified_from_three_sizes_or_from_noise(count: int) -> None:
    sizes = SIZES[:count]
    errors = np.array([0.5, 0.3, 0.302, 0.299])[:count]
    found = offset_interval(sizes, errors, np.full(count, 1e3))
    assert not found.identified
    assert found.high == pytest.approx(errors[-1])
    assert np.isnan(found.above_zero) == (count == 3)


def test_the_best_fit_is_among_the_laws_that_are_admitted() -> None:
    errors = law(0.5, 3, 0.4) * np.exp(0.01 * np.random.default_rng(3).normal(size=len(SIZES)))
    weights = np.full(len(SIZES), 1e4)
    found, best = admitted(SIZES, errors, weights), fit_laws(SIZES, errors[None], weights)
    assert found.offset[0] == best.offset[0]
    assert found.misfit.min() >= best.misfit[0] * (1 - 1e-5)
    assert len(found.offset) > 50


@pytest.mark.parametrize(
    ("sizes", "errors", "message"),
    [
        ([1, 2], [[0.5, 0.4]], "expected 3 increasing sizes"),
        ([1, 2, 2], [[0.5, 0.4, 0.3]], "expected 3 increasing sizes"),
        ([1, 2, 3], [[0.5, 0.4]], "expected 3 increasing sizes"),
        ([1, 2, 3], [[0.5, 0.0, 0.3]], "not above 0"),
    ],
)
def test_bad_curves_are_refused(sizes: list[float], errors: list[list[float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit_laws(np.array(sizes), np.array(errors))
