"""Planning, listing, resuming, compacting and reporting on 10^4 and 10^5 cells: seconds and memory.

Ratios per cell between the two sizes say whether the cost is linear: 1 is linear, 10 quadratic.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

sys.path.append(str(Path(__file__).parent))  # tests are no packages

CELLS = (10_000, 100_000)

WANTED = {"listing": 3.0, "resuming": 3.0}
"""Seconds by the clock at 100,000 cells, imports included; Parquet is read on several cores."""

COMMANDS = {
    "listing": ["run", "--preset", "{folder}/synthetic.toml", "--out", "{folder}", "--dry-run"],
    "resuming": ["run", "--preset", "{folder}/synthetic.toml", "--out", "{folder}"],
    "leaderboard": ["leaderboard", "{folder}"],
}

PLANNING = """
import sys
from grue.runs.plan import make_plan
from grue.runs.presets import load_preset
make_plan(load_preset(sys.argv[1])).catalogue()
"""


class Measured(NamedTuple):
    """What a process took: seconds of the processor and by the clock, and the peak of memory in GB."""

    used: float
    waited: float
    memory: float


def measured(*words: str) -> Measured:
    """What a Python process takes; of its memory at least that of this one, which it is forked from."""
    since = time.perf_counter()
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, words
    memory = used.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return Measured(used.ru_utime + used.ru_stime, time.perf_counter() - since, memory)


def test_scale(tmp_path: Path, log: Callable[[str], None]) -> None:
    from synthetic import write_folder  # pyright: ignore[reportMissingImports]

    found: dict[str, list[tuple[int, Measured]]] = {}
    for cells in CELLS:
        folder = tmp_path / str(cells)
        count = len(write_folder(folder, cells).cells)
        for name, words in COMMANDS.items():
            own = [word.format(folder=folder) for word in words]
            found.setdefault(name, []).append((count, measured("-m", "grue", *own)))
        preset = str(folder / "synthetic.toml")
        found.setdefault("planning", []).append((count, measured("-c", PLANNING, preset)))
    imports = measured("-c", "import grue.runs.run").used
    log(f"compacted folders, seconds of the processor (imports take {imports:.1f} of them) and by the clock")
    for name, rows in found.items():
        (few, before), (many, after) = rows
        ratio = (after.used - imports) / many / max((before.used - imports) / few, 1e-9)
        parts = [f"{count:,} cells {one.used:.1f}, {one.waited:.1f} s, {one.memory:.2f} GB" for count, one in rows]
        wanted = f" (at most {WANTED[name]:g} s wanted)" if name in WANTED else ""
        log(f"    {name:<12} {'; '.join(parts)}{wanted}; {ratio:.1f} x the time a cell")


@pytest.mark.parametrize("cells", [2_000])
def test_compacting(cells: int, tmp_path: Path, log: Callable[[str], None]) -> None:
    from synthetic import write_folder  # pyright: ignore[reportMissingImports]

    folder = tmp_path / "loose"
    count = len(write_folder(folder, cells, loose=True).cells)
    listing = ["run", "--preset", str(folder / "synthetic.toml"), "--out", str(folder), "--dry-run"]
    before = measured("-m", "grue", *listing).used
    compacting = measured("-m", "grue", "compact", str(folder))
    after = measured("-m", "grue", *listing).used
    log(
        f"grue compact of {count:,} cells in batches of 20: {compacting.used:.1f} s, {compacting.memory:.2f} GB; "
        f"listing them {before:.1f} s before, {after:.1f} s after"
    )
