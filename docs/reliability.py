"""Run the tests that try to break an invariant and write what came of them to docs/reliability.md: `make reliability`.

Such a test is marked `@pytest.mark.invariant("One sentence.")` and may report figures by the fixture `figure`. Those
marked `soak` as well take minutes, and run with the option --soak only.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reliability.md"

HEAD = """# Reliability

What holds whatever files, machines and other programs do, and the tests that try to break it. Written by `make
reliability{option}`, which runs the tests marked `invariant`{soak}: {summary}. Causing all the
faults takes 15 to 20 minutes: `make soak` (or `make reliability SOAK=--soak`, which writes this page too).

Machine: {machine}. Time: {minutes:.0f} minutes.

| invariant | test | outcome | figures |
|---|---|---|---|
"""


@dataclass
class Outcome:
    """What came of one test function, over all its parameters.

    figures  name -> the values that were reported
    skipped  reasons
    """

    invariants: list[str] = field(default_factory=list)
    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)
    figures: dict[str, list[float | str]] = field(default_factory=dict)

    def verdict(self) -> str:
        """The outcome in words."""
        if self.failed:
            return f"**broken** in {self.failed} of {self.failed + self.passed}"
        reasons = "; ".join(dict.fromkeys(self.skipped))
        if not self.passed:
            return f"not tested: {reasons}"
        cases = f" ({self.passed} cases)" if self.passed > 1 else ""
        return f"holds{cases}" + (f"; {len(self.skipped)} not tested: {reasons}" if reasons else "")


class Collector:
    """A plugin of pytest that keeps the outcomes, by the test function's id."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add one phase of one test; setup and teardown count where they fail or skip."""
        outcome = self.outcomes.setdefault(report.nodeid.partition("[")[0], Outcome())
        if report.when == "call":
            for kind, value in report.user_properties:
                if kind == "invariant" and value not in outcome.invariants:
                    outcome.invariants.append(str(value))
                elif kind == "figure":
                    name, one = value  # pyright: ignore[reportGeneralTypeIssues] -- as the fixture reports it
                    outcome.figures.setdefault(name, []).append(one)
            outcome.passed += report.passed
        elif report.skipped or report.failed:
            outcome.invariants += [
                str(value)
                for kind, value in report.user_properties
                if kind == "invariant" and value not in outcome.invariants
            ]
        outcome.failed += report.failed
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            outcome.skipped.append(reason.removeprefix("Skipped: "))


def rows(outcomes: dict[str, Outcome]) -> list[str]:
    """The lines of the table, invariants in the order of their first test, each named in the first of its lines."""
    found: dict[str, list[str]] = {}
    for test, outcome in sorted(outcomes.items()):
        path, _, name = test.partition("::")
        link = f"[{name.replace('::', '.')}](../{path})"
        for invariant in outcome.invariants:
            lines = found.setdefault(invariant, [])
            named = "" if lines else invariant
            lines.append(f"| {named} | {link} | {outcome.verdict()} | {_figures(outcome.figures)} |\n")
    return [line for lines in found.values() for line in lines]


def summary(outcomes: dict[str, Outcome]) -> str:
    """How many invariants there are, and how many are broken or were not tested at all."""
    tests: dict[str, list[Outcome]] = {}
    for outcome in outcomes.values():
        for invariant in outcome.invariants:
            tests.setdefault(invariant, []).append(outcome)
    broken = sum(any(outcome.failed for outcome in found) for found in tests.values())
    untested = sum(not any(outcome.failed or outcome.passed for outcome in found) for found in tests.values())
    rest = (f", {broken} broken" if broken else ", none broken") + (f", {untested} not tested" if untested else "")
    return f"{len(tests)} invariants{rest}"


def _figures(figures: dict[str, list[float | str]]) -> str:
    """Counts (whole numbers) added up, other numbers as a range, texts one after another."""
    return ", ".join(f"{name} {_figure(values)}" for name, values in figures.items())


def _figure(values: Sequence[float | str]) -> str:
    counts = [value for value in values if isinstance(value, int)]
    if len(counts) == len(values):
        return f"{sum(counts):,}"
    texts = dict.fromkeys(f"{value:.3g}" if isinstance(value, float) else str(value) for value in _sorted(values))
    if all(isinstance(value, int | float) for value in values) and len(texts) > 1:
        first, *_, last = texts
        return f"{first} to {last}"
    return ", ".join(texts)


def _sorted(values: Iterable[float | str]) -> list[float | str]:
    return sorted(values, key=lambda value: value if isinstance(value, int | float) else 0.0)


def main(option: str = "") -> int:
    """Run the tests, write the page, and return pytest's exit code. option: "" or "--soak"."""
    if option not in {"", "--soak"}:
        sys.stderr.write(f"unknown option {option!r}; expected --soak or nothing\n")
        return 2
    collector, began = Collector(), time.monotonic()
    chosen = "invariant" if option else "invariant and not soak"
    code = pytest.main(["-q", "-m", chosen, f"--rootdir={ROOT}", str(ROOT / "tests")], plugins=[collector])
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    machine = ", ".join([system, *(f"{name} {version(name)}" for name in ("numpy", "pandas", "pyarrow", "torch"))])
    head = HEAD.format(
        option=" SOAK=--soak" if option else "",
        soak="" if option else " and not `soak`",
        machine=machine,
        minutes=(time.monotonic() - began) / 60,
        summary=summary(collector.outcomes),
    )
    PAGE.write_text(head + "".join(rows(collector.outcomes)), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.relative_to(ROOT)}\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
