"""The files of the site without a browser: names, escaping, links, size, bad input."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from grue.reports.escaping.files import file_names
from grue.reports.page.curves import chart_of
from grue.reports.page.grid import number_text, sort_text
from grue.runs.catalogue import Catalogue, LearnerInfo, TaskInfo


class Links(HTMLParser):
    """The addresses that a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


def test_every_link_leads_to_a_file_and_none_out_of_the_site(site: Path) -> None:
    for path in site.rglob("*.html"):
        links = Links(path.read_text(encoding="utf-8"))
        assert not links.handlers
        for address in links.found:
            if address.startswith(("#", "data:,")):
                continue
            target = (path.parent / address).resolve()
            assert target.is_file(), f"{path.name}: {address}"
            assert target.is_relative_to(site.resolve())


def test_hostile_names_stay_in_the_folder_and_are_escaped(site: Path) -> None:
    names = [path.name for path in site.rglob("*") if path.is_file()]
    assert all(re.fullmatch(r"[a-z0-9-]+\.(html|css|js|svg)", name) for name in names)
    text = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    assert text.count("<img") == text.count('<img class="study"') == 1
    assert text.count("<script") == text.count("</script>") == text.count("<!doctype html>")


def test_a_study_has_its_question_its_verdicts_its_tables_and_its_figure(site: Path) -> None:
    text = (site / "studies.html").read_text(encoding="utf-8")
    for part in (
        "Do they agree?",
        "it holds &lt;/script&gt;",
        "0.25 to 0.75",
        "not comparable: no recipe",
        "scale quick",
    ):
        assert part in text
    figure = (site / "study-1.svg").read_text(encoding="utf-8")
    assert figure.startswith("<?xml")
    assert "<script" not in figure
    assert not (site / "study-2.svg").exists(), "a study without a figure has none on the page"


def test_names_of_files_differ_whatever_the_labels() -> None:
    labels = ["mlp", "MLP", "m l p", "mlp:width=64", "mlp:width:64", "../../x", "", "é", "x" * 500]
    found = file_names(labels)
    assert found["mlp"] == "mlp"
    assert len(set(found.values())) == len(labels)
    assert all(re.fullmatch("[a-z0-9-]{1,80}", name) for name in found.values())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.70 ± 0.49", "0.7"),
        ("−0.31", "-0.31"),
        (">64", "64.5"),
        ("–", ""),
        ("n/a", ""),
        ("8 of 10", "8"),
        ("mlp", "mlp"),
    ],
)
def test_cells_are_sorted_by_their_first_number(text: str, expected: str) -> None:
    assert sort_text(text) == expected


def test_a_number_has_no_negative_zero() -> None:
    assert [number_text(value) for value in (-0.001, -0.5, float("nan"))] == ["0.00", "−0.50", "–"]


def _points(sizes: list[int], means: list[float]) -> pd.DataFrame:
    rows = [
        {
            "task": "t",
            "learner": "mlp",
            "size": n,
            "exposed": 0,
            "split": "id",
            "mean": mean,
            "half_width": float("nan"),
            "seeds": 1,
        }
        for n, mean in zip(sizes, means, strict=True)
    ]
    return pd.DataFrame(rows)


CATALOGUE = Catalogue(tasks={"t": TaskInfo()}, learners={"mlp": LearnerInfo("learner")})


def test_the_axis_is_logarithmic_and_scores_grow_upwards() -> None:
    chart = chart_of(_points([16, 64, 256], [0.0, 0.5, 1.0]), CATALOGUE, "t")
    assert chart is not None
    (first, low), (second, middle), (third, high) = [
        tuple(map(float, point.split())) for point in chart.panels[0].series[0].line[1:].split("L")
    ]
    assert second - first == pytest.approx(third - second)
    assert low - middle == pytest.approx(middle - high)
    assert low > high


def test_one_size_one_seed_and_a_score_far_below_zero_are_drawn_inside_the_panel() -> None:
    chart = chart_of(_points([16], [-40.0]), CATALOGUE, "t")
    assert chart is not None
    x, y = map(float, chart.panels[0].series[0].line[1:].split())
    assert 0 < x < 440
    assert 0 < y < 300
    assert not chart.panels[0].series[0].bars
    assert chart_of(_points([], []).reindex(columns=_points([16], [0.0]).columns), CATALOGUE, "t") is None


def test_one_seed_of_one_learner_makes_a_site(smallest: Path) -> None:
    assert (smallest / "index.html").is_file()
    assert "1 seed" in (smallest / "tasks/copy.html").read_text(encoding="utf-8")
