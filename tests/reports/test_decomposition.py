"""`grue decompose` and the figure of a crossing."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import grue.runs.reading
from grue.cli import main
from grue.reports.decomposition_figure import FLAGGED, crossing_figure
from grue.runs.results import Results

SPEC = spec_from_file_location("built", Path(__file__).parents[1] / "analysis" / "test_decomposition.py")
assert SPEC
assert SPEC.loader
built = module_from_spec(SPEC)
SPEC.loader.exec_module(built)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    def call(*arguments: str, results: Results | None = None) -> tuple[int, str, str]:
        found = built.results_of(built.known) if results is None else results
        monkeypatch.setattr(grue.runs.reading, "read", lambda _dirs, **_: found)
        monkeypatch.setattr(sys, "argv", ["grue", "decompose", "DIR", *arguments])
        monkeypatch.setenv("COLUMNS", "200")
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    return call


def row(text: str, name: str, number: int = 0) -> str:
    """The number-th line of a table that begins with a name."""
    return " ".join([line for line in text.splitlines() if line.startswith(f"{name} ")][number].split())


def test_the_tables_have_the_effects_and_shares_that_the_scores_were_made_of(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    code, text, _ = run()
    assert code == 0
    assert row(text, "mlp, tied") == "mlp, tied 1.00 ± <0.01 0.31 ± 0.02 1.00 ± <0.01 0.71 ± 0.02"
    assert row(text, "view: tied - untied") == "view: tied - untied 0.00 ± <0.01 – 0.65 ± <0.01 78 %"
    assert row(text, "view x encoding").endswith("– 4 %")
    assert row(text, "mlp - cnn", 1) == "mlp - cnn -0.20 ± <0.01 0.65 ± <0.01 0.25 ± <0.01 0.00 ± <0.01"
    assert "toy, n = 64: pairs" in text
    assert "n = 16" not in text
    assert " ".join(text.split()).count("half width of the 95 % confidence interval") == 3
    assert all(len(line) <= 100 for line in text.splitlines())


def test_size_and_markdown_may_be_chosen(run: Callable[..., tuple[int, str, str]]) -> None:
    _, text, _ = run("--size", "16", "--format", "md")
    assert "### toy, n = 16: scores" in text
    code, _, error = run("--size", "17")
    assert (code, error) == (2, "grue: --size 17; the crossings have the sizes 16, 64\n")
    code, _, error = run("--task", "toys")
    assert (code, error) == (2, "grue: unknown task 'toys'; did you mean 'family:toys'?\n")


def test_csv_has_all_values_at_all_sizes(run: Callable[..., tuple[int, str, str]]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv")[1])))
    large = [one for one in rows if (one["size"], one["split"]) == ("64", "ood")]
    assert len(rows) == 4 * len(large)
    values = {(one["kind"], one["name"], one["factor"]): float(one["value"]) for one in large}
    assert values["cell", "forest:encoding=value,view=tied", ""] == pytest.approx(0.91)
    assert values["difference", "tied - untied", "view"] == pytest.approx(0.65)
    assert values["pair", "mlp - forest", "algorithm"] == pytest.approx(-0.2)
    assert sum(value for (kind, *_), value in values.items() if kind == "share") == pytest.approx(1)


def test_differences_show_the_flags_of_their_cells(run: Callable[..., tuple[int, str, str]]) -> None:
    _, text, _ = run(results=built.results_of(built.known, flags="plateau"))
    assert row(text, "forest, tied").count("‡") == 4
    assert "‡" in row(text, "mlp - forest")
    assert "‡" not in row(text, "mlp - cnn")
    assert "‡" in row(text, "view: tied - untied")


def test_a_folder_without_a_crossing_is_refused(run: Callable[..., tuple[int, str, str]]) -> None:
    code, _, error = run(results=built.results_of(built.known, algorithms=("mlp",)))
    assert code == 2
    assert "preset crossed" in error


def test_the_figure_has_a_row_a_learner_and_view_and_a_dot_a_split_and_encoding() -> None:
    figure = crossing_figure(built.results_of(built.known, flags="plateau", error=0.02))
    assert figure is not None
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == [f"{name}, {view}" for name in ("mlp", "cnn", "forest") for view in ("untied", "tied")]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert len(dots) == 6 * 2 * 2
    assert sum(dot.get_markerfacecolor() == "white" for dot in dots) == 12
    assert sum(dot.get_alpha() == FLAGGED for dot in dots) == 4
    assert axes.get_title(loc="left") == "toy, n = 64\nOOD: odd, score"
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    boxes = [artist.get_window_extent(renderer) for artist in [*figure.legends, *figure.texts]]
    boxes.append(axes.get_tightbbox(renderer))
    assert all(figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1 for box in boxes)
    assert not any(box.overlaps(other) for place, box in enumerate(boxes) for other in boxes[:place])


def test_no_figure_without_a_crossing() -> None:
    assert crossing_figure(built.results_of(built.known, algorithms=("mlp",))) is None
