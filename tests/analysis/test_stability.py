"""Seeds that it takes until the order of learners is stable."""

from __future__ import annotations

import numpy as np

from grue.analysis.stability import seeds_to_stable_order, tasks_to_stable_order


def test_learners_whose_scores_never_overlap_are_in_order_from_one_seed_on() -> None:
    rng = np.random.default_rng(0)
    scores = np.array([0.9, 0.5, 0.1])[:, None] + rng.normal(0, 0.01, (3, 10))
    assert seeds_to_stable_order(scores) == 1


def test_the_more_the_seeds_vary_the_more_of_them_it_takes() -> None:
    noise = np.random.default_rng(1).normal(0, 1, (2, 20))
    noise -= noise.mean(axis=1, keepdims=True)
    means = np.array([0.6, 0.4])[:, None]
    needed = [seeds_to_stable_order(means + spread * noise) for spread in (0.05, 0.15, 0.25)]
    assert None not in needed
    assert needed == sorted(needed, key=lambda k: k or 0)
    assert needed[0] == 1
    assert (needed[-1] or 0) > 3


def test_an_order_that_all_seeds_do_not_settle_has_no_number() -> None:
    scores = np.array([[1.0, 0.0, 1.0, 0.0], [0.9, 0.2, 0.1, 0.3]])
    assert seeds_to_stable_order(scores) is None


def test_equal_learners_have_no_order() -> None:
    assert seeds_to_stable_order(np.full((3, 5), 0.5)) is None
    assert seeds_to_stable_order(np.full((2, 5), np.nan)) is None


def test_tasks_of_one_family_count_as_one_sample() -> None:
    rng = np.random.default_rng(0)
    by_family = np.array([[0.6], [0.4]]) + rng.normal(0, 0.2, (2, 12))
    apart = tasks_to_stable_order(by_family, np.arange(12))
    together = tasks_to_stable_order(np.repeat(by_family, 3, axis=1), np.repeat(np.arange(12), 3))
    assert apart is not None
    assert together == (apart[0], 3 * apart[0])


def test_an_order_that_the_tasks_do_not_settle_has_no_number() -> None:
    assert tasks_to_stable_order(np.array([[1.0, 0.0, 1.0], [0.8, 0.9, 0.0]]), np.arange(3)) is None
