"""The features of LMS data that a learner uses: the linear coordinate, or the 49 with slabs (Shah et al. 2020).

A feature is used as far as the area under the ROC curve falls where it is randomised: a test input gets the feature of
another test input, drawn at random, and keeps its label and its other coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..learners.base import Problem
from ..learners.training import use_threads
from ..runs.data import sample_split
from ..runs.fit import fit
from ..runs.names import make_learner
from ..runs.seeds import generator
from ..runs.seeds import seed as make_seed
from ..tasks.slabs import Slabs

RECIPE = {"n": 100_000, "width": 100, "depth": 2, "learning_rate": 0.1, "batch_size": 256, "steps": 5000}
"""Shah et al. (2020), LMS-5: plain stochastic gradient descent on the cross-entropy, no momentum."""

NETWORK = "fcn"
TESTS = 10_000


def run_recipe(settings: Mapping[str, Any]) -> pd.DataFrame:
    """The network of the source with one seed; settings: RECIPE and seed. One row, the columns of `_row`."""
    import torch  # noqa: PLC0415

    seed, task = int(settings["seed"]), Slabs()
    rng = generator(study="simplicity", part="slabs", seed=seed)
    # `propose` and not `sample_split`: real inputs do not repeat, and its hashes would cost more than the training.
    examples = task.propose("id", settings["n"], rng)
    features = torch.from_numpy(examples.inputs.astype(np.float32))
    labels = torch.from_numpy(examples.targets[:, 0].copy())
    with torch.random.fork_rng(devices=[]), use_threads(1):
        torch.manual_seed(make_seed(study="simplicity", part="fcn", seed=seed))
        network = _network(task.dims, settings["width"], settings["depth"])
        optimizer = torch.optim.SGD(network.parameters(), settings["learning_rate"])
        rows = torch.empty(0, dtype=torch.int64)
        for _ in range(settings["steps"]):
            if len(rows) < settings["batch_size"]:
                rows = torch.randperm(len(labels))
            batch, rows = rows[: settings["batch_size"]], rows[settings["batch_size"] :]
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(features[batch]), labels[batch]).backward()
            optimizer.step()

        def margin(inputs: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                logits = network(torch.from_numpy(inputs.astype(np.float32)))
            return (logits[:, 1] - logits[:, 0]).numpy()

        return pd.DataFrame([_row(task, NETWORK, seed, settings["n"], margin)])


def run_learner(settings: Mapping[str, Any]) -> pd.DataFrame:
    """A learner of the suite (`learner`, `parameters`) on n examples, for some seeds: one row a seed."""
    task, n, seeds = Slabs(), int(settings["n"]), list(settings["seeds"])
    problems: list[Problem] = []
    for seed in seeds:
        examples = sample_split(task, "train", n, seed)
        own = make_seed(study="simplicity", part="slabs", learner=settings["learner"], seed=seed)
        problems.append(Problem(np.array(examples.inputs), np.array(examples.targets), task.inputs, task.outputs, own))
    learner = make_learner(settings["learner"], settings["parameters"]).instance
    return pd.DataFrame(
        [
            _row(task, settings["learner"], seed, n, lambda inputs, own=predictor: own.predict(inputs)[:, 0, 1])
            for seed, (predictor, _) in zip(seeds, fit(learner, problems), strict=True)
        ]
    )


def _row(task: Slabs, learner: str, seed: int, n: int, score: Callable[[np.ndarray], np.ndarray]) -> dict[str, Any]:
    """AUC as it is, with the linear coordinate randomised, and with all slab coordinates randomised.

    score  inputs (m, 50) -> (m,), larger for class 1
    """
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415

    rng = generator(study="simplicity", part="slab tests", seed=seed)
    tests = task.propose("id", TESTS, rng)
    row: dict[str, Any] = {"part": "slabs", "learner": learner, "seed": seed, "n": n}
    for name, columns in (("auc", []), ("auc_linear", [0]), ("auc_slabs", list(range(1, task.dims)))):
        inputs = tests.inputs.copy()
        inputs[:, columns] = inputs[rng.permutation(TESTS)][:, columns]
        row[name] = float(roc_auc_score(tests.targets[:, 0], score(inputs)))
    return row


def _network(inputs: int, width: int, depth: int) -> Any:
    """ReLU layers from inputs (batch, inputs) to two logits, with the initial weights of PyTorch."""
    from torch import nn  # noqa: PLC0415

    layers: list[nn.Module] = []
    for layer in range(depth):
        layers += [nn.Linear(width if layer else inputs, width), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(width, 2))
