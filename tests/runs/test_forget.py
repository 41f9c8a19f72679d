"""Cells that are removed from a folder's plan: the files stay, and a run adds the cells again."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grue.engine.store import Store
from grue.runs.catalogue import Catalogue, read_catalogue
from grue.runs.forget import forget
from grue.runs.names import UsageError
from grue.runs.reading import read


def grue(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "grue", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a learner that fails at one of its two sizes, and a control."""
    folder = tmp_path_factory.mktemp("made")
    shutil.copy(Path(__file__).parent / "mine.py", folder / "mine.py")
    few = ["--preset", "smoke", "--task", "identity-bits", "--exposed", "0", "--seeds", "1", "--out", "out"]
    assert grue(folder, "run", *few, "--learner", "mine:Failing", "--learner", "lookup", "--jobs", "1").returncode == 1
    assert grue(folder, "run", *few, "--learner", "mine:Failing", "--jobs", "1").returncode == 1  # in halves
    return folder


@pytest.fixture
def out(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made / "out", tmp_path / "out")


def catalogue(out: Path) -> Catalogue:
    found = read_catalogue(out)
    assert found is not None
    return found


def planned(out: Path) -> dict[str, int]:
    cells = catalogue(out).cells
    return {name: sum(cell.learner == name for cell in cells) for name in ("mine:Failing", "lookup")}


def test_failed_cells_leave_the_plan_and_their_failures_are_open_no_more(out: Path) -> None:
    assert read([out]).failures
    done = grue(out.parent, "forget", "out", "--learner", "mine:Failing", "--failed")
    assert done.stdout.startswith("removed 1 cell from the plan of out"), done.stderr
    assert planned(out) == {"mine:Failing": 1, "lookup": 2}
    assert not read([out]).failures
    assert list((out / "failures").iterdir()), "records stay"


def test_a_learner_leaves_the_plan_with_all_its_cells_and_its_files_stay(out: Path) -> None:
    files = sorted((out / "batches").iterdir())
    assert forget(out, learner="lookup") == 2
    left = catalogue(out)
    assert set(left.learners) == {"mine:Failing"}
    assert set(left.tasks) == {"identity-bits"}
    assert {cell.settings for cell in left.cells} == set(left.settings)
    assert set(read([out]).scores["learner"]) == {"mine:Failing"}
    assert sorted((out / "batches").iterdir()) == files
    assert forget(out, task="identity-bits") == 2
    assert planned(out) == {"mine:Failing": 0, "lookup": 0}


def test_what_cannot_be_forgotten_is_refused_and_changes_nothing(out: Path) -> None:
    before = (out / "plan.json").read_text()
    with pytest.raises(UsageError, match="unknown learner of the plan 'lookap'; did you mean 'lookup'"):
        forget(out, learner="lookap")
    with pytest.raises(UsageError, match="no cells selected"):
        forget(out)
    with pytest.raises(UsageError, match="is not a result folder"):
        forget(out.parent / "nowhere", learner="lookup")
    assert not (out.parent / "nowhere").exists()
    assert (out / "plan.json").read_text() == before


def test_forgetting_waits_for_a_run_in_the_folder(out: Path) -> None:
    command = [sys.executable, "-m", "grue", "forget", "out", "--learner", "lookup"]
    with Store(out).locked(print):
        waiting = subprocess.Popen(command, cwd=out.parent, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert waiting.stderr
        assert "waiting for it to end" in waiting.stderr.readline()
        assert planned(out)["lookup"] == 2
    assert waiting.communicate(timeout=60)[0].startswith("removed 2 cells")
    assert planned(out)["lookup"] == 0
