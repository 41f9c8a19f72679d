"""`grue compare`: what moved between two results, what is refused, and what only one of them has."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel

import grue.runs.reading
from grue.analysis.comparison import Comparison, compare
from grue.cli import main
from grue.runs.catalogue import Catalogue
from grue.runs.results import Results
from grue.runs.why import changes

Change = Callable[[pd.DataFrame], Any]
Run = Callable[..., tuple[int, str, str]]


def settings(**changed: Any) -> dict[str, Any]:
    task = {"name": "t", "version": changed.pop("task_version", 1), "parameters": {}}
    learner = {"name": "l", "version": 1, "parameters": {"max_steps": changed.pop("max_steps", 100)}}
    return {"protocol": 2, "metrics": 2, "suite": 0, "test_size": 500, "task": task, "learner": learner, **changed}


def with_settings(results: Results, recorded: dict[str, Any], *, prefix: str = "", **fields: Any) -> Results:
    """The results under other keys, with these settings for every pair."""
    cells = [replace(cell, key=prefix + cell.key, settings="s" + prefix, **fields) for cell in results.catalogue.cells]
    catalogue = replace(results.catalogue, cells=tuple(cells), settings={"s" + prefix: recorded})
    source_of = {cell.key: 0 for cell in cells}
    scores = results.scores.assign(key=prefix + results.scores["key"], **fields)
    return replace(results, catalogue=catalogue, scores=scores, source_of=source_of)


def moved(results: Results, chosen: Change, by: Callable[[pd.DataFrame], Any]) -> Results:
    scores = results.scores.copy()
    rows = chosen(scores)
    scores.loc[rows, "value"] = by(scores.loc[rows])
    return replace(results, scores=scores)


def of_cnn(scores: pd.DataFrame) -> Any:
    return (scores["learner"] == "cnn") & (scores["task"] == "maze-graph") & (scores["metric"] == "score")


def dropped(scores: pd.DataFrame) -> Any:
    return scores["value"] - 0.3 - 0.001 * scores["seed"]


@pytest.fixture
def old(results: Results) -> Results:
    return with_settings(results, settings())


def verdicts(found: Comparison) -> dict[tuple[str, str, str], str]:
    return {(one.task, one.learner, one.split): one.verdict for one in found.curves if one.verdict != "equal"}


def test_results_are_equal_to_themselves_whatever_their_keys(old: Results) -> None:
    found = compare(old, with_settings(old, settings(max_steps=200), prefix="other"), changes)
    assert {curve.verdict for curve in found.curves} == {"equal"}
    assert len(found.pairing.cells) == old.scores["key"].nunique()
    assert not found.is_regression
    assert found.pairing.changed["maze-graph", "cnn"] == ("learner: max_steps 100 -> 200",)


def test_a_loss_is_found_where_it_is_and_nowhere_else(old: Results) -> None:
    new = moved(old, of_cnn, dropped)
    found = compare(old, new, changes)
    assert verdicts(found) == {("maze-graph", "cnn", split): "loss" for split in ("far", "id", "size")}
    assert {curve.verdict for curve in compare(new, old, changes).losses} == set()
    curve = next(one for one in found.losses if one.split == "id")
    assert curve.new - curve.old == pytest.approx(-0.301)
    assert [point.size for point in curve.points] == [16, 64, 256, 1024, 1024, 1024]


def test_p_values_are_those_of_scipy_with_holm_for_the_curves_that_differ(old: Results) -> None:
    noise = np.random.default_rng(0)
    new = moved(old, of_cnn, lambda rows: rows["value"] - 0.1 + 0.05 * noise.normal(size=len(rows)))
    found = [curve for curve in compare(old, new, changes).curves if curve.verdict != "equal"]
    assert len(found) == 3
    raw = []
    for curve in found:
        means = [
            one.scores.loc[of_cnn(one.scores) & (one.scores["split"] == curve.split)].groupby("seed")["value"].mean()
            for one in (new, old)
        ]
        raw.append(ttest_rel(*means).pvalue)
        assert curve.difference.p == pytest.approx(raw[-1])
    smallest = int(np.argmin(raw))
    assert found[smallest].corrected == pytest.approx(min(3 * raw[smallest], 1))


def test_one_seed_is_not_tested(build_results: Callable[..., Results]) -> None:
    one = with_settings(build_results(1), settings())
    found = compare(one, moved(one, of_cnn, dropped), changes)
    assert set(verdicts(found).values()) == {"one seed"}
    assert not found.is_regression


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"task_version": 2}, "task: version 1 -> 2"),
        ({"test_size": 1000}, "test size: 500 -> 1000"),
        ({"metrics": 3}, "the metrics: 2 -> 3"),
    ],
)
def test_cells_with_other_data_are_refused_by_name(old: Results, changed: dict[str, Any], reason: str) -> None:
    found = compare(old, with_settings(old, settings(**changed), prefix="other"), changes)
    assert found.pairing.cells.empty
    assert {one.reason for one in found.pairing.refused} == {reason}
    assert sum(one.cells for one in found.pairing.refused) == old.scores["key"].nunique()


def test_another_suite_seed_is_refused(old: Results) -> None:
    found = compare(old, with_settings(old, settings(suite=1), prefix="other", suite_seed=1), changes)
    assert {one.reason for one in found.pairing.refused} == {"the suite seed: 0 -> 1"}
    assert not found.pairing.one_sided


def test_two_results_for_one_cell_are_never_averaged(old: Results) -> None:
    twice = replace(old.catalogue, cells=(*old.catalogue.cells, replace(old.catalogue.cells[0], key="again")))
    with pytest.raises(ValueError, match="the new results have two different cells for mlp on identity-bits, n = 16"):
        compare(old, replace(old, catalogue=twice), changes)


def test_what_one_side_alone_has_is_listed_with_the_reason(old: Results) -> None:
    fewer: Catalogue = old.catalogue.only(lambda cell: cell.learner != "forest")
    new = replace(old, catalogue=fewer, scores=old.scores.loc[~old.scores["learner"].isin(["forest", "linear"])])
    found = compare(old, new, changes).pairing.one_sided
    reasons = {(one.side, one.learner, one.reason) for one in found}
    assert reasons == {("old", "forest", "not planned"), ("old", "linear", "not run")}
    assert {(one.side, one.learner) for one in compare(new, old, changes).pairing.one_sided} == {
        ("new", "forest"),
        ("new", "linear"),
    }


def test_a_cell_that_fails_or_diverges_now_is_lost(old: Results) -> None:
    key = "maze-graph/mlp/16/0/0"
    failure = {**old.failures[0], "keys": [key]}
    gone = old.scores.loc[old.scores["key"] != key]
    found = compare(old, replace(old, scores=gone, failures=[failure]), changes)
    assert found.lost == {("maze-graph", "mlp", "failed"): 1}
    assert found.is_regression
    diverged = old.scores.copy()
    diverged.loc[diverged["key"] == key, ["value", "status"]] = [np.nan, "diverged"]
    found = compare(old, replace(old, scores=diverged), changes)
    assert found.lost == {("maze-graph", "mlp", "diverged"): 1}
    assert found.statuses == {("maze-graph", "mlp", "ok", "diverged"): 1}


def test_fit_times_are_ratios_on_one_machine_and_not_compared_between_two(old: Results) -> None:
    slower = replace(old, scores=old.scores.assign(fit_seconds=3 * old.scores["fit_seconds"]))
    assert {round(one.ratio, 6) for one in compare(old, slower, changes).times} == {3.0}
    other = [{**old.provenance[0], "machine": {"system": "Linux", "processor": "another"}}]
    found = compare(old, replace(slower, provenance=other), changes)
    assert found.times == ()
    assert list(found.untimed) == ["processor 8-core x86_64, system Linux -> processor another, system Linux"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(old: Results, new: Results, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(grue.runs.reading, "read", lambda dirs, **_: old if str(dirs[0]) == "OLD" else new)
        monkeypatch.setattr(sys, "argv", ["grue", "compare", "OLD", "NEW", *arguments])
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    return call


def test_exit_code_1_is_for_a_regression_and_only_if_it_is_asked_for(old: Results, run: Run) -> None:
    worse = moved(old, of_cnn, dropped)
    assert run(old, worse)[0] == 0
    assert run(old, worse, "--fail-on", "regression")[0] == 1
    assert run(worse, old, "--fail-on", "regression")[0] == 0
    assert run(old, old, "--fail-on", "regression")[0] == 0
    assert run(old, worse, "--fail-on", "regression", "--task", "identity-bits")[0] == 0


def test_every_format_names_what_moved(old: Results, run: Run) -> None:
    worse = moved(old, of_cnn, dropped)
    text, markdown, table, document = (run(old, worse, "--format", form)[1] for form in ("text", "md", "csv", "json"))
    assert "3 significantly worse" in text
    assert all(len(line) <= 100 for line in text.splitlines())
    assert "### Scores that differ" in markdown
    rows = list(csv.DictReader(io.StringIO(table)))
    losses = [one for one in rows if one["verdict"] == "loss"]
    assert {(one["kind"], one["task"], one["learner"]) for one in losses} == {("curve", "maze-graph", "cnn")}
    loaded = json.loads(document)
    assert loaded["regression"] is True
    assert len(loaded["rows"]) == len(rows)


def test_results_without_a_common_cell_are_refused_with_the_reason(old: Results, run: Run) -> None:
    other = with_settings(old, settings(task_version=2), prefix="other")
    code, _, error = run(old, other)
    assert (code, error) == (
        2,
        "grue: OLD and NEW cannot be compared: their data or metrics differ: task: version 1 -> 2\n",
    )
