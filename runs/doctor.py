"""What `grue doctor` examines on a machine: versions, cores, threads, memory, and programs that some commands start.

Every check is a function of what a `Probe` finds, and returns a `Finding`. A problem stops a run; a note does not: it
is a part that is missing and optional, or a setting that makes a run slower or its numbers another machine's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from tempfile import TemporaryFile
from typing import Any, Literal

from ..engine.limits import Limits, read_limits

PYTHON = (3, 11)
"""The oldest version of Python that the suite runs on."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "OMP_THREAD_LIMIT")

KERNELS = ("OPENBLAS_CORETYPE", "ATEN_CPU_CAPABILITY", "MKL_ENABLE_INSTRUCTIONS")
"""Variables that choose other code for the same operations, with other roundings."""

GIGABYTE = 10**9

MEMORY_OF_A_PROCESS = 0.7 * GIGABYTE
"""Bytes that a worker process takes with torch and the data of a usual task, rounded up."""

PROGRAMS = {
    "git": (("git",), "the commit of the suite is not recorded"),
    "pdflatex": (("pdflatex",), "tables of grue table cannot be compiled here, and their tests are skipped"),
    "chromium": (("chromium", "chromium-browser", "google-chrome"), "the tests of grue page in a browser are skipped"),
}
"""Program -> its names, and what does not work without it."""

LIMIT = 20.0
"""Seconds that a program has to name its version."""

DASK = "import dask, distributed; print(dask.__version__, distributed.__version__)"

TORCH = """
import json, torch
found = {"version": torch.__version__, "cuda": torch.version.cuda, "kernels": torch.backends.cpu.get_cpu_capability()}
found["devices"] = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())] if found["cuda"] else []
import numpy, scipy.linalg, threadpoolctl
found["pools"] = threadpoolctl.threadpool_info()
print(json.dumps(found))
"""
"""What torch and the libraries of linear algebra are; in a process of its own, which may crash or hang."""


@dataclass(frozen=True)
class Finding:
    """What a check found.

    level   "ok"; "note": a run works without it; "problem": a run cannot work
    advice  what to do now; "" where nothing is wrong
    """

    level: Literal["ok", "note", "problem"]
    check: str
    found: str
    advice: str = ""


class Probe:
    """What the checks ask the machine; a test replaces what it is about."""

    python: tuple[int, ...] = tuple(sys.version_info[:3])
    environment: Mapping[str, str] = os.environ

    def version(self, package: str) -> str | None:
        """The installed version of a package; None without it."""
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return None

    def requirements(self) -> Sequence[str]:
        """What the package requires, as in "numpy>=2.0"."""
        try:
            return metadata.requires("grue") or ()
        except metadata.PackageNotFoundError:
            return ()

    def limits(self) -> Limits:
        """Cores and memory, of the machine and of this process."""
        return read_limits()

    def answer(self, command: Sequence[str], limit: float = LIMIT) -> str:
        """What a program prints. Raises OSError where it does not start, and TimeoutError, ValueError if it fails."""
        with TemporaryFile() as output:
            # Its output goes to a file: a process that it leaves behind would keep a pipe open.
            process = subprocess.Popen(  # noqa: S603 -- our own arguments
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()
                raise TimeoutError(f"no answer within {limit:g} s") from None
            output.seek(0)
            text = output.read().decode(errors="replace").strip()
        if code:
            raise ValueError(text.splitlines()[-1] if text else f"it ended with code {code}")
        return text


def examine(probe: Probe) -> Iterator[Finding]:
    """All checks of the machine."""
    yield _python(probe)
    yield from _libraries(probe)
    limits = probe.limits()
    yield _cores(limits)
    yield _threads(probe, limits)
    yield from _torch(probe)
    yield _memory(limits)
    yield _files(limits)
    yield from (_program(probe, name) for name in PROGRAMS)
    yield _dask(probe)


def _python(probe: Probe) -> Finding:
    found = ".".join(map(str, probe.python))
    if probe.python[:2] < PYTHON:
        oldest = ".".join(map(str, PYTHON))
        return Finding("problem", "python", found, f"install Python {oldest} or newer, and grue with it")
    return Finding("ok", "python", found)


def _libraries(probe: Probe) -> Iterator[Finding]:
    """The versions of grue and of what it requires, in one finding if all are there and new enough."""
    parts = [f"grue {probe.version('grue') or '(not installed: a checkout on PYTHONPATH)'}"]
    for text in probe.requirements():
        found = re.match(r"([A-Za-z0-9._-]+)\s*(?:>=\s*([0-9.]+))?", text)
        if found is None or "extra ==" in text:
            continue
        name, least = found[1], found[2] or ""
        version = probe.version(name)
        if version is None:
            advice = f'pip install "{name}>={least}"' if least else f"pip install {name}"
            yield Finding("problem", "libraries", f"{name} is not installed", advice)
        elif _numbers(version) < _numbers(least):
            older = f"{name} is {version}, older than {least}"
            yield Finding("problem", "libraries", older, f'pip install --upgrade "{name}>={least}"')
        else:
            parts.append(f"{name} {version}")
    yield Finding("ok", "libraries", ", ".join(parts))


def _numbers(version: str) -> tuple[int, ...]:
    """2.13.0+cpu -> (2, 13, 0)."""
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _cores(limits: Limits) -> Finding:
    text = f"{limits.usable:g} of {limits.cores} usable"
    if limits.usable < limits.cores:
        why = "a quota of the container (cgroup)" if limits.quota and limits.quota <= limits.allowed else "an affinity"
        advice = f"{why} limits this process; give --jobs {max(1, int(limits.usable))}, or raise the limit"
        return Finding("note", "cores", text, advice)
    return Finding("ok", "cores", text)


def _threads(probe: Probe, limits: Limits) -> Finding:
    named = {name: probe.environment[name] for name in (*THREADS, *KERNELS) if name in probe.environment}
    text = ", ".join(f"{name}={value}" for name, value in named.items()) or "no variable is set"
    wrong = [name for name in THREADS if name in named and not re.fullmatch(r"[1-9]\d*", named[name])]
    if wrong:
        return Finding("note", "threads", text, f"{' and '.join(wrong)}: expected a whole number from 1 on, such as 1")
    if chosen := [name for name in KERNELS if name in named]:
        advice = f"{' and '.join(chosen)} chooses other kernels: compare scores only with those of the same setting"
        return Finding("note", "threads", text, advice)
    if "OMP_NUM_THREADS" not in named and limits.usable > 1:
        return Finding(
            "note", "threads", text, "for --jobs 0 and for studies set OMP_NUM_THREADS=1 (worker processes have it)"
        )
    return Finding("ok", "threads", text)


def _torch(probe: Probe) -> Iterator[Finding]:
    """The build of torch with its devices, and the kernels of linear algebra."""
    try:
        found = _document(probe.answer([sys.executable, "-c", TORCH], 120))
    except (OSError, ValueError) as error:
        advice = "reinstall torch (pip install --force-reinstall torch), for this processor and this version of Python"
        yield Finding("problem", "torch", f"it cannot be imported: {error}", advice)
        return
    build = f"CUDA {found['cuda']}" if found["cuda"] else "CPU only"
    devices = ", ".join(found["devices"]) or "no device"
    text = f"{found['version']}, {build}" + (f", {devices}" if found["cuda"] else "")
    lacking = found["cuda"] and not found["devices"]
    advice = "--device cuda needs a driver that sees a device (nvidia-smi); --device cpu works" if lacking else ""
    yield Finding("note" if lacking else "ok", "torch", text, advice)
    blas = [
        f"{pool['internal_api']} {pool.get('version') or ''} {pool.get('architecture') or ''}".strip()
        for pool in found["pools"]
        if pool.get("user_api") == "blas"
    ]
    yield Finding("ok", "kernels", "; ".join([*dict.fromkeys(blas), f"torch {found['kernels']}"]))


def _document(text: str) -> dict[str, Any]:
    import json  # noqa: PLC0415

    # A library may print a warning before.
    return json.loads(text.splitlines()[-1])


def _memory(limits: Limits) -> Finding:
    whole = f" of {limits.memory / GIGABYTE:.1f} GB" if limits.memory else ""
    if limits.free_memory is None:
        return Finding("note", "memory", "unknown", "watch it during the first run, and lower --jobs where it ends")
    text = f"{limits.free_memory / GIGABYTE:.1f}{whole} free"
    fitting = int(limits.free_memory / MEMORY_OF_A_PROCESS)
    if fitting < 1:
        return Finding("note", "memory", text, "a worker process takes about 0.7 GB: close other programs, or --jobs 0")
    if fitting < limits.usable:
        return Finding("note", "memory", text, f"a worker process takes about 0.7 GB: give --jobs {fitting} at most")
    return Finding("ok", "memory", text)


def _files(limits: Limits) -> Finding:
    text = f"{limits.files if limits.files is not None else 'any number of'} open files"
    if limits.files is not None and limits.files < 64 + 16 * limits.usable:
        return Finding("note", "open files", text, "raise the limit before a run: ulimit -n 4096")
    return Finding("ok", "open files", text)


def _program(probe: Probe, name: str) -> Finding:
    commands, without = PROGRAMS[name]
    wrong = "not installed"
    for command in commands:
        try:
            text = probe.answer([command, "--version"])
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            wrong = f"{command} does not work: {error}"
            continue
        versions = [line for line in text.splitlines() if re.search(r"\d\.\d", line)]
        return Finding("ok", name, next(iter(versions), "it answers"))
    return Finding("note", name, wrong, f"{without}; install it or leave it")


def _dask(probe: Probe) -> Finding:
    try:
        dask, distributed = probe.answer([sys.executable, "-c", DASK], 60).split()[-2:]
    except (OSError, ValueError) as error:
        wrong = "not installed" if "No module named" in str(error) else str(error)
        return Finding("note", "dask", wrong, 'grue run --scheduler needs it: pip install "grue[dask]"')
    return Finding("ok", "dask", f"dask {dask}, distributed {distributed}")
