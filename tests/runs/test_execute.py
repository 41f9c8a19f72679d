"""One batch: the data of a cell, its marks, and that nothing but the cell itself decides its scores."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
import torch

from grue.learners.base import Learner, Predictor, Problem
from grue.learners.forest import Forest
from grue.learners.linear import Linear
from grue.learners.lookup import Lookup
from grue.learners.mlp import MLP
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.data import TRAIN_SCORED, sample_split
from grue.runs.execute import run_batch
from grue.runs.names import make_learner, make_task
from grue.runs.results import COLUMNS


def pair(task: str, learner: object, tests: int = 100) -> Pair:
    return Pair(make_task(task), make_learner(learner), tests)  # pyright: ignore[reportArgumentType]


def scores(rows: pd.DataFrame, cell: Cell) -> pd.Series:
    own = rows[rows["key"] == cell.key]
    return pd.Series(own.set_index(["split", "metric"])["value"])


def test_a_cell_scores_the_same_whatever_it_is_run_with() -> None:
    one = pair("identity-bits", MLP(max_steps=30))
    cells = [Cell(one, 16, 0, 0), Cell(one, 64, 0, 0), Cell(one, 64, 8, 0), Cell(one, 64, 0, 1)]
    together = run_batch(Batch(one, tuple(cells)))["batches"]
    for cell in cells:
        alone = run_batch(Batch(one, (cell,)))["batches"]
        pd.testing.assert_series_equal(scores(together, cell), scores(alone, cell))


@dataclass(frozen=True)
class Zeroing(Learner):
    """Sets its inputs, its targets and those it predicts for to zero, as torch can: past the read-only flag."""

    name = "zeroing"

    def fit(self, problem: Problem) -> Predictor:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch: the array is not writable
            for array in (problem.inputs, problem.targets):
                torch.from_numpy(array).zero_()
        return ZeroingPredictor(Lookup().fit(problem))


@dataclass
class ZeroingPredictor(Predictor):
    inner: Predictor

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        torch.from_numpy(inputs).zero_()
        return self.inner.predict(inputs)


def test_a_learner_that_writes_past_the_read_only_flag_changes_no_other_cell() -> None:
    one, lookup = pair("identity-bits", Zeroing()), pair("identity-bits", "lookup")
    cells = [Cell(one, 8, 0, 0), Cell(one, 16, 0, 0), Cell(one, 16, 4, 0)]
    together = run_batch(Batch(one, tuple(cells)))["batches"]
    for cell in cells:
        pd.testing.assert_series_equal(scores(together, cell), scores(run_batch(Batch(one, (cell,)))["batches"], cell))
    honest = replace(cells[1], pair=lookup)
    chance = scores(run_batch(Batch(lookup, (honest,)))["batches"], honest).xs("chance", level="metric")
    reported = scores(together, cells[1]).xs("chance", level="metric")
    pd.testing.assert_series_equal(reported, chance)


@dataclass(frozen=True)
class Standardising(Learner):
    """Standardises its inputs in place, or (late) those that it predicts for."""

    name = "standardising"

    late: bool = False

    def fit(self, problem: Problem) -> Predictor:
        if not self.late:
            problem.inputs[:] -= problem.inputs.min()
        return StandardisingPredictor()


@dataclass
class StandardisingPredictor(Predictor):
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        inputs -= inputs.min()
        return inputs


@pytest.mark.parametrize("late", [False, True])
def test_a_learner_cannot_write_to_what_it_is_given(*, late: bool) -> None:
    one = pair("identity-reals", Standardising(late=late))
    with pytest.raises(ValueError, match="read-only"):
        run_batch(Batch(one, (Cell(one, 8, 0, 0),)))


def test_learners_are_compared_on_the_same_data() -> None:
    forest, mlp = pair("maze-graph", Forest(n_estimators=3)), pair("maze-graph", MLP(max_steps=3))
    task = forest.task.instance
    assert np.array_equal(sample_split(task, "train", 16, 0).inputs, sample_split(task, "train", 64, 0).inputs[:16])
    rows = [run_batch(Batch(one, (Cell(one, 32, 0, 0),)))["batches"] for one in (forest, mlp)]
    chance = [one[one["metric"] == "chance"].set_index("split")["value"] for one in rows]
    pd.testing.assert_series_equal(chance[0], chance[1])


def test_the_rows_of_a_cell() -> None:
    one = pair("identity-bits", Forest(n_estimators=5))
    cell = Cell(one, 32, 4, 0)
    rows = run_batch(Batch(one, (cell,)))["batches"]
    assert set(COLUMNS) <= set(rows.columns)
    assert set(rows["split"]) == {"train", "train-exposed", "id", "odd"}
    score = rows[rows["metric"] == "score"].set_index("split")
    assert score["count"].to_dict() == {"train": 32, "train-exposed": 4, "id": 100, "odd": 100}
    each = np.unpackbits(np.frombuffer(score.loc["id", "examples"], np.uint8), count=100)
    exact = rows.query("split == 'id' and metric == 'exact_match'")["value"].item()
    assert each.mean() == exact, "what is kept example by example is what the score is the mean of"


def test_of_a_long_training_set_the_first_examples_are_scored() -> None:
    one = pair("scramble-bag", "lookup")
    cells = (Cell(one, TRAIN_SCORED, 0, 0), Cell(one, 2 * TRAIN_SCORED, 8, 0))
    rows = run_batch(Batch(one, cells))["batches"]
    counts = rows.query("metric == 'score' and split.str.startswith('train')").set_index(["size", "split"])["count"]
    longer = 2 * TRAIN_SCORED
    assert counts.to_dict() == {
        (TRAIN_SCORED, "train"): TRAIN_SCORED,
        (longer, "train"): TRAIN_SCORED,
        (longer, "train-exposed"): 8,
    }


def test_moved_outputs_and_the_others_are_scored_apart() -> None:
    one = pair("identity-bits", Forest(n_estimators=20))
    rows = scores(run_batch(Batch(one, (Cell(one, 256, 0, 0),)))["batches"], Cell(one, 256, 0, 0))
    assert rows["odd", "accuracy[moved=1]"] == 0
    assert rows["odd", "accuracy[moved=0]"] > 0.9


def test_the_flag_says_why_a_training_set_is_not_fitted() -> None:
    def status(learner: object) -> str:
        one = pair("maze-graph", learner)
        return run_batch(Batch(one, (Cell(one, 64, 0, 0),)))["batches"]["status"].iloc[0]

    assert status(MLP(max_steps=40)) == "budget"
    assert status(MLP(max_steps=3000)) == "ok"
    assert status(MLP(max_steps=600, learning_rate=0.0)) == "plateau"
    assert status(Linear(C=1e-3)) == "capacity"


def test_a_task_in_bits_has_no_score_and_is_never_lacks_capacity() -> None:
    """Nobody knows how few bits are possible, and to memorise a text is not the aim."""
    one = pair("text", MLP(max_steps=40))
    rows = run_batch(Batch(one, (Cell(one, 64, 0, 0),)))["batches"]
    assert "score" not in set(rows["metric"])
    bits = rows[rows["metric"] == "bits"].set_index("split")
    each = np.frombuffer(bits.loc["id", "examples"], np.float32)
    assert np.isclose(each.mean(), bits.loc["id", "value"])
    assert set(rows["status"]) == {"budget"}
    assert json.loads(bits.loc["train", "record"])["stopped"] == "budget"


def test_a_diverged_model_is_marked_and_has_no_score() -> None:
    one = pair("identity-reals", MLP(max_steps=50, learning_rate=1e30, optimizer="sgd"))
    rows = run_batch(Batch(one, (Cell(one, 16, 0, 0),)))["batches"]
    assert set(rows["status"]) == {"diverged"}
    assert rows["value"].isna().all()


def test_memorising_an_ambiguous_task_is_not_the_posterior() -> None:
    one = pair("scramble-bag", "lookup")
    rows = scores(run_batch(Batch(one, (Cell(one, 256, 0, 0),)))["batches"], Cell(one, 256, 0, 0))
    assert rows["train", "log_loss"] < rows["id", "log_loss"]
    assert rows["train", "score"] < 1


def test_tests_of_a_small_split_are_all_it_holds() -> None:
    one = pair("identity-bits:bits=8", Forest(n_estimators=2), tests=10_000)
    rows = run_batch(Batch(one, (Cell(one, 8, 0, 0),)))["batches"]
    assert rows.query("split == 'id'")["count"].max() == replace(one.task.instance).capacity("id")


def test_exposed_examples_that_were_not_fitted_are_a_mark_too() -> None:
    one = pair("identity-bits", "linear:C=0.01")
    rows = run_batch(Batch(one, (Cell(one, 1024, 1, 0), Cell(one, 1024, 0, 0))))["batches"]
    exposed = rows.query("split == 'train-exposed' and metric == 'exact_match'")["value"].item()
    assert exposed == 0, "one example among a thousand is not fitted with this regularisation"
    assert rows.query("exposed == 1")["status"].iloc[0] == "capacity"
    assert rows.query("exposed == 0")["status"].iloc[0] == "ok"


def test_what_a_fit_says_of_itself_is_kept() -> None:
    one = pair("identity-bits", "program:max_candidates=2000")
    rows = run_batch(Batch(one, (Cell(one, 16, 0, 0),)))["batches"]
    (record,) = rows.query("split == 'train' and metric == 'score'")["record"]
    assert json.loads(record)["shortest"] == "copy"


def test_a_fit_is_not_timed_with_the_import_of_its_library() -> None:
    code = (
        "from grue.runs.cells import *; from grue.runs.execute import run_batch; from grue.runs.names import *\n"
        "pair = Pair(make_task('identity-bits'), make_learner('forest:n_estimators=2'), 10)\n"
        'rows = run_batch(Batch(pair, (Cell(pair, 8, 0, 0), Cell(pair, 16, 0, 0))))["batches"]\n'
        "first, second = rows.drop_duplicates('key')['fit_seconds']\n"
        "assert first < 20 * second + 0.05, (first, second)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@dataclass(frozen=True)
class Sevens(Forest):
    """Predicts 7 for every class."""

    name = "sevens"

    def fit(self, problem: Problem) -> Predictor:
        class Given(Predictor):
            def predict(self, inputs: np.ndarray) -> np.ndarray:
                return np.full((len(inputs), problem.output_space.size, problem.output_space.alphabet or 1), 7.0)

        return Given()


def test_what_are_no_probabilities_is_refused() -> None:
    one = pair("identity-bits", Sevens())
    with pytest.raises(ValueError, match=r"returned invalid probabilities: .* are 14 to 14; expected"):
        run_batch(Batch(one, (Cell(one, 8, 0, 0),)))


def test_what_is_no_predictor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    one = pair("identity-bits", Forest(n_estimators=2))
    monkeypatch.setattr(Forest, "fit", lambda *_: None)
    with pytest.raises(TypeError, match=r"Forest\.fit returned an object of type NoneType; expected a grue Predictor"):
        run_batch(Batch(one, (Cell(one, 8, 0, 0),)))


@dataclass(frozen=True)
class Gambling(Learner):
    """Draws from all global generators, in fit and in predict."""

    name = "gambling"

    def fit(self, problem: Problem) -> Predictor:
        return GamblingPredictor(problem.output_space.size, _global_draws())


@dataclass
class GamblingPredictor(Predictor):
    outputs: int
    noise: float

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        ones = np.random.random((len(inputs), self.outputs)) + self.noise + _global_draws() > 3  # noqa: NPY002
        return np.eye(2)[ones.astype(int)]


def _global_draws() -> float:
    return random.random() + np.random.random() + float(torch.rand(1))  # noqa: NPY002


def test_a_learner_that_uses_global_generators_scores_the_same_whatever_came_before() -> None:
    one = pair("identity-bits", Gambling())
    first, second = Cell(one, 16, 0, 0), Cell(one, 64, 0, 0)
    together = run_batch(Batch(one, (first, second)))["batches"]
    state = random.getstate(), torch.get_rng_state()
    alone = run_batch(Batch(one, (second,)))["batches"]
    pd.testing.assert_series_equal(scores(together, second), scores(alone, second))
    assert scores(together, first)["train", "score"] != scores(together, second)["train", "score"]
    assert random.getstate() == state[0]
    assert torch.equal(torch.get_rng_state(), state[1])
