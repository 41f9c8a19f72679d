"""A million points of learning curves to a leaderboard: seconds of the processor, and the peak of memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from itertools import product

import numpy as np
import pandas as pd

from grue.reports.formats import render
from grue.reports.leaderboard import make_leaderboard
from grue.runs.catalogue import Catalogue, CellInfo, LearnerInfo, SplitInfo, TaskInfo
from grue.runs.results import COLUMNS, Results

TASKS, LEARNERS, SIZES, SEEDS = 50, 40, [2**power for power in range(4, 14)], 25
POINTS = 2 * TASKS * LEARNERS * len(SIZES) * SEEDS
"""Points: cells in two splits, ID and OOD, each with a score and its error."""

SECONDS, GIGABYTES = 10, 2


def million() -> Results:
    """Synthetic results: scores grow with the training size, learners and tasks differ."""
    axes = list(product(range(TASKS), range(LEARNERS), range(len(SIZES)), range(SEEDS)))
    cells = tuple(
        CellInfo(f"{number:064x}", f"task{task}", f"learner{learner}", SIZES[size], 0, seed)
        for number, (task, learner, size, seed) in enumerate(axes)
    )
    generator = np.random.default_rng(0)
    size = np.array([one[2] for one in axes])
    skill = generator.normal(0.7, 0.15, (TASKS, LEARNERS))[tuple(np.array(axes)[:, :2].T)]
    scores = np.clip(skill * (size + 1) / len(SIZES) + generator.normal(0, 0.03, len(axes)), -1, 1)
    about = pd.DataFrame(
        {
            "task": [cell.task for cell in cells],
            "learner": [cell.learner for cell in cells],
            "size": [cell.size for cell in cells],
            "exposed": 0,
            "seed": [cell.seed for cell in cells],
            "suite_seed": 0,
            "fit_seconds": 0.5,
            "status": "ok",
            "key": [cell.key for cell in cells],
        }
    )
    values = {("id", "score"): scores, ("far", "score"): scores - 0.2}
    values |= {(split, "score_error"): np.full(len(axes), 0.01) for split in ("id", "far")}
    parts = [about.assign(split=split, metric=metric, value=value) for (split, metric), value in values.items()]
    splits = (SplitInfo("id"), SplitInfo("far", "length", headline=True))
    tasks = {
        f"task{number}": TaskInfo(family=f"family{number // 4}", version=1, splits=splits) for number in range(TASKS)
    }
    learners = {f"learner{number}": LearnerInfo("learner", 1) for number in range(LEARNERS)}
    return Results(pd.concat(parts, ignore_index=True)[COLUMNS], Catalogue(tasks, learners, cells))


def test_a_million_points_to_a_leaderboard(log: Callable[[str], None]) -> None:
    results = million()
    start = time.process_time()
    text = render(make_leaderboard(results), "text")
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    log(
        f"leaderboard of {POINTS:,} curve points: {seconds:.1f} s of the processor (at most {SECONDS} wanted), peak "
        f"{peak:.2f} GB with the data (at most {GIGABYTES} wanted)"
    )
    assert "learner39" in text
