"""Laws of the distances between samples: no excess between samples of one distribution, the distance between others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from grue.metrics.distribution_distance import (
    against_null,
    common_bins,
    entropy_bits,
    jensen_shannon,
    log_slope,
    rank_correlation,
    seen_in_both,
    top_share_difference,
    total_variation,
)

ZIPF = 1 / np.arange(1, 101)
ZIPF /= ZIPF.sum()


def samples(p: np.ndarray, size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).multinomial(size, p)


def test_samples_of_one_distribution_have_no_excess_but_a_distance() -> None:
    observed, excess, covered = [], [], []
    for seed in range(40):
        pair = common_bins(samples(ZIPF, 2000, seed), samples(ZIPF, 500, 1000 + seed))
        found = against_null(*pair, {"tv": total_variation}, np.random.default_rng(seed))["tv"]
        observed.append(found.observed)
        excess.append(found.excess)
        covered.append(found.low <= 0 <= found.high)
    assert min(observed) > 0.02
    assert np.mean(excess) == pytest.approx(0, abs=0.005)
    assert np.mean(covered) >= 0.85


def test_the_excess_of_a_known_difference_is_near_it() -> None:
    other = ZIPF.copy()
    other[0] += 0.2
    other /= other.sum()
    distance = np.abs(other - ZIPF).sum() / 2
    found = [
        against_null(
            *common_bins(samples(ZIPF, 4000, seed), samples(other, 1000, 100 + seed)),
            {"tv": total_variation},
            np.random.default_rng(seed),
        )["tv"]
        for seed in range(20)
    ]
    mean = np.mean([one.excess for one in found])
    assert distance - np.mean([one.null for one in found]) < mean < distance + 0.01
    assert all(one.p < 0.01 for one in found)


def test_what_one_sample_never_has_counts_in_common_bins_alone() -> None:
    first, second = np.array([500, 500, 0]), np.array([0, 0, 100])
    assert total_variation(*common_bins(first, second)) == 1
    assert total_variation(*seen_in_both(first, second)) == 0, "all is in the bin of the others"


def test_distances_of_equal_and_of_disjoint_samples() -> None:
    counts = np.array([[30, 20], [10, 40]])
    assert total_variation(counts, counts).tolist() == [0, 0]
    assert jensen_shannon(counts, counts) == pytest.approx([0, 0])
    assert jensen_shannon(np.array([9, 0]), np.array([0, 3])) == pytest.approx(1)
    assert top_share_difference(np.array([9, 1]), np.array([6, 4])) == pytest.approx(-0.3)


def test_rank_correlation_is_spearmans_with_ties_in_every_row() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 30, (2, 50, 40))
    ours = rank_correlation(first, second)
    for row, (a, b) in enumerate(zip(first, second, strict=True)):
        often = (a >= 10) & (b >= 10)
        assert ours[row] == pytest.approx(spearmanr(a[often], b[often]).statistic)  # pyright: ignore[reportAttributeAccessIssue]
    assert float(rank_correlation(first[0], second[0])) == pytest.approx(ours[0])
    assert np.isnan(rank_correlation(np.array([20, 30, 5]), np.array([20, 30, 50])))


def test_the_slope_of_equal_and_of_squared_probabilities() -> None:
    counts = np.array([100, 200, 400, 1])
    assert log_slope(counts, counts) == pytest.approx(1)
    assert log_slope(counts, counts**2) == pytest.approx(2)
    assert np.isnan(log_slope(counts, np.array([1, 1, 1, 1])))


def test_the_entropy_is_corrected_for_the_size_of_the_sample() -> None:
    true = -(ZIPF * np.log2(ZIPF)).sum()
    estimates = np.array([entropy_bits(samples(ZIPF, 500, seed)) for seed in range(100)])
    plain = [
        -(one * np.log2(np.maximum(one, 1e-9))).sum() for one in (samples(ZIPF, 500, seed) / 500 for seed in range(100))
    ]
    assert true - 0.08 < estimates.mean() < true
    assert np.mean(plain) < true - 0.15


def test_samples_of_other_values_are_refused() -> None:
    with pytest.raises(ValueError, match="two samples of the same values"):
        against_null(np.ones(3, int), np.ones(4, int), {}, np.random.default_rng(0))
