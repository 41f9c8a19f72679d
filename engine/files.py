"""Reading files that anybody may have written: regular files of a sane size, text in UTF-8, JSON objects."""

from __future__ import annotations

import errno
import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MAX_FILE = 1 << 30
"""Bytes of the largest file that is read."""

MAX_JSON = 1 << 29
"""Bytes of the largest JSON file: the plan of 10^6 cells has 240 to 330 MB."""

ABOUT_THE_PATH = (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ENXIO)
"""Errors that are the same tomorrow and on any machine: what stands at the path is no file."""


KINDS = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
"""What a JSON file may hold beside an object and a number, as a message names it."""


class UnreadableError(ValueError):
    """A file cannot be read, is cut off or damaged, or holds something else; the message says what, in one line."""


class MissingFileError(UnreadableError):
    """There is no such file (any more), or it is a link to one that is not there."""


class RefusedError(UnreadableError):
    """The machine does not let this process read the file now (permissions, too many open files, a failing disk).

    Nothing is known about the file, which may be as it was written: it is not to be moved, nor its job to be repeated.
    """


def read_bytes(path: Path, limit: int = MAX_FILE) -> bytes:
    """The content of a regular file of at most `limit` bytes; raises UnreadableError."""
    check_regular(path, limit)
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)  # it may grow, and what /proc holds says that it has no bytes
    except OSError as error:
        raise _unreadable(error) from error
    if len(content) > limit:
        raise UnreadableError(f"it has more than {limit:,} bytes, the limit")
    return content


def check_regular(path: Path, limit: int = MAX_FILE) -> None:
    """Raise UnreadableError for what is no regular file of at most `limit` bytes.

    A pipe or a device is refused before it is opened, since opening or reading it could wait for ever.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(error) from error
    except ValueError as error:  # a NUL in the path
        raise UnreadableError(str(error)) from error
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableError(f"it is {_kind(found.st_mode)}; expected a regular file")
    if found.st_size > limit:
        raise UnreadableError(f"it has {found.st_size:,} bytes; the limit is {limit:,}")


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
        raise UnreadableError(f"it holds {KINDS.get(type(found), 'a number')}; expected a JSON object")
    return found


def described(record: Mapping[str, Any], name: str) -> str:
    """What a record has under a name, as a message says it: "size is 'x'", or "size is missing"."""
    return f"{name} is {record[name]!r:.60}" if name in record else f"{name} is missing"


def _unreadable(error: OSError) -> UnreadableError:
    """What a failed system call says: that the file is not there or is no file, or that it cannot be read now."""
    if isinstance(error, FileNotFoundError):
        kind = MissingFileError
    else:
        kind = UnreadableError if error.errno in ABOUT_THE_PATH else RefusedError
    return kind(error.strerror or str(error))


def _kind(mode: int) -> str:
    kinds = {
        "a folder": stat.S_ISDIR,
        "a named pipe": stat.S_ISFIFO,
        "a socket": stat.S_ISSOCK,
        "a device": lambda mode: stat.S_ISCHR(mode) or stat.S_ISBLK(mode),
    }
    return next((name for name, test in kinds.items() if test(mode)), "no file")
