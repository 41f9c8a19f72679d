"""Probe examples: the same for every seed, answered beside the tests, kept with their texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import grue
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.entrant import Oracle
from grue.runs.execute import run_batch
from grue.runs.names import Named, make_learner, make_task
from grue.runs.probes import DESCRIBED, PROBES, probes_of
from grue.tasks.truth import LARGEST


def answers(task: str, learner: str, seeds: int = 2) -> dict[str, pd.DataFrame]:
    named = Named("oracle", Oracle()) if learner == "oracle" else make_learner(learner)
    pair = Pair(make_task(task), named, 50)
    return run_batch(Batch(pair, tuple(Cell(pair, 16, 0, seed) for seed in range(seeds))))


def test_every_seed_answers_the_same_probes() -> None:
    rows = answers("identity-bits", "oracle")["predictions"]
    assert len(rows) == 2 * 2, "two seeds, and the splits id and odd"
    for _, own in rows.groupby("split"):
        first, second = own["classes"]
        assert np.array_equal(first, second), "the oracle copies the same inputs"
        assert len(first) == PROBES * 20
    assert all((values == 1).all() for values in rows["values"])


def test_what_is_kept_of_ambiguous_and_of_real_targets() -> None:
    (row, *_) = answers("scramble-bag", "oracle", 1)["predictions"].to_dict("records")
    values = row["values"].reshape(-1, LARGEST)
    assert (row["kind"], values.shape) == ("largest", (PROBES, LARGEST))
    assert np.allclose(values.sum(1), 1, atol=1e-3), "at most six answers are possible"
    assert (np.diff(values, axis=1) <= 0).all()
    task = make_task("identity-reals").instance
    (row, *_) = answers("identity-reals", "oracle", 1)["predictions"].to_dict("records")
    probes = probes_of(task)[row["split"]]
    assert row["kind"] == "value"
    assert np.allclose(row["values"].reshape(probes.targets.shape), probes.targets, rtol=1e-3)


def test_a_task_whose_rule_is_sampled_for_each_seed_has_no_probes() -> None:
    tables = answers("boolean", "lookup")
    assert tables["predictions"].empty
    assert tables["examples"].empty
    assert len(tables["batches"])


def test_a_network_that_diverged_answered_nothing() -> None:
    assert answers("identity-reals", "mlp:optimizer=sgd,learning_rate=1e30,max_steps=50")["predictions"].empty


@pytest.mark.parametrize("learner", ["lookup", "mlp:max_steps=5"])
def test_texts_are_on_disk_once_a_task_and_answers_once_a_batch(learner: str, tmp_path: Path) -> None:
    grue.run("smoke", tasks=["maze-graph"], learners=["oracle", learner], seeds=1, sizes=[16], out=tmp_path, jobs=0)
    (texts,) = (tmp_path / "examples").glob("*.parquet")
    table = pd.read_parquet(texts)
    task = make_task("maze-graph").instance
    probes = probes_of(task)
    assert table.groupby("split").size().to_dict() == dict.fromkeys(probes, DESCRIBED)
    assert table["input"][0] == task.describe(probes["id"].inputs[0])
    batches = sorted(path.name for path in (tmp_path / "batches").glob("*.parquet"))
    assert sorted(path.name for path in (tmp_path / "predictions").glob("*.parquet")) == batches
    rows = pd.concat(map(pd.read_parquet, (tmp_path / "predictions").glob("*.parquet")))
    assert set(rows["key"]) == set(grue.load(tmp_path)["key"])
