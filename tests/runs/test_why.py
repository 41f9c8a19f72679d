"""What a dry run says of every cell to do: the difference from what the folder holds."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from grue.learners.forest import Forest
from grue.learners.mlp import MLP
from grue.runs.catalogue import Catalogue, CellInfo
from grue.runs.cells import Cell, Pair
from grue.runs.names import Named, make_task
from grue.runs.origin import Origin
from grue.runs.union import merge_catalogues
from grue.runs.why import changes, reason_of


def pair(learner: Any = None, tests: int = 10, task: str = "identity-bits", **origin: Any) -> Pair:
    return Pair(make_task(task), Named("it", learner or MLP(), Origin(**origin)), tests)


def document(*cells: Cell) -> Catalogue:
    settings = {cell.pair.digest: cell.pair.settings for cell in cells}
    return Catalogue(cells=tuple(CellInfo(**cell.row()) for cell in cells), settings=settings)


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        (pair(), pair(MLP(width=64, max_steps=7)), "learner: max_steps 3000 -> 7; learner: width 128 -> 64"),
        (pair(), pair(tests=20), "test size: 10 -> 20"),
        (
            pair(modules=(("mine", "a"), ("helpers", "b"))),
            pair(modules=(("mine", "a"), ("helpers", "c"), ("more", "d"))),
            "learner: source changed in helpers, more",
        ),
        (
            pair(distributions=(("lightgbm", "4.3.0"),)),
            pair(distributions=(("lightgbm", "4.4.0"),)),
            "learner: lightgbm 4.3.0 -> 4.4.0",
        ),
        (pair(), pair(), ""),
    ],
)
def test_what_changed_is_said_from_what_to_what(before: Pair, now: Pair, reason: str) -> None:
    assert "; ".join(changes(before.settings, now.settings)) == reason


def test_another_version_is_said() -> None:
    now = pair().settings
    before = json.loads(json.dumps(now))
    before["task"]["version"] = 0
    before["metrics"] = 0
    found = changes(before, now)
    assert found == [f"the metrics: 0 -> {now['metrics']}", f"task: version 0 -> {now['task']['version']}"]


def test_a_cell_is_new_not_done_failed_or_of_other_settings() -> None:
    cell, other_seed, other = Cell(pair(), 4, 0, 0), Cell(pair(), 4, 0, 1), Cell(pair(Forest()), 4, 0, 0)
    held = document(cell)
    assert reason_of(cell, None) == "new"
    assert reason_of(cell, held) == "not done yet"
    assert reason_of(other_seed, held) == "new"
    assert reason_of(cell, held, {cell.key: "timeout"}) == "failed before (timeout)"
    assert reason_of(other, held).startswith("learner: name mlp -> forest")
    earlier = replace(held, settings={})  # a folder of an earlier version
    assert reason_of(other, earlier) == "planned before with other settings or versions"


def test_a_folders_plan_holds_the_settings_of_its_cells_and_no_others() -> None:
    before, now = Cell(pair(), 4, 0, 0), Cell(pair(MLP(width=64)), 4, 0, 0)
    merged = merge_catalogues([document(before), document(now)])
    assert merged.settings == {now.pair.digest: now.pair.settings}


def test_a_dry_run_says_why(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "mine.py", tmp_path / "mine.py")

    def grue(*arguments: str) -> str:
        few = ["--preset", "smoke", "--task", "identity-bits", "--exposed", "0", "--seeds", "1", "--out", "out"]
        command = [sys.executable, "-m", "grue", "run", *few, "--learner", "mine:Failing", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False).stdout

    assert "\n    2 cells: new\n" in grue("--dry-run")
    grue("--jobs", "1")
    assert "failed before (error)\n" in grue("--dry-run")
    mine = tmp_path / "mine.py"
    mine.write_text(f"# a comment\n{mine.read_text()}")
    assert "source changed" not in grue("--dry-run")
    mine.write_text(f"{mine.read_text()}\nEDITED = True\n")
    assert "\n    2 cells: learner: source changed in mine\n" in grue("--dry-run")
    assert "\n    2 cells: new\n" in grue("--dry-run", "--fresh")
