"""What the operating system refuses, in one line: what was refused, and what to do about it."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TextIO

from ..engine.errors import EngineError
from ..engine.printable import printable_lines
from ..runs.errors import UsageError

ADVICE = {
    errno.EACCES: "give yourself the right to it (chmod, chown), or choose another path (--out, --output)",
    errno.EPERM: "give yourself the right to it (chmod, chown), or choose another path (--out, --output)",
    errno.EROFS: "the file system is mounted for reading only; choose a path on another one (--out, --output)",
    errno.ENOSPC: "delete something, or choose a path on another disk; what is finished is kept, repeat the command",
    errno.EDQUOT: "your share of the disk is used up: delete something; what is finished is kept, repeat the command",
    errno.EFBIG: "the file is larger than a limit allows (ulimit -f); raise the limit and repeat the command",
    errno.EIO: "the disk or the connection to it has a fault; check it, then repeat the command",
    errno.ESTALE: "the server of the file system was restarted; repeat the command",
    errno.ENOENT: "check the spelling, and that you are in the right folder",
    errno.EEXIST: "choose another path (--out, --output), or move away what is there",
    errno.ENOTDIR: "a part of the path is a file; name a folder, or move the file away",
    errno.EISDIR: "name a file in it",
    errno.ENAMETOOLONG: "choose a shorter name: most file systems allow 255 bytes for each part of a path",
    errno.ELOOP: "symbolic links lead in a circle; remove one of them, or give the path that it leads to",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n 4096), or use fewer processes (--jobs)",
    errno.ENFILE: "too many files are open on this machine; close other programs, or use fewer processes (--jobs)",
    errno.ENOMEM: "memory is used up; use fewer processes (--jobs), or close other programs",
    errno.EAGAIN: "no further process can be started (ulimit -u); use fewer processes (--jobs)",
    errno.ENOLCK: "the file system has no locks; name a folder on another one (grue doctor DIR tells which)",
    errno.ENOTSUP: "the file system does not support that; name a folder on another one (grue doctor DIR tells which)",
    errno.ENOSYS: "the file system does not support that; name a folder on another one (grue doctor DIR tells which)",
    errno.ETXTBSY: "a program that is running uses the file; wait for it, or choose another path",
    errno.EBUSY: "something else uses it; wait, or choose another path",
    errno.EINVAL: "the name or the file system does not allow that; choose another path (--out, --output)",
    errno.EILSEQ: "the file system does not allow this name; choose one of letters, digits and hyphens",
}
"""Number of an error -> what to do now."""

NAMED = ("SpaceExhaustedError", "MissingPackageError")
"""Errors of tasks whose message says what to do; by name, as their modules load numpy, which `--help` does without."""

OTHERWISE = "grue doctor DIR examines the machine and a folder"

TRACEBACK = "GRUE_TRACEBACK"
"""Environment variable: if it is set to anything but 0, an error is shown with its traceback."""


def line_of(error: Exception) -> str | None:
    """The message for an error that a person can mend: what was refused, and what to do now. None: a fault of ours."""
    if isinstance(error, UsageError | EngineError) or type(error).__name__ in NAMED:
        return str(error)
    if isinstance(error, OSError):
        return _refused(error)
    if isinstance(error, MemoryError):
        return f"memory ended; {ADVICE[errno.ENOMEM]}"
    if isinstance(error, ValueError):
        return _of_text(error)
    return None


def refuse_empty(arguments: Sequence[str]) -> None:
    """Raise UsageError for an argument that is empty: it would be taken for the current folder, or for any name."""
    for before, argument in pairwise(("", *arguments)):
        option, equals, value = argument.partition("=")
        if not argument or (option.startswith("--") and equals and not value):
            where = f"{option}=" if option else f"the argument after {before}" if before else "the first argument"
            raise UsageError(
                f"{where} is empty; expected a value, or no such option (is a variable of the shell not set?)"
            )


def _refused(error: OSError) -> str:
    reason = os.strerror(error.errno) if error.errno in ADVICE else error.strerror or str(error) or type(error).__name__
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    named = f"{' -> '.join(names)}: " if names else ""
    advice = ADVICE.get(error.errno or 0, OTHERWISE)
    if error.errno == errno.EEXIST and names and Path(names[0]).is_symlink() and not Path(names[0]).exists():
        advice = "it is a symbolic link that leads nowhere, or in a circle: remove it, or choose another path"
    return f"{named}{reason[:1].lower()}{reason[1:]}; {advice}"


def _of_text(error: ValueError) -> str | None:
    """The message for a path that no file can have, or text that no stream takes; None for another error."""
    if isinstance(error, UnicodeEncodeError):
        found = ascii(error.object[error.start : error.end][:20])
        return f"{found} cannot be written as {error.encoding}; set PYTHONUTF8=1, or choose names of letters and digits"
    if "null byte" in str(error) or "null character" in str(error):
        return "a path holds a NUL character, which no name of a file can; check where it comes from"
    return None


def wanted() -> bool:
    """Whether tracebacks are asked for."""
    return os.environ.get(TRACEBACK, "0") not in ("", "0")


def print_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback of an error that is none of the others', in printable lines."""
    sys.stderr.write(printable_lines("".join(traceback.format_exception(kind, error, trace))))


def flushed(streams: Iterable[TextIO], code: int | str | None) -> int | str | None:
    """Write what is left in the streams; returns the exit code, which is 2 where the disk is full, say."""
    for stream in streams:
        try:
            stream.flush()
        except BrokenPipeError:
            _discard(stream)  # its reader has seen enough
        except OSError as error:
            _discard(stream)
            with suppress(OSError):
                sys.stderr.write(f"grue: cannot write the output: {line_of(error)}\n")
            code = code or 2
    return code


def _discard(stream: TextIO) -> None:
    """Let what is left go nowhere: Python tries to write it once more as it ends (docs of `signal`, on SIGPIPE)."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, stream.fileno())
    os.close(sink)
