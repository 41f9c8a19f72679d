"""How much memory there is, and the limit of a worker process: a job that wants too much fails alone.

Without a limit the system ends processes as memory runs out, and not always the one at fault.
"""

from __future__ import annotations

import os
import resource
import sys
from contextlib import suppress

from .limits import read_limits

GIB = 2**30

SHARE = 0.9
"""Part of the memory that all workers may have together by default; the rest is for this process and the system."""

LEAST = GIB
"""A worker's limit is at least this by default: libraries alone take 0.4 GiB."""


def total_memory() -> int:
    """Bytes that processes here may have: of the machine, of the container, or by `ulimit -v`; the smallest of them."""
    return read_limits().memory or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def default_limit(workers: int) -> int:
    """Bytes that each of so many worker processes may have."""
    return max(int(SHARE * total_memory() / max(workers, 1)), LEAST)


def limit_memory(limit: int) -> None:
    """Let this process allocate at most so many bytes, what it has already included; 0: as many as it likes.

    From then on numpy and Python raise MemoryError, torch RuntimeError. The limit is on private writable memory
    (RLIMIT_DATA), which Linux enforces for all allocations and macOS does not.
    """
    if not limit or sys.platform != "linux":
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    with suppress(ValueError, OSError):  # a system that knows no such limit
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))


def limit_in_words() -> str:
    """What to do about a job that got no memory in this process; "" if it has no limit."""
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if limit == resource.RLIM_INFINITY:
        return ""
    return f"This worker process may have {limit / GIB:.1f} GiB; --memory raises it, fewer --jobs leave more for each"
