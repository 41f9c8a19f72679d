"""Statistics of sampled priors over functions: shares with intervals, ranks, tests, complexity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..analysis.intervals import NORMAL
from ..metrics.complexity import lempel_ziv
from .base import Published, Verdict
from .function_counts import unpack
from .prior_table import DRAWS, PriorTable

LEAST_FUNCTIONS = 30
"""Least number of functions that a bound or a slope is fitted to."""

OFTEN_ENOUGH = 100
"""Least count of the last function of a slope: among rarer ones, ranking by counts would flatten the line."""

LEAST_COUNTS = (OFTEN_ENOUGH, 200, 500, 1000, 2000, 5000, 10_000)
"""Least counts of the ranges whose slopes are compared."""

RESAMPLES = 200

DECADE = log(10) / log(2)


def random_strings(points: int) -> np.ndarray:
    """K_LZ of DRAWS uniform random bit strings."""
    return lempel_ziv(np.random.default_rng(1).integers(0, 2, (DRAWS, points)).astype(bool))


def perceptron_test(prior: PriorTable) -> dict[str, Any]:
    """Chi-square test of P(T = t) = 1 / points for t = 0, ..., points - 1, and simultaneous intervals of the ratio.

    lowest, highest  ends of the intervals (Bonferroni, normal) of P(T = t) points that reach furthest
    """
    if prior.ones[prior.points]:
        raise ValueError("a function with value 1 on all points; expected a perceptron without biases on {0,1}^n")
    seen, samples = prior.ones[: prior.points], prior.total
    if samples < 5 * prior.points:
        raise ValueError(f"{samples} samples; expected at least {5 * prior.points} for a chi-square test")
    test = stats.chisquare(seen)
    ratio = seen * prior.points / samples
    factor = stats.norm.isf(0.025 / prior.points)
    half = factor * np.sqrt((prior.points - 1) / samples)  # under the hypothesis
    return {
        "samples": samples,
        "chi-square": float(test.statistic),
        "degrees of freedom": prior.points - 1,
        "p": float(test.pvalue),
        "lowest": float(ratio.min() - half),
        "highest": float(ratio.max() + half),
        "ratio furthest from 1": float(ratio[np.abs(ratio - 1).argmax()]),
    }


def zipf_slope(prior: PriorTable, first: int = 10, least: int = OFTEN_ENOUGH) -> tuple[float, float, float]:
    """Slope of log P on log rank with its bootstrap interval; nan if it has less than LEAST_FUNCTIONS ranks.

    Ranking by counts flattens the line a little, and ranking resampled counts as much again: that is taken off.

    first  rank that it begins with; the constant functions are far above the line
    least  count of the last function

    In simulations of a Zipf law the interval covered the slope in 88 to 96 of 100 samples.
    """
    last = prior.seen(least)
    ranked = prior.most_frequent(2 * last)  # a function of lower rank may come in
    if last - first + 1 < LEAST_FUNCTIONS:
        return np.nan, np.nan, np.nan
    places = np.log(np.arange(first, last + 1))
    slope = float(np.polyfit(places, np.log(ranked[first - 1 : last]), 1)[0])
    rng = np.random.default_rng(2)
    resampled = -np.sort(-rng.poisson(ranked, (RESAMPLES, len(ranked))), axis=1)[:, first - 1 : last]
    slopes = np.polyfit(places, np.log(np.maximum(resampled, 1)).T, 1)[0]
    low, high = np.quantile(slopes, [0.025, 0.975])
    return 2 * slope - float(slopes.mean()), 2 * slope - float(high), 2 * slope - float(low)


def slopes_by_range(prior: PriorTable) -> pd.DataFrame:
    """The slope from rank 10 to functions that were seen at least 100, 200, ... times, where these are enough.

    Functions that are equal up to symmetry have equal probabilities. Such plateaus make the slope depend on the range
    by more than its interval, which is of the samples only.
    """
    found: list[dict[str, Any]] = []
    for least in LEAST_COUNTS:
        slope, low, high = zipf_slope(prior, least=least)
        if np.isfinite(slope):
            found.append(
                {"last rank": prior.seen(least), "least count": least, "slope": slope, "low": low, "high": high}
            )
    return pd.DataFrame(found, columns=["last rank", "least count", "slope", "low", "high"])


def another_run(distinct: Sequence[int]) -> tuple[float, float, float]:
    """Mean number of distinct functions of equally large runs, with the 95 % prediction interval of another one.

    The interval is nan with less than 3 runs.
    """
    values = np.array(distinct, float)
    n = len(values)
    if n < 3:  # noqa: PLR2004 -- with two values the interval is of no use
        return float(values.mean()) if n else np.nan, np.nan, np.nan
    half = float(stats.t.isf(0.025, n - 1) * values.std(ddof=1) * sqrt(1 + 1 / n))
    return float(values.mean()), float(values.mean()) - half, float(values.mean()) + half


def bernoulli_row(
    figure: str,
    source: str,
    prior: PriorTable,
    bits: tuple[int, ...],
    published: float,
    error: float | None,
    note: str,
) -> Published:
    """A published probability beside ours; comparable if it has a standard error (0.0014: 50,000 samples of 0.1095)."""
    estimate, low, high = prior.share(bits)
    text = f"{published:.4f} ± {error:.4f}" if error else f"{published:.3f}"
    agrees = None
    if error:
        combined = sqrt(((high - low) / 2) ** 2 + (1.96 * error) ** 2) + 0.00005
        agrees = abs(estimate - published) <= combined
    return Published(figure, source, text, f"{estimate:.4f} [{low:.4f}, {high:.4f}]", agrees, note)


def complexity_tables(
    priors: Mapping[str, PriorTable], base: str
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Verdict, ...]]:
    """Probability against K_LZ, the Levin-type bound 2^-(a K + b), and the verdict; empty with too few functions.

    Functions that were seen at least OFTEN are used, because the probability of the others is not known. a is
    log2(number of functions) / max K; b is the largest with which no such function is above the bound. Priors with less
    than LEAST_FUNCTIONS such functions are left out.
    """
    scatter: list[pd.DataFrame] = []
    bounds: list[dict[str, Any]] = []
    for name, prior in priors.items():
        often = prior.often
        if often.distinct < LEAST_FUNCTIONS:
            continue
        complexity = lempel_ziv(unpack(often.words, prior.points).astype(bool))
        strings = random_strings(prior.points)
        probability = often.counts / prior.total
        a = prior.points / max(float(strings.max()), float(complexity.max()))
        distance = -a * complexity - np.log2(probability)  # bits below the bound with b = 0
        b = float(distance.min())
        frame = pd.DataFrame({"K_LZ": complexity, "probability": probability, "bits below": distance - b})
        within = frame["bits below"] <= DECADE
        bounds.append(
            {
                "source": name,
                "a": a,
                "b": b,
                "functions": len(frame),
                "probability mass": float(probability.sum()),
                "mass within a decade": float(probability[within].sum() / probability.sum()),
                "mass above the bound with b = 0": float(probability[distance < 0].sum() / probability.sum()),
            }
        )
        grouped = frame.groupby("K_LZ")["probability"].agg(["size", "max", "median"]).reset_index()
        grouped.columns = ["K_LZ", "functions", "largest probability", "median probability"]
        scatter.append(grouped.assign(bound=2.0 ** (-a * grouped["K_LZ"] - b), source=name))
    if not scatter:
        return pd.DataFrame(), pd.DataFrame(), ()
    return pd.concat(scatter, ignore_index=True), pd.DataFrame(bounds), (_simplicity(priors[base]),)


def _simplicity(prior: PriorTable) -> Verdict:
    """Whether sampled functions are simpler than random strings."""
    ours, strings = prior.mean_complexity(), random_strings(prior.points)
    difference = ours[0] - float(strings.mean())
    half = NORMAL * sqrt(ours[1] ** 2 + float(strings.var(ddof=1)) / len(strings))
    return Verdict(
        "functions of the base network are simpler than random strings (mean K_LZ)",
        "supported" if difference + half < 0 else "contradicted" if difference - half > 0 else "not decided",
        difference,
        difference - half,
        difference + half,
        f"{prior.drawn.total:,} samples, {len(strings):,} random strings of {prior.points} bits; normal interval",
    )
