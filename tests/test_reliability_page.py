"""docs/reliability.py: outcomes of the tests marked `invariant` as rows of the page."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
SPEC = spec_from_file_location("reliability_page", ROOT / "docs" / "reliability.py")
assert SPEC
assert SPEC.loader
page = module_from_spec(SPEC)
sys.modules[SPEC.name] = page  # its dataclass looks itself up there
SPEC.loader.exec_module(page)


def report(
    case: str,
    outcome: str,
    *properties: tuple[str, object],
    when: str = "call",
    reason: str = "",
    test: str = "test_y",
):
    return SimpleNamespace(
        nodeid=f"tests/test_x.py::{test}[{case}]",
        when=when,
        passed=outcome == "passed",
        failed=outcome == "failed",
        skipped=outcome == "skipped",
        user_properties=[("invariant", "It stands."), *properties],
        longrepr=("file", 1, f"Skipped: {reason}"),
    )


def rows(*reports: object) -> list[str]:
    collector = page.Collector()
    for one in reports:
        collector.pytest_runtest_logreport(one)
    return page.rows(collector.outcomes)


def test_the_cases_of_a_test_are_one_row_with_counts_added_and_times_as_a_range():
    first = report("a", "passed", ("figure", ["files", 1000]), ("figure", ["seconds", 0.25]))
    second = report("b", "passed", ("figure", ["files", 200]), ("figure", ["seconds", 1.5]))
    (row,) = rows(first, second)
    assert row == (
        "| It stands. | [test_y](../tests/test_x.py) | holds (2 cases) | files 1,200, seconds 0.25 to 1.5 |\n"
    )


def test_a_failure_is_told_beside_what_passed():
    (row,) = rows(report("a", "passed"), report("b", "failed"))
    assert "**broken** in 1 of 2" in row


def test_what_was_skipped_gives_its_reason():
    (row,) = rows(report("a", "skipped", when="setup", reason="no namespaces here"))
    assert "not tested: no namespaces here" in row


def test_an_invariant_is_named_in_the_first_of_its_rows():
    first, second = rows(report("a", "passed"), report("a", "passed", test="test_z"))
    assert first.startswith("| It stands. | [test_y]")
    assert second.startswith("|  | [test_z]")


def test_the_summary_counts_invariants_and_names_the_broken():
    collector = page.Collector()
    for one in (report("a", "passed"), report("a", "failed", test="test_z")):
        collector.pytest_runtest_logreport(one)
    assert page.summary(collector.outcomes) == "1 invariants, 1 broken"


@pytest.mark.invariant("The table of this page lists every test that tries to break an invariant.")
def test_a_marked_test_reports_its_invariant_and_its_figures(
    request: pytest.FixtureRequest, figure: Callable[[str, float | str], None]
):
    figure("rows", 1)
    assert [kind for kind, _ in request.node.user_properties] == ["invariant", "figure"]
