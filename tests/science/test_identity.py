"""Published figures on the identity function (Marcus 1998; SCIENCE section 5), with budgets fixed beforehand.

d = 20 bits, the last one 0 in training; 600 steps, 50 rounds, everything else at its default; 3 seeds.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grue.learners.base import Problem
from grue.learners.forest import Forest
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.data import sample_split
from grue.runs.execute import run_batch
from grue.runs.names import make_learner, make_task

BUDGET = {"max_steps": 600}
BOOSTING = {"n_estimators": 50}
SEEDS = 3


def exact(learner: str, size: int, exposed: int = 0) -> pd.DataFrame:
    """Exact match, rows seed, columns split."""
    budget = BUDGET | (BOOSTING if learner.startswith("boosting") else {})
    pair = Pair(make_task("identity-bits"), make_learner(learner, budget), 1000)
    rows = run_batch(Batch(pair, tuple(Cell(pair, size, exposed, seed) for seed in range(SEEDS))))["batches"]
    return rows[rows["metric"] == "exact_match"].pivot_table(index="seed", columns="split", values="value")


@pytest.mark.parametrize("size", [256, 1024])
@pytest.mark.parametrize("learner", ["mlp", "forest", "boosting", "linear"])
def test_what_gives_each_place_its_own_weights_never_copies_a_bit_it_has_not_seen(learner: str, size: int) -> None:
    found = exact(f"{learner}:encoding=value", size)
    assert (found["odd"] == 0).all(), found["odd"].tolist()
    assert (found["train"] > 0.99).all(), "it did not fit, so its bias has not been seen"


@pytest.mark.parametrize("encoding", ["onehot", "value"])
@pytest.mark.parametrize("size", [256, 1024])
def test_a_convolution_copies_bits_it_has_not_seen(encoding: str, size: int) -> None:
    found = exact(f"cnn:encoding={encoding}", size)
    assert (found[["id", "odd"]] > 0.95).all(axis=None), found.to_dict()


def test_64_exposed_examples_are_enough_for_an_mlp() -> None:
    found = exact("mlp", 1024, exposed=64)
    assert found["odd"].mean() >= 0.9, found["odd"].tolist()


def test_a_forest_never_leaves_the_training_range() -> None:
    task = make_task("identity-reals").instance
    train = sample_split(task, "train", 512, 0)
    predictor = Forest().fit(Problem(train.inputs, train.targets, task.inputs, task.outputs, seed=0))
    for split in ("id", "shell", "far-shell", "negative"):
        predicted = predictor.predict(sample_split(task, split, 500, 0).inputs)
        assert np.all((predicted >= train.targets.min(axis=0)) & (predicted <= train.targets.max(axis=0)))
