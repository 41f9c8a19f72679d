"""Reading files that anybody may have written: regular files of a sane size, text in UTF-8, JSON objects."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

MAX_FILE = 1 << 30
"""Bytes of the largest file that is read."""

MAX_JSON = 1 << 28
"""Bytes of the largest JSON file: the plan of 10^6 cells has about as many."""


class UnreadableError(ValueError):
    """A file cannot be read, is cut off or damaged, or holds something else; the message says what, in one line."""


def read_bytes(path: Path, limit: int = MAX_FILE) -> bytes:
    """The content of a regular file of at most `limit` bytes; raises UnreadableError, FileNotFoundError included.

    A pipe or a device is refused before it is opened, since opening or reading it could wait for ever.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(f"it is {_kind(found.st_mode)}; expected a regular file")
        if found.st_size > limit:
            raise UnreadableError(f"it has {found.st_size:,} bytes; the limit is {limit:,}")
        with path.open("rb") as file:
            content = file.read(limit + 1)  # it may grow, and what /proc holds says that it has no bytes
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from error
    except ValueError as error:  # a NUL in the path; UnreadableError as well
        raise UnreadableError(str(error)) from error
    if len(content) > limit:
        raise UnreadableError(f"it has more than {limit:,} bytes, the limit")
    return content


def read_text(path: Path, limit: int = MAX_FILE) -> str:
    """The content of a file in UTF-8; raises UnreadableError."""
    try:
        return read_bytes(path, limit).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is not UTF-8 text: {error}") from error


def parse_json(text: str | bytes) -> Any:
    """What JSON text holds, without text that no encoding can hold; raises UnreadableError.

    NaN and Infinity are taken as Python writes them: a parameter of an estimator may be infinite.
    """
    try:
        found = json.loads(text)
        if (b"\\u" if isinstance(text, bytes) else "\\u") in text:  # pyright: ignore[reportOperatorIssue]
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise UnreadableError("invalid JSON: it is nested too deeply") from None
    except UnicodeEncodeError:
        raise UnreadableError("invalid JSON: a text has half of a surrogate pair, which is no character") from None
    except ValueError as error:
        raise UnreadableError(f"invalid JSON: {error}") from error
    return found


def read_json(path: Path, limit: int = MAX_JSON) -> dict[str, Any]:
    """The JSON object in a file; raises UnreadableError."""
    found = parse_json(read_text(path, limit))
    if not isinstance(found, dict):
        raise UnreadableError(f"it holds {type(found).__name__}; expected a JSON object")
    return found


def _kind(mode: int) -> str:
    kinds = {
        "a folder": stat.S_ISDIR,
        "a named pipe": stat.S_ISFIFO,
        "a socket": stat.S_ISSOCK,
        "a device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
    }
    return next((name for name, test in kinds.items() if test(mode)), "no file")
