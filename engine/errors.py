"""The one error of the engine."""

from __future__ import annotations


class EngineError(RuntimeError):
    """A run that cannot go on: no worker process starts, the disk is full, the scheduler is gone.

    It is no fault of a job. What was finished is on disk, and the next run continues from there.
    """
