"""Several folders on one leaderboard: what they share is compared, and the rest stands in an appendix."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from grue.analysis.sharing import share
from grue.reports.formats import FORMATS, make_tables, render
from grue.reports.leaderboard import make_leaderboard, summary_of
from grue.runs.catalogue import Catalogue, CellInfo
from grue.runs.results import Results
from grue.runs.union import merge_catalogues

MINE = "mine:Learner"


def with_mine(results: Results, keep: Callable[[CellInfo], bool], more: tuple[CellInfo, ...] = ()) -> Results:
    """The fixture as one folder, and beside it one of a learner like cnn at the cells that `keep` accepts."""
    theirs = results.catalogue
    cells = [replace(cell, learner=MINE, key=cell.key + MINE) for cell in theirs.cells if cell.learner == "cnn"]
    held = tuple(cell for cell in cells if keep(cell)) + more
    named = {cell.task for cell in held}
    tasks = {name: theirs.tasks.get(name, theirs.tasks["maze-graph"]) for name in [*theirs.tasks, *named]}
    own = Catalogue({name: tasks[name] for name in tasks if name in named}, {MINE: theirs.learners["cnn"]}, held)
    rows = results.scores[results.scores["learner"] == "cnn"]
    rows = rows.assign(learner=MINE, key=rows["key"] + MINE)
    rows = rows[rows["key"].isin(list(own.by_key))]
    whole = merge_catalogues([theirs, own], supersede=False)
    folders = {"reference": theirs, "my-run": own}
    return replace(results, catalogue=whole, scores=pd.concat([results.scores, rows]), folders=folders)


EXTRA = tuple(CellInfo(f"extra{size}", "my-task", MINE, size, exposed=0, seed=0) for size in (16, 64))


def test_a_task_more_in_one_folder_leaves_the_learners_of_both_comparable(results: Results) -> None:
    alone = make_leaderboard(results)
    board = make_leaderboard(with_mine(results, lambda cell: cell.task != "text", EXTRA))
    assert [task.name for task in board.tasks] == ["identity-bits", "scramble-bag", "maze-graph"]
    assert not any("partial" in entry.flags for entry in board.entries if entry.learner == MINE)
    theirs = [entry for entry in board.entries if entry.learner != MINE]
    assert str(theirs) == str([entry for entry in alone.entries if entry.name != "text"])


def test_what_is_left_out_is_said_and_stands_in_the_appendix(results: Results) -> None:
    board = make_leaderboard(with_mine(results, lambda cell: cell.task != "text", EXTRA))
    assert board.left_out == (
        "left out: text (not in my-run)",
        "left out: my-task (not in reference)",
    )
    titles = [table.title for table in make_tables(board)]
    assert titles[-2:] == ["Appendix: text (family text)", "Appendix: my-task (family maze)"]
    assert not any("my-task" in title for title in titles[:-2])
    assert board.left_out[1] in " ".join(render(summary_of(board), "md").split())
    document = json.loads(render(board, "json"))
    assert document["left_out"] == list(board.left_out)
    assert {entry["name"] for entry in document["appendix"]} == {"text", "my-task"}


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_every_format_has_both_parts(results: Results, form: str) -> None:
    text = render(make_leaderboard(with_mine(results, lambda cell: cell.task != "text", EXTRA)), form)
    assert "my-task" in text
    assert "appendix" in text.lower()


def test_sizes_that_only_one_folder_has_are_left_out_of_the_comparison(results: Results) -> None:
    mine = with_mine(results, lambda cell: cell.size <= 256 and cell.task == "identity-bits")
    board = make_leaderboard(mine)
    (task,) = board.tasks
    assert task.sizes == (16, 64, 256)
    assert "left out: identity-bits (n = 1024, not in my-run)" in board.left_out
    assert board.appendix is not None
    assert board.appendix.tasks[0].sizes == (16, 64, 256, 1024)


def test_folders_with_the_same_tasks_or_with_none_in_common_make_one_table(results: Results) -> None:
    same = with_mine(results, lambda cell: True)  # noqa: ARG005
    without_text = same.catalogue.only(lambda cell: cell.task != "text")
    assert share(without_text, dict.fromkeys(("a", "b"), without_text)) is None
    parts = {
        name: replace(results.catalogue.only(lambda cell, name=name: cell.task == name), tasks={name: task})
        for name, task in results.catalogue.tasks.items()
    }
    assert share(results.catalogue, parts) is None


def test_a_task_that_is_not_applicable_in_one_folder_is_shared(results: Results) -> None:
    whole = results.catalogue
    nothing = whole.only(lambda cell: cell.task != "text")
    assert share(whole, {"a": whole, "b": nothing}) is None
