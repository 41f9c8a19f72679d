"""Double descent: test error over capacity, around the point where a learner begins to interpolate.

Capacity is on the x axis. Random Fourier features (minimum norm, and tuned ridge), forests on the grid leaves x trees,
gradient boosting on the grid rounds x ensembles, and networks with one hidden layer, on scikit-learn's digits with
redrawn labels; in full, MNIST-1D as published (`mnist1d_curve`). Analysis: `descents`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..runs.seeds import generator
from ..runs.seeds import seed as make_seed
from .base import Findings, Scale, Study, StudyJob
from .descents import findings
from .hidden_layer import parameter_count, train_hidden_layer
from .mnist1d_curve import CELLS, missing, run_mnist1d
from .smoothers import (
    boosting_weights,
    effective_parameters,
    forest_weights,
    fourier_features,
    grow_forest,
    least_squares,
)

CLASSES = 10
NOISE = (0.0, 0.1, 0.2)
"""Shares of the training labels that are redrawn, uniformly over the classes."""

RATIOS = (0.125, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0, 8.0)
"""Numbers of Fourier features, in units of the number of examples."""

LEAVES = (2, 4, 8, 16, 32, 64, 128)
"""Largest numbers of leaves of a tree; the number of examples is added, with which a tree is fully grown."""

TREES = (1, 2, 5, 10, 20, 50, 100)

ROUNDS = (1, 2, 5, 10, 20, 50, 100, 200)
"""Rounds of gradient boosting; 200, trees of 10 leaves and the learning rate 0.85 are those of Curth et al. (2023)."""

ENSEMBLES = (1, 2, 5, 10, 20)
"""Numbers of boosted models that are averaged; they differ in the inputs that are offered at each split."""

BOOSTING_LEAVES, BOOSTING_RATE = 10, 0.85

WIDTHS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.4, 2.0, 4.0)
"""Parameters of a network, in units of examples x classes; the width is rounded."""

LEARNING_RATE = 0.003


@dataclass(frozen=True)
class Size:
    """How much is computed at a scale: training examples, seeds, and the steps of the networks.

    ensembles       largest number of boosted models that are averaged
    boosting_noise  noise levels of gradient boosting
    network_stacks  first seed and end of the seeds of each stack of networks
    mnist1d_seeds   seeds of each network on MNIST-1D
    """

    examples: int
    seeds: int
    ensembles: int
    boosting_noise: tuple[float, ...]
    network_examples: int
    network_stacks: tuple[tuple[int, int], ...]
    max_steps: int
    mnist1d_seeds: int = 0


SIZES: dict[Scale, Size] = {
    "quick": Size(160, 5, 5, NOISE[-1:], 100, ((0, 5),), 1000),
    "default": Size(400, 10, 20, NOISE[-1:], 200, ((0, 10),), 2000),
    "full": Size(500, 30, 20, NOISE, 500, ((0, 5), (5, 10), (10, 15), (15, 20)), 10_000, 5),
}


@dataclass(frozen=True)
class Sample:
    """Training and test data, inputs (examples, 64) from 0 to 1 and labels (examples,); training labels with noise."""

    inputs: np.ndarray
    labels: np.ndarray
    test_inputs: np.ndarray
    test_labels: np.ndarray

    @property
    def targets(self) -> np.ndarray:
        """The training labels, one-hot: (examples, 10)."""
        return np.eye(CLASSES)[self.labels]


def digits(examples: int, noise: float, seed: int) -> Sample:
    """Training examples of scikit-learn's digits, a share `noise` of labels redrawn; the other images are the test.

    One seed gives the same images at every noise level; the labels redrawn at a lower level are redrawn at a higher one
    as well, with the same result.
    """
    from sklearn.datasets import load_digits  # noqa: PLC0415

    images, labels = map(np.asarray, load_digits(return_X_y=True))
    if not 0 <= noise <= 1 or not CLASSES <= examples < len(images):
        raise ValueError(f"{examples} examples, noise {noise}; expected {CLASSES} to {len(images) - 1}, and 0 to 1")
    sampler = generator(study="double-descent", part="data", seed=seed)
    order = sampler.permutation(len(images))
    train, test = order[:examples], order[examples:]
    own = labels[train].copy()
    redrawn = sampler.permutation(examples)[: round(noise * examples)]
    own[redrawn] = generator(study="double-descent", part="noise", seed=seed).integers(CLASSES, size=examples)[redrawn]
    return Sample(images[train] / 16, own, images[test] / 16, labels[test])


def expected_error(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Share of points whose class is not predicted, if ties between the largest outputs are broken at random.

    predicted  (points, classes)

    Two trees that disagree are a tie; to take the first class would be a bias of its own.
    """
    best = predicted >= predicted.max(axis=1, keepdims=True) - 1e-9
    return float(1 - (best[np.arange(len(labels)), labels] / best.sum(axis=1)).mean())


def _errors(fitted: np.ndarray, predicted: np.ndarray, sample: Sample) -> dict[str, float]:
    """What is measured of every model: outputs on the training and test inputs, (examples, 10) each."""
    squares = np.square(predicted - np.eye(CLASSES)[sample.test_labels]).sum(axis=1)
    return {
        "train_error": expected_error(fitted, sample.labels),
        "test_error": expected_error(predicted, sample.test_labels),
        "test_loss": float(squares.mean()),
    }


def run_fourier(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Random Fourier features, minimum norm and tuned ridge, at all noise levels: they share the decomposition."""
    return pd.DataFrame(list(_fourier_rows(settings["examples"], settings["seed"])))


def _fourier_rows(examples: int, seed: int) -> Iterator[dict[str, Any]]:
    from scipy.spatial.distance import pdist  # noqa: PLC0415

    samples = {noise: digits(examples, noise, seed) for noise in NOISE}
    clean = samples[NOISE[0]]
    bandwidth = float(np.median(pdist(clean.inputs)))
    for ratio in RATIOS:
        count = round(ratio * examples)
        draw = generator(study="double-descent", part="fourier", features=count, seed=seed)
        features, others = fourier_features([clean.inputs, clean.test_inputs], count, bandwidth, draw)
        solution = least_squares(features)
        for noise, sample in samples.items():
            tuned = solution.tuned_ridge(sample.targets)
            for model, ridge in (("fourier", 0.0), ("fourier-ridge", tuned)):
                own, weights = solution.weights(features, ridge), solution.weights(others, ridge)
                yield {
                    "model": model,
                    "noise": noise,
                    "seed": seed,
                    "examples": examples,
                    "capacity": float(count),
                    **_errors(own @ sample.targets, weights @ sample.targets, sample),
                    "norm": solution.coefficient_norm(sample.targets, ridge),
                    "p_eff_train": effective_parameters(own),
                    "p_eff_test": effective_parameters(weights),
                    "ridge": ridge,
                }


def run_forest(settings: Mapping[str, Any]) -> pd.DataFrame:
    """The grid leaves x trees of a forest, of one kind, at one noise level."""
    examples, noise, seed = settings["examples"], settings["noise"], settings["seed"]
    defaults = settings["model"] == "forest-defaults"
    sample = digits(examples, noise, seed)
    counts = [one for one in TREES if one <= settings["trees"]]
    rows = []
    for leaves in sorted({*(one for one in LEAVES if one < examples), examples}):
        own = make_seed(study="double-descent", part=settings["model"], leaves=leaves, seed=seed) % 2**32
        forest = grow_forest(sample.inputs, sample.labels, leaves, counts[-1], defaults=defaults, seed=own)
        fitted = forest_weights(forest, sample.inputs, sample.inputs, counts)
        predicted = forest_weights(forest, sample.inputs, sample.test_inputs, counts)
        for trees, on_train, on_test in zip(counts, fitted, predicted, strict=True):
            place = {"model": settings["model"], "noise": noise, "seed": seed, "examples": examples}
            rows.append(
                {
                    **place,
                    "capacity": float(leaves * trees),
                    "leaves": leaves,
                    "trees": trees,
                    **_errors(on_train @ sample.targets, on_test @ sample.targets, sample),
                    "p_eff_train": effective_parameters(on_train),
                    "p_eff_test": effective_parameters(on_test),
                }
            )
    return pd.DataFrame(rows)


def run_boosting(settings: Mapping[str, Any]) -> pd.DataFrame:
    """The grid rounds x ensembles of gradient boosting at one noise level: averages of boosted models."""
    examples, noise, seed = settings["examples"], settings["noise"], settings["seed"]
    sample = digits(examples, noise, seed)
    counts = [one for one in ENSEMBLES if one <= settings["ensembles"]]
    sums: list[list[np.ndarray]] = []  # of the weights of the models so far, by rounds: (n, n), (points, n)
    rows: list[dict[str, Any]] = []
    for model in range(counts[-1]):
        own = make_seed(study="double-descent", part="boosting", model=model, seed=seed) % 2**32
        found = boosting_weights(
            sample.inputs,
            sample.targets,
            sample.test_inputs,
            ROUNDS,
            leaves=BOOSTING_LEAVES,
            learning_rate=BOOSTING_RATE,
            seed=own,
        )
        sums = [
            [one + other for one, other in zip(pair, before, strict=True)] if before else list(pair)
            for pair, before in zip(found, sums or [[]] * len(ROUNDS), strict=True)
        ]
        if model + 1 in counts:
            for rounds, pair in zip(ROUNDS, sums, strict=True):
                on_train, on_test = (one / (model + 1) for one in pair)
                rows.append(
                    {
                        "model": "boosting",
                        "noise": noise,
                        "seed": seed,
                        "examples": examples,
                        "capacity": float(rounds * (model + 1)),
                        "rounds": rounds,
                        "ensembles": model + 1,
                        **_errors(on_train @ sample.targets, on_test @ sample.targets, sample),
                        "p_eff_train": effective_parameters(on_train),
                        "p_eff_test": effective_parameters(on_test),
                    }
                )
    return pd.DataFrame(rows)


def run_networks(settings: Mapping[str, Any]) -> pd.DataFrame:
    """Networks with one hidden layer of one width at one noise level, all seeds as one stack."""
    examples, noise, seeds = settings["examples"], settings["noise"], range(*settings["seeds"])
    width = settings["width"]
    samples = [digits(examples, noise, seed) for seed in seeds]
    centres = [sample.inputs.mean(axis=0) for sample in samples]
    scales = [sample.inputs.std() for sample in samples]
    inputs, tests = (
        np.stack([(one - centre) / scale for one, centre, scale in zip(parts, centres, scales, strict=True)])
        for parts in ([sample.inputs for sample in samples], [sample.test_inputs for sample in samples])
    )
    draws = [generator(study="double-descent", part="network", width=width, seed=seed) for seed in seeds]
    targets = np.stack([sample.targets for sample in samples])
    network = train_hidden_layer(inputs, targets, width, settings["max_steps"], LEARNING_RATE, draws)
    fitted, predicted, norms = network.predict(inputs), network.predict(tests), network.norms
    parameters = float(parameter_count(inputs.shape[2], width, CLASSES))
    return pd.DataFrame(
        [
            {
                "model": "network",
                "noise": noise,
                "seed": seed,
                "examples": examples,
                "capacity": parameters,
                "width": width,
                **_errors(fitted[index], predicted[index], samples[index]),
                "norm": norms[index],
            }
            for index, seed in enumerate(seeds)
        ]
    )


def widths(examples: int, dimensions: int = 64) -> list[int]:
    """The widths at which the parameters are about `WIDTHS` x examples x classes."""
    each = dimensions + 1 + CLASSES
    return sorted({max(round((ratio * examples * CLASSES - CLASSES) / each), 1) for ratio in WIDTHS})


class DoubleDescent(Study):
    """Peaks of test error over capacity, with and without label noise."""

    name = "double-descent"
    question = "Does test error peak where a learner begins to interpolate, in networks and in forests alike?"

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        size = SIZES[scale]
        found = [
            StudyJob(self.name, self.version, run_fourier, {"examples": size.examples, "seed": seed}, f"fourier {seed}")
            for seed in range(size.seeds)
        ]
        forest = {"examples": size.examples, "trees": TREES[-1]}
        found += [
            StudyJob(
                self.name,
                self.version,
                run_forest,
                {**forest, "model": model, "noise": noise, "seed": seed},
                f"{model}, noise {noise}, seed {seed}",
            )
            for model in ("forest", "forest-defaults")
            for noise in NOISE
            for seed in range(size.seeds)
        ]
        found += [
            StudyJob(
                self.name,
                self.version,
                run_boosting,
                {"examples": size.examples, "ensembles": size.ensembles, "noise": noise, "seed": seed},
                f"boosting, noise {noise}, seed {seed}",
            )
            for noise in size.boosting_noise
            for seed in range(size.seeds)
        ]
        found += [
            StudyJob(
                self.name,
                self.version,
                run_mnist1d,
                {"width": width, "noise": noise, "seeds": size.mnist1d_seeds},
                f"MNIST-1D, width {width}, noise {noise}, {size.mnist1d_seeds} seeds",
            )
            for noise, width in (CELLS if size.mnist1d_seeds and missing() is None else ())
        ]
        shared = {"examples": size.network_examples, "max_steps": size.max_steps}
        return found + [
            StudyJob(
                self.name,
                self.version,
                run_networks,
                {**shared, "seeds": list(stack), "noise": noise, "width": width},
                f"network of width {width}, noise {noise}, seeds {stack[0]} to {stack[1] - 1}",
            )
            for stack in size.network_stacks
            for noise in NOISE
            for width in widths(size.network_examples)
        ]

    def analyse(self, rows: pd.DataFrame) -> Findings:
        return findings(rows)
