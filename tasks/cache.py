"""File cache for results that take seconds to compute, in the user's cache folder.

A file holds the digest of its body, then the body. A file that does not match its digest is recomputed. A result that
cannot be written is computed again next time. The folder may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

DIGEST_BYTES = 32


def folder() -> Path:
    """The cache folder: GRUE_CACHE if that is set, else `grue` in the platform's folder for caches.

    Raises RuntimeError for a user without a home directory.
    """
    if chosen := os.environ.get("GRUE_CACHE"):
        return Path(chosen)
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "grue"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "grue"
    shared = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (shared if shared.is_absolute() else Path.home() / ".cache") / "grue"


def cached(name: str, size: int, compute: Callable[[], bytes]) -> bytes:
    """The body of the cached file `name`, of `size` bytes; computed and written if the file is missing or damaged.

    name  of the file; includes the version of the code that computes it

    Safe with several processes at once: each computes the result and renames a complete file into place.
    """
    try:
        path = folder() / name
    except RuntimeError:  # no home directory, so no cache folder
        return compute()
    if (body := _read(path, size)) is None:
        body = compute()
        with contextlib.suppress(OSError):  # a full disk or a read-only home costs time, not the run
            _write(path, body)
    return body


def _read(path: Path, size: int) -> bytes | None:
    """The cached body, or None if there is no file or it is damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    digest, body = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
    if len(body) == size and digest == _digest(body):
        return body
    warnings.warn(f"{path} is damaged: computing it anew", stacklevel=2)
    return None


def _write(path: Path, body: bytes) -> None:
    """Write to a temporary file, then rename it: a reader sees a complete file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(body) + body)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _digest(body: bytes) -> bytes:
    return blake2b(body, digest_size=DIGEST_BYTES).digest()
