"""Gaussian process with the kernel of an infinitely wide network (NNGP)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..tasks.spaces import Space
from .base import Learner, Predictor, Problem, Spec
from .encodings import ENCODINGS, refusal
from .estimators import flat_features
from .parameters import choice, number

MAX_EXAMPLES = 5000
"""Maximum number of training examples: the kernel matrix then takes 200 MB, and its factorisation a few seconds."""

BLOCK_ROWS = 256
"""Number of kernel matrix rows computed at a time: the intermediate results fit the cache, which halves the time."""


@dataclass(frozen=True)
class GP(Learner):
    """Gaussian process with the NNGP kernel: exact inference, prior of an infinitely wide ReLU network.

    Exact regression (Lee et al. 2018; Matthews et al. 2018) on the targets minus their training mean, so that far from
    all data it falls back on the marginal. Classes are regressed as one-hot vectors; predictions below 0 are
    set to 0 and the rest is divided by its sum; if nothing is left, the marginal is predicted.

    encoding         input encoding (learners/encodings.py)
    depth            number of hidden layers
    weight_variance  variance of a weight times the width of the previous layer
    bias_variance    variance of a bias
    noise            noise variance of the targets, relative to the mean of the kernel's diagonal; averages examples
                     that contradict each other
    """

    name = "gp"
    preload = ("scipy.linalg",)
    kind = "kernel"

    encoding: str = choice("auto", ENCODINGS)
    depth: int = number(2, at_least=1)
    weight_variance: float = number(2.0, above=0)
    bias_variance: float = number(0.1, at_least=0)
    noise: float = number(1e-4, at_least=0)

    def accepts(self, spec: Spec) -> str | None:
        if spec.n is not None and spec.n > MAX_EXAMPLES:
            return f"exact regression on {spec.n} examples is too expensive; at most {MAX_EXAMPLES}"
        return refusal(self.encoding, spec.inputs)

    def fit(self, problem: Problem) -> Predictor:
        from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415

        reason = self.accepts(Spec(problem.input_space, problem.output_space, n=len(problem)))
        if reason:
            raise ValueError(reason)
        features = flat_features(problem.inputs, problem.input_space, self.encoding, np.float32).astype(np.float64)
        classes = problem.output_space.alphabet
        targets = np.eye(classes)[problem.targets] if classes else problem.targets.astype(np.float64)
        targets = targets.reshape(len(problem), -1)  # (n, outputs * classes)
        mean = targets.mean(0)
        kernel = self.kernel(features, features)
        kernel[np.diag_indices_from(kernel)] += self.noise * np.trace(kernel) / len(kernel)
        weights = cho_solve(cho_factor(kernel, lower=True, overwrite_a=True), targets - mean)
        return GPPredictor(self, problem.input_space, problem.output_space, features, weights, mean)

    def kernel(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Covariance of the network's outputs, (n, features) and (m, features) -> (n, m).

        A layer maps K to bias_variance + weight_variance / (2 pi) sqrt(K_xx K_yy) (sin t + (pi - t) cos t), where t is
        the angle whose cosine is K_xy / sqrt(K_xx K_yy) (Cho & Saul 2009).
        """
        return np.concatenate(
            [self._rows(left[start : start + BLOCK_ROWS], right) for start in range(0, max(len(left), 1), BLOCK_ROWS)]
        )

    def _rows(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        weight, bias, width = self.weight_variance, self.bias_variance, left.shape[1]
        across = bias + weight * (left @ right.T) / width
        rows = bias + weight * (left**2).sum(1) / width
        columns = bias + weight * (right**2).sum(1) / width
        for _ in range(self.depth):
            scale = np.sqrt(np.outer(rows, columns))
            cosine = np.clip(np.divide(across, scale, out=np.zeros_like(across), where=scale > 0), -1.0, 1.0)
            angle = np.arccos(cosine)
            across = bias + weight / (2 * np.pi) * scale * (np.sqrt(1 - cosine**2) + (np.pi - angle) * cosine)
            rows, columns = bias + weight * rows / 2, bias + weight * columns / 2
        return across


@dataclass
class GPPredictor(Predictor):
    """The posterior mean: a weighted sum of kernel values between an example and all training examples."""

    learner: GP
    inputs: Space
    outputs: Space
    features: np.ndarray
    weights: np.ndarray
    mean: np.ndarray

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        features = flat_features(inputs, self.inputs, self.learner.encoding, np.float32).astype(np.float64)
        values = self.mean + self.learner.kernel(features, self.features) @ self.weights
        if not self.outputs.alphabet:
            return values
        shape = (self.outputs.size, self.outputs.alphabet)
        positive = np.maximum(values.reshape(-1, *shape), 0.0)
        sums = positive.sum(-1, keepdims=True)
        return np.where(sums > 0, positive, self.mean.reshape(shape)) / np.where(sums > 0, sums, 1.0)
