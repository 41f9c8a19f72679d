"""Results that take seconds to compute, kept between runs in the user's cache folder.

A file is the digest of its body and the body. What does not agree with its digest is computed anew, never trusted; what
cannot be written is computed again next time. Nothing there is needed: the folder may be deleted at any time.
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
    """Where results are kept: GRUE_CACHE if that is set, else `grue` in the platform's folder for caches.

    Raises RuntimeError for a user without a home.
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


def kept(name: str, size: int, compute: Callable[[], bytes]) -> bytes:
    """The body of the file `name`, of `size` bytes; computed and written if it is not there or not whole.

    name  of the file, with the version of whatever computes it in it
    Several processes may ask at once: each computes, and renames a whole file into place.
    """
    try:
        path = folder() / name
    except RuntimeError:  # no home, so nowhere to keep anything
        return compute()
    if (body := _read(path, size)) is None:
        body = compute()
        with contextlib.suppress(OSError):  # a full disk or a read-only home costs time, not the run
            _write(path, body)
    return body


def _read(path: Path, size: int) -> bytes | None:
    """What was kept, or None where there is nothing, or nothing to be trusted."""
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
    """Write under a name of our own, then rename: a reader sees the whole file or none."""
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
