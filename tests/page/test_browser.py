"""The site in Chromium: sorting, filtering, curves, keyboard, contrast and roles, width of a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from grue.reports.escaping.files import file_names
from grue.reports.page import overview
from grue.reports.page.site import write_site

from .conftest import Tab, hostile_results, site_data

RANKS = ["gp", "cnn", "mlp", "forest", "linear", "boosting"]
"""The learners with plain names and without a flag, best first."""


def names(page: Any, table: str) -> list[str]:
    rows = page.locator(f"#{table} tbody tr:not(.heading):visible > th")
    return [text.strip() for text in rows.all_text_contents()]


def learners(page: Any, table: str) -> list[str]:
    return [name for name in names(page, table) if name in RANKS]


def button(page: Any, table: str, column: int) -> Any:
    return page.locator(f"#{table} thead th").nth(column).locator("button.sort")


def test_a_column_sorts_down_then_up_and_says_so(tab: Any) -> None:
    page = tab.open("index.html")
    head = page.locator("#board-0 thead th").nth(1)
    button(page, "board-0", 1).click()
    assert head.get_attribute("aria-sort") == "descending"
    assert learners(page, "board-0") == RANKS
    button(page, "board-0", 1).click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert learners(page, "board-0") == RANKS[::-1]
    assert names(page, "board-0")[-2:] == ["lookup", "oracle"]  # controls stay a group of their own


def test_names_sort_by_letter_and_one_column_at_a_time_is_sorted(tab: Any) -> None:
    page = tab.open("index.html")
    button(page, "board-0", 1).click()
    button(page, "board-0", 0).click()
    assert learners(page, "board-0") == sorted(RANKS)
    assert page.locator("#board-0 [aria-sort]").count() == 1


def test_a_table_is_sorted_with_the_keyboard(tab: Any) -> None:
    page = tab.open("index.html")
    button(page, "board-0", 1).focus()
    page.keyboard.press("Enter")
    assert learners(page, "board-0") == RANKS


def test_filters_keep_matching_rows_and_columns(tab: Any) -> None:
    page = tab.open("index.html")
    page.locator("[data-rows=board-0]").fill("mlp GP")
    assert names(page, "board-0") == ["mlp", "gp"]
    assert page.locator("#board-0-count").text_content() == "2 of 10 rows"
    assert page.locator("#board-0 tr.heading:visible").count() == 1
    page.locator("[data-columns=board-0]").fill("copying")
    assert page.locator("#board-0 thead th:visible").count() == 2
    assert page.locator("#board-0 tbody tr:not(.heading):visible td:visible").count() == 2
    page.locator("[data-rows=board-0]").fill("zzz")
    assert names(page, "board-0") == []
    page.locator("[data-rows=board-0]").fill("")
    page.locator("[data-columns=board-0]").fill("")
    assert page.locator("#board-0 td:visible").count() == 30


def test_a_long_group_is_folded_and_a_filter_searches_in_it(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "FOLDED", 2)
    learners = {"mlp": 0.3, "mlp:width=64": 0.4, "mlp:depth=3": 0.2, "alone:width=2": 0.1}
    results = hostile_results(learners)
    write_site(site_data(results), tmp_path)
    opened = Tab(browser, tmp_path)
    page = opened.open("index.html")
    assert names(page, "board-0") == ["mlp", "alone:width=2", "lookup", "oracle"]
    fold = page.get_by_role("button", name="variants of learners (2)")
    assert fold.get_attribute("aria-expanded") == "false"
    page.locator("[data-rows=board-0]").fill("depth")
    assert names(page, "board-0") == ["mlp:depth=3"]
    page.locator("[data-rows=board-0]").fill("")
    assert "mlp:depth=3" not in names(page, "board-0")
    fold.focus()
    page.keyboard.press("Enter")
    assert names(page, "board-0") == ["mlp", "alone:width=2", "mlp:width=64", "mlp:depth=3", "lookup", "oracle"]
    button(page, "board-0", 0).click()
    assert names(page, "board-0")[2:4] == ["mlp:depth=3", "mlp:width=64"]
    opened.context.close()
    assert not opened.complaints


def test_the_board_shows_ood_or_id_and_sorts_by_what_it_shows(tab: Any) -> None:
    page = tab.open("index.html")
    page.locator("select[data-show]").select_option("second")
    cell = page.locator("#board-0 td").first
    assert (cell.locator(".first").is_visible(), cell.locator(".second").is_visible()) == (False, True)
    page.locator("select[data-show]").select_option("first")
    assert (cell.locator(".first").is_visible(), cell.locator(".second").is_visible()) == (True, False)


def test_six_curves_are_in_colour_and_every_curve_can_be_toggled(tab: Any) -> None:
    page = tab.open("tasks/copy.html")
    assert page.locator("svg.plot").count() == 3  # in distribution, far, exposed
    panel = page.locator("svg.plot").first
    assert panel.locator(".series").count() == 10
    assert panel.locator(".series:not(.off)").count() == 6
    series = panel.locator("[data-name=gp]")
    box = page.get_by_label("gp", exact=True)
    assert box.is_checked()
    box.uncheck()
    assert "off" in series.get_attribute("class")
    page.get_by_role("button", name="All").click()
    assert panel.locator(".series.off").count() == 0
    page.get_by_role("button", name="None").click()
    assert panel.locator(".series:not(.off)").count() == 0


def test_pointing_at_a_curve_names_the_learner_and_its_score(tab: Any) -> None:
    page = tab.open("tasks/copy.html")
    figure = page.locator("figure").nth(1)
    x, y, _ = figure.locator("[data-name=gp]").evaluate("one => JSON.parse(one.dataset.points).at(-1)")
    plot = figure.locator("svg.plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + x * box["width"] / 440, box["y"] + y * box["height"] / 300)
    assert figure.locator(".value").text_content() == "gp, n = 256: 0.60 ± 0.02, 3 seeds"
    page.mouse.move(0, 0)
    assert not figure.locator(".value").text_content().strip()


def test_names_of_strangers_are_text(tab: Any, site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        page = tab.open(str(path.relative_to(site)))
        assert page.title().endswith("grue")
        assert page.locator("script").count() == 1
        assert page.locator("img:not(.study)").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_of_contrast_or_roles(browser: Any, site: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    pages = ("index", "tasks", "tasks/copy", "learners", "learners/mlp", "atlas", "claims", "quality", "studies")
    for name in pages:
        page.goto((site / f"{name}.html").as_uri())
        for summary in page.locator("summary").all():
            summary.evaluate("one => { one.parentNode.open = true }")
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    context.close()


def test_no_page_is_wider_than_a_phone(phone: Any, site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        page = phone.open(str(path.relative_to(site)))
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path.name


def test_every_page_opens_from_the_navigation(tab: Any) -> None:
    page = tab.open("tasks/copy.html")
    for name in ("Board", "Tasks", "Learners", "Atlas", "Claims", "Quality", "Studies"):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        assert page.locator("[aria-current=page]").text_content() == name
    page.get_by_role("link", name="Learners").click()
    page.get_by_role("main").get_by_role("link", name="gp", exact=True).click()
    assert page.url.endswith(f"learners/{file_names(['gp'])['gp']}.html")
