"""`pytest --benchmark`: the suite as pytest items, one a (task, learner), named like `identity-bits[mlp]`.

Load it with `-p grue.benchmark.pytest_plugin`; elsewhere than in a checkout also name the items' path:

    pytest -p grue.benchmark.pytest_plugin --pyargs grue.benchmark.suite --benchmark

With --benchmark nothing but the suite is collected; without it the suite's items are skipped, where they are asked
for at all. An id that pytest prints, given to it again, runs that item alone. Write --out=DIR and --preset=FILE with
the =: before pytest knows these options, it takes a path that stands alone for the path of its configuration file.

The plugin is loaded in every run of pytest in a checkout: it imports the suite, and torch with it, only when it must.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from ..runs.schema import OPTIONS, metavar, option, read_option

if TYPE_CHECKING:
    from .suite import Suite

MODULE = "grue.benchmark.suite"
PATH = Path(__file__).with_name("suite.py")

SUITE: pytest.StashKey[Suite] = pytest.StashKey()
"""Where the configuration of pytest keeps the suite, once it is needed."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --benchmark and what goes with it."""
    group = parser.getgroup("grue", "grue: the suite of inductive biases")
    group.addoption("--benchmark", action="store_true", help="Run only the benchmark suite.")
    group.addoption("--preset", default="quick", metavar="NAME", help="Preset (see grue list presets). Default: quick.")
    group.addoption("--task", action="append", metavar="NAME", help="Only this task; may be repeated.")
    group.addoption("--learner", action="append", metavar="NAME", help="Only this learner; may be repeated.")
    group.addoption(
        "--trust", action="store_true", help="Allow module:attribute in a preset file, which imports and runs code."
    )
    group.addoption("--out", metavar="DIR", help="Result folder. Default: results/local/PRESET.")
    group.addoption("--device", metavar="NAME", help="Device for training networks, cpu or cuda. Default: cpu.")
    for name, info in OPTIONS.items():
        text = f"{info.help} Overrides the preset."
        group.addoption(_option(name), dest=f"grue_{name}", metavar=metavar(name), type=_reader(name), help=text)


def _option(name: str) -> str:
    """The option of a field: as in `grue run`, unless the plug-in pytest-timeout, if there is one, has the name."""
    return "--grue-timeout" if name == "timeout" and find_spec("pytest_timeout") else option(name)


def _reader(name: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return read_option(name, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def pytest_configure(config: pytest.Config) -> None:
    """With --benchmark: make the suite the only thing that is collected. Refuses what cannot be combined with it."""
    if not config.getoption("benchmark"):
        return
    if config.getoption("numprocesses", None) or config.getoption("dist", "no") != "no":
        raise pytest.UsageError(
            "--benchmark cannot be combined with pytest-xdist (-n, --dist): the suite has its own worker processes, "
            "one per core, and further processes would distort the measured times"
        )
    config.args = [own for arg in config.args if (own := _own_argument(arg, config))] or [str(PATH)]
    # A line an item, with its name: this takes minutes.
    config.option.verbose = config.option.verbose or 1
    # An item is measured once, and its seconds are those of a fit: one column, one unit, unless others are requested.
    config.option.benchmark_columns = config.getoption("benchmark_columns", None) or ["mean"]
    config.option.benchmark_time_unit = config.getoption("benchmark_time_unit", None) or "s"
    _suite(config)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Collect benchmark/suite.py by its name in the package, whatever the given path.

    Outside the root of the run its ids begin with that name: pytest would begin them with nothing, or with a path out
    of the root, and either could not be given to pytest again.
    """
    if module_path != PATH:
        return None
    if PATH.is_relative_to(parent.config.rootpath):
        return SuiteModule.from_parent(parent, path=PATH)
    return SuiteModule.from_parent(parent, path=PATH, nodeid=MODULE)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the worker processes."""
    if SUITE in session.config.stash:
        session.config.stash[SUITE].close()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """End with the leaderboard, and where the results are."""
    if SUITE in config.stash and config.stash[SUITE].started:
        terminalreporter.section("leaderboard")
        terminalreporter.write_line(config.stash[SUITE].leaderboard())


class SuiteModule(pytest.Module):
    """benchmark/suite.py: one item a pair of its plan, by task.

    The module is imported by name: imported from its path, as pytest does, it would be another module than the
    package's own, and its relative imports would fail.
    """

    def _getobj(self) -> ModuleType:
        from . import suite  # noqa: PLC0415 -- loads torch

        return suite

    def collect(self) -> Iterator[pytest.Item]:
        """Give the items; without --benchmark they are skipped."""
        from .suite import TIMED_PAIR, TimedPair, measure  # noqa: PLC0415 -- loads torch

        suite = _suite(self.config)
        for task, learner, refused in suite.pairs():
            item = pytest.Function.from_parent(self, name=f"{task}[{learner}]", callobj=measure)
            timed = item.stash[TIMED_PAIR] = TimedPair(suite, task, learner)
            item.add_marker(pytest.mark.benchmark(timer=timed.clock, group=task))
            reason = refused if self.config.getoption("benchmark") else "the suite runs with --benchmark"
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))
            yield item


def _suite(config: pytest.Config) -> Suite:
    """The suite that the options ask for, made when it is first needed."""
    if SUITE not in config.stash:
        from ..runs.names import UsageError  # noqa: PLC0415 -- loads numpy
        from .suite import Suite  # noqa: PLC0415 -- loads torch

        chosen = config.option
        fields = {name: getattr(chosen, f"grue_{name}") for name in OPTIONS}
        try:
            config.stash[SUITE] = Suite(
                chosen.preset,
                chosen.task,
                chosen.learner,
                chosen.out,
                trust=chosen.trust,
                device=chosen.device,
                **fields,
            )
        except UsageError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[SUITE]


def _own_argument(arg: str, config: pytest.Config) -> str | None:
    """An argument of the command line that is the suite or one of its items, by the path of the suite; else None.

    The suite is named by its path, from the folder of the call or from the root, or by its module, as in the ids that
    pytest prints: these may have the way from the folder to the root before them.
    """
    path, colons, item = arg.partition("::")
    named = path in ("", MODULE) if colons else path == MODULE and config.option.pyargs
    folders = (config.invocation_params.dir, config.rootpath)
    there = any((folder / path).resolve() in (PATH, config.rootpath / MODULE) for folder in folders)
    return f"{PATH}{colons}{item}" if named or there else None
