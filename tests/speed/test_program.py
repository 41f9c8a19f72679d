"""Candidates a second of the program learner, on a target that no short program gives."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from grue.learners.base import Problem
from grue.learners.program import ProgramLearner
from grue.tasks.spaces import Space

CANDIDATES = 500_000


def test_candidates_a_second(benchmark: Any, log: Callable[[str], None]) -> None:
    bits = Space((12,), 2, "sequence", (0.0, 1.0))
    rng = np.random.default_rng(0)
    coins = Problem(rng.integers(0, 2, (64, 12)), rng.integers(0, 2, (64, 1)), bits, Space((1,), 2), seed=0)
    learner = ProgramLearner(max_candidates=CANDIDATES)
    start = time.perf_counter()
    record = benchmark.pedantic(lambda: learner.fit(coins).record, rounds=1)
    rate = record["candidates"] / (time.perf_counter() - start)
    assert record["programs"] == 0, "coins have no short program"
    log(f"program, 12 bits, n = 64: {rate:,.0f} candidates a second")
    benchmark.extra_info["candidates_a_second"] = rate
