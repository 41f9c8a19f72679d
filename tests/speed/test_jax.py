"""A stack of networks against JAX (vmap over models, scan over steps), where JAX is installed: `pip install jax`."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from grue.learners.cnn import CNN
from grue.learners.mlp import MLP

from .test_networks import BATCH, STEPS, N, training_set

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
jax: Any = pytest.importorskip("jax")
jnp: Any = jax.numpy

Parameters = list[Any]
"""Arrays: a weight and a bias for each layer."""


def trainer(forward: Callable[[Parameters, Any], Any]) -> Callable[..., Any]:
    """Train a batch of models with Adam, compiled: (parameters, x, y, rows), each with the model as its first axis."""

    def loss(parameters: Parameters, x: Any, y: Any) -> Any:
        logits = jax.nn.log_softmax(forward(parameters, x))
        return -jnp.take_along_axis(logits, y[..., None], axis=-1).mean()

    def train(parameters: Parameters, x: Any, y: Any, rows: Any) -> Parameters:
        def step(state: Any, batch: Any) -> Any:
            current, first, second, count = state
            gradients = jax.grad(loss)(current, x[batch], y[batch])
            first = [0.9 * m + 0.1 * g for m, g in zip(first, gradients, strict=True)]
            second = [0.999 * v + 0.001 * g * g for v, g in zip(second, gradients, strict=True)]
            rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
            moved = [p - rate * m / (jnp.sqrt(v) + 1e-8) for p, m, v in zip(current, first, second, strict=True)]
            return (moved, first, second, count + 1), None

        zeros = [jnp.zeros_like(parameter) for parameter in parameters]
        return jax.lax.scan(step, (parameters, zeros, zeros, 1.0), rows)[0][0]

    return jax.jit(jax.vmap(train))


def batches(models: int) -> np.ndarray:
    """The rows of each minibatch, epochs of permutations: (models, STEPS, BATCH)."""
    rng = np.random.default_rng(0)
    epochs = STEPS * BATCH // N
    return np.stack([np.concatenate([rng.permutation(N) for _ in range(epochs)]) for _ in range(models)]).reshape(
        models, STEPS, BATCH
    )


def uniform(rng: np.random.Generator, models: int, *shape: int) -> np.ndarray:
    return rng.uniform(-0.1, 0.1, (models, *shape)).astype(np.float32)


def mlp(parameters: Parameters, x: Any) -> Any:
    *hidden, (weight, bias) = zip(parameters[::2], parameters[1::2], strict=True)
    for inner, offset in hidden:
        x = jax.nn.relu(x @ inner + offset)
    return (x @ weight + bias)[:, None]


def cnn(parameters: Parameters, x: Any) -> Any:
    x = x[..., None]
    *hidden, (weight, bias) = zip(parameters[::2], parameters[1::2], strict=True)
    for kernel, offset in hidden:  # as matrix products: XLA computes convolutions of stacked kernels 30 times as slowly
        padded = jnp.pad(x, ((0, 0), (1, 1), (0, 0)))
        windows = jnp.concatenate([padded[:, start : start + x.shape[1]] for start in range(3)], axis=-1)
        x = jax.nn.relu(windows @ kernel + offset)
    return x @ weight + bias


def test_40_mlps_against_jax(race: Callable[..., None]) -> None:
    models = 40
    problems = [training_set(seed, 16, 1, 16) for seed in range(models)]
    rng = np.random.default_rng(0)
    parameters = [
        array
        for inner, outer in pairwise([16, 128, 128, 16])
        for array in (uniform(rng, models, inner, outer), uniform(rng, models, outer))
    ]
    _race(race, f"{models} MLPs 16-128-128-16", MLP, mlp, parameters, problems)


def test_16_cnns_against_jax(race: Callable[..., None]) -> None:
    models = 16
    problems = [training_set(seed, 16, 16, 2) for seed in range(models)]
    rng = np.random.default_rng(0)
    parameters = [uniform(rng, models, *shape) for shape in ((3, 32), (32,), (96, 32), (32,), (32, 2), (2,))]
    _race(race, f"{models} CNNs, 2 layers of 32 channels, length 16", CNN, cnn, parameters, problems)


def _race(
    race: Callable[..., None], what: str, learner: Any, forward: Any, parameters: Parameters, problems: list[Any]
) -> None:
    x = jnp.asarray(np.stack([one.inputs for one in problems]).astype(np.float32))
    y, rows = jnp.asarray(np.stack([one.targets for one in problems])), jnp.asarray(batches(len(problems)))
    train = trainer(forward)
    torch.set_num_threads(1)
    race(
        f"{what}, {STEPS} steps of Adam, batch {BATCH}, without compilation",
        "stack",
        {
            "stack": lambda: learner(max_steps=STEPS, batch_size=BATCH, tolerance=0.0).fit_many(problems),
            "JAX, vmap and scan": lambda: jax.block_until_ready(train(parameters, x, y, rows)),
        },
        models=defaultdict(lambda: len(problems)),
    )
