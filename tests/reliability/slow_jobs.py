"""A run of slow and cheap jobs, which notes who runs what; on a Dask cluster or not. Loads no torch."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from grue.engine import watch
from grue.engine.errors import EngineError
from grue.engine.pool import Workers
from grue.engine.progress import Reporter
from grue.engine.session import Session, run_study
from grue.engine.store import Store

COMMAND = "from slow_jobs import main; main()"
"""For `python -c`: worker processes import the module by its name."""


@dataclass(frozen=True)
class Slow:
    """Waits, then gives random numbers. It notes in noted.log when it begins and ends, and the worker it is run by.

    fills  a file that it writes zeros to until the disk is full
    """

    number: int
    seconds: float
    fills: str = ""
    external: bool = False

    @property
    def name(self) -> str:
        return f"slow-{self.number:03}"

    label = name

    @property
    def metadata(self) -> dict[str, Any]:
        return {"number": self.number}

    def run(self) -> dict[str, pa.Table]:
        note("begun", self.number)
        if self.fills:
            with Path(self.fills).open("wb") as file:
                while True:
                    file.write(bytes(2**16))
        time.sleep(self.seconds)
        values = np.random.default_rng(self.number).random(1000)
        note("ended", self.number)
        return {"jobs": pa.table({"value": values})}

    def split(self) -> tuple[()]:
        return ()


def note(event: str, number: int) -> None:
    """Append one line, as one write: event, job, process of the worker (of Dask, or of the run)."""
    with Path("noted.log").open("a", encoding="utf-8") as log:
        log.write(f"{event} {number} {os.getppid()}\n")


def noted(folder: Path, event: str) -> list[tuple[int, int]]:
    """The (job, worker) of each such event, in the order in which they were noted."""
    log = folder / "noted.log"
    lines = [line.split() for line in log.read_text().splitlines()] if log.exists() else []
    return [(int(number), int(worker)) for what, number, worker in lines if what == event]


def values(folder: Path) -> dict[str, list[float]]:
    """What a folder holds: job -> its numbers."""
    return {name: table["value"].to_pylist() for name, (table, _) in Store(folder, "jobs").read().items()}


def expected(count: int) -> dict[str, list[float]]:
    """What a whole run of so many jobs holds."""
    return {Slow(number, 0).name: np.random.default_rng(number).random(1000).tolist() for number in range(count)}


def main() -> None:
    """OUT COUNT SECONDS SCHEDULER: the scheduler's address, or "none" for two processes of this machine."""
    watch.SILENCE, watch.ANSWER_TIMEOUT = 1.0, 1.0  # in place of 30 s and 10 s
    out, count, seconds, scheduler = sys.argv[1:5]
    fills = sys.argv[5] if len(sys.argv) > 5 else ""
    jobs = [Slow(number, float(seconds), fills if number == 0 else "") for number in range(int(count))]
    workers = Workers(2, 60) if scheduler == "none" else Workers(None, 60, scheduler)
    session = Session(Store(Path(out), "jobs"), workers, Reporter(sys.stderr))
    try:
        run_study(session, "slow", {}, jobs)
    except EngineError as error:
        sys.stderr.write(f"grue: {error}\n")
        sys.exit(2)
    finally:
        session.close()
    sys.exit(1 if session.failures else 0)
