"""Overtraining: what happens to the functions of networks when the optimiser goes on after zero training error.

The falsifiable form: functions that are unlikely under random parameters become likelier, likely ones less so. Every
network is compared with itself at its first zero training error. Analysis: `overtraining_statistics`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..runs.seeds import generator
from .base import Findings, Scale, Study, StudyJob
from .boolean_problems import TARGETS, TrainingSet, training_set
from .function_counts import WORD
from .overtraining_statistics import findings
from .posterior import RECIPES, SETS, recipe, sampled_functions, train_on

INPUTS = (4, 5, 7)
"""Verdicts are on the first; of the others, one training set of the simplest target, as far as counts allow."""

CHOSEN = ("SGD", "SGD, batches of 2", "Adam")
"""Recipes of the study `posterior`."""

WIDTHS = (5, 10, 20, 40, 80)
"""Widths of both hidden layers for the share of volume near the boundary."""

WORDS = 2
"""Words of a function: 128 points."""


@dataclass(frozen=True)
class Size:
    """At a scale: samples of the prior and networks for each of INPUTS, random networks a width, ages in steps."""

    prior: tuple[int, int, int]
    job: int
    networks: tuple[int, int, int]
    stack: int
    volume: int
    ages: tuple[int, ...]


SIZES: dict[Scale, Size] = {
    "quick": Size((1_000_000, 500_000, 100_000), 500_000, (80, 40, 20), 80, 40_000, (0, 100, 1000)),
    "default": Size((4_000_000, 3_000_000, 500_000), 500_000, (1_000, 500, 200), 500, 80_000, (0, 100, 1000)),
    "full": Size(
        (20_000_000, 20_000_000, 5_000_000), 1_000_000, (2_000, 1_000, 500), 250, 200_000, (0, 100, 1000, 10_000)
    ),
}


def problems() -> dict[str, TrainingSet]:
    """The fixed training sets, by name; those of n = 4 are those of the study `posterior`."""
    first, *others = INPUTS
    found = {
        f"n = {first}, {target}, S{index}": training_set(first, target, index)
        for target in TARGETS
        for index in range(SETS)
    }
    simplest = next(iter(TARGETS))
    return found | {f"n = {inputs}, {simplest}, S0": training_set(inputs, simplest, 0) for inputs in others}


def sample_prior(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: the functions of random networks that are right on a training set."""
    inputs, total = settings["inputs"], settings["samples"]
    sets = {name: given for name, given in problems().items() if given.inputs == inputs}
    counts = sampled_functions("overtraining", inputs, total, settings["job"], sets.values())
    parts: list[pd.DataFrame] = []
    for name, given in sets.items():
        right = given.right(counts.words)
        parts.append(_frame("prior", name, counts.words[right], count=counts.counts[right], samples=total))
        # A job without any accepted sample still says how many there were.
        parts.append(_frame("samples", name, np.zeros((1, counts.words.shape[1]), np.uint64), count=total))
    return pd.concat(parts, ignore_index=True)


def train_networks(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: functions and margins of networks at each age; a row a network and age."""
    from .random_functions import RandomNetwork  # noqa: PLC0415

    given, ages = problems()[settings["problem"]], tuple(settings["ages"])
    network, how = RandomNetwork(inputs=given.inputs), recipe(settings["recipe"])
    trained = train_on(given, network, how, settings, "overtraining", ages)
    numbers = settings["first"] + np.arange(len(trained.reached))
    return pd.concat(
        [
            _frame(
                settings["source"],
                settings["problem"],
                trained.words[:, place],
                count=1,
                number=numbers,
                age=age,
                margin=trained.margins[:, place].astype(float),
                reached=trained.reached,
            )
            for place, age in enumerate(ages)
        ],
        ignore_index=True,
    )


def measure_volume(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: distances to the boundary of random networks of one width that are right on S."""
    from .boundary import boundary_distances  # noqa: PLC0415
    from .random_functions import RandomNetwork  # noqa: PLC0415

    given = problems()[settings["problem"]]
    network = RandomNetwork(inputs=given.inputs, width=settings["width"])
    axes = {"study": "overtraining", "part": "volume", "problem": settings["problem"], "width": settings["width"]}
    first = settings["first"]
    generators = [generator(**axes, number=number) for number in range(first, first + settings["samples"])]
    found = boundary_distances(network, given, generators)
    frame = _frame("volume", settings["problem"], np.zeros((len(found), 1), np.uint64), count=1)
    return pd.concat([frame, found], axis=1).assign(width=settings["width"], samples=settings["samples"])


def _frame(source: str, problem: str, words: np.ndarray, **columns: Any) -> pd.DataFrame:
    """Rows with the columns that all jobs have: a nan among the words of functions would make them inexact."""
    padded = np.pad(words, ((0, 0), (0, WORDS - words.shape[1])))
    frame = pd.DataFrame({"word 0": padded[:, 0], "word 1": padded[:, 1]})
    return frame.assign(source=source, problem=problem, **columns)


class Overtraining(Study):
    """Functions of networks at zero training error and after it, against the prior given S."""

    name = "overtraining"
    question = "Do functions that are unlikely under random parameters become likelier after zero training error?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        size, jobs = SIZES[scale], []
        for inputs, total in zip(INPUTS, size.prior, strict=True):
            for job, start in enumerate(range(0, total, size.job)):
                settings = {"inputs": inputs, "samples": min(size.job, total - start), "job": job}
                jobs.append(self._job(sample_prior, settings, f"prior, n = {inputs}, {job}"))
        for name, given in problems().items():
            networks = size.networks[INPUTS.index(given.inputs)]
            for source in CHOSEN:
                own = {"source": source, "problem": name, "recipe": RECIPES[source], "ages": list(size.ages)}
                for first in range(0, networks, size.stack):
                    settings = {**own, "first": first, "networks": min(size.stack, networks - first)}
                    jobs.append(self._job(train_networks, settings, f"{source}, {name}, {first}"))
        nearest = next(iter(problems()))
        for width in WIDTHS:
            for first in range(0, size.volume, 40_000):
                samples = min(40_000, size.volume - first)
                settings = {"problem": nearest, "width": width, "first": first, "samples": samples}
                jobs.append(self._job(measure_volume, settings, f"volume, width {width}, {first}"))
        return jobs

    def _job(self, work: Any, settings: dict[str, Any], words: str) -> StudyJob:
        return StudyJob(self.name, self.version, work, settings, words)

    def analyse(self, rows: pd.DataFrame) -> Findings:
        missing = {"prior", "samples", "volume", *CHOSEN} - set(rows["source"])
        if missing:
            raise ValueError(f"no rows of {', '.join(sorted(missing))}; expected rows of all jobs of {self.name}")
        sizes = {inputs: max(2**inputs // WORD, 1) for inputs in INPUTS}
        return findings(rows, problems(), CHOSEN, sizes)
