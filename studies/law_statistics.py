"""Statistics on fitted power laws: intervals by resampling seeds, held-out predictions, and Holm-corrected verdicts.

All quantities are arrays of replicates, (1 + RESAMPLES,): the first is the estimate, from the mean curve of all seeds,
the others come from resampled seeds. Curves of the same number of seeds are resampled alike, so that differences
between learners are paired.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal

import numpy as np
from scipy.stats import t as student

from ..analysis.paired import SIGNIFICANCE, holm
from ..analysis.power_law import Laws, OffsetInterval, admitted, exponents, fit_laws, offset_interval
from ..runs.seeds import generator
from .base import Decision, Verdict
from .peaks import expanded_tail

RESAMPLES = 1000

HELD_OUT = 2
"""The largest sizes, which a law that is fitted to the others has to predict."""

FEWEST = 3
"""Sizes to which a law can be fitted."""

LEAST_VARIANCE = 1e-10


@dataclass(frozen=True)
class Estimate:
    """A statistic with its replicates, (1 + RESAMPLES,), from a number of seeds."""

    replicates: np.ndarray
    seeds: int

    @property
    def value(self) -> float:
        return float(self.replicates[0])

    @cached_property
    def interval(self) -> tuple[float, float]:
        """95 % percentile interval, expanded for few seeds."""
        tail = expanded_tail(self.seeds)
        low, high = np.quantile(self.replicates[1:], [tail, 1 - tail])
        return float(low), float(high)

    @property
    def error(self) -> float:
        """Standard error, with the factor that corrects the bootstrap for few seeds."""
        return float(self.replicates[1:].std()) * (self.seeds / (self.seeds - 1)) ** 0.5

    def beyond(self, bound: float) -> float:
        """One-sided p value of the hypothesis that the statistic is at most the bound (Student)."""
        distance = self.value - bound
        if self.error == 0:
            return 0.0 if distance > 0 else 1.0
        return float(student.sf(distance / self.error, self.seeds - 1))


@dataclass(frozen=True)
class Claim:
    """A statement about a statistic.

    expected  above or below the threshold; equal: within `margin` of it
    open      why it is not decided whatever the p value, or ""
    """

    statement: str
    estimate: Estimate
    expected: Literal["above", "below", "equal"]
    detail: str
    threshold: float = 0.0
    margin: float = 0.0
    open: str = ""

    @property
    def p_values(self) -> tuple[float, float]:
        """That it is not as expected, and that it is not the opposite, both against the evidence."""
        above = min(2 * self.estimate.beyond(self.threshold), 1.0)
        below = min(2 * (1 - self.estimate.beyond(self.threshold)), 1.0)
        if self.expected != "equal":
            return (above, below) if self.expected == "above" else (below, above)
        over, under = self.threshold + self.margin, self.threshold - self.margin
        same = max(1 - self.estimate.beyond(over), self.estimate.beyond(under))
        return same, min(2 * min(self.estimate.beyond(over), 1 - self.estimate.beyond(under)), 1.0)


def decide(claims: Sequence[Claim]) -> list[Verdict]:
    """Verdicts at 5 %, with Holm's correction over all claims of the study."""
    tested = [one.p_values if not one.open else (float("nan"), float("nan")) for one in claims]
    supports, contradicts = (holm([pair[side] for pair in tested], len(claims)).tolist() for side in (0, 1))
    return [_verdict(*one) for one in zip(claims, supports, contradicts, strict=True)]


def _verdict(claim: Claim, supports: float, contradicts: float) -> Verdict:
    low, high = claim.estimate.interval
    decision: Decision = "not decided"
    if supports < SIGNIFICANCE and _agrees(claim, low, high):
        decision = "supported"
    elif contradicts < SIGNIFICANCE:
        decision = "contradicted"
    bound = f"{claim.threshold:g}" + (f" to within {claim.margin:g}" if claim.expected == "equal" else "")
    how = claim.open or f"corrected p {min(supports, contradicts):.2g}"
    detail = f"{claim.detail}; {claim.estimate.seeds} seeds, {claim.expected} {bound}; {how}"
    return Verdict(claim.statement, decision, claim.estimate.value, low, high, detail)


def _agrees(claim: Claim, low: float, high: float) -> bool:
    """Whether the interval is on the expected side of the threshold, or within the margin of it."""
    if claim.expected == "equal":
        return low > claim.threshold - claim.margin and high < claim.threshold + claim.margin
    return low > claim.threshold if claim.expected == "above" else high < claim.threshold


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
    def exponent(self) -> Estimate:
        return Estimate(self.laws.exponent, self.seeds)

    @property
    def offset(self) -> Estimate:
        return Estimate(self.laws.offset, self.seeds)

    @property
    def plain_exponent(self) -> Estimate:
        """Of the law without offset: minus the slope of log error on log n."""
        return Estimate(-exponents(self.sizes, self.means)[0], self.seeds)

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
    def miss(self) -> Estimate:
        """Log of predicted over measured at the largest size."""
        return Estimate(np.log(self.predicted / self.measured)[:, -1], self.fitted.seeds)

    @property
    def gain(self) -> Estimate:
        """Mean absolute log error of "stays as it was", minus that of the law."""
        law, same = (np.abs(np.log(one / self.measured)).mean(axis=1) for one in (self.predicted, self.unchanged))
        return Estimate(same - law, self.fitted.seeds)


def held_out(fit: Fit, largest: float | None = None) -> Check | None:
    """The check of a fit to all but the last two sizes, or to sizes up to `largest`; None if fewer than 3 are left."""
    kept = np.arange(len(fit.sizes)) < len(fit.sizes) - HELD_OUT if largest is None else fit.sizes <= largest
    if kept.sum() < FEWEST or kept.all():
        return None
    return Check(fit.part(kept), fit.sizes[~kept], fit.means[:, ~kept])
