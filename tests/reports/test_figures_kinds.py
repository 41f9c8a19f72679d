"""Figures over all tasks: who is in colour and in which one, widths, fonts, no text on another, and bad input."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from typer.testing import CliRunner

import grue.runs.reading
from grue.cli import app
from grue.reports.cost_figure import pareto
from grue.reports.figures import KINDS, figures_of, write_kind
from grue.reports.highlights import LIMIT, Highlights, highlights
from grue.reports.id_ood_figure import id_and_ood
from grue.reports.panel_grid import broken, pages
from grue.reports.style import KNOWN, OTHERS, WIDTHS, line_styles, theme
from grue.runs.errors import UsageError
from grue.runs.reading import read
from grue.runs.results import Results
from grue.runs.selection import renamed

DRAWN = [kind for kind in KINDS if kind != "factors"]  # nothing is crossed in the results of conftest.py
COLOURED = [kind for kind in DRAWN if kind != "overview"]
STRANGE = ["my.module:Le_ar&ner$%#", "<b>x</b>:width=64", "../../etc", "=1+2", "other", "one-more", "and-more"]


def with_learners(results: Results, names: list[str]) -> Results:
    """Put copies of mlp under these names beside the learners of every task."""
    mlp = results.catalogue.learners["mlp"]
    cells = [cell for cell in results.catalogue.cells if cell.learner == "mlp"]
    copies = [replace(cell, learner=name, key=f"{name} {cell.key}") for name in names for cell in cells]
    own = results.scores.loc[results.scores["learner"] == "mlp"]
    scores = [results.scores, *(own.assign(learner=name, key=f"{name} " + own["key"]) for name in names)]
    catalogue = replace(
        results.catalogue,
        learners={**results.catalogue.learners, **dict.fromkeys(names, mlp)},
        cells=(*results.catalogue.cells, *copies),
    )
    return replace(results, scores=pd.concat(scores, ignore_index=True), catalogue=catalogue)


def only(results: Results, kind: str, width: str = "text", learners: tuple[str, ...] = ()) -> Figure:
    """The first figure of a kind."""
    return next(figures_of(results, kind, width=width, learners=learners))[1]


def legend(figure: Figure) -> dict[str, str]:
    """Label -> colour of the entries of the first legend."""
    found = figure.legends[0]
    return {
        text.get_text(): to_hex(line.get_color())
        for text, line in zip(found.get_texts(), found.get_lines(), strict=True)
    }


@pytest.mark.parametrize("kind", COLOURED)
def test_a_learner_has_the_same_colour_in_every_figure(results: Results, kind: str) -> None:
    results = with_learners(results, STRANGE)
    styles = line_styles(results.catalogue.learners)
    shown = {name: colour for name, colour in legend(only(results, kind)).items() if name in styles}
    assert shown
    assert shown == {name: to_hex(styles[name].colour) for name in shown}


@pytest.mark.parametrize("kind", COLOURED)
def test_at_most_six_learners_of_a_panel_are_in_colour(results: Results, kind: str) -> None:
    results = with_learners(results, STRANGE)
    styles = line_styles(results.catalogue.learners)
    kinds = {name: info.kind for name, info in results.catalogue.learners.items()}
    looks = {(to_hex(styles[name].colour), styles[name].marker) for name in kinds if kinds[name] == "learner"}
    figure = only(results, kind)
    for axes in figure.axes:
        drawn = {(to_hex(line.get_color()), line.get_marker()) for line in axes.get_lines()}
        assert len(drawn & looks) <= LIMIT
    assert "other learners" in legend(figure)
    assert any(to_hex(line.get_color()) == to_hex(OTHERS["color"]) for axes in figure.axes for line in axes.get_lines())
    assert any("grey" in text.get_text() or "in colour" in text.get_text() for text in figure.texts)


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_width_is_that_of_the_paper_and_no_text_lies_outside_or_on_another(
    results: Results, kind: str, width: str
) -> None:
    figure = only(with_learners(results, STRANGE), kind, width)
    assert figure.get_figwidth() == pytest.approx({"column": 3.3, "text": 6.9}[width])
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    parts = [artist.get_window_extent(renderer) for artist in [*figure.legends, *figure.texts]]
    parts += [box for axes in figure.axes if (box := axes.get_tightbbox(renderer)) is not None]
    for box in parts:
        assert figure.bbox.x0 - 1 <= box.x0 < box.x1 <= figure.bbox.x1 + 1
        assert figure.bbox.y0 - 1 <= box.y0 < box.y1 <= figure.bbox.y1 + 1
    for one, other in combinations(parts, 2):
        across = min(one.x1, other.x1) - max(one.x0, other.x0)
        down = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert min(across, down) < 0.02 * figure.dpi


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", WIDTHS)
def test_fonts_are_embedded_as_truetype_and_the_pdf_has_the_width(results: Results, kind: str, width: str) -> None:
    if kind == "factors":
        results = read([Path("reference/quick")]).of_tasks(["identity-bits"])
    with mpl.rc_context(theme()), io.BytesIO() as held:
        only(results, kind, width).savefig(held, format="pdf")
        written = held.getvalue()
    assert b"/FontFile2" in written
    assert b"/Type3" not in written
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) [\d.]+ \]", written)
    assert box is not None
    assert float(box[1]) == pytest.approx(72 * WIDTHS[width], abs=0.1)


def test_text_is_text_in_svg(results: Results, tmp_path: Path) -> None:
    written = list(write_kind(results, "ladder", tmp_path, width="column"))
    assert [path.name for path in written] == ["ladder.svg", "ladder.pdf", "ladder.png"]
    assert ">two-hop</text>" in written[0].read_text(encoding="utf-8")


def test_a_learner_has_its_colour_in_the_overview(results: Results) -> None:
    styles = line_styles(results.catalogue.learners)
    axes = only(results, "overview").axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    drawn = {
        (names[int(np.ravel(line.get_ydata())[0])], to_hex(line.get_color()))
        for line in axes.get_lines()
        if line.get_marker() == "o"
    }
    assert {name for name, _ in drawn} == {"mlp", "cnn", "forest", "linear"}
    assert drawn == {(name, to_hex(styles[name].colour)) for name, _ in drawn}


@pytest.mark.parametrize("kind", COLOURED)
def test_a_display_name_stands_in_the_legend_and_changes_no_colour(results: Results, kind: str) -> None:
    shown = legend(only(renamed(results, {"mlp": "Our net"}), kind))
    assert shown["Our net"] == to_hex(KNOWN["mlp"][0])
    assert "mlp" not in shown


def test_many_tasks_make_several_pages() -> None:
    assert pages(8, 6.9) == [slice(0, 8)]
    assert pages(33, 6.9) == [slice(0, 20), slice(20, 33)]
    found = pages(33, 3.3)
    assert [index for page in found for index in range(33)[page]] == list(range(33))
    assert max(page.stop - page.start for page in found) <= 8


def test_what_lacks_a_panel_is_stood_in_for_by_its_variant_or_by_the_next_learner() -> None:
    shown = Highlights(("mlp", "cnn", "mlp:width=9", "a", "b", "c", "d", "e", "mlp:width=8", "f"))
    assert shown.first == ["mlp", "cnn", "a", "b", "c", "d"]
    assert shown.of(shown.order) == shown.first
    assert shown.of({"mlp:width=8", "mlp:width=9", "cnn", "a", "e", "f"}) == [
        "cnn", "a", "mlp:width=9", "e", "mlp:width=8", "f"
    ]  # fmt: skip
    assert "first variant" in shown.note(["cnn", "mlp:width=9"], 3)
    assert Highlights(("mlp", "a"), chosen=True).of({"mlp:width=9", "a", "b"}) == ["a"]


def test_the_command_draws_the_kinds_of_its_options(
    results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: results)
    arguments = ["plot", "somewhere", "--output", str(tmp_path), "--what", "ladder", "--what", "id-ood"]
    arguments += ["--width", "column", "--learner", "mlp", "--learner", "forest", "--name", "mlp=Our net"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{kind}.{form}" for kind in ("id-ood", "ladder") for form in ("pdf", "png", "svg")
    ]
    drawn = (tmp_path / "id-ood.svg").read_text(encoding="utf-8")
    assert f'width="{72 * WIDTHS["column"]:g}pt"' in drawn
    shown = re.findall(r">([^<>]+)</text>", drawn)
    assert {"Our net", "forest", "other learners"} <= set(shown)
    assert not {"mlp", "cnn", "linear"} & set(shown)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--width", "column"], "the width can be chosen with --what"),
        (["--what", "pie"], "pie"),
        (["--what", "cost", "--name", "mlpp=Our net"], "did you mean 'mlp'"),
        (["--what", "cost", "--name", "mlp=forest"], "the name 'forest' would be that of both"),
        (["--what", "cost", "--learner", "lookup"], "lookup is a control"),
    ],
)
def test_the_command_refuses_what_it_cannot_draw(
    results: Results, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], said: str
) -> None:
    monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: results)
    done = CliRunner().invoke(app, ["plot", "somewhere", "--output", str(tmp_path / "figures"), *arguments])
    assert done.exit_code != 0
    assert said in done.output + str(done.exception)
    assert not list(tmp_path.rglob("*.*"))


def test_known_learners_differ_in_marker_or_in_greyscale() -> None:
    def luminance(colour: str) -> float:
        return float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))

    for (one, first), (two, second) in combinations(KNOWN.items(), 2):
        assert first[1] != second[1] or abs(luminance(first[0]) - luminance(second[0])) > 0.2, (one, two)


def test_the_best_six_are_one_of_each_base_before_its_variants(results: Results) -> None:
    names = [f"cnn:depth={depth}" for depth in range(2, 9)]
    shown = highlights(with_learners(results, names))
    assert set(shown.order) == {"mlp", "cnn", "forest", "linear", *names}
    assert {"mlp", "cnn", "forest", "linear"} <= {name.partition(":")[0] for name in shown.of(shown.order)}
    assert len(shown.of(shown.order)) == LIMIT


def test_learners_are_ordered_by_their_wins_within_tasks(results: Results) -> None:
    # OOD at the largest n: identity-bits cnn .97, else 0; scramble-bag mlp .4, forest .3, cnn .2; maze-graph cnn, mlp
    assert highlights(results).order[:2] == ("cnn", "mlp")


def test_chosen_learners_are_in_colour_and_the_others_grey(results: Results) -> None:
    figure = only(results, "families", learners=("forest", "mlp"))
    assert [name for name in legend(figure) if name in KNOWN] == ["forest", "mlp"]
    assert "other learners" in legend(figure)


def test_bad_choices_say_what_is_expected(results: Results, tmp_path: Path) -> None:
    many = with_learners(results, STRANGE)
    with pytest.raises(ValueError, match="7 learners to show in colour; expected at most 6"):
        only(many, "families", learners=tuple(STRANGE))
    with pytest.raises(ValueError, match="lookup is a control"):
        only(results, "families", learners=("lookup",))
    with pytest.raises(UsageError, match="did you mean"):
        only(results, "families", learners=("forst",))
    with pytest.raises(ValueError, match="nothing for a figure of the kind factors: it needs algorithms"):
        list(write_kind(results, "factors", tmp_path))
    with pytest.raises(ValueError, match="kind 'pie'"):
        only(results, "pie")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", DRAWN)
def test_one_seed_and_one_learner_can_be_drawn(build_results: Callable[..., Results], kind: str) -> None:
    single = build_results(1)
    kept = [name for name, info in single.catalogue.learners.items() if info.kind != "learner" or name == "mlp"]
    catalogue = replace(
        single.catalogue.only(lambda cell: cell.learner in kept),
        learners={name: single.catalogue.learners[name] for name in kept},
    )
    scores = single.scores.loc[single.scores["learner"].isin(kept)]
    figure = only(replace(single, catalogue=catalogue, scores=scores), kind)
    FigureCanvasAgg(figure).draw()


def test_all_flagged_cells_are_drawn(results: Results) -> None:
    flagged = replace(results, scores=results.scores.assign(status="capacity"))
    for kind in DRAWN:
        FigureCanvasAgg(only(flagged, kind)).draw()


def test_id_and_ood_are_the_means_over_seeds_at_the_largest_size(results: Results) -> None:
    found = id_and_ood(results).set_index(["task", "learner"])
    assert found.loc[("scramble-bag", "mlp"), ["id", "ood"]].tolist() == pytest.approx([0.8, 0.4])
    assert "text" not in {task for task, _ in found.index}


def test_the_pareto_front_is_of_those_that_no_other_beats() -> None:
    costs, scores = np.array([1.0, 2.0, 3.0, 2.0, 4.0]), np.array([0.1, 0.5, 0.5, 0.2, 0.9])
    assert pareto(costs, scores).tolist() == [True, True, False, False, True]
    assert pareto(np.array([1.0, 1.0]), np.array([0.5, 0.5])).tolist() == [True, True]


@pytest.mark.parametrize(
    ("label", "room", "lines"),
    [
        ("maze-grid", 12, ["maze-grid"]),
        ("boolean-weight:function=dnf", 16, ["boolean-weight:", "function=dnf"]),
        ("abcdefghijklmnop", 8, ["abcdefgh", "ijklmnop"]),
        ("a:bcdefghijklmnop", 8, ["a:", "bcde…nop"]),
    ],
)
def test_long_labels_are_broken_after_a_separator(label: str, room: int, lines: list[str]) -> None:
    assert broken(label, room) == lines


def test_the_best_learner_of_a_task_is_in_colour_in_its_figure() -> None:
    shown = Highlights(("a", "b", "c", "d", "e", "f", "g", "h"))
    assert shown.of(shown.order, "h") == ["a", "b", "c", "d", "e", "h"]
    assert shown.of(shown.order, "b") == shown.first
    assert "the best one" in shown.note(["a", "b", "c", "d", "e", "h"], 2, ["h"])
    assert Highlights(("a",), chosen=True).of({"a", "h"}, "h") == ["a"]
