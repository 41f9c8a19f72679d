"""A task that is measured in bits: lower is better, so there is no area, no level to reach, and the gap is turned."""

from __future__ import annotations

from dataclasses import replace

import pytest

from grue.analysis.entries import Entry
from grue.analysis.summary import summarise
from grue.reports.figures import task_figure
from grue.reports.formats import make_tables
from grue.reports.leaderboard import make_leaderboard
from grue.runs.results import Results

TASK = "maze-graph"


@pytest.fixture
def bits(results: Results) -> Results:
    """maze-graph of the fixture, as if its scores were bits: those of far are lower, so it is the easier side."""
    own = results.scores["task"] == TASK
    results.scores.loc[own & (results.scores["metric"] == "score"), "metric"] = "bits"
    catalogue = results.catalogue
    task = replace(catalogue.tasks[TASK], metric="bits", greater_is_better=False, ranked=False)
    return replace(results, catalogue=replace(catalogue, tasks={**catalogue.tasks, TASK: task}))


def own_entries(results: Results, learner: str) -> dict[tuple[str, str], Entry]:
    entries = summarise(results.scores, results.catalogue)
    return {(entry.metric, entry.split): entry for entry in entries if (entry.name, entry.learner) == (TASK, learner)}


def test_there_are_no_areas_and_no_levels(bits: Results) -> None:
    own = own_entries(bits, "cnn")
    assert {metric for metric, _ in own} == {"final", "gap", "fit seconds"}
    assert own["final", "id"].value == pytest.approx(0.8, abs=0.03)


def test_the_gap_is_what_is_lost_out_of_distribution(bits: Results) -> None:
    own = own_entries(bits, "cnn")
    assert own["gap", ""].value == pytest.approx(own["final", "ood"].value - own["final", "id"].value)


def test_it_stays_out_of_means(bits: Results) -> None:
    entries = summarise(bits.scores, bits.catalogue)
    assert "maze" not in {entry.name for entry in entries if entry.scope == "family"}


def test_the_table_shows_the_best_heuristic_first(bits: Results) -> None:
    table = next(table for table in make_tables(make_leaderboard(bits)) if table.label == TASK)
    assert [column.head for column in table.columns] == ["ID at 1024", "OOD at 1024", "gap", "fit s"]
    assert "lower is better" in table.footnote
    assert "bits" in table.caption
    heuristics = dict(table.row_groups)["heuristics"]
    assert [name for name, _ in heuristics] == ["copy-goal", "two-hop"], "0.00 and 0.10 bits out of distribution"


def test_the_axis_goes_as_far_as_the_curves(bits: Results) -> None:
    rows = bits.scores["learner"] == "two-hop"
    bits.scores.loc[rows & (bits.scores["metric"] == "bits"), "value"] = 8.0
    bits.scores.loc[~rows & (bits.scores["metric"] == "bits"), "value"] += 1.5
    figure = task_figure(bits, TASK)
    low, high = figure.axes[0].get_ylim()
    assert 0.8 < low < 1
    assert 3 < high < 3.2, "as far as the curves, not up to the rule at 8"
    assert figure.axes[0].get_ylabel() == "bits per character"
    said = " ".join(text.get_text() for text in figure.texts)
    assert "lower is better" in said
    assert "heuristics at the upper edge: above it" in said
