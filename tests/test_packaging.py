"""What is shipped is what is listed, and `import grue` costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import grue

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["setuptools"]["packages"]
DATA: dict[str, list[str]] = PROJECT["tool"]["setuptools"]["package-data"]

IMPORT_SECONDS = 0.2
HEAVY = {"torch", "pandas", "numpy", "sklearn", "xgboost", "matplotlib", "pytest"}


def folder(package: str) -> Path:
    """`grue.runs` -> its folder in the checkout."""
    return ROOT.joinpath(*package.split(".")[1:])


def test_every_package_of_the_checkout_is_listed():
    outside = {"build", "dist", "tests"}
    rooms = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in outside]
    found = [file.parent.relative_to(ROOT).parts for room in rooms for file in room.rglob("__init__.py")]
    assert sorted(".".join(["grue", *parts]) for parts in [(), *found]) == sorted(PACKAGES)


def test_the_wheel_holds_the_listed_packages_and_their_data_and_nothing_else(wheel: Path):
    sources = [file for package in PACKAGES for file in folder(package).glob("*.py")]
    data = [file for package, patterns in DATA.items() for item in patterns for file in folder(package).glob(item)]
    expected = {f"grue/{file.relative_to(ROOT).as_posix()}" for file in [*sources, *data]}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected
    assert {"grue/__init__.py", "grue/__main__.py", "grue/py.typed", "grue/runs/presets/quick.toml"} <= held


def test_no_module_but_the_packages_own_lies_at_the_root():
    # Any other would be shipped as grue.NAME without belonging to a room.
    assert {file.name for file in ROOT.glob("*.py")} == {"__init__.py", "__main__.py"}


def test_the_wheel_says_what_it_is(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        about = {Path(name).name: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name}
    assert f"\nVersion: {grue.__version__}\n" in about["METADATA"]
    assert "\nLicense-Expression: BSD-3-Clause\n" in about["METADATA"]
    assert "grue = grue.cli:main" in about["entry_points.txt"]
    assert "Redistribution and use in source and binary forms" in about["LICENSE"]


def test_an_installed_copy_runs_and_finds_its_presets(installed: dict[str, str], tmp_path: Path):
    program = "import grue; from grue.runs.presets import presets; print(grue.__file__, *presets())"
    done = run([sys.executable, "-c", program], cwd=tmp_path, env=installed)
    where, *names = done.split()
    assert Path(where).is_relative_to(installed["PYTHONPATH"])
    assert "quick" in names
    assert run([sys.executable, "-m", "grue", "--version"], cwd=tmp_path, env=installed) == f"grue {grue.__version__}\n"


def test_import_is_quick_and_loads_no_library():
    program = (
        "import sys, time; start = time.perf_counter(); import grue; print(time.perf_counter() - start);"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    # The least of three: the first may have to compile, and other processes may be busy.
    measured = [run([sys.executable, "-c", program]).splitlines() for _ in range(3)]
    assert min(float(seconds) for seconds, _ in measured) < IMPORT_SECONDS
    assert not HEAVY & set(measured[0][1].split())


@pytest.mark.parametrize("name", grue.__all__)
def test_public_names_are_there_and_documented(name: str):
    assert name in dir(grue)
    assert getattr(grue, name).__doc__


def test_an_unknown_name_is_refused_with_the_public_ones():
    with pytest.raises(AttributeError, match=r"no attribute 'runn'; public are Examples, .*, run"):
        grue.runn  # noqa: B018  # pyright: ignore[reportAttributeAccessIssue]


def test_citation_and_changelog_have_the_version():
    citation = (ROOT / "CITATION.cff").read_text().splitlines()
    assert f"version: {grue.__version__}" in citation
    headings = [line.split()[1] for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0] == grue.__version__


def test_constraints_fit_the_lower_bounds_and_name_every_direct_dependency():
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    pinned = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    extras = PROJECT["project"]["optional-dependencies"].values()
    for text in [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in extra)]:
        requirement = Requirement(text)
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} has no line in constraints.txt"
        assert requirement.specifier.contains(pinned[name]), f"{name}=={pinned[name]} is outside {requirement}"


def run(command: list[str], **options: Any) -> str:
    """What a program prints; its standard error in the assertion if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout
