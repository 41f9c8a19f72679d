"""Statements about a mean over seeds and a threshold, and the verdicts on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..analysis.paired import SIGNIFICANCE, holm
from ..runs.seeds import generator
from .base import Decision, Verdict
from .peaks import bootstrap_interval, p_value


@dataclass(frozen=True)
class Claim:
    """A statement about a mean over seeds and a threshold.

    expected  "above": supported if the mean is larger than the threshold; "below": if it is smaller
    by_seed   (seeds,)
    """

    statement: str
    by_seed: np.ndarray
    expected: Literal["above", "below"]
    detail: str
    threshold: float = 0.0


def verdicts(claims: Sequence[Claim], study: str) -> list[Verdict]:
    """The verdicts on all claims of a study, with Holm's correction over them."""
    corrected = holm([p_value(one.by_seed, one.threshold) for one in claims])
    return [verdict(one, float(p), study) for one, p in zip(claims, corrected, strict=True)]


def verdict(claim: Claim, p: float, study: str) -> Verdict:
    """Decided if the corrected p value is below 0.05 and the interval lies on the same side of the threshold.

    study  name of the study, of which the random numbers of the bootstrap are those
    """
    low, high = bootstrap_interval(claim.by_seed, generator(study=study, part="bootstrap"))
    mean = float(claim.by_seed.mean())
    decision: Decision = "not decided"
    if p < SIGNIFICANCE and (low > claim.threshold or high < claim.threshold):
        decision = "supported" if (mean > claim.threshold) == (claim.expected == "above") else "contradicted"
    seeds = f"{len(claim.by_seed)} seeds, {claim.expected} {claim.threshold:g}, corrected p {p:.2g}"
    return Verdict(claim.statement, decision, mean, low, high, f"{claim.detail}; {seeds}")
