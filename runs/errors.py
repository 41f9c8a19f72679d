"""The error for invalid input of the user; in a module of its own, so that reports need not load a learner."""

from __future__ import annotations


class UsageError(ValueError):
    """Invalid input of the user; the message says what was given and what was expected."""


class UnreadablePlanError(UsageError):
    """The plan of a result folder is damaged."""
