"""Documents as JSON that any parser reads: no NaN and no infinity, and ASCII alone."""

from __future__ import annotations

import json
import math
from typing import Any


def json_text(document: Any, indent: int | None = 1) -> str:
    """JSON with a newline at its end; a number that is not finite is null, a scalar of numpy a number.

    What JSON has no form for otherwise is its text.
    """
    return json.dumps(_plain(document), indent=indent, allow_nan=False, default=str) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()  # a lone surrogate is no text elsewhere
    if isinstance(value, dict):
        return {_plain(str(name)): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
