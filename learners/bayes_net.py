"""Bayesian neural network by rejection sampling from the prior over random networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np

from ..tasks.spaces import Space
from .base import BUDGET, FITTED, Learner, Predictor, Problem, Spec
from .encodings import ENCODINGS, refusal
from .estimators import flat_features
from .parameters import choice, number

CHUNK = 64
"""Number of networks sampled and run at a time: their activations on some hundred examples fit one core's cache."""

MAX_TARGET_BITS = 4.0
"""Maximum bits of a target: the chance to fit n targets falls as 2^(-n bits) for all but the simplest functions."""

FIRST_CHECK = 16
"""Number of training examples that a network must fit before it is run on the others."""

MAX_ACCEPTED = 1000
"""Sampling stops after this many networks that fit."""


@dataclass(frozen=True)
class BayesNet(Learner):
    """Bayesian neural network: ensemble of random networks that fit the training set, without training.

    Rejection sampling from the posterior (Valle-Perez, Camargo & Louis 2019): networks are sampled from the initial
    distribution, with weights and biases uniform within +-sqrt(6 / fan-in) in hidden layers and +-sqrt(3 / fan-in) in
    the last. Those that fit every training target form an ensemble, which predicts the shares of their votes. If fewer
    than `min_accepted` fit, the training marginal is predicted; the record has their number and `stopped: budget`.

    encoding      input encoding (learners/encodings.py)
    n_samples     maximum number of networks sampled, 30,000 a second or more
    width         units per hidden layer (ReLU)
    depth         number of hidden layers
    min_accepted  minimum number of fitting networks for an ensemble
    """

    name = "bayes-net"

    renamed: ClassVar[Mapping[str, str]] = {"draws": "n_samples", "fewest": "min_accepted"}

    encoding: str = choice("auto", ENCODINGS)
    n_samples: int = number(100_000, at_least=1)
    width: int = number(40, at_least=1)
    depth: int = number(2, at_least=1)
    min_accepted: int = number(10, at_least=1)

    def accepts(self, spec: Spec) -> str | None:
        if spec.outputs.alphabet is None:
            return "no random network fits real targets exactly"
        bits = spec.outputs.size * math.log2(max(spec.outputs.alphabet, 1))
        if bits > MAX_TARGET_BITS:
            return f"no random network fits such targets: they have {bits:.3g} bits; at most {MAX_TARGET_BITS:g}"
        return refusal(self.encoding, spec.inputs)

    def fit(self, problem: Problem) -> Predictor:
        features = flat_features(problem.inputs, problem.input_space, self.encoding, np.float32)
        outputs = problem.output_space
        rng = np.random.default_rng(problem.seed)
        accepted: list[list[np.ndarray]] = []
        n_accepted = sampled = 0
        while sampled < self.n_samples and n_accepted < MAX_ACCEPTED:
            layers = self.sample_weights(rng, min(CHUNK, self.n_samples - sampled), features.shape[1], _units(outputs))
            sampled += len(layers[0])
            for rows in (slice(0, FIRST_CHECK), slice(FIRST_CHECK, None)):
                correct = (_classes(layers, features[rows], outputs) == problem.targets[rows]).all((1, 2))
                layers = [layer[correct] for layer in layers]
                if not correct.any():
                    break
            else:
                accepted.append(layers)
                n_accepted += len(layers[0])
        classes = outputs.alphabet or 0
        marginal = np.stack([np.bincount(column, minlength=classes) for column in problem.targets.T]) / len(problem)
        sufficient = n_accepted >= self.min_accepted
        stopped = FITTED if sufficient else BUDGET
        record = {"accepted": n_accepted, "sampled": sampled, "stopped": stopped}
        ensemble = [np.concatenate(parts) for parts in zip(*accepted, strict=True)] if sufficient else []
        return BayesNetPredictor(self, problem.input_space, outputs, ensemble, marginal, record=record)

    def sample_weights(self, rng: np.random.Generator, networks: int, inputs: int, units: int) -> list[np.ndarray]:
        """Sample weights from the initial distribution: a layer is (networks, inputs + 1, units) float32, bias last."""
        sizes = [inputs, *[self.width] * self.depth, units]
        layers = []
        for layer, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            weights = rng.random((networks, fan_in + 1, fan_out), np.float32)
            weights -= 0.5
            weights *= 2 * math.sqrt((3 if layer == self.depth else 6) / fan_in)
            layers.append(weights)
        return layers


@dataclass
class BayesNetPredictor(Predictor):
    """The ensemble of networks, or the training marginal (outputs, classes) if there are too few."""

    learner: BayesNet
    inputs: Space
    outputs: Space
    layers: list[np.ndarray]
    marginal: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        if not self.layers:
            return np.repeat(self.marginal[None], len(inputs), axis=0)
        features = flat_features(inputs, self.inputs, self.learner.encoding, np.float32)
        votes = np.zeros((len(inputs), *self.marginal.shape))
        networks = len(self.layers[0])
        for start in range(0, networks, CHUNK):
            classes = _classes([layer[start : start + CHUNK] for layer in self.layers], features, self.outputs)
            votes += (classes[..., None] == np.arange(votes.shape[-1])).sum(0)
        return votes / networks


def run(layers: list[np.ndarray], features: np.ndarray) -> np.ndarray:
    """Outputs before thresholding: layers of BayesNet.sample_weights, (n, features) -> (networks, n, units)."""
    values = features @ layers[0][:, :-1]
    values += layers[0][:, -1:]
    for layer in layers[1:]:
        np.maximum(values, 0, out=values)
        values = values @ layer[:, :-1]
        values += layer[:, -1:]
    return values


def _units(outputs: Space) -> int:
    """Number of output units: one per output for two classes, thresholded at 0; else one per class, with argmax."""
    return outputs.size * (1 if outputs.alphabet == 2 else outputs.alphabet or 0)  # noqa: PLR2004


def _classes(layers: list[np.ndarray], features: np.ndarray, outputs: Space) -> np.ndarray:
    """The predicted class of each network, (networks, n, outputs)."""
    values = run(layers, features)
    if outputs.alphabet == 2:  # noqa: PLR2004 -- a single unit
        return (values > 0).astype(np.int64)
    return values.reshape(*values.shape[:2], outputs.size, outputs.alphabet or 0).argmax(-1)
