"""Learners that misbehave, for the tests of the runner; imported by its worker processes as `mine`."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grue.learners.base import Learner, Predictor, Problem
from grue.learners.lookup import Lookup


@dataclass(frozen=True)
class Noted(Learner):
    """Looks up, slowly, and notes every fit in a file."""

    name = "noted"

    encoding: str = "auto"
    seconds: float = 0.0

    def fit(self, problem: Problem) -> Predictor:
        time.sleep(self.seconds)
        with Path("fits.log").open("a") as log:
            log.write(f"{len(problem)} {problem.seed}\n")
        return Lookup().fit(problem)


@dataclass(frozen=True)
class Failing(Learner):
    """Fails on training sets of 16 unless the file `mended` exists."""

    name = "failing"

    def fit(self, problem: Problem) -> Predictor:
        if len(problem) == 16 and not Path("mended").exists():
            raise RuntimeError("sixteen is too much")
        return Lookup().fit(problem)


@dataclass(frozen=True)
class Crashing(Learner):
    """Takes its process down."""

    name = "crashing"

    def fit(self, problem: Problem) -> Predictor:  # noqa: ARG002
        os._exit(3)


@dataclass(frozen=True)
class KillingParent(Learner):
    """Kills the process that started its own, and notes it in a file."""

    name = "killing-parent"

    def fit(self, problem: Problem) -> Predictor:
        with Path("kills.log").open("a") as log:
            log.write(f"{len(problem)}\n")
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
        return Lookup().fit(problem)


@dataclass(frozen=True)
class InPlace(Learner):
    """Standardises its inputs in place: with numpy, or with torch, which writes past the read-only flag."""

    name = "in-place"

    library: str = "numpy"

    def fit(self, problem: Problem) -> Predictor:
        if self.library == "numpy":
            problem.inputs[:] = 0
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch says that such a write is undefined behaviour
            torch.from_numpy(problem.inputs).zero_()
        return Lookup().fit(problem)


class NoConvergenceError(Exception):
    """Cannot be unpickled: it is made of other arguments than Exception keeps."""

    def __init__(self, message: str, iterations: int) -> None:
        super().__init__(f"{message} after {iterations} iterations")


class TextlessError(ValueError):
    """Has no text, and is its own cause."""

    def __init__(self) -> None:
        super().__init__()
        self.__cause__ = self

    def __str__(self) -> str:
        raise RuntimeError("no text")


@dataclass(frozen=True)
class Raising(Learner):
    """Fails in ways that do not fit through a pipe, or are no Exception."""

    name = "raising"

    what: str = "unpicklable"

    def fit(self, problem: Problem) -> Predictor:  # noqa: ARG002
        from scipy.sparse.linalg import ArpackNoConvergence

        raise {
            "unpicklable": NoConvergenceError("none", 7),
            "scipy": ArpackNoConvergence("none", np.zeros(1), np.zeros((1, 1))),
            "exit": SystemExit(0),
            "interrupt": KeyboardInterrupt(),
            "long": ValueError("x" * 10_000_000),
            "textless": TextlessError(),
            "surrogate": ValueError("\ud800"),
        }[self.what]


@dataclass(frozen=True)
class Vandal(Learner):
    """Changes whatever its process shares with the next learner, starts a child, and then succeeds or fails."""

    name = "vandal"

    fails: bool = False

    def fit(self, problem: Problem) -> Predictor:
        import torch

        start_child()
        os.chdir("/")
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        sys.setrecursionlimit(150)
        signal.setitimer(signal.ITIMER_REAL, 3)  # kills the process if it lives on
        np.clip = None  # pyright: ignore[reportAttributeAccessIssue]
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        if self.fails:
            raise RuntimeError("on purpose")
        return Lookup().fit(problem)


@dataclass(frozen=True)
class Parent(Learner):
    """Starts a child and waits for it."""

    name = "parent"

    def fit(self, problem: Problem) -> Predictor:
        start_child().wait()
        return Lookup().fit(problem)


@dataclass(frozen=True)
class Deleting(Learner):
    """Deletes what other batches have written."""

    name = "deleting"

    def fit(self, problem: Problem) -> Predictor:
        for path in Path("out/batches").glob("[!.]*.parquet"):
            path.unlink()
        return Lookup().fit(problem)


@dataclass(frozen=True)
class Moving(Learner):
    """Changes the current folder."""

    name = "moving"

    def fit(self, problem: Problem) -> Predictor:
        os.chdir("/")
        return Lookup().fit(problem)


def start_child() -> subprocess.Popen[bytes]:
    """A process that goes on for longer than the run, noted in a file."""
    child = subprocess.Popen(["/bin/sleep", "600"])
    with Path("children.log").open("a") as log:
        log.write(f"{child.pid}\n")
    return child
