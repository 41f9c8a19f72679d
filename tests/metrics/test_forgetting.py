"""Forgetting and selectivity, on matrices whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from grue.metrics.forgetting import (
    average_accuracy,
    backward_transfer,
    final_score,
    forgetting,
    retention_before_recurrence,
    retention_shown_again,
    retention_shown_once,
    selectivity,
    selectivity_shown_once,
)

KEEPS = np.triu(np.ones((4, 4))).T
FORGETS = np.eye(4)


def test_one_that_keeps_everything_and_one_that_keeps_nothing() -> None:
    assert (final_score(KEEPS), backward_transfer(KEEPS), forgetting(KEEPS)) == (1, 0, 0)
    assert (final_score(FORGETS), backward_transfer(FORGETS), forgetting(FORGETS)) == (0.25, -1, 1)
    assert average_accuracy(KEEPS).tolist() == [1, 1, 1, 1]
    assert average_accuracy(FORGETS).tolist() == [1, 1 / 2, 1 / 3, 1 / 4]


def test_forgetting_counts_from_the_best_and_transfer_from_when_it_was_learnt() -> None:
    scores = np.array([[0.5, 0.0, 0.0], [0.9, 0.6, 0.0], [0.7, 0.8, 1.0]])
    assert final_score(scores) == pytest.approx(2.5 / 3)
    assert backward_transfer(scores) == pytest.approx((0.2 + 0.2) / 2)
    assert forgetting(scores) == pytest.approx((0.2 + 0.0) / 2)


def test_what_is_due_is_all_that_comes_back_next() -> None:
    # R[i, j] = 10 i + j says which entries are taken
    named = 10.0 * np.arange(6)[:, None] + np.arange(6)
    assert retention_shown_once(named, 2)[1:].tolist() == [10, 21, 32, 43, 54]
    # after stage 3 those of stage 0 and 2 come back at stage 4; after stage 4 those of 1 and 3
    assert retention_before_recurrence(named, 2)[1:].tolist() == [10, 21, 31, 42, 52]
    # of these, those of the two latest stages have been shown once
    assert retention_shown_again(named, 2)[3:].tolist() == [30, 41, 51]
    assert np.isnan(retention_shown_again(named, 2)[:3]).all()
    assert np.isnan(retention_shown_once(named, 3)[:2]).all()
    assert np.isnan(retention_before_recurrence(named, 3)[:2]).all()


def test_before_anything_has_come_back_both_selectivities_are_one_comparison() -> None:
    rng = np.random.default_rng(0)
    recurring, single = rng.random((2, 7, 7))
    first = selectivity(recurring, single, 3)[2]
    assert first == selectivity_shown_once(recurring, single, 3)[2] == recurring[2, 0] - single[2, 0]


def test_a_matrix_of_another_shape_is_refused() -> None:
    for wrong in (np.ones((3, 2)), np.ones((1, 1)), np.ones(4)):
        with pytest.raises(ValueError, match=r"expected \(stages, stages\)"):
            final_score(wrong)
