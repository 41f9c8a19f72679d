"""Shuffle: the worth of the order of words, and of the terms of an equation, to a predictor of a hidden token.

A learner is trained on examples in order, or on the same examples with their visible tokens shuffled, and predicts the
hidden token of test examples in order. Share that survives = (constant - shuffled) / (constant - in order), of the bits
per token: 1 if shuffling the training data costs nothing, 0 if nothing is left above the best constant. So texts and
equations have one scale. A second measure is the same share of the accuracy, in which the published figure is given.

Fixed before the first run over seeds: the claim about texts is supported if on average over the learners more than
`HARDLY` of the gain survives (of Sinha et al.'s accuracy, .93 does), that about equations if less than `MOST` does.
Analysis: shuffle_statistics.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..learners.base import Problem
from ..metrics.bits import smoothed_marginal
from ..runs.fit import fit
from ..runs.names import make_learner
from ..runs.seeds import seed as make_seed
from ..tasks import corpus
from ..tasks.base import MissingPackageError
from .base import Findings, Scale, Study, StudyJob
from .mnist1d import PUBLISHED, STEPS, installed, run_signals
from .shuffle_statistics import findings
from .word_order import DOMAINS, Sample, sample, shuffled, spaces

TESTS = 4000
MIXING = np.linspace(0.05, 1, 20)
"""Weights of the training marginal that a prediction is mixed with: overconfidence is not what is asked about."""

RECIPES: dict[tuple[str, str], dict[str, Any]] = {
    ("text", "mlp"): {"max_steps": 1500},
    ("text", "mlp:encoding=counts"): {"max_steps": 1500},
    ("text", "transformer"): {"max_steps": 1500, "batch_size": 64, "learning_rate": 0.003},
    ("equations", "mlp"): {"max_steps": 4000, "learning_rate": 0.003},
    ("equations", "mlp:encoding=counts"): {"max_steps": 4000, "learning_rate": 0.003},
    ("equations", "transformer"): {"max_steps": 4000, "batch_size": 64, "learning_rate": 0.003},
}
"""Training of the networks, the same in order and shuffled. The steps are those of 16,384 examples."""

FOREST = {"n_estimators": 50}
REFERENCE = "mlp:encoding=counts"
"""It gets the number of times that each token occurs, and so no order: what a predictor without order can do."""


@dataclass(frozen=True)
class Size:
    """What is computed at a scale: examples, seeds, learners, models of MNIST-1D and their seeds."""

    n: int
    seeds: int
    learners: tuple[str, ...]
    models: tuple[str, ...]
    model_seeds: int


SIZES: dict[Scale, Size] = {
    "quick": Size(4096, 3, ("mlp", "transformer", "ngram", REFERENCE), (), 0),
    "default": Size(16_384, 10, ("mlp", "transformer", "forest", "ngram", REFERENCE), ("logistic", "mlp", "cnn"), 3),
    "full": Size(65_536, 20, ("mlp", "transformer", "forest", "ngram", REFERENCE), tuple(PUBLISHED), 5),
}


class Shuffle(Study):
    """Jobs: one learner on one domain with one seed, in order and shuffled; and one model of MNIST-1D."""

    name: ClassVar[str] = "shuffle"
    question: ClassVar[str] = "Does word order matter to a predictor of language, and the order of terms to arithmetic?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        """Raises MissingPackageError without the extra `text`. Without `mnist1d`, its rows are left out."""
        if corpus.missing():
            raise MissingPackageError(corpus.INSTALL)
        size = SIZES[scale]
        found = [
            StudyJob(
                self.name,
                self.version,
                run_predictor,
                {"domain": domain, "learner": learner, "n": size.n, "tests": TESTS, "seed": seed},
                f"{learner} on {domain}, seed {seed}",
            )
            for domain in DOMAINS
            for learner in size.learners
            for seed in range(size.seeds)
        ]
        models = size.models if installed() else ()
        return found + [
            StudyJob(
                self.name,
                self.version,
                run_signals,
                {"model": model, "seed": seed, "steps": STEPS},
                f"{model} on MNIST-1D, seed {seed}",
            )
            for model in models
            for seed in range(size.model_seeds)
        ]

    def analyse(self, rows: pd.DataFrame) -> Findings:
        return findings(rows)


def run_predictor(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Bits and accuracy of one learner on one domain, in order and shuffled: one row a presentation.

    settings  domain, learner, n, tests and seed

    Columns: domain, learner, n, seed, presentation, bits, accuracy, constant_bits and constant_accuracy (of the best
    constant prediction), floor (bits of the best prediction without order, where it is known), weight (of the training
    marginal, mean of the two halves), steps and stopped.
    """
    domain, learner, seed = settings["domain"], settings["learner"], int(settings["seed"])
    data = sample(domain, int(settings["n"]), int(settings["tests"]), seed)
    inputs, outputs = spaces(domain)
    constant = smoothed_marginal(data.targets, outputs.alphabet or 0)[0]
    rows: list[dict[str, Any]] = []
    for presentation in ("in order", "shuffled"):
        shown = data.inputs if presentation == "in order" else shuffled(data.inputs, seed)
        own = make_seed(study="shuffle", domain=domain, learner=learner, seed=seed)
        problem = Problem(np.array(shown), np.array(data.targets), inputs, outputs, own)
        ((predictor, _),) = fit(make_learner(learner, _parameters(settings)).instance, [problem])
        predicted = predictor.predict(data.test_inputs)[:, 0]
        bits, weight = mixed(predicted, constant, data.test_targets[:, 0])
        rows.append(
            {
                "domain": domain,
                "learner": learner,
                "n": len(data.inputs),
                "seed": seed,
                "presentation": presentation,
                "bits": bits,
                "accuracy": _accuracy(predicted, data),
                "constant_bits": float(-np.log2(constant[data.test_targets[:, 0]]).mean()),
                "constant_accuracy": _accuracy(np.broadcast_to(constant, predicted.shape), data),
                "floor": data.floor,
                "weight": weight,
                "steps": predictor.record.get("steps", 0),
                "stopped": predictor.record.get("stopped", ""),
            }
        )
    return pd.DataFrame(rows)


def mixed(predicted: np.ndarray, constant: np.ndarray, targets: np.ndarray) -> tuple[float, float]:
    """Bits per token after mixing with the best constant, and the weight of the constant.

    predicted, constant, targets  (n, classes), (classes,), (n,)

    The weight that is best on one half of the test is applied to the other half, and the reverse.
    """
    of_targets = predicted[np.arange(len(targets)), targets]
    bits = -np.log2((1 - MIXING) * of_targets[:, None] + MIXING * constant[targets][:, None])  # (n, weights)
    halves = bits[::2], bits[1::2]
    chosen = [int(half.mean(axis=0).argmin()) for half in halves]
    found = np.concatenate([halves[0][:, chosen[1]], halves[1][:, chosen[0]]])
    return float(found.mean()), float(MIXING[chosen].mean())


def _parameters(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a learner; steps in proportion to the square root of the number of examples."""
    learner = settings["learner"]
    if learner == "forest":
        return FOREST
    recipe = RECIPES.get((settings["domain"], learner))
    if recipe is None:
        return {}
    steps = round(recipe["max_steps"] * (settings["n"] / SIZES["default"].n) ** 0.5)
    return {**recipe, "max_steps": steps, "tolerance": 0}


def _accuracy(predicted: np.ndarray, data: Sample) -> float:
    return float((predicted.argmax(axis=1) == data.test_targets[:, 0]).mean())
