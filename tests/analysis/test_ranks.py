"""Learners over many tasks: by hand, and against scipy, statsmodels and scikit-posthocs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from grue.analysis.ranks import improvement, over_tasks, pairs_over_tasks, rank_groups, rank_learners, task_means

FAMILIES = ["a", "a", "b", "c", "d", "e", "f", "g"]


def table(scores: Mapping[str, Sequence[float]], families: Sequence[str] = FAMILIES, seeds: int = 2) -> pd.DataFrame:
    """Outcomes of learners on tasks, the same for all seeds; NaN is a task that a learner lacks."""
    return pd.DataFrame(
        [
            {"task": f"task{number}", "family": family, "learner": name, "seed": seed, "value": value}
            for name, values in scores.items()
            for number, (family, value) in enumerate(zip(families, values, strict=True))
            for seed in range(seeds)
            if not np.isnan(value)
        ]
    )


def random_table(families: Sequence[str] = FAMILIES) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return table({f"l{number}": rng.uniform(0, 1, len(families)).tolist() for number in range(4)}, families)


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=12))
def test_with_a_task_a_family_it_is_the_t_test_over_tasks(values: list[float]) -> None:
    if np.std(values) < 1e-6:
        return
    found, expected = over_tasks(np.array(values), np.arange(len(values))), stats.ttest_1samp(values, 0)
    assert found.p == pytest.approx(expected.pvalue, abs=1e-9)
    low, high = expected.confidence_interval()
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high), abs=1e-9)


def test_a_family_counts_once_however_many_tasks_it_has() -> None:
    family = np.repeat(np.arange(6), [1, 1, 2, 3, 5, 1])
    values = np.random.default_rng(0).normal(0.1, 0.3, len(family))
    found = over_tasks(values, family)
    expected = stats.ttest_1samp([values[family == one].mean() for one in range(6)], 0)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.tasks, found.families) == (13, 6)


def test_tasks_of_a_single_family_give_no_interval() -> None:
    found = over_tasks(np.array([0.1, 0.2]), np.array(["a", "a"]))
    assert found.mean == pytest.approx(0.15)
    assert np.isnan(found.p)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=8), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_improvement_is_the_statistic_of_mann_and_whitney(first: list[int], second: list[int]) -> None:
    expected = stats.mannwhitneyu(first, second, method="asymptotic").statistic / (len(first) * len(second))
    assert improvement(np.array(first), np.array(second)) == pytest.approx(expected)


def test_mean_ranks_are_those_of_scikit_posthocs() -> None:
    outcomes = random_table(families="abcdefgh")
    ranks = rank_learners(outcomes)["mean_rank"]
    means, _ = task_means(outcomes)
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(means)
    count, tasks = len(ranks), len(means)
    for first in means.columns:
        for second in means.columns:
            statistic = abs(ranks[first] - ranks[second]) / (count * (count + 1) / (12 * tasks)) ** 0.5
            expected = stats.studentized_range.sf(statistic, count, np.inf)
            assert nemenyi.loc[first, second] == pytest.approx(expected, abs=1e-3)


def test_win_rate_and_mean_rank_by_hand() -> None:
    found = rank_learners(table({"x": [0.9, 0.7], "y": [0.8, 0.8], "z": [0.8, 0.1]}, ["a", "b"]))
    assert found["win_rate"].to_dict() == pytest.approx({"x": 0.75, "y": 0.625, "z": 0.125})
    assert found["mean_rank"].to_dict() == pytest.approx({"x": 1.5, "y": 1.75, "z": 2.75})
    assert found["rank_low"].isna().all(), "two families are too few for an interval"


def test_a_learner_under_two_names_ties_with_itself() -> None:
    values = np.random.default_rng(1).uniform(0.3, 0.5, len(FAMILIES))
    scores = {"best": values + 0.4, "one": values, "worst": values - 0.3, "other": values}
    found = rank_learners(table({name: given.tolist() for name, given in scores.items()}))
    columns = ["score", "rank", "rank_low", "rank_high", "win_rate", "mean_rank"]
    assert found.loc["one", columns].tolist() == found.loc["other", columns].tolist()
    assert found["rank"].to_dict() == {"best": 1, "one": 2, "other": 2, "worst": 4}
    pair = pairs_over_tasks(table({name: given.tolist() for name, given in scores.items()}))
    pair = pair.loc[(pair["first"] == "one") & (pair["second"] == "other")].iloc[0]
    assert (pair["difference"], pair["p"], pair["improvement"]) == (0, 1, 0.5)


def test_a_second_name_changes_the_order_of_no_other_learner() -> None:
    outcomes = random_table()
    twice = pd.concat([outcomes, outcomes.loc[outcomes["learner"] == "l0"].assign(learner="again")])
    order = [name for name in rank_learners(twice).index if name != "again"]
    assert order == rank_learners(outcomes).index.tolist()


@pytest.mark.parametrize("learner", range(4))
@pytest.mark.parametrize("task", range(8))
def test_a_learner_that_lacks_a_task_does_not_rise(task: int, learner: int) -> None:
    outcomes = random_table()
    name = f"l{learner}"
    before = rank_learners(outcomes)
    lacking = outcomes.loc[(outcomes["task"] != f"task{task}") | (outcomes["learner"] != name)]
    after = rank_learners(lacking)
    assert np.isnan(after.loc[name, "rank"])
    assert after.loc[name, "lacks"] == f"task{task}"
    assert after.index[-1] == name
    others = [other for other in before.index if other != name]
    assert after.index[:-1].tolist() == others
    assert after.loc[others, "score"].tolist() == pytest.approx(before.loc[others, "score"].tolist())


def test_learners_that_cannot_be_told_apart_from_the_best_of_their_group_share_its_rank() -> None:
    p = {"ab": 0.6, "ac": 0.01, "ad": 0.001, "bc": 0.2, "bd": 0.01, "cd": 0.9}
    pairs = pd.DataFrame([{"first": one[0], "second": one[1], "corrected_p": value} for one, value in p.items()])
    assert rank_groups("abcd", pairs) == [1, 1, 3, 3]
    assert rank_groups("a", pairs) == [1]
    assert rank_groups("", pairs) == []


def test_more_seeds_are_not_more_tasks() -> None:
    scores = {"x": np.linspace(0.3, 0.9, 8).tolist(), "y": np.linspace(0.2, 0.95, 8).tolist()}
    few, many = (pairs_over_tasks(table(scores, seeds=seeds)) for seeds in (2, 20))
    pd.testing.assert_frame_equal(few, many)


def test_a_single_learner_has_rank_1_and_none_have_no_rank() -> None:
    assert rank_learners(table({"x": [0.1] * 8}))["rank"].tolist() == [1]
    without = [np.nan] * 7
    assert rank_learners(table({"x": [0.1, *without], "y": [*without, 0.1]}))["rank"].isna().all()
