"""Files that are written whole or not at all, and that a power failure does not take back."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

PARTIAL = ".partial"
"""End of the name of a file that is being written: `.NAME.partial`."""


def write_file(path: Path, content: bytes) -> None:
    """Write a file that somebody named, and missing folders: all of it, or none and what was there stays.

    A link is followed, and a device or pipe written to. Nothing is flushed: a report can be made again. Raises OSError.
    """
    target = Path(os.path.realpath(path))
    try:
        if target.is_symlink() or (target.exists() and not target.is_file()):  # a circle of links, a device, a folder
            path.write_bytes(content)
        else:
            replace_file(target, content, flush=False)
    except OSError as error:
        if error.filename in (None, os.fspath(target)):
            error.filename = os.fspath(path)
        raise


def replace_file(path: Path, content: bytes | bytearray, *, flush: bool = True) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it: a reader sees all of it or nothing.

    The file is flushed before the rename, and the folder after it: without the first, a machine that loses power can
    be left with an empty file under the final name; without the second, with none. Raises OSError where the file
    cannot be written; what was there under the name before is then still there.
    """
    temporary = path.with_name(f".{path.name}{PARTIAL}")
    new = _missing_folders(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            if flush:
                os.fsync(file.fileno())
        with suppress(OSError):  # there was none, or it is somebody else's
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        if error.filename in (None, os.fspath(temporary)):  # a full disk does not say whose content does not fit
            error.filename = os.fspath(path)
        with suppress(OSError):
            temporary.unlink()
        raise
    for folder in {path.parent, *(one.parent for one in new)} if flush else ():
        flush_folder(folder)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, on file systems that can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # may be written to, but not be listed
        return
    try:
        with suppress(OSError):  # some network file systems refuse it for folders
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> list[Path]:
    """Delete what an interrupted run left half-written in a folder and its tables; returns what was deleted.

    Only for the run that has locked the folder: nobody else may be writing.
    """
    swept: list[Path] = []
    for pattern in (f".*{PARTIAL}", f"*/.*{PARTIAL}"):
        for path in folder.glob(pattern):
            with suppress(OSError):
                path.unlink()
                swept.append(path)
    return swept


def _missing_folders(folder: Path) -> list[Path]:
    return [one for one in (folder, *folder.parents) if not one.exists()]
