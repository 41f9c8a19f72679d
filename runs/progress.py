"""What a run says while it works: a bar with the time left on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from .cells import Batch

Say = Callable[[str], None]


class Reporter:
    """Follows a run: `begin`, then `done` or `failed` for every batch, then `end`."""

    def __init__(self, stream: TextIO, jobs: int) -> None:
        self.console = Console(file=stream, highlight=False, soft_wrap=True)
        self.jobs = max(jobs, 1)
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._start = 0.0
        self._expected = self._passed = 0.0
        self._cells = self._finished = 0

    def say(self, text: str) -> None:
        """A line of its own."""
        self.console.print(text, markup=False, emoji=False)

    def begin(self, expected: dict[Batch, float]) -> None:
        """The batches that are to be done, with the seconds each is expected to take."""
        self._start = time.monotonic()
        self._expected = sum(expected.values())
        self._cells = sum(len(batch.cells) for batch in expected)
        self._seconds = expected
        if self.console.is_terminal and expected:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("cells,"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
                console=self.console,
            )
            self._task = self._bar.add_task("running", total=self._cells, left="")
            self._bar.start()

    def done(self, batch: Batch, seconds: float) -> None:
        """A batch has been written."""
        self._advance(batch, f"{len(batch.cells)} cells in {seconds:.1f} s")

    def failed(self, batch: Batch, message: str) -> None:
        """A batch has failed."""
        self._advance(batch, f"FAILED, {len(batch.cells)} cells: {message}")

    def end(self) -> None:
        """Nothing more will come."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _advance(self, batch: Batch, what: str) -> None:
        self._finished += len(batch.cells)
        self._passed += self._seconds[batch]
        left = self._left()
        name = f"{batch.pair.task.label}[{batch.pair.learner.label}]"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=len(batch.cells), description=name, left=left)
            if what.startswith("FAILED"):
                self.say(f"{name}: {what}")
        else:
            self.say(f"{self._finished}/{self._cells} cells  {name}: {what}  {left}")

    def _left(self) -> str:
        """The time left, from how the batches so far compared with what was expected of them."""
        elapsed = time.monotonic() - self._start
        if not self._passed or self._finished >= self._cells:
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
