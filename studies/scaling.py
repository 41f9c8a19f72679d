"""Scaling laws: error over the number of examples n, and of a forest over its number of trees, as c + a n^-b.

Lookup on Zipf data, where the exponent is known (`zipf`); forest, boosting, n-gram model, MLP and transformer on the
next character of the task `text`, in bits. Fit: `analysis.power_law`. Analysis: `scaling_laws`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..learners.base import BUDGET, Learner, Predictor, Problem
from ..learners.estimators import Classifier
from ..metrics.bits import score_bits
from ..runs.data import sample_split
from ..runs.fit import fit
from ..runs.names import make_learner, make_task
from ..runs.seeds import generator
from ..runs.seeds import seed as make_seed
from .base import Findings, Scale, Study, StudyJob
from .scaling_laws import analyse
from .zipf import lookup_errors, sample_items

MAX_STEPS = 12_000
"""Maximum of steps of a network: cross-validation stops far below it at these sizes. A cell at it is flagged."""

RECIPES: dict[str, dict[str, Any]] = {
    "ngram": {"context": 8},
    "forest": {"n_estimators": 100},
    "boosting": {"n_estimators": 1000},
    "mlp": {"learning_rate": 0.001, "max_steps": MAX_STEPS},
    "transformer": {"learning_rate": 0.002, "depth": 2, "max_steps": MAX_STEPS},
}
"""Parameters by learner: those of the preset `standard`, but for the cap and the context of n-grams, which is the whole
window, as for the others."""

COST = {"ngram": 0.02, "forest": 0.3, "boosting": 1.1, "mlp": 0.4, "transformer": 4.5}
"""Rough seconds per 1,000 examples and seed, which decide how seeds are grouped and what runs first."""

LONGEST_JOB = 60
"""Rough limit in seconds of a job of several seeds."""

TREES = (1, 2, 4, 8, 16, 32, 64, 100)
"""Numbers of trees of a forest at every n: the first ones of the same forest."""

TESTS = 4096
"""Test windows of each seed, from the ID split."""

ZIPF = ((0.5, 0.0), (1.0, 0.0), (2.0, 0.0), (1.0, 0.2))
"""Exponents a of the Zipf data, and shares of unpredictable labels."""


def octaves(first: int, last: int, each: int = 1) -> tuple[int, ...]:
    """Sizes from 2^first to 2^last, `each` to a factor of 2."""
    return tuple(round(2 ** (first + step / each)) for step in range((last - first) * each + 1))


@dataclass(frozen=True)
class Size:
    """How much is computed at a scale: seeds, and the sizes n of each learner and of lookup.

    most_trees  of the law in the number of trees, at n = trees_at
    """

    seeds: int
    sizes: Mapping[str, tuple[int, ...]]
    zipf_seeds: int
    zipf_sizes: tuple[int, ...]
    trees_at: int
    most_trees: int


SIZES: dict[Scale, Size] = {
    "quick": Size(
        3,
        {
            "ngram": octaves(8, 15),
            "forest": octaves(8, 13),
            "boosting": octaves(9, 11, 2),
            "mlp": octaves(9, 11, 2),
            "transformer": octaves(9, 10, 2),
        },
        100,
        octaves(6, 14),
        1024,
        256,
    ),
    "default": Size(
        5,
        {
            "ngram": octaves(8, 18),
            "forest": octaves(8, 16),
            "boosting": octaves(8, 13),
            "mlp": octaves(8, 14),
            "transformer": octaves(8, 12),
        },
        200,
        octaves(8, 17),
        4096,
        512,
    ),
    "full": Size(
        10,
        {
            "ngram": octaves(8, 20),
            "forest": octaves(8, 17),
            "boosting": octaves(8, 14),
            "mlp": octaves(8, 15),
            "transformer": octaves(8, 14),
        },
        400,
        octaves(8, 18),
        4096,
        2048,
    ),
}


class Scaling(Study):
    """Jobs: a learner at one n for some seeds, and lookup on Zipf data for some seeds."""

    name: ClassVar[str] = "scaling"
    question: ClassVar[str] = "Does error fall as a power law, and how far would a very large forest get?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        size = SIZES[scale]
        units = sorted(_text_settings(size), key=_seconds, reverse=True)  # the longest first, for two cores
        found = [StudyJob(self.name, self.version, run_text, one, _words(one)) for one in units]
        for a, noise in ZIPF:
            settings = {"a": a, "noise": noise, "sizes": list(size.zipf_sizes), "seeds": size.zipf_seeds}
            found.append(StudyJob(self.name, self.version, run_lookup, settings, f"lookup, a {a:g}, noise {noise:g}"))
        return found

    def analyse(self, rows: pd.DataFrame) -> Findings:
        return analyse(rows)


def run_lookup(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Lookup on Zipf data: a row per seed and n. Columns: series, a, noise, seed, n, trees (0), error, status."""
    a, noise, sizes = settings["a"], settings["noise"], list(settings["sizes"])
    rows = []
    for seed in range(settings["seeds"]):
        items = sample_items(a, sizes[-1], generator(study="scaling", part="zipf", a=a, noise=noise, seed=seed))
        place = {"series": "lookup", "a": a, "noise": noise, "seed": seed}
        for n, error in zip(sizes, lookup_errors(items, a, sizes, noise).tolist(), strict=True):
            rows.append({**place, "n": n, "trees": 0, "error": error, "status": "ok"})
    return pd.DataFrame(rows)


def run_text(settings: Mapping[str, Any]) -> pd.DataFrame:
    """A learner on `text` at one n: a row per seed, and of a forest per number of trees.

    settings  learner, parameters, n, seeds, and trees: the numbers of trees, [] for other learners

    Columns: series (the learner), seed, n, trees, error (bits per character on the ID test), chance (bits of the best
    constant prediction), accuracy, steps and status ("budget" where training ended at its maximum).
    """
    name, n, trees = settings["learner"], int(settings["n"]), list(settings["trees"])
    task = make_task("text").instance
    parameters = {**settings["parameters"], **({"n_estimators": trees[-1]} if trees else {})}
    learner = make_learner(name, parameters).instance
    problems = [_problem(learner, n, seed) for seed in settings["seeds"]]
    rows: list[dict[str, Any]] = []
    for seed, problem, (predictor, _) in zip(settings["seeds"], problems, fit(learner, problems), strict=True):
        if "diverged" in predictor.record:
            raise ValueError(f"{name} on text, n = {n}, seed {seed}: the loss was not finite")
        tests = sample_split(task, "id", TESTS, seed)
        status = BUDGET if predictor.record.get("stopped") == BUDGET else "ok"
        place = {"series": name, "seed": seed, "n": n, "steps": predictor.record.get("steps", 0), "status": status}
        answers = predicted_by_prefixes(predictor, trees, tests.inputs) if trees else [predictor.predict(tests.inputs)]
        for count, predicted in zip(trees or [0], answers, strict=True):
            scores = score_bits(predicted, tests.targets, problem.targets, {}).metrics
            found = {"error": scores["bits"], "chance": scores["chance"], "accuracy": scores["accuracy"]}
            rows.append({**place, "trees": count, **found})
    return pd.DataFrame(rows)


def predicted_by_prefixes(predictor: Predictor, counts: Sequence[int], inputs: np.ndarray) -> Iterator[np.ndarray]:
    """The predictions of the first trees of a fitted forest, for each number of trees; it is that of a smaller fit.

    counts  increasing numbers of trees; raises ValueError if they are not, or if the forest has fewer

    Every tree predicts once: the mean is carried on from one number to the next.
    """
    if not isinstance(predictor, Classifier):
        raise TypeError(f"{type(predictor).__name__} has no trees; expected a fitted forest")
    (part,) = predictor.parts
    trees = part.model.estimators_
    mean: Any = 0.0
    for before, count in pairwise([0, *counts]):
        if not before < count <= len(trees):
            raise ValueError(f"{list(counts)} trees of {len(trees)}; expected increasing numbers of at most these")
        model = copy.copy(part.model)
        model.estimators_, model.n_estimators = trees[before:count], count - before
        block = replace(predictor, parts=[replace(part, model=model)]).predict(inputs)
        mean = mean + (block - mean) * ((count - before) / count)
        yield mean


def _problem(learner: Learner, n: int, seed: int) -> Problem:
    """The training set of the suite's cell with this n and seed: a prefix of that of a larger n."""
    task = make_task("text").instance
    examples = sample_split(task, "train", n, seed)
    own = make_seed(study="scaling", learner=learner.name, size=n, seed=seed)
    inputs, targets = np.array(examples.inputs), np.array(examples.targets)
    return Problem(inputs, targets, task.inputs, task.outputs, own, n_id=n, noisy=task.truth.noisy)


def _text_settings(size: Size) -> Iterator[dict[str, Any]]:
    for learner, sizes in size.sizes.items():
        for n in sizes:
            trees: list[int] = []
            if learner == "forest":
                more = octaves(0, int(np.log2(size.most_trees))) if n == size.trees_at else ()
                trees = sorted({*TREES, *more})
            one = {"learner": learner, "parameters": RECIPES[learner], "n": n, "trees": trees, "seeds": [0]}
            together = max(min(int(LONGEST_JOB / _seconds(one)), size.seeds), 1)
            for start in range(0, size.seeds, together):
                yield {**one, "seeds": list(range(start, min(start + together, size.seeds)))}


def _seconds(settings: Mapping[str, Any]) -> float:
    trees = max(settings["trees"], default=100) / 100
    return COST[settings["learner"]] * settings["n"] / 1000 * trees * len(settings["seeds"]) + 0.01


def _words(settings: Mapping[str, Any]) -> str:
    seeds = settings["seeds"]
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    return f"{settings['learner']}, n {settings['n']}, {which}"
