"""MNIST-1D with its 40 features in order, or shuffled by one permutation, by the recipe of its authors.

Greydanus and Kobak (arXiv 2011.14439); architectures and settings as in the notebooks of their repository: Adam with
learning rate 0.01, batches of 100 in the order of the data, 6,000 steps. The package `mnist1d` generates the data.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from ..runs.seeds import generator
from ..runs.seeds import seed as make_seed

PACKAGE = "mnist1d"
PUBLISHED = {"logistic": (32, 32), "mlp": (68, 68), "cnn": (94, 56), "gru": (91, 57)}
"""Test accuracy in %, in order and shuffled, by model (README of the authors' repository)."""

FEATURES, DIGITS, TESTS = 40, 10, 1000
LEARNING_RATE, BATCH, STEPS, CHECK = 0.01, 100, 6000, 250
HIDDEN, CHANNELS, UNITS = 100, 25, 6
"""Width of the MLP, channels of the CNN, units of the GRU in each direction."""


def installed() -> bool:
    """Whether the package that generates the signals is installed; it is not imported."""
    return importlib.util.find_spec(PACKAGE) is not None


def run_signals(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Test accuracy of a model (`model`) with one seed (`seed`), in order and shuffled, after `steps` steps.

    Columns: domain "mnist1d", learner, seed, presentation, accuracy (share of the 1,000 test signals), best (the
    largest share at any of the checks every 250 steps, which the test set has selected) and train.
    """
    rows: list[dict[str, Any]] = []
    order = generator(study="shuffle", domain=PACKAGE, seed=settings["seed"]).permutation(FEATURES)
    own = make_seed(study="shuffle", domain=PACKAGE, model=settings["model"], seed=settings["seed"])
    for presentation, columns in (("in order", np.arange(FEATURES)), ("shuffled", order)):
        x, y, x_test, y_test = signals()
        found = _train(settings["model"], (x[:, columns], y), (x_test[:, columns], y_test), settings["steps"], own)
        shared = {"domain": PACKAGE, "learner": settings["model"], "seed": settings["seed"]}
        rows.append({**shared, "presentation": presentation, **found})
    return pd.DataFrame(rows)


@cache
def signals() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Signals (4000, 40) and digits (4000,) for training, and 1,000 of each for the test."""
    from mnist1d.data import get_dataset_args, make_dataset  # noqa: PLC0415

    made = make_dataset(get_dataset_args())
    return tuple(np.asarray(made[name]) for name in ("x", "y", "x_test", "y_test"))  # pyright: ignore[reportReturnType]


def _train(
    name: str, train: tuple[np.ndarray, np.ndarray], test: tuple[np.ndarray, np.ndarray], steps: int, seed: int
) -> dict[str, float]:
    import torch  # noqa: PLC0415
    from torch.nn import functional  # noqa: PLC0415

    from ..learners.training import use_threads  # noqa: PLC0415

    inputs, tests = (torch.from_numpy(one.astype(np.float32)) for one in (train[0], test[0]))
    labels, answers = (torch.from_numpy(one.astype(np.int64)) for one in (train[1], test[1]))

    def accuracy(features: torch.Tensor, wanted: torch.Tensor) -> float:
        with torch.inference_mode():
            return float((model(features).argmax(dim=1) == wanted).double().mean())

    checks: list[float] = []
    with torch.random.fork_rng(devices=[]), use_threads(1):
        torch.manual_seed(seed)
        model = network(name)
        optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)
        for step in range(steps):
            start = step * BATCH % len(inputs)
            batch = slice(start, start + BATCH)
            optimizer.zero_grad()
            functional.cross_entropy(model(inputs[batch]), labels[batch]).backward()
            optimizer.step()
            if (step + 1) % CHECK == 0 or step + 1 == steps:
                checks.append(accuracy(tests, answers))
        return {"accuracy": checks[-1], "best": max(checks), "train": accuracy(inputs, labels)}


def network(name: str) -> Any:
    """A module from signals (batch, 40) to logits (batch, 10), with the initial weights of PyTorch."""
    from torch import nn  # noqa: PLC0415

    if name == "logistic":
        return nn.Linear(FEATURES, DIGITS)
    if name == "mlp":
        return nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), _residual(), nn.Linear(HIDDEN, DIGITS))
    if name == "cnn":
        layers: list[nn.Module] = [nn.Unflatten(1, (1, FEATURES))]
        for before, kernel in ((1, 5), (CHANNELS, 3), (CHANNELS, 3)):
            layers += [nn.Conv1d(before, CHANNELS, kernel, stride=2, padding=1), nn.ReLU()]
        return nn.Sequential(*layers, nn.Flatten(), nn.LazyLinear(DIGITS))
    if name == "gru":
        return _recurrent()
    raise ValueError(f"unknown model {name!r}; expected one of {', '.join(PUBLISHED)}")


def _residual() -> Any:
    """A hidden layer that adds to its input: h + relu(W h + b)."""
    from torch import Tensor, nn  # noqa: PLC0415

    class Residual(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(HIDDEN, HIDDEN)

        def forward(self, hidden: Tensor) -> Tensor:
            return hidden + self.linear(hidden).relu()

    return Residual()


def _recurrent() -> Any:
    """A bidirectional GRU; the readout is linear in the states at all positions."""
    from torch import Tensor, nn  # noqa: PLC0415

    class Recurrent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(1, UNITS, batch_first=True, bidirectional=True)
            self.readout = nn.Linear(2 * UNITS * FEATURES, DIGITS)

        def forward(self, features: Tensor) -> Tensor:
            states, _ = self.gru(features[..., None])
            return self.readout(states.flatten(1))

    return Recurrent()
