"""The prior over functions: the probability of each Boolean function when the parameters of a network are sampled.

The same question is put to learners without such parameters: which functions do a forest, boosting and nearest
neighbours give from random labels on a random half of the domain?
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..analysis.paired import holm
from ..learners.base import Problem
from ..runs.names import make_learner
from ..runs.seeds import generator, seed
from ..tasks.spaces import Space
from .base import Findings, Published, Scale, Study, StudyJob, Verdict
from .function_counts import FunctionCounter, FunctionCounts, pack
from .prior_statistics import (
    OFTEN_ENOUGH,
    another_run,
    bernoulli_row,
    complexity_tables,
    perceptron_test,
    slopes_by_range,
    zipf_slope,
)
from .prior_table import PriorTable, combined

if TYPE_CHECKING:
    from .random_functions import RandomNetwork

BASE = "(7,40,40,1) ReLU"
TANH = "10 layers of tanh, sigma_w {}, inputs {}"
PERCEPTRON = "perceptron, n = {}"
SMALL = "(4,40,40,1) ReLU"

NETWORKS: dict[str, dict[str, Any]] = {
    BASE: {},
    "Gaussian, biases 0": {"distribution": "gaussian"},
    "uniform, biases 0": {"distribution": "uniform"},
    "Gaussian, sigma_b 1": {"distribution": "gaussian", "sigma_b": 1.0},
    "inputs -1 and 1": {"low": -1},
    "tanh": {"activation": "tanh"},
    **{f"{depth} layer{'s' * (depth > 1)} of ReLU": {"depth": depth} for depth in (1, 5, 10)},
    **{
        TANH.format(sigma_w, "0 and 1" if low == 0 else "-1 and 1"): {
            "depth": 10,
            "activation": "tanh",
            "distribution": "gaussian",
            "sigma_w": sigma_w,
            "sigma_b": 0.1,
            "low": low,
        }
        for sigma_w in (1, 8)
        for low in (0, -1)
    },
    **{
        PERCEPTRON.format(n): {"inputs": n, "depth": 0, "distribution": "gaussian", "sigma_w": sqrt(n)}
        for n in (5, 6, 7)
    },
    "recurrent, tanh": {"depth": 1, "kind": "recurrent", "activation": "tanh"},
    "convolutional": {"kind": "convolutional"},
    "one input in [-1, 1], 128 points": {"inputs": 1, "grid": 128},
    "zero initialisation": {"distribution": "zero"},
    SMALL: {"inputs": 4},
}
"""Parameters of `random_functions.RandomNetwork`, by name; all else is as in the base network."""

LEARNERS = {
    "forest": "forest:n_estimators=25",
    "boosting": "boosting",
    "neighbours": "neighbours:n_neighbors=1",
}
"""Learners that are fitted to random labels, as `make_learner` takes them."""

LEARNER_INPUTS = 4
"""Random labels are on half of the points of {0,1}^4: with more inputs, no function would be seen twice."""

FIRST = 50_000
"""Samples of a job whose number of distinct functions is compared with the published one."""

LEAST_END = 100
"""Least last rank of the ranges in which a slope has to hold: a decade from its first rank, 10."""

LARGEST_JOB = 500_000

PERCEPTRON_SAMPLES = 200_000
"""At every scale: a perceptron is sampled in 0.1 microseconds, and P(T = t) is then known to 9 % for all t at n = 7."""


def networks() -> dict[str, RandomNetwork]:
    """The distributions that are sampled, by name."""
    from .random_functions import RandomNetwork  # noqa: PLC0415 -- loads torch

    return {name: RandomNetwork(**parameters) for name, parameters in NETWORKS.items()}


def sample_networks(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: the counts of the functions of `samples` random networks."""
    import torch  # noqa: PLC0415

    from .random_functions import RandomNetwork, sample_functions  # noqa: PLC0415

    torch.set_num_threads(1)
    network = RandomNetwork(**settings["network"])
    axes = {"study": "prior", "network": asdict(network), "job": settings["job"]}
    with tempfile.TemporaryDirectory() as folder:
        counter = FunctionCounter(Path(folder))
        for words in sample_functions(network, settings["samples"], seed(**axes)):
            counter.add(words)
        return _rows(settings, counter.result())


def fit_random_labels(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: the counts of the functions of a learner that is fitted to random labels, `samples` times."""
    learner = make_learner(settings["learner"]).instance
    points = (np.arange(2**LEARNER_INPUTS)[:, None] >> np.arange(LEARNER_INPUTS - 1, -1, -1)) & 1
    rng = generator(study="prior", learner=settings["learner"], job=settings["job"])
    problems: list[Problem] = []
    for _ in range(settings["samples"]):
        rows = rng.permutation(len(points))[: len(points) // 2]
        labels = rng.integers(0, 2, (len(rows), 1))
        space = Space((LEARNER_INPUTS,), 2, "vector", (0.0, 1.0))
        problems.append(Problem(points[rows], labels, space, Space((1,), 2), int(rng.integers(2**31))))
    predictors = learner.fit_many(problems)
    bits = np.stack([predictor.predict(points)[:, 0].argmax(-1) for predictor in predictors])  # (samples, points)
    with tempfile.TemporaryDirectory() as folder:
        counter = FunctionCounter(Path(folder))
        counter.add(pack(bits))
        return _rows(settings, counter.result())


def _rows(settings: Mapping[str, Any], counts: FunctionCounts) -> pd.DataFrame:
    """A row a function: its bits in two words (the second is 0 if there are at most 64 points), and its count."""
    words = np.pad(counts.words, ((0, 0), (0, 2 - counts.words.shape[1])))
    return pd.DataFrame(
        {
            "source": pd.Categorical.from_codes(np.zeros(len(words), np.int8), [settings["source"]]),
            "job": np.full(len(words), settings["job"], np.int32),
            "word 0": words[:, 0],
            "word 1": words[:, 1],
            "count": counts.counts,
        }
    )


class Prior(Study):
    """P(f) of Boolean functions under random parameters, and of what learners make of random labels."""

    name = "prior"
    question = "How likely is each Boolean function if the parameters of a network are sampled at random?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        base, variant, deep, labels = {
            "quick": (4 * FIRST, 10_000, 4_000, 40),
            "default": (10_000_000, 200_000, 100_000, 1_000),
            "full": (100_000_000, 1_000_000, 500_000, 10_000),
        }[scale]
        jobs: list[StudyJob] = []
        for source, parameters in NETWORKS.items():
            slow = parameters.get("depth", 2) > 2 or "kind" in parameters  # noqa: PLR2004
            total = base if source == BASE else deep if slow else variant
            if PERCEPTRON.format("") in source:
                total = max(total, PERCEPTRON_SAMPLES)
            for job, samples in enumerate(_sizes(source, total, slow=slow)):
                settings = {"source": source, "network": parameters, "samples": samples, "job": job}
                jobs.append(self._job(sample_networks, settings))
        for source, spec in LEARNERS.items():
            for job, start in enumerate(range(0, labels, 250)):
                settings = {"source": source, "learner": spec, "samples": min(250, labels - start), "job": job}
                jobs.append(self._job(fit_random_labels, settings))
        return jobs

    def _job(self, work: Any, settings: dict[str, Any]) -> StudyJob:
        words = f"{settings['source']}, {settings['samples']} samples, job {settings['job']}"
        return StudyJob(self.name, self.version, work, settings, words)

    def combine(self, tables: Iterator[pd.DataFrame]) -> pd.DataFrame:
        """What is kept of the counts (`prior_table`): 10^8 samples are of more functions than fit in memory."""
        points = {name: len(network.points) for name, network in networks().items()}
        return combined(tables, points | dict.fromkeys(LEARNERS, 2**LEARNER_INPUTS))

    def analyse(self, rows: pd.DataFrame) -> Findings:
        """rows: of `combine`."""
        found = {str(source): part for source, part in rows.groupby("source")} if len(rows) else {}
        missing = [source for source in (*NETWORKS, *LEARNERS) if source not in found]
        if missing:
            raise ValueError(f"no rows of {', '.join(missing)}; expected rows of all jobs of the study {self.name}")
        priors = {name: PriorTable.from_rows(found[name]) for name in (*NETWORKS, *LEARNERS)}
        complexity, bound, simplicity = complexity_tables(priors, base=BASE)
        perceptrons = pd.DataFrame(
            [{"inputs n": n, **perceptron_test(priors[PERCEPTRON.format(n)])} for n in (5, 6, 7)]
        )
        perceptrons["p (Holm)"] = holm(perceptrons["p"].to_numpy())
        tables = {
            "Priors over functions": pd.DataFrame([{"source": name, **one.summary()} for name, one in priors.items()]),
            "Functions by rank": pd.concat(
                [priors[name].ranks().assign(source=name) for name in priors], ignore_index=True
            ),
            "Slope by range of ranks": slopes_by_range(priors[BASE]),
            "Perceptron without biases": perceptrons,
            **({"Probability and complexity": complexity, "Levin-type bound": bound} if len(complexity) else {}),
        }
        verdicts = (
            *(_perceptron_verdict(row) for row in perceptrons.to_dict("records")),
            _zipf_verdict(priors[BASE]),
            *_depth_verdicts(priors),
            *simplicity,
        )
        return Findings(tables, verdicts, _published(priors))


def _sizes(source: str, total: int, *, slow: bool) -> list[int]:
    """Samples of the jobs of a source; the base network begins with up to 20 jobs of FIRST samples."""
    first = [FIRST] * min(20, total // FIRST) if source == BASE else []
    rest, size = total - sum(first), LARGEST_JOB // (5 if slow else 1)
    return first + [min(size, rest - start) for start in range(0, rest, size)]


def _perceptron_verdict(row: Mapping[Any, Any]) -> Verdict:
    """Whether P(T = t) = 2^-n; equivalent if all simultaneous intervals are within a quarter of it."""
    near = row["lowest"] > 0.75 and row["highest"] < 1.25  # noqa: PLR2004
    rejected = row["p (Holm)"] < 0.05  # noqa: PLR2004
    return Verdict(
        f"a random perceptron without biases maps t of the 2^{row['inputs n']} points to 1 with probability "
        f"2^-{row['inputs n']}, for every t",
        "contradicted" if rejected else "equivalent" if near else "not decided",
        row["ratio furthest from 1"],
        row["lowest"],
        row["highest"],
        f"chi-square {row['chi-square']:.1f}, {row['degrees of freedom']} degrees of freedom, p {row['p']:.3f} "
        f"({row['p (Holm)']:.3f} after Holm); simultaneous intervals of P(T = t) 2^n over all t",
    )


def _zipf_verdict(prior: PriorTable) -> Verdict:
    """Whether log P falls by one for each unit of log rank, in every range that ends at LEAST_END or later."""
    estimate, low, high = zipf_slope(prior)
    ranges = slopes_by_range(prior)
    ranges = ranges.loc[ranges["last rank"] >= LEAST_END]
    lows, highs = ranges["low"].to_numpy(float), ranges["high"].to_numpy(float)
    inside = (lows >= -1.1) & (highs <= -0.9)  # noqa: PLR2004
    outside = (highs < -1.1) | (lows > -0.9)  # noqa: PLR2004
    decided = "supported" if inside.all() else "contradicted" if outside.all() else "not decided"
    last = prior.seen(OFTEN_ENOUGH)
    spread = f"{ranges['slope'].min():.2f} to {ranges['slope'].max():.2f}" if len(ranges) else "none"
    return Verdict(
        f"from rank 10 to {last}, the probability of a function of the base network falls as 1 / rank",
        decided if len(ranges) else "not decided",
        estimate,
        low,
        high,
        f"slope of log P on log rank against -1 ± 0.1; the last function was seen {OFTEN_ENOUGH} times; bootstrap over "
        f"samples. It has to hold in all ranges that end at rank {LEAST_END} or later, because functions that are "
        f"equal up to symmetry form plateaus: slopes {spread}",
    )


def _depth_verdicts(priors: Mapping[str, PriorTable]) -> list[Verdict]:
    """Whether the mean entropy falls with depth: three differences, Bonferroni."""
    names = {1: "1 layer of ReLU", 2: BASE, 5: "5 layers of ReLU", 10: "10 layers of ReLU"}
    verdicts: list[Verdict] = []
    for shallow, deep in pairwise(names):
        (first, first_error), (second, second_error) = (priors[names[depth]].entropy() for depth in (shallow, deep))
        half = 2.394 * sqrt(first_error**2 + second_error**2)  # normal quantile of 1 - 0.05 / 6
        low, high = second - first - half, second - first + half
        verdicts.append(
            Verdict(
                f"the functions of {deep} ReLU layers are less balanced than those of {shallow}",
                "supported" if high < 0 else "contradicted" if low > 0 else "not decided",
                second - first,
                low,
                high,
                "difference of the mean entropy of the share of ones, bits; normal interval, Bonferroni over 3",
            )
        )
    return verdicts


def _published(priors: Mapping[str, PriorTable]) -> tuple[Published, ...]:
    """Figures of SCIENCE.md section 1 beside ours."""
    computed = "computed by brute force from the recipe of Valle-Perez, Camargo and Louis, ICLR 2019"
    rows = [
        bernoulli_row(f"P(all {bit}), {BASE}, he-uniform", computed, priors[BASE], (bit,), 0.1095, 0.0014, "")
        for bit in (0, 1)
    ]
    mean, low, high = another_run([distinct for samples, distinct in priors[BASE].jobs if samples == FIRST])
    rows.append(
        Published(
            "distinct functions in 50,000 samples of the base network",
            computed,
            "36,231",
            f"{mean:,.0f}, another run within [{low:,.0f}, {high:,.0f}]" if np.isfinite(low) else f"{mean:,.0f}",
            low <= 36_231 <= high if np.isfinite(low) else None,  # noqa: PLR2004
            "95 % prediction interval over jobs of 50,000 samples",
        )
    )
    source = "Mingard et al., Nat. Commun. 2025, released data"
    note = "width, distribution and coding of the inputs are not in the record: ours are 40, Gaussian and as named"
    for sigma_w, constant, complexity in ((1, 0.186, 60.4), (8, 0.0, 144.9)):
        for coding in ("0 and 1", "-1 and 1"):
            name = TANH.format(sigma_w, coding)
            rows.append(bernoulli_row(f"P(constant), {name}", source, priors[name], (0, 1), constant, None, note))
            ours = priors[name].mean_complexity()
            text = f"{ours[0]:.1f} ± {1.96 * ours[1]:.1f}"
            rows.append(Published(f"mean K_LZ, {name}", source, str(complexity), text, None, note))
    return tuple(rows)
