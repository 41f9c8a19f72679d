"""Statements about a statistic and a threshold, decided together: the verdicts of a study."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from scipy.stats import binom, norm

from ..analysis.intervals import NORMAL, wilson
from ..analysis.paired import SIGNIFICANCE, holm
from .base import Decision, Verdict


class Estimate(Protocol):
    """A statistic with its uncertainty: `Normal`, `Share`, means over seeds, replicates of a fit."""

    @property
    def value(self) -> float:
        """The statistic; nan where there is none."""
        ...

    @property
    def interval(self) -> tuple[float, float]:
        """95 %."""
        ...

    @property
    def basis(self) -> str:
        """What it comes from, such as "10 seeds"; "" if the statement says it."""
        ...

    def p_above(self, bound: float) -> float:
        """One-sided p value of the hypothesis that the statistic is at most the bound."""
        ...

    def p_below(self, bound: float) -> float:
        """One-sided p value of the hypothesis that the statistic is at least the bound."""
        ...


@dataclass(frozen=True)
class Normal:
    """A mean with a standard error that is known well."""

    value: float
    error: float

    basis = ""

    @property
    def interval(self) -> tuple[float, float]:
        return self.value - NORMAL * self.error, self.value + NORMAL * self.error

    def p_above(self, bound: float) -> float:
        if self.error == 0:
            return float(self.value <= bound)
        return float(norm.sf((self.value - bound) / self.error))

    def p_below(self, bound: float) -> float:
        return Normal(-self.value, self.error).p_above(-bound)


@dataclass(frozen=True)
class Share:
    """Of some seeds those of which something is true; Wilson's interval, exact binomial test."""

    successes: int
    seeds: int

    @property
    def value(self) -> float:
        return self.successes / self.seeds

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.successes, self.seeds)

    @property
    def basis(self) -> str:
        return f"share of {self.seeds} seeds"

    def p_above(self, bound: float) -> float:
        return float(binom.sf(self.successes - 1, self.seeds, bound))

    def p_below(self, bound: float) -> float:
        return float(binom.cdf(self.successes, self.seeds, bound))


@dataclass(frozen=True)
class Claim:
    """A statement about a statistic.

    expected  above or below the threshold; equal: within `margin` of it
    open      why it is not decided whatever the p value, or ""
    holds     the decision if it does
    claim     the registered claim that it decides (runs/claims/claims.toml), or ""
    """

    statement: str
    estimate: Estimate
    expected: Literal["above", "below", "equal"]
    detail: str
    threshold: float = 0.0
    margin: float = 0.0
    open: str = ""
    holds: Decision = "supported"
    claim: str = ""

    @property
    def p_values(self) -> tuple[float, float]:
        """Of what the claim denies, and of what it says: a small one speaks for the claim, or against it."""
        above = min(2 * self.estimate.p_above(self.threshold), 1.0)
        below = min(2 * self.estimate.p_below(self.threshold), 1.0)
        if self.expected != "equal":
            return (above, below) if self.expected == "above" else (below, above)
        over, under = self.threshold + self.margin, self.threshold - self.margin
        same = max(self.estimate.p_below(over), self.estimate.p_above(under))
        return same, min(2 * min(self.estimate.p_above(over), self.estimate.p_below(under)), 1.0)

    @property
    def agrees(self) -> bool:
        """Whether the interval is on the expected side of the threshold, or within the margin of it."""
        low, high = self.estimate.interval
        if self.expected == "equal":
            return low > self.threshold - self.margin and high < self.threshold + self.margin
        return low > self.threshold if self.expected == "above" else high < self.threshold

    @property
    def disagrees(self) -> bool:
        """Whether the interval is on the other side, or outside of the margin."""
        low, high = self.estimate.interval
        if self.expected == "equal":
            return low > self.threshold + self.margin or high < self.threshold - self.margin
        return high < self.threshold if self.expected == "above" else low > self.threshold


def decide(claims: Sequence[Claim]) -> list[Verdict]:
    """Verdicts at 5 %, with Holm's correction over all claims of the study.

    One is decided if the corrected p value is below 0.05 and the interval lies on the same side. A statistic that is
    nan decides nothing.
    """
    tested = [one.p_values if not one.open else (float("nan"), float("nan")) for one in claims]
    supports, contradicts = (holm([pair[side] for pair in tested], len(claims)).tolist() for side in (0, 1))
    return [_verdict(*one) for one in zip(claims, supports, contradicts, strict=True)]


def _verdict(claim: Claim, supports: float, contradicts: float) -> Verdict:
    decision: Decision = "not decided"
    if supports < SIGNIFICANCE and claim.agrees:
        decision = claim.holds
    elif contradicts < SIGNIFICANCE and claim.disagrees:
        decision = "contradicted"
    bound = f"{claim.expected} {claim.threshold:g}"
    bound += f" to within {claim.margin:g}" if claim.expected == "equal" else ""
    smallest = min(supports, contradicts)
    how = claim.open or (f"corrected p {smallest:.2g}" if smallest else "corrected p below 1e-300")
    parts = [claim.detail, ", ".join(filter(None, [claim.estimate.basis, bound])), how]
    detail = "; ".join(filter(None, parts))
    low, high = claim.estimate.interval
    return Verdict(claim.statement, decision, claim.estimate.value, low, high, detail, claim=claim.claim)
