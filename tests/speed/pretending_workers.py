"""Dask workers, many in one process, that invent the results of batches: what a large cluster costs the others.

python tests/speed/pretending_workers.py ADDRESS WORKERS THREADS SECONDS   SECONDS: that each batch takes
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from distributed import Worker
from synthetic import table_of  # pyright: ignore[reportMissingImports]

from grue.engine import cluster
from grue.engine.job import execute
from grue.runs.jobs import BatchJob

SECONDS = float(sys.argv[4])


@dataclass(frozen=True)
class Invented(BatchJob):
    """A batch whose scores are invented."""

    def run(self) -> dict[str, pa.Table]:
        time.sleep(SECONDS)
        return {"batches": table_of(self.batch.cells, np.random.default_rng())}


def invent(call: bytes, timeout: float, external: bool, command: str, *_: object) -> bytes:  # noqa: ARG001, FBT001
    """In the place of `execute_on_worker`: without a process of its own."""
    job = pickle.loads(call)  # noqa: S301 -- of the run beside it
    return execute(Invented(job.batch, job.resources), command).encode()


async def main(address: str, workers: int, threads: int) -> None:
    async with AsyncExitStack() as running:
        for _ in range(workers):
            await running.enter_async_context(Worker(address, nthreads=threads, memory_limit=0, dashboard=False))
        print(workers, "workers", flush=True)  # noqa: T201
        await asyncio.Event().wait()


if __name__ == "__main__":
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    cluster.execute_on_worker = invent  # tasks name it by its module
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
