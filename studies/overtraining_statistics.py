"""Analysis of the study `overtraining`: paired changes of networks between their first fit and later ages.

Functions are binned by independent prior samples given S. Bins made from the frequencies at the first fit would show
regression to the mean. *Unlikely* are the least likely functions, which together have at most a quarter of the
posterior mass, with those never seen; *likely* the most likely ones, which together have at least a quarter. Where
functions that were never seen have a quarter of the mass themselves, that is not identified. The thresholds were set
before the first run: 0 for changes, MARGIN for the total variation between ages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..analysis.intervals import NORMAL
from ..metrics.distribution_distance import RESAMPLES, common_values, entropy_bits, total_variation
from ..runs.seeds import generator
from .base import Findings, Published
from .boolean_problems import ENOUGH, TrainingSet, mean_of
from .claims import Claim, Normal, decide
from .function_counts import FunctionCounts, merge

MARGIN = 0.05
QUARTER = 0.25

NEAR_RELATIVE, NEAR_DEVIATIONS = 0.001, 0.02
"""Near the boundary: within a thousandth of the norm of the parameters, or within 0.02 standard deviations of one. A
first quick run had ten times as much, and nearly all networks were near at every width."""

CHANGES = {
    "unlikely": "share of unlikely functions",
    "likely": "share of likely functions",
    "entropy": "entropy (bits)",
    "drift": "total variation from age 0 (excess)",
    "margin": "log10 of the normalised margin over that at age 0",
    "changed": "share that changed function",
}


@dataclass(frozen=True)
class Ages:
    """The networks of one source and problem that reached zero error, at all ages.

    functions  (ages, networks) index of each network's function among `words`
    margins    (ages, networks)
    """

    ages: tuple[int, ...]
    words: np.ndarray
    functions: np.ndarray
    margins: np.ndarray
    reached: np.ndarray
    given_up: int


def networks_by_age(rows: pd.DataFrame, columns: Sequence[str]) -> Ages:
    """Pair the rows of one source and problem by network."""
    ages = tuple(sorted(rows["age"].astype(int).unique()))
    parts = [rows.loc[rows["age"] == age].sort_values("number") for age in ages]
    if any(len(part) != len(parts[0]) or (part["number"].to_numpy() != parts[0]["number"]).any() for part in parts):
        raise ValueError("networks without rows at some ages; expected every network at all ages")
    fitted = (parts[0]["reached"] >= 0).to_numpy()
    if fitted.sum() < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{fitted.sum()} networks reached zero training error; expected at least 2")
    values = np.concatenate([part.loc[fitted, list(columns)].to_numpy(np.uint64) for part in parts])
    words, where = np.unique(values, axis=0, return_inverse=True)
    margins = np.stack([part.loc[fitted, "margin"].to_numpy(float) for part in parts])
    reached = parts[0].loc[fitted, "reached"].to_numpy(float)
    return Ages(ages, words, where.reshape(len(ages), -1), margins, reached, int((~fitted).sum()))


def mass_quantile(prior: FunctionCounts, words: np.ndarray) -> np.ndarray:
    """Posterior mass of the functions that are at most as likely, (functions,); 0 for functions that were never seen.

    prior  counts of samples that are right on S
    """
    counts = np.sort(prior.counts)
    mass = np.concatenate([[0], np.cumsum(counts)]) / prior.total
    index = {tuple(row): count for row, count in zip(prior.words.tolist(), prior.counts.tolist(), strict=True)}
    own = np.array([index.get(tuple(row), 0) for row in words.tolist()])
    return mass[np.searchsorted(counts, own, side="right")]


def findings(
    rows: pd.DataFrame, problems: Mapping[str, TrainingSet], sources: Sequence[str], words: Mapping[int, int]
) -> Findings:
    """Tables, verdicts and published figures of the study; words: of a function, for each number of inputs."""
    smallest = min(given.inputs for given in problems.values())
    sets, changes = [], []
    for name, given in problems.items():
        columns = [f"word {place}" for place in range(words[given.inputs])]
        prior, seen = _prior(rows.loc[rows["problem"] == name], columns)
        sets.append({"problem": name, "points": len(given.rows), **seen})
        if given.inputs == smallest and seen["accepted"] < ENOUGH:
            raise ValueError(
                f"{name}: {seen['accepted']} of {seen['samples']:,} prior samples are right on S; expected {ENOUGH}: "
                f"about {seen['samples'] * ENOUGH // max(seen['accepted'], 1):,} would do"
            )
        for source in sources:
            own = networks_by_age(rows.loc[(rows["problem"] == name) & (rows["source"] == source)], columns)
            place = {"source": source, "problem": name, "inputs": given.inputs}
            changes += [{**place, **row} for row in _changes(own, prior, name, source)]
    table = pd.DataFrame(changes)
    small: pd.DataFrame = table.loc[table["inputs"] == smallest]
    summary = _summary(small)
    volume = _volume(rows.loc[rows["source"] == "volume"])
    tables = {
        "Change after zero training error": summary,
        "Volume near the boundary": volume,
        "Training sets": pd.DataFrame(sets),
        "Each training set": table,
    }
    return Findings(
        tables, tuple(decide([*_claims(summary, small, sources), *_volume_claims(volume)])), _published(summary)
    )


def _prior(rows: pd.DataFrame, columns: Sequence[str]) -> tuple[FunctionCounts | None, dict[str, Any]]:
    """The prior given S, or None where it is not identified, and a row of the table of training sets."""
    own: pd.DataFrame = rows.loc[rows["source"] == "prior"]
    total = int(rows.loc[rows["source"] == "samples", "count"].sum())
    prior = merge([FunctionCounts(own[list(columns)].to_numpy(np.uint64), own["count"].to_numpy(np.int64))])
    unseen = prior.singletons / max(prior.total, 1)  # Good and Turing
    known = prior.total >= ENOUGH and unseen < QUARTER
    row = {
        "samples": total,
        "accepted": prior.total,
        "P(S)": prior.total / total,
        "functions": prior.distinct,
        "mass of functions never seen": unseen,
        "identified": "yes" if known else "not identified",
    }
    return (prior if known else None), row


def _changes(own: Ages, prior: FunctionCounts | None, problem: str, source: str) -> list[dict[str, Any]]:
    """A row an age: values, changes since age 0, and their standard errors over networks."""
    count, functions = own.functions.shape[1], len(own.words)
    shares = np.full((2, *own.functions.shape), np.nan)
    if prior is not None:
        quantile = mass_quantile(prior, own.words)[own.functions]
        shares = np.stack([quantile <= QUARTER, quantile > 1 - QUARTER]).astype(float)
    frequencies = np.stack([np.bincount(row, minlength=functions) for row in own.functions])
    surprise = -np.log2(np.take_along_axis(frequencies, own.functions, axis=1) / count)
    entropies = entropy_bits(frequencies)
    rng = generator(study="overtraining", part="resampling", problem=problem, source=source)
    rows: list[dict[str, Any]] = []
    for place, age in enumerate(own.ages):
        changed = own.functions[place] != own.functions[0]
        drift = _drift(own.functions[0], own.functions[place], functions, rng) if place else (0.0, 0.0, 0.0)
        pairs = {
            "unlikely": _mean(shares[0, place] - shares[0, 0]),
            "likely": _mean(shares[1, place] - shares[1, 0]),
            # The entropy is a mean of surprises; frequencies that are estimated add nothing to first order.
            "entropy": (float(entropies[place] - entropies[0]), _mean(surprise[place] - surprise[0])[1]),
            "drift": drift[:2],
            "margin": _mean(np.log10(own.margins[place] / own.margins[0])),
            "changed": _mean(changed.astype(float)),
        }
        row = {
            "age": age,
            "networks": count,
            "given up": own.given_up,
            "median steps to zero error": float(np.median(own.reached)),
            "unlikely at this age": float(shares[0, place].mean()),
            "likely at this age": float(shares[1, place].mean()),
            "entropy at this age (bits)": float(entropies[place]),
            "functions": int((frequencies[place] > 0).sum()),
            "drift null": drift[2],
        }
        for name, (mean, error) in pairs.items():
            row |= {name: mean, f"{name} error": error}
        rows.append(row)
    return rows


def _drift(
    first: np.ndarray, second: np.ndarray, functions: int, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Excess of total variation between two ages, its standard error, and the mean of the null.

    Null: the two ages of each network are swapped at random. Standard error: bootstrap over networks.
    """
    own = common_values(np.bincount(first, minlength=functions), np.bincount(second, minlength=functions))
    kept = int(own.sum()) + 1
    places = np.where(own, np.cumsum(own) - 1, kept - 1)
    pairs = np.stack([places[first], places[second]])
    count = len(first)

    def distance(chosen: np.ndarray) -> float:
        both = [np.bincount(one, minlength=kept) for one in chosen]
        return float(total_variation(*both))

    swapped, drawn = [], []
    for _ in range(RESAMPLES):
        swap = rng.random(count) < 0.5  # noqa: PLR2004
        swapped.append(distance(np.where(swap, pairs[::-1], pairs)))
        drawn.append(distance(pairs[:, rng.integers(count, size=count)]))
    null = float(np.mean(swapped))
    return distance(pairs) - null, float(np.std(drawn)), null


def _mean(values: np.ndarray) -> tuple[float, float]:
    """Mean over networks and its standard error; nan stays nan."""
    return float(values.mean()), float(values.std(ddof=1) / sqrt(len(values)))


def _summary(table: pd.DataFrame) -> pd.DataFrame:
    """Means over the training sets, which are fixed, by source and age, with half widths of 95 % intervals.

    Shares of unlikely and likely functions: over the training sets where these are identified.
    """
    rows: list[dict[str, Any]] = []
    for source, age in table[["source", "age"]].drop_duplicates().to_numpy().tolist():
        own: pd.DataFrame = table.loc[(table["source"] == source) & (table["age"] == age)]
        row: dict[str, Any] = {"source": source, "age": age}
        for name, words in CHANGES.items():
            kept: pd.DataFrame = own.loc[own[name].notna()]
            mean, error = mean_of(kept[name].to_numpy(float), kept[f"{name} error"].to_numpy(float))
            row |= {words: mean, f"± {words}": NORMAL * error}
        row["training sets with bins"] = int(own["unlikely"].notna().to_numpy().sum())
        others = ["unlikely at this age", "likely at this age", "entropy at this age (bits)", "given up"]
        rows.append(row | {name: float(own[name].to_numpy(float).mean()) for name in others})
    return pd.DataFrame(rows)


def _volume(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a width: parameters, and the shares of random networks right on S that are near the boundary."""
    found: list[dict[str, Any]] = []
    for wide in sorted(rows["width"].astype(int).unique().tolist()):
        own: pd.DataFrame = rows.loc[rows["width"] == wide]
        distance, relative, margin = (own[name].to_numpy(float) for name in ("distance", "relative", "margin"))
        near = [relative < NEAR_RELATIVE, distance < NEAR_DEVIATIONS]
        shares = [float(one.mean()) for one in near]
        errors = [sqrt(share * (1 - share) / len(own)) for share in shares]
        found.append(
            {
                "width": wide,
                "parameters": 4 * wide + wide + wide * wide + wide + wide + 1,
                "networks right on S": len(own),
                "share within 0.1 % of the norm": shares[0],
                "± share (norm)": NORMAL * errors[0],
                "share within 0.02 standard deviations": shares[1],
                "± share (deviations)": NORMAL * errors[1],
                "median distance (standard deviations)": float(np.median(distance)),
                "median distance (norm)": float(np.median(relative)),
                "median margin": float(np.median(margin)),
            }
        )
    table = pd.DataFrame(found)
    fewest = min(row["networks right on S"] for row in found)
    if len(table) < 2 or fewest < ENOUGH:  # noqa: PLR2004
        raise ValueError(f"{fewest} networks of a width are right on S; expected {ENOUGH}")
    return table


def _claims(summary: pd.DataFrame, table: pd.DataFrame, sources: Sequence[str]) -> list[Claim]:
    """Statements about means over the training sets, with the number of sets that are on the same side."""
    last = summary["age"].max()
    rows = summary[summary["age"] == last].set_index("source")
    detail = f"change from zero training error to {last:,} steps after it, mean over the training sets, paired"
    statements: tuple[tuple[str, str, float, Literal["above", "below"]], ...] = (
        ("unlikely", "functions that are unlikely under random parameters become likelier", 0.0, "above"),
        ("likely", "functions that are likely under random parameters become less likely", 0.0, "below"),
        ("entropy", "the distribution over functions becomes sharper (entropy)", 0.0, "below"),
        ("drift", "the distribution over functions drifts (excess of total variation)", MARGIN, "above"),
        ("margin", "networks move away from the boundary of the zero-error region (log10 of the margin)", 0.0, "above"),
    )
    found: list[Claim] = []
    for source in sources:
        own: pd.DataFrame = table.loc[(table["source"] == source) & (table["age"] == last)]
        for name, statement, threshold, side in statements:
            mean, half = (float(rows.loc[source, f"{sign}{CHANGES[name]}"]) for sign in ("", "± "))
            values = own[name].to_numpy(float)
            values = values[np.isfinite(values)]
            same = int(((values > threshold) == (mean > threshold)).sum())
            how = f"{detail}; {same} of {len(values)} sets are on this side of the threshold"
            found.append(Claim(f"{source}: {statement}", Normal(mean, half / NORMAL), side, how, threshold))
    return found


def _volume_claims(volume: pd.DataFrame) -> list[Claim]:
    small, large = volume.iloc[0], volume.iloc[-1]
    found: list[Claim] = []
    for name, words, short in (
        ("share within 0.1 % of the norm", "within 0.1 % of the norm of the parameters", "± share (norm)"),
        ("share within 0.02 standard deviations", "within 0.02 standard deviations", "± share (deviations)"),
    ):
        error = float(np.hypot(small[short], large[short])) / NORMAL
        statement = f"the share of prior volume given S that is {words} of the boundary grows with dimension"
        how = f"difference between {large['parameters']:,.0f} and {small['parameters']:.0f} parameters"
        found.append(Claim(statement, Normal(float(large[name] - small[name]), error), "above", how))
    return found


def _published(summary: pd.DataFrame) -> tuple[Published, ...]:
    last: pd.DataFrame = summary.loc[summary["age"] == summary["age"].max()]
    first: pd.DataFrame = summary.loc[summary["age"] == 0]
    changed = ", ".join(f"{row[CHANGES['changed']]:.0%} ({row['source']})" for row in last.to_dict("records"))
    entropy = ", ".join(
        f"{before:.1f} to {after:.1f} bits ({source})"
        for source, before, after in zip(
            last["source"], first["entropy at this age (bits)"], last["entropy at this age (bits)"], strict=True
        )
    )
    source, note = (
        "an unpublished study",
        "optimiser, rate, loss, training sets and number of further steps are not on record",
    )
    return (
        Published(
            "networks that change function after zero error, 4-bit task", source, "60 to 98 %", changed, None, note
        ),
        Published(
            "entropy of the distribution over functions, 4-bit task", source, "5.2 to 1.3 bits", entropy, None, note
        ),
    )
