"""A machine that refuses: full disks, folders that cannot be written to, locks that go, memory that is not there."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from grue.engine.durable import replace_file
from grue.engine.errors import EngineError
from grue.engine.memory import GIB, default_limit, total_memory
from grue.engine.pool import Workers
from grue.engine.progress import Reporter
from grue.engine.session import Session, run_study
from grue.engine.store import Store

Figure = Callable[[str, float | str], None]


@dataclass(frozen=True)
class Numbers:
    """A job whose table is large enough to fill a small disk. before: called as the job begins."""

    seed: int
    before: Callable[[], Any] | None = field(default=None, compare=False)
    external: bool = False

    @property
    def name(self) -> str:
        return f"numbers-{self.seed}"

    label = name

    @property
    def metadata(self) -> dict[str, Any]:
        return {"seed": self.seed}

    def run(self) -> dict[str, pa.Table]:
        if self.before:
            self.before()
        return {"jobs": pa.table({"value": np.random.default_rng(self.seed).random(500)})}

    def split(self) -> tuple[()]:
        return ()


def jobs(count: int = 12) -> list[Numbers]:
    return [Numbers(seed) for seed in range(count)]


def run(folder: Path, planned: Sequence[Any], workers: int = 0, memory: int | None = None) -> tuple[Session, str]:
    output = io.StringIO()
    session = Session(Store(folder, "jobs"), Workers(workers, 60, memory=memory), Reporter(output))
    try:
        run_study(session, "numbers", {}, planned)
    finally:
        session.close()
    return session, output.getvalue()


def values(folder: Path) -> dict[str, list[float]]:
    return {name: table["value"].to_pylist() for name, (table, _) in Store(folder, "jobs").read().items()}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A function that gives a file system of some size, or gives it another size or mode."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        again = ",remount" if os.path.ismount(folder) else ""
        command = ["mount", "-t", "tmpfs", "-o", options + again, "tmpfs", str(folder)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this user may not mount a file system")
        return folder

    yield mount
    if os.path.ismount(folder):
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


@pytest.mark.invariant("A full disk loses nothing: whole files or none, and the next run continues from there.")
@pytest.mark.parametrize("size", [12, 24, 40, 64, 100])
def test_a_full_disk(disk: Callable[[str], Path], tmp_path: Path, size: int, figure: Figure) -> None:
    folder = disk(f"size={size}k") / "out"
    with pytest.raises(EngineError, match=r"No space left on device") as caught:
        run(folder, jobs(40))
    assert "\n" not in str(caught.value)
    assert not list(folder.rglob("*.partial"))
    kept = values(folder) if folder.exists() else {}
    figure(f"jobs kept of 40 on {size} kB", len(kept))
    disk("size=4m")
    run(folder, jobs(40))
    run(tmp_path / "whole", jobs(40))
    assert values(folder) == values(tmp_path / "whole")


@pytest.mark.invariant("A folder that cannot be written to is named in one line, and nothing in it changes.")
def test_a_read_only_folder(disk: Callable[[str], Path]) -> None:
    folder = disk("size=1m") / "out"
    run(folder, jobs(2))
    before = sorted(path.name for path in folder.rglob("*"))
    disk("ro")
    with pytest.raises(EngineError, match=r"(cannot write to|cannot make) .*Read-only file system"):
        run(folder, jobs(4))
    assert sorted(path.name for path in folder.rglob("*")) == before
    disk("rw")
    assert len(run(folder, jobs(4))[0].failures) == 0
    assert len(values(folder)) == 4


@pytest.mark.invariant("A folder that cannot be made is named in one line with what to do.")
@pytest.mark.parametrize(
    ("name", "words"),
    [("x" * 300, "File name too long"), ("loop/out", "Too many levels of symbolic links"), ("file/out", "Not a dir")],
)
def test_a_folder_that_cannot_be_made(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match=words) as caught:
        run(tmp_path / name, jobs(1))
    assert "--out DIR" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.invariant("A folder that cannot be made is named in one line with what to do.")
def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out-\xff"))
    run(folder, jobs(2))
    assert len(values(folder)) == 2


@pytest.mark.invariant("Without locks no run begins: two could do the same work.")
def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(EngineError, match="its file system has no locks"):
        run(tmp_path / "out", jobs(1))


@pytest.mark.invariant("A run whose lock is deleted stops: no job is begun that another run may do too.")
def test_a_lock_that_is_deleted(tmp_path: Path) -> None:
    lock = tmp_path / "out" / ".lock"
    with pytest.raises(EngineError, match="was deleted while this run was using"):
        run(tmp_path / "out", [Numbers(0), Numbers(1, before=lock.unlink), Numbers(2), Numbers(3)])
    assert values(tmp_path / "out").keys() == {"numbers-0", "numbers-1"}, "what was finished is kept"
    run(tmp_path / "out", jobs(4))
    assert len(values(tmp_path / "out")) == 4


@pytest.mark.invariant("A run that waits gets the lock that is at its path, also where the file was deleted meanwhile.")
def test_a_lock_that_is_deleted_while_another_run_waits(tmp_path: Path) -> None:
    from threading import Thread

    first, second, logged = Store(tmp_path, "jobs"), Store(tmp_path, "jobs"), []
    with first.locked(logged.append):
        waiting = Thread(target=lambda: run(tmp_path, jobs(1)))
        waiting.start()
        time.sleep(0.2)
        (tmp_path / ".lock").unlink()
    waiting.join(20)
    assert not waiting.is_alive()
    with second.locked(logged.append):
        second.check_lock()


FORKED = """
import os, sys, time
from pathlib import Path
from grue.engine.store import Store
with Store(Path(sys.argv[1]), "jobs").locked(print):
    if os.fork() == 0:
        os.close(1); os.close(2)
        time.sleep(30)
        os._exit(0)
print("done", flush=True)
os._exit(0)
"""


@pytest.mark.invariant("A child that a job leaves behind does not hold the folder's lock.")
def test_a_forked_child_that_outlives_its_run(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FORKED, str(tmp_path)], capture_output=True, timeout=60, check=True)
    assert done.stdout == b"done\n"
    start = time.monotonic()
    _, output = run(tmp_path, jobs(1))
    assert "waiting" not in output
    assert time.monotonic() - start < 20


@pytest.mark.invariant("A child that a job leaves behind does not hold the folder's lock.")
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_a_process_that_got_the_lock_from_a_library_is_named(tmp_path: Path) -> None:
    """A file that is handed to another program by hand, as a fork in C would do it."""
    script = (
        "import fcntl, os, socket, subprocess, sys\n"
        "lock = open(sys.argv[1], 'a+'); fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "lock.write(f'process {os.getpid()} on {socket.gethostname()}'); lock.flush()\n"
        "child = subprocess.Popen(['sleep', '5'], pass_fds=[lock.fileno()], stdout=-3, stderr=-3)\n"
        "print(child.pid)\n"
    )
    (tmp_path / "jobs").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / ".lock")],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    _, output = run(tmp_path, jobs(1))
    assert "has ended, but a process that it started still holds" in output
    assert done.stdout.strip() in output


@pytest.mark.invariant("A run deletes what an interrupted one left half-written, and nothing else.")
def test_half_written_files_are_swept(tmp_path: Path) -> None:
    run(tmp_path, jobs(1))
    for name in (".plan.json.partial", "jobs/.numbers-7.parquet.partial"):
        (tmp_path / name).write_bytes(b"PAR1 half")
    (tmp_path / "jobs" / "note.partial").write_text("mine")
    _, output = run(tmp_path, jobs(2))
    assert "deleted 2 half-written files" in output
    assert [path.name for path in tmp_path.rglob("*.partial")] == ["note.partial"]


@pytest.mark.invariant("A file is on the disk before it has its name, and the name before the run goes on.")
def test_files_are_flushed_before_they_are_renamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    events: list[str] = []
    flush = os.fsync

    def fsync(descriptor: int) -> None:
        named = Path(f"/proc/self/fd/{descriptor}")
        events.append(f"flush {named.readlink().name}" if named.exists() else "flush")
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    replace_file(tmp_path / "new" / "a.parquet", b"content")
    if events[0] != "flush":
        assert events[0] == "flush .a.parquet.partial"
        assert set(events[1:]) == {"flush new", f"flush {tmp_path.name}"}
    monkeypatch.undo()
    content, times = os.urandom(20_000), {}
    for name, write in (("flushed", replace_file), ("not flushed", Path.write_bytes)):
        start = time.perf_counter()
        for number in range(50):
            write(tmp_path / "new" / f"{number}.parquet", content)
        times[name] = (time.perf_counter() - start) / 50 * 1000
    figure("milliseconds a file of 20 kB, flushed", round(times["flushed"], 2))
    figure("not flushed", round(times["not flushed"], 2))


@pytest.mark.invariant("A clock that is set forward or back changes no time limit.")
@pytest.mark.parametrize("hours", [2, -2])
def test_a_clock_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    real, start = time.time, time.monotonic()
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600 * (time.monotonic() > start + 0.5))
    session, _ = run(tmp_path, [Numbers(0), Numbers(1)], workers=1)
    assert not session.failures


def allocate() -> None:
    held = []
    while True:
        held.append(np.ones(2**24))  # 128 MiB


@pytest.mark.invariant("A job that wants too much memory fails alone, and says what it may have.")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
def test_a_job_that_takes_all_memory(tmp_path: Path, figure: Figure) -> None:
    planned = [Numbers(0, before=allocate), *jobs(4)[1:]]
    session, _ = run(tmp_path, planned, workers=2, memory=GIB)
    assert [failure["job"] for failure in session.failures] == ["numbers-0"]
    message = session.failures[0]["message"]
    assert "This worker process may have 1.0 GiB; --memory raises it" in message
    assert values(tmp_path).keys() == {"numbers-1", "numbers-2", "numbers-3"}
    figure("jobs that failed of 4", len(session.failures))


@pytest.mark.invariant("A job that wants too much memory fails alone, and says what it may have.")
def test_the_limit_is_a_part_of_what_there_is() -> None:
    assert default_limit(2) <= total_memory() / 2
    assert default_limit(10**6) == GIB
    limited = "ulimit -v 4000000; exec python -c 'from grue.engine.memory import total_memory; print(total_memory())'"
    done = subprocess.run(
        ["/bin/bash", "-c", limited.replace("python", sys.executable)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) <= 4_096_000_000
