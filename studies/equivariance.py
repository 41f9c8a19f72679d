"""Equivariance: the distance of a trained MLP from the convolutional solution inside its own space of functions.

Every convolution is an MLP with shared weights, so that an MLP contains the solution that a CNN is built for. The study
measures how equivariant the learnt function is, against the number of examples n and the steps after the fit (age),
and whether training keeps that solution where the MLP is initialised at it. The analysis is in convolution_distance.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from ..learners.base import Predictor, Problem
from ..metrics.equivariance import Change, cyclic_shift_change, invariance_change, touches
from ..runs.data import sample_split
from ..runs.fit import fit
from ..runs.names import make_learner, make_task
from ..runs.score import UNDERFIT
from ..runs.seeds import generator
from ..runs.seeds import seed as make_seed
from ..tasks.base import Task
from ..tasks.identity import IdentitySymbols
from ..tasks.spaces import read_only
from ..tasks.translation import Translation
from .base import Findings, Scale, Study, StudyJob
from .convolution_distance import analyse

RECIPES: dict[tuple[str, str], dict[str, Any]] = {
    ("identity-bits", "mlp"): {"learning_rate": 0.001},
    ("identity-bits", "cnn"): {"learning_rate": 0.002, "depth": 4, "kernel_size": 5},
    ("identity-bits", "cnn:view=untied"): {"learning_rate": 0.002, "depth": 4, "kernel_size": 5},
    ("translation", "mlp"): {"learning_rate": 0.001},
    ("translation", "cnn"): {"learning_rate": 0.01, "depth": 2, "kernel_size": 5, "grid_channels": 16},
    # Without the mean over 400 positions gradients are larger: with 0.01 the loss stays at that of a constant.
    ("translation", "cnn:view=untied"): {"learning_rate": 0.002, "depth": 2, "kernel_size": 5, "grid_channels": 16},
}
"""Parameters of the networks by task and learner: those of the preset `standard`, but for the last."""

SOLUTION = "mlp:initialisation=identity,tolerance=0"
"""The MLP that is initialised at the convolutional solution of `identity-bits`, and trains for all of its steps."""

SETTINGS = tuple((optimizer, margin) for optimizer in ("adam", "sgd") for margin in (10.0, 20.0))
"""Optimisers and initial margins of the MLP that is initialised at the solution."""

MAX_STEPS = 3000
AGES = (0, 1000)
"""Steps after the fit."""

RANDOM_INPUTS = 256
"""Random inputs of identity-bits; each is shifted by every number of positions but 0."""

MOVES = 8
"""Random moves of each digit within the left half."""


class Equivariance(Study):
    """Jobs: a learner on a task at one n and age, for some seeds, which networks are trained for as one stack."""

    name: ClassVar[str] = "equivariance"
    question: ClassVar[str] = "How far is a trained MLP from the convolutional solution inside its own space?"
    version: ClassVar[int] = 1

    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        return [
            StudyJob(self.name, self.version, shift_errors, settings, words=_words(settings))
            for settings in _plan(scale)
        ]

    def analyse(self, rows: pd.DataFrame) -> Findings:
        return analyse(rows)


def shift_errors(settings: Mapping[str, Any]) -> pd.DataFrame:
    """The errors of one learner at one n and age: one row per seed and measure.

    settings  task, learner, parameters, n, age and seeds

    Columns: task, learner, n, age, seed, optimizer and margin (of an MLP that is initialised at the solution; else ""
    and nan), measure, error (share of outputs that differ), distance (mean of metrics.equivariance.Change), accuracy
    (share of outputs that are right on the shifted inputs), train (share of the training set that is right), steps and
    status ("ok", or the flag of a fit that decides nothing).
    """
    task = make_task(settings["task"]).instance
    n, age, seeds = int(settings["n"]), int(settings["age"]), list(settings["seeds"])
    parameters = {"max_steps": MAX_STEPS, "age": age, **settings["parameters"]}
    learner = make_learner(settings["learner"], parameters).instance
    problems = [_problem(task, learner.name, n, seed) for seed in seeds]
    rows: list[dict[str, Any]] = []
    for seed, problem, (predictor, _) in zip(seeds, problems, fit(learner, problems), strict=True):
        if "diverged" in predictor.record:
            raise ValueError(f"{settings['learner']} on {task.name}, n = {n}, seed {seed}: the loss was not finite")
        right = float(np.mean((predictor.predict(problem.inputs).argmax(-1) == problem.targets).all(axis=1)))
        shared = {
            "task": task.name,
            "learner": settings["learner"],
            "n": n,
            "age": age,
            "seed": seed,
            "optimizer": settings["parameters"].get("optimizer", ""),
            "margin": float(settings["parameters"].get("initial_margin", "nan")),
            "train": right,
            "steps": predictor.record.get("steps", 0),
            "status": _status(predictor, right),
        }
        rows += [{**shared, **row} for row in _measured(task, predictor, seed)]
    return pd.DataFrame(rows)


def moved_digits(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Every digit moved to another random position at which its ink stays in the left half; images (n, 1, side, side).

    A digit whose ink fills the half, so that it cannot move, stays.
    """
    side = images.shape[-1]
    ink: np.ndarray = images[:, 0] > 0
    rows, columns = np.asarray(ink.any(axis=2)), np.asarray(ink.any(axis=1))
    up, down = rows.argmax(axis=1), rows[:, ::-1].argmax(axis=1)
    left, right = columns.argmax(axis=1), columns[:, ::-1].argmax(axis=1) - side // 2
    moved = np.empty_like(images)
    for index, image in enumerate(images):
        lowest, highest = -int(up[index]), int(down[index])
        vertical, horizontal = np.meshgrid(
            np.arange(lowest, highest + 1), np.arange(-int(left[index]), int(right[index]) + 1), indexing="ij"
        )
        choices = np.stack([vertical.ravel(), horizontal.ravel()], axis=1)
        choices = choices[choices.any(axis=1)]
        by = choices[rng.integers(len(choices))] if len(choices) else np.zeros(2, int)
        moved[index] = np.roll(image, (int(by[0]), int(by[1])), axis=(1, 2))
    return moved


def _plan(scale: Scale) -> Iterator[dict[str, Any]]:
    """Settings of all jobs of a scale."""
    quick, full = scale == "quick", scale == "full"
    sizes = (16, 256) if quick else (16, 64, 256, 1024)
    many, few = (5, 5) if quick else (20, 10) if full else (10, 5)
    trend = 10 if quick else 60 if full else 40  # of the MLP alone, which is cheap: 10 did not decide the claim
    for n in sizes:
        for age in AGES if not quick else AGES[: 1 + (n == sizes[-1])]:
            yield _settings("identity-bits", "mlp", n, age, range(many if age else trend))
            if not quick or (n == sizes[-1] and age == 0):
                for learner in ("cnn", "cnn:view=untied"):
                    yield _settings("identity-bits", learner, n, age, range(few if age else many))
        for learner in ("forest", "forest:view=tied"):
            yield _settings("identity-bits", learner, n, 0, range(many))
    for n in (sizes[-1],) if quick else (16, sizes[-1]):
        for optimizer, margin in SETTINGS:
            if quick and margin == 10 and optimizer == "sgd":  # noqa: PLR2004 -- the least informative setting
                continue
            started = {"optimizer": optimizer, "initial_margin": margin}
            yield _settings("identity-bits", SOLUTION, n, 0, range(max(many, 10)), **started)  # 5 decide nothing
    for n in (64, 256):
        for age in AGES if not quick else AGES[:1]:
            yield _settings("translation", "mlp", n, age, range(many if age else trend))
        yield _settings("translation", "forest", n, 0, range(few))
        if not quick:
            yield _settings("translation", "cnn:view=untied", n, 0, range(few))
        for age in AGES if full else AGES[:1] if n == 256 and not quick else ():  # noqa: PLR2004 -- the largest n
            for seed in range(few):  # a minute each
                yield _settings("translation", "cnn", n, age, [seed])


def _settings(task: str, learner: str, n: int, age: int, seeds: Sequence[int], **further: Any) -> dict[str, Any]:
    recipe = RECIPES.get((task, learner), RECIPES[task, "mlp"] if learner == SOLUTION else {})
    return {
        "task": task,
        "learner": learner,
        "parameters": {**recipe, **further},
        "n": n,
        "age": age,
        "seeds": list(seeds),
    }


def _words(settings: Mapping[str, Any]) -> str:
    seeds, parameters = settings["seeds"], settings["parameters"]
    started = (
        f", {parameters['optimizer']}, margin {parameters['initial_margin']:g}" if "optimizer" in parameters else ""
    )
    which = f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds"
    return f"{settings['learner']}{started} on {settings['task']}, n {settings['n']}, age {settings['age']}, {which}"


def _problem(task: Task, learner: str, n: int, seed: int) -> Problem:
    """The training set of the suite's cell with this n and seed; the seed of the learner does not depend on the age."""
    examples = sample_split(task, "train", n, seed)
    own = make_seed(study="equivariance", task=task.name, learner=learner, size=n, seed=seed)
    inputs, targets = np.array(examples.inputs), np.array(examples.targets)
    return Problem(inputs, targets, task.inputs, task.outputs, own, n_id=n, noisy=task.truth.noisy)


def _status(predictor: Predictor, right: float) -> str:
    """The flag as in runs/score.py; a noisy task has none here, because neither task of the study is."""
    stopped = predictor.record.get("stopped")
    if stopped in ("budget", "plateau"):
        return str(stopped)
    return "capacity" if stopped is None and right < UNDERFIT else "ok"


def _measured(task: Task, predictor: Predictor, seed: int) -> list[dict[str, Any]]:
    rng = generator(study="equivariance", task=task.name, inputs=seed)
    if isinstance(task, IdentitySymbols):
        return _identity(task, predictor, rng)
    if isinstance(task, Translation):
        return _translation(task, predictor, rng, seed)
    raise ValueError(f"no shifts are known for the task {task.name}; expected identity-bits or translation")


def _identity(task: IdentitySymbols, predictor: Predictor, rng: np.random.Generator) -> list[dict[str, Any]]:
    """All cyclic shifts of random inputs: over all outputs, and with and without the position that training freezes."""
    positions = task.inputs.size
    inputs = rng.integers(task.inputs.alphabet or 2, size=(RANDOM_INPUTS, positions))
    shifts = range(1, positions)
    found = cyclic_shift_change(lambda asked: predictor.predict(read_only(asked)), inputs, shifts)
    right = predictor.predict(read_only(inputs)).argmax(-1) == inputs
    frozen = np.arange(positions) >= positions - task.frozen
    touched = touches(positions, shifts, np.flatnonzero(frozen).tolist())
    return [
        _row("all positions", found, np.ones_like(touched), float(right.mean())),
        _row("frozen position", found, touched, float(right[:, frozen].mean())),
        _row("free positions", found, ~touched, float(right[:, ~frozen].mean())),
    ]


def _translation(task: Translation, predictor: Predictor, rng: np.random.Generator, seed: int) -> list[dict[str, Any]]:
    """Test digits in the left half, moved within it, and by half of the canvas into the right half."""
    tests = sample_split(task, "id", task.capacity("id"), seed)
    images = np.array(tests.inputs)
    moves = {
        "within the left half": [moved_digits(images, rng) for _ in range(MOVES)],
        "to the right half": [np.roll(images, task.canvas // 2, axis=-1)],
    }
    rows: list[dict[str, Any]] = []
    for measure, moved in moves.items():
        found = invariance_change(lambda asked: predictor.predict(read_only(asked)), images, moved)
        answers = [predictor.predict(read_only(copy)).argmax(-1) for copy in moved]
        right = float((np.stack(answers) == tests.targets).mean())
        rows.append(_row(measure, found, np.ones((len(moved), 1), bool), right))
    return rows


def _row(measure: str, found: Change, chosen: np.ndarray, accuracy: float) -> dict[str, Any]:
    """The means over the comparisons in `chosen`, (shifts, outputs), and all inputs."""
    error, distance = (values.mean(axis=1)[chosen].mean() for values in found)
    return {"measure": measure, "error": float(error), "distance": float(distance), "accuracy": accuracy}
