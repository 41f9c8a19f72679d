"""What is kept of the counts of a prior: exact, and small however many functions were seen.

The counts of all jobs are added up by `combined` in memory of a bounded size, and each prior becomes a `PriorTable`.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..analysis.intervals import NORMAL, wilson
from ..metrics.complexity import lempel_ziv
from .function_counts import WORD, FunctionCounter, FunctionCounts, unpack

DRAWS = 10_000
"""Samples of a prior, without replacement, whose complexity is computed."""

OFTEN = 10
"""Least count of a function that is kept: its probability is set against its complexity."""

IN_MEMORY = 2_000_000
"""Functions in memory while the counts of all jobs are added up: 32 bytes each, and some copies."""

RANKS_A_DECADE = 10


@dataclass(frozen=True)
class PriorTable:
    """The counts of one prior, with what is reported of it.

    points     length of a function's bit string
    ones       (points + 1,) how often a function with 0, 1, ..., points ones was seen
    times      (k,) the counts that occur, increasing
    functions  (k,) how many functions were seen so often
    often      the functions that were seen at least OFTEN times
    drawn      DRAWS of the samples, without replacement
    jobs       samples and distinct functions of each job
    """

    points: int
    ones: np.ndarray
    times: np.ndarray
    functions: np.ndarray
    often: FunctionCounts
    drawn: FunctionCounts
    jobs: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        """Number of samples."""
        return int(self.ones.sum())

    @property
    def distinct(self) -> int:
        """Number of different functions."""
        return int(self.functions.sum())

    @property
    def singletons(self) -> int:
        """Number of functions that were seen once."""
        return int(self.functions[self.times == 1].sum())

    def seen(self, at_least: int) -> int:
        """Number of functions that were seen at least so often."""
        return int(self.functions[self.times >= at_least].sum())

    def most_frequent(self, number: int) -> np.ndarray:
        """The counts of so many functions, the most frequent first; of all functions if there are fewer."""
        up_to = np.minimum(np.cumsum(self.functions[::-1]), number)
        return np.repeat(self.times[::-1], np.diff(up_to, prepend=0))

    def share(self, bits: Sequence[int]) -> tuple[float, float, float]:
        """P(all 0) for bits (0,), P(all 1) for (1,), P(constant) for both, with Wilson's interval."""
        seen = sum(int(self.ones[bit * self.points]) for bit in bits)
        return seen / self.total, *wilson(seen, self.total)

    def summary(self) -> dict[str, Any]:
        """A row of the table of priors."""
        entropy, error = self.entropy()
        complexity = self.mean_complexity()
        both = {"mean K_LZ": complexity[0], "± K_LZ": NORMAL * complexity[1]}
        row: dict[str, Any] = {
            "samples": self.total,
            "distinct functions": self.distinct,
            "seen once": self.singletons,
        }
        for name, bits in (("P(all 0)", (0,)), ("P(all 1)", (1,))):
            estimate, low, high = self.share(bits)
            row |= {name: estimate, f"{name} low": low, f"{name} high": high}
        return {**row, "mean entropy": entropy, "± entropy": NORMAL * error, **both}

    def ranks(self) -> pd.DataFrame:
        """Probability by rank, about RANKS_A_DECADE ranks a decade, with the guide 1 / (ln(2^points) rank)."""
        last = np.cumsum(self.functions[::-1])  # the last rank of each count, the largest count first
        places = np.unique(np.geomspace(1, last[-1], int(RANKS_A_DECADE * np.log10(last[-1])) + 2).astype(int))
        counts = self.times[::-1][np.searchsorted(last, places)]
        places, counts = places[counts > 1], counts[counts > 1]  # among functions seen once, the order is none
        intervals = [wilson(float(count), self.total) for count in counts]
        return pd.DataFrame(
            {
                "rank": places,
                "count": counts,
                "probability": counts / self.total,
                "low": [low for low, _ in intervals],
                "high": [high for _, high in intervals],
                "Zipf guide": 1 / (self.points * log(2) * places),
            }
        )

    def entropy(self) -> tuple[float, float]:
        """Mean over samples of the entropy of a function's share of ones, in bits, and its standard error."""
        share = np.arange(self.points + 1) / self.points
        both = np.stack([share, 1 - share])
        entropies = -(both * np.log2(np.where(both > 0, both, 1))).sum(axis=0)
        return _weighted_mean(entropies, self.ones)

    def mean_complexity(self) -> tuple[float, float]:
        """Mean K_LZ of the drawn samples and its standard error."""
        return _weighted_mean(self._complexities, self.drawn.counts)

    @cached_property
    def _complexities(self) -> np.ndarray:
        return lempel_ziv(unpack(self.drawn.words, self.points).astype(bool))

    def rows(self, source: str) -> pd.DataFrame:
        """The table as rows; `from_rows` reads them."""
        parts = [
            _functions("often", self.often),
            _functions("drawn", self.drawn),
            pd.DataFrame({"part": "ones", "value": np.arange(self.points + 1), "count": self.ones}),
            pd.DataFrame({"part": "times", "value": self.times, "count": self.functions}),
            pd.DataFrame(self.jobs, columns=["value", "count"]).assign(part="jobs"),
        ]
        filled = [part.reindex(columns=list(COLUMNS[1:]), fill_value=0).astype(COLUMN_TYPES) for part in parts]
        return pd.concat(filled, ignore_index=True).assign(source=source).reindex(columns=list(COLUMNS))

    @classmethod
    def from_rows(cls, rows: pd.DataFrame) -> PriorTable:
        """The table of one source."""
        parts: dict[str, pd.DataFrame] = dict.fromkeys(("often", "jobs"), rows.iloc[:0])
        parts.update({str(name): part for name, part in rows.groupby("part")})
        ones = parts["ones"]["count"].to_numpy()
        points = len(ones) - 1
        often, drawn = (_counts(parts[name], points) for name in ("often", "drawn"))
        times, jobs = parts["times"], parts["jobs"]
        pairs = tuple(
            (int(samples), int(distinct)) for samples, distinct in zip(jobs["value"], jobs["count"], strict=True)
        )
        return cls(points, ones, times["value"].to_numpy(), times["count"].to_numpy(), often, drawn, pairs)


COLUMN_TYPES = {"part": str, "word 0": np.uint64, "word 1": np.uint64, "value": np.int64, "count": np.int64}
COLUMNS = ("source", *COLUMN_TYPES)


def table_of(parts: Iterable[FunctionCounts], points: int, total: int) -> PriorTable:
    """The table of counts that come in parts without a common function; total: their number of samples."""
    builder = _Builder(points, total)
    for part in parts:
        builder.add(part)
    return builder.table(())


def combined(tables: Iterator[pd.DataFrame], points: Mapping[str, int]) -> pd.DataFrame:
    """The counts of all jobs added up, as the rows of a `PriorTable` for each source.

    tables  a job each, with the columns source, word 0, word 1 and count
    points  of each source

    All priors share one counter, with the source as a further word, so that the order of the jobs is free.
    """
    sources, totals = list(points), Counter[str]()
    jobs: dict[str, list[tuple[int, int]]] = {source: [] for source in points}
    with tempfile.TemporaryDirectory() as folder:
        counter = FunctionCounter(Path(folder), limit=IN_MEMORY)
        for table in tables:
            for source, rows in table.groupby("source", observed=True):
                name, words = str(source), rows[["word 0", "word 1"]].to_numpy(np.uint64)
                counts = rows["count"].to_numpy()
                code = np.full((len(words), 1), sources.index(name), np.uint64)
                counter.add_counts(FunctionCounts(np.hstack([code, words]), counts))
                totals[name] += int(counts.sum())
                jobs[name].append((int(counts.sum()), len(counts)))
        builders = {source: _Builder(points[source], totals[source]) for source in sources if totals[source]}
        for part in counter.parts():
            for code in np.unique(part.words[:, 0]):
                own, source = part.words[:, 0] == code, sources[int(code)]
                words = part.words[own, 1 : 2 + (points[source] > WORD)]
                builders[source].add(FunctionCounts(words, part.counts[own]))
    found = [builder.table(tuple(jobs[source])).rows(source) for source, builder in builders.items()]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(COLUMNS))


class _Builder:
    """A table from parts of the counts, one after another."""

    def __init__(self, points: int, total: int) -> None:
        self.points = points
        self.ones = np.zeros(points + 1, np.int64)
        self.times: Counter[int] = Counter()
        self.often: list[FunctionCounts] = []
        self.drawn: list[FunctionCounts] = []
        draws = np.arange(total) if total <= DRAWS else np.random.default_rng(0).choice(total, DRAWS, replace=False)
        self.places = np.sort(draws)  # of the samples to draw, in the order in which they come
        self.before = 0

    def add(self, part: FunctionCounts) -> None:
        """Add counts of functions that no other part has."""
        ones = np.bitwise_count(part.words).sum(axis=1)
        self.ones += np.bincount(ones, part.counts, self.points + 1).astype(np.int64)
        self.times.update(dict(zip(*(one.tolist() for one in np.unique(part.counts, return_counts=True)), strict=True)))
        self.often.append(part.seen(OFTEN))
        ends = self.before + np.cumsum(part.counts)
        chosen = self.places[(self.places >= self.before) & (self.places < ends[-1])]
        kept, counts = np.unique(np.searchsorted(ends, chosen, side="right"), return_counts=True)
        self.drawn.append(FunctionCounts(part.words[kept], counts))
        self.before = int(ends[-1])

    def table(self, jobs: tuple[tuple[int, int], ...]) -> PriorTable:
        """The table of all parts."""
        times, functions = np.array(sorted(self.times.items()), np.int64).T
        often, drawn = (
            FunctionCounts(
                np.concatenate([part.words for part in parts]), np.concatenate([part.counts for part in parts])
            )
            for parts in (self.often, self.drawn)
        )
        return PriorTable(self.points, self.ones, times, functions, often, drawn, jobs)


def _functions(part: str, counts: FunctionCounts) -> pd.DataFrame:
    words = np.pad(counts.words, ((0, 0), (0, 2 - counts.words.shape[1])))
    return pd.DataFrame({"part": part, "word 0": words[:, 0], "word 1": words[:, 1], "count": counts.counts})


def _counts(rows: pd.DataFrame, points: int) -> FunctionCounts:
    words = rows[["word 0", "word 1"]].to_numpy(np.uint64)
    return FunctionCounts(words[:, : 1 + (points > WORD)], rows["count"].to_numpy(np.int64))


def _weighted_mean(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Mean of values that were seen so often, and its standard error."""
    total = weights.sum()
    mean = float((weights * values).sum() / total)
    variance = float((weights * (values - mean) ** 2).sum() / max(total - 1, 1))
    return mean, sqrt(variance / total)
