"""How many cores and how much memory a process may use: less than the machine has, where a container limits it."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNLIMITED = 1 << 60
"""Bytes from which on a limit of memory is none: version 1 of cgroups has a large number for it."""


@dataclass(frozen=True)
class Limits:
    """Cores and memory.

    cores, allowed  cores of the machine, and those that this process may run on (its affinity)
    quota           cores' worth of time that its container has; None: no limit
    memory          bytes: of the machine, or the limit of the container or of the process where that is less
    free_memory     bytes that are left of it; None: unknown
    files           largest number of open files; None: no limit
    """

    cores: int
    allowed: int
    quota: float | None
    memory: int | None
    free_memory: int | None
    files: int | None

    @property
    def usable(self) -> float:
        """Cores that can be used at a time."""
        return min(self.cores, self.allowed, math.inf if self.quota is None else self.quota)


def read_limits(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> Limits:
    """The limits of this process. proc, cgroup: where Linux tells them; elsewhere they are unknown."""
    cores = os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else cores
    folders = list(_groups(proc, cgroup))
    quotas = [quota for folder in folders if (quota := _quota(folder)) is not None]
    info = _memory_info(proc)
    totals, left = [info.get("MemTotal")], [info.get("MemAvailable")]
    for folder in folders:
        limit = _first_number(folder / "memory.max", folder / "memory.limit_in_bytes")
        if limit is not None and limit < UNLIMITED:
            used = _first_number(folder / "memory.current", folder / "memory.usage_in_bytes") or 0
            totals.append(limit)
            left.append(max(limit - used + _reclaimable(folder), 0))
    space, _ = resource.getrlimit(resource.RLIMIT_AS)
    if space != resource.RLIM_INFINITY:
        totals.append(space)
        left.append(space)
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return Limits(
        cores=cores,
        allowed=allowed,
        quota=min(quotas, default=None),
        memory=min((one for one in totals if one is not None), default=None),
        free_memory=min((one for one in left if one is not None), default=None),
        files=None if files == resource.RLIM_INFINITY else files,
    )


def _groups(proc: Path, cgroup: Path) -> Iterator[Path]:
    """The folders of the control groups of this process and of those above them, in both versions."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        lines = []
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        roots = [cgroup / name for name in (controllers, *controllers.split(",")) if name] or [cgroup]
        for root in roots:
            if root.is_dir():
                # Within a container the path may be that of the host, of which only the root is there.
                inside = [root / path.lstrip("/"), *(root / path.lstrip("/")).parents]
                yield from (folder for folder in inside if folder.is_relative_to(root) and folder.is_dir())


def _quota(folder: Path) -> float | None:
    try:
        text = (folder / "cpu.max").read_text().split()
        return None if text[0] == "max" else int(text[0]) / int(text[1])
    except (OSError, ValueError, IndexError):
        pass
    quota, period = _first_number(folder / "cpu.cfs_quota_us"), _first_number(folder / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None


def _memory_info(proc: Path) -> dict[str, int]:
    """Bytes by their name in /proc/meminfo."""
    try:
        lines = (proc / "meminfo").read_text().splitlines()
    except OSError:
        return {}
    parts = [line.replace(":", "").split() for line in lines]
    return {part[0]: 1024 * int(part[1]) for part in parts if len(part) > 1 and part[1].isdigit()}


def _reclaimable(folder: Path) -> int:
    """Bytes of a group that hold files of the disk, which the kernel gives up for programs."""
    try:
        lines = (folder / "memory.stat").read_text().splitlines()
    except OSError:
        return 0
    found = dict(line.split()[:2] for line in lines if len(line.split()) > 1)
    text = found.get("inactive_file", "0")
    return int(text) if text.isdigit() else 0


def _first_number(*paths: Path) -> int | None:
    for path in paths:
        try:
            return int(path.read_text())
        except (OSError, ValueError):
            continue
    return None
