"""A stack of networks against one network after another: the same data, batches, steps and optimiser."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import nn
from torch.nn import functional

from grue.learners.base import Problem
from grue.learners.cnn import CNN
from grue.learners.mlp import MLP
from grue.learners.recurrent import RNN
from grue.studies.boolean_networks import Recipe, train_to_zero_error
from grue.studies.random_functions import RandomNetwork
from grue.tasks.spaces import Space

N, STEPS, BATCH = 1024, 304, 64  # steps: whole epochs of 16, as scikit-learn counts them
FEW = 8  # models a loop trains: its time a model does not depend on how many


def training_set(seed: int, width: int, outputs: int, classes: int) -> Problem:
    rng = np.random.default_rng(seed)
    x, y = rng.random((N, width)), rng.integers(0, classes, (N, outputs))
    return Problem(x, y, Space((width,), None), Space((outputs,), classes), seed)


def loop(make: Callable[[], nn.Module], problems: list[Problem], *, fused: bool) -> None:
    """Train one plain module after another."""
    for problem in problems:
        torch.manual_seed(problem.seed)
        model = make()
        x = torch.from_numpy(problem.inputs.astype(np.float32))
        y = torch.from_numpy(problem.targets.copy())
        update = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused)
        for _ in range(STEPS * BATCH // N):
            for rows in torch.randperm(N).split(BATCH):
                loss = functional.cross_entropy(model(x[rows]).flatten(0, 1), y[rows].flatten())
                update.zero_grad(set_to_none=True)
                loss.backward()
                update.step()


def scikit_learn(problems: list[Problem]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for problem in problems:
            MLPClassifier(
                (128, 128), batch_size=BATCH, max_iter=STEPS * BATCH // N, alpha=0, tol=0, random_state=problem.seed
            ).fit(problem.inputs, problem.targets[:, 0])


def matrix_products(widths: list[int], models: int) -> None:
    """As many floating-point operations as the steps need, at the rate of one core's large matrix product."""
    forward_and_backward = 3 * 2 * BATCH * sum(a * b for a, b in pairwise(widths))
    left = torch.rand(1024, 1024)
    for _ in range(round(models * STEPS * forward_and_backward / (2 * 1024**3))):
        torch.mm(left, left)


def test_40_mlps(race: Callable[..., None]) -> None:
    problems = [training_set(seed, 16, 1, 16) for seed in range(40)]

    def plain() -> nn.Module:
        layers = nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 16)
        return nn.Sequential(*layers, nn.Unflatten(1, (1, 16)))

    torch.set_num_threads(1)
    race(
        f"40 MLPs 16-128-128-16, {STEPS} steps of Adam, batch {BATCH}",
        "stack",
        {
            "stack": lambda: MLP(max_steps=STEPS, batch_size=BATCH, tolerance=0.0).fit_many(problems),
            "plain PyTorch loop, Adam": lambda: loop(plain, problems[:FEW], fused=False),
            "plain PyTorch loop, fused Adam": lambda: loop(plain, problems[:FEW], fused=True),
            "scikit-learn's MLPClassifier": lambda: scikit_learn(problems[:FEW]),
            "the matrix products alone": lambda: matrix_products([16, 128, 128, 16], len(problems)),
        },
        models=defaultdict(lambda: FEW, {"stack": len(problems), "the matrix products alone": len(problems)}),
    )


def test_16_cnns(race: Callable[..., None]) -> None:
    problems = [training_set(seed, 16, 16, 2) for seed in range(16)]

    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            layers = nn.Conv1d(1, 32, 3, padding=1), nn.ReLU(), nn.Conv1d(32, 32, 3, padding=1), nn.ReLU()
            self.body = nn.Sequential(*layers, nn.Conv1d(32, 2, 1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body(x[:, None]).transpose(1, 2)

    torch.set_num_threads(1)
    race(
        f"16 CNNs, 2 layers of 32 channels, length 16, {STEPS} steps of Adam, batch {BATCH}",
        "stack",
        {
            "stack": lambda: CNN(max_steps=STEPS, batch_size=BATCH, tolerance=0.0).fit_many(problems),
            "plain PyTorch loop, Adam": lambda: loop(Plain, problems[:FEW], fused=False),
            "plain PyTorch loop, fused Adam": lambda: loop(Plain, problems[:FEW], fused=True),
        },
        models=defaultdict(lambda: FEW, {"stack": len(problems)}),
    )


def test_8_cnns_on_images(race: Callable[..., None]) -> None:
    vectors = [training_set(seed, 300, 1, 4) for seed in range(8)]
    images = [
        replace(one, inputs=one.inputs.reshape(N, 3, 10, 10), input_space=Space((3, 10, 10), None, "grid"))
        for one in vectors
    ]

    def plain() -> nn.Module:
        layers = nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()
        head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4), nn.Unflatten(1, (1, 4))
        return nn.Sequential(nn.Unflatten(1, (3, 10, 10)), *layers, *head)

    torch.set_num_threads(1)
    race(
        f"8 CNNs, 2 layers of 32 channels, 3 planes of 10 x 10, {STEPS} steps of Adam, batch {BATCH}",
        "stack",
        {
            "stack": lambda: CNN(max_steps=STEPS, batch_size=BATCH, tolerance=0.0).fit_many(images),
            "plain PyTorch loop, Adam": lambda: loop(plain, vectors[:2], fused=False),
            "plain PyTorch loop, fused Adam": lambda: loop(plain, vectors[:2], fused=True),
        },
        models=defaultdict(lambda: 2, {"stack": len(images)}),
    )


class PlainGRU(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(1, 32, batch_first=True)
        self.out = nn.Linear(32, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.gru(x[..., None])[0])


def test_16_grus(race: Callable[..., None]) -> None:
    problems = [training_set(seed, 12, 12, 2) for seed in range(16)]
    torch.set_num_threads(1)
    race(
        f"16 GRUs, 32 units, length 12, {STEPS} steps of Adam, batch {BATCH}",
        "stack",
        {
            "stack": lambda: RNN(max_steps=STEPS, batch_size=BATCH, tolerance=0.0).fit_many(problems),
            "plain PyTorch loop, Adam": lambda: loop(PlainGRU, problems[:FEW], fused=False),
            "plain PyTorch loop, fused Adam": lambda: loop(PlainGRU, problems[:FEW], fused=True),
        },
        models=defaultdict(lambda: FEW, {"stack": len(problems)}),
    )


CUBE = (np.arange(128)[:, None] >> np.arange(6, -1, -1)) & 1  # all points of {0,1}^7, most significant bit first
MOST = 1000  # steps of a network that never gets all 64 right


def boolean_function(seed: int) -> Problem:
    """64 of the 128 values of a function that a random network of the same shape computes, not nearly constant."""
    rng = np.random.default_rng(seed)
    values = np.zeros(128)
    while not 10 <= values.sum() <= 118:
        hidden = CUBE.astype(float)
        for width, outputs, spread in ((7, 40, 6), (40, 40, 6), (40, 1, 3)):
            bound = (spread / width) ** 0.5
            hidden = np.maximum(hidden, 0) @ rng.uniform(-bound, bound, (width, outputs))
            hidden += rng.uniform(-bound, bound, outputs)
        values = hidden[:, 0] > 0
    rows = rng.permutation(128)[:64]
    return Problem(
        CUBE[rows], values[rows, None].astype(np.int64), Space((7,), 2, "vector", (0.0, 1.0)), Space((1,), 2), seed
    )


def to_zero_error(problems: list[Problem], rate: float) -> None:
    """One plain network after another, all 64 points a step, until it has all of them right."""
    for problem in problems:
        torch.manual_seed(problem.seed)
        layers = nn.Linear(7, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 2)
        model = nn.Sequential(*layers)
        x = torch.from_numpy(problem.inputs.copy()).float()
        y = torch.from_numpy(problem.targets[:, 0].copy())
        update = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
        for _ in range(MOST):
            out = model(x)
            if bool((out.argmax(-1) == y).all()):
                break
            update.zero_grad(set_to_none=True)
            functional.cross_entropy(out, y).backward()
            update.step()


def test_256_networks_to_zero_error(race: Callable[..., None]) -> None:
    one = boolean_function(0)
    problems = [replace(one, seed=seed) for seed in range(256)]
    rate = 1e-2
    learner = MLP(width=40, max_steps=MOST, learning_rate=rate, monitor="error")
    recipe = Recipe("adam", rate, max_steps=MOST)
    torch.set_num_threads(1)

    def trainer() -> None:
        generators = [np.random.default_rng(problem.seed) for problem in problems]
        train_to_zero_error(RandomNetwork(), recipe, one.inputs, one.targets[:, 0], generators)

    race(
        f"256 networks 7-40-40 on 64 values of a Boolean function, all points a step, Adam at {rate}, to zero error",
        "trainer of the studies",
        {
            "trainer of the studies": trainer,
            "stack of MLPs, two logits": lambda: learner.fit_many(problems),
            "plain PyTorch loop, fused Adam, two logits": lambda: to_zero_error(problems, rate),
        },
        models=defaultdict(lambda: len(problems)),
    )
