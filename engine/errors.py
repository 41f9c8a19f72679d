"""The one error of the engine, and its one warning."""

from __future__ import annotations


class EngineError(RuntimeError):
    """A run that cannot go on: no worker process starts, the disk is full, the scheduler is gone.

    It is no fault of a job. What was finished is on disk, and the next run continues from there.
    """


class UnreadableWarning(UserWarning):
    """A file of a result folder cannot be read and was skipped: what is reported lacks its content."""
