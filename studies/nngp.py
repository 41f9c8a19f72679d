"""The Gaussian process of infinitely wide ReLU networks, conditioned on labels -1 and 1 by regression.

Another likelihood than that of a classifier: P(f|S) of the study `posterior` asks for the right signs on S only,
regression asks for the values -1 and 1 there. Samples are thresholded at 0. Kernel: Cho and Saul 2009; Lee et al. 2018.
"""

from __future__ import annotations

from math import pi

import numpy as np

from .function_counts import pack
from .random_functions import RandomNetwork

NOISE = 1e-6
"""Variance of the noise of the regression, so that the kernel matrix can be inverted."""


def nngp_kernel(network: RandomNetwork, points: np.ndarray) -> np.ndarray:
    """Covariance (points, points) of the outputs of infinitely wide networks with the scales of `network`.

    points  (points, inputs)
    """
    if network.activation != "relu" or network.kind != "dense":
        raise ValueError(f"{network.kind} network with {network.activation}; expected a dense one with relu")
    fan_in = points.shape[1]
    weights, biases = network.scales(fan_in, last=network.depth == 0)
    covariance = biases**2 + weights**2 * points @ points.T
    for layer in range(network.depth):
        weights, biases = network.scales(network.width, last=layer == network.depth - 1)
        spread = np.sqrt(np.diag(covariance))
        product = np.outer(spread, spread)
        # A point whose pre-activation is always 0 has no angle to the others.
        cosine = np.clip(np.divide(covariance, product, out=np.zeros_like(covariance), where=product > 0), -1, 1)
        angle = np.arccos(cosine)
        second_moment = product * (np.sin(angle) + (pi - angle) * cosine) / (2 * pi)
        covariance = biases**2 + network.width * weights**2 * second_moment
    return covariance


def sample_nngp(
    network: RandomNetwork,
    rows: np.ndarray,
    labels: np.ndarray,
    samples: int,
    rng: np.random.Generator,
    noise: float = NOISE,
) -> np.ndarray:
    """Signs of posterior samples on the whole domain, words (samples, words).

    rows, labels  training points and their classes, 0 or 1; 0 is regressed on -1
    """
    kernel = nngp_kernel(network, network.points.astype(float))
    targets = 2.0 * labels - 1
    inner = kernel[np.ix_(rows, rows)] + noise * np.eye(len(rows))
    gain = np.linalg.solve(inner, kernel[rows]).T  # (points, training points)
    mean = gain @ targets
    covariance = kernel - gain @ kernel[rows]
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = vectors * np.sqrt(np.clip(values, 0, None))
    return pack(mean + rng.standard_normal((samples, len(mean))) @ root.T > 0)
