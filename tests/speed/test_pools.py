"""What a pool costs: the time of a job that does nothing, one after another, in each of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grue.engine.cluster import DaskPool
from grue.engine.local import LocalPool
from grue.engine.pool import InlinePool, WorkerPool

JOBS = 200


@pytest.mark.filterwarnings("ignore")  # Dask's own
def test_a_job_on_a_dask_cluster_beside_one_in_the_local_pool(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, log: Callable[[str], None]
) -> None:
    """One worker each; ms a job."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "engine")
    pools: dict[str, Callable[[], WorkerPool]] = {
        "in this process": InlinePool,
        "local pool": lambda: LocalPool(1, 60),
        "Dask": lambda: DaskPool("local", 1, 60, print),
    }
    cost = {name: _cost(make()) for name, make in pools.items()}
    shown = ", ".join(f"{name} {1000 * seconds:.1f} ms" for name, seconds in cost.items())
    over = cost["Dask"] - cost["local pool"]
    log(f"a job that does nothing (median of {JOBS}): {shown}; Dask over the local pool {1000 * over:.1f} ms (aim: 20)")
    benchmark.extra_info["over local"] = over
    benchmark.pedantic(lambda: None, rounds=1)


def _cost(pool: WorkerPool) -> float:
    """Seconds a job, the median; the first, for which the process starts, is left out."""
    from engine_jobs import Square  # pyright: ignore[reportMissingImports]

    try:
        _run(pool, Square(0))
        return statistics.median(_run(pool, Square(number)) for number in range(JOBS))
    finally:
        pool.close()


def _run(pool: WorkerPool, job: Any) -> float:
    start = time.perf_counter()
    assert len(pool.running) < pool.slots
    pool.submit(job)
    while not pool.wait():
        pass
    return time.perf_counter() - start
