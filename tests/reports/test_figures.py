"""What is drawn, and that the files do not change from one run to the next."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from grue.reports.figures import write_figures
from grue.reports.labels import fitting_labels, shortened, spread
from grue.reports.leaderboard import is_final, make_leaderboard
from grue.reports.names import base_and_variant
from grue.reports.overview import overview_figure
from grue.reports.scale import TICKS
from grue.reports.style import KNOWN, line_styles
from grue.reports.task_figure import task_figure
from grue.runs.reading import read
from grue.runs.results import Results


def test_panels_are_the_splits_and_the_exposure(results: Results) -> None:
    titles = [axes.get_title(loc="left") for axes in task_figure(results, "maze-graph").axes]
    assert titles[:5] == ["train", "ID (unseen)", "OOD: far (headline)", "OOD: size", "with OOD examples: far"]


def test_a_task_without_a_headline_has_no_panel_of_exposed_examples(results: Results) -> None:
    titles = [axes.get_title(loc="left") for axes in task_figure(results, "text").axes]
    assert [title for title in titles if title] == ["train", "ID (unseen)"]


def test_a_line_is_the_mean_over_seeds_at_every_size(results: Results) -> None:
    axes = task_figure(results, "maze-graph").axes[1]
    drawn = [np.asarray(line.get_xydata()) for line in axes.lines]
    wanted = np.array([(16, 0.1), (64, 0.2), (256, 0.4), (1024, 0.6)])
    assert any(line.shape == wanted.shape and np.allclose(line, wanted) for line in drawn)


def test_the_last_panel_is_drawn_against_exposed_examples_from_zero(results: Results) -> None:
    axes = task_figure(results, "identity-bits").axes[-1]
    drawn = [np.asarray(line.get_xydata()) for line in axes.lines]
    wanted = np.array([(0, 0.0), (16, 0.5), (64, 0.95)])
    assert any(line.shape == wanted.shape and np.allclose(line, wanted) for line in drawn)
    assert axes.get_xscale() == "symlog"


def test_rules_are_named_by_letters_in_the_margin_that_the_legend_explains(results: Results) -> None:
    figure = task_figure(results, "maze-graph")
    far = figure.axes[2]
    assert {text.get_text(): text.xy for text in far.texts if isinstance(text, Annotation)} == {
        "a": (1, pytest.approx(0, abs=0.05)),
        "b": (1, pytest.approx(0.1, abs=0.05)),
        "o": (1, 1),
    }
    explained = {text.get_text() for text in figure.legends[1].get_texts()}
    assert explained == {"a: copy-goal", "b: two-hop", "o: oracle"}


def test_equal_rules_share_a_label(results: Results) -> None:
    train = task_figure(results, "identity-bits").axes[0]
    assert [text.get_text() for text in train.texts] == ["ao"]


def test_the_axis_goes_deep_only_where_a_score_does_and_clips_at_minus_one(results: Results) -> None:
    deep = task_figure(results, "identity-bits").axes[2]
    assert deep.get_ylim()[0] == min(TICKS)
    lowest = min(np.min(line.get_ydata()) for line in deep.lines if len(np.atleast_1d(line.get_ydata())))
    assert lowest == -1
    assert task_figure(results, "maze-graph").axes[2].get_ylim()[0] == max(TICKS)


def test_figures_are_written_in_three_formats_and_are_the_same_each_time(results: Results, tmp_path: Path) -> None:
    catalogue = results.catalogue.only(lambda cell: cell.task == "text")
    refused = tuple(row for row in catalogue.not_applicable if row.task == "text")
    catalogue = replace(catalogue, tasks={"text": catalogue.tasks["text"]}, not_applicable=refused)
    results = replace(results, catalogue=catalogue, scores=results.scores[results.scores["task"] == "text"])
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        written = [path.name for path in write_figures(results, folder)]
        assert written == ["text.svg", "text.pdf", "text.png"]
    for name in ("text.svg", "text.pdf", "text.png"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_a_task_without_scores_is_refused(results: Results) -> None:
    with pytest.raises(ValueError, match="no results for the task 'parity'"):
        task_figure(results, "parity")


def test_a_known_learner_looks_the_same_whoever_else_takes_part() -> None:
    assert line_styles(["forest"])["forest"] == line_styles([*KNOWN, "my-own"])["forest"]


def test_no_two_learners_look_the_same() -> None:
    names = [*KNOWN, *(f"own-{number}" for number in range(40))]
    names += [f"{name}{variant}" for name in names for variant in ("@tuned", ":encoding=onehot")]
    assert len(set(line_styles(names).values())) == len(names)


@pytest.mark.parametrize(
    ("name", "base", "variant"),
    [
        ("mlp", "mlp", ""),
        ("mlp:encoding=onehot", "mlp", "encoding=onehot"),
        ("mlp:depth=2,width=64", "mlp", "depth=2,width=64"),
        ("mlp@tuned", "mlp", "tuned"),
        ("mlp@tuned:encoding=onehot", "mlp", "tuned:encoding=onehot"),
        ("my.module:Learner", "my.module:Learner", ""),
        ("my.module:Learner:width=64", "my.module:Learner", "width=64"),
        ("transformer-scratchpad", "transformer-scratchpad", ""),
    ],
)
def test_a_name_is_a_base_and_a_variant(name: str, base: str, variant: str) -> None:
    assert base_and_variant(name) == (base, variant)


def test_a_variant_has_the_colour_and_marker_of_its_base_but_hollow_and_on_a_broken_line() -> None:
    found = line_styles(["mlp", "mlp:encoding=onehot", "forest:encoding=onehot", "mlp@tuned"])
    base, onehot, tuned = found["mlp"], found["mlp:encoding=onehot"], found["mlp@tuned"]
    assert (onehot.colour, onehot.marker, onehot.hollow) == (base.colour, base.marker, True)
    assert len({base.dashes, onehot.dashes, tuned.dashes}) == 3
    assert found["forest:encoding=onehot"].dashes == onehot.dashes


def with_learners(results: Results, task: str, names: list[str]) -> Results:
    """Put copies of mlp under these names beside the learners of a task."""
    own = results.scores[results.scores["task"] == task]
    mlp = own[own["learner"] == "mlp"]
    learners = results.catalogue.learners
    catalogue = replace(results.catalogue, learners={**learners, **dict.fromkeys(names, learners["mlp"])})
    return replace(results, catalogue=catalogue, scores=pd.concat([own, *[mlp.assign(learner=name) for name in names]]))


def headings(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts if text.get_fontstyle() == "italic"]


def test_many_variants_of_a_kind_get_rows_of_their_own(results: Results) -> None:
    names = [f"{name}:encoding=onehot" for name in ("mlp", "cnn", "forest", "linear", "gp")]
    figure = task_figure(with_learners(results, "identity-bits", [*names, "mlp@tuned"]), "identity-bits")
    assert headings(figure) == ["base learners", "variants: encoding=onehot"]
    assert len(figure.axes) == 8
    always = len(["lookup", "chance", "both rules, which are equal in distribution"])
    together = len(["mlp", "cnn", "forest", "linear", "mlp@tuned"])
    assert [len(axes.lines) for axes in figure.axes[1::4]] == [together + always, len(names) + always]


def test_few_curves_stay_together(results: Results) -> None:
    names = [f"{name}:encoding=onehot" for name in ("mlp", "cnn", "forest")]
    figure = task_figure(with_learners(results, "identity-bits", names), "identity-bits")
    assert headings(figure) == []
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert entries == ["mlp", "cnn", "forest", "linear", "lookup", "encoding=onehot", "other learners"]


@pytest.mark.parametrize("more", [0, 6, 40])
def test_everything_lies_within_the_figure_and_no_text_on_another(results: Results, more: int) -> None:
    names = [f"a.module:Learner{number}{':width=64,depth=3' * (number % 2)}" for number in range(more)]
    figure = task_figure(with_learners(results, "maze-graph", names), "maze-graph")
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    whole = figure.bbox
    parts = [artist.get_window_extent(renderer) for artist in [*figure.legends, *figure.texts]]
    parts += [box for axes in figure.axes if (box := axes.get_tightbbox(renderer)) is not None]
    assert len(parts) >= 10
    for box in parts:
        assert whole.x0 <= box.x0 < box.x1 <= whole.x1
        assert whole.y0 <= box.y0 < box.y1 <= whole.y1
    for place, box in enumerate(parts):
        assert not [other for other in parts[:place] if box.overlaps(other)]
    assert whole.width / figure.dpi == pytest.approx(6.9)


@given(st.lists(st.floats(-1, 1), max_size=8).map(sorted), st.floats(0.01, 0.3))
def test_labels_are_spread_apart_in_order_and_stay_where_they_have_room(places: list[float], room: float) -> None:
    found = spread(places, room)
    assert all(after - before >= room - 1e-9 for before, after in pairwise(found))
    if all(after - before >= room for before, after in pairwise(places)):
        assert found == pytest.approx(places)
    assert sum(found) == pytest.approx(sum(places), abs=1e-9)


def test_a_long_name_loses_its_middle() -> None:
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("abcdefghijk", 10) == "abcde…hijk"


def test_tick_labels_are_left_out_where_they_have_no_room() -> None:
    sizes = ["16", "64", "256", "1024"]
    assert fitting_labels(sizes, [0, 2.5, 5.5, 9.5], 1) == [0, 1, 2, 3]
    assert fitting_labels(sizes, [0, 2.5, 5.5, 9.4], 1) == [1, 3]
    assert fitting_labels(["16", "64", "256", "1024", "1400"], [0, 10, 20, 30, 32], 1) == [0, 2, 4]
    assert fitting_labels(["1024"], [0], 1) == [0]


def test_the_overview_shows_the_scores_at_the_largest_size_also_of_bimodal_outcomes() -> None:
    results = read(["reference/quick"])
    board = make_leaderboard(results)
    figure = overview_figure(results)
    assert figure is not None
    (panel,) = (axes for axes in figure.axes if axes.get_title(loc="left").startswith("identity"))
    labels = [label.get_text() for label in panel.get_yticklabels()]
    shown = {
        labels[int(np.ravel(line.get_ydata())[0])]: float(np.ravel(line.get_xdata())[0])
        for line in panel.get_lines()
        if line.get_marker() == "o" and line.get_markerfacecolor() != "white"
    }
    finals = {
        entry.learner: entry.value
        for entry in board.entries
        if is_final(entry) and (entry.name, entry.split) == ("identity-bits", "ood")
    }
    assert "cnn" in shown
    assert all(value == pytest.approx(finals[learner]) for learner, value in shown.items())
