"""Learners that misbehave, for the tests of the runner; imported by its worker processes as `mine`."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

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
