"""The error for what a user asked for: apart from the rest, so that reports can raise it without loading a learner."""

from __future__ import annotations


class UsageError(ValueError):
    """What was asked for cannot be done as it was asked; the message says what was given and what was expected."""
