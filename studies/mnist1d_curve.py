"""The published double-descent curve of MNIST-1D: test error against the width of a network with two hidden layers.

Recipe of the notebook on double descent of Greydanus and Kobak: 4,000 training and 12,000 test signals of the package
mnist1d; each training label is redrawn with probability 0.15; cross-entropy, stochastic gradient descent with learning
rate 0.01 and momentum 0.9 in batches of 100, 500 epochs; PyTorch's initialisation. Each figure there is of one run.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student
from torch.nn import functional

from ..learners.training import use_threads
from ..runs.seeds import generator
from .base import Published
from .peaks import cross_fitted_heights

TRAIN, TEST, SIGNAL, CLASSES = 4_000, 12_000, 40, 10
EPOCHS, BATCH, LEARNING_RATE, MOMENTUM = 500, 100, 0.01, 0.9
NOISE = 0.15

PUBLISHED = {
    (NOISE, 21): 50.8,
    (NOISE, 36): 52.8,
    (NOISE, 61): 54.0,
    (NOISE, 80): 52.1,
    (NOISE, 135): 48.4,
    (NOISE, 300): 45.5,
    (0.0, 21): 42.6,
    (0.0, 300): 37.3,
}
"""Test error in % by noise and width, of one run each."""

CELLS = tuple(PUBLISHED)

SOURCE = "Greydanus and Kobak (MNIST-1D), notebook on double descent"


def missing() -> str | None:
    """What has to be installed; None if nothing."""
    return None if importlib.util.find_spec("mnist1d") else "the package mnist1d (pip install mnist1d)"


def signals(train: int = TRAIN, test: int = TEST) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training inputs (train, 40) and labels, test inputs (test, 40) and labels; by default those of the source."""
    from mnist1d.data import get_dataset_args, make_dataset  # noqa: PLC0415 -- an optional package

    arguments: Any = get_dataset_args()
    arguments.num_samples, arguments.train_split = train + test, train / (train + test)  # its seed is 42
    state = np.random.get_state()  # noqa: NPY002 -- the package seeds the global generator
    try:
        data = make_dataset(arguments)
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return data["x"].astype(np.float32), data["y"], data["x_test"].astype(np.float32), data["y_test"]


def run_mnist1d(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Work of a job: networks of one width at one noise level, all seeds as one stack."""
    width, noise, seeds = settings["width"], settings["noise"], range(settings["seeds"])
    inputs, labels, test_inputs, test_labels = signals()
    own = np.stack([redrawn(labels, noise, seed) for seed in seeds])
    generators = [generator(study="double-descent", part="mnist1d", width=width, seed=seed) for seed in seeds]
    layers = train(inputs, own, width, settings.get("epochs", EPOCHS), generators)
    fitted, predicted = outputs(layers, inputs), outputs(layers, test_inputs)  # (stack, examples, classes)
    loss = functional.cross_entropy(
        torch.from_numpy(predicted).flatten(0, 1),
        torch.from_numpy(test_labels).long().repeat(len(own)),
        reduction="none",
    )
    return pd.DataFrame(
        {
            "model": "mnist1d",
            "noise": noise,
            "seed": list(seeds),
            "examples": len(inputs),
            "capacity": float(sum(layer[0].numel() for layer in layers)),
            "width": width,
            "train_error": (fitted.argmax(axis=2) != own).mean(axis=1),
            "test_error": (predicted.argmax(axis=2) != test_labels).mean(axis=1),
            "test_loss": loss.view(len(own), -1).mean(dim=1).numpy(),
        }
    )


def redrawn(labels: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """The labels, each redrawn uniformly over the classes with probability `noise`."""
    rng = generator(study="double-descent", part="mnist1d-noise", seed=seed)
    chosen, others = rng.random(len(labels)) < noise, rng.integers(CLASSES, size=len(labels))
    return np.where(chosen, others, labels)


def train(
    inputs: np.ndarray, labels: np.ndarray, width: int, epochs: int, generators: list[np.random.Generator]
) -> list[torch.Tensor]:
    """A stack of networks after so many epochs: weights (stack, fan_in, units) and biases (stack, 1, units) in turn.

    inputs      (examples, dimensions)
    labels      (stack, examples)
    generators  one a network, for its initialisation and the order of its examples
    """
    x, y = torch.from_numpy(inputs), torch.from_numpy(labels).long()
    shapes = [(inputs.shape[1], width), (width, width), (width, CLASSES)]
    layers = [
        torch.from_numpy(np.stack([one.uniform(-bound, bound, shape) for one in generators]).astype(np.float32))
        for rows, columns in shapes
        for bound in [1 / sqrt(rows)]
        for shape in ((rows, columns), (1, columns))
    ]
    for layer in layers:
        layer.requires_grad_()
    optimizer = torch.optim.SGD(layers, lr=LEARNING_RATE, momentum=MOMENTUM)
    with use_threads(1):
        for _ in range(epochs):
            orders = torch.from_numpy(np.stack([one.permutation(len(inputs)) for one in generators]))
            for rows in orders.split(BATCH, dim=1):
                optimizer.zero_grad()
                logits = _forward(layers, x[rows])
                # a mean over the batch and a sum over the stack: no network sees the others
                loss = functional.cross_entropy(logits.flatten(0, 1), y.gather(1, rows).flatten(), reduction="sum")
                (loss / rows.shape[1]).backward()
                optimizer.step()
    return layers


def outputs(layers: list[torch.Tensor], inputs: np.ndarray) -> np.ndarray:
    """Logits (stack, examples, classes) of inputs (examples, dimensions)."""
    with torch.no_grad(), use_threads(1):
        return _forward(layers, torch.from_numpy(inputs).expand(len(layers[0]), -1, -1)).numpy()


def _forward(layers: list[torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    """Logits of a stack; values (stack, examples, dimensions)."""
    for place in range(0, len(layers), 2):
        values = torch.baddbmm(layers[place + 1], values, layers[place])
        values = values.relu() if place + 2 < len(layers) else values
    return values


def published(rows: pd.DataFrame) -> tuple[Published, ...]:
    """A row a published figure; one for all of them if nothing was run. rows: of `run_mnist1d`.

    It agrees if it is within the 95 % prediction interval of another run (Student's t over seeds) and half a digit.
    """
    if rows.empty:
        figures = ", ".join(f"{figure} %" for (noise, _), figure in PUBLISHED.items() if noise)
        widths = ", ".join(str(width) for noise, width in PUBLISHED if noise)
        note = "in full only" if missing() is None else f"in full only, with {missing()}"
        return (Published(f"MNIST-1D: test error at widths {widths}", SOURCE, figures, "not run", None, note),)
    found: list[Published] = []
    for (noise, width), figure in PUBLISHED.items():
        errors = 100 * rows.loc[(rows["noise"] == noise) & (rows["width"] == width), "test_error"].to_numpy(float)
        words = f"MNIST-1D: test error at width {width}, {100 * noise:.0f} % of labels redrawn"
        ours, agrees, note = "not run", None, ""
        if len(errors) == 1:
            ours, note = f"{errors[0]:.1f} %, 1 seed", "one run each"
        elif len(errors):
            mean, half = float(errors.mean()), _half_width(errors)
            ours = f"{mean:.1f} %, {len(errors)} seeds, another run within [{mean - half:.1f}, {mean + half:.1f}]"
            agrees, note = abs(figure - mean) <= half + 0.05, "95 % prediction interval of another run"
        found.append(Published(words, SOURCE, f"{figure} %", ours, agrees, note))
    return tuple(found)


def heights(rows: pd.DataFrame) -> np.ndarray:
    """Height of the peak of test error between the smallest and the largest width with redrawn labels, (seeds,)."""
    noisy = rows.loc[rows["noise"] == NOISE].pivot_table(index="seed", columns="width", values="test_error")
    return cross_fitted_heights(noisy.to_numpy(float))


def _half_width(values: np.ndarray) -> float:
    """Half of the 95 % prediction interval of another value."""
    n = len(values)
    return float(student.isf(0.025, n - 1) * values.std(ddof=1) * sqrt(1 + 1 / n))
