"""Agreement of several measures on the ranking of the same items: Spearman's correlations with bootstrap intervals."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 1000
ROUNDING = 1e-9
FEWEST = 20
"""Least number of items for an interval."""


@dataclass(frozen=True)
class Agreement:
    """Spearman's correlation of every pair of measures; NaN where one of the two is constant.

    names         of the measures
    correlations  (measures, measures)
    resampled     (resamples, measures, measures): the same for resampled items; none for a whole population
    """

    names: tuple[str, ...]
    correlations: np.ndarray
    resampled: np.ndarray

    def interval(self, first: str, second: str, confidence: float = CONFIDENCE) -> tuple[float, float, float]:
        """The correlation of two measures, and the ends of its percentile interval."""
        at = self.names.index(first), self.names.index(second)
        return _percentiles(float(self.correlations[at]), self.resampled[:, *at], confidence)

    def median(self, names: tuple[str, ...], confidence: float = CONFIDENCE) -> tuple[float, float, float]:
        """Median of the correlations of all pairs of some measures, and the ends of its percentile interval."""
        return _percentiles(*self._medians(names), confidence)

    def median_difference(
        self, other: Agreement, names: tuple[str, ...], confidence: float = CONFIDENCE
    ) -> tuple[float, float, float]:
        """That median minus the one of other, independent items, and the ends of its percentile interval."""
        (ours, resampled), (theirs, others) = self._medians(names), other._medians(names)
        if len(resampled) != len(others):
            raise ValueError(f"{len(resampled)} and {len(others)} resamples; expected the same number")
        return _percentiles(ours - theirs, resampled - others, confidence)

    def partial(self, given: str) -> Agreement:
        """The partial correlations of the other measures: of what the ranks by `given` do not explain linearly."""
        at = self.names.index(given)
        others = [position for position in range(len(self.names)) if position != at]
        names = tuple(self.names[position] for position in others)
        return Agreement(names, _partial(self.correlations, at, others), _partial(self.resampled, at, others))

    def _medians(self, names: tuple[str, ...]) -> tuple[float, np.ndarray]:
        """The median over pairs, and that of each resample, (resamples,). Pairs without a correlation are left out."""
        chosen = [self.names.index(name) for name in names]
        upper = np.triu_indices(len(chosen), 1)
        of_pairs = self.correlations[np.ix_(chosen, chosen)][upper]
        resampled = self.resampled[:, chosen][:, :, chosen][:, *upper]
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)  # their median is NaN
            return float(np.nanmedian(of_pairs)), np.nanmedian(resampled, axis=1)


def agreement(
    measures: Mapping[str, np.ndarray],
    generator: np.random.Generator,
    resamples: int = RESAMPLES,
) -> Agreement:
    """Rank correlation (Spearman, ties by midranks) of every pair of measures, with a bootstrap over the items.

    measures   the values of each, (items,)
    resamples  0 for a whole population, which has no sampling error: then the intervals are points

    Raises ValueError for fewer than two measures, different lengths, NaN, or too few items for an interval.
    """
    names = tuple(measures)
    values = [np.asarray(measures[name], dtype=float) for name in names]
    sizes = {name: value.shape for name, value in zip(names, values, strict=True)}
    if len(names) < 2 or len(set(sizes.values())) > 1 or values[0].ndim != 1:  # noqa: PLR2004 -- a pair
        raise ValueError(f"measures of shapes {sizes}; expected at least two of one shape (items,)")
    items = len(values[0])
    if items < (FEWEST if resamples else 2):
        raise ValueError(f"{items} items; expected at least {FEWEST if resamples else 2}")
    if lacking := [name for name, value in zip(names, values, strict=True) if np.isnan(value).any()]:
        raise ValueError(f"NaN among the values of {', '.join(lacking)}")
    groups = [np.unique(value, return_inverse=True)[1].astype(np.int32) for value in values]
    observed = _spearman(groups, np.ones(items))
    drawn = [
        _spearman(groups, np.bincount(generator.integers(0, items, items), minlength=items).astype(float))
        for _ in range(resamples)
    ]
    return Agreement(names, observed, np.array(drawn).reshape(-1, len(names), len(names)))


def _spearman(groups: list[np.ndarray], weights: np.ndarray) -> np.ndarray:
    """Spearman's correlations of items that occur `weights` times each, (measures, measures).

    groups  for every measure the position of each item's value among the distinct values, (items,) int: so that no
            resample is sorted
    """
    total = weights.sum()
    ranks = np.empty((len(groups), len(weights)))
    for measure, group in enumerate(groups):
        counts = np.bincount(group, weights)
        midranks = counts.cumsum() - counts / 2 - total / 2  # their mean is 0
        np.take(midranks, group, out=ranks[measure])
    products = (ranks * weights) @ ranks.T
    spread = np.sqrt(np.diagonal(products))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = products / np.outer(spread, spread)
    constant = spread <= ROUNDING * total
    found[constant] = found[:, constant] = np.nan
    return np.clip(found, -1, 1)


def _partial(correlations: np.ndarray, at: int, others: list[int]) -> np.ndarray:
    """Partial correlations given the measure at `at`: (..., measures, measures) -> (..., others, others)."""
    explained = correlations[..., others, at]  # (..., others)
    left = np.sqrt(np.where(1 - explained**2 > ROUNDING, 1 - explained**2, np.nan))
    with np.errstate(invalid="ignore", divide="ignore"):
        rest = correlations[..., others, :][..., others] - explained[..., :, None] * explained[..., None, :]
        return np.clip(rest / (left[..., :, None] * left[..., None, :]), -1, 1)


def _percentiles(estimate: float, resampled: np.ndarray, confidence: float) -> tuple[float, float, float]:
    if len(resampled) == 0:
        return estimate, estimate, estimate
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        low, high = np.nanquantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return estimate, float(low), float(high)
