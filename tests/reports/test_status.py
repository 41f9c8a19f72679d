"""Tasks by their status on the list: listed apart, and which of them means count."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from grue.analysis.summary import summarise
from grue.reports.formats import FORMATS, make_tables, render
from grue.reports.leaderboard import make_leaderboard, summary_of
from grue.reports.overview import overview_figure
from grue.runs.results import Results
from grue.runs.status import Decision, StatusList

LISTED = {"identity-bits": "measures", "scramble-bag": "frontier", "maze-graph": "undecided"}


def titles(results: Results, listed: dict[str, str]) -> list[str]:
    """The titles of all tables but those by task."""
    tables = make_tables(make_leaderboard(results, listed))
    return [table.title for table in tables if "(family" not in table.title]


def of_one_family(results: Results) -> Results:
    """The same results, where all ranked tasks belong to the family identity."""
    tasks = {name: replace(task, family="identity") for name, task in results.catalogue.tasks.items()}
    return replace(results, catalogue=replace(results.catalogue, tasks=tasks))


def test_tasks_that_measure_come_first_and_the_others_are_listed_apart(results: Results) -> None:
    assert titles(results, LISTED) == [
        "Leaderboard: tasks that measure",
        "Leaderboard: frontier tasks",
        "Leaderboard: undecided tasks",
        "OOD examples to 0.9: tasks that measure",
        "OOD examples to 0.9: frontier tasks",
        "OOD examples to 0.9: undecided tasks",
        "By family",
    ]
    boards = make_tables(summary_of(make_leaderboard(results, LISTED)))
    assert boards[0].footnote.endswith("a frontier task does not; of an undecided task this is not known yet.")
    assert [[column.head for column in table.columns] for table in boards] == [["identity"], ["scramble"], ["maze"]]


def test_tables_of_one_status_are_numbered_apart_from_the_others(results: Results) -> None:
    catalogue = results.catalogue
    names = [f"copy-{number}" for number in range(9)]
    tasks = {**catalogue.tasks, **dict.fromkeys(names, catalogue.tasks["identity-bits"])}
    cells = [
        replace(cell, task=name, key=f"{name}/{cell.key}")
        for name in names
        for cell in catalogue.cells
        if cell.task == "identity-bits"
    ]
    more = replace(results, catalogue=replace(catalogue, tasks=tasks, cells=(*catalogue.cells, *cells)))
    board = summary_of(make_leaderboard(more, {**LISTED, **dict.fromkeys(names, "frontier")}))
    found = {table.label: (table.title, len(table.columns)) for table in make_tables(board)}
    assert found == {
        "board-measures": ("Leaderboard: tasks that measure", 1),
        "board-frontier1": ("Leaderboard: frontier tasks, part 1", 8),
        "board-frontier2": ("Leaderboard: frontier tasks, part 2", 2),
        "board-undecided": ("Leaderboard: undecided tasks", 1),
    }


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_without_a_decided_task_all_are_listed_together_and_count_in_means(results: Results, form: str) -> None:
    undecided = dict.fromkeys(LISTED, "undecided")
    board = make_leaderboard(results, undecided)
    assert render(board, form) == render(make_leaderboard(results), form)
    assert titles(results, undecided) == ["Leaderboard", "OOD examples to 0.9", "By family"]
    assert board.families == ("identity", "scramble", "maze")
    if form in ("text", "md"):
        text = " ".join(render(board, form).split())
        assert "all of them count, since the status of none is decided" in text


def test_a_family_mean_counts_only_tasks_that_measure(results: Results) -> None:
    results = of_one_family(results)
    board = make_leaderboard(results, LISTED)
    means = {(entry.learner, entry.split): entry for entry in board.entries if entry.scope == "family"}
    areas = {
        (entry.learner, entry.split): entry
        for entry in board.entries
        if (entry.scope, entry.name, entry.metric) == ("task", "identity-bits", "area")
    }
    assert means.keys() == {(learner, split) for learner, split in areas if learner != "all-but-frozen"}
    for pair, entry in means.items():
        shown = [(one.value, one.half_width, one.low, one.high) for one in (entry, areas[pair])]
        assert shown[0] == pytest.approx(shown[1], nan_ok=True)
    everything = {
        (entry.learner, entry.split): entry.value
        for entry in summarise(results.scores, results.catalogue)
        if entry.scope == "family"
    }
    assert everything["mlp", "id"] != pytest.approx(means["mlp", "id"].value)


def test_a_family_without_a_task_that_measures_has_no_mean_and_the_note_names_it(results: Results) -> None:
    board = make_leaderboard(results, LISTED)
    assert {entry.name for entry in board.entries if entry.scope == "family"} == {"identity"}
    (table,) = (table for table in make_tables(board) if table.title == "By family")
    assert "mean over the measuring tasks of a family" in table.footnote
    assert table.footnote.endswith("No mean, since no task of the family measures: scramble, maze.")


def test_a_folder_of_frontier_tasks_has_no_table_of_families_and_says_why(results: Results) -> None:
    board = make_leaderboard(results, dict.fromkeys(LISTED, "frontier"))
    first, *others = make_tables(board)
    assert first.title == "Leaderboard: frontier tasks"
    assert "No mean, since no task of the family measures: identity, scramble, maze" in first.notes
    assert "By family" not in {table.title for table in others}


def test_the_table_of_a_frontier_task_says_that_it_is_in_no_mean(results: Results) -> None:
    captions = {table.label: table.caption for table in make_tables(make_leaderboard(results, LISTED))}
    assert "frontier task, not included in means" in captions["scramble-bag"]
    assert "not included in means" not in captions["identity-bits"]
    assert captions["text"].count("not included in means") == 1


def test_csv_and_json_have_the_status_of_ranked_tasks(results: Results) -> None:
    board = make_leaderboard(results, LISTED)
    rows = list(csv.DictReader(io.StringIO(render(board, "csv"))))
    by_task = {row["name"]: row["task_status"] for row in rows if row["scope"] == "task"}
    assert by_task == {**LISTED, "text": ""}
    assert {row["task_status"] for row in rows if row["scope"] == "family"} == {""}
    tasks = json.loads(render(board, "json"))["tasks"]
    assert {name: task["status"] for name, task in tasks.items()} == {**LISTED, "text": None}


def test_the_list_decides_one_version_of_a_task(results: Results) -> None:
    decided = StatusList(
        {"scramble-bag": Decision("frontier", "scramble", 1, 10), "maze-graph": Decision("measures", "maze", 2, 10)}
    )
    assert decided.listed(results.catalogue) == {
        "identity-bits": "undecided",
        "scramble-bag": "frontier",
        "maze-graph": "undecided",
        "text": "undecided",
    }


def panels(results: Results, listed: dict[str, str] | None) -> tuple[list[str], str]:
    """The first lines of the titles of the panels of the overview, and all text under it."""
    figure = overview_figure(results, listed)
    assert figure is not None
    heads = [axes.get_title(loc="left").splitlines()[0] for axes in figure.axes]
    return heads, " ".join(text.get_text() for text in figure.texts)


def test_the_overview_shows_tasks_that_measure_first_and_names_the_status_of_the_others(results: Results) -> None:
    listed = {"identity-bits": "undecided", "scramble-bag": "frontier", "maze-graph": "measures"}
    heads, text = panels(results, listed)
    assert heads == ["maze", "scramble (frontier)", "identity (undecided)"]
    assert "A task measures if" in text
    heads, text = panels(results, None)
    assert heads == ["identity", "scramble", "maze"]
    assert "measure" not in text


def test_the_overview_says_how_many_tasks_it_leaves_out(results: Results, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Left out" not in panels(results, LISTED)[1]
    monkeypatch.setattr("grue.reports.overview.COLUMNS", 2)
    heads, text = panels(results, {**LISTED, "identity-bits": "frontier", "maze-graph": "measures"})
    assert heads == ["maze", "identity (frontier)"]
    assert "Left out: 1 of 3 ranked tasks (those that measure are shown first)." in text
