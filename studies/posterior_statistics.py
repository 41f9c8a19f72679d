"""Analysis of the study `posterior`: distances between samples of functions given S, and the verdicts.

The thresholds were set before the first run. MARGIN: a source samples as the prior given S if the excess of total
variation over the permutation null, averaged over the training sets, is below it, and does not if it is above it.
CORRELATION: it ranks functions as the prior does if Spearman's correlation is above it: half of the variance of ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..analysis.intervals import NORMAL, wilson
from ..metrics.distribution_distance import (
    Statistic,
    against_null,
    common_bins,
    entropy_bits,
    entropy_difference,
    jensen_shannon,
    log_slope,
    rank_correlation,
    seen_in_both,
    top_share_difference,
    total_variation,
)
from ..runs.seeds import generator
from .base import Findings, Published
from .boolean_problems import (
    TARGETS,
    TrainingSet,
    all_points,
    apportioned,
    averaged_weights,
    effective_counts,
    mean_of,
    on_common_values,
    posterior,
)
from .claims import Claim, Normal, decide
from .function_counts import FunctionCounts, count, merge, unpack

MARGIN = 0.05
CORRELATION = 0.7

DISTANCES: dict[str, Statistic] = {"total variation": total_variation, "Jensen-Shannon (bits)": jensen_shannon}
"""Of counts in common bins."""

OTHERS: dict[str, Statistic] = {
    "rank correlation": rank_correlation,
    "top-1 mass": top_share_difference,
    "entropy (bits)": entropy_difference,
}
"""Of the prior given S and the source; top-1 mass and entropy are differences, the source minus the prior."""

FEW = "SGD, as many as forests"
"""A subsample of the networks: with more samples there are more bins, and the distance is larger."""

HALVES = "prior, other half"
"""The control: one half of the prior samples against the other."""


def findings(
    rows: pd.DataFrame, problems: Mapping[str, TrainingSet], recipes: Sequence[str], averaged: Sequence[str]
) -> Findings:
    """Tables, verdicts and published figures of the study."""
    jobs = [_counts(pd.DataFrame(own)) for _, own in rows.loc[rows["source"] == "prior"].groupby("job")]
    prior = merge(jobs)
    compared, functions, seen = [], [], []
    for name, given in problems.items():
        accepted = posterior(prior, given)
        own: pd.DataFrame = rows.loc[(rows["problem"] == name) & (rows["source"] != "prior")]
        # An odd and an even half of the jobs are independent samples of one distribution: their excess is 0.
        halves = [posterior(merge(jobs[start::2]), given, enough=1) for start in (0, 1)] if len(jobs) > 1 else []
        seen.append(_accepted(name, given, prior, accepted))
        pairs = {HALVES: (halves[0], halves[1])} if halves else {}
        for source in own["source"].unique().tolist():
            part: pd.DataFrame = own.loc[own["source"] == source]
            row = {"source": source, "problem": name, **_fit(part)}
            # A forest that is wrong on S counts with what it is; a network that did not get there has no first fit.
            kept = part if source == "forest" else part.loc[part["fitted"]]
            if kept.empty:
                compared.append(row)
            else:
                pairs[str(source)] = (accepted, _counts(kept))
                compared.append({**row, **_compare(name, str(source), *pairs[str(source)], given)})
                functions.append(_scatter(name, str(source), *pairs[str(source)]))
        if {"SGD", "forest"} <= set(pairs):
            few = _subsample(pairs["SGD"][1], pairs["forest"][1].total, name)
            compared.append({"source": FEW, "problem": name, **_compare(name, FEW, accepted, few, given)})
        if halves:
            compared.append({"source": HALVES, "problem": name, **_compare(name, HALVES, *pairs[HALVES], given)})
    table = pd.DataFrame(compared)
    average = pd.DataFrame(_average_rows(rows, prior, averaged))
    summary = _summary(table, average)
    claims = _claims(summary, recipes, averaged)
    tables = {
        "Distance from the prior given S": summary,
        "Training sets": pd.DataFrame(seen),
        "Each training set": table,
        "Average over S": average,
        "Probabilities of functions": pd.concat(functions, ignore_index=True),
    }
    return Findings(tables, tuple(decide(claims)), _published(summary))


def _counts(rows: pd.DataFrame) -> FunctionCounts:
    words = rows["word"].to_numpy(np.uint64)[:, None]
    return merge([FunctionCounts(words, rows["count"].to_numpy(np.int64))])


def _subsample(counts: FunctionCounts, size: int, problem: str) -> FunctionCounts:
    """Some of the samples, without replacement."""
    rng = generator(study="posterior", part="subsample", problem=problem)
    chosen = rng.multivariate_hypergeometric(counts.counts, min(size, counts.total), method="marginals")
    return FunctionCounts(counts.words[chosen > 0], chosen[chosen > 0])


def _accepted(name: str, given: TrainingSet, prior: FunctionCounts, accepted: FunctionCounts) -> dict[str, Any]:
    """A row of the table of training sets: how many prior samples are right, and what they are."""
    low, high = wilson(accepted.total, prior.total)
    return {
        "problem": name,
        "points": len(given.rows),
        "ones": sum(given.labels),
        "P(S)": accepted.total / prior.total,
        "low": low,
        "high": high,
        "accepted": accepted.total,
        "functions": accepted.distinct,
        "top-1 mass": float(accepted.counts.max() / accepted.total),
        "entropy (bits)": float(entropy_bits(accepted.counts)),
        "error outside S": _error(accepted, given),
    }


def _error(counts: FunctionCounts, given: TrainingSet) -> float:
    """Mean share of wrong values on the points outside S."""
    others = np.setdiff1d(np.arange(2**given.inputs), given.rows)
    wrong = (unpack(counts.words, 2**given.inputs) != np.array(given.target, np.uint8))[:, others].mean(axis=1)
    return float((wrong * counts.counts).sum() / counts.total)


def _fit(part: pd.DataFrame) -> dict[str, Any]:
    """How many of a source are right on S, and after how many steps."""
    counts, steps = part["count"].to_numpy(), float(part["steps"].to_numpy(float).sum())
    right = int(counts[part["fitted"].to_numpy()].sum())
    return {
        "samples": int(counts.sum()),
        "not right on S": int(counts.sum()) - right,
        "mean steps": steps / right if right and steps else float("nan"),
    }


def _compare(
    problem: str, source: str, first: FunctionCounts, second: FunctionCounts, given: TrainingSet | None = None
) -> dict[str, Any]:
    """All statistics of a source against the prior given S, with excess and standard error."""
    _, prior, own = on_common_values(first, second)
    row: dict[str, Any] = {"functions": second.distinct}
    if given is not None:
        row["error outside S"] = _error(second, given)
    rng = generator(study="posterior", part="resampling", problem=problem, source=source)
    results = against_null(*common_bins(prior, own), DISTANCES, rng) | against_null(prior, own, OTHERS, rng)
    for name, result in results.items():
        row |= {name: result.observed, f"{name} null": result.null, f"{name} excess": result.excess}
        row |= {f"{name} error": result.standard_error, f"{name} p": result.p}
    both = float(total_variation(*seen_in_both(prior, own)))
    return row | {"slope": log_slope(prior, own), "total variation, seen ten times in both": both}


def _scatter(problem: str, source: str, first: FunctionCounts, second: FunctionCounts) -> pd.DataFrame:
    """Probabilities of the functions seen ten times in both, for figures."""
    words, prior, own = on_common_values(first, second)
    often = (prior >= 10) & (own >= 10)  # noqa: PLR2004 -- as in metrics.distribution_distance
    return pd.DataFrame(
        {
            "problem": problem,
            "source": source,
            "function": [f"{word:016b}" for word in (words[often, 0] >> np.uint64(48)).tolist()],
            "prior given S": prior[often] / prior.sum(),
            "of the source": own[often] / own.sum(),
        }
    )


def _average_rows(rows: pd.DataFrame, prior: FunctionCounts, averaged: Sequence[str]) -> list[dict[str, Any]]:
    """The second estimand: both sides averaged over S, each S weighted by P(S).

    Prior samples have the weights of `averaged_weights`; a network that was trained on its own S has the weight P(S),
    known from the same prior samples. Counts are scaled to the effective sample size of each side.
    """
    found: list[dict[str, Any]] = []
    for target, function in TARGETS.items():
        name = f"{target}, average"
        bits = tuple(int(value) for value in function(all_points(4)))
        weights = averaged_weights(prior.words, bits, len(bits) // 2)
        first = FunctionCounts(prior.words, effective_counts(weights, prior.counts))
        for source in averaged:
            own: pd.DataFrame = rows.loc[(rows["problem"] == name) & (rows["source"] == source)]
            if own.empty:
                continue
            fitted: pd.DataFrame = own.loc[own["fitted"]]
            share = _share_right(prior, fitted["set"].to_numpy(np.uint64), bits)
            words = count(fitted["word"].to_numpy(np.uint64)[:, None])
            place = np.searchsorted(words.words[:, 0], fitted["word"].to_numpy(np.uint64))
            size = effective_counts(share, what="networks").sum()  # refuses a small effective sample size
            total = np.bincount(place, share, len(words.counts))
            second = FunctionCounts(words.words, apportioned(total, size))
            found.append(
                {
                    "source": source,
                    "problem": name,
                    "effective prior samples": int(first.counts.sum()),
                    "effective networks": int(size),
                    "not right on S": len(own) - len(fitted),
                    **_compare(name, source, first, second),
                }
            )
    return found


def _share_right(prior: FunctionCounts, sets: np.ndarray, target: tuple[int, ...]) -> np.ndarray:
    """P(S) of each set of points, given as a mask in the first bits of a word, (sets,)."""
    wrong = prior.words[:, 0] ^ np.packbits(np.array(target, bool)).view(">u2").astype(np.uint64)[0] << np.uint64(48)
    patterns, where = np.unique(wrong, return_inverse=True)
    weights = np.bincount(where.reshape(-1), prior.counts) / prior.total
    distinct, own = np.unique(sets, return_inverse=True)
    shares = np.array([weights[(patterns & one) == 0].sum() for one in distinct])
    return shares[own.reshape(-1)]


def _summary(table: pd.DataFrame, average: pd.DataFrame) -> pd.DataFrame:
    """Means of each source over the training sets, which are fixed."""
    rows: list[dict[str, Any]] = []
    for frame, estimand in ((table, "fixed S"), (average, "average over S")):
        if frame.empty:
            continue
        for source, own in frame.groupby("source", sort=False):
            row: dict[str, Any] = {"source": source, "estimand": estimand}
            for name in (*DISTANCES, *OTHERS):
                values = own[name if name == "rank correlation" else f"{name} excess"].to_numpy(float)
                kept = np.isfinite(values)
                mean, error = mean_of(values[kept], own[f"{name} error"].to_numpy(float)[kept])
                row |= {name: mean, f"± {name}": NORMAL * error}
            others = ["total variation null", "slope", "error outside S", "not right on S"]
            rows.append(row | {name: _mean(own[name].to_numpy(float)) for name in others if name in own})
    return pd.DataFrame(rows)


def _mean(values: np.ndarray) -> float:
    """Mean of the values that are not nan; nan if there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _claims(summary: pd.DataFrame, recipes: Sequence[str], averaged: Sequence[str]) -> list[Claim]:
    fixed = summary[summary["estimand"] == "fixed S"].set_index("source")
    mean = summary[summary["estimand"] == "average over S"].set_index("source")
    detail = "excess of total variation over the permutation null, mean over the fixed training sets"

    weighted = "the same, S weighted by P(S), mean over the targets"

    def distance(table: pd.DataFrame, source: str, name: str = "total variation") -> Normal:
        row = table.loc[source]
        return Normal(float(row[name]), float(row[f"± {name}"]) / NORMAL)

    def same(source: str, table: pd.DataFrame, words: str, how: str) -> Claim:
        return Claim(words, distance(table, source), "below", how, MARGIN, holds="equivalent")

    claims = [same(one, fixed, f"{one} samples functions as the prior given S does", detail) for one in recipes]
    claims += [
        same(one, mean, f"{one} samples functions as the prior given S does, on average over S", weighted)
        for one in averaged
        if one in mean.index
    ]
    ranks = "Spearman's correlation over functions seen ten times in both, mean over the training sets"
    for one in recipes:
        statement = f"{one} ranks functions as the prior given S does"
        claims.append(Claim(statement, distance(fixed, one, "rank correlation"), "above", ranks, CORRELATION))
    words = "the NNGP with a regression likelihood samples functions as the prior given S does"
    claims.append(same("NNGP regression", fixed, words, detail))
    claims.extend(
        Claim(
            f"{one} does not sample functions as the prior given S does", distance(fixed, one), "above", detail, MARGIN
        )
        for one in ("forest", "boosting")
    )
    forest, sgd = distance(fixed, "forest"), distance(fixed, FEW)
    difference = Normal(forest.value - sgd.value, float(np.hypot(forest.error, sgd.error)))
    words, how = (
        "the forest is further from the prior given S than SGD is",
        "difference of the two excesses, as many networks as forests",
    )
    claims.append(Claim(words, difference, "above", how))
    return claims


def _published(summary: pd.DataFrame) -> tuple[Published, ...]:
    own = summary[(summary["estimand"] == "fixed S") & (summary["source"] == "SGD")].iloc[0]
    ours = (
        f"SGD: rank correlation {own['rank correlation']:.2f}, excess of total variation {own['total variation']:.2f}"
    )
    return (
        Published(
            "P_SGD(f|S) against P_B(f|S)",
            "Mingard et al., JMLR 22(79), 2021 (abstract)",
            "the two correlate remarkably well",
            ours,
            None,
            "only the abstract was at hand, and it gives no figure of the correlation",
        ),
    )
