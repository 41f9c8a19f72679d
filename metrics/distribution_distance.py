"""Distances between two samples of a discrete distribution, as excess over what sampling alone gives.

The plug-in distance of two samples of ONE distribution is far above 0 where many values are rare. So rare values share
one bin, and a permutation null says what is left of the bias.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

LEAST = 10
"""Least count of a value that is not rare."""

RESAMPLES = 200

NORMAL = 1.959964
"""Half width of the normal 95 % interval, in standard errors."""

Statistic = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Counts (resamples, values) of two samples -> (resamples,)."""


def common_values(first: np.ndarray, second: np.ndarray, least: int = LEAST) -> np.ndarray:
    """Which values have a bin of their own, (values,) bool; first, second: counts (values,) of the same values.

    Those whose mean share, in a sample as large as the smaller one, is `least` samples. Values that one of the samples
    never has keep their bins if the other has them often: these are what a distance is about.
    """
    sizes = first.sum(), second.sum()
    return (first / sizes[0] + second / sizes[1]) / 2 * min(sizes) >= least


def common_bins(first: np.ndarray, second: np.ndarray, least: int = LEAST) -> tuple[np.ndarray, np.ndarray]:
    """Counts (bins + 1,) of two samples in the bins of `common_values`, in their order; the last bin has the others."""
    often = common_values(first, second, least)
    binned = [np.append(counts[often], counts[~often].sum()) for counts in (first, second)]
    return binned[0], binned[1]


def seen_in_both(first: np.ndarray, second: np.ndarray, least: int = LEAST) -> tuple[np.ndarray, np.ndarray]:
    """The same with bins of their own for the values that were seen `least` times in BOTH samples.

    The distance is then smaller: all that one of the samples lacks is in one bin with what the other lacks.
    """
    often = (first >= least) & (second >= least)
    binned = [np.append(counts[often], counts[~often].sum()) for counts in (first, second)]
    return binned[0], binned[1]


def total_variation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Half the sum of absolute differences of the shares; counts (..., bins) -> (...,), 0 to 1."""
    p, q = _shares(first), _shares(second)
    return np.abs(p - q).sum(axis=-1) / 2


def jensen_shannon(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence of the shares in bits; counts (..., bins) -> (...,), 0 to 1."""
    p, q = _shares(first), _shares(second)
    return _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2


def _shares(counts: np.ndarray) -> np.ndarray:
    return np.asarray(counts) / np.asarray(counts).sum(axis=-1, keepdims=True)


def rank_correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's correlation of counts, over the values seen LEAST times in both, (...,); nan for fewer than 3."""
    first, second = np.asarray(first), np.asarray(second)
    often = (first >= LEAST) & (second >= LEAST)
    kept = often.any(axis=0) if often.ndim > 1 else often
    often = often[..., kept]
    ranks = [_centred_ranks(counts[..., kept], often) for counts in (first, second)]
    products = (ranks[0] * ranks[1]).sum(axis=-1)
    scale = np.sqrt(np.square(ranks[0]).sum(axis=-1) * np.square(ranks[1]).sum(axis=-1))
    valid = (often.sum(axis=-1) >= 3) & (scale > 0)  # noqa: PLR2004
    return np.where(valid, products / np.where(valid, scale, 1), np.nan)


def _centred_ranks(counts: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Ranks of the valid counts of each row, ties sharing the mean, minus their mean; the others 0: (..., values)."""
    below = (counts[..., None, :] < counts[..., None]) & valid[..., None, :]
    equal = (counts[..., None, :] == counts[..., None]) & valid[..., None, :]
    ranks = below.sum(axis=-1) + equal.sum(axis=-1) / 2
    mean = (ranks * valid).sum(axis=-1, keepdims=True) / np.maximum(valid.sum(axis=-1, keepdims=True), 1)
    return np.where(valid, ranks - mean, 0)


def log_slope(first: np.ndarray, second: np.ndarray) -> float:
    """Least-squares slope of log share in the second sample on that in the first, over values seen often in both."""
    often = (first >= LEAST) & (second >= LEAST)
    if often.sum() < 3 or np.ptp(first[often]) == 0:  # noqa: PLR2004
        return float("nan")
    return float(np.polyfit(np.log(first[often]), np.log(second[often]), 1)[0])


def top_share_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Share of the most frequent value of the second sample minus that of the first, (...,)."""
    shares = [counts.max(axis=-1) / counts.sum(axis=-1) for counts in (np.asarray(first), np.asarray(second))]
    return shares[1] - shares[0]


def entropy_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Entropy of the second sample minus that of the first, in bits, (...,); see `entropy_bits`."""
    return entropy_bits(second) - entropy_bits(first)


def entropy_bits(counts: np.ndarray) -> np.ndarray:
    """Entropy in bits of counts (..., values), with the correction of Miller and Madow: (values seen - 1) / 2N nats."""
    counts = np.asarray(counts, float)
    total = counts.sum(axis=-1)
    correction = ((counts > 0).sum(axis=-1) - 1) / (2 * total * np.log(2))
    return _entropy(counts / total[..., None]) + correction


def _entropy(shares: np.ndarray) -> np.ndarray:
    return -(shares * np.log2(np.where(shares > 0, shares, 1))).sum(axis=-1)


@dataclass(frozen=True)
class Excess:
    """A statistic of two samples beside its permutation null.

    observed        of the samples as they are
    null            mean over permutations: both samples pooled and split again at random
    excess          observed - null
    standard_error  over bootstrap samples of both
    p               share of permutations with a statistic at least as far above the null's mean, one-sided
    """

    observed: float
    null: float
    standard_error: float
    p: float

    @property
    def excess(self) -> float:
        return self.observed - self.null

    @property
    def low(self) -> float:
        """Lower end of the normal 95 % interval of the excess."""
        return self.excess - NORMAL * self.standard_error

    @property
    def high(self) -> float:
        """Upper end of the normal 95 % interval of the excess."""
        return self.excess + NORMAL * self.standard_error


def against_null(
    first: np.ndarray,
    second: np.ndarray,
    statistics: Mapping[str, Statistic],
    rng: np.random.Generator,
    resamples: int = RESAMPLES,
) -> dict[str, Excess]:
    """Statistics of two samples with their permutation null and their standard error.

    first, second  (values,) int: counts of the same values

    Resamples for which a statistic is nan are left out. The excess of different distributions is below their distance
    by at most the null: the plug-in bias falls with the distance.
    """
    first, second = np.asarray(first, np.int64), np.asarray(second, np.int64)
    if first.shape != second.shape or first.ndim != 1 or min(first.sum(), second.sum()) < 1:
        raise ValueError(f"counts {first.shape} and {second.shape}; expected two samples of the same values")
    pooled = first + second
    split = rng.multivariate_hypergeometric(pooled, int(first.sum()), size=resamples, method="marginals")
    drawn = [rng.multinomial(one.sum(), one / one.sum(), size=resamples) for one in (first, second)]
    found: dict[str, Excess] = {}
    for name, statistic in statistics.items():
        permuted = statistic(split, pooled - split)
        observed = float(statistic(first, second))
        error = sqrt(_mean(np.square(_centred(statistic(drawn[0], drawn[1])))))
        above = int((permuted >= observed - 1e-12).sum())
        found[name] = Excess(observed, _mean(permuted), error, (above + 1) / (resamples + 1))
    return found


def _centred(values: np.ndarray) -> np.ndarray:
    return values - _mean(values)


def _mean(values: np.ndarray) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
