"""A preset says what it means, or is refused with the nearest right thing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grue.learners.base import Learner
from grue.learners.cnn import CNN
from grue.runs.names import UsageError
from grue.runs.plan import make_plan
from grue.runs.presets import Preset, load_preset

FIELDS = {
    "description": '"one of mine"',
    "sizes": "[8, 16]",
    "seeds": "2",
    "tests": "50",
    "timeout": "60",
    "tasks": '["scramble-bag", "identity-bits:frozen=2,bits=12"]',
    "learners": '["cnn"]',
}


def written(folder: Path, tables: str = "", *, trust: bool = True, **changes: str | None) -> Preset:
    """The preset of a file with FIELDS, some of them changed or (None) left out, and `tables` under them."""
    path = folder / "mine.toml"
    lines = [f"{name} = {value}" for name, value in {**FIELDS, **changes}.items() if value is not None]
    path.write_text("\n".join([*lines, tables]))
    return load_preset(str(path), trust=trust)


def learner_of(preset: Preset, task: str = "scramble-bag") -> object:
    return make_plan(preset, tasks=[task]).pairs[0].learner.thing


def test_a_preset_of_ones_own_sets_what_it_says(tmp_path: Path) -> None:
    tables = """
        [budget]
        steps = 30
        rate = 1
        [parameters.cnn]
        channels = 8
        [task."identity-bits:bits=12,frozen=2"]
        sizes = [4]
        also = ["forest"]
    """
    preset = written(tmp_path, tables)
    assert learner_of(preset) == CNN(steps=30, rate=1, channels=8)
    plan = make_plan(preset)
    other = [cell for cell in plan.cells if cell.pair.task.thing.name == "identity-bits"]
    assert {cell.size for cell in other} == {4}
    assert {"cnn", "forest"} <= {cell.pair.learner.label for cell in other}


def test_settings_reach_a_learner_with_parameters_of_its_own_and_none_with_a_longer_name(tmp_path: Path) -> None:
    preset = written(tmp_path, "[parameters.cnn]\nchannels = 8", exposed="[]")
    assert preset.settings("cnn:encoding=onehot") == {"channels": 8}
    assert preset.settings("cnn@tuned:encoding=onehot") == {"channels": 8}
    assert preset.settings("cnnx") == {}


def test_parameters_of_a_learner_from_a_module(tmp_path: Path) -> None:
    preset = written(tmp_path, '[parameters."grue.learners.mlp:MLP"]\nwidth = 16')
    assert preset.settings("grue.learners.mlp:MLP:depth=1") == {"width": 16}
    assert preset.settings("grue.learners.cnn:CNN") == {}
    made = make_plan(preset, tasks=["scramble-bag"], learners=["grue.learners.mlp:MLP:depth=1"]).pairs[0].learner.thing
    assert isinstance(made, Learner)
    assert (made.parameters()["width"], made.parameters()["depth"]) == (16, 1)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[budget]\nstepz = 20", r"\[budget\]: unknown parameter 'stepz'; did you mean 'steps'"),
        ("[budget]\nsteps = '20'", r"\[budget\]: steps = '20'; expected int, such as"),
        ("[budget]\nsteps = true", r"steps = True; expected int"),
        ("[budget]\nrate = 'high'", r"rate = 'high'; expected float"),
        ("[parameters.cnnn]\nsteps = 20", "unknown learner 'cnnn'; did you mean 'cnn'"),
        ("[parameters.cnn]\nchanels = 20", r"\[parameters.cnn\]: unknown parameter 'chanels'; did you mean 'channels'"),
        ("[parameters.cnn]\ntrees = 20", r"\[parameters.cnn\]: unknown parameter 'trees'"),
        ("[parameters]\ncnn = 3", "parameters = .*; expected a table a learner"),
        ('[parameters."sklearn.dummy:DummyClassifier"]\nstrategy = "prior"', "behind its name"),
        ("[task.scramble-bog]\ntests = 9", "unknown task of the preset 'scramble-bog'; did you mean 'scramble-bag'"),
        ("[task.maze-grid]\ntests = 9", "unknown task of the preset 'maze-grid'"),
        ("[task.scramble-bag]\nseeds = 9", r"\[task.scramble-bag\]: unknown field 'seeds'"),
        ("[task.scramble-bag]\nsizes = 16", r"\[task.scramble-bag\]: sizes = 16; expected sizes from 1 up, such as"),
        ("[task.scramble-bag]\nalso = 'mlp'", "also = 'mlp'; expected names, such as"),
    ],
)
def test_a_name_or_value_in_a_table_that_means_nothing_is_refused(tmp_path: Path, tables: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        written(tmp_path, tables)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sizes", '"16"', r"sizes = '16'; expected sizes from 1 up, such as \[16, 64\]"),
        ("sizes", "[]", r"sizes = \[\]; expected"),
        ("sizes", "[0, 16]", r"sizes = \[0, 16\]; expected"),
        ("sizes", "[16.0]", r"sizes = \[16.0\]; expected"),
        ("exposed", "[-1]", r"exposed = \[-1\]; expected numbers from 0 up"),
        ("seeds", '"3"', "seeds = '3'; expected at least one seed, such as 3"),
        ("seeds", "true", "seeds = True; expected"),
        ("tests", "0", "tests = 0; expected at least one test example"),
        ("timeout", "0", "timeout = 0; expected more than 0 seconds"),
        ("timeout", "nan", "timeout = nan; expected"),
        ("tasks", '"identity-bits"', r"tasks = 'identity-bits'; expected names, such as \[\"identity-bits\"\]"),
        ("learners", "[3]", r"learners = \[3\]; expected names"),
        ("description", "3", "description = 3; expected a line of text"),
        ("budget", "600", r"budget = 600; expected a table: the line \[budget\]"),
        ("also", '["mlp"]', "unknown field 'also'"),
        ("seeds", None, "the field 'seeds' is missing; expected at least one seed"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_refused(
    tmp_path: Path, name: str, value: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        written(tmp_path, **{name: value})


STRANGER = "stranger:make:cmd=touch made"


@pytest.fixture
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a module that leaves a trace when it is imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    text = "from grue.learners.lookup import Lookup as Mine\nopen('imported', 'w').close()\ndef make(cmd): Mine()\n"
    (tmp_path / "stranger.py").write_text(text)
    yield tmp_path
    sys.modules.pop("stranger", None)


@pytest.mark.parametrize(
    ("tables", "changes"),
    [
        ("", {"learners": f'["mlp", "{STRANGER}"]'}),
        ("", {"tasks": f'["{STRANGER}"]'}),
        (f'[parameters."{STRANGER}"]\nwidth = 3', {}),
        (f'[task."{STRANGER}"]\ntests = 3', {}),
        (f'[task.scramble-bag]\nalso = ["{STRANGER}"]', {}),
    ],
)
def test_a_file_chooses_no_code_unless_it_is_trusted(stranger: Path, tables: str, changes: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=rf"names code to import and call: '{STRANGER}'; if you trust .*--trust"):
        written(stranger, tables, trust=False, **changes)
    assert not (stranger / "imported").exists()


def test_every_module_attribute_of_the_file_is_named(stranger: Path) -> None:
    with pytest.raises(UsageError, match="call: 'a:B', 'subprocess:getoutput:cmd=touch x', 'c:D'; if"):
        written(
            stranger,
            '[parameters."c:D"]\nx = 1',
            trust=False,
            tasks='["a:B", "identity-bits:bits=8"]',
            learners='["subprocess:getoutput:cmd=touch x", "mlp:width=3", "cnn@tuned"]',
        )


def test_the_command_line_takes_code_from_a_file_only_with_trust(stranger: Path) -> None:
    written(stranger, learners='["stranger:Mine"]')
    (stranger / "imported").unlink(missing_ok=True)
    for command in (["list", "presets", "mine.toml"], ["run", "--preset", "mine.toml", "--dry-run"]):
        done = [
            subprocess.run(
                [sys.executable, "-m", "grue", *command, *trust], capture_output=True, text=True, check=False
            )
            for trust in ([], ["--trust"])
        ]
        assert [one.returncode for one in done] == [2, 0], done[1].stderr
        assert "'stranger:Mine'" in done[0].stderr
        assert (stranger / "imported").exists() == ("run" in command)


def test_a_name_with_a_path_in_it_is_no_preset_of_the_suite(stranger: Path) -> None:
    written(stranger)
    with pytest.raises(UsageError, match="unknown preset"):
        load_preset(str(stranger / "mine"))
