"""Statistics on fitted power laws: intervals by resampling seeds, and held-out predictions.

All quantities are arrays of replicates, (1 + RESAMPLES,): the first is the estimate, from the mean curve of all seeds,
the others come from resampled seeds. Curves of the same number of seeds are resampled alike, so that differences
between learners are paired.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from scipy.stats import t as student

from ..analysis.power_law import Laws, OffsetInterval, admitted, exponents, fit_laws, offset_interval
from ..runs.seeds import generator
from .seed_means import expanded_tail

RESAMPLES = 1000

HELD_OUT = 2
"""The largest sizes, which a law that is fitted to the others has to predict."""

FEWEST = 3
"""Sizes to which a law can be fitted."""

LEAST_VARIANCE = 1e-10


@dataclass(frozen=True)
class Replicated:
    """A statistic with its replicates, (1 + RESAMPLES,), from a number of seeds, as `claims.Estimate`."""

    replicates: np.ndarray
    seeds: int

    @property
    def value(self) -> float:
        return float(self.replicates[0])

    @property
    def interval(self) -> tuple[float, float]:
        """95 % percentile interval, expanded for few seeds."""
        tail = expanded_tail(self.seeds)
        low, high = np.quantile(self.replicates[1:], [tail, 1 - tail])
        return float(low), float(high)

    @property
    def basis(self) -> str:
        return f"{self.seeds} seeds"

    @property
    def error(self) -> float:
        """Standard error, with the factor that corrects the bootstrap for few seeds."""
        return float(self.replicates[1:].std()) * (self.seeds / (self.seeds - 1)) ** 0.5

    def p_above(self, bound: float) -> float:
        """Student."""
        distance = self.value - bound
        if self.error == 0:
            return float(distance <= 0)
        return float(student.sf(distance / self.error, self.seeds - 1))

    def p_below(self, bound: float) -> float:
        """The same."""
        return Replicated(-self.replicates, self.seeds).p_above(-bound)


@cache
def resamples(seeds: int) -> np.ndarray:
    """Seeds of each resample, (RESAMPLES, seeds)."""
    return generator(study="scaling", part="bootstrap", seeds=seeds).integers(seeds, size=(RESAMPLES, seeds))


def replicated_means(errors: np.ndarray) -> np.ndarray:
    """Mean curves of all seeds and of resampled seeds: (seeds, points) -> (1 + RESAMPLES, points)."""
    if len(errors) < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{len(errors)} seeds; expected at least 2 with all sizes")
    return np.concatenate([errors.mean(axis=0)[None], errors[resamples(len(errors))].mean(axis=1)])


@dataclass(frozen=True)
class Fit:
    """A power law fitted to the replicates of a curve.

    sizes  (points,): n, or numbers of trees
    means  (1 + RESAMPLES, points)
    """

    name: str
    sizes: np.ndarray
    means: np.ndarray
    seeds: int

    @cached_property
    def weights(self) -> np.ndarray:
        """1 / variance of each log mean, (points,), without the factor that all points of a replicate share.

        Such a factor (easy or hard test examples) scales a and c and leaves b as it is: with it, the noise around a law
        would be overestimated many times. Half of each variance is that of all points, because seeds are few.
        """
        logs = np.log(self.means[1:])
        own = (logs - logs.mean(axis=1, keepdims=True)).var(axis=0)
        own *= self.seeds / (self.seeds - 1) * len(own) / max(len(own) - 1, 1)
        return 1 / np.maximum((own + own.mean()) / 2, LEAST_VARIANCE)

    @cached_property
    def laws(self) -> Laws:
        """Of all replicates; raises ValueError with fewer than three sizes."""
        return fit_laws(self.sizes, self.means, self.weights)

    @cached_property
    def offset_interval(self) -> OffsetInterval:
        """Profile interval of the offset."""
        return offset_interval(self.sizes, self.means[0], self.weights)

    @property
    def exponent(self) -> Replicated:
        return Replicated(self.laws.exponent, self.seeds)

    @property
    def offset(self) -> Replicated:
        return Replicated(self.laws.offset, self.seeds)

    @property
    def plain_exponent(self) -> Replicated:
        """Of the law without offset: minus the slope of log error on log n."""
        return Replicated(-exponents(self.sizes, self.means)[0], self.seeds)

    @property
    def unidentified(self) -> str:
        """Why the exponent is not identified, or ""."""
        if len(self.sizes) <= FEWEST:
            return f"{self.name}: b not identified, {len(self.sizes)} sizes leave no residual"
        found = self.offset_interval
        return "" if found.identified else f"{self.name}: b not identified, the interval of c reaches the last error"

    def part(self, kept: np.ndarray) -> Fit:
        """The same curve at some of its sizes."""
        return Fit(self.name, self.sizes[kept], self.means[:, kept], self.seeds)

    def predicted(self, sizes: np.ndarray) -> np.ndarray:
        """Errors at sizes (points,): (1 + RESAMPLES, points)."""
        return self.laws.at(sizes)

    def predicted_range(self, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The smallest and largest error at each size, of the laws whose offset is in its profile interval."""
        found = admitted(self.sizes, self.means[0], self.weights).at(sizes)
        return found.min(axis=0), found.max(axis=0)


@dataclass(frozen=True)
class Check:
    """Errors at the largest sizes, predicted by the law through the smaller ones. All (1 + RESAMPLES, held out).

    unchanged  the prediction that the error stays as it was
    """

    fitted: Fit
    sizes: np.ndarray
    measured: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        return self.fitted.predicted(self.sizes)

    @property
    def unchanged(self) -> np.ndarray:
        return self.fitted.means[:, -1:]

    @property
    def miss(self) -> Replicated:
        """Log of predicted over measured at the largest size."""
        return Replicated(np.log(self.predicted / self.measured)[:, -1], self.fitted.seeds)

    @property
    def gain(self) -> Replicated:
        """Mean absolute log error of "stays as it was", minus that of the law."""
        law, same = (np.abs(np.log(one / self.measured)).mean(axis=1) for one in (self.predicted, self.unchanged))
        return Replicated(same - law, self.fitted.seeds)


def held_out(fit: Fit, largest: float | None = None) -> Check | None:
    """The check of a fit to all but the last two sizes, or to sizes up to `largest`; None if fewer than 3 are left."""
    kept = np.arange(len(fit.sizes)) < len(fit.sizes) - HELD_OUT if largest is None else fit.sizes <= largest
    if kept.sum() < FEWEST or kept.all():
        return None
    return Check(fit.part(kept), fit.sizes[~kept], fit.means[:, ~kept])
