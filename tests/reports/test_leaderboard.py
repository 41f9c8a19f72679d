"""The figures of the leaderboard, computed by hand from the curves in conftest.py."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

import pandas as pd
import pytest

from grue.analysis.entries import Entry
from grue.analysis.planned import anchors_of
from grue.analysis.points import curve_points
from grue.analysis.summary import summarise
from grue.reports.formats import make_tables
from grue.reports.leaderboard import make_leaderboard
from grue.reports.provenance import long_lines, short_line
from grue.runs.catalogue import Catalogue, CellInfo, LearnerInfo, NotApplicable, TaskInfo
from grue.runs.errors import UsageError
from grue.runs.results import COLUMNS, Results

HALF = 4.302653 * 0.02 / 3**0.5
"""Half a t interval of three seeds that lie 0.02 apart."""


def one(entries: Iterable[Entry], **where: str) -> dict[str, Any]:
    """The only entry with these fields."""
    found = [entry for entry in map(asdict, entries) if where.items() <= entry.items()]
    assert len(found) == 1
    return found[0]


def only(results: Results, keep: Callable[[CellInfo], bool]) -> Results:
    """The same results, where other cells were not asked for."""
    return replace(results, catalogue=results.catalogue.only(keep))


def of_one_family(results: Results) -> Results:
    """The same results, where scramble-bag belongs to the family identity."""
    tasks = results.catalogue.tasks
    tasks = {**tasks, "scramble-bag": replace(tasks["scramble-bag"], family="identity")}
    return replace(results, catalogue=replace(results.catalogue, tasks=tasks))


@pytest.fixture
def entries(results: Results) -> list[Entry]:
    return summarise(results.scores, results.catalogue)


def test_area_of_a_task_with_its_interval_over_seeds(entries: list[Entry]) -> None:
    found = one(entries, name="identity-bits", learner="mlp", metric="area", split="id")
    assert found["value"] == pytest.approx((0.2 + 0.97) / 6 + (0.6 + 0.95) / 3)
    assert found["half_width"] == pytest.approx(HALF, rel=1e-5)
    assert (found["interval"], found["seeds"], found["flags"]) == ("seeds", 3, "")


def test_area_clips_a_score_under_minus_one_seed_by_seed(entries: list[Entry]) -> None:
    found = one(entries, name="identity-bits", learner="linear", metric="area", split="ood")
    assert found["value"] == pytest.approx(-1 / 3 - 0.1 / 3)
    assert found["half_width"] == pytest.approx(HALF * 2 / 3, rel=1e-5)


def test_area_leaves_out_a_seed_with_a_missing_anchor_and_says_so(entries: list[Entry]) -> None:
    found = one(entries, name="identity-bits", learner="cnn", metric="area", split="id")
    whole = (0.6 + 0.97) / 6 + (0.97 + 0.97) / 3
    assert found["value"] == pytest.approx(whole - 0.01)  # seeds 0 and 1 lie 0.01 under the curve
    assert found["half_width"] == pytest.approx(12.7062 * 0.01, rel=1e-4)
    assert (found["seeds"], found["flags"]) == (2, "incomplete")


def test_gap_is_id_minus_ood_at_the_largest_size_paired_by_seed(entries: list[Entry]) -> None:
    found = one(entries, name="scramble-bag", learner="forest", metric="gap")
    assert found["value"] == pytest.approx(0.5)
    assert found["half_width"] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("task", "learner", "split", "anchor", "censored"),
    [
        ("identity-bits", "mlp", "id", 256, False),
        ("identity-bits", "mlp", "ood", 1024, True),
        ("identity-bits", "linear", "id", 64, False),  # the mean of 0.88, 0.9, 0.92 is 0.9
        ("scramble-bag", "mlp", "ood", 64, False),  # reached once, lost again
        ("maze-graph", "oracle", "ood", 16, False),
    ],
)
def test_n_to_reach(entries: list[Entry], task: str, learner: str, split: str, anchor: int, *, censored: bool) -> None:
    found = one(entries, name=task, learner=learner, metric="examples to threshold", split=split)
    assert (found["value"], found["censored"]) == (anchor, censored)


@pytest.mark.parametrize(
    ("learner", "exposed", "censored"), [("cnn", 0, False), ("mlp", 64, False), ("forest", 64, True)]
)
def test_exposed_to_reach_counts_none_as_zero(
    entries: list[Entry], learner: str, exposed: int, *, censored: bool
) -> None:
    found = one(entries, name="identity-bits", learner=learner, metric="OOD examples to threshold")
    assert (found["value"], found["censored"]) == (exposed, censored)


def test_fit_seconds_are_a_models(entries: list[Entry]) -> None:
    assert one(entries, name="identity-bits", learner="mlp", metric="fit seconds")["value"] == pytest.approx(0.5)


def test_family_of_two_tasks_is_averaged_within_each_seed_first(results: Results) -> None:
    results = of_one_family(results)
    found = one(
        summarise(results.scores, results.catalogue), scope="family", name="identity", learner="mlp", split="ood"
    )
    assert found["value"] == pytest.approx((0.4 / 6 + (0.92 + 0.3) / 3) / 2)
    assert found["half_width"] == pytest.approx(HALF, rel=1e-5)  # both tasks move together in the fixture


def test_a_task_without_an_oracle_stays_out_of_means(entries: list[Entry]) -> None:
    assert "text" not in {entry.name for entry in entries if entry.scope == "family"}
    assert one(entries, name="text", learner="mlp", metric="area")["value"] == pytest.approx(0.25)


def test_a_task_without_a_headline_split_has_no_ood_figure(entries: list[Entry]) -> None:
    text = [entry for entry in entries if entry.name == "text"]
    assert {entry.split for entry in text} == {"id", ""}
    assert {entry.metric for entry in text} == {"area", "final", "examples to threshold", "fit seconds"}


def test_learners_stand_in_the_order_of_the_plan_a_variant_after_its_base(results: Results) -> None:
    catalogue = results.catalogue
    names = ("cnn:depth=3", "mlp:width=64")
    learners = {**catalogue.learners, **dict.fromkeys(names, catalogue.learners["mlp"])}
    more = [
        replace(cell, learner=name, key=cell.key + name)
        for name in names
        for cell in catalogue.cells
        if cell.learner == "mlp"
    ]
    catalogue = replace(catalogue, learners=learners, cells=(*catalogue.cells, *more))
    board = make_leaderboard(replace(results, catalogue=catalogue))
    assert board.order["learner"] == ["mlp", "mlp:width=64", "cnn", "cnn:depth=3", "forest", "linear"]
    assert board.order["control"] == ["oracle", "lookup"]


def test_heuristics_are_in_no_mean(entries: list[Entry]) -> None:
    assert {entry.scope for entry in entries if entry.kind == "heuristic"} == {"task"}


def test_marks_of_a_cell_are_carried_to_every_figure_made_from_it(entries: list[Entry]) -> None:
    assert one(entries, name="identity-bits", learner="linear", metric="final", split="id")["flags"] == "capacity"
    diverged = one(entries, name="maze-graph", learner="linear", metric="final", split="id")
    assert (diverged["flags"], diverged["seeds"]) == ("diverged,incomplete", 2)
    assert one(entries, scope="family", name="maze", learner="linear", split="id")["flags"] == "diverged,incomplete"


def test_with_one_seed_the_interval_is_within_the_cell(build_results: Callable[..., Results]) -> None:
    results = build_results(1, errors=0.01)
    results = of_one_family(results)
    entries = summarise(results.scores, results.catalogue)
    task = one(entries, name="identity-bits", learner="mlp", metric="area", split="id")
    assert (task["interval"], task["half_width"]) == ("cell", pytest.approx(0.0196, abs=1e-5))
    family = one(entries, scope="family", name="identity", learner="mlp", split="ood")
    assert family["half_width"] == pytest.approx(1.959964 * 0.01 / 2**0.5, rel=1e-5)


def test_with_one_seed_and_no_errors_there_is_no_interval(build_results: Callable[..., Results]) -> None:
    results = build_results(1)
    entries = summarise(results.scores, results.catalogue)
    assert one(entries, name="identity-bits", learner="mlp", metric="area", split="id")["interval"] == "none"


def test_a_size_that_a_learner_cannot_do_makes_its_area_not_applicable(results: Results) -> None:
    held = results.catalogue.only(lambda cell: (cell.task, cell.learner, cell.size) != ("scramble-bag", "forest", 1024))
    refused = NotApplicable("scramble-bag", "forest", 1024, "out of memory")
    entries = summarise(results.scores, replace(held, not_applicable=(*held.not_applicable, refused)))
    found = one(entries, name="scramble-bag", learner="forest", metric="area", split="ood")
    assert math.isnan(found["value"])
    assert found["flags"] == "n/a"
    assert one(entries, scope="family", name="scramble", learner="forest", split="ood")["flags"] == "n/a"


def test_a_rule_that_was_run_at_one_size_has_the_height_of_its_score(results: Results) -> None:
    results = only(results, lambda cell: cell.learner != "two-hop" or cell.size == 1024)
    entries = summarise(results.scores, results.catalogue)
    found = one(entries, name="maze-graph", learner="two-hop", metric="area", split="id")
    assert (found["value"], found["flags"]) == (pytest.approx(0.8), "")


def test_a_refused_size_is_called_so_in_the_means_too(results: Results) -> None:
    held = results.catalogue.only(lambda cell: cell.learner != "forest" or cell.size < 256)
    refused = [
        NotApplicable(task, "forest", size, "out of memory")
        for task in ("identity-bits", "scramble-bag", "text")
        for size in (256, 1024)
    ]
    entries = summarise(results.scores, replace(held, not_applicable=(*held.not_applicable, *refused)))
    for where in ({"name": "identity"}, {"name": "identity-bits", "metric": "OOD examples to threshold"}):
        assert one(entries, learner="forest", split="ood", **where)["flags"] == "n/a"


def test_a_size_more_for_one_learner_changes_no_figure(results: Results, entries: list[Entry]) -> None:
    more = CellInfo("more", "identity-bits", "cnn", 4096, exposed=0, seed=0)
    catalogue = replace(results.catalogue, cells=(*results.catalogue.cells, more))
    results = replace(results, catalogue=catalogue)
    assert str(summarise(results.scores, results.catalogue)) == str(entries)
    assert make_leaderboard(results).tasks[0].sizes == (16, 64, 256, 1024)


def test_a_learner_that_was_not_asked_for_all_sizes_is_partial(results: Results) -> None:
    held = only(results, lambda cell: (cell.task, cell.learner) != ("identity-bits", "cnn") or cell.size in (16, 64))
    board = make_leaderboard(held)
    found = one(board.entries, name="identity-bits", learner="cnn", metric="area", split="id")
    assert (found["value"], found["flags"]) == (pytest.approx((0.6 + 0.97) / 2 - 0.01), "incomplete,partial")
    own = {entry.metric for entry in board.entries if (entry.name, entry.learner) == ("identity-bits", "cnn")}
    assert own == {"area", "examples to threshold", "fit seconds"}, "it has no score at the largest size"
    assert "partial" in one(board.entries, scope="family", name="identity", learner="cnn", split="ood")["flags"]
    others = [entry for entry in board.entries if entry.scope == "task" and entry.learner != "cnn"]
    assert not any("partial" in entry.flags for entry in others)


def test_a_learner_that_was_asked_for_other_sizes_too_has_its_score_at_the_largest_of_the_task(
    results: Results, entries: list[Entry]
) -> None:
    own = results.catalogue.by_pair["identity-bits", "mlp"]
    beyond = tuple(replace(cell, size=4096, key=cell.key + "+") for cell in own if cell.size == 64)
    held = results.catalogue.only(lambda cell: cell not in own or cell.size in (64, 1024))
    found = summarise(results.scores, replace(held, cells=held.cells + beyond))
    where = {"name": "identity-bits", "learner": "mlp", "metric": "final", "split": "id"}
    assert one(found, **where)["value"] == one(entries, **where)["value"]
    assert "partial" in one(found, **{**where, "metric": "area"})["flags"]


@pytest.mark.parametrize(
    ("planned", "anchors"),
    [
        ({"mlp": [16, 64], "cnn": [16, 64], "gp": [16]}, (16, 64)),
        ({"mlp": [16, 64], "cnn": [16]}, (16, 64)),
        ({"mlp": [16], "oracle": [16, 64], "lookup": [16, 64]}, (16,)),
        ({"oracle": [16, 64]}, (16, 64)),
    ],
)
def test_anchors_are_the_sizes_that_most_learners_were_planned_at(
    planned: dict[str, list[int]], anchors: tuple[int, ...]
) -> None:
    kinds = {name: LearnerInfo("control" if name in ("oracle", "lookup") else "learner") for name in planned}
    cells = [
        CellInfo(f"{name}{size}", "t", name, size, exposed=0, seed=0)
        for name, sizes in planned.items()
        for size in sizes
    ]
    assert anchors_of(Catalogue({"t": TaskInfo()}, kinds, tuple(cells)), "t") == anchors


def test_without_exposed_examples_there_is_no_threshold_of_ood_examples(results: Results) -> None:
    board = make_leaderboard(only(results, lambda cell: not cell.exposed))
    assert "OOD examples to threshold" not in {entry.metric for entry in board.entries}
    assert not any(column.group == "OOD ex." for table in make_tables(board) for column in table.columns)


def test_a_learner_that_was_asked_for_no_exposed_examples_has_no_threshold_of_ood_examples(results: Results) -> None:
    board = make_leaderboard(only(results, lambda cell: cell.learner != "forest" or not cell.exposed))
    table = next(table for table in make_tables(board) if table.label == "identity-bits")
    exposed = [column.group for column in table.columns].index("OOD ex.")
    figures = {name: cells[exposed].text for _, rows in table.row_groups for name, cells in rows}
    assert (figures["forest"], figures["linear"]) == ("–", ">64")
    assert "–: not planned" in table.notes


def test_nothing_measured_yet_is_missing_everywhere(results: Results) -> None:
    empty = replace(results, scores=pd.DataFrame(columns=COLUMNS))
    board = make_leaderboard(empty)
    assert {entry.flags for entry in board.entries} == {"missing", "n/a"}
    assert all(math.isnan(entry.value) for entry in board.entries)
    assert "not run yet: mlp, 18 cells" in board.tasks[0].notes


def test_two_results_of_one_cell_are_refused(results: Results) -> None:
    cells = results.catalogue.cells
    catalogue = replace(results.catalogue, cells=(*cells, replace(cells[0], key="another")))
    with pytest.raises(ValueError, match="two different results for mlp on identity-bits, n = 16, seed 0"):
        summarise(results.scores, catalogue)


def test_two_suite_seeds_are_not_mixed(results: Results) -> None:
    both = of_two_suites(results)
    with pytest.raises(ValueError, match="results of the suite seeds 0, 1, which have different data; select one"):
        make_leaderboard(both)
    for suite_seed in (0, 1):
        entries = make_leaderboard(both.of_suite(suite_seed)).entries
        assert repr(entries) == repr(make_leaderboard(results).entries)
    other = both.of_suite(1)
    assert "seeds 0-2 of suite seed 1" in short_line(other)
    with pytest.raises(UsageError, match="no results of suite seed 2; there are 0, 1"):
        both.of_suite(2)


def test_some_tasks_are_reported_alone(results: Results) -> None:
    everything = make_leaderboard(results).entries
    for chosen, kept in (
        (["scramble-bag"], {"scramble-bag", "scramble"}),
        (["family:identity"], {"identity-bits", "identity"}),
    ):
        board = make_leaderboard(results.of_tasks(chosen))
        assert [repr(entry) for entry in board.entries] == [repr(one) for one in everything if one.name in kept]
    with pytest.raises(UsageError, match="unknown task 'scramble-bags'; did you mean 'scramble-bag'"):
        results.of_tasks(["scramble-bags"])


def of_two_suites(results: Results) -> Results:
    """The same results twice, those of suite seed 0 and of 1."""
    zero = results.scores.assign(suite_seed=0)
    cells = tuple(replace(cell, key=f"{cell.key}/1", suite_seed=1) for cell in results.catalogue.cells)
    return replace(
        results,
        scores=pd.concat([zero, zero.assign(suite_seed=1, key=zero["key"] + "/1")], ignore_index=True),
        catalogue=replace(results.catalogue, cells=(*results.catalogue.cells, *cells)),
    )


def test_an_empty_plan_is_refused(results: Results) -> None:
    results = replace(results, catalogue=Catalogue())
    with pytest.raises(ValueError, match="no cell was planned"):
        make_leaderboard(results)


def test_notes_tell_reasons_and_failures(results: Results) -> None:
    board = make_leaderboard(results)
    notes = {task.name: task.notes for task in board.tasks}
    assert notes["identity-bits"] == ("failed: cnn, 1 cell: timeout: no answer after 60 s",)
    assert notes["text"] == ("n/a: cnn: no order to convolve over",)


def test_mixed_versions_warn(results: Results) -> None:
    other = {**results.provenance[0], "versions": {**results.provenance[0]["versions"], "torch": "2.12.0"}}
    board = make_leaderboard(replace(results, provenance=[*results.provenance, other]))
    assert board.warnings == ("mixed versions of torch: 2.13.0, 2.12.0",)
    assert make_leaderboard(results).warnings == ()


def test_mixed_devices_warn_and_a_device_is_named_unless_it_is_the_processor(results: Results) -> None:
    here, there = ({**results.provenance[0], "resources": {"device": device}} for device in ("cpu", "cuda"))
    imported = {**here, "imported": "answers of a person"}
    assert make_leaderboard(replace(results, provenance=[here, there])).warnings == ("mixed devices: cpu, cuda",)
    on_cuda = replace(results, provenance=[there, imported])
    assert make_leaderboard(on_cuda).warnings == ()
    assert "Device: cuda" in long_lines(on_cuda)
    assert not any(line.startswith("Device") for line in long_lines(replace(results, provenance=[here])))


def test_points_of_a_figure_have_the_same_intervals_as_the_table(results: Results, entries: list[Entry]) -> None:
    points = curve_points(results.scores, results.catalogue)
    point = points.query(
        "task == 'scramble-bag' and learner == 'mlp' and size == 1024 and exposed == 0 and split == 'id'"
    )
    final = one(entries, name="scramble-bag", learner="mlp", metric="final", split="id")
    assert point["mean"].item() == pytest.approx(final["value"])
    assert point["half_width"].item() == pytest.approx(final["half_width"])


def test_reports_load_neither_torch_nor_learners_nor_tasks() -> None:
    code = (
        "import sys, grue.analysis.summary, grue.reports.formats, grue.reports.figures\n"
        "print([m for m in sys.modules if m == 'torch' or m.startswith(('grue.learners', 'grue.tasks'))])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
