"""Numerical libraries in this process: which kernels they use, and one thread for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Variables of the environment that these libraries read when they are loaded."""


def kernels() -> dict[str, str]:
    """The kernels of the libraries that are loaded: {"openblas": "Haswell", "torch": "AVX2"}.

    They are chosen for the processor when a library is loaded, and the last digits of results depend on them. A
    library that no job has loaded is left out.
    """
    from threadpoolctl import threadpool_info  # noqa: PLC0415 -- of no use before libraries are loaded

    found: dict[str, set[str]] = {}
    for library in threadpool_info():
        if library["user_api"] == "blas":
            found.setdefault(library["internal_api"], set()).add(str(library.get("architecture")))
    names = {name: " and ".join(sorted(architectures)) for name, architectures in sorted(found.items())}
    torch = sys.modules.get("torch")
    return names | ({"torch": torch.backends.cpu.get_cpu_capability()} if torch is not None else {})


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the libraries of this process use one thread each, those too that are loaded meanwhile."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
