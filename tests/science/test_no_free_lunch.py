"""No free lunch (Wolpert 1996): where a coin was tossed for each input, nobody knows of an unseen one.

n = 256 of the 1024 inputs, 278 unseen ones tested, 24 functions; 200 steps, 30 rounds, 30 trees, everything else at its
default.

What has the expectation 0 for every learner is 2 x accuracy - 1. The score is below that by what the best constant
answer of a split has from hindsight, about 0.05 on 278 coins.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from grue.runs.cells import Batch, Cell, Pair
from grue.runs.execute import run_batch
from grue.runs.names import make_learner, make_task

BUDGET = {"max_steps": 200, "n_estimators": 30}
LEARNERS = ["mlp", "forest", "boosting", "linear", "neighbours", "kernel", "gp"]
SIZE, SEEDS = 256, 24

CONFIDENCE = 1 - 0.05 / len(LEARNERS)
"""Of each interval, so that all of them together hold with 95 % (Bonferroni)."""

WIDEST = 0.05
"""Half of the widest interval that is taken for an answer: a learner that was right about 55 % of the coins would
be seen, and so would one that was wrong about as many."""


def above_chance(function: str, learner: str, seeds: int) -> tuple[float, float]:
    """2 x accuracy - 1 on unseen inputs: mean over seeds and half of its interval."""
    pair = Pair(make_task(f"boolean:function={function}"), make_learner(learner, BUDGET), 1000)
    rows = run_batch(Batch(pair, tuple(Cell(pair, SIZE, 0, seed) for seed in range(seeds))))["batches"]
    found = 2 * rows[(rows["metric"] == "exact_match") & (rows["split"] == "id")]["value"].to_numpy() - 1
    factor = float(stdtrit(seeds - 1, (1 + CONFIDENCE) / 2))
    return found.mean(), factor * found.std(ddof=1) / np.sqrt(seeds)


@pytest.mark.parametrize("learner", LEARNERS)
def test_no_learner_guesses_coins(learner: str) -> None:
    mean, half_width = above_chance("random", learner, SEEDS)
    assert half_width < WIDEST
    assert abs(mean) < half_width, f"{mean:.3f} +- {half_width:.3f}"


@pytest.mark.parametrize("learner", LEARNERS)
def test_where_there_is_a_rule_the_same_measurement_sees_it(learner: str) -> None:
    mean, half_width = above_chance("dnf", learner, 5)
    assert mean - half_width > 0, f"{mean:.3f} +- {half_width:.3f}"
