"""Statistics of sampled priors over functions: shares with intervals, ranks, tests, complexity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import log, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..analysis.intervals import NORMAL, wilson
from ..metrics.complexity import lempel_ziv
from .base import Published, Verdict
from .function_counts import FunctionCounts, unpack

DRAWS = 10_000
"""Samples of a prior, without replacement, whose complexity is computed."""

OFTEN = 10
"""Least count of a function whose probability is set against its complexity."""

LEAST_FUNCTIONS = 30
"""Least number of functions that a bound or a slope is fitted to."""

OFTEN_ENOUGH = 100
"""Least count of the last function of a slope: among rarer ones, ranking by counts would flatten the line."""

RESAMPLES = 200

DECADE = log(10) / log(2)

RANKS_A_DECADE = 10


class PriorTable:
    """The counts of one prior, with what is reported of it.

    points  length of a function's bit string
    """

    def __init__(self, counts: FunctionCounts, points: int) -> None:
        self.counts = counts
        self.points = points

    @cached_property
    def ones(self) -> np.ndarray:
        """Number of points that each function maps to 1, (distinct,)."""
        return np.bitwise_count(self.counts.words).sum(axis=1).astype(np.int64)

    @cached_property
    def constants(self) -> tuple[int, int]:
        """How often the function 0 and the function 1 were seen."""
        zero, one = (int(self.counts.counts[self.ones == ones].sum()) for ones in (0, self.points))
        return zero, one

    def share(self, bits: Sequence[int]) -> tuple[float, float, float]:
        """P(all 0) for bits (0,), P(all 1) for (1,), P(constant) for both, with Wilson's interval."""
        seen = sum(self.constants[bit] for bit in bits)
        return seen / self.counts.total, *wilson(seen, self.counts.total)

    def summary(self) -> dict[str, Any]:
        """A row of the table of priors."""
        entropy, error = self.entropy()
        complexity = self.mean_complexity()
        both = {"mean K_LZ": complexity[0], "± K_LZ": NORMAL * complexity[1]}
        row: dict[str, Any] = {
            "samples": self.counts.total,
            "distinct functions": self.counts.distinct,
            "seen once": self.counts.singletons,
        }
        for name, bits in (("P(all 0)", (0,)), ("P(all 1)", (1,))):
            estimate, low, high = self.share(bits)
            row |= {name: estimate, f"{name} low": low, f"{name} high": high}
        return {**row, "mean entropy": entropy, "± entropy": NORMAL * error, **both}

    def ranks(self) -> pd.DataFrame:
        """Probability by rank, about RANKS_A_DECADE ranks a decade, with the guide 1 / (ln(2^points) rank)."""
        counts = np.sort(self.counts.counts)[::-1]
        places = np.unique(np.geomspace(1, len(counts), int(RANKS_A_DECADE * np.log10(len(counts))) + 2).astype(int))
        places = places[counts[places - 1] > 1]  # among functions that were seen once, the order is none
        intervals = [wilson(float(counts[place - 1]), self.counts.total) for place in places]
        return pd.DataFrame(
            {
                "rank": places,
                "count": counts[places - 1],
                "probability": counts[places - 1] / self.counts.total,
                "low": [low for low, _ in intervals],
                "high": [high for _, high in intervals],
                "Zipf guide": 1 / (self.points * log(2) * places),
            }
        )

    def entropy(self) -> tuple[float, float]:
        """Mean over samples of the entropy of a function's share of ones, in bits, and its standard error."""
        share = self.ones / self.points
        both = np.stack([share, 1 - share])
        entropies = -(both * np.log2(np.where(both > 0, both, 1))).sum(axis=0)
        return _weighted_mean(entropies, self.counts.counts)

    @cached_property
    def drawn(self) -> FunctionCounts:
        """DRAWS of the samples, without replacement."""
        if self.counts.total <= DRAWS:
            return self.counts
        rng = np.random.default_rng(0)
        chosen = np.sort(rng.choice(self.counts.total, DRAWS, replace=False))
        places = np.searchsorted(np.cumsum(self.counts.counts), chosen, side="right")
        kept, counts = np.unique(places, return_counts=True)
        return FunctionCounts(self.counts.words[kept], counts)

    @cached_property
    def _complexities(self) -> np.ndarray:
        return lempel_ziv(unpack(self.drawn.words, self.points).astype(bool))

    def mean_complexity(self) -> tuple[float, float]:
        """Mean K_LZ over samples and its standard error."""
        return _weighted_mean(self._complexities, self.drawn.counts)


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Mean of values that were seen so often, and its standard error."""
    total = weights.sum()
    mean = float((weights * values).sum() / total)
    variance = float((weights * (values - mean) ** 2).sum() / max(total - 1, 1))
    return mean, sqrt(variance / total)


def random_strings(points: int) -> np.ndarray:
    """K_LZ of DRAWS uniform random bit strings."""
    return lempel_ziv(np.random.default_rng(1).integers(0, 2, (DRAWS, points)).astype(bool))


def perceptron_test(prior: PriorTable) -> dict[str, Any]:
    """Chi-square test of P(T = t) = 1 / points for t = 0, ..., points - 1, and simultaneous intervals of the ratio.

    lowest, highest  ends of the intervals (Bonferroni, normal) of P(T = t) points that reach furthest
    """
    if int(prior.ones.max()) >= prior.points:
        raise ValueError("a function with value 1 on all points; expected a perceptron without biases on {0,1}^n")
    seen = np.bincount(prior.ones, weights=prior.counts.counts, minlength=prior.points)[: prior.points]
    if prior.counts.total < 5 * prior.points:
        raise ValueError(f"{prior.counts.total} samples; expected at least {5 * prior.points} for a chi-square test")
    test = stats.chisquare(seen)
    ratio = seen * prior.points / prior.counts.total
    factor = stats.norm.isf(0.025 / prior.points)
    half = factor * np.sqrt((prior.points - 1) / prior.counts.total)  # under the hypothesis
    return {
        "samples": prior.counts.total,
        "chi-square": float(test.statistic),
        "degrees of freedom": prior.points - 1,
        "p": float(test.pvalue),
        "lowest": float(ratio.min() - half),
        "highest": float(ratio.max() + half),
        "ratio furthest from 1": float(ratio[np.abs(ratio - 1).argmax()]),
    }


def holm(p: np.ndarray) -> np.ndarray:
    """The p values after Holm's correction."""
    order = np.argsort(p)
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty(len(p))
    result[order] = np.minimum(adjusted, 1)
    return result


def zipf_slope(counts: FunctionCounts, first: int = 10, least: int = OFTEN_ENOUGH) -> tuple[float, float, float]:
    """Slope of log P on log rank with its bootstrap interval; nan if it has less than LEAST_FUNCTIONS ranks.

    first  rank that it begins with; the constant functions are far above the line
    least  count of the last function

    In simulations of a Zipf law the interval covered the slope in 88 to 96 of 100 samples.
    """
    ranked = np.sort(counts.counts)[::-1]
    last = int((ranked >= least).sum())
    if last - first + 1 < LEAST_FUNCTIONS:
        return np.nan, np.nan, np.nan
    places = np.log(np.arange(first, last + 1))
    slope = float(np.polyfit(places, np.log(ranked[first - 1 : last]), 1)[0])
    rng, near = np.random.default_rng(2), ranked[: 2 * last]  # a function of lower rank may come in
    resampled = -np.sort(-rng.poisson(near, (RESAMPLES, len(near))), axis=1)[:, first - 1 : last]
    slopes = np.polyfit(places, np.log(np.maximum(resampled, 1)).T, 1)[0]
    low, high = np.quantile(slopes, [0.025, 0.975])
    return slope, 2 * slope - float(high), 2 * slope - float(low)


def distinct_in(parts: Sequence[FunctionCounts]) -> tuple[float, float, float]:
    """Mean number of distinct functions of equally large parts, with the 95 % prediction interval of another one.

    The interval is nan with less than 3 parts.
    """
    values = np.array([part.distinct for part in parts], float)
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
        often = prior.counts.seen(OFTEN)
        if often.distinct < LEAST_FUNCTIONS:
            continue
        complexity = lempel_ziv(unpack(often.words, prior.points).astype(bool))
        strings = random_strings(prior.points)
        probability = often.counts / prior.counts.total
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
    if ours is None:
        raise ValueError("no complexities; expected those of metrics.complexity")
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
