"""What is bold: the best of a column, and what a paired, corrected test does not tell from it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

from grue.analysis.best import Outcome, standings

SCORES = {
    "a": [0.90, 0.92, 0.91, 0.93, 0.92],
    "b": [0.89, 0.93, 0.90, 0.94, 0.91],
    "c": [0.80, 0.83, 0.80, 0.84, 0.81],
    "d": [0.87, 0.90, 0.88, 0.93, 0.88],
}


def outcome(values: list[float], *, counted: bool = True) -> Outcome:
    return Outcome(dict(enumerate(values)), dict.fromkeys(range(len(values)), float("nan")), counted)


def column(**changed: Outcome) -> dict[str, Outcome]:
    return {name: outcome(values) for name, values in SCORES.items()} | changed


def test_p_values_are_those_of_scipy_and_statsmodels():
    found = standings(column())
    raw = [ttest_rel(SCORES["a"], SCORES[name]).pvalue for name in "bcd"]
    expected = multipletests(raw, method="holm")[1]
    assert [found[name].corrected_p for name in "bcd"] == pytest.approx(list(expected))
    assert {name for name, one in found.items() if one.bold} == {"a", "b"}
    assert [name for name, one in found.items() if one.best] == ["a"]


def test_what_was_not_fitted_is_neither_bold_nor_what_others_are_compared_with():
    top = outcome([0.99] * 5, counted=False)
    found = standings(column(top=top))
    assert not found["top"].bold
    assert np.isnan(found["top"].corrected_p)
    assert {name: one.bold for name, one in found.items() if name != "top"} == {
        name: one.bold for name, one in standings(column()).items()
    }


def test_less_may_be_better():
    found = standings(column(), greater_is_better=False)
    assert [name for name, one in found.items() if one.bold] == ["c"]


def test_a_learner_under_two_names_ties_with_itself():
    found = standings(column(twin=outcome(SCORES["a"])))
    assert found["a"].bold
    assert found["twin"].bold
    assert found["twin"].corrected_p == 1


@pytest.mark.parametrize("given", [{}, {"a": outcome([0.5, 0.6])}, {"a": outcome([0.5]), "b": outcome([0.9])}])
def test_without_a_test_nothing_is_bold(given: dict[str, Outcome]):
    assert not any(one.bold for one in standings(given).values())


def test_a_seed_that_one_lacks_is_left_out_of_the_pair():
    found = standings(column(d=outcome([0.87, float("nan"), 0.88, 0.93, 0.88])))
    kept = [0, 2, 3, 4]
    raw = ttest_rel([SCORES["a"][seed] for seed in kept], [SCORES["d"][seed] for seed in kept]).pvalue
    assert found["d"].corrected_p >= raw
