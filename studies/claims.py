"""Statements about a mean and a threshold, decided together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from scipy.stats import norm

from ..analysis.intervals import NORMAL
from ..analysis.paired import SIGNIFICANCE, holm
from .base import Decision, Verdict


@dataclass(frozen=True)
class Claim:
    """A statement about a mean with a standard error and a threshold.

    side   of the threshold on which the statement holds
    holds  the decision if it does
    """

    statement: str
    mean: float
    error: float
    threshold: float
    side: Literal["above", "below"]
    detail: str
    holds: Decision = "supported"

    @property
    def p(self) -> float:
        """Two-sided p value of a mean equal to the threshold."""
        if self.error == 0:
            return 1.0 if self.mean == self.threshold else 0.0
        return float(2 * norm.sf(abs(self.mean - self.threshold) / self.error))


def decide(claims: Sequence[Claim]) -> tuple[Verdict, ...]:
    """Verdicts with Holm's correction over all of the study; a mean that is nan is not decided."""
    corrected = holm([one.p for one in claims])
    verdicts: list[Verdict] = []
    for one, p in zip(claims, corrected, strict=True):
        holds = (one.mean > one.threshold) == (one.side == "above")
        low, high = one.mean - NORMAL * one.error, one.mean + NORMAL * one.error
        decided = p < SIGNIFICANCE and not low <= one.threshold <= high
        decision: Decision = "not decided" if not decided else one.holds if holds else "contradicted"
        how = f"{one.detail}; threshold {one.threshold:g}, p {p:.2g} after Holm over {len(claims)}"
        verdicts.append(Verdict(one.statement, decision, one.mean, low, high, how))
    return tuple(verdicts)
