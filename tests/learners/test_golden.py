"""What each version of a learner computes on a tiny problem: a change of behaviour needs a new version.

A result is reused whenever its key fits, and the key knows only the version. If this test fails because a learner
was changed on purpose, raise its `version` and put the new figure here. Tolerances are for other processors' rounding.
"""

from __future__ import annotations

import pytest

from grue.learners import LEARNERS
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.execute import run_batch
from grue.runs.names import make_learner, make_task

BUDGET = {"max_steps": 60, "n_estimators": 20, "max_candidates": 20_000, "n_samples": 500}
BOOSTING_ROUNDS = 8

ELSEWHERE = {"transformer-scratchpad": "maze-graph", "bayes-net": "maze-graph", "merging": "no-aa", "ngram": "text"}
"""These refuse identity-bits."""

LOG_LOSS = {  # (learner, version) -> bits an output, in distribution, with n = 64
    ("bayes-net", 1): 3.49331,
    ("boosting", 1): 0.09263,
    ("boosting@tuned", 1): 0.04492,
    ("cnn", 2): 0.15600,
    ("cnn@tuned", 1): -0.00000,
    ("extra-trees", 1): 0.64247,
    ("forest", 1): 0.67446,
    ("forest@tuned", 1): 0.64121,
    ("gp", 1): 0.07946,
    ("kernel", 3): 0.00891,
    ("kernel@tuned", 1): -0.00000,
    ("linear", 3): 0.00841,
    ("lookup", 1): 0.96856,
    ("merging", 1): 11.05294,
    ("mlp", 2): 0.47405,
    ("mlp@tuned", 1): 0.14503,
    ("neighbours", 2): 0.65013,
    ("ngram", 1): 3.81368,
    ("program", 1): -0.00000,
    ("rnn", 2): 0.88375,
    ("rnn@tuned", 1): 0.00180,
    ("shuffled", 1): 1.03194,
    ("transformer", 2): 0.01453,
    ("transformer@tuned", 1): 4.6463e-05,
    ("transformer-scratchpad", 2): 3.48262,
}


@pytest.mark.parametrize("name", LEARNERS)
def test_golden(name: str) -> None:
    budget = {**BUDGET, "n_estimators": BOOSTING_ROUNDS} if name.startswith("boosting") else BUDGET
    pair = Pair(make_task(ELSEWHERE.get(name, "identity-bits")), make_learner(name, budget), 200)
    cell = Cell(pair, 64, 0, 0)
    rows = run_batch(Batch(pair, (cell,)))["batches"]
    found = rows.query("split == 'id' and metric == 'log_loss'")["value"].item()
    assert found == pytest.approx(LOG_LOSS[name, pair.learner.instance.version], rel=0.01, abs=1e-6)
