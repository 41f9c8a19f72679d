"""Agreement of measures of complexity on the ranking of Boolean functions.

The measures (metrics/complexity.py) are computed for sets of functions: all 65,536 of four variables, with the length
of their shortest program as one more measure, and samples of seven variables, uniform ones and those of random
networks. The statistic of a set is the median over pairs of measures of Spearman's rank correlation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from ..learners.enumeration import enumerate_programs
from ..learners.language import NUMBER, EvaluationRows
from ..metrics.complexity import all_functions, lempel_ziv, measures, variables
from ..metrics.rank_agreement import Agreement, agreement
from ..runs.seeds import generator
from .base import Decision, Findings, Published, Scale, Study, StudyJob, Verdict

ALL = "n = 4, all functions"
UNIFORM = "n = 7, uniform"
NETWORKS = "n = 7, random networks"
DISTINCT = "n = 7, random networks, distinct functions"

COMPARED = (
    "LZ", "entropy", "sensitivity", "Fourier degree", "high-degree mass", "DNF terms", "program length",
)  # fmt: skip
"""The measures of which the agreement is decided: one convention of Lempel-Ziv, one size of a DNF."""

CONVENTION = "LZ, first bit skipped"

REVERSED = "LZ, variables reversed"
"""The only measure that depends on the order of the variables, with the other order: a function is as complex. What
its correlation with LZ lacks of 1 is noise of the measure, and bounds what agreement can be expected."""

AGREE = 0.5
"""Measures agree if their rank correlation is above it; most pairs do if the median is."""

INTERCHANGEABLE = 0.9
"""Two conventions are interchangeable for rankings if their rank correlation is above it."""

HIDDEN = (40, 40)
"""Hidden layers of the random networks (Valle-Perez, Camargo & Louis 2019)."""

VARIABLES = 7
BLOCK = 10_000
"""Functions of a job."""

SIZES: dict[Scale, int] = {"quick": 10_000, "default": 50_000, "full": 200_000}
CANDIDATES: dict[Scale, int] = {"quick": 2_000_000, "default": 16_000_000, "full": 16_000_000}
"""Programs that are enumerated for the lengths."""

ERROR_LEVEL = 0.05

FIVE = 100_000
"""Functions of five variables for the mean of K_LZ."""

HALF_DIGIT = 0.05

SCAN = "Dingle et al. 2018, scan recomputed"


def functions(name: str, count: int, block: int) -> np.ndarray:
    """Functions of a set, (count, 2^n) bool; all of them for ALL, whatever the count."""
    if name == ALL:
        return all_functions(4)
    rng = generator(study="complexity", set=name, block=block)
    if name == UNIFORM:
        return rng.integers(0, 2, (count, 2**VARIABLES), dtype=np.int8).astype(bool)
    if name == NETWORKS:
        return np.concatenate([network_functions(part, rng) for part in _parts(count, 500)])
    raise ValueError(f"unknown set of functions {name!r}; expected one of {ALL!r}, {UNIFORM!r}, {NETWORKS!r}")


def network_functions(count: int, rng: np.random.Generator) -> np.ndarray:
    """Functions of random ReLU networks (7, 40, 40, 1) on {0, 1}^7, thresholded at 0: (count, 128) bool.

    Weights and biases are uniform, in +-sqrt(6 / fan_in) in the hidden layers and +-sqrt(3 / fan_in) in the last.
    """
    inputs = np.arange(2**VARIABLES)[:, None] >> np.arange(VARIABLES)[::-1] & 1
    values = np.broadcast_to(inputs.astype(np.float32), (count, *inputs.shape))
    for width in (*HIDDEN, 1):
        fan_in = values.shape[2]
        bound = np.sqrt((3 if width == 1 else 6) / fan_in)
        weights = rng.uniform(-bound, bound, (count, fan_in, width)).astype(np.float32)
        biases = rng.uniform(-bound, bound, (count, 1, width)).astype(np.float32)
        values = values @ weights + biases
        if width != 1:
            np.maximum(values, 0, out=values)
    return values[:, :, 0] > 0


def program_lengths(max_candidates: int) -> np.ndarray:
    """Length in bits of the shortest program of every function of four variables, (65,536,), by its index.

    Programs are enumerated by length (learners/language.py), so that those not reached are at least as long as the
    last one: they get its length plus 1, and tie for the longest.
    """
    inputs = np.arange(16)[:, None] >> np.arange(4)[::-1] & 1
    rows = EvaluationRows(inputs.astype(NUMBER), np.zeros(16, NUMBER), 2)
    lengths, last = np.zeros(2**16, dtype=np.int64), 0
    for block in enumerate_programs(rows, 1, 2, max_candidates):
        outputs = np.asarray(block.values, dtype=np.int64)
        index = outputs[((outputs == 0) | (outputs == 1)).all(axis=1)] @ (1 << np.arange(16))
        lengths[index[lengths[index] == 0]] = last = block.bits
    return np.where(lengths == 0, last + 1, lengths)


def measure(settings: Mapping[str, Any]) -> pd.DataFrame:
    """A row for each function of a block: set, function (its table in hexadecimal), and a column for each measure."""
    tables = functions(settings["set"], settings["count"], settings["block"])
    lengths = program_lengths(settings["candidates"]) if settings["candidates"] else None
    names = [packed.tobytes().hex() for packed in np.packbits(tables, axis=1)]
    found = {**measures(tables, lengths), REVERSED: lempel_ziv(variables_reversed(tables))}
    return pd.DataFrame({"set": settings["set"], "function": names, **found})


def variables_reversed(tables: np.ndarray) -> np.ndarray:
    """The tables of the same functions with their variables in reversed order, (functions, 2^n)."""
    count = variables(tables)
    return tables.reshape(-1, *(2,) * count).transpose(0, *range(count, 0, -1)).reshape(tables.shape)


class Complexity(Study):
    """The agreement of measures of complexity."""

    name = "complexity"
    question = "Do measures of complexity agree on the ranking of Boolean functions?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        """The functions of four variables in one job, the samples in blocks."""
        settings: list[dict[str, Any]] = [
            {"set": ALL, "count": 2**16, "block": 0, "candidates": CANDIDATES[scale]},
            *(
                {"set": name, "count": part, "block": block, "candidates": 0}
                for name in (NETWORKS, UNIFORM)
                for block, part in enumerate(_parts(SIZES[scale], BLOCK))
            ),
        ]
        return [
            StudyJob(self.name, self.version, measure, one, f"{one['set']}, block {one['block']}") for one in settings
        ]

    def analyse(self, rows: pd.DataFrame) -> Findings:
        """Correlations of all pairs in each set, and the verdicts."""
        missing = {ALL, UNIFORM, NETWORKS} - (set(rows["set"].tolist()) if "set" in rows else set[str]())
        if missing:
            raise ValueError(f"no functions of the sets {', '.join(sorted(missing))}; all sets are compared")
        found = {name: _agreement(name, chosen) for name, chosen in _sets(rows).items()}
        return Findings(
            tables={
                "Rank correlation of the measures": pd.concat([_pairs(*one) for one in found.items()]),
                "Rank correlation given the entropy": pd.concat(
                    [_pairs(name, one.partial("entropy")) for name, one in found.items()]
                ),
                "Functions": pd.DataFrame([_described(name, chosen) for name, chosen in _sets(rows).items()]),
            },
            verdicts=tuple(_verdicts(found)),
            published=tuple(_published(rows)),
        )


def _sets(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each set; without columns that it lacks."""
    chosen = {name: rows.loc[rows["set"] == name].dropna(axis=1, how="all") for name in (ALL, UNIFORM, NETWORKS)}
    return chosen | {DISTINCT: chosen[NETWORKS].drop_duplicates("function")}


def _agreement(name: str, rows: pd.DataFrame) -> Agreement:
    values = {column: rows[column].to_numpy(float) for column in rows.columns.drop(["set", "function"])}
    rng = generator(study="complexity", set=name, purpose="bootstrap")
    return agreement(values, rng, 0) if name == ALL else agreement(values, rng)


def _pairs(name: str, found: Agreement) -> pd.DataFrame:
    """A row for each pair of measures."""
    rows = [(name, *pair, *found.interval(*pair)) for pair in combinations(found.names, 2)]
    return pd.DataFrame(rows, columns=["set", "first", "second", "correlation", "low", "high"])


def _described(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    return {
        "set": name,
        "functions": len(rows),
        "distinct": rows["function"].nunique(),
        "mean LZ": rows["LZ"].mean(),
        "standard deviation of LZ": rows["LZ"].std(),
        "conventions differ": (rows["LZ"] != rows[CONVENTION]).mean(),
        "constant": (rows["entropy"] == 0).mean(),
    }


def _verdicts(found: Mapping[str, Agreement]) -> list[Verdict]:
    """Agreement and interchangeable conventions in each set, agreement given the entropy, networks against uniform.

    The decisions of sampled sets use simultaneous intervals (Bonferroni); the verdicts show those of 95 %.
    """
    tests = 2 * (len(found) - 1) + 2  # all functions of four variables are no sample
    simultaneous = 1 - ERROR_LEVEL / tests
    corrected = f"decided by the {100 * simultaneous:.1f} % interval (Bonferroni, {tests} tests)"
    verdicts = []
    for name, one in found.items():
        compared = tuple(measure for measure in COMPARED if measure in one.names)
        pairs = len(compared) * (len(compared) - 1) // 2
        how = "whole population, no sampling error" if name == ALL else corrected
        statistic = f"median Spearman correlation of {pairs} pairs of {len(compared)} measures, above {AGREE}; {how}"
        _, low, high = one.median(compared, simultaneous)
        verdicts.append(
            Verdict(
                f"most measures of complexity agree on the ranking of functions: {name}",
                _decided(low, high, AGREE), *one.median(compared), statistic,
            )
        )  # fmt: skip
        _, low, high = one.interval("LZ", CONVENTION, simultaneous)
        verdicts.append(
            Verdict(
                f"the two conventions of K_LZ are interchangeable for rankings: {name}",
                _decided(low, high, INTERCHANGEABLE), *one.interval("LZ", CONVENTION),
                f"Spearman correlation above {INTERCHANGEABLE}; {how}",
            )
        )  # fmt: skip
    shared = tuple(measure for measure in COMPARED if measure in found[NETWORKS].names)
    beyond, others = found[DISTINCT].partial("entropy"), tuple(name for name in shared if name != "entropy")
    _, low, high = beyond.median(others, simultaneous)
    verdicts.append(
        Verdict(
            f"most measures of complexity agree beyond the number of ones: {DISTINCT}",
            _decided(low, high, AGREE), *beyond.median(others),
            f"median partial Spearman correlation given the entropy, above {AGREE}; {corrected}",
        )
    )  # fmt: skip
    change = found[DISTINCT].median_difference(found[UNIFORM], shared)
    _, low, high = found[DISTINCT].median_difference(found[UNIFORM], shared, simultaneous)
    verdicts.append(
        Verdict(
            "measures agree better on distinct functions of random networks than on uniform functions (n = 7)",
            _decided(low, high, 0.0), *change, f"difference of the two medians, above 0; {corrected}",
        )
    )  # fmt: skip
    return verdicts


def _decided(low: float, high: float, threshold: float) -> Decision:
    """Whether an interval lies above the threshold."""
    if low > threshold:
        return "supported"
    return "contradicted" if high < threshold else "not decided"


def _published(rows: pd.DataFrame) -> list[Published]:
    """Published figures of K_LZ beside ours."""
    found = [
        Published(f"K_LZ of {name}", SCAN, f"{value:g}", f"{ours:g}", bool(ours == value))
        for name, table, value in vectors()
        for ours in lempel_ziv(table[None])
    ]
    uniform = rows.loc[rows["set"] == UNIFORM]
    rng = generator(study="complexity", purpose="mean of five variables")
    five = lempel_ziv(rng.integers(0, 2, (FIVE, 32), dtype=np.int8).astype(bool))
    differ, differ_error = _mean(uniform["LZ"].to_numpy(float) != uniform[CONVENTION].to_numpy(float))
    return [
        *found,
        _mean_beside(148.8, "128-bit", uniform["LZ"].to_numpy(float), "Mingard et al. 2025, released data"),
        _mean_beside(41.8, "32-bit", five, SCAN, "the number of strings of the source is not known"),
        Published(
            "share of uniform 128-bit strings on which the conventions differ", SCAN, "0.44",
            f"{differ:.3f} +- {differ_error:.3f}", None,
            "the source names neither its second convention nor the number of strings",
        ),
    ]  # fmt: skip


def _mean_beside(published: float, strings: str, ours: np.ndarray, source: str, note: str = "") -> Published:
    """A published mean, with one decimal, beside ours: it agrees within half a last digit and our error."""
    mean, error = _mean(ours)
    agrees = abs(mean - published) <= HALF_DIGIT + error
    figure = f"mean K_LZ of uniform {strings} strings"
    return Published(figure, source, f"{published}", f"{mean:.2f} +- {error:.2f}", bool(agrees), note)


def _mean(values: np.ndarray) -> tuple[float, float]:
    """The mean and half of its 95 % interval."""
    return float(values.mean()), float(1.96 * values.std(ddof=1) / np.sqrt(len(values)))


def vectors() -> list[tuple[str, np.ndarray, float]]:
    """Published values of K_LZ, as (name, truth table, value)."""
    inputs = np.arange(32)
    return [
        ("a constant, n = 7", np.zeros(128, bool), 7.0),
        ("'01' 64 times", np.tile([False, True], 64), 21.0),
        ("'0001' 32 times", np.tile([False, False, False, True], 32), 24.5),
        ("'1001' 32 times", np.tile([True, False, False, True], 32), 28.0),
        ("a constant, n = 5", np.zeros(32, bool), 5.0),
        ("a dictator, n = 5", inputs >= 16, 15.0),  # noqa: PLR2004 -- the first of five variables
        ("the parity, n = 5", np.array([index.bit_count() % 2 == 1 for index in inputs.tolist()]), 45.0),
    ]


def _parts(count: int, size: int) -> list[int]:
    """A number as a sum of parts of at most `size`."""
    return [min(size, count - start) for start in range(0, count, size)]
