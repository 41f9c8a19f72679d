"""Text in CSV that a spreadsheet would take for a formula has an apostrophe before it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

FORMULA = re.compile(r"[=+\-@\t\r\n]")
"""What a spreadsheet takes for the beginning of a formula."""


def guarded(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same row; numbers stay numbers."""
    return {name: f"'{value}" if is_formula(value) else value for name, value in row.items()}


def is_formula(value: object) -> bool:
    """Whether it is a text that begins as a formula does."""
    return isinstance(value, str) and bool(FORMULA.match(value))
