"""The ranking of a leaderboard, its measures and filters, and its layout in a terminal."""

from __future__ import annotations

import io
import json
import math
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from grue.analysis.learning_curve import learning_curves
from grue.analysis.measures import MEASURES, measured, not_worse_than_best, rank_by
from grue.reports.formats import render
from grue.reports.leaderboard import make_leaderboard, ranking_of
from grue.reports.ranking import Ranking, RankingOptions
from grue.reports.tables import Column, Table, TableCell
from grue.reports.text import Layout, text_table
from grue.runs.catalogue import Catalogue, CellInfo, LearnerInfo, SplitInfo, TaskInfo
from grue.runs.errors import UsageError
from grue.runs.plan import make_plan
from grue.runs.presets import load_preset
from grue.runs.results import COLUMNS, Results
from grue.runs.selection import display_names, of_learners, renamed, with_split

from .test_commands import call

SIZES = (4, 16, 64)
SKILL = {"good": 0.9, "fair": 0.6, "poor": 0.2}
FAMILIES = 8


def synthetic(
    skill: dict[str, float] | None = None, *, families: int = FAMILIES, seeds: int = 4, shift: float = 0.02
) -> Results:
    """Every family has one task; at the largest size a learner scores its skill, at the others less.

    The tasks differ by up to 0.07, seeds by `shift`. Task 0 is the hardest: all score 0.2 less there.
    """
    skill = SKILL if skill is None else skill
    cells, rows = [], []
    for family in range(families):
        for learner, best in skill.items():
            for size in SIZES:
                for seed in range(seeds):
                    key = f"{family}/{learner}/{size}/{seed}"
                    cells.append(CellInfo(key, f"task{family}", learner, size, 0, seed))
                    value = best + 0.01 * family - (0.2 if family == 0 else 0) + shift * (seed - (seeds - 1) / 2)
                    value -= 0.1 * math.log2(SIZES[-1] / size)
                    about = {"task": f"task{family}", "learner": learner, "size": size, "exposed": 0, "seed": seed}
                    about |= {"suite_seed": 0, "fit_seconds": float(size), "status": "ok", "key": key}
                    rows += [{**about, "split": split, "metric": "score", "value": value} for split in ("id", "far")]
    tasks = {
        f"task{family}": TaskInfo(
            family=f"family{family}", version=1, splits=(SplitInfo("id"), SplitInfo("far", "length", headline=True))
        )
        for family in range(families)
    }
    learners = {name: LearnerInfo("learner", 1) for name in skill}
    return Results(pd.DataFrame(rows, columns=COLUMNS), Catalogue(tasks, learners, tuple(cells)))


def ranking(results: Results, **options: object) -> Ranking:
    found = make_leaderboard(results, None, RankingOptions(**options)).ranking  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found


def without(results: Results, task: str, learner: str) -> Results:
    return replace(results, catalogue=results.catalogue.only(lambda cell: (cell.task, cell.learner) != (task, learner)))


def test_learners_that_differ_on_every_family_have_ranks_of_their_own() -> None:
    found = ranking(synthetic()).found["ood"]
    assert found.index.tolist() == ["good", "fair", "poor"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found.loc["good", "value"] == pytest.approx(0.9 + 0.035 - 0.2 / 8)


def test_a_learner_under_two_names_ties_with_itself() -> None:
    for families in (1, 2, FAMILIES):
        found = ranking(synthetic({"linear": 0.5, "good": 0.9, "linear:C=100": 0.5}, families=families)).found
        for measure in found.values():
            assert measure.loc["linear", "rank"] == measure.loc["linear:C=100", "rank"]
            assert measure.loc["linear", "value"] == measure.loc["linear:C=100", "value"]


@pytest.mark.parametrize("learner", list(SKILL))
@pytest.mark.parametrize("measure", ["ood", "id", "efficiency", "solved", "seconds"])
def test_a_learner_without_its_hardest_task_does_not_rise(learner: str, measure: str) -> None:
    whole = ranking(synthetic(), sort=measure)
    partial = ranking(without(synthetic(), "task0", learner), sort=measure)
    assert learner in whole.learners
    assert learner not in partial.learners
    others = [name for name in whole.learners if name != learner]
    assert list(partial.learners) == others, "and the others stay where they are"
    assert partial.found[measure].loc[learner, "lacks"] == "task0"


def test_learners_that_are_asked_for_are_compared_on_the_tasks_that_all_of_them_have() -> None:
    found = ranking(without(synthetic(), "task0", "good"), learners=("good", "poor"))
    assert found.learners == ("good", "poor")
    assert found.left_out == ("task0",)
    assert found.found["ood"].loc["poor", "value"] == pytest.approx(0.2 + 0.04)


def test_tasks_of_one_family_are_compared_over_seeds_as_the_paired_test_does() -> None:
    found = ranking(synthetic({"a": 0.5, "b": 0.45}, families=1, seeds=5)).found["ood"]
    assert found["rank"].tolist() == [1, 2], "the differences of all seeds are the same"
    values = 0.3 + 0.02 * (np.arange(5) - 2)
    half = 2.776445 * values.std(ddof=1) / 5**0.5
    assert found.loc["a", ["value", "low", "high"]].tolist() == pytest.approx([0.3, 0.3 - half, 0.3 + half])


def test_with_one_seed_and_one_family_nothing_is_told_apart() -> None:
    assert ranking(synthetic(families=1, seeds=1)).found["ood"]["rank"].tolist() == [1, 1, 1]


def test_one_learner_is_ranked_first() -> None:
    assert ranking(synthetic({"alone": 0.5})).found["ood"]["rank"].tolist() == [1]


def test_efficiency_is_a_geometric_mean_and_a_lower_bound_where_the_level_is_not_reached(results: Results) -> None:
    curves = learning_curves(results.scores, results.catalogue)
    table = measured(curves, results.catalogue, "efficiency", level=0.9, split="id")
    table = table.loc[(table["learner"] == "mlp") & table["task"].isin(["identity-bits", "scramble-bag"])]
    found = rank_by(table, MEASURES["efficiency"]).loc["mlp"]
    assert found["value"] == pytest.approx((256 * 1024) ** 0.5)  # 256 with each seed; never reached on the other task
    assert found["censored"]
    assert np.isnan(found["low"])


def test_the_level_can_be_set(results: Results) -> None:
    curves = learning_curves(results.scores, results.catalogue)
    table = measured(curves, results.catalogue, "efficiency", level=0.55, split="id")
    own = table.loc[(table["learner"] == "mlp") & (table["task"] == "identity-bits")]
    assert own["value"].tolist() == [64, 64, 64]


def test_exposure_is_the_number_of_each_seed(results: Results) -> None:
    curves = learning_curves(results.scores, results.catalogue)
    table = measured(curves, results.catalogue, "exposure", level=0.9)
    own = table.loc[table["task"] == "identity-bits"].groupby("learner")["value"].apply(list)
    assert own["mlp"] == [64, 64, 64]
    assert own["cnn"] == [0, 0, 0]


def test_solved_is_the_share_of_seeds_with_wilsons_interval() -> None:
    found = ranking(synthetic({"a": 1.12, "b": 0.3}, families=1, seeds=4)).found["solved"].loc["a"]
    # 0.92 +- 0.01, 0.03: three of four seeds reach 0.9; Wilson's interval as statsmodels has it
    assert found["value"] == pytest.approx(0.75)
    assert (found["low"], found["high"]) == (pytest.approx(0.30064, abs=1e-4), pytest.approx(0.95441, abs=1e-4))


def test_seconds_and_steps_are_those_of_the_largest_size() -> None:
    results = synthetic({"a": 0.5, "b": 0.4})
    steps = {cell.key: 100.0 if cell.size == 64 else 7.0 for cell in results.catalogue.cells if cell.learner == "a"}
    found = ranking(replace(results, steps=steps), measures=("seconds", "steps")).found
    assert found["seconds"]["value"].tolist() == pytest.approx([64, 64])
    assert found["steps"]["value"].to_dict() == {"a": pytest.approx(100)}


def test_it_is_sorted_by_a_measure_or_by_name_and_cut() -> None:
    results = synthetic({"b": 0.9, "a": 0.5, "c": 0.1})
    assert ranking(results, sort="learner").learners == ("a", "b", "c")
    assert ranking(results, sort="learner", top=2).learners == ("a", "b")
    assert ranking(results, sort="id", top=2).learners == ("b", "a")
    assert ranking(results, sort="id").primary == "id"
    board = make_leaderboard(results, None, RankingOptions(top=1))
    assert {entry.learner for entry in board.entries} == {"b"}


def test_a_filter_of_learners_changes_no_value_of_the_tables(results: Results) -> None:
    whole, part = make_leaderboard(results), make_leaderboard(results, None, RankingOptions(learners=("forest",)))
    assert [str(entry) for entry in part.entries] == [str(one) for one in whole.entries if one.learner == "forest"]
    assert not any("cnn" in note for task in part.tasks for note in task.notes)


def test_the_ranking_is_in_csv_and_json_with_its_intervals() -> None:
    board = ranking_of(make_leaderboard(synthetic(), None, RankingOptions(measures=("ood", "efficiency"))))
    table = pd.read_csv(io.StringIO(render(board, "csv")))
    assert table["scope"].tolist() == ["ranking"] * 6
    first = table.iloc[0]
    assert (first["learner"], first["metric"], first["rank"], first["name"]) == ("good", "ood", 1, "8 tasks")
    assert first["low"] < first["value"] < first["high"]
    assert json.loads(render(board, "json"))["entries"][0]["rank"] == 1


def test_best_learners_of_a_task_are_those_that_are_not_significantly_worse() -> None:
    errors = np.full(4, 0.001)
    high, low = np.array([0.9, 0.91, 0.92, 0.9]), np.array([0.5, 0.52, 0.5, 0.51])
    close = high - np.array([0.01, -0.01, 0.02, 0.0])
    scores = {"low": (low, errors), "high": (high, errors), "close": (close, errors)}
    assert not_worse_than_best(scores) == {"high", "close"}
    assert not_worse_than_best({name: (values[:1], errors[:1]) for name, (values, _) in scores.items()}) == set()


# Filters and names


def test_another_split_stands_for_the_shift_on_the_tasks_that_have_it(results: Results) -> None:
    other = with_split(results, "size")
    assert list(other.catalogue.tasks) == ["maze-graph"]
    assert other.catalogue.tasks["maze-graph"].headline == "size"
    assert not any(cell.exposed for cell in other.catalogue.cells)
    finals = [one for one in make_leaderboard(other).entries if (one.metric, one.split) == ("final", "ood")]
    values = {entry.learner: entry.value for entry in finals}
    assert values["cnn"] == pytest.approx(0.5)
    assert with_split(results, "id").catalogue.tasks["maze-graph"].headline is None
    assert with_split(results, "ood") is results
    with pytest.raises(UsageError, match="unknown split 'sise'; did you mean 'size'"):
        with_split(results, "sise")


def test_display_names_stand_in_every_format_for_the_label() -> None:
    label = "sklearn.neighbors:KNeighborsClassifier:n_neighbors=1"
    results = synthetic({label: 0.5, "mlp": 0.4})
    names = display_names(results, [f"{label}=1-NN"])
    assert names == {label: "1-NN"}
    board = make_leaderboard(renamed(results, names))
    for form in ("text", "md", "csv", "json"):
        text = render(board, form)
        assert "1-NN" in text
        assert "sklearn" not in text


def test_names_of_a_preset_are_taken_and_one_of_the_command_line_comes_first() -> None:
    results = synthetic()
    learners = {**results.catalogue.learners, "good": LearnerInfo("learner", 1, display="Best")}
    results = replace(results, catalogue=replace(results.catalogue, learners=learners))
    assert display_names(results) == {"good": "Best"}
    assert display_names(results, ["good=Other"]) == {"good": "Other"}
    read = Catalogue.from_json(results.catalogue.to_json())
    assert read.learners["good"].display == "Best"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("good", "expected LEARNER=NAME"),
        ("good=", "expected LEARNER=NAME"),
        ("gud=X", "unknown learner 'gud'; did you mean 'good'"),
        ("good=poor", "the name 'poor' would be that of both good and poor"),
    ],
)
def test_a_name_that_cannot_be_is_an_error(given: str, message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        display_names(synthetic(), [given])


def test_learners_without_a_cell_are_an_error(results: Results) -> None:
    with pytest.raises(UsageError, match="nothing to report: forest was not planned on maze-graph"):
        of_learners(results.of_tasks(["maze-graph"]), ["forest"])
    with pytest.raises(UsageError, match="unknown learner 'forrest'; did you mean 'forest'"):
        make_leaderboard(results, None, RankingOptions(learners=("forrest",)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--measure", "odd"], "unknown measure 'odd'; did you mean 'ood'?"),
        (["--sort", "ranks"], "unknown order 'ranks'; did you mean 'rank'?"),
        (["--family", "mazes"], "unknown family 'mazes'; did you mean 'maze'?"),
        (["--task", "maze-grd"], "unknown task 'maze-grd'; did you mean 'maze-grid'?"),
        (
            ["--task", "maze-grid", "--family", "identity"],
            "no task is left: none of maze-grid is of the family identity",
        ),
        (
            ["--task", "maze-graph:presentation=map", "--learner", "cnn"],
            "nothing to report: cnn was not planned on maze-graph:presentation=map",
        ),
        (["--top", "0"], "top is 0; expected at least 1"),
        (["--level", "9"], "the level is 9; expected a score above 0"),
    ],
)
def test_a_filter_that_cannot_be_is_a_line_with_the_nearest_name(arguments: list[str], message: str) -> None:
    code, out, err = call("leaderboard", *arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


# The terminal


def test_tables_fit_every_width(build_results: Callable[..., Results]) -> None:
    results = build_results()
    names = {"mlp": "a-learner-with-a-very-long-name:and=parameters,view=untied", "cnn": "x" * 70}
    board = make_leaderboard(renamed(results, names))
    for width in (40, 60, 80, 100):
        text = render(board, "text", Layout(width))
        assert max(map(len, text.splitlines())) <= width
    assert render(board, "text", Layout(300)) == render(board, "text", Layout(100))


def test_rank_groups_are_coloured_and_lines_stay_aligned() -> None:
    board = make_leaderboard(synthetic())
    plain, coloured = (render(board, "text", Layout(100, colour)) for colour in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[1;32m1 [1,1]\x1b[0m" in coloured
    assert "\x1b[36m2 [2,2]\x1b[0m" in coloured
    bare = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line for line in plain.splitlines() if line.startswith(("good", "fair"))] == [
        line for line in bare.splitlines() if line.startswith(("good", "fair"))
    ]


def test_a_column_without_groups_has_no_colour() -> None:
    coloured = render(make_leaderboard(synthetic(families=1, seeds=1)), "text", Layout(100, colour=True))
    assert "\x1b" not in coloured


def test_a_name_without_a_place_to_break_is_cut() -> None:
    cells = (TableCell("0.123"),)
    table = Table("t", "Title", (Column("a", "", "a"),), (("", (("n" * 90, cells),)),), "", "", (), "source")
    assert max(map(len, text_table(table, "", Layout(40)).splitlines())) <= 40


def in_terminal(*arguments: str, **env: str) -> str:
    """What a command prints in a terminal."""
    parent, child = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    command = [sys.executable, "-m", "grue", "leaderboard", "reference/quick", *arguments]
    process = subprocess.Popen(
        command, stdout=child, stdin=subprocess.DEVNULL, env={**environment, "TERM": "xterm", **env}
    )
    os.close(child)
    parts = []
    while True:
        try:
            part = os.read(parent, 65536)
        except OSError:  # the end on Linux
            break
        if not part:
            break
        parts.append(part)
    os.close(parent)
    assert process.wait() == 0
    return b"".join(parts).decode()


def test_colour_is_for_terminals_that_want_it() -> None:
    arguments = ("--task", "maze-grid", "--measure", "ood")
    assert "\x1b[1;32m" in in_terminal(*arguments)
    assert "\x1b" not in in_terminal(*arguments, NO_COLOR="1")
    _, out, _ = call("leaderboard", "reference/quick", *arguments)
    assert "\x1b" not in out


def test_forty_columns_in_ascii_without_a_folder() -> None:
    command = [sys.executable, "-m", "grue", "leaderboard"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40"}
    done = subprocess.run(command, env=env, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode("ascii")
    assert text.startswith("Ranking by OOD")
    assert max(map(len, text.splitlines())) <= 40
    assert "?" not in text.replace("follow?", "")


def test_a_preset_carries_display_names_to_the_plan(tmp_path: Path) -> None:
    text = 'extends = "smoke"\ndescription = "names"\ntasks = ["identity-bits"]\nlearners = ["forest"]\n'
    (tmp_path / "mine.toml").write_text(text + '[names]\nforest = "RF"\nforrest = "no learner"\n')
    plan = make_plan(load_preset(str(tmp_path / "mine.toml")))
    assert plan.catalogue().learners["forest"].display == "RF"
    assert "[names] has 'forrest', which is no learner of this run" in plan.notes


def test_figures_take_the_same_filters(tmp_path: Path) -> None:
    arguments = ("--family", "maze", "--learner", "cnn", "--learner", "forest", "--split", "detour")
    code, out, _ = call("plot", "reference/quick", "--output", str(tmp_path), *arguments)
    assert code == 0
    assert "maze-grid" in out
    assert "identity" not in out
    code, _, err = call("plot", "reference/quick", "--output", str(tmp_path), "--learner", "cn")
    assert (code, err) == (2, "grue: unknown learner 'cn'; did you mean 'cnn'?\n")
