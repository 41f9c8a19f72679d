"""What the tests of whole runs share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with the misbehaving learners in it."""
    shutil.copy(Path(__file__).parent / "mine.py", tmp_path / "mine.py")
    return tmp_path
