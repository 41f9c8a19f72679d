"""Where a result comes from: versions, commit, command, machine."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .. import __version__

LIBRARIES = ("numpy", "torch", "scikit-learn", "xgboost", "scipy", "pandas", "pyarrow")


def command() -> str:
    """The command line of this process as a reader would type it, without the folders of its program."""
    program = Path(sys.argv[0])
    own = program.parent.resolve() == Path(__file__).resolve().parents[1]  # a checkout may have any name
    package = __name__.partition(".")[0] if own else program.parent.name
    name = f"python -m {package}" if program.name == "__main__.py" else program.name
    return " ".join([name, shlex.join(sys.argv[1:])]).rstrip()


@cache
def provenance() -> dict[str, Any]:
    """Versions, git commit (where the suite runs from a checkout) and machine, as plain JSON."""
    return {"versions": _versions(), "commit": _commit(), "machine": _machine()}


def _versions() -> dict[str, str]:
    found = {"grue": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str | None:
    """The commit of the checkout that this file is in, "+" added where it has changes; None elsewhere."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    try:
        described = subprocess.run(  # noqa: S603 -- our own arguments
            ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=10", "--exclude=*"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return described.stdout.strip()


def _machine() -> dict[str, Any]:
    return {"system": platform.system(), "processor": _processor(), "cores": os.cpu_count()}


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
