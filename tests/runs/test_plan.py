"""What a preset expands to, and the reason for everything that is not applicable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from grue.engine.parquet import read_file, to_bytes
from grue.learners.base import Learner
from grue.learners.mlp import MLP
from grue.learners.tied import Tied
from grue.reports.formats import to_markdown
from grue.reports.leaderboard import make_leaderboard
from grue.runs.names import UsageError, make_learner
from grue.runs.plan import make_plan
from grue.runs.presets import adjust, load_preset, presets
from grue.runs.reading import read
from grue.runs.run import plan_run, run


@pytest.mark.parametrize("name", list(presets()))
def test_every_preset_expands(name: str) -> None:
    plan = make_plan(load_preset(name))
    assert plan.cells
    assert len({cell.key for cell in plan.cells}) == len(plan.cells), "two cells with one key"


def test_too_many_learners_are_refused_before_any_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    preset = load_preset("smoke")
    aged = preset.changed({"encodings": ("onehot",) * 999, "views": ("tied",) * 999})
    monkeypatch.setattr("grue.runs.plan._learner", lambda _, spec: make_learner(spec.partition(":")[0]))
    with pytest.raises(UsageError, match=r"^100,000 learners; expected at most 10,000$"):
        make_plan(preset, learners=[f"mlp:width={width}" for width in range(1, 100_001)])
    with pytest.raises(UsageError, match="more than 10,000 learners on identity-bits in all views, encodings and ages"):
        make_plan(aged, tasks=["identity-bits"])


def test_the_oracle_of_a_task_without_a_rule_is_not_applicable_and_still_a_control() -> None:
    plan = make_plan(load_preset("smoke"), tasks=["text"], learners=["ngram", "oracle"])
    assert [(row.learner, row.reason) for row in plan.not_applicable] == [
        ("oracle", "the task has no rule that is known")
    ]
    assert plan.catalogue().learners["oracle"].kind == "control"


def test_quick_is_what_the_readme_says() -> None:
    preset = load_preset("quick")
    assert preset.seeds == 5
    plan = make_plan(preset, tasks=["identity-bits"], learners=["mlp"])
    assert len(plan.cells) == 5 * (3 + 3), "exposed examples at the largest size only"
    assert {cell.size for cell in plan.cells if cell.exposed} == {256}
    assert plan.cells[0].pair.learner.instance == MLP(max_steps=3000, tolerance=0.01)


def test_quick_gives_an_architecture_one_recipe_but_for_the_depth_that_sees_all_axes() -> None:
    recipes: dict[str, set[Learner]] = {}
    for pair in make_plan(load_preset("quick")).pairs:
        if isinstance(pair.learner.instance, Learner) and pair.task.label != "navigation-axes":
            recipes.setdefault(pair.learner.label, set()).add(pair.learner.instance)
    assert {name for name, found in recipes.items() if len(found) > 1} == set()
    axes = make_plan(load_preset("quick"), tasks=["navigation-axes"], learners=["cnn"]).pairs[0].learner.instance
    assert {replace(axes, depth=4)} == recipes["cnn"]  # pyright: ignore[reportArgumentType, reportCallIssue]
    ranked = [task for task in make_plan(load_preset("quick")).tasks.values() if task.truth.ranked]
    assert len(ranked) == 8, "as many as one table of the board holds"


def test_standard_measures_where_the_tasks_do() -> None:
    plan = make_plan(load_preset("standard"))
    assert set(make_plan(load_preset("quick")).tasks) <= set(plan.tasks)
    cells: dict[str, set[tuple[int, int, int]]] = {}
    for cell in plan.cells:
        cells.setdefault(cell.pair.task.label, set()).add((cell.size, cell.exposed, cell.seed))
    sizes = {task: {size for size, _, _ in found} for task, found in cells.items()}
    exposed = {task: {extra for _, extra, _ in found} for task, found in cells.items()}
    seeds = {task: len({seed for _, _, seed in found}) for task, found in cells.items()}
    assert len([task for task in plan.tasks.values() if task.family == "riddle"]) == 8, "gotu twice"
    assert (max(sizes["folding"]), max(sizes["folding:positions=16"])) == (2048, 8192)
    assert (min(sizes["text"]), seeds["text"]) == (16384, 3)
    assert (sizes["boolean-weight"], seeds["boolean-weight"]) == ({64, 256, 448}, 10)
    for task in ("identity-bits", "identity-tokens", "navigation-axes", "translation", "translation-permuted"):
        assert len(exposed[task]) > 2, f"{task}: the exposure curve is the result"
    learners = {(pair.task.label, pair.learner.label): pair.learner.instance.parameters() for pair in plan.pairs}
    assert learners["navigation-axes", "cnn"]["depth"] == 5, "it sees all axes from each"
    assert learners["navigation-joint", "mlp:encoding=value"]["max_steps"] == 6000
    recipes = plan.catalogue().recipes("cnn")
    assert recipes["navigation-joint"] == {"depth": 5, "max_steps": 6000}
    assert set(recipes) == {
        "navigation-axes", "navigation-joint", "folding", "folding:positions=16", "translation", "translation-permuted",
    }  # fmt: skip
    aged = {task for task, learner in learners if "age=2000" in learner}
    assert aged == {"riddle-neighbour", "riddle-token"}


def test_deciding_has_the_recipes_of_standard_and_its_largest_sizes() -> None:
    plan, standard = make_plan(load_preset("deciding")), make_plan(load_preset("standard"))
    assert {cell.pair.suite for cell in plan.cells} == {1}
    assert {cell.seed for cell in plan.cells} == set(range(10))
    ranked = {label for label, task in standard.tasks.items() if task.truth.ranked and task.headline}
    variants = {label for label in ranked if label.startswith("identity-bits:")}
    assert set(plan.tasks) == ranked - variants
    largest: dict[str, int] = {}
    for cell in standard.cells:
        largest[cell.pair.task.label] = max(cell.size, largest.get(cell.pair.task.label, 0))
    assert {cell.pair.task.label: cell.size for cell in plan.cells} == {label: largest[label] for label in plan.tasks}
    trees = {f"sklearn.tree:DecisionTree{kind}:max_depth=3" for kind in ("Classifier", "Regressor")}
    shallow = {"neighbours:n_neighbors=1", *trees}
    run = {(pair.task.label, pair.learner.label, pair.learner.instance) for pair in plan.pairs}
    known = {(pair.task.label, pair.learner.label, pair.learner.instance) for pair in standard.pairs}
    assert {label for _, label, _ in run - known} == shallow


def test_a_task_of_a_preset_may_have_learners_of_its_own() -> None:
    plan = make_plan(load_preset("quick"))
    of = {task: [pair.learner.label for pair in plan.pairs if pair.task.label == task] for task in plan.tasks}
    assert "cnn" not in of["variables:far_links=3/4,links=1/2"]
    assert "transformer-scratchpad" in of["variables:far_links=3/4,links=1/2"]
    assert "cnn" in of["maze-grid"]


def test_oracle_and_heuristics_stand_beside_the_learners_unless_these_were_picked() -> None:
    labels = {pair.learner.label for pair in make_plan(load_preset("smoke"), tasks=["maze-grid"]).pairs}
    assert {"oracle", "greedy", "mlp"} <= labels
    picked = make_plan(load_preset("smoke"), tasks=["maze-grid", "identity-bits"], learners=["greedy", "mlp"])
    assert [(pair.task.label, pair.learner.label) for pair in picked.pairs] == [
        ("maze-grid", "greedy"),
        ("maze-grid", "mlp"),
        ("identity-bits", "mlp"),
    ]


def test_a_learner_that_cannot_is_not_applicable_with_its_reason() -> None:
    plan = make_plan(load_preset("smoke"), tasks=["identity-reals"], learners=["mlp:encoding=onehot"])
    assert not plan.cells
    assert plan.not_applicable[0].reason == "encoding onehot needs tokens; the inputs are real numbers (use value)"


def test_a_size_beyond_the_capacity_is_not_applicable() -> None:
    plan = make_plan(replace(load_preset("smoke"), sizes=(4, 4096)), tasks=["identity-bits:bits=8"], learners=["mlp"])
    assert {cell.size for cell in plan.cells} == {4}
    assert plan.not_applicable[0].reason.startswith("space exhausted")


def test_the_key_knows_everything_a_result_depends_on() -> None:
    def key(task: str = "identity-bits", learner: str = "mlp", **changes: object) -> str:
        preset = adjust(load_preset("smoke"), **changes)
        return make_plan(preset, tasks=[task], learners=[learner]).cells[0].key

    others = [
        key("identity-bits:frozen=2"),
        key(learner="mlp:width=16"),
        key(sizes=(4,)),
        key(test_size=7),
        key(suite_seed=1),
    ]
    assert len({key(), *others}) == 6
    assert key() == key(seeds=9), "more seeds do not change the first one"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seeds = [", "invalid TOML"),
        ('sizess = [1]\ndescription = "x"', "unknown field 'sizess'; did you mean 'sizes'"),
        ('description = "x"', "is required"),
    ],
)
def test_a_users_preset_with_a_mistake(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message):
        load_preset(str(path))


def test_sizes_and_seeds_are_checked() -> None:
    with pytest.raises(UsageError, match="expected sizes of at least 1"):
        make_plan(adjust(load_preset("smoke"), sizes=(0, 16)))
    with pytest.raises(UsageError, match="at least one seed"):
        make_plan(adjust(load_preset("smoke"), seeds=0))


def test_unknown_presets() -> None:
    with pytest.raises(UsageError, match="unknown preset 'quik'; did you mean 'quick'"):
        load_preset("quik")


def test_what_is_named_twice_is_done_once_and_two_things_of_one_name_are_refused() -> None:
    smoke = load_preset("smoke")
    twice = make_plan(smoke, tasks=["identity-bits", "identity-bits"], learners=["mlp", "mlp"])
    assert len(twice.cells) == len({cell.key for cell in twice.cells})
    with pytest.raises(UsageError, match="two different learners have the name 'mlp'"):
        make_plan(smoke, tasks=["identity-bits"], learners=["mlp", MLP()])


def test_exposed_examples_that_there_are_not_are_not_applicable() -> None:
    preset = adjust(load_preset("smoke"), exposed=(4, 4096))
    plan = make_plan(preset, tasks=["identity-bits:bits=8"], learners=["mlp"])
    assert {cell.exposed for cell in plan.cells} == {0, 4}
    assert "4096 exposed examples requested, the exposure pool has" in plan.not_applicable[0].reason


def test_exposed_examples_go_to_the_largest_size_that_can_be_had() -> None:
    preset = adjust(load_preset("smoke"), sizes=(4, 4096))
    plan = make_plan(preset, tasks=["identity-bits:bits=8"], learners=["mlp"])
    assert {(cell.size, cell.exposed) for cell in plan.cells} == {(4, 0), (4, 4)}


def test_a_task_that_no_learner_can_be_put_to_is_in_the_plan_and_no_report_stumbles_over_it(tmp_path: Path) -> None:
    outcome = run("smoke", tasks=["identity-bits", "boolean"], learners=["lookup"], sizes=[2048], jobs=0, out=tmp_path)
    results = read([outcome.folder])
    assert set(results.catalogue.tasks) == {"identity-bits", "boolean"}
    assert [row.task for row in results.catalogue.not_applicable] == ["boolean"]
    assert "identity" in to_markdown(make_leaderboard(results))


def test_the_suite_seed_of_0_is_that_of_results_without_one(tmp_path: Path) -> None:
    chosen = {"tasks": ["identity-bits"], "learners": ["lookup"], "sizes": [8], "exposed": [], "jobs": 0}
    zero, one = (run("smoke", suite_seed=n, out=tmp_path / str(n), **chosen) for n in (0, 1))
    assert set(zero.scores["suite_seed"]) == {0}
    assert set(one.scores["suite_seed"]) == {1}
    (file,) = (tmp_path / "0" / "batches").glob("*.parquet")
    table, metadata = read_file(file)
    file.write_bytes(to_bytes(table.drop_columns(["suite_seed"]), metadata))
    assert set(read([zero.folder]).scores["suite_seed"]) == {0}


def test_two_labels_of_the_same_settings_are_one_row_and_the_plan_says_so() -> None:
    plan = make_plan(
        load_preset("smoke"),
        tasks=["identity-bits", "identity-bits:bits=20", "scramble-bag"],
        learners=["linear", "linear:C=100", "linear:C=1"],
    )
    assert list(plan.learners) == ["linear", "linear:C=1"]
    assert list(plan.tasks) == ["identity-bits", "scramble-bag"]
    assert plan.notes == [
        "identity-bits:bits=20 and identity-bits have the same settings; results are listed under identity-bits",
        "linear:C=100 and linear have the same settings; results are listed under linear",
    ]


def test_learners_that_are_picked_are_crossed_with_the_encodings_that_are_asked_for_alone() -> None:
    picked = make_plan(load_preset("smoke"), tasks=["scramble-bag"], learners=["mlp", "linear"])
    assert list(picked.learners) == ["mlp", "linear"]
    crossed = make_plan(
        adjust(load_preset("smoke"), encodings=["value"]),
        tasks=["scramble-bag"],
        learners=["mlp", MLP(width=16), "lookup"],
    )
    assert list(crossed.learners) == [
        "mlp",
        "mlp:width=16",
        "lookup",
        "mlp:encoding=value",
        "mlp:encoding=value,width=16",
    ]


def test_learner_objects_are_crossed_with_views_too() -> None:
    tied, untied = (
        make_plan(adjust(load_preset("smoke"), views=views), tasks=["identity-bits"], learners=[MLP(width=16)])
        for views in (["tied,window=2"], ["untied"])
    )
    label = "mlp:width=16,view=tied,window=2"
    assert tied.learners == {"mlp:width=16": MLP(width=16), label: Tied(MLP(width=16), window=2)}
    assert make_learner(label).instance == tied.learners[label]
    assert list(untied.learners) == ["mlp:width=16"]


def test_learners_that_are_picked_are_crossed_as_the_command_line_says() -> None:
    def learners(**fields: list[str]) -> list[str]:
        return list(plan_run("standard", ["scramble-bag"], ["mlp", "rnn"], encodings=["onehot"], **fields)[0].learners)

    assert learners() == ["mlp", "rnn", "mlp:encoding=onehot", "rnn:encoding=onehot"], "not the list of the preset"
    assert learners(crossed=["rnn"]) == ["mlp", "rnn", "rnn:encoding=onehot"]


def test_sets_of_tasks_and_learners_may_be_asked_for() -> None:
    plan = make_plan(load_preset("smoke"), tasks=["family:maze"], learners=["kind:trees", "-boosting"])
    assert (list(plan.tasks), list(plan.learners)) == (["maze-graph", "maze-grid"], ["extra-trees", "forest"])
