"""`pytest --benchmark`, as a third party runs it: from the wheel, in a folder that holds nothing of ours."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grue.runs.reading import read

ROOT = Path(__file__).parents[2]

PRESET = """
description = "as small as can be"
sizes = [4, 8]
exposed = [2]
seeds = 2
test_size = 20
timeout = 60
tasks = ["identity-bits", "scramble-bag"]
learners = ["lookup", "linear"]
"""

OWN = """
from dataclasses import dataclass
from grue import Learner

@dataclass(frozen=True)
class Broken(Learner):
    name = "broken"

    def fit(self, problem):
        raise ArithmeticError("this one always breaks")

@dataclass(frozen=True)
class Plain(Broken):
    name = "plain"

    depth: int = 1
    width: int = 1

@dataclass(frozen=True)
class Picky(Broken):
    name = "picky"

    def accepts(self, spec):
        return "it is too picky"
"""

SUITE = ["--pyargs", "grue.benchmark.suite", "--benchmark", "--preset=tiny.toml", "--out=out"]


@dataclass
class Folder:
    """A folder, and the environment of the programs that run in it."""

    path: Path
    environment: dict[str, str]

    def pytest(self, *arguments: str, code: int = 0) -> str:
        """What pytest prints; fails if it does not end with that exit code."""
        return self.run(sys.executable, "-m", "pytest", "-p", "grue.benchmark.pytest_plugin", *arguments, code=code)

    def run(self, *command: str, code: int = 0) -> str:
        """What a program prints to both of its outputs."""
        done = subprocess.run(
            command,
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout
        return done.stdout

    def planned(self) -> set[tuple[str, str]]:
        """The pairs of which cells are planned in `out`."""
        return set(read([self.path / "out"]).catalogue.by_pair)


@pytest.fixture(scope="module")
def shared(installed: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """One folder with two runs in it: `first` and `second` as pytest-benchmark wrote them, and what pytest printed."""
    folder = new_folder(tmp_path_factory.mktemp("suite"), installed)
    for name in ("first", "second"):
        printed = folder.pytest(*SUITE, f"--benchmark-json={name}.json", "--benchmark-autosave")
        (folder.path / f"{name}.txt").write_text(printed)
    return folder


@pytest.fixture
def folder(installed: dict[str, str], tmp_path: Path) -> Folder:
    return new_folder(tmp_path, installed)


def new_folder(path: Path, environment: dict[str, str]) -> Folder:
    (path / "tiny.toml").write_text(PRESET)
    (path / "own.py").write_text(OWN)
    return Folder(path, environment)


def items(shared: Folder, name: str) -> dict[str, dict[str, Any]]:
    """The benchmarks of a run by name; numbers that JSON does not know are refused."""

    def refuse(number: str) -> float:
        raise AssertionError(f"{number} is no JSON")

    document = json.loads((shared.path / f"{name}.json").read_text(), parse_constant=refuse)
    return {item["name"]: item for item in document["benchmarks"]}


def fits(shared: Folder) -> list[tuple[str, str, float]]:
    """Task, learner and seconds of every cell in the folder."""
    cells = read([shared.path / "out"]).scores.drop_duplicates("key")
    return list(zip(cells["task"], cells["learner"], cells["fit_seconds"], strict=True))


def test_there_is_one_item_a_pair_by_task(shared: Folder):
    names = [f"identity-bits[{name}]" for name in ("lookup", "linear", "oracle", "copy-all-but-frozen")]
    found = items(shared, "first")
    assert list(found)[:4] == names
    assert {item["group"] for item in found.values()} == {"identity-bits", "scramble-bag"}
    assert all(name.startswith("scramble-bag[") for name in list(found)[4:])
    assert {"scramble-bag[lookup]", "scramble-bag[linear]", "scramble-bag[oracle]"} <= set(found)


@pytest.mark.parametrize("name", ["first", "second"])
def test_an_items_seconds_are_the_recorded_ones(shared: Folder, name: str):
    recorded: dict[str, float] = defaultdict(float)
    for task, learner, seconds in fits(shared):
        recorded[f"{task}[{learner}]"] += seconds
    found = items(shared, name)
    assert set(found) == set(recorded)
    for label, seconds in recorded.items():
        stats = found[label]["stats"]
        assert stats["rounds"] == stats["iterations"] == 1
        assert stats["mean"] == pytest.approx(seconds, rel=1e-9)
    assert found["identity-bits[linear]"]["stats"]["mean"] > 0
    assert found["identity-bits[linear]"]["options"]["timer"] == "recorded_fit_seconds"


def test_an_item_says_what_was_measured_and_where(shared: Folder):
    results = read([shared.path / "out"])
    for name, item in items(shared, "first").items():
        metadata = item["extra_info"]
        rows = results.scores[results.scores["task"] + "[" + results.scores["learner"] + "]" == name]
        assert metadata["schema"] == 1
        assert metadata["models"] == len(metadata["keys"]) == 6  # (4, 8, 8 with 2 exposed) times 2 seeds
        assert set(metadata["keys"]) == set(rows["key"])
        assert metadata["machines"] == [results.provenance[0]["machine"]]
        scores = {place: value for place, value in metadata.items() if place.startswith("score/")}
        assert {f"score/{split}/8/2" for split in ("train", "id", "train-exposed")} <= set(scores)
        assert all(isinstance(value, float) and math.isfinite(value) for value in scores.values())
        expected = rows.query("metric == 'score' and split == 'id' and size == 4")["value"].mean()
        assert scores["score/id/4/0"] == pytest.approx(expected)


def test_what_is_in_the_folder_is_not_measured_again(shared: Folder):
    assert not any(item["extra_info"]["cached"] for item in items(shared, "first").values())
    assert all(item["extra_info"]["cached"] for item in items(shared, "second").values())
    assert "0 to do in 0 batches" in (shared.path / "second.txt").read_text()


@pytest.mark.parametrize("name", ["first", "second"])
def test_the_summary_ends_with_the_leaderboard_and_the_folder(shared: Folder, name: str):
    printed = (shared.path / f"{name}.txt").read_text()
    *_, tables, where, closing = printed.strip().rsplit("\n", 2)
    assert "\nLeaderboard: tasks that measure\n" in tables
    assert "\nLeaderboard: frontier tasks\n" in tables
    assert any(line.startswith("lookup ") for line in tables.splitlines())
    assert where == "results are in out; for all tables: grue leaderboard out"
    assert " passed in " in closing


def test_autosaved_runs_can_be_compared(shared: Folder):
    saved = sorted(shared.path.glob(".benchmarks/*/*.json"))
    assert len(saved) == 2
    compare = "import sys; from pytest_benchmark.cli import main; sys.exit(main())"
    printed = shared.run(sys.executable, "-c", compare, "compare", "--columns=mean", "--group-by=name")
    assert printed.count("identity-bits[linear] (") == 2


def test_a_failed_batch_fails_its_item_with_its_traceback_and_no_other(folder: Folder):
    chosen = ["--task=identity-bits", "--learner=own:Broken", "--learner=own:Picky", "--learner=lookup"]
    printed = folder.pytest(*SUITE, *chosen, "--benchmark-json=bench.json", "-rs", code=1)
    assert "1 failed, 1 passed, 1 skipped" in printed.strip().splitlines()[-1]
    assert "ArithmeticError: this one always breaks" in printed
    assert 'raise ArithmeticError("this one always breaks")' in printed  # the traceback of the worker
    assert "n/a: it is too picky" in printed
    assert list(items(folder, "bench")) == ["identity-bits[lookup]"]


def test_only_what_is_selected_is_run(folder: Folder):
    folder.pytest("--pyargs", "grue.benchmark.suite::scramble-bag[lookup]", *SUITE[2:])
    assert folder.planned() == {("scramble-bag", "lookup")}
    folder.pytest(*SUITE, "-k", "identity-bits and oracle")
    assert folder.planned() == {("scramble-bag", "lookup"), ("identity-bits", "oracle")}


AWKWARD = [
    "--task=variables:far_links=3/4,links=1/2",
    "--task=identity-bits",
    "--learner=own:Plain:depth=2,width=3",
    "--learner=linear:encoding=onehot,C=2.5",
    "--learner=lookup",
]


def ids(printed: str) -> list[str]:
    """The ids of the items that pytest lists."""
    return [line for line in printed.splitlines() if "::" in line]


@pytest.mark.parametrize("below", [False, True], ids=["in the root", "in a folder of the root"])
def test_a_printed_id_given_to_pytest_again_runs_that_item_alone(folder: Folder, *, below: bool):
    if below:  # the root is then the folder of the configuration, above that of the call
        (folder.path / "pytest.ini").write_text("[pytest]\n")
        (folder.path / "below").mkdir()
        folder = new_folder(folder.path / "below", folder.environment)
    listed = ids(folder.pytest(*SUITE, *AWKWARD, "--collect-only", "-q"))
    assert len(listed) == 6
    for given in listed:
        again = folder.pytest("--benchmark", *SUITE[3:], *AWKWARD, given, "--collect-only", "-q")
        assert ids(again) == [given]
    both = folder.pytest("--benchmark", *SUITE[3:], *AWKWARD, listed[0], listed[-1], "--collect-only", "-q")
    assert ids(both) == [listed[0], listed[-1]]
    printed = folder.pytest("--benchmark", *SUITE[3:], *AWKWARD, listed[-1], "-v")
    assert "1 passed" in printed
    assert listed[-1] in printed


def test_the_fields_of_a_preset_are_options(folder: Folder):
    few = ["--task=identity-bits", "--learner=lookup", "--exposed=", "--sizes=4", "--seeds=1", "--suite-seed=3"]
    folder.pytest(*SUITE, *few, "--test-size=7", "--timeout=30")
    scores = read([folder.path / "out"]).scores
    assert {*scores["suite_seed"]} == {3}
    assert {(size, seed) for size, seed in zip(scores["size"], scores["seed"], strict=True)} == {(4, 0)}
    printed = folder.pytest(*SUITE, "--sizes=0", code=4)
    assert "argument --sizes: '0'; expected sizes of at least 1, such as 16,64" in printed
    assert "device 'abacus'; expected cpu" in folder.pytest(*SUITE, "--device=abacus", code=4)


def test_the_timeout_gives_way_to_the_plug_in_that_has_the_name(folder: Folder):
    plugin = "def pytest_addoption(parser):\n    parser.addoption('--timeout', type=float)\n"
    (folder.path / "pytest_timeout.py").write_text(plugin)
    assert ids(folder.pytest("-p", "pytest_timeout", *SUITE, "--grue-timeout=30", "--collect-only", "-q"))


def test_the_recorded_command_can_be_typed_again(folder: Folder):
    folder.pytest(*SUITE, "--sizes=4", "--seeds=1", "-k", "identity-bits and lookup")
    (metadata,) = read([folder.path / "out"]).provenance
    assert metadata["command"].endswith("-k 'identity-bits and lookup'")


def test_collecting_runs_nothing(folder: Folder):
    printed = folder.pytest(*SUITE, "--collect-only", "-q")
    assert "::identity-bits[linear]" in printed
    assert not (folder.path / "out").exists()


def test_without_the_flag_the_items_are_skipped(folder: Folder):
    printed = folder.pytest("--pyargs", "grue.benchmark.suite", "--preset=tiny.toml", "--out=out", "-rs")
    assert "the suite runs with --benchmark" in printed
    closing = printed.strip().splitlines()[-1]
    assert " skipped in " in closing
    assert "passed" not in closing
    assert not (folder.path / "out").exists()


def test_with_the_flag_nothing_else_is_collected(folder: Folder):
    (folder.path / "test_other.py").write_text("def test_other(): assert False\n")
    printed = folder.pytest("--benchmark", "--preset=tiny.toml", "--collect-only", "-q", "test_other.py")
    assert "::identity-bits[linear]" in printed
    assert "test_other" not in printed


def test_xdist_is_refused_with_the_reason(folder: Folder):
    for option in ("--numprocesses=2", "--dist=load"):
        printed = folder.pytest(*SUITE, option, "--benchmark-disable", code=4)
        assert "--benchmark cannot be combined with pytest-xdist" in printed
        assert "its own worker processes" in printed
    folder.pytest(*SUITE, "--numprocesses=0", "--collect-only")


def test_an_unknown_name_is_refused_with_the_nearest(folder: Folder):
    printed = folder.pytest(*SUITE, "--task=identity-bit", code=4)
    assert "unknown task 'identity-bit'; did you mean 'identity-bits'?" in printed
    assert "Traceback" not in printed


def test_a_preset_file_that_names_code_needs_trust(folder: Folder):
    (folder.path / "tiny.toml").write_text(PRESET.replace('"linear"', '"own:Picky"'))
    assert "names code to import and run: 'own:Picky'" in folder.pytest(*SUITE, code=4)
    assert "identity-bits[own:Picky]" in folder.pytest(*SUITE, "--trust", "--collect-only", "-q")


def test_in_the_checkout_the_flag_alone_is_enough():
    listed = [sys.executable, "-m", "pytest", "--benchmark", "--preset=smoke", "--collect-only", "-q"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    done = subprocess.run(
        listed, cwd=ROOT, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL, env=environment
    )
    found = [line for line in done.stdout.splitlines() if "::" in line]
    assert "benchmark/suite.py::identity-bits[mlp]" in found
    assert all(line.startswith("benchmark/suite.py::") for line in found)


def test_loading_the_plugin_loads_no_library():
    program = "import sys, grue.benchmark.pytest_plugin; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "pandas", "numpy", "sklearn", "xgboost"} & set(done.stdout.split())
