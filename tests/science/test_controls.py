"""The controls of DESIGN rule 3, on every task: what must score 1, what must score 0, and what must not leak."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from grue.analysis.intervals import interval
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.entrant import ORACLE, Oracle
from grue.runs.execute import run_batch
from grue.runs.names import Named, make_learner, make_task
from grue.tasks import TASKS

SIZE, TESTS = 256, 500
REAL_SIZE = 128
SCORED = [name for name in TASKS if make_task(name).instance.truth.metric.name == "score"]


def scores(task: str, learner: str, seeds: int, size: int = SIZE) -> pd.DataFrame:
    """Rows seed, columns split."""
    named = Named(learner, Oracle()) if learner == ORACLE else make_learner(learner)
    pair = Pair(make_task(task), named, TESTS)
    rows = run_batch(Batch(pair, tuple(Cell(pair, size, 0, seed) for seed in range(seeds))))["batches"]
    return rows[rows["metric"] == "score"].pivot_table(index="seed", columns="split", values="value")


@pytest.mark.parametrize("task", SCORED)
def test_the_oracle_scores_1_everywhere(task: str) -> None:
    assert np.allclose(scores(task, "oracle", 2), 1)


@pytest.mark.parametrize("task", SCORED)
def test_lookup_knows_what_it_saw_and_nothing_else(task: str) -> None:
    found = scores(task, "lookup", 3).mean()
    instance = make_task(task).instance
    if not instance.truth.ambiguous:
        assert found["train"] == 1
    tested = found.drop("train")
    assert (tested < 0.05).all(), tested.to_dict()


@pytest.mark.parametrize("task", SCORED)
def test_shuffled_targets_teach_nothing(task: str) -> None:
    own = scores(task, "shuffled", 10)["id"].to_numpy()
    found = interval(own)
    assert found.mean + found.half_width < 0.05, f"ID score after training on shuffled targets: {found}"


REAL = {
    name: metric.name for name in TASKS if (metric := make_task(name).instance.truth.metric_on("id")).name != "score"
}
"""Tasks without the common scale -> what is measured in distribution."""


def measured(task: str, learner: str, seeds: int) -> pd.DataFrame:
    """Rows seed, columns (split, metric), of the tasks in REAL."""
    pair = Pair(make_task(task), make_learner(learner), TESTS)
    rows = run_batch(Batch(pair, tuple(Cell(pair, REAL_SIZE, 0, seed) for seed in range(seeds))))["batches"]
    return rows.pivot_table(index="seed", columns=["split", "metric"], values="value")


@pytest.mark.parametrize("task", REAL)
def test_lookup_knows_real_data_and_riddles_by_heart(task: str) -> None:
    found = measured(task, "lookup", 2)
    if REAL[task] == "accuracy":
        assert (found["train", "accuracy"] == 1).all()
        assert (found["id", "accuracy"] < found["id", "chance"] + 0.02).all()
    else:
        assert (found["train", "bits"] < found["id", "bits"] - 1).all()


@pytest.mark.parametrize("task", REAL)
def test_shuffled_targets_teach_nothing_of_real_data_and_riddles(task: str) -> None:
    found = measured(task, "shuffled", 30)
    above = found["id", REAL[task]] - found["id", "chance"]
    over = interval((above if REAL[task] == "accuracy" else -above).to_numpy())
    assert over.mean + over.half_width < 0.05, f"over the best constant after training on shuffled targets: {over}"


@pytest.mark.parametrize("task", SCORED)
def test_a_leak_would_be_seen(task: str) -> None:
    """The bound above can fail: the same forest on examples it was trained on, with their own targets."""
    assert scores(task, "forest:n_estimators=30", 3)["train"].mean() > 0.1
