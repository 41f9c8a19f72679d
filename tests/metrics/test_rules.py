"""Which rule answers follow, and the agreement of seeds, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grue.metrics.rules import agreement, score_rule_values, score_rules

FIRST = np.array([0, 0, 1, 1, 2, 2, 3, 3])[:, None]
SECOND = np.array([1, 2, 0, 3, 3, 0, 1, 2])[:, None]


def test_shares_of_hand_made_answers() -> None:
    given = np.array([0, 2, 1, 0, 3, 1, 3, 0])  # first, second, first, neither, second, neither, first, neither
    scored = score_rules(np.eye(4)[given][:, None], {"token": FIRST, "parity": SECOND})
    assert scored.metrics["follows[token]"] == 3 / 8
    assert scored.metrics["follows[parity]"] == 2 / 8
    assert scored.metrics["neither"] == 3 / 8
    assert scored.per_example.dtype == np.int8
    assert scored.per_example.tolist() == [0, 1, 0, 2, 1, 3, 0, 2]


def test_a_rule_follows_itself_and_its_error_is_that_of_a_share() -> None:
    metrics = score_rules(np.eye(4)[SECOND], {"token": FIRST, "parity": SECOND}).metrics
    assert (metrics["follows[token]"], metrics["follows[parity]"], metrics["neither"]) == (0, 1, 0)
    share = 10 / 12  # 8 of 8, with 2 of 4 added (Agresti and Coull)
    assert metrics["follows[parity]_error"] == pytest.approx(math.sqrt(share * (1 - share) / 12))


def test_agreement_of_two_seeds_and_what_chance_makes_of_it() -> None:
    found = agreement(np.array([[0, 0, 1, 1], [0, 1, 1, 1]]))
    assert found.equal == 3 / 4
    by_chance = 1 / 2 * 1 / 4 + 1 / 2 * 3 / 4
    assert found.kappa == pytest.approx((3 / 4 - by_chance) / (1 - by_chance))


def test_agreement_is_a_mean_over_pairs_and_tells_answers_that_follow_neither_apart() -> None:
    assert agreement(np.array([[0, 2], [0, 2], [0, 5]])).equal == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)


def test_independent_seeds_agree_by_accident_and_kappa_says_so() -> None:
    rng = np.random.default_rng(0)
    found = agreement(rng.choice(3, size=(3, 20_000), p=[0.7, 0.2, 0.1]))
    assert found.equal == pytest.approx(0.7**2 + 0.2**2 + 0.1**2, abs=0.01)
    assert found.kappa == pytest.approx(0, abs=0.02)


def test_kappa_is_nan_where_all_follow_one_rule_and_both_are_for_one_seed() -> None:
    found = agreement(np.zeros((3, 5), np.int8))
    assert found.equal == 1
    assert math.isnan(found.kappa)
    assert math.isnan(agreement(np.zeros((1, 5), np.int8)).equal)


def test_real_answers_follow_the_nearer_rule_within_the_tolerance() -> None:
    first, second = np.array([[1.0]] * 6), np.array([[-3.0]] * 6)
    given = np.array([[1.0], [0.1], [-1.0], [-2.1], [-3.0], [-5.0]])  # positions 0, .225, .5, .775, 1, 1.5
    scored = score_rule_values(given, {"true": first, "minimum-degree": second}, 0.25)
    assert scored.per_example.tolist() == [0, 0, 2, 1, 1, 2]
    assert scored.metrics["follows[true]"] == scored.metrics["follows[minimum-degree]"] == 1 / 3
    assert scored.metrics["neither"] == 1 / 3
    assert scored.metrics["interpolation"] == pytest.approx(4 / 6)
    assert list(scored.metrics)[-1] == "interpolation_error"
