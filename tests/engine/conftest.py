"""What the tests of the engine share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # tests are no packages: `from dask_processes import ...`


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes find `engine_jobs`."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
