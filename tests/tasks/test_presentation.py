"""Presentations of one task: with one seed they have the same problems in the same order, so that they are paired."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from grue.learners import LEARNERS
from grue.runs.data import of_seed, sample_split
from grue.runs.names import make_task
from grue.runs.probes import probes_of
from grue.tasks import TASKS
from grue.tasks.base import Task
from grue.tasks.maze_graph import MazeGraph
from grue.tasks.tabular import Tabular
from grue.tasks.translation import Translation, TranslationPermuted

PRESENTATIONS: dict[str, tuple[Task, ...]] = {
    "breast-cancer": (Tabular(), Tabular(presentation="rotated"), Tabular(presentation="noise")),
    "iris": tuple(Tabular("iris", presentation) for presentation in ("plain", "rotated", "noise")),
    "maze-graph": (MazeGraph(), MazeGraph(presentation="map")),
    "translation": (Translation(), TranslationPermuted()),
}
CASES = [pair for tasks in PRESENTATIONS.values() for pair in combinations(tasks, 2)]


@pytest.mark.parametrize(("one", "other"), CASES, ids=str)
@pytest.mark.parametrize("seed", [0, 3])
def test_presentations_have_the_same_problems_at_the_same_seed(one: Task, other: Task, seed: int) -> None:
    for split in (source.name for source in one.splits):
        examples = [sample_split(task, split, min(80, one.capacity(split) or 80), seed) for task in (one, other)]
        assert np.array_equal(examples[0].targets, examples[1].targets), split
        problems = [of_seed(task, seed).canonical(own.inputs) for task, own in zip((one, other), examples, strict=True)]
        assert np.array_equal(*problems), split


@pytest.mark.parametrize("n", [600, 1500])
def test_noise_does_not_change_the_rows_of_later_blocks(n: int) -> None:
    """A block of proposals has each row of the table once, and the table has fewer than n rows: several blocks."""
    plain, noise = Tabular("iris"), Tabular("iris", "noise")
    parts = [
        np.concatenate([task.canonical(task.propose("id", 569, rng).inputs) for _ in range(n // 500)])
        for task, rng in ((plain, np.random.default_rng(0)), (noise, np.random.default_rng(0)))
    ]
    assert np.array_equal(*parts)


def test_noise_is_sampled_for_each_example() -> None:
    columns = sample_split(Tabular(presentation="noise"), "train", 100, 0).inputs[:, 30:]
    assert len(np.unique(columns)) == columns.size


def test_probe_examples_of_presentations_are_the_same_problems() -> None:
    one, other = probes_of(Translation()), probes_of(TranslationPermuted())
    assert one.keys() == other.keys()
    for split in one:
        assert np.array_equal(one[split].targets, other[split].targets)


def test_other_parameters_and_seeds_give_other_problems() -> None:
    first = sample_split(Tabular(), "train", 80, 0)
    assert not np.array_equal(first.inputs, sample_split(Tabular(), "train", 80, 1).inputs)
    assert Tabular().data_axes() == {"task": "tabular breast-cancer", "parameters": {"table": "breast-cancer"}}
    assert Translation(24).data_axes() != Translation().data_axes()


@pytest.mark.parametrize("name", TASKS)
def test_declared_names_are_parameters_and_former_names_are_not(name: str) -> None:
    task = make_task(name).instance
    parameters = set(task.parameters())
    assert set(task.presentation_parameters) <= parameters
    assert set(task.renamed.values()) <= parameters
    assert not parameters & set(task.renamed)


@pytest.mark.parametrize("name", TASKS)
def test_no_heuristic_has_the_name_of_a_learner(name: str) -> None:
    """`--learner NAME` would select the heuristic."""
    assert not set(make_task(name).instance.heuristics) & set(LEARNERS)
