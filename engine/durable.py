"""Files that are written whole or not at all, and that a power failure does not take back."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

PARTIAL = ".partial"
"""End of the name of a file that is being written: `.NAME.partial`."""


def replace_file(path: Path, content: bytes | bytearray) -> None:
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
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        error.filename = error.filename or os.fspath(path)  # a full disk does not say whose content does not fit
        with suppress(OSError):
            temporary.unlink()
        raise
    for folder in {path.parent, *(one.parent for one in new)}:
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
