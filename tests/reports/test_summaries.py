"""Code length, share of seeds solved, and the floor of intervals, from results to tables and figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.path import Path

from grue.analysis.intervals import wilson
from grue.analysis.points import curve_points
from grue.analysis.summary import summarise
from grue.reports.figures import task_figure
from grue.reports.formats import render
from grue.reports.leaderboard import make_leaderboard, summary_of
from grue.runs.results import Results


def with_code(results: Results) -> Results:
    """2 bits per ID example at every size, for `mlp` and `cnn` on maze-graph."""
    rows = results.scores
    rows = rows.loc[(rows["task"] == "maze-graph") & rows["learner"].isin(["mlp", "cnn"])]
    rows = rows.loc[(rows["split"] == "id") & (rows["metric"] == "score")].assign(metric="code_bits", value=2.0)
    return replace(results, scores=pd.concat([results.scores, rows], ignore_index=True))


def test_the_code_length_is_a_column_beside_the_area(results: Results) -> None:
    coded = with_code(results)
    found = {
        entry.learner: entry for entry in summarise(coded.scores, coded.catalogue) if entry.metric == "code length"
    }
    assert found.keys() == {"mlp", "cnn"}
    assert found["mlp"].value == 2 * (1024 - 16)
    text = render(make_leaderboard(coded), "text")
    assert "code length: prequential, in bits" in text.replace("\n", " ")
    assert "2016" in text


def test_a_code_length_has_the_error_of_its_test_examples_as_a_floor(results: Results) -> None:
    coded = with_code(results)
    errors = coded.scores.loc[coded.scores["metric"] == "code_bits"].assign(metric="code_bits_error", value=0.1)
    scores = pd.concat([coded.scores, errors], ignore_index=True)
    (found,) = [
        entry for entry in summarise(scores, coded.catalogue) if (entry.learner, entry.metric) == ("mlp", "code length")
    ]
    assert found.half_width == pytest.approx(4.302653 * 0.1 * (1024 - 16) / 3**0.5, rel=1e-5)


def test_an_area_says_how_many_of_its_cells_are_flagged(results: Results) -> None:
    entries = [
        entry
        for entry in summarise(results.scores, results.catalogue)
        if (entry.name, entry.learner) == ("identity-bits", "linear")
    ]
    found = {(entry.metric, entry.split): (entry.flagged, entry.cells) for entry in entries}
    assert found["area", "ood"] == (3, 12)
    assert found["final", "ood"] == (3, 3)
    assert found["OOD examples to threshold", "ood"] == (9, 9)
    board = make_leaderboard(results)
    text = render(board, "text")
    assert "-0.37 ± 0.03 ◇3/12" in text
    assert "2/15 after symbols: 2 of the 15 cells" in text.replace("\n", " ")
    summary = render(summary_of(board), "text")
    assert "◇" in summary
    assert "2/15" not in summary
    first, *_ = render(board, "csv").splitlines()
    assert "cells,flagged,flags" in first


def test_the_table_of_exposure_has_an_interval_and_shows_what_is_not_reached(results: Results) -> None:
    text = render(make_leaderboard(results), "text")
    below = text.split("OOD examples to 0.9\n", 1)[1].split("By family")[0]
    rows = {line.split()[0]: line.split()[1:] for line in below.splitlines() if line.strip()}
    assert rows["mlp"] == ["64", "[64,64]", ">64", ">64"]
    assert rows["cnn"] == ["0", "[0,0]", ">64", ">64"]


def test_no_table_is_wider_than_a_terminal(build_results: Callable[..., Results]) -> None:
    text = render(make_leaderboard(with_code(build_results(3, errors=0.1))), "text").split("Provenance")[0]
    assert max(map(len, text.splitlines())) <= 100


def test_results_without_bits_have_no_such_column(results: Results) -> None:
    assert "code length" not in render(make_leaderboard(results), "text")


def test_a_learner_that_solves_the_task_with_some_seeds_is_named_with_their_share(results: Results) -> None:
    rows = results.scores.copy()
    chosen = (rows["task"] == "maze-graph") & (rows["learner"] == "cnn") & (rows["size"] == 1024)
    chosen &= (rows["split"] == "far") & (rows["metric"] == "score") & (rows["exposed"] == 0)
    rows.loc[chosen, "value"] = rows.loc[chosen, "seed"].map({0: 0.95, 1: 0.1, 2: 1.0})
    board = make_leaderboard(replace(results, scores=rows))
    (found,) = [entry for entry in board.entries if entry.metric == "solved"]
    assert (found.learner, found.split, found.value, found.seeds) == ("cnn", "ood", pytest.approx(2 / 3), 3)
    assert (found.low, found.high) == wilson(2, 3)
    assert "cnn OOD 2 of 3 (21 to 94 %)" in render(board, "text").replace("\n", " ")
    (final,) = [
        entry
        for entry in board.entries
        if (entry.name, entry.learner, entry.metric, entry.split) == ("maze-graph", "cnn", "final", "ood")
    ]
    assert (final.low, final.high, final.interval) == (0.1, 1.0, "range")
    assert "0.68 [0.10,1.00]" in render(board, "text"), "no t interval, which is too narrow for two groups"
    summary = render(summary_of(board), "text").replace("\n", " ")
    assert "Wilson's 95 % interval: maze cnn OOD 2 of 3 (21 to 94 %)" in summary


def test_no_interval_is_printed_as_zero(build_results: Callable[..., Results]) -> None:
    board = make_leaderboard(build_results(3, errors=0.001))
    text = render(board, "text")
    assert "± 0.00" not in text
    assert "± <0.01" in text


def test_points_of_a_figure_have_the_same_floor_as_the_table(build_results: Callable[..., Results]) -> None:
    results = build_results(3, errors=0.1)
    points = curve_points(results.scores, results.catalogue)
    finals = [entry for entry in summarise(results.scores, results.catalogue) if entry.metric == "final"]
    (final,) = [one for one in finals if (one.name, one.learner, one.split) == ("maze-graph", "oracle", "ood")]
    point = points.query("task == 'maze-graph' and learner == 'oracle' and size == 1024 and exposed == 0")
    assert point.loc[point["split"] == "far", "half_width"].item() == pytest.approx(final.half_width)
    assert final.half_width == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-5)


def test_the_area_up_to_lookup_is_grey_except_on_the_training_set(results: Results) -> None:
    rows = results.scores.copy()
    rows.loc[(rows["learner"] == "lookup") & (rows["split"] == "id"), "value"] = 0.25
    train, id_panel, *_ = task_figure(replace(results, scores=rows), "maze-graph").axes
    assert not grey(train)
    (path,) = grey(id_panel)
    assert np.asarray(path.vertices)[:, 1].max() == 0.25


def grey(axes: Axes) -> list[Path]:
    areas = [one for one in axes.collections if isinstance(one, PolyCollection) and one.get_zorder() < 1]
    return [path for one in areas for path in one.get_paths()]


def test_training_scores_have_no_floor(build_results: Callable[..., Results]) -> None:
    results = build_results(3, errors=0.1)
    points = curve_points(results.scores, results.catalogue)
    assert (points.loc[points["split"] == "train", "half_width"].dropna() < 0.01).any()
