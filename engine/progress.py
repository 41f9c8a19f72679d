"""The progress display: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from .job import Job
from .printable import printable, printable_lines, unfiltered


@dataclass(frozen=True)
class Share:
    """The part that a job is of the work: in seconds, as they are estimated, and in the unit of the display."""

    seconds: float = 1.0
    count: int = 1


def _equal(job: Job) -> Share:  # noqa: ARG001
    return Share()


class Reporter:
    """Follows a run: `begin`, then `done`, `failed` or `split` for every job, then `end`."""

    def __init__(self, stream: TextIO) -> None:
        self.console = Console(file=unfiltered(stream), highlight=False, soft_wrap=True)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._start = 0.0
        self._unit = ""
        self._share_of: Callable[[Job], Share] = _equal
        self._total = self._finished = 0
        self._expected = self._passed = 0.0

    def log(self, text: str) -> None:
        """A line of its own, or several."""
        self.console.print(printable_lines(text), markup=False, emoji=False)

    def begin(self, jobs: Sequence[Job], unit: str, share_of: Callable[[Job], Share] | None = None) -> None:
        """The jobs that are to be done.

        unit      what the display counts, such as "cells"
        share_of  the part that a job is of the work; those of the parts of a job add up to its own. None: all equal
        """
        self._start, self._share_of, self._unit = time.monotonic(), share_of or _equal, unit
        shares = [self._share_of(job) for job in jobs]
        self._expected = sum(share.seconds for share in shares)
        self._total = sum(share.count for share in shares)
        if self.console.is_terminal and shares:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn(f"{unit},"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
                console=self.console,
            )
            self._task = self._bar.add_task("running", total=self._total, left="")
            self._bar.start()

    def done(self, job: Job, seconds: float) -> None:
        """The tables of a job have been written."""
        self._advance(job, f"{self._amount(job)} in {seconds:.1f} s")

    def failed(self, job: Job, message: str) -> None:
        """A job has failed."""
        self._advance(job, f"FAILED, {self._amount(job)}: {printable(message)}", failed=True)

    def split(self, job: Job, parts: Sequence[Job], message: str) -> None:
        """A job has failed, and its parts are run in its place: nothing of the work is done by that."""
        amounts = " and ".join(str(self._share_of(part).count) for part in parts)
        what = f"{self._amount(job)} failed together, now run again as {amounts}: {printable(message)}"
        self.log(f"{printable(job.label)}: {what}")

    def end(self) -> None:
        """Nothing more will come."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _amount(self, job: Job) -> str:
        count = self._share_of(job).count
        return f"{count} {self._unit.removesuffix('s') if count == 1 else self._unit}"

    def _advance(self, job: Job, what: str, *, failed: bool = False) -> None:
        share = self._share_of(job)
        self._finished += share.count
        self._passed += share.seconds
        left = self._left()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=share.count, description=escape(printable(job.label)), left=left)
            if failed:
                self.log(f"{printable(job.label)}: {what}")
        else:
            self.log(f"{self._finished}/{self._total} {self._unit}  {printable(job.label)}: {what}  {left}")

    def _left(self) -> str:
        """The time left, from how the jobs so far compared with what was expected of them."""
        elapsed = time.monotonic() - self._start
        if not self._passed or self._finished >= self._total:
            return ""
        return f"about {duration(elapsed * (self._expected - self._passed) / self._passed)} left"


def duration(seconds: float) -> str:
    """75 -> "1 min 15 s"."""
    whole = max(round(seconds), 0)
    if whole < 60:  # noqa: PLR2004 -- a minute
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:  # noqa: PLR2004 -- an hour
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
