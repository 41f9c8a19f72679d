"""Hashes of plain content: of keys, settings and names of files."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(content: Any) -> str:
    """JSON with sorted names and no spaces: one text for one content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def digest(content: Any) -> str:
    """SHA-256 of canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()
