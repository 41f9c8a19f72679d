"""The lock of a result folder: one run at a time writes to it."""

from __future__ import annotations

import fcntl
import os
import socket
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import IO

from .errors import EngineError

MAX_CONTENT = 200
"""Bytes of the lock's content that are shown."""


class FolderLock:
    """An exclusive lock on a file, released when it is closed or when its process ends, however it ends.

    A child that is forked while the lock is held would hold it too, also after its parent has ended. So children that
    Python forks close the file; one that a library forks keeps it open, and is then named to whoever waits.

    path     the file, which is made where needed and stays
    display  the folder as its user writes it
    """

    def __init__(self, path: Path, display: Path) -> None:
        self.path, self.display = path, display
        self._file: IO[str] | None = None

    def acquire(self, log: Callable[[str], None]) -> None:
        """Take the lock, waiting for another run that has it. Raises EngineError where the folder cannot be locked."""
        while self._file is None:
            file = self._open()
            try:
                self._wait(file, log)
            except BaseException:
                file.close()
                raise
            if _is_at(file, self.path):
                self._file = file
            else:  # deleted while this run waited: a third run may have locked a new one
                file.close()
        try:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(f"process {os.getpid()} on {socket.gethostname()}")
            self._file.flush()
        except OSError as error:  # a full disk, say
            error.filename = os.fspath(self.display / self.path.name)
            raise
        _HELD.add(self)

    def check(self) -> None:
        """Raise EngineError if the file was deleted or replaced: another run may then be working in the folder."""
        if self._file is not None and not _is_at(self._file, self.path):
            raise EngineError(
                f"{self.display / self.path.name} was deleted while this run was using {self.display}: another run may "
                "be working there. Finished results are kept: end the other run, repeat the command"
            )

    def release(self) -> None:
        """Give the lock back."""
        _HELD.discard(self)
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> IO[str]:
        try:
            return self.path.open("a+", encoding="utf-8", errors="replace")
        except OSError as error:
            raise EngineError(
                f"cannot write to {self.display}: {error.strerror}; choose another folder (--out DIR), or make this "
                "one writable"
            ) from error

    def _wait(self, file: IO[str], log: Callable[[str], None]) -> None:
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log(self._holder(file))
                fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            raise EngineError(
                f"cannot lock {self.display}: {error.strerror}; its file system has no locks, without which two runs "
                "could do the same work: choose a folder on another file system (--out DIR)"
            ) from error

    def _holder(self, file: IO[str]) -> str:
        """Who has the lock, in words."""
        file.seek(0)
        owner = file.read(MAX_CONTENT).strip()
        words = owner.split()
        here = len(words) == 4 and words[3] == socket.gethostname() and words[1].isdigit()  # noqa: PLR2004 -- as written
        if here and not _is_alive(int(words[1])):
            holders = ", ".join(map(str, _processes_with(self.path))) or "fuser names it"
            return (
                f"the run that used {self.display} ({owner}) has ended, but a process that it started still holds "
                f"{self.display / self.path.name} open ({holders}); waiting for it to end: kill it to go on"
            )
        return f"another run ({owner or 'unknown'}) is using {self.display}; waiting for it to end"

    def close_in_child(self) -> None:
        """In a forked child: close the file, which leaves the parent's lock as it is."""
        if self._file is not None:
            self._file.close()
            self._file = None


_HELD: weakref.WeakSet[FolderLock] = weakref.WeakSet()


def _close_all_in_child() -> None:
    for lock in list(_HELD):
        lock.close_in_child()
    _HELD.clear()


os.register_at_fork(after_in_child=_close_all_in_child)


def _is_at(file: IO[str], path: Path) -> bool:
    """Whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _processes_with(path: Path) -> list[int]:
    """The processes that have a file open, where the system tells (Linux), as far as this user may see them."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(path.samefile(descriptor) for descriptor in folder.iterdir() if descriptor.exists()):
                found.append(int(folder.parent.name))
        except OSError:
            continue
    return [process for process in found if process != os.getpid()]
