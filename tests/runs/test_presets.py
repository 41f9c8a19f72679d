"""A preset says what it means, or is refused with the nearest right thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grue.learners import LEARNERS
from grue.learners.base import Learner
from grue.learners.cnn import CNN
from grue.learners.mlp import MLP
from grue.runs.names import UsageError, make_task
from grue.runs.plan import make_plan
from grue.runs.presets import adjust, load_preset
from grue.runs.schema import Preset
from grue.tasks import TASKS

MINE = {
    "description": '"one of mine"',
    "sizes": "[8, 16]",
    "seeds": "2",
    "test_size": "50",
    "timeout": "60",
    "tasks": '["scramble-bag", "identity-bits:frozen=2,bits=12"]',
    "learners": '["cnn"]',
}


def written(folder: Path, tables: str = "", *, trust: bool = True, **changes: str | None) -> Preset:
    """The preset of a file with MINE, some of them changed or (None) left out, and `tables` under them."""
    path = folder / "mine.toml"
    lines = [f"{name} = {value}" for name, value in {**MINE, **changes}.items() if value is not None]
    path.write_text("\n".join([*lines, tables]))
    return load_preset(str(path), trust=trust)


def grid(task: str, *lines: str) -> str:
    """A [[grid]] of one task as a preset file has it."""
    return "\n".join(["[[grid]]", f"tasks = ['{task}']", *lines])


def learner_of(preset: Preset, task: str = "scramble-bag") -> object:
    return make_plan(preset, tasks=[task]).pairs[0].learner.instance


def test_a_preset_of_ones_own_sets_what_it_says(tmp_path: Path) -> None:
    tables = """
        [budget]
        max_steps = 30
        learning_rate = 1
        [parameters.cnn]
        channels = 8
        [[grid]]
        tasks = ["identity-bits:bits=12,frozen=2"]
        sizes = [4]
        learners = ["inherited", "forest"]
    """
    preset = written(tmp_path, tables)
    assert learner_of(preset) == CNN(max_steps=30, learning_rate=1, channels=8)
    plan = make_plan(preset)
    other = [cell for cell in plan.cells if cell.pair.task.instance.name == "identity-bits"]
    assert {cell.size for cell in other} == {4}
    assert {"cnn", "forest"} <= {cell.pair.learner.label for cell in other}


def test_parameters_for_some_tasks_are_added_to_those_for_all(tmp_path: Path) -> None:
    tables = "\n".join(
        [
            "budget.max_steps = 30",
            "parameters.cnn = { channels = 8, depth = 1 }",
            "parameters.mlp = { width = 16 }",
            grid("scramble-bag", "parameters.cnn = { depth = 3, max_steps = 60 }"),
        ]
    )
    preset = written(tmp_path, tables, tasks='["scramble-bag", "identity-bits"]', learners='["cnn"]')
    assert learner_of(preset) == CNN(max_steps=60, channels=8, depth=3)
    assert learner_of(preset, "identity-bits") == CNN(max_steps=30, channels=8, depth=1)
    plan = make_plan(preset, tasks=["scramble-bag"], learners=["cnn:depth=2", "mlp"])
    assert [pair.learner.instance for pair in plan.pairs] == [
        CNN(max_steps=60, channels=8, depth=2),
        MLP(max_steps=30, width=16),
    ], "a task's recipe also holds for learners that are picked"


def test_settings_reach_a_learner_with_parameters_of_its_own_and_none_with_a_longer_name(tmp_path: Path) -> None:
    preset = written(tmp_path, "[parameters.cnn]\nchannels = 8", exposed="[]")
    assert preset.settings("cnn:encoding=onehot") == {"channels": 8}
    assert preset.settings("cnn@tuned:encoding=onehot") == {"channels": 8}
    assert preset.settings("cnnx") == {}


def test_parameters_of_a_learner_from_a_module(tmp_path: Path) -> None:
    preset = written(tmp_path, '[parameters."grue.learners.mlp:MLP"]\nwidth = 16')
    assert preset.settings("grue.learners.mlp:MLP:depth=1") == {"width": 16}
    assert preset.settings("grue.learners.cnn:CNN") == {}
    made = (
        make_plan(preset, tasks=["scramble-bag"], learners=["grue.learners.mlp:MLP:depth=1"]).pairs[0].learner.instance
    )
    assert isinstance(made, Learner)
    assert (made.parameters()["width"], made.parameters()["depth"]) == (16, 1)


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ("[budget]\nmax_stepz = 20", r"\[budget\]: unknown parameter 'max_stepz'; did you mean 'max_steps'"),
        ("[budget]\nmax_steps = '20'", r"\[budget\]: max_steps = '20'; expected a whole number, such as"),
        ("[budget]\nmax_steps = -3", r"mine\.toml, \[budget\]: max_steps is -3; expected a whole number from 1 up"),
        (
            "[parameters.cnn]\nchannels = -3",
            r"mine\.toml, \[parameters\.cnn\]: channels is -3; expected a whole number",
        ),
        ("[budget]\nmax_steps = true", r"max_steps = True; expected a whole number"),
        ("[budget]\nlearning_rate = 'high'", r"learning_rate = 'high'; expected a number"),
        ("[parameters.cnnn]\nmax_steps = 20", "unknown learner 'cnnn'; did you mean 'cnn'"),
        ("[parameters.cnn]\nchanels = 20", r"\[parameters.cnn\]: unknown parameter 'chanels'; did you mean 'channels'"),
        ("[parameters.cnn]\nn_estimators = 20", r"\[parameters.cnn\]: unknown parameter 'n_estimators'"),
        ('[parameters.cnn]\ndevice = "cuda"', "unknown parameter 'device'"),
        ('[parameters."cnn@tuned"]\nchannels = 8', r"use \[parameters.cnn\], which applies to cnn@tuned as well"),
        ("[parameters]\ncnn = 3", "parameters = .*; expected a table per learner"),
        ('[parameters."sklearn.dummy:DummyClassifier"]\nstrategy = "prior"', "after the name"),
        (grid("scramble-bog"), r"unknown task 'scramble-bog'; did you mean 'scramble-bag'"),
        (grid("maze-grid"), "unknown task of the preset 'maze-grid'"),
        (grid("family:maze"), "unknown task of the preset 'family:maze'"),
        (grid("scramble-bag", "suite_seed = 9"), r"\[\[grid\]\] of \['scramble-bag'\]: unknown field 'suite_seed'"),
        (grid("scramble-bag", "sizes = 16"), "sizes = 16; expected sizes of at least 1, such as"),
        (grid("scramble-bag", "learners = 'mlp'"), "learners = 'mlp'; expected names, such as"),
        (grid("scramble-bag", "learners = ['inherited', '-mlp']"), "'-mlp' excludes a name that is not in the list"),
        (
            grid("scramble-bag", "learners = ['kind:netwrk']"),
            "unknown kind of learners 'netwrk'; did you mean 'network'",
        ),
        (
            grid("scramble-bag", "parameters.cnn = { chanels = 3 }"),
            "of .*scramble-bag.*, parameters of cnn: unknown parameter 'chanels'; did you mean 'channels'",
        ),
        (grid("scramble-bag", "parameters.cnn = 3"), "expected a table per learner"),
        (grid("scramble-bag", "over_capacity = 'cut'"), 'over_capacity = \'cut\'; expected "skip" or "shrink"'),
        ("[[grid]]\nsizes = [4]", "the field 'tasks' is required"),
        ("[grid]\ntasks = ['scramble-bag']", r"expected tables: the line \[\[grid\]\]"),
    ],
)
def test_a_name_or_value_in_a_table_that_means_nothing_is_refused(tmp_path: Path, tables: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        written(tmp_path, tables)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("sizes", '"16"', r"sizes = '16'; expected sizes of at least 1, such as \[16, 64\]"),
        ("sizes", "[]", r"sizes = \[\]; expected"),
        ("sizes", "[0, 16]", r"sizes = \[0, 16\]; expected"),
        ("sizes", "[16.0]", r"sizes = \[16.0\]; expected"),
        ("exposed", "[-1]", r"exposed = \[-1\]; expected numbers of at least 0"),
        ("seeds", '"3"', "seeds = '3'; expected at least one seed, such as 3"),
        ("seeds", "true", "seeds = True; expected"),
        ("test_size", "0", "test_size = 0; expected at least one test example"),
        ("tests", "10", "unknown field 'tests'; did you mean 'test_size'"),
        ("suite_seed", "-1", "suite_seed = -1; expected an integer of at least 0"),
        ("extends", "3", "extends = 3; expected a name or path"),
        ("extends", '"standrd"', "unknown preset 'standrd'; did you mean 'standard'"),
        ("learners", '["inherited"]', "'inherited' needs a preset with extends"),
        ("learners", '["all", "-mpl"]', "'-mpl' excludes a name that is not in the list: .* did you mean 'mlp'"),
        ("timeout", "0", "timeout = 0; expected a finite number of seconds above 0"),
        ("timeout", "nan", "timeout = nan; expected"),
        ("tasks", '"identity-bits"', r"tasks = 'identity-bits'; expected names, such as \[\"identity-bits\"\]"),
        ("learners", "[3]", r"learners = \[3\]; expected names"),
        ("description", "3", "description = 3; expected a line of text"),
        ("budget", "600", r"budget = 600; expected a table: the line \[budget\]"),
        ("also", '["mlp"]', "unknown field 'also'"),
        ("seeds", None, "the field 'seeds' is required; expected at least one seed"),
        ("ages", str(list(range(100_000))), "ages has 100,000 entries; expected at most 1,000$"),
        ("tasks", str(["text"] * 100_000), "tasks has 100,000 entries; expected at most 10,000$"),
        ("tasks", '["mase"]', r"mine\.toml: unknown task 'mase'; did you mean 'maze-grid'"),
        ("learners", '["-mlp"]', "'-mlp' excludes a name, and there is none before it; expected it after names"),
    ],
)
def test_a_value_that_a_field_cannot_have_is_refused(
    tmp_path: Path, name: str, value: str | None, message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        written(tmp_path, **{name: value})


def labels(preset: Preset, task: str) -> list[str]:
    """The learners of a task, without oracle and heuristics."""
    plan = make_plan(preset)
    return [
        pair.learner.label
        for pair in plan.pairs
        if pair.task.label == task and isinstance(pair.learner.instance, Learner)
    ]


def sizes(preset: Preset, task: str) -> set[tuple[int, int]]:
    plan = make_plan(preset, tasks=[task], learners=["lookup"])
    return {(cell.size, cell.exposed) for cell in plan.cells}


def test_all_learners_are_those_of_the_suite_without_what_is_left_out(tmp_path: Path) -> None:
    untuned = {name for name in LEARNERS if "@" not in name}
    assert set(written(tmp_path, learners='["all"]').learners) == untuned
    preset = written(tmp_path, learners='["all", "-mlp", "-kind:trees", "-kind:control"]')
    assert set(preset.learners) == untuned - {"mlp", "forest", "extra-trees", "boosting", "lookup", "shuffled"}
    assert set(written(tmp_path, learners='["kind:tuned"]').learners) == set(LEARNERS) - untuned


def test_tasks_by_family_keep_the_order_in_which_they_come_first(tmp_path: Path) -> None:
    preset = written(tmp_path, tasks='["maze-grid", "family:maze", "family:variables"]')
    assert preset.tasks == ("maze-grid", "maze-graph", "variables", "variables-plus")
    assert set(written(tmp_path, tasks='["all", "-text"]').tasks) == set(TASKS) - {"text"}


def test_later_grids_change_what_earlier_ones_say(tmp_path: Path) -> None:
    tables = grid("all", "sizes = [4]", "exposed = [2]") + "\n" + grid("family:identity", "sizes = [8]")
    preset = written(tmp_path, tables)
    assert sizes(preset, "scramble-bag") == {(4, 0), (4, 2)}
    assert sizes(preset, "identity-bits:bits=12,frozen=2") == {(8, 0), (8, 2)}


def test_learners_are_crossed_with_encodings_beside_their_own(tmp_path: Path) -> None:
    preset = written(tmp_path, grid("scramble-bag", "encodings = ['onehot', 'value']", "crossed = ['mlp:width=16']"))
    expected = ["cnn", "mlp:encoding=onehot,width=16", "mlp:encoding=value,width=16"]
    assert labels(preset, "scramble-bag") == expected
    assert labels(preset, "identity-bits:bits=12,frozen=2") == ["cnn"]


def test_without_a_list_every_learner_that_leaves_its_encoding_open_is_crossed(tmp_path: Path) -> None:
    preset = written(tmp_path, encodings='["onehot"]', learners='["cnn", "mlp:encoding=value", "lookup", "cnn@tuned"]')
    extra = ["cnn:encoding=onehot", "cnn@tuned:encoding=onehot"]
    assert labels(preset, "scramble-bag") == [*preset.learners, *extra]


def test_learners_that_have_an_age_are_crossed_with_ages(tmp_path: Path) -> None:
    preset = written(
        tmp_path,
        grid("scramble-bag", "ages = [0, 2000]", "crossed = ['mlp:width=16', 'forest']"),
        ages="[0, 50]",
        learners='["cnn", "mlp:age=7", "forest", "cnn@tuned"]',
    )
    assert labels(preset, "scramble-bag") == [*preset.learners, "mlp:age=2000,width=16"]
    aged = [*preset.learners, "cnn:age=50", "cnn@tuned:age=50"]
    assert labels(preset, "identity-bits:bits=12,frozen=2") == aged, "those that leave their age open"


def test_a_grid_may_change_the_number_of_seeds_and_the_command_line_changes_it_for_all(tmp_path: Path) -> None:
    preset = written(tmp_path, grid("scramble-bag", "seeds = 3"), seeds="1")

    def seeds(preset: Preset, task: str) -> set[int]:
        return {cell.seed for cell in make_plan(preset, tasks=[task], learners=["lookup"]).cells}

    assert seeds(preset, "scramble-bag") == {0, 1, 2}
    assert seeds(preset, "identity-bits:bits=12,frozen=2") == {0}
    assert seeds(adjust(preset, seeds=2), "scramble-bag") == {0, 1}


def test_learners_are_crossed_with_views_and_stay_as_they_are_in_the_view_that_they_have(tmp_path: Path) -> None:
    views = [
        "views = ['tied,window=2', 'untied']",
        "encodings = ['onehot', 'value']",
        "crossed = ['mlp:width=16', 'cnn']",
    ]
    preset = written(tmp_path, grid("family:identity", *views), learners='["lookup"]')
    assert labels(preset, "identity-bits:bits=12,frozen=2") == [
        "lookup",
        "mlp:encoding=onehot,width=16,view=tied,window=2",
        "mlp:encoding=value,width=16,view=tied,window=2",
        "mlp:encoding=onehot,width=16",
        "mlp:encoding=value,width=16",
        "cnn:encoding=onehot",
        "cnn:encoding=value",
        "cnn:encoding=onehot,view=untied",
        "cnn:encoding=value,view=untied",
    ]
    with pytest.raises(UsageError, match=r"views = .*'tie'.*; expected views, such as"):
        written(tmp_path, grid("scramble-bag", "views = ['tie']"))


def test_a_size_over_the_capacity_shrinks_to_a_power_of_2_where_the_preset_says_so(tmp_path: Path) -> None:
    task = "identity-bits:bits=8"
    held = make_task(task).instance.capacity("train") or 0
    most = 1 << (held.bit_length() - 1)
    assert most <= held < 2 * most
    shrinks = written(tmp_path, sizes="[4, 1000, 2000]", exposed="[1]", over_capacity='"shrink"')
    assert sizes(shrinks, task) == {(4, 0), (most, 0), (most, 1)}
    assert sizes(adjust(shrinks, sizes=[4, 1000]), task) == {(4, 0), (4, 1)}, "what is asked for is not changed"


@pytest.fixture
def child(tmp_path: Path) -> Path:
    """A folder with a preset `parent.toml`, and room for one that extends it."""
    tables = [
        "[budget]",
        "max_steps = 30",
        "learning_rate = 1.0",
        grid("scramble-bag", "sizes = [4]", "learners = ['inherited', 'gp']"),
    ]
    written(tmp_path, "\n".join([*tables, grid("family:identity", "sizes = [2]", "learners = ['linear']")]))
    (tmp_path / "mine.toml").rename(tmp_path / "parent.toml")
    return tmp_path


def extending(folder: Path, *lines: str) -> Preset:
    (folder / "child.toml").write_text("\n".join(["extends = 'parent.toml'", *lines]))
    return load_preset(str(folder / "child.toml"))


def test_a_preset_has_what_it_extends(child: Path) -> None:
    assert extending(child) == replace(load_preset(str(child / "parent.toml")), name="child")


def test_what_a_preset_says_beside_what_it_extends_holds_for_all_tasks(child: Path) -> None:
    preset = extending(child, "sizes = [16]", "learners = ['inherited', 'forest']", "[budget]", "max_steps = 5")
    assert preset.budget == {"max_steps": 5, "learning_rate": 1.0}
    assert labels(preset, "scramble-bag") == ["cnn", "forest", "gp"], "a list that adds goes on adding"
    assert labels(preset, "identity-bits:bits=12,frozen=2") == ["cnn", "forest"], "and one that replaces is replaced"
    assert {cell.size for cell in make_plan(preset).cells} == {16}


def test_grids_of_a_preset_come_after_those_that_it_extends(child: Path) -> None:
    preset = extending(child, grid("all", "sizes = [8]"))
    assert {cell.size for cell in make_plan(preset).cells} == {8}
    fewer = extending(child, "tasks = ['maze-grid']")
    assert set(make_plan(fewer).tasks) == {"maze-grid"}, "grids of tasks that are gone do no harm"


def test_a_preset_that_extends_itself_is_refused(child: Path) -> None:
    (child / "parent.toml").write_text("extends = 'child.toml'")
    with pytest.raises(UsageError, match="extends itself"):
        extending(child)


def test_presets_need_no_edit_for_another_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEARNERS, "newcomer", "grue.learners.lookup:Lookup")
    for name in ("smoke", "standard", "paper"):
        assert "newcomer" in load_preset(name).learners
