"""What a study is: a question, jobs that the engine runs, and an analysis of their tables that ends in verdicts."""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import pandas as pd
import pyarrow as pa

from ..analysis.findings import Decision, Findings, Published, Verdict
from ..engine.job import Job
from ..runs.errors import UsageError
from .rows import concatenated

__all__ = ["Decision", "Findings", "Published", "Scale", "Study", "StudyJob", "Verdict"]

Scale = Literal["quick", "default", "full"]
"""How much is computed: under a minute, minutes, or what `make science` runs. On two cores."""

TABLE = "jobs"
"""Name of the table of a study's folder: one file a job."""


@dataclass(frozen=True)
class StudyJob(Job):
    """A unit of a study.

    work      a function of a module: settings -> rows; it may depend on nothing else
    settings  plain JSON; part of the job's name, so a change of them is another job
    """

    study: str
    version: int
    work: Callable[[Mapping[str, Any]], pd.DataFrame]
    settings: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""

    @property
    def label(self) -> str:
        """Name in the progress display."""
        return self.words or ", ".join(f"{name} {value}" for name, value in self.settings.items())

    @property
    def name(self) -> str:
        """Name of its file: readable, with a hash of everything that its rows depend on."""
        text = json.dumps([self.study, self.version, self.work.__name__, dict(self.settings)], sort_keys=True)
        readable = re.sub(r"[^\w.-]+", "-", self.label)[:80].strip("-")
        return f"{readable}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    @property
    def external(self) -> bool:
        """Whether code from outside the suite takes part: the setting `external` is then a hash of it."""
        return bool(self.settings.get("external"))

    @property
    def metadata(self) -> dict[str, Any]:
        """The settings, as they are stored with the rows."""
        return dict(self.settings)

    def run(self) -> dict[str, pa.Table]:
        """The rows, as the engine stores them."""
        return {TABLE: pa.Table.from_pandas(self.work(self.settings), preserve_index=False)}


class Study(ABC):
    """A question that is no learning curve. One file a study; `STUDIES` (studies/catalogue.py) lists them.

    name      as on the command line
    question  in one sentence
    version   increment it with every change that affects rows
    """

    name: ClassVar[str]
    question: ClassVar[str]
    version: ClassVar[int] = 1

    @abstractmethod
    def jobs(self, scale: Scale) -> Sequence[StudyJob]:
        """The units of work at a scale, each at most some minutes on one core."""

    def combine(self, tables: Iterator[pd.DataFrame]) -> pd.DataFrame:
        """The rows to analyse, from those of each job in turn. Here: all rows.

        A study whose rows do not fit in memory keeps what its analysis needs.
        """
        return concatenated(tables)

    def with_learners(self, specs: Sequence[str]) -> Study:  # noqa: ARG002
        """The study with further learners, as `grue run` names them. Optional: raises UsageError if it takes none."""
        raise UsageError(f"the study {self.name} takes no --learner; repeat the command without it")

    @abstractmethod
    def analyse(self, rows: pd.DataFrame) -> Findings:
        """Tables and verdicts from the combined rows of all jobs; raises ValueError where there are too few."""
