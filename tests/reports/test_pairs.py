"""`grue.compare_learners`: every pair of learners on every task, as a table."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import grue
from grue.analysis.outcomes import outcomes
from grue.analysis.ranks import rank_learners
from grue.reports.pairs import PAIRS
from grue.runs.bundle import write_bundle
from grue.runs.errors import UsageError
from grue.runs.results import Results


def test_it_is_the_paired_t_test_of_scipy_corrected_for_all_pairs_of_the_task(results: Results) -> None:
    scores = results.scores.copy()
    chosen = (scores["task"] == "maze-graph") & (scores["learner"] == "cnn") & (scores["split"] == "far")
    scores.loc[chosen, "value"] += scores.loc[chosen, "seed"].map({0: 0.1, 1: 0.2, 2: 0.15})
    found = grue.compare_learners(replace(results, scores=scores), tasks=["maze-graph"])
    assert list(found.columns) == PAIRS
    assert len(found) == 3, "mlp, cnn, linear; forest is not applicable"
    row = found.set_index(["first", "second"]).loc["mlp", "cnn"]
    at = scores.query("task == 'maze-graph' and split == 'far' and metric == 'score' and size == 1024 and exposed == 0")
    first, second = (at.query("learner == @name").sort_values("seed")["value"] for name in ("mlp", "cnn"))
    assert row["p"] == pytest.approx(stats.ttest_rel(first, second).pvalue)
    assert row["difference"] == pytest.approx(first.mean() - second.mean())
    assert row["corrected_p"] == pytest.approx(min(1, 3 * row["p"]), rel=0.7)
    assert row["seeds"] == 3


def test_a_seed_that_one_learner_lacks_is_left_out_and_flagged(results: Results) -> None:
    found = grue.compare_learners(results, tasks=["maze-graph"]).set_index(["first", "second"])
    row = found.loc["mlp", "linear"]
    assert row["seeds"] == 2
    assert {"diverged", "incomplete"} <= set(row["flags"].split(","))


def test_bimodal_and_bounded_scores_are_marked_and_not_called_equivalent(build_results: Callable[..., Results]) -> None:
    found = grue.compare_learners(build_results(3, errors=0.001), tasks=["identity-bits"]).set_index(
        ["first", "second"]
    )
    assert found.loc["mlp", "forest"]["difference"] == 0
    assert (found.loc["mlp", "forest"]["verdict"], found.loc["mlp", "forest"]["flags"]) == ("not decided", "range")
    assert found.loc["mlp", "cnn"]["verdict"] == "different"


def test_learners_that_score_alike_are_equivalent(build_results: Callable[..., Results]) -> None:
    found = grue.compare_learners(build_results(3, errors=0.001), split="id", tasks=["scramble-bag"])
    row = found.set_index(["first", "second"]).loc["mlp", "forest"]
    assert (row["verdict"], row["flags"]) == ("equivalent", "")
    assert row["corrected_equivalence_p"] >= row["equivalence_p"]


def test_controls_are_compared_if_they_are_named(results: Results) -> None:
    found = grue.compare_learners(results, learners=["mlp", "oracle"], measure="area", split="id")
    assert set(found["first"]) | set(found["second"]) == {"mlp", "oracle"}
    assert found["task"].tolist() == ["identity-bits", "scramble-bag", "maze-graph"], "not text, which is not ranked"


def test_it_reads_a_folder_or_several(results: Results, tmp_path: Path) -> None:
    write_bundle(results, tmp_path)
    expected = grue.compare_learners(results)
    for given in (tmp_path, str(tmp_path), [tmp_path]):
        assert grue.compare_learners(given)["p"].to_numpy() == pytest.approx(expected["p"].to_numpy(), nan_ok=True)


def test_one_seed_and_one_learner_give_no_verdict(build_results: Callable[..., Results]) -> None:
    found = grue.compare_learners(build_results(1, errors=0.01))
    assert set(found["verdict"]) == {"not decided"}
    assert found["p"].isna().all()
    assert not np.isnan(found["difference"]).any()
    assert grue.compare_learners(build_results(1), learners=["mlp"]).empty


def test_what_is_unknown_is_named(results: Results, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown learner 'mpl'; did you mean 'mlp'"):
        grue.compare_learners(results, learners=["mpl"])
    with pytest.raises(ValueError, match="unknown split 'far'; expected one of id, ood"):
        grue.compare_learners(results, split="far")
    with pytest.raises(UsageError, match="did you mean 'maze-graph'"):
        grue.compare_learners(results, tasks=["maze-graf"])
    with pytest.raises(UsageError, match="not a result folder"):
        grue.compare_learners(tmp_path / "none")


def test_a_learner_that_is_not_applicable_to_a_task_is_not_ranked(results: Results) -> None:
    found = outcomes(results.scores, results.catalogue)
    ranks = rank_learners(found.loc[found["kind"] == "learner"])
    assert ranks.loc["forest", "lacks"] == "maze-graph"
    assert np.isnan(ranks.loc["forest", "rank"])
    assert ranks.loc[["mlp", "cnn", "linear"], "rank"].notna().all()


def test_it_loads_no_torch() -> None:
    code = "import sys, grue; grue.compare_learners('reference/quick'); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
