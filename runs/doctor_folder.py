"""What `grue doctor` examines in a folder: whether a run can write, lock, rename and keep its files there.

Each property is tried out in a folder of its own, which is removed afterwards.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .doctor import GIGABYTE, Finding

LEAST_SPACE = 10**8
"""Bytes below which a run soon fills the disk: a run of the preset quick writes some MB, paper some GB."""

LEAST_FILES = 10_000
"""Entries of the file system, of which a run needs one for each batch."""

SKEW = 60.0
"""Seconds between the clock of this machine and that of the file system from which on the two disagree."""

CONTENT = b"grue doctor\n" * 1000


@dataclass(frozen=True)
class Operations:
    """The operations of the file system, as the checks use them; a test replaces what it is about."""

    flock: Callable[[int, int], None] = field(default=fcntl.flock)
    fsync: Callable[[int], None] = field(default=os.fsync)
    rename: Callable[[Path, Path], object] = field(default=os.replace)
    now: Callable[[], float] = field(default=time.time)


def examine_folder(folder: Path, operations: Operations | None = None) -> Iterator[Finding]:
    """All checks of a folder; of one that does not exist yet, those of the folder that it would be made in."""
    act = operations or Operations()
    place = folder.absolute()
    try:
        while not place.exists() and place != place.parent:
            place = place.parent
    except OSError as error:
        yield Finding("problem", "folder", f"{folder}: {_reason(error)}", "name another folder")
        return
    if not place.is_dir():
        yield Finding("problem", "folder", f"{place} is a file", "name a folder, or move the file away")
        return
    known = f"{folder}" if place == folder.absolute() else f"{folder} (not there yet; in {place})"
    yield Finding("ok", "folder", known)
    yield from _space(place)
    try:
        own = Path(tempfile.mkdtemp(prefix=".grue-doctor-", dir=place))
    except OSError as error:
        advice = "name another folder (grue run --out DIR), or give yourself the right to write there (chmod, chown)"
        yield Finding("problem", "writable", _reason(error), advice)
        return
    try:
        yield from _files(own, act)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _files(own: Path, act: Operations) -> Iterator[Finding]:
    written = _written(own, act)
    yield written
    if written.level == "problem":
        return
    yield _renamed(own, act)
    yield _locked(own, act)
    yield _clock(own, act)
    yield _names(own)


def _space(place: Path) -> Iterator[Finding]:
    try:
        found = os.statvfs(place)
    except OSError as error:
        yield Finding("note", "disk", f"unknown: {_reason(error)}", "look at it with df before a long run")
        return
    free = found.f_bavail * found.f_frsize
    advice = "delete something, or name a folder on another disk (grue run --out DIR)"
    text = f"{free / GIGABYTE:.2f} GB free" if free < GIGABYTE else f"{free / GIGABYTE:.0f} GB free"
    yield Finding("problem", "disk", text, advice) if free < LEAST_SPACE else Finding("ok", "disk", text)
    # A file system without a fixed number of entries says 0.
    if found.f_files and found.f_favail < LEAST_FILES:
        yield Finding("note", "disk", f"{found.f_favail} more files fit (inodes)", advice)


def _written(own: Path, act: Operations) -> Finding:
    """Writing, until it is on the disk (fsync), and reading back."""
    path = own / "written"
    try:
        path.write_bytes(CONTENT)
        start = time.perf_counter()
        with path.open("rb+") as file:
            act.fsync(file.fileno())
        seconds = time.perf_counter() - start
        same = path.read_bytes() == CONTENT
    except OSError as error:
        return Finding("problem", "writable", _reason(error), "name a folder on another disk (grue run --out DIR)")
    if not same:
        advice = "the file system loses data: name a folder on another one (grue run --out DIR)"
        return Finding("problem", "writable", "what is read is not what was written", advice)
    text = f"yes, and on the disk (fsync) within {1000 * seconds:.1f} ms"
    return Finding("ok", "writable", text)


def _renamed(own: Path, act: Operations) -> Finding:
    """Replacing a file by another one in one step, which is how results are written."""
    try:
        (own / "new").write_bytes(CONTENT)
        (own / "old").write_bytes(b"")
        act.rename(own / "new", own / "old")
        handle = os.open(own, os.O_RDONLY)
        try:
            act.fsync(handle)
        finally:
            os.close(handle)
        replaced = (own / "old").read_bytes() == CONTENT and not (own / "new").exists()
    except OSError as error:
        return Finding("problem", "rename", _reason(error), "name a folder on another file system (grue run --out DIR)")
    if not replaced:
        advice = "name a folder on another file system (grue run --out DIR)"
        return Finding("problem", "rename", "a file is not replaced by renaming another one", advice)
    return Finding("ok", "rename", "in one step, and durable (fsync of the folder)")


def _locked(own: Path, act: Operations) -> Finding:
    """A lock that a second opening of the file cannot have as well."""
    advice = "name a folder on a local disk (grue run --out DIR), or mount the file system with locks"
    with (own / "lock").open("w") as first, (own / "lock").open("w") as second:
        try:
            act.flock(first.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return Finding("problem", "lock", f"the file system has none: {_reason(error)}", advice)
        try:
            act.flock(second.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return Finding("ok", "lock", "held by one at a time (flock)")
    text = "two can hold it at a time, so that two runs in the folder would do the same cells"
    return Finding("problem", "lock", text, advice)


def _clock(own: Path, act: Operations) -> Finding:
    """The clock of the file system beside that of this machine, and the resolution of the clock of timeouts."""
    resolution = time.get_clock_info("monotonic").resolution
    if resolution > 0.1:  # noqa: PLR2004 -- seconds; timeouts are compared some times a second
        return Finding("note", "clock", f"steps of {resolution:g} s", "give --timeout with some seconds to spare")
    path = own / "time"
    path.write_bytes(b"")
    apart = path.stat().st_mtime - act.now()
    if abs(apart) > SKEW:
        advice = "set the clocks (NTP): times of failures and archives are otherwise wrong; scores are not concerned"
        return Finding("note", "clock", f"that of the file system is {apart:+.0f} s from this machine's", advice)
    return Finding("ok", "clock", "that of the file system agrees with this machine's")


def _names(own: Path) -> Finding:
    """Whether names are told apart by case, and may be as long as those of batches."""
    try:
        (own / ("n" * 150)).write_bytes(b"")
        (own / "case").write_bytes(b"")
    except OSError as error:
        return Finding("problem", "names", _reason(error), "name a folder on another file system (grue run --out DIR)")
    if (own / "CASE").exists():
        return Finding("note", "names", "upper and lower case are one", "files of figures may get a number to differ")
    return Finding("ok", "names", "150 characters, upper and lower case differ")


def _reason(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{reason[:1].lower()}{reason[1:]}"
