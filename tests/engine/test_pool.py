"""Worker processes: replaced where they may have changed, ended with their children, and not missed when killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from grue.engine.errors import EngineError
from grue.engine.job import Result
from grue.engine.local import MAX_STARTS, LocalPool
from grue.engine.pool import InlinePool, WorkerPool

TIMEOUT = 2.0


@pytest.fixture
def pool() -> Iterator[LocalPool]:
    """One worker process."""
    made = LocalPool(1, TIMEOUT)
    yield made
    made.close()


def run(pool: WorkerPool, function: Callable[..., Any], *arguments: Any, external: bool = False) -> Result:
    from engine_jobs import Calling  # pyright: ignore[reportMissingImports]

    pool.submit(Calling(function, arguments, external))
    return drain(pool)


def drain(pool: WorkerPool) -> Result:
    while not (done := pool.wait()):
        pass
    return done[0][1]


def value(result: Result) -> Any:
    assert result.failure is None, result.failure
    return pq.read_table(pa.BufferReader(result.tables["jobs"]))["value"][0].as_py()


def pid(pool: WorkerPool, *, external: bool = False) -> int:
    """The process that a job ran in."""
    return value(run(pool, os.getpid, external=external))


def gone(pid: int) -> bool:
    """Whether a process ends within two seconds; one that is not reaped, because nobody waits for it, has ended."""
    for _ in range(40):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.05)
    return False


def test_a_worker_goes_on_after_the_suites_own_code_and_is_replaced_around_code_from_outside(
    pool: LocalPool,
) -> None:
    first, second = pid(pool), pid(pool)
    assert first == second
    external = [pid(pool, external=True) for _ in range(2)]
    assert len({first, *external, pid(pool)}) == 4


def test_a_worker_is_replaced_after_a_failure(pool: LocalPool) -> None:
    before = pid(pool)
    assert run(pool, int, "x").failure
    assert pid(pool) != before


def test_what_is_no_table_and_what_cannot_be_found_is_the_jobs_failure(pool: LocalPool) -> None:
    strange = run(pool, object)
    assert strange.failure is not None
    assert "object" in strange.failure["message"]
    local = run(pool, lambda: 1.0)
    assert local.failure is not None
    assert "define them in a module" in local.failure["message"]


def test_a_result_is_the_same_bytes_for_the_parent_and_for_this_process(pool: LocalPool) -> None:
    results = [run(own, abs, -7) for own in (pool, InlinePool())]
    assert [value(result) for result in results] == [7, 7]
    for result in results:
        assert Result.decode(result.encode()) == result
        with pytest.raises(ValueError, match="its header says"):
            Result.decode(result.encode() + b"more")


def test_a_timeout_ends_the_children_too(pool: LocalPool, tmp_path: Path) -> None:
    note = tmp_path / "child"
    late = run(pool, os.system, f"sh -c 'echo $$ > {note}; exec sleep 600'")
    assert late.failure is not None
    assert late.failure["kind"] == "timeout"
    assert gone(int(note.read_text()))


def test_a_child_that_outlives_a_crash_hides_it_from_nobody(pool: LocalPool, tmp_path: Path) -> None:
    note = tmp_path / "child"
    crash = run(
        pool,
        os.system,
        f"sh -c 'echo $$ > {note}; exec sleep 600' & while [ ! -s {note} ]; do sleep .05; done; kill -9 $PPID",
    )
    assert crash.failure is not None
    assert crash.failure["kind"] == "crash"
    assert crash.failure["message"].startswith("the worker process ended unexpectedly: SIGKILL")
    assert gone(int(note.read_text()))


def test_a_worker_that_is_killed_as_it_starts_costs_no_job(pool: LocalPool) -> None:
    first = submit(pool)
    os.kill(first, signal.SIGKILL)
    assert value(drain(pool)) != first


def test_workers_that_are_always_killed_as_they_start_end_the_run_with_a_message(pool: LocalPool) -> None:
    submit(pool)
    for _ in range(MAX_STARTS - 1):
        os.kill(pool._slots[0].process.pid, signal.SIGKILL)
        assert not pool.wait()
    os.kill(pool._slots[0].process.pid, signal.SIGKILL)
    with pytest.raises(EngineError, match=r"cannot start worker processes \(SIGKILL\)"):
        pool.wait()


BORN = """
from pathlib import Path
from grue.engine.local import Slot

if __name__ == "__main__":
    slot = Slot("grue run")
    slot._start()
    print(*[line.split()[1] for line in Path(f"/proc/{slot.process.pid}/status").open() if line.startswith("SigBlk")])
    slot.discard()
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_also_the_first_worker_is_born_with_ctrl_c_blocked(tmp_path: Path) -> None:
    """Before the first one multiprocessing starts a process of its own, and unblocks the signal."""
    (tmp_path / "born.py").write_text(BORN)
    done = subprocess.run([sys.executable, tmp_path / "born.py"], capture_output=True, text=True, check=True)
    assert int(done.stdout, 16) >> (signal.SIGINT - 1) & 1


def submit(pool: LocalPool) -> int:
    """Begin a job; the process that it was given to."""
    from engine_jobs import Calling  # pyright: ignore[reportMissingImports]

    pool.submit(Calling(os.getpid))
    return pool._slots[0].process.pid
