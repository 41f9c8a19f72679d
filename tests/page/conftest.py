"""A small site whose names are hostile, and a browser to open it with."""

from __future__ import annotations

import importlib.util
import math
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from grue.analysis.findings import Findings, Published, StudyRun, Verdict
from grue.analysis.points import curve_points
from grue.analysis.quality import assess
from grue.reports.leaderboard import make_leaderboard
from grue.reports.page.site import SiteData, write_site
from grue.runs.catalogue import Catalogue
from grue.runs.probe_text import ProbeAnswer, ProbeText
from grue.runs.results import COLUMNS, Results

SCRIPT = "</script><script>document.title='owned'</script>"
IMAGE = '"><img src=x onerror="document.title=\'owned\'">'
PATH = "../../../etc/passwd"
TASKS = {"copy": "copying", "sum": "sums", f"task {SCRIPT}": "sums"}
LEARNERS = {"mlp": 0.3, "cnn": 0.5, "forest": 0.2, "boosting": -0.1, "gp": 0.6, "rnn": 0.7, "linear": 0.1, IMAGE: 0.9}
CONTROLS = {"lookup": -0.2, "oracle": 1.0}
SIZES, EXPOSED, SEEDS = (16, 64, 256), (16, 64), 3


def hostile_results(learners: Mapping[str, float] = LEARNERS) -> Results:
    """Eight learners on three tasks. The OOD score of learner i on task j at the largest n is LEARNERS[i] - j / 100."""
    cells: list[dict[str, Any]] = []
    rows: list[dict[str, Any]] = []
    for number, task in enumerate(TASKS):
        for learner, ood in {**learners, **CONTROLS}.items():
            for seed in range(SEEDS):
                for size, exposed in [*((size, 0) for size in SIZES), *((SIZES[-1], one) for one in EXPOSED)]:
                    axes = {"task": task, "learner": learner, "size": size, "exposed": exposed, "seed": seed}
                    cells.append({**axes, "key": f"{task}/{learner}/{size}/{exposed}/{seed}"})
                    share = (SIZES.index(size) + 1) / len(SIZES)
                    for split, value in (("train", 1.0), ("id", 0.9), ("far", ood - number / 100)):
                        moved = value * (1 if split == "train" else share) + (seed - 1) / 100
                        row = {**cells[-1], "suite_seed": 0, "split": split, "metric": "score", "value": moved}
                        rows.append({**row, "fit_seconds": 0.5, "status": "plateau" if learner == "rnn" else "ok"})
    splits = [
        {"name": name, "shift": shift, "severity": None, "headline": name == "far"}
        for name, shift in (("train", None), ("id", None), ("far", "length"))
    ]
    catalogue = Catalogue.from_json(
        {
            "tasks": {
                task: {"family": family, "version": 1, "splits": splits, "description": f"The words of {SCRIPT}."}
                for task, family in TASKS.items()
            },
            "learners": {name: {"kind": "learner", "version": 1, "parameters": {"word": SCRIPT}} for name in learners}
            | {name: {"kind": "control", "version": 1, "parameters": {}} for name in CONTROLS},
            "cells": cells,
            "not_applicable": [{"task": "copy", "learner": "mlp", "size": 4096, "reason": f"because {SCRIPT}"}],
        }
    )
    provenance = {"versions": {"grue": "0.1.0"}, "commit": "0123456789ab", "command": f"grue run {SCRIPT}"}
    return Results(pd.DataFrame(rows, columns=COLUMNS), catalogue, [], [provenance])


def site_data(results: Results) -> SiteData:
    answers = {
        "mlp": (ProbeAnswer("yes", 2, 3, right=True), ProbeAnswer(IMAGE, 3, 3, right=False)),
        PATH: (ProbeAnswer("no", 1, 1, right=None), ProbeAnswer("no", 1, 1, right=None)),
    }
    probe = ProbeText("copy", "far", (f"0 1 {SCRIPT}", "1 1\n0 0"), ("yes", "no"), answers)
    results.catalogue.learners.setdefault(PATH, next(iter(results.catalogue.learners.values())))  # pyright: ignore[reportAttributeAccessIssue]
    return SiteData(
        board=make_leaderboard(results),
        points=curve_points(results.scores, results.catalogue),
        probes=[probe],
        atlas=None,
        standings=[],
        qualities=assess(results.scores, results.catalogue, [("mlp", "cnn")], []),
        studies=[complexity_study(), hostile_study()],
    )


def hostile_study() -> StudyRun:
    """A study without a figure module, with names that are hostile, and one with a figure."""
    table = pd.DataFrame({"learner": ["mlp", IMAGE], "error": [0.25, math.nan]})
    verdict = Verdict(f"it holds {SCRIPT}", "supported", 0.5, 0.25, 0.75, f"20 seeds {IMAGE}")
    published = Published(f"peak {SCRIPT}", "a talk", "1", "2", None, "no recipe")
    findings = Findings({f"Errors {SCRIPT}": table}, (verdict,), (published,))
    return StudyRun("hostile", f"Is it {SCRIPT}?", "quick", 1, ({"command": f"grue {SCRIPT}"},), "", findings)


def complexity_study() -> StudyRun:
    """Two measures of one set."""
    pairs = pd.DataFrame(
        {"set": ["all"], "first": ["LZ"], "second": ["entropy"], "correlation": [0.5], "low": [0.4], "high": [0.6]}
    )
    names = ("Rank correlation of the measures", "Rank correlation given the entropy")
    verdict = Verdict(
        "most measures of complexity agree on the ranking of functions: all", "not decided", 0.5, 0.4, 0.6, ""
    )
    return StudyRun(
        "complexity", "Do they agree?", "quick", 1, (), "", Findings(dict.fromkeys(names, pairs), (verdict,))
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write_site(site_data(hostile_results()), folder)
    return folder


@pytest.fixture
def smallest(tmp_path: Path) -> Path:
    """One learner and one seed, without another cell."""
    whole = hostile_results()
    catalogue = whole.catalogue.only(lambda cell: (cell.learner, cell.seed) == (IMAGE, 0))
    kept = whole.scores["key"].isin(list(catalogue.by_key))
    write_site(site_data(replace(whole, catalogue=catalogue, scores=whole.scores.loc[kept])), tmp_path)
    return tmp_path


def browser_lacking() -> str:
    """What is missing to open a page in Chromium and to check it; "" if nothing is."""
    packages = [name for name in ("playwright", "axe_playwright_python") if importlib.util.find_spec(name) is None]
    return ", ".join([*packages, *([] if shutil.which("chromium") else ["chromium"])])


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if lacking := browser_lacking():
        if os.environ.get("CI") == "true":
            pytest.fail(f"missing: {lacking} (.ci/run installs the browser, the extra `test` the packages)")
        pytest.skip(f"missing: {lacking}")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # --no-sandbox: tests run as root in containers
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Tab:
    """A page with what it printed to the console, its errors, and what it requested other than files of the site."""

    def __init__(self, browser: Any, site: Path, **options: Any) -> None:
        self.context = browser.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.site, self.complaints = site, list[str]()
        self.page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", lambda request: self._requested(request.url))

    def _requested(self, url: str) -> None:
        if not url.startswith((self.site.as_uri(), "data:")):
            self.complaints.append(f"request: {url}")

    def open(self, name: str) -> Any:
        self.page.goto((self.site / name).as_uri())
        return self.page


@pytest.fixture
def tab(browser: Any, site: Path) -> Iterator[Tab]:
    made = Tab(browser, site)
    yield made
    made.context.close()
    assert not made.complaints


@pytest.fixture
def phone(browser: Any, site: Path) -> Iterator[Tab]:
    made = Tab(browser, site, viewport={"width": 375, "height": 700}, has_touch=True)
    yield made
    made.context.close()
    assert not made.complaints
