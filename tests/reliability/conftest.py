"""What the tests of reliability share: a small folder of results, and the modules beside this file."""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

import pytest

# tests are no packages: `from mutations import ...`, and `from dask_processes import ...` of tests/engine
sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "engine")]

PRESET = """
description = "small"
tasks = ["identity-bits", "riddle-token"]
learners = ["linear", "neighbours"]
sizes = [16, 64]
exposed = [0]
seeds = 2
test_size = 40
timeout = 60
"""


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results as a run leaves it; not to be changed."""
    from grue.runs.run import run

    folder = tmp_path_factory.mktemp("whole")
    (folder / "small.toml").write_text(PRESET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        outcome = run(str(folder / "small.toml"), jobs=0, out=folder / "results")
    assert not outcome.failures
    return outcome.folder


@pytest.fixture
def given(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it in the current folder, to damage."""
    shutil.copytree(whole, tmp_path / "given")
    monkeypatch.chdir(tmp_path)
    return Path("given")
