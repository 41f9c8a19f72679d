"""Means over seeds, with a bootstrap interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr
from scipy.stats import t as student

from ..analysis.intervals import CONFIDENCE
from ..runs.seeds import generator

RESAMPLES = 10_000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True)
class SeedMean:
    """The mean of a statistic over seeds, as `claims.Estimate`.

    by_seed  (seeds,)
    study    name of the study, of which the random numbers of the bootstrap are those
    """

    by_seed: np.ndarray
    study: str

    @property
    def value(self) -> float:
        return float(self.by_seed.mean())

    @property
    def interval(self) -> tuple[float, float]:
        return bootstrap_interval(self.by_seed, generator(study=self.study, part="bootstrap"))

    @property
    def basis(self) -> str:
        return f"{len(self.by_seed)} seeds"

    def p_above(self, bound: float) -> float:
        """Student. Without any spread that of the sign test: equal values say nothing about the spread."""
        seeds = len(self.by_seed)
        spread, distance = float(self.by_seed.std(ddof=1)) / np.sqrt(seeds), self.value - bound
        if spread == 0:
            return 2.0**-seeds if distance > 0 else 1.0
        return float(student.sf(distance / spread, seeds - 1))

    def p_below(self, bound: float) -> float:
        """The same."""
        return SeedMean(-self.by_seed, self.study).p_above(-bound)


def bootstrap_interval(values: np.ndarray, generator: np.random.Generator) -> tuple[float, float]:
    """95 % interval of a mean over seeds: percentiles of the bootstrap, expanded for few seeds (Hesterberg 2015).

    values  (seeds,)

    The plain percentiles are those of a normal interval with the standard deviation divided by n: too narrow.
    """
    seeds = len(values)
    if seeds < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{seeds} seeds; expected at least 2")
    tail = expanded_tail(seeds)
    means = values[generator.integers(seeds, size=(RESAMPLES, seeds))].mean(axis=1)
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(seeds: int) -> float:
    """Share of bootstrap samples beyond each end of a 95 % percentile interval, smaller for few seeds (see above)."""
    return float(ndtr(-np.sqrt(seeds / (seeds - 1)) * student.ppf((1 + CONFIDENCE) / 2, seeds - 1)))
