"""What a key holds of code from outside the suite: its parsed source, what it imports, and installed versions."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grue.learners.estimator import Estimator
from grue.learners.tuned import tuned
from grue.runs import names, origin
from grue.runs.cells import Batch, Cell, Pair
from grue.runs.jobs import BatchJob, ChangedSourceError
from grue.runs.names import Named, make_learner, make_task

LEARNER = """
from dataclasses import dataclass
from grue.learners.lookup import Lookup
from {helpers} import depth

@dataclass(frozen=True)
class Mine(Lookup):
    name = "mine"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the user's that modules are imported from; what was imported is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(tmp_path):
            del sys.modules[name]


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    importlib.invalidate_caches()


def key(learner: Named) -> str:
    return Cell(Pair(make_task("identity-bits"), learner, 10), 4, 0, 0).key


def test_a_comment_changes_no_key_and_an_edit_of_an_imported_module_does(folder: Path) -> None:
    write(folder / "mine_a.py", LEARNER.format(helpers="helpers_a.trees"))
    write(folder / "helpers_a/__init__.py", "")
    write(folder / "helpers_a/trees.py", "from . import leaves\ndepth = 1\n")
    write(folder / "helpers_a/leaves.py", "def lazy():\n    import far_a\n")
    write(folder / "far_a.py", "x = 1\n")
    before = key(make_learner("mine_a:Mine"))
    write(
        folder / "mine_a.py",
        "# a comment\n" + LEARNER.format(helpers="helpers_a.trees").replace('"mine"', "( 'mine' )"),
    )
    assert key(make_learner("mine_a:Mine")) == before
    seen = {before}
    for module, text in {
        "helpers_a/trees": "depth = 2",
        "helpers_a/leaves": "x = 2",
        "helpers_a/__init__": "x = 3",
    }.items():
        path = folder / f"{module}.py"
        path.write_text(path.read_text() + f"{text}\n")
        seen.add(key(make_learner("mine_a:Mine")))
    assert len(seen) == 4
    write(folder / "far_a.py", "x = 2\n")
    seen.add(key(make_learner("mine_a:Mine")))
    assert len(seen) == 5, "what a function imports when it runs counts too, whether it has been loaded or not"
    write(folder / "unrelated_a.py", "x = 2\n")
    assert key(make_learner("mine_a:Mine")) in seen


def test_objects_adopted_estimators_and_tuned_learners_have_the_origin_of_their_module(folder: Path) -> None:
    write(folder / "mine_b.py", LEARNER.format(helpers="helpers_b") + "    width: int = 1\n")
    write(folder / "helpers_b.py", "depth = 1\n")
    module = importlib.import_module("mine_b")
    by_name = make_learner("mine_b:Mine").origin
    assert dict(by_name.modules).keys() == {"mine_b", "helpers_b"}
    assert make_learner(module.Mine()).origin == by_name
    space = (("width", tuple(range(16))),)
    assert make_learner(tuned(module.Mine(), space)).origin == by_name
    write(folder / "own_b.py", "from sklearn.tree import DecisionTreeClassifier\nmodel = DecisionTreeClassifier()\n")
    importlib.import_module("own_b")
    assert dict(make_learner(Estimator(estimator="own_b:model")).origin.modules).keys() == {"own_b"}


def install(folder: Path, version: str, body: str) -> None:
    """A distribution fakeboost in a folder of installed packages."""
    site = folder / "site-packages"
    for old in site.glob("*.dist-info/*"):
        old.unlink()
    for old in site.glob("*.dist-info"):
        old.rmdir()
    write(site / "fakeboost/__init__.py", body)
    about = site / f"fakeboost-{version}.dist-info"
    write(about / "METADATA", f"Metadata-Version: 2.1\nName: fakeboost\nVersion: {version}\n")
    write(about / "top_level.txt", "fakeboost\n")
    write(about / "entry_points.txt", "[grue.learners]\nboosted = fakeboost:Boosted\n")
    origin._owners.cache_clear()
    names._installed.cache_clear()


BODY = "from grue.learners.lookup import Lookup\nclass Boosted(Lookup):\n    name = 'boosted'\n"


@pytest.fixture
def with_fakeboost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (folder / "site-packages").mkdir()
    monkeypatch.syspath_prepend(folder / "site-packages")
    install(folder, "1.0", BODY)
    yield folder
    origin._owners.cache_clear()
    names._installed.cache_clear()


@pytest.mark.parametrize("spec", ["boosted", "fakeboost:Boosted", "mine_c:Mine"])
def test_another_version_of_the_distribution_that_a_learner_comes_from_makes_new_cells(
    spec: str, with_fakeboost: Path
) -> None:
    write(with_fakeboost / "mine_c.py", LEARNER.format(helpers="fakeboost").replace("depth", "Boosted"))
    first = make_learner(spec)
    install(with_fakeboost, "1.0", f"{BODY}# the same version\n")
    assert key(make_learner(spec)) == key(first)
    install(with_fakeboost, "1.1", BODY)
    assert key(make_learner(spec)) != key(first)
    assert Pair(make_task("identity-bits"), first, 10).distributions == {"fakeboost": "1.0"}


def test_code_of_an_editable_install_is_seen_behind_an_entry_point(with_fakeboost: Path) -> None:
    for path in (with_fakeboost / "site-packages/fakeboost").glob("*"):
        path.unlink()
    (with_fakeboost / "site-packages/fakeboost").rmdir()
    write(with_fakeboost / "fakeboost.py", BODY)
    first = make_learner("boosted")
    assert dict(first.origin.modules).keys() == {"fakeboost"}
    write(with_fakeboost / "fakeboost.py", f"{BODY}    version = 2\n")
    assert key(make_learner("boosted")) != key(first)


def test_the_suites_own_learners_and_tasks_have_no_origin() -> None:
    for named in (make_learner("forest"), make_learner("forest@tuned"), make_task("maze-graph")):
        assert not named.origin
        assert "source" not in Pair(make_task("identity-bits"), named, 10).settings["learner"]


def test_what_has_no_file_never_recurs(monkeypatch: pytest.MonkeyPatch) -> None:
    module = type(sys)("notebook_module")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    first, second = (origin.origin_of(["notebook_module"]) for _ in range(2))
    assert first != second


def test_an_entry_point_that_is_broken_or_takes_a_name_of_the_suite_is_named_and_left_out(with_fakeboost: Path) -> None:
    about = with_fakeboost / "site-packages/fakeboost-1.0.dist-info"
    entries = "broken = fakeboost:Nothing\nabsent = nowhere_at_all:Thing\nforest = fakeboost:Boosted\n"
    write(about / "entry_points.txt", f"[grue.learners]\nboosted = fakeboost:Boosted\n{entries}")
    write(
        about / "entry_points.txt", f"{(about / 'entry_points.txt').read_text()}[grue.tasks]\nlost = nowhere_at_all:T\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{with_fakeboost / 'site-packages'}:{os.environ.get('PYTHONPATH', '')}"}

    def grue(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "grue", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    listed = grue("list", "learners")
    assert listed.returncode == 0, listed.stderr
    assert "boosted" in listed.stdout
    assert listed.stderr.count("\n") == 3
    for name in ("broken", "absent", "forest"):
        assert listed.stderr.count(f"entry point '{name}'") == 1
    run = grue("run", "--preset", "smoke", "--dry-run", "--learner", "boosted", "--task", "identity-bits")
    assert run.returncode == 0, run.stderr
    assert "identity-bits" in run.stdout
    assert "maze-graph" in grue("list", "tasks").stdout
    assert grue("run", "--preset", "smoke", "--dry-run", "--learner", "broken").returncode == 2


def test_a_batch_whose_source_was_edited_after_planning_stores_nothing_under_its_key(folder: Path) -> None:
    write(folder / "mine_z.py", LEARNER.format(helpers="helpers_z"))
    write(folder / "helpers_z.py", "depth = 1\n")
    pair = Pair(make_task("identity-bits"), make_learner("mine_z:Mine"), 10)
    job = BatchJob(Batch(pair, (Cell(pair, 4, 0, 0),)))
    assert "batches" in job.run()
    write(folder / "helpers_z.py", "# a comment\ndepth = 1\n")
    assert "batches" in job.run()
    write(folder / "helpers_z.py", "depth = 2\n")
    with pytest.raises(ChangedSourceError, match="source code differs from when the run was planned: helpers_z"):
        job.run()
