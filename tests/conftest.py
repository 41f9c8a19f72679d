"""What tests of several rooms share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the reports of a test say which invariants it tries to break: docs/reliability.py reads them."""
    for item in items:
        item.user_properties += [("invariant", marker.args[0]) for marker in item.iter_markers("invariant")]


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, float | str], None]:
    """Report what a test measured, `figure("mutations", 1200)`, for docs/reliability.md.

    Where a test runs with several parameters, whole numbers of one name are counts and add up; others become a range.
    """

    def report(name: str, value: float | str) -> None:
        request.node.user_properties.append(("figure", [name, value]))

    return report


@pytest.fixture(scope="session", autouse=True)
def cache_of_our_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing kept from before: what is tested is the code, and not what an earlier state of it computed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRUE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the checkout that holds no earlier build."""
    copy, output = tmp_path_factory.mktemp("source") / "grue", tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "build", "dist", "local", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=left_out)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", output, copy]
    done = subprocess.run(build, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    (found,) = output.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which `import grue` finds what the wheel installs, not the checkout."""
    target = tmp_path_factory.mktemp("installed")
    install = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--target", target, wheel]
    done = subprocess.run(install, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    # A run of pytest inside a test is no part of the run that it is tested by.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    return inherited | {"PYTHONPATH": str(target)}
