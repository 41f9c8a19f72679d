"""Worker processes: replaced where they may have changed, ended with their children, and not missed when killed.

A job gives a number, the seconds it took; `os.getpid` gives the process that it ran in.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grue.runs.names import UsageError
from grue.runs.pool import STARTS, LocalPool, Result


@pytest.fixture
def pool() -> Iterator[LocalPool[str]]:
    """One worker process."""
    made = LocalPool[str](1)
    yield made
    made.close()


def run(
    pool: LocalPool[str], work: Callable[..., Any], *arguments: Any, timeout: float = 60, outside: bool = False
) -> Result:
    pool.submit("job", work, list(arguments), timeout, outside=outside)
    return drain(pool)


def drain(pool: LocalPool[str]) -> Result:
    while not (done := pool.finished()):
        pass
    return done[0][1]


def gone(pid: int) -> bool:
    """Whether a process ends within two seconds; one that is not reaped, because nobody waits for it, has ended."""
    for _ in range(40):
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S607
        if state.stdout.strip()[:1] in ("", "Z"):
            return True
        time.sleep(0.05)
    return False


def test_a_worker_goes_on_after_the_suites_own_code_and_is_replaced_around_code_from_outside(
    pool: LocalPool[str],
) -> None:
    first, second = run(pool, os.getpid), run(pool, os.getpid)
    assert first.seconds == second.seconds > 0
    outside = [run(pool, os.getpid, outside=True).seconds for _ in range(2)]
    assert len({first.seconds, *outside, run(pool, os.getpid).seconds}) == 4


def test_a_worker_is_replaced_after_a_failure(pool: LocalPool[str]) -> None:
    before = run(pool, os.getpid).seconds
    assert run(pool, int, "x").failure
    assert run(pool, os.getpid).seconds != before


def test_what_is_no_number_and_what_cannot_be_found_is_the_jobs_failure(pool: LocalPool[str]) -> None:
    strange = run(pool, dict)
    assert strange.failure is not None
    assert strange.failure["message"].startswith("TypeError")
    local = run(pool, lambda: 1.0)
    assert local.failure is not None
    assert "define it in a module" in local.failure["message"]


def test_a_timeout_ends_the_children_too(pool: LocalPool[str], tmp_path: Path) -> None:
    note = tmp_path / "child"
    late = run(pool, os.system, f"sh -c 'echo $$ > {note}; exec sleep 600'", timeout=1)
    assert late.failure is not None
    assert late.failure["kind"] == "timeout"
    assert gone(int(note.read_text()))


def test_a_child_that_outlives_a_crash_hides_it_from_nobody(pool: LocalPool[str], tmp_path: Path) -> None:
    note = tmp_path / "child"
    crash = run(
        pool,
        os.system,
        f"sh -c 'echo $$ > {note}; exec sleep 600' & while [ ! -s {note} ]; do sleep .05; done; kill -9 $PPID",
    )
    assert crash.failure is not None
    assert (crash.failure["kind"], crash.failure["message"]) == ("crash", "its process ended by itself: SIGKILL")
    assert gone(int(note.read_text()))


def test_a_worker_that_is_killed_as_it_starts_costs_no_job(pool: LocalPool[str]) -> None:
    pool.submit("job", os.getpid, [], 60, outside=False)
    first = pool._slots[0].process.pid
    os.kill(first, signal.SIGKILL)
    assert drain(pool).seconds not in (0, first)


def test_workers_that_are_always_killed_as_they_start_end_the_run_with_a_message(pool: LocalPool[str]) -> None:
    pool.submit("job", os.getpid, [], 60, outside=False)
    for _ in range(STARTS - 1):
        os.kill(pool._slots[0].process.pid, signal.SIGKILL)
        assert not pool.finished()
    os.kill(pool._slots[0].process.pid, signal.SIGKILL)
    with pytest.raises(UsageError, match=r"the worker processes cannot start \(SIGKILL\)"):
        pool.finished()
