"""The data of a run: what a split of a task holds for a seed, and what a cell is trained and tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.base import Examples, Task
from .cells import Cell, Pair
from .names import UsageError, nearest
from .seeds import generator

TRAIN_SCORED = 1024
"""Of a longer training set the first so many examples are scored: neighbours and kernels would take n^2 for all."""


@dataclass(frozen=True)
class CellData:
    """What one cell is trained and tested on.

    task      the task of the seed (`of_seed`)
    training  `cell.size` in-distribution examples, then `cell.exposed` examples of the exposure pool
    tests     what is predicted and scored: "train" (the first TRAIN_SCORED), "train-exposed" if there are exposed
              examples, "id" and the OOD splits
    probes    further examples of "id" and the OOD splits, the same for every seed (runs/probes.py)
    """

    cell: Cell
    task: Task
    training: Examples
    tests: dict[str, Examples]
    probes: dict[str, Examples]


def data_of(pair: Pair, cells: Sequence[Cell], probes: dict[str, Examples]) -> list[CellData]:
    """The data of some cells of a pair; those of one seed share their examples."""
    seeds = sorted({cell.seed for cell in cells})
    by_seed = {index: _sample_seed(pair, [cell for cell in cells if cell.seed == index], index) for index in seeds}
    return [by_seed[cell.seed].data(cell, probes) for cell in cells]


def of_seed(task: Task, index: int, suite: int = 0) -> Task:
    """The task of seed `index`: itself, unless its rule is sampled for each seed."""
    return task.with_sampled_rule(generator(suite=suite, **task.data_axes(), rule=index))


def sample_split(task: Task, split: str, n: int, index: int, suite: int = 0) -> Examples:
    """The first n examples of a split of `of_seed(task, index)`, or all it holds where that is less.

    They depend on `Task.data_axes`, the split and (unless the split is fixed) the seed, not on learners, sizes or the
    presentation. Raises SpaceExhaustedError for a training split that does not hold n: a smaller one would be another
    cell.
    """
    held = task.capacity(split)
    if held is not None and split != "train":
        n = min(n, held)
    seed = "fixed" if task.split(split).fixed else index
    rng = generator(suite=suite, **task.data_axes(), split=split, seed=seed)
    return of_seed(task, index, suite).sample(split, n, rng)


def test_splits(task: Task) -> list[str]:
    """The names of the splits that every cell is tested on: "id" and the OOD splits."""
    return [split.name for split in task.splits if split.name not in ("train", "exposed")]


def split_named(task: Task, name: str) -> str:
    """The name, if the task has such a split; else raises UsageError with the nearest."""
    known = [split.name for split in task.splits]
    if name not in known:
        raise UsageError(f"{task.name}: " + nearest(name, known, "split"))
    return name


@dataclass(frozen=True)
class _SeedData:
    """The examples of one seed: the longest training set that a cell asks for, and the tests."""

    task: Task
    train: Examples
    exposed: Examples | None
    tests: dict[str, Examples]

    def data(self, cell: Cell, probes: dict[str, Examples]) -> CellData:
        """What belongs to one cell."""
        training = self.train.take(slice(0, cell.size))
        tests = {"train": training.take(slice(0, min(cell.size, TRAIN_SCORED)))}
        if cell.exposed and self.exposed is not None:
            extra = self.exposed.take(slice(0, cell.exposed))
            training = Examples.concatenate([training, extra])
            tests["train-exposed"] = extra
        return CellData(cell, self.task, training, tests | self.tests, probes)


def _sample_seed(pair: Pair, cells: Sequence[Cell], index: int) -> _SeedData:
    """Sample a seed's data; they depend on the task, the split and the seed, not on the learner or the sizes."""
    task = pair.task.instance

    def sample(split: str, n: int) -> Examples:
        return sample_split(task, split, n, index, pair.suite)

    size, exposed = max(cell.size for cell in cells), max(cell.exposed for cell in cells)
    tests = {name: sample(name, pair.test_size) for name in test_splits(task)}
    for name, examples in tests.items():
        task.inputs.check(examples.inputs, f"{task.name}, inputs of {name}")
        task.outputs.check(examples.targets, f"{task.name}, targets of {name}")
    return _SeedData(
        of_seed(task, index, pair.suite), sample("train", size), sample("exposed", exposed) if exposed else None, tests
    )
