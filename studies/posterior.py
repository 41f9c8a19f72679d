"""The posterior over functions: how often a learner picks each function, against random parameters, once S is known.

P_B(f|S): the share of random networks computing f among those that are right on the fixed training set S. P_opt(f|S):
the share of trained networks, over initialisations sampled from the same prior, at their first zero training error.
Forests, boosting and a Gaussian process are held against the same posterior. Analysis: `posterior_statistics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..runs.seeds import generator, seed
from .base import Findings, Scale, Study, StudyJob
from .boolean_problems import TARGETS, TrainingSet, all_points, posterior, training_set
from .function_counts import FunctionCounts, count, merge, pack
from .posterior_statistics import findings

if TYPE_CHECKING:
    from .boolean_networks import Recipe, Trained

INPUTS = 4
"""The domain has 16 points, and a training set 8 of them: 256 functions are right on it, few enough to count."""

SETS = 2
"""Training sets of each target."""

RECIPES: dict[str, dict[str, Any]] = {
    "SGD": {"optimizer": "sgd", "learning_rate": 0.1},
    "SGD, batches of 2": {"optimizer": "sgd", "learning_rate": 0.1, "batch_size": 2},
    "momentum": {"optimizer": "momentum", "learning_rate": 0.01},
    "Adam": {"optimizer": "adam", "learning_rate": 0.001},
    "Adam, batches of 2": {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 2},
}
"""Parameters of `boolean_networks.Recipe`: rates with which zero training error takes 4 to 120 steps, not one."""

ZERO = "SGD from zero"
"""All parameters 0 at the start: no gradient reaches a hidden layer."""

AVERAGED = ("SGD", "Adam")
"""Recipes that are also trained on a training set of its own for each network."""

LEARNERS = {"forest": "forest:n_estimators=25", "boosting": "boosting"}
"""As `make_learner` takes them; their own randomness is all that differs between fits."""

NNGP = "NNGP regression"


@dataclass(frozen=True)
class Size:
    """Samples at a scale: prior, a job of it; networks a recipe and training set, with a training set each; fits."""

    prior: int
    job: int
    networks: int
    own_sets: int
    forests: int
    boostings: int


SIZES: dict[Scale, Size] = {
    "quick": Size(2_000_000, 500_000, 400, 1_500, 40, 20),
    "default": Size(8_000_000, 1_000_000, 4_000, 4_000, 300, 20),
    "full": Size(50_000_000, 1_000_000, 20_000, 20_000, 2_000, 100),
}


def problems() -> dict[str, TrainingSet]:
    """The fixed training sets, by name."""
    return {f"{target}, S{index}": training_set(INPUTS, target, index) for target in TARGETS for index in range(SETS)}


def sample_prior(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: functions of random networks and their counts."""
    return _rows(settings, sampled_functions("posterior", INPUTS, settings["samples"], settings["job"]))


def sampled_functions(
    study: str, inputs: int, samples: int, job: int, given: Iterable[TrainingSet] = ()
) -> FunctionCounts:
    """Counts of the functions of random networks (inputs, 40, 40, 1) of ReLU, those of the study `prior`.

    given  if any: functions that are wrong on all of them are not kept
    """
    import torch  # noqa: PLC0415

    from .random_functions import RandomNetwork, sample_functions  # noqa: PLC0415

    torch.set_num_threads(1)
    given = list(given)
    network = RandomNetwork(inputs=inputs)
    axes = {"study": study, "part": "prior", "network": asdict(network), "job": job}
    parts: list[FunctionCounts] = []
    for words in sample_functions(network, samples, seed(**axes)):
        kept = words
        if given:
            kept = words[np.any([one.right(words) for one in given], axis=0)]
        parts.append(count(kept))
    return merge(parts)


def train_networks(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: functions of networks trained on a fixed S, at their first zero training error."""
    from .random_functions import RandomNetwork  # noqa: PLC0415

    given = problems()[settings["problem"]]
    distribution = "zero" if settings["source"] == ZERO else "he-uniform"
    network = RandomNetwork(inputs=INPUTS, distribution=distribution)
    trained = train_on(given, network, recipe(settings["recipe"]), settings, "posterior")
    return _trained_rows(settings, trained)


def recipe(parameters: Mapping[str, Any]) -> Recipe:
    """The recipe of these parameters."""
    from .boolean_networks import Recipe  # noqa: PLC0415 -- loads torch

    return Recipe(**parameters)


def train_on(
    given: TrainingSet,
    network: Any,
    how: Recipe,
    settings: Mapping[str, Any],
    study: str,
    ages: tuple[int, ...] = (0,),
) -> Trained:
    """Networks number first to first + networks of the settings; recipes share the initial parameters of a number."""
    from .boolean_networks import train_to_zero_error  # noqa: PLC0415

    first = settings["first"]
    axes = {"study": study, "part": "network", "problem": settings["problem"]}
    generators = [generator(**axes, number=number) for number in range(first, first + settings["networks"])]
    return train_to_zero_error(network, how, given.points, np.array(given.labels), generators, ages=ages)


def train_own_sets(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: networks that are trained on a random half of the domain each; a row a network."""
    from .boolean_networks import train_to_zero_error  # noqa: PLC0415
    from .random_functions import RandomNetwork  # noqa: PLC0415

    points = all_points(INPUTS)
    values = TARGETS[settings["target"]](points)
    axes = {"study": "posterior", "part": "own set", "target": settings["target"]}
    numbers = range(settings["first"], settings["first"] + settings["networks"])
    generators = [generator(**axes, number=number) for number in numbers]
    members = np.zeros((len(numbers), len(points)), bool)
    for row, rng in zip(members, generators, strict=True):
        row[rng.permutation(len(points))[: len(points) // 2]] = True
    network, how = RandomNetwork(inputs=INPUTS), recipe(settings["recipe"])
    trained = train_to_zero_error(network, how, points, values, generators, members=members)
    return pd.DataFrame(
        {
            "source": settings["source"],
            "problem": settings["problem"],
            "job": settings["first"],
            "word": trained.words[:, 0, 0],
            "count": np.int64(1),
            "fitted": trained.fitted,
            "steps": np.where(trained.fitted, trained.reached, 0).astype(float),
            "set": pack(members)[:, 0],
        }
    )


def fit_learners(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: functions of a learner that is fitted to the same S, over its own randomness."""
    from ..learners.base import Problem  # noqa: PLC0415
    from ..runs.names import make_learner  # noqa: PLC0415
    from ..tasks.spaces import Space  # noqa: PLC0415

    given = problems()[settings["problem"]]
    learner = make_learner(settings["learner"]).instance
    rng = generator(study="posterior", part="learner", learner=settings["learner"], problem=settings["problem"])
    inputs, output = Space((INPUTS,), 2, "vector", (0.0, 1.0)), Space((1,), 2)
    labels = np.array(given.labels)[:, None]
    fits = [
        Problem(given.points, labels, inputs, output, int(rng.integers(2**31))) for _ in range(settings["networks"])
    ]
    points = all_points(INPUTS)
    bits = np.stack([predictor.predict(points)[:, 0].argmax(-1) for predictor in learner.fit_many(fits)])
    return _rows(settings, count(pack(bits)), given)


def sample_process(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: signs of samples of the Gaussian process, conditioned by regression on the labels of S."""
    from .nngp import sample_nngp  # noqa: PLC0415
    from .random_functions import RandomNetwork  # noqa: PLC0415

    given = problems()[settings["problem"]]
    rng = generator(study="posterior", part="nngp", problem=settings["problem"])
    rows, labels = np.array(given.rows), np.array(given.labels)
    return _rows(settings, count(sample_nngp(RandomNetwork(inputs=INPUTS), rows, labels, settings["networks"], rng)))


def _rows(settings: Mapping[str, Any], counts: FunctionCounts, given: TrainingSet | None = None) -> pd.DataFrame:
    """A row a function. fitted: whether it is right on S."""
    return pd.DataFrame(
        {
            "source": settings["source"],
            "problem": settings["problem"],
            "job": np.int64(settings.get("job", 0)),
            "word": counts.words[:, 0],
            "count": counts.counts,
            "fitted": np.ones(counts.distinct, bool) if given is None else given.right(counts.words),
            "steps": 0.0,
            "set": np.uint64(0),
        }
    )


def _trained_rows(settings: Mapping[str, Any], trained: Trained) -> pd.DataFrame:
    """A row a function, with the sum of the steps; networks that never fitted share a row."""
    own = pd.DataFrame({"word": trained.words[:, 0, 0], "fitted": trained.fitted, "steps": trained.reached})
    own.loc[~own["fitted"], "steps"] = 0
    grouped = own.groupby(["word", "fitted"], as_index=False).agg(count=("steps", "size"), steps=("steps", "sum"))
    grouped["steps"] = grouped["steps"].astype(float)
    place = {"source": settings["source"], "problem": settings["problem"], "job": np.int64(settings["first"])}
    return grouped.assign(**place, set=np.uint64(0))


class Posterior(Study):
    """P_opt(f|S) against P_B(f|S) for fixed S, and for the average over S."""

    name = "posterior"
    question = "Does gradient descent pick functions as often as random parameters that are right on the training set?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        size = SIZES[scale]
        jobs = [
            self._job(sample_prior, {"source": "prior", "problem": "", "samples": size.job, "job": job})
            for job in range(size.prior // size.job)
        ]
        for problem in problems():
            for source, parameters in [*RECIPES.items(), (ZERO, {**RECIPES["SGD"], "max_steps": 1000})]:
                total = 20 if source == ZERO else size.networks
                settings = {"source": source, "problem": problem, "recipe": parameters}
                jobs += [self._job(train_networks, {**settings, **part}) for part in _parts(total)]
            for source, spec in LEARNERS.items():
                fits = size.forests if source == "forest" else size.boostings
                settings = {"source": source, "problem": problem, "learner": spec, "networks": fits}
                jobs.append(self._job(fit_learners, settings))
            settings = {"source": NNGP, "problem": problem, "networks": 5 * size.networks}
            jobs.append(self._job(sample_process, settings))
        for target in TARGETS:
            for source in AVERAGED:
                own = {"source": source, "problem": f"{target}, average", "target": target, "recipe": RECIPES[source]}
                jobs += [self._job(train_own_sets, {**own, **part}) for part in _parts(size.own_sets)]
        return jobs

    def _job(self, work: Any, settings: dict[str, Any]) -> StudyJob:
        words = f"{settings['source']} {settings['problem']} {settings.get('first', settings.get('job', ''))}"
        return StudyJob(self.name, self.version, work, settings, words.strip())

    def analyse(self, rows: pd.DataFrame) -> Findings:
        expected = {"prior", *RECIPES, ZERO, *LEARNERS, NNGP}
        missing = expected - set(rows["source"])
        if missing:
            raise ValueError(f"no rows of {', '.join(sorted(missing))}; expected rows of all jobs of {self.name}")
        return findings(rows, problems(), list(RECIPES), AVERAGED)


def _parts(networks: int) -> list[dict[str, int]]:
    """Networks in jobs of at most 4,000."""
    return [{"first": first, "networks": min(4000, networks - first)} for first in range(0, networks, 4000)]


__all__ = ["Posterior", "posterior", "problems", "sampled_functions", "train_on"]
