"""Seconds to fold every sequence of 14 residues, with nothing kept from before, and the size of what is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from grue.tasks import hp_lattice

RESIDUES = 14


def test_every_sequence_of_14_residues(
    benchmark: Any, log: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRUE_CACHE", str(tmp_path))
    hp_lattice.walks.cache_clear()
    start = time.perf_counter()
    states = benchmark.pedantic(lambda: hp_lattice.ground_states.__wrapped__(RESIDUES), rounds=1)
    seconds = time.perf_counter() - start
    walks = len(hp_lattice.walks(RESIDUES))
    (kept,) = tmp_path.iterdir()
    log(
        f"folding: all {len(states.contacts):,} sequences of {RESIDUES} residues on {walks:,} "
        f"walks in {seconds:.2f} s cold; {kept.stat().st_size:,} bytes kept"
    )
    benchmark.extra_info["seconds"] = seconds
