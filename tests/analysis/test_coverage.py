"""Simulated coverage of the intervals, and false positives of the tests: `pytest -m coverage`.

The seeds of a learner have normal, bounded (Beta(8, 1)) or bimodal scores: 0.98 if the fit succeeds, else 0.2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from grue.analysis.intervals import interval, t_factor, wilson
from grue.analysis.paired import MARGIN, SIGNIFICANCE, paired, verdict
from grue.analysis.ranks import FEWEST_FAMILIES, over_tasks, pairs_over_tasks, rank_learners

pytestmark = pytest.mark.coverage

RUNS = 2000
ERROR = 0.01
"""Standard error of a score over its test examples."""

Sampler = Callable[[np.random.Generator, int], np.ndarray]


def normal(mean: float, spread: float) -> tuple[Sampler, float]:
    return lambda rng, seeds: rng.normal(mean, spread, seeds), mean


def beta(a: float, shift: float = 0.0) -> tuple[Sampler, float]:
    return lambda rng, seeds: rng.beta(a, 1, seeds) - shift, a / (a + 1) - shift


def bimodal(share: float, low: float = 0.2, high: float = 0.98) -> tuple[Sampler, float]:
    def sample(rng: np.random.Generator, seeds: int) -> np.ndarray:
        return np.where(rng.random(seeds) < share, high, low) + rng.normal(0, 0.02, seeds)

    return sample, share * high + (1 - share) * low


OUTCOMES = {
    "normal": normal(0.6, 0.05),
    "wide": normal(0.6, 0.15),
    "bounded": beta(8),
    "bimodal": bimodal(0.8),
    "rarely fails": bimodal(0.94),
    "fails or solves": bimodal(0.5, low=0.0),
    "rarely solves": bimodal(0.2, low=0.0),
}


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("name", OUTCOMES)
def test_an_interval_that_is_offered_covers_the_mean(name: str, seeds: int) -> None:
    sample, mean = OUTCOMES[name]
    rng, errors = np.random.default_rng(seeds), np.full(seeds, ERROR)
    found = [interval(sample(rng, seeds), errors, fits=True) for _ in range(RUNS)]
    hits = np.array([abs(one.mean - mean) <= one.half_width for one in found if one.kind == "seeds"], dtype=bool)
    if len(hits) > 0.05 * RUNS:
        assert hits.mean() > 0.93 - 2 * (0.93 * 0.07 / len(hits)) ** 0.5
    else:
        assert name not in ("normal", "wide", "bounded"), "the interval is offered where it covers"
    assert (~hits).sum() <= 0.07 * RUNS


@pytest.mark.parametrize(("seeds", "coverage"), [(3, 0.48), (5, 0.67), (10, 0.89)])
def test_without_the_rule_it_covers_too_little_of_bimodal_scores(seeds: int, coverage: float) -> None:
    sample, mean = OUTCOMES["bimodal"]
    rng = np.random.default_rng(0)
    found = [interval(sample(rng, seeds), np.full(seeds, ERROR)) for _ in range(RUNS)]
    assert np.mean([abs(one.mean - mean) <= one.half_width for one in found]) == pytest.approx(coverage, abs=0.03)


@pytest.mark.parametrize("count", [3, 5, 10])
def test_wilsons_interval_covers_the_share_of_solved_seeds(count: int) -> None:
    # The coverage of few trials jumps with the share; it is 0.93 or more on average over shares (Brown et al. 2001).
    shares = np.linspace(0.01, 0.99, 99)
    ends = np.array([wilson(successes, count) for successes in range(count + 1)])
    inside = (ends[:, :1] <= shares) & (shares <= ends[:, 1:])  # (successes, shares)
    coverage = (inside * stats.binom.pmf(np.arange(count + 1)[:, None], count, shares)).sum(axis=0)
    assert coverage.mean() > 0.93
    assert coverage.min() > 0.8


def pairs(
    first: tuple[Sampler, float], second: tuple[Sampler, float], seeds: int, *, shared: float = 0.0
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Samples of two learners; shared: standard deviation of the part of the scores that a seed gives to both."""
    rng = np.random.default_rng(seeds)
    samples = []
    for _ in range(RUNS):
        common = rng.normal(0, shared, seeds) if shared else 0.0
        samples.append((first[0](rng, seeds) + common, second[0](rng, seeds) + common))
    return samples


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("name", ["normal", "wide", "bounded", "bimodal"])
def test_learners_with_the_same_distribution_are_rarely_called_different(name: str, seeds: int) -> None:
    errors = np.full(seeds, ERROR)
    p = np.array([paired(*one, errors, errors).p for one in pairs(OUTCOMES[name], OUTCOMES[name], seeds)])
    assert (p < SIGNIFICANCE).mean() <= 0.05 + 2 * (0.05 * 0.95 / RUNS) ** 0.5


APART = {
    "normal": (normal(0.6, 0.02), normal(0.6 - MARGIN, 0.02)),
    "bounded": (beta(8), beta(8, MARGIN)),
    "bimodal": (bimodal(0.8), bimodal(0.8 - MARGIN / 0.78)),
    "one rarely fails": (normal(0.98, 0.01), bimodal(1 - MARGIN / 0.78)),
}
"""Learners whose expected scores differ by the margin."""


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("name", APART)
def test_learners_that_differ_by_the_margin_are_rarely_called_equivalent(name: str, seeds: int) -> None:
    errors = np.full(seeds, ERROR / 2)
    found = [paired(*one, errors, errors) for one in pairs(*APART[name], seeds)]
    said = [verdict(one.p, one.equivalence_p, covers=one.covers) == "equivalent" for one in found]
    assert np.mean(said) <= 0.05 + 2 * (0.05 * 0.95 / RUNS) ** 0.5


@pytest.mark.parametrize("seeds", [3, 5, 10])
@pytest.mark.parametrize("name", ["normal", "bounded", "bimodal", "one rarely fails"])
def test_an_interval_of_a_paired_difference_that_is_offered_covers_it(name: str, seeds: int) -> None:
    (first, second), errors = APART[name], np.full(seeds, ERROR / 2)
    found = [
        paired(*one, errors, errors) for one in pairs(first, second, seeds, shared=0.03 if name == "normal" else 0)
    ]
    hits = np.array([abs(one.mean - MARGIN) <= one.half_width for one in found if one.covers], dtype=bool)
    assert (~hits).sum() <= 0.07 * RUNS
    if len(hits) > 0.05 * RUNS:
        assert hits.mean() > 0.93 - 2 * (0.93 * 0.07 / len(hits)) ** 0.5


SIZES = {3: [1, 1, 2], 5: [1, 1, 1, 2, 3], 8: [1] * 5 + [2, 2, 3]}
"""Number of families -> the tasks in each."""


def differences(rng: np.random.Generator, families: np.ndarray) -> np.ndarray:
    """Differences of two learners on tasks, with mean 0: a part of the family, and one of the task."""
    return rng.normal(0, 0.2, families.max() + 1)[families] + rng.normal(0, 0.1, len(families))


@pytest.mark.parametrize("count", SIZES)
def test_the_mean_over_tasks_is_covered_and_rarely_called_different_from_0(count: int) -> None:
    families = np.repeat(np.arange(count), SIZES[count])
    rng = np.random.default_rng(count)
    found = [over_tasks(differences(rng, families), families) for _ in range(RUNS)]
    wrong = np.mean([one.p < SIGNIFICANCE for one in found])
    assert wrong <= 0.05 + 2 * (0.05 * 0.95 / RUNS) ** 0.5
    covered = np.mean([abs(one.mean) <= one.half_width for one in found])
    assert covered == pytest.approx(1 - wrong)


def outcomes(rng: np.random.Generator, means: np.ndarray, sizes: list[int], seeds: int = 3) -> pd.DataFrame:
    families = np.repeat(np.arange(len(sizes)), sizes)
    rows = []
    for learner, mean in enumerate(means):
        levels = mean + differences(rng, families)
        rows += [
            {"task": task, "family": f"{family}", "learner": f"{learner}", "seed": seed, "value": value}
            for task, family in enumerate(families)
            for seed, value in enumerate(levels[task] + rng.normal(0, 0.03, seeds))
        ]
    return pd.DataFrame(rows)


def test_the_probability_of_improvement_is_covered() -> None:
    rng = np.random.default_rng(0)
    for count in (5, 8):
        found = [pairs_over_tasks(outcomes(rng, np.array([0.5, 0.5]), SIZES[count])).iloc[0] for _ in range(200)]
        covered = np.mean([one["improvement_low"] <= 0.5 <= one["improvement_high"] for one in found])
        assert covered > 0.93 - 2 * (0.93 * 0.07 / 200) ** 0.5


def test_the_interval_of_a_rank_covers_it() -> None:
    rng, means = np.random.default_rng(0), np.array([0.9, 0.6, 0.5, 0.2])
    for count in (FEWEST_FAMILIES, 8):
        hits = []
        for _ in range(100):
            found = rank_learners(outcomes(rng, means, SIZES[count])).loc[["0", "1", "2", "3"]]
            hits.append((found["rank_low"] <= [1, 2, 3, 4]) & (found["rank_high"] >= [1, 2, 3, 4]))
        assert np.mean(hits) > 0.93


def test_equal_learners_share_a_rank() -> None:
    rng = np.random.default_rng(1)
    found = [rank_learners(outcomes(rng, np.full(4, 0.5), SIZES[8]))["rank"].max() > 1 for _ in range(200)]
    assert np.mean(found) <= 0.05 + 2 * (0.05 * 0.95 / 200) ** 0.5


def test_a_percentile_bootstrap_would_cover_too_little() -> None:
    # The reason for Student's t: means of resampled seeds vary less than the mean itself.
    rng = np.random.default_rng(0)
    for seeds, coverage in ((3, 0.74), (5, 0.84), (10, 0.90)):
        values = rng.normal(size=(RUNS, seeds))
        resampled = values[:, rng.integers(seeds, size=(400, seeds))].mean(axis=2)
        low, high = np.quantile(resampled, [0.025, 0.975], axis=1)
        assert np.mean((low <= 0) & (high >= 0)) == pytest.approx(coverage, abs=0.04)
        error = values.std(axis=1, ddof=1) / seeds**0.5
        assert np.mean(np.abs(values.mean(axis=1)) <= t_factor(seeds) * error) == pytest.approx(0.95, abs=0.02)
