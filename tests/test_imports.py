"""The rooms: what each may import stands in the docstring of its `__init__`, and nothing else is imported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

ROOMS = {
    "analysis": {"metrics", "runs.catalogue", "runs.registration"},
    "benchmark": {"learners", "runs", "engine", "reports"},
    "cli": {"tasks", "learners", "metrics", "runs", "engine", "analysis", "reports", "studies"},
    "engine": set[str](),
    "learners": {"tasks.spaces"},
    "metrics": set[str](),
    "reports": {
        "analysis",
        "engine.durable",
        "engine.files",
        "engine.printable",
        "metrics",
        "runs.bundle",
        "runs.catalogue",
        "runs.errors",
        "runs.probe_text",
        "runs.registration",
        "runs.results",
        "runs.reading",
        "runs.selection",
        "runs.status",
    },
    "runs": {"tasks", "learners", "metrics", "engine"},
    "studies": {"tasks", "learners", "metrics", "runs", "engine", "analysis"},
    "tasks": {"metrics"},
    "testing": {"tasks", "learners"},
}
"""Room -> the rooms, or modules of rooms, that it may import."""


def imported(room: str) -> dict[str, set[str]]:
    """What each file of a room imports from other rooms, as room.module, or room alone for its `__init__`."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / room).rglob("*.py"):
        relative = path.relative_to(ROOT)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                above = relative.parts[: len(relative.parts) - node.level]
                module = [*above, *(node.module.split(".") if node.module else [])]
                names = [module] if node.module else [[*module, alias.name] for alias in node.names]
                others = {".".join(name[:2]) for name in names if name[0] in ROOMS and name[0] != room}
                found.setdefault(str(relative), set()).update(others)
    return found


def test_every_folder_of_the_package_is_a_room() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages == set(ROOMS)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_what_it_may_and_nothing_else(room: str) -> None:
    allowed = ROOMS[room]
    for path, names in imported(room).items():
        strangers = {name for name in names if name not in allowed and name.partition(".")[0] not in allowed}
        assert not strangers, f"{path} imports {', '.join(sorted(strangers))}"


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_the_docstring_of_a_room_says_what_lives_there_and_what_it_may_import(room: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or ""
    found = re.search(r"^May import: (.*?)(?:\. |\.$|;)", text, flags=re.MULTILINE)
    assert found, f"{room}/__init__.py does not say what it may import"
    said = found[1]
    assert (set() if said == "nothing of grue" else set(said.split(", "))) == ROOMS[room]
    assert len(text.splitlines()[0]) > len("A short line."), "what lives there"


def test_code_of_the_package_imports_itself_relatively() -> None:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
                names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                assert "grue" not in {name.partition(".")[0] for name in names}, path


def test_help_loads_neither_numpy_nor_pandas_nor_torch() -> None:
    run = [sys.executable, "-X", "importtime", "-m", "grue", "--help"]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in loaded
    assert not {"numpy", "pandas", "torch", "sklearn", "xgboost", "matplotlib"} & loaded
