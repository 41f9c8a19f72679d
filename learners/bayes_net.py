"""The Bayesian sampler: networks as they are before training, those that happen to be right."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..tasks.spaces import Space
from .base import Learner, Predictor, Problem, Spec
from .encodings import ENCODINGS, refusal
from .estimators import flat_features
from .parameters import choice, number

CHUNK = 64
"""Networks drawn and run at a time: their activations on some hundred examples fit the cache of one core."""

TINY = 4.0
"""Bits of a target at most: the chance to guess n targets falls as 2^(-n bits) for all but the simplest rules."""

FIRST_LOOK = 16
"""Training examples that a network must fit before it is run on the others."""

ENOUGH = 1000
"""Fitting networks after which no more are drawn."""


@dataclass(frozen=True)
class BayesNet(Learner):
    """Random networks that fit by chance: the vote of the initial distribution alone, with no descent to bend it.

    Rejection sampling from the posterior (Valle-Perez, Camargo & Louis 2019): networks are drawn from the initial
    distribution, weights and biases uniform within +-sqrt(6 / fan-in) in hidden layers and +-sqrt(3 / fan-in) in the
    last; those that fit every training target predict by their vote. Where fewer than `fewest` fit, the training
    marginal is predicted, and the record says how many there were and `still_falling`.

    encoding  how they see an example (learners/encodings.py)
    draws     networks drawn at most, 30,000 a second or more
    width     of each of `depth` hidden layers of ReLU
    fewest    fitting networks that a vote takes
    """

    name = "bayes-net"

    encoding: str = choice("auto", ENCODINGS)
    draws: int = number(100_000, at_least=1)
    width: int = number(40, at_least=1)
    depth: int = number(2, at_least=1)
    fewest: int = number(10, at_least=1)

    def accepts(self, spec: Spec) -> str | None:
        if spec.outputs.alphabet is None:
            return "no random network fits real targets exactly"
        bits = spec.outputs.size * math.log2(max(spec.outputs.alphabet, 1))
        if bits > TINY:
            return f"no random network fits such targets: they have {bits:.3g} bits; at most {TINY:g}"
        return refusal(self.encoding, spec.inputs)

    def fit(self, problem: Problem) -> Predictor:
        features = flat_features(problem.inputs, problem.input_space, self.encoding, np.float32)
        outputs = problem.output_space
        rng = np.random.default_rng(problem.seed)
        kept: list[list[np.ndarray]] = []
        fitting = drawn = 0
        while drawn < self.draws and fitting < ENOUGH:
            layers = self.draw(rng, min(CHUNK, self.draws - drawn), features.shape[1], _units(outputs))
            drawn += len(layers[0])
            for few in (slice(0, FIRST_LOOK), slice(FIRST_LOOK, None)):
                right = (_classes(layers, features[few], outputs) == problem.targets[few]).all((1, 2))
                layers = [layer[right] for layer in layers]
                if not right.any():
                    break
            else:
                kept.append(layers)
                fitting += len(layers[0])
        classes = outputs.alphabet or 0
        marginal = np.stack([np.bincount(column, minlength=classes) for column in problem.targets.T]) / len(problem)
        record = {"networks": fitting, "drawn": drawn, "still_falling": fitting < self.fewest}
        voters = [np.concatenate(parts) for parts in zip(*kept, strict=True)] if fitting >= self.fewest else []
        return BayesNetPredictor(self, problem.input_space, outputs, voters, marginal, record=record)

    def draw(self, rng: np.random.Generator, networks: int, inputs: int, units: int) -> list[np.ndarray]:
        """Weights from the initial distribution: a layer is (networks, inputs + 1, units) float32, the bias last."""
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
    """The networks that vote, or the training marginal (outputs, classes) where they are too few."""

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
    """Outputs before any threshold: layers as BayesNet.draw gives them, (n, features) -> (networks, n, units)."""
    values = features @ layers[0][:, :-1]
    values += layers[0][:, -1:]
    for layer in layers[1:]:
        np.maximum(values, 0, out=values)
        values = values @ layer[:, :-1]
        values += layer[:, -1:]
    return values


def _units(outputs: Space) -> int:
    """One unit for two classes, thresholded at 0; else one a class, of which the largest wins."""
    return outputs.size * (1 if outputs.alphabet == 2 else outputs.alphabet or 0)  # noqa: PLR2004


def _classes(layers: list[np.ndarray], features: np.ndarray, outputs: Space) -> np.ndarray:
    """What each network says, (networks, n, outputs)."""
    values = run(layers, features)
    if outputs.alphabet == 2:  # noqa: PLR2004 -- one unit
        return (values > 0).astype(np.int64)
    return values.reshape(*values.shape[:2], outputs.size, outputs.alphabet or 0).argmax(-1)
