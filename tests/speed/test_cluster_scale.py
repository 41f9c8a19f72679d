"""What a cluster of many workers costs its scheduler and the one process that plans and writes.

Batches are sent to and invented by workers that take a second each (`pretending_workers.py`), many in one process:
400 threads on a machine with 2 cores are more than such a machine can fit anything on, and no more can be simulated.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "engine")]  # tests are no packages

THREADS, SECONDS = 4, 1.0
"""Of each worker; that each batch takes."""

PROCESSES = 2
"""That share the workers: one of them, with its one interpreter lock, would be the limit."""


@pytest.mark.parametrize(("workers", "cells"), [(10, 20_000), (100, 100_000)])
def test_a_run_on_many_workers(workers: int, cells: int, tmp_path: Path, log: Callable[[str], None]) -> None:
    from dask_processes import free_port  # pyright: ignore[reportMissingImports]
    from synthetic import write_preset  # pyright: ignore[reportMissingImports]
    from test_scale import measured  # pyright: ignore[reportMissingImports]

    preset, address = write_preset(tmp_path / "preset", cells), f"tcp://127.0.0.1:{free_port()}"
    where = ["--host", "tcp://127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"]
    command = ["run", "--preset", str(preset), "--out", str(tmp_path / "out"), "--scheduler", address]
    started: list[subprocess.Popen[str]] = []
    try:
        started.append(begin("-m", "dask", "scheduler", *where))
        words = [address, str(workers // PROCESSES), str(THREADS), str(SECONDS)]
        started += [begin(str(HERE / "pretending_workers.py"), *words) for _ in range(PROCESSES)]
        for process in started[1:]:
            assert process.stdout
            assert process.stdout.readline() == f"{workers // PROCESSES} workers\n"
        scheduler = psutil.Process(started[0].pid)
        planning = measured("-m", "grue", *command[:-2], "--dry-run").used
        before, since = used(scheduler), time.perf_counter()
        run = measured("-m", "grue", *command)
        seconds, of_scheduler = time.perf_counter() - since, used(scheduler) - before
        memory = scheduler.memory_info().rss / 2**30
    finally:
        for process in started:
            process.kill()
            process.communicate()
    written = sorted(path.stat().st_mtime for path in (tmp_path / "out" / "batches").iterdir())
    batches, rate = len(written), len(written) / (written[-1] - written[0])
    log(
        f"{batches:,} batches ({cells:,} cells) on {workers} workers of {THREADS} threads: {seconds:.0f} s, "
        f"{rate:.0f} batches a second from the first to the last, all on this machine; seconds of the processor "
        f"a batch: scheduler {1000 * of_scheduler / batches:.1f} ms, "
        f"the run {1000 * (run.used - planning) / batches:.1f} ms without planning; memory {memory:.2f} and "
        f"{run.memory:.2f} GB"
    )


def begin(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def used(process: psutil.Process) -> float:
    """Seconds of the processor so far."""
    times = process.cpu_times()
    return times.user + times.system
