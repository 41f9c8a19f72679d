"""A Dask cluster of real processes: a scheduler and workers that can be stopped, killed and replaced."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MODULES = [ROOT / "tests" / "engine", ROOT / "tests" / "reliability"]
"""Where the modules lie that define the jobs of the tests."""

FEW = ["--preset", "smoke", "--task", "identity-bits", "--exposed", "0"]


class Cluster:
    """A scheduler and its workers, each the head of a process group, in a working folder with learners in it.

    settings  variables of the environment, of the commands that are run there too
    host      address of the scheduler;  scheme: tcp or tls
    inside    in front of every command that is started, such as the namespace that it is to run in
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        scheme: str = "tcp",
        workers: int = 2,
        inside: Sequence[str] = (),
    ) -> None:
        shutil.copy(ROOT / "tests" / "runs" / "mine.py", folder / "mine.py")
        self.folder, self.settings, self.inside = folder, dict(settings or {}), list(inside)
        self.host, self.scheme, self.port = host, scheme, free_port()
        self.address = f"{scheme}://{host}:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.commands: list[subprocess.Popen[str]] = []
        self.scheduler = self.start_scheduler()
        self.workers = [self.worker() for _ in range(workers)]

    def start_scheduler(self) -> subprocess.Popen[bytes]:
        place = ["--host", f"{self.scheme}://{self.host}", "--port", str(self.port)]
        self.scheduler = self.start("scheduler", *place, "--no-dashboard")
        return self.scheduler

    def worker(
        self, *options: str, path: str | None = None, inside: Sequence[str] | None = None
    ) -> subprocess.Popen[bytes]:
        options = ("--nthreads", "1", "--no-dashboard", *options)
        return self.start("worker", self.address, *options, path=path, inside=inside)

    def start(self, *arguments: str, path: str | None = None, inside: Sequence[str] | None = None) -> Any:
        with (self.folder / f"dask-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [*(self.inside if inside is None else inside), sys.executable, "-m", "dask", *arguments],
                cwd=self.folder,
                env=self.environment(path),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def environment(self, path: str | None = None) -> dict[str, str]:
        return environment(self.folder, path) | self.settings

    def log(self, process: subprocess.Popen[bytes] | None = None) -> str:
        """What a process printed; without one, the latest."""
        number = self.processes.index(process) if process else len(self.processes) - 1
        return (self.folder / f"dask-{number}.log").read_text()

    def restore(self, workers: int = 2) -> None:
        """A scheduler and so many workers that have registered with it, in place of those that have ended."""
        if self.scheduler.poll() is not None:
            self.start_scheduler()
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        for worker in self.workers[workers:]:
            self.kill(worker)
        self.workers = self.workers[:workers] + [self.worker() for _ in range(workers - len(self.workers))]
        until(lambda: all("Registered to" in self.log(worker) for worker in self.workers))

    def kill(self, process: subprocess.Popen[Any]) -> None:
        """As if its machine went down: with Dask's nanny, which would start a new worker."""
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def close(self) -> None:
        for process in [*self.processes, *self.commands]:
            if process.poll() is None:
                self.kill(process)
        for command in self.commands:
            if command.stderr and not command.stderr.closed:  # its test failed: pytest shows what was printed
                sys.stdout.write(command.stderr.read())
                command.stderr.close()

    def run(self, out: str, *arguments: str, at: str | None = None) -> subprocess.Popen[str]:
        """`grue run` at the scheduler of the cluster, or another."""
        where = ["--scheduler", at or self.address]
        return self.command("-m", "grue", "run", *FEW, "--out", out, *where, *arguments)

    def finish(self, out: str, *arguments: str) -> tuple[int, str]:
        """The exit code of `grue run`, and what it printed."""
        return ended(self.run(out, *arguments))

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """A Python command in the working folder, the head of a process group."""
        process = subprocess.Popen(
            [*self.inside, sys.executable, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.commands.append(process)
        return process

    def lines(self, log: str) -> list[str]:
        path = self.folder / log
        return path.read_text().split() if path.exists() else []


def environment(folder: Path, path: str | None = None) -> dict[str, str]:
    """Of a command in a working folder, whose modules it finds. path: where `grue` is imported from."""
    paths = [path or os.environ.get("PYTHONPATH", ""), str(folder), *map(str, MODULES)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}


def ended(run: subprocess.Popen[str], seconds: float = 120) -> tuple[int, str]:
    """The exit code of a command, and what it printed."""
    _, output = run.communicate(timeout=seconds)
    return run.returncode, output


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
