"""Verdicts: a claim holds on its side of the threshold, is contradicted on the other, and is open between them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from grue.studies.base import Decision
from grue.studies.claims import Claim, Normal, Share, decide
from grue.studies.seed_means import SeedMean


@pytest.mark.parametrize(
    ("value", "expected", "holds", "decision"),
    [
        (0.0, "below", "equivalent", "equivalent"),
        (0.2, "below", "equivalent", "contradicted"),
        (0.04, "below", "supported", "not decided"),
        (0.2, "above", "supported", "supported"),
        (float("nan"), "above", "supported", "not decided"),
    ],
)
def test_a_claim_holds_on_its_side_of_the_threshold(
    value: float, expected: Literal["above", "below"], holds: Decision, decision: Decision
) -> None:
    claim = Claim("", Normal(value, 0.01), expected, "", 0.05, holds=holds)
    assert decide([claim])[0].decision == decision


def test_holm_takes_a_decision_away() -> None:
    one = Claim("near", Normal(0.05 - 0.021, 0.01), "below", "", 0.05)
    assert decide([one])[0].decision == "supported"
    assert decide([one] * 3)[0].decision == "not decided"


def test_a_share_of_seeds_is_tested_exactly() -> None:
    assert Share(10, 10).p_above(0.5) == pytest.approx(2**-10)
    assert Share(0, 10).p_below(0.5) == pytest.approx(2**-10)
    assert [decide([Claim("", Share(count, 10), "above", "", 0.5)])[0].decision for count in (10, 5, 0)] == [
        "supported",
        "not decided",
        "contradicted",
    ]


def test_wrong_verdicts_are_as_rare_as_promised() -> None:
    """Ten claims whose true value is the threshold: any of them is decided in at most 5 % of the runs."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(400):
        found = decide([Claim("", Normal(rng.normal(), 1.0), "above", "") for _ in range(10)])
        wrong += any(one.decision != "not decided" for one in found)
    assert wrong / 400 < 0.05 + 2 * (0.05 * 0.95 / 400) ** 0.5


def test_seeds_without_spread_decide_by_their_number() -> None:
    few, many = (SeedMean(np.ones(seeds), "test") for seeds in (4, 8))
    assert decide([Claim("", few, "above", "", 0.5)])[0].decision == "not decided"
    assert decide([Claim("", many, "above", "", 0.5)])[0].decision == "supported"
