"""How near to the boundary of the zero-error region random networks lie, and how that depends on their dimension.

The zero-error region of S are the parameters whose network is right on S. To first order, its boundary is
min |f(x)| / |gradient of f(x)| away, over the points x of S. Parameters are in units of their standard deviations.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from ..learners.training import use_threads
from .boolean_networks import Layers
from .boolean_problems import TrainingSet
from .random_functions import RandomNetwork

STACK = 128


def boundary_distances(
    network: RandomNetwork, given: TrainingSet, generators: list[np.random.Generator]
) -> pd.DataFrame:
    """A row for each of the random networks (one a generator) that is right on S.

    distance  to the boundary, in standard deviations of a parameter
    relative  the same over the norm of all parameters
    margin    least |logit| over the product of the Frobenius norms of the layers
    """
    inputs = torch.from_numpy(np.ascontiguousarray(given.points.T, dtype=np.float32))
    labels = torch.from_numpy(np.array(given.labels) > 0)
    parts: list[np.ndarray] = []
    with use_threads(1), torch.no_grad():
        for start in range(0, len(generators), STACK):
            own = generators[start : start + STACK]
            layers = Layers(network, len(own)).initialise(own)
            right = ((layers.forward(inputs)[-1][:, 0] > 0) == labels).all(dim=1)
            if right.any():
                parts.append(_distances(layers.select(right.nonzero()[:, 0]), inputs))
    values = np.concatenate([np.zeros((0, 3)), *parts])
    return pd.DataFrame(values, columns=["distance", "relative", "margin"])


def _distances(layers: Layers, inputs: torch.Tensor) -> np.ndarray:
    """The three columns, (networks, 3)."""
    outputs = layers.forward(inputs)
    logits = outputs[-1][:, 0]
    gradients = Layers(layers.network, layers.stack)
    away = torch.full((layers.stack,), float("inf"))
    for point in range(inputs.shape[1]):
        delta = torch.zeros_like(outputs[-1])
        delta[:, 0, point] = 1
        layers.backward(inputs, outputs, delta, gradients)
        slope = _norm([tensor * scale for tensor, scale in zip(gradients.tensors, layers.scales, strict=True)])
        away = torch.minimum(away, logits[:, point].abs() / slope)
    size = _norm([tensor / scale for tensor, scale in zip(layers.tensors, layers.scales, strict=True) if scale > 0])
    margin = logits.abs().amin(dim=1) / layers.norms()
    return torch.stack([away, away / size, margin], dim=1).double().numpy()


def _norm(tensors: list[torch.Tensor]) -> torch.Tensor:
    return sum((one.square().sum(dim=(1, 2)) for one in tensors), torch.zeros(len(tensors[0]))).sqrt()
