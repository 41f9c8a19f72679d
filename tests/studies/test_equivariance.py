"""The study of equivariance: its rows on small networks, and its verdicts on rows made by hand."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from grue.runs.data import sample_split
from grue.runs.names import make_task
from grue.studies.convolution_distance import CLAIM, COLUMNS, EVERYWHERE, MEASURES, UNSEEN, analyse
from grue.studies.equivariance import SOLUTION, Equivariance, moved_digits, shift_errors

TREND = "The error of a trained MLP under shifts does not fall with n: "
IDENTITY = {"task": "identity-bits", "learner": "forest:view=tied", "parameters": {}, "n": 64, "age": 0, "seeds": [0]}


def made(error: Callable[[str, int, int, int], float], learner: str = "mlp", status: str = "ok") -> pd.DataFrame:
    """Rows of a learner: the error by measure, n, age and seed."""
    rows = [
        dict(
            zip(
                COLUMNS,
                (
                    task,
                    learner,
                    n,
                    age,
                    seed,
                    "",
                    np.nan,
                    measure,
                    error(measure, n, age, seed),
                    0.1,
                    0.5,
                    1.0,
                    9,
                    status,
                ),
                strict=True,
            )
        )
        for (task, measure), n, age, seed in product(MEASURES, (16, 256), (0, 1000), range(8))
    ]
    return pd.DataFrame(rows)


def started(kept: int, seeds: int = 10, status: str = "ok") -> pd.DataFrame:
    rows: list[tuple[Any, ...]] = []
    for seed, measure in product(range(seeds), ("all positions", "frozen position", "free positions")):
        error = 0.5 if seed >= kept and measure == "frozen position" else 0.0
        rows.append(("identity-bits", SOLUTION, 64, 0, seed, "adam", 10.0, measure, error, 0.1, 0.5, 1.0, 9, status))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def noise(seed: int, n: int = 0, age: int = 0) -> float:
    return 0.01 * float(np.sin(1 + 7 * seed + n + 3 * age))


def decision(rows: pd.DataFrame, beginning: str) -> list[str]:
    return [one.decision for one in analyse(rows).verdicts if one.statement.startswith(beginning)]


def test_a_tied_forest_copies_and_an_untied_one_cannot_at_the_frozen_position() -> None:
    tied = shift_errors(IDENTITY).set_index("measure")
    assert tied["error"].tolist() == [0, 0, 0]
    assert tied["accuracy"].tolist() == [1, 1, 1]
    untied = shift_errors({**IDENTITY, "learner": "forest"}).set_index("measure")
    assert untied.loc["frozen position", "error"] > 0.3
    assert untied.loc["frozen position", "accuracy"] == pytest.approx(0.5, abs=0.1)


def test_the_initial_solution_is_equivariant() -> None:
    settings = {
        **IDENTITY,
        "learner": SOLUTION,
        "parameters": {"learning_rate": 0.0, "max_steps": 1, "optimizer": "sgd"},
    }
    rows = shift_errors(settings)
    assert rows["error"].tolist() == [0, 0, 0]
    assert rows["optimizer"].tolist() == ["sgd"] * 3


def test_rows_are_deterministic_and_of_the_seed_alone() -> None:
    settings = {**IDENTITY, "learner": "mlp", "parameters": {"width": 16, "max_steps": 60}, "seeds": [3, 1]}
    rows = shift_errors(settings)
    alone = shift_errors({**settings, "seeds": [1]})
    pd.testing.assert_frame_equal(rows, shift_errors(settings))
    pd.testing.assert_frame_equal(rows[rows["seed"] == 1].reset_index(drop=True), alone)
    assert set(rows.columns) == set(COLUMNS)
    assert set(rows["status"]) <= {"budget", "plateau"}  # 60 steps are too few


def test_translation_has_a_row_for_each_half() -> None:
    rows = shift_errors({**IDENTITY, "task": "translation", "learner": "forest"}).set_index("measure")
    assert list(rows.index) == [measure for task, measure in MEASURES if task == "translation"]
    assert rows["error"].between(0, 1).all()
    assert rows.loc["to the right half", "accuracy"] < 0.3  # no tree has a split there


def test_moved_digits_are_the_same_drawings_at_other_positions_of_the_left_half() -> None:
    task = make_task("translation").instance
    images = np.array(sample_split(task, "id", 60, 0).inputs)
    moved = moved_digits(images, np.random.default_rng(0))
    assert np.array_equal(task.canonical(images), task.canonical(moved))
    assert not moved[..., 10:].any()
    assert (images != moved).any(axis=(1, 2, 3)).mean() > 0.95


def test_other_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="expected identity-bits or translation"):
        shift_errors({**IDENTITY, "task": "parity", "learner": "forest"})


def test_an_error_that_stays_supports_the_claim() -> None:
    rows = made(lambda _, n, age, seed: 0.5 + noise(seed, n, age))
    assert decision(rows, TREND) == ["supported"] * 4
    assert decision(rows, CLAIM) == decision(rows, EVERYWHERE) == ["supported"]
    assert [one.claim for one in analyse(rows).verdicts if one.claim] == ["convolution-distance"]
    assert decision(rows, "1000 steps") == ["equivalent"] * 4


@pytest.mark.parametrize("falling", MEASURES)
def test_an_error_that_falls_by_one_measure_contradicts_the_claim_if_that_position_is_unseen(
    falling: tuple[str, str],
) -> None:
    rows = made(lambda measure, n, _, seed: 0.5 + noise(seed) - 0.2 * (n > 16) * (measure == falling[1]))
    assert decision(rows, TREND) == ["contradicted" if one == falling else "supported" for one in MEASURES]
    assert decision(rows, EVERYWHERE) == ["contradicted"]
    assert decision(rows, CLAIM) == ["contradicted" if falling in UNSEEN else "supported"]
    (claim,) = (one for one in analyse(rows).verdicts if one.statement == CLAIM)
    assert claim.low <= claim.estimate <= claim.high
    assert claim.estimate == pytest.approx(-0.2 if falling in UNSEEN else 0)


def test_noise_decides_nothing() -> None:
    rows = made(lambda _, n, __, seed: 0.5 + 20 * noise(seed, n))
    assert decision(rows, CLAIM) == decision(rows, EVERYWHERE) == ["not decided"]


@pytest.mark.parametrize("status", ["budget", "plateau", "capacity"])
def test_a_learner_that_did_not_fit_decides_nothing(status: str) -> None:
    rows = made(lambda _, n, __, seed: 0.5 - 0.2 * (n > 16) + noise(seed), status=status)
    found = analyse(pd.concat([rows, started(10, status=status)]))
    assert {one.decision for one in found.verdicts} == {"not decided"}
    assert found.tables["Error under shifts"]["seeds that fitted"].sum() == 0


def test_the_mlp_is_compared_with_both_cnns_on_the_seeds_of_both() -> None:
    mlp = made(lambda _, __, ___, seed: 0.5 + noise(seed))
    cnn = made(lambda _, __, ___, seed: 0.2 + noise(3 * seed), "cnn")
    alike = made(lambda _, __, ___, seed: 0.51 + noise(3 * seed), "cnn:view=untied")
    rows = pd.concat([mlp, cnn[cnn["seed"] < 5], alike])
    found = decision(rows, "The error of an MLP under shifts is larger")
    assert found == ["supported", "equivalent"] * 4


def test_age_that_changes_the_error_is_found() -> None:
    rows = made(lambda _, __, age, seed: 0.5 + noise(seed) + 0.0001 * age)
    assert decision(rows, "1000 steps") == ["contradicted"] * 4


@pytest.mark.parametrize(("kept", "expected"), [(10, "supported"), (0, "contradicted"), (6, "not decided")])
def test_seeds_that_keep_the_solution_are_counted(kept: int, expected: str) -> None:
    (verdict,) = analyse(started(kept)).verdicts
    assert verdict.decision == expected
    assert verdict.estimate == kept / 10
    assert verdict.low - 1e-9 <= verdict.estimate <= verdict.high + 1e-9


def test_five_seeds_are_too_few_to_decide_that() -> None:
    assert decision(started(5, seeds=5), "Training keeps") == ["not decided"]


def test_rows_of_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="no rows"):
        analyse(pd.DataFrame())
    with pytest.raises(ValueError, match="rows without task"):
        analyse(pd.DataFrame({"x": [1]}))


@pytest.mark.parametrize("scale", ["quick", "default", "full"])
def test_every_scale_has_five_seeds_and_distinct_jobs(scale: Any) -> None:
    jobs = Equivariance().jobs(scale)
    assert len({job.name for job in jobs}) == len(jobs)
    seeds: dict[tuple[Any, ...], int] = {}
    for job in jobs:
        cell = tuple(str(job.settings[name]) for name in ("task", "learner", "parameters", "n", "age"))
        seeds[cell] = seeds.get(cell, 0) + len(job.settings["seeds"])
    assert min(seeds.values()) >= 5
