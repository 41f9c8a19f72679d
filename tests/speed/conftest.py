"""What the measurements share: contenders take turns, medians are compared, and a table of ratios ends the run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import pytest

ROUNDS = 5

LINES: list[str] = []


class Race:
    """Times functions that do the same job, in turn, so that a machine that slows down slows all of them."""

    def __init__(self, benchmark: object) -> None:
        self.benchmark = benchmark

    def __call__(
        self, title: str, ours: str, contenders: Mapping[str, Callable[[], object]], models: Mapping[str, int]
    ) -> None:
        """Measure; `ours` is what the others are compared with, and what pytest-benchmark records.

        models  how many each contender trains: times are compared a model
        """
        for run in contenders.values():
            run()
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(ROUNDS - 1):
            for name, run in contenders.items():
                seconds[name].append(timed(run))
        for name, run in contenders.items():
            if name != ours:
                seconds[name].append(timed(run))
        self.benchmark.pedantic(lambda: seconds[ours].append(timed(contenders[ours])), rounds=1)  # pyright: ignore[reportAttributeAccessIssue]
        medians = {name: statistics.median(values) / models[name] for name, values in seconds.items()}
        LINES.append(f"{title} (median of {ROUNDS}, one thread)")
        for name, median in medians.items():
            ratio = "" if name == ours else f"  {median / medians[ours]:5.2f} x the time of ours"
            LINES.append(f"    {name:<44} {1000 * median:8.1f} ms a model, {1 / median:6.1f} a second{ratio}")
            self.benchmark.extra_info[name] = median / medians[ours]  # pyright: ignore[reportAttributeAccessIssue]


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


@pytest.fixture
def race(benchmark: object) -> Race:
    return Race(benchmark)


@pytest.fixture
def rate() -> Callable[[Callable[[], object], int], float]:
    """Things a second, of a function that does n of them: the median of ROUNDS."""
    return lambda run, n: n / statistics.median(timed(run) for _ in range(ROUNDS))


@pytest.fixture
def log() -> Callable[[str], None]:
    return LINES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.section("ratios")
    for line in LINES:
        terminalreporter.write_line(line)
