"""Decomposition of differences between learners: known effects of balanced designs are recovered exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grue.analysis.decomposition import (
    Crossing,
    algorithm_of,
    crossings,
    effects,
    pairs,
    shares,
    spread,
    sums_of_squares,
)
from grue.runs.catalogue import Catalogue, LearnerInfo
from grue.runs.results import COLUMNS, Results

SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
Score = Callable[[str, str, str, int], float]

PARAMETERS = {
    ("mlp", "untied"): ("mlp:encoding={}", {}),
    ("mlp", "tied"): ("mlp:encoding={},view=tied", {"view": "tied", "window": 1}),
    ("cnn", "untied"): ("cnn:encoding={},view=untied", {"readout": "flattened"}),
    ("cnn", "tied"): ("cnn:encoding={}", {"readout": "auto"}),
    ("forest", "untied"): ("forest:encoding={}", {}),
    ("forest", "tied"): ("forest:encoding={},view=tied", {"view": "tied", "window": 1}),
}


def results_of(
    ood: Score,
    *,
    seeds: int = 3,
    algorithms: tuple[str, ...] = ("mlp", "cnn", "forest"),
    encodings: tuple[str, ...] = ("onehot", "value"),
    without: tuple[tuple[str, int], ...] = (),
    error: float | None = None,
    flags: str = "ok",
) -> Results:
    """Scores at n = 16 and 64, ID 1 everywhere and OOD as the function (algorithm, view, encoding, seed) says.

    without  (label, seed) of cells that are missing at n = 64
    flags    status of all cells of the tied forest
    """
    rows, cells, learners = [], [], {"lookup": {"kind": "control", "version": 1, "parameters": {}}}
    for (algorithm, view), (template, parameters) in PARAMETERS.items():
        for encoding in encodings if algorithm in algorithms else ():
            label = template.format(encoding)
            learners[label] = {"kind": "learner", "version": 1, "parameters": {"encoding": encoding, **parameters}}
            for seed in range(seeds):
                for size in (16, 64):
                    axes = {"task": "toy", "learner": label, "size": size, "exposed": 0, "seed": seed, "suite_seed": 1}
                    axes["key"] = f"{label}-{size}-{seed}"
                    cells.append(axes)
                    if size == 64 and (label, seed) in without:
                        continue
                    status = flags if (algorithm, view) == ("forest", "tied") else "ok"
                    about = {**axes, "fit_seconds": 1.0, "status": status}
                    for split, score in (("id", 1.0), ("odd", ood(algorithm, view, encoding, seed))):
                        rows.append({**about, "split": split, "metric": "score", "value": score})
                        if error is not None:
                            rows.append({**about, "split": split, "metric": "score_error", "value": error})
    task = {"family": "toys", "version": 1, "splits": [{"name": "id"}, {"name": "odd", "shift": "x", "headline": True}]}
    plan: dict[str, Any] = {"tasks": {"toy": task}, "learners": learners, "cells": cells, "not_applicable": []}
    return Results(pd.DataFrame(rows, columns=COLUMNS), Catalogue.from_json(plan))


def crossing(ood: Score, **how: Any) -> Crossing:
    """The crossing at the largest size."""
    results = results_of(ood, **how)
    return crossings(results.scores, results.catalogue)[-1]


def known(algorithm: str, view: str, encoding: str, seed: int) -> float:
    """Effects .5 of the view, .1 of the encoding, .2 between mlp and the others, .3 of tied and value together."""
    tied, value = view == "tied", encoding == "value"
    return 0.5 * tied + 0.1 * value + 0.3 * (tied and value) - 0.2 * (algorithm == "mlp") + 0.01 * seed


@given(SHAPES.flatmap(lambda shape: arrays(float, shape, elements=st.floats(-1, 1, width=32))))
def test_sums_of_squares_add_up(values: np.ndarray) -> None:
    parts = sums_of_squares(values)
    assert len(parts) == 7
    assert min(parts.values()) >= 0
    assert sum(parts.values()) == pytest.approx(np.square(values - values.mean()).sum(), abs=1e-9)


@given(
    arrays(float, (3, 1, 1), elements=st.floats(-1, 1, width=32)),
    arrays(float, (1, 2, 2), elements=st.floats(-1, 1, width=32)),
)
def test_what_does_not_depend_on_a_factor_has_no_part_of_it(first: np.ndarray, others: np.ndarray) -> None:
    parts = sums_of_squares(first + others)
    assert parts[0,] == pytest.approx(4 * np.square(first - first.mean()).sum(), abs=1e-9)
    assert [parts[axes] for axes in ((0, 1), (0, 2), (0, 1, 2))] == pytest.approx([0, 0, 0], abs=1e-9)


def test_known_effects_are_recovered() -> None:
    found = crossing(known)
    view, encoding = effects(found, "ood", "view"), effects(found, "ood", "encoding")
    assert view["tied", "untied"].mean == pytest.approx(0.5 + 0.15)
    assert encoding["value", "onehot"].mean == pytest.approx(0.1 + 0.15)
    algorithms = {levels: effect.mean for levels, effect in effects(found, "ood", "algorithm").items()}
    assert algorithms == pytest.approx({("mlp", "cnn"): -0.2, ("mlp", "forest"): -0.2, ("cnn", "forest"): 0}, abs=1e-9)
    assert view["tied", "untied"].half_width == pytest.approx(0, abs=1e-9), "the seeds move all cells alike"
    assert effects(found, "id", "view")["tied", "untied"].mean == 0


def test_shares_are_those_of_the_analysis_of_variance() -> None:
    found = shares(crossing(known), "ood")
    # variances over the 12 cells: effects of two levels at +- half of each, the interaction at +- .075, one algorithm
    # of three at -.2
    parts = {
        ("view",): 0.325**2,
        ("encoding",): 0.125**2,
        ("view", "encoding"): 0.075**2,
        ("algorithm",): 0.2**2 * 2 / 9,
    }
    total = sum(parts.values())
    assert {name: share for name, share in found.items() if share > 1e-9} == pytest.approx(
        {name: part / total for name, part in parts.items()}
    )
    assert spread(crossing(known), "ood") == pytest.approx(total**0.5)
    assert sum(found.values()) == pytest.approx(1)


def test_equal_scores_have_no_shares() -> None:
    found = crossing(known)
    assert all(np.isnan(share) for share in shares(found, "id").values())
    assert spread(found, "id") == 0


@pytest.mark.parametrize("seed", range(3))
def test_the_parts_of_a_pair_add_up_to_the_difference_of_any_two_opposite_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.uniform(-1, 1, (3, 2, 2))
    names = ("mlp", "cnn", "forest"), ("untied", "tied"), ("onehot", "value")

    def score(algorithm: str, view: str, encoding: str, _seed: int) -> float:
        return float(table[names[0].index(algorithm), names[1].index(view), names[2].index(encoding)])

    for pair in pairs(crossing(score), "ood"):
        first, second = names[0].index(pair.first), names[0].index(pair.second)
        for view in (0, 1):
            for encoding in (0, 1):
                signs = 2 * view - 1, 2 * encoding - 1
                parts = pair.algorithm.mean + signs[0] * pair.view.mean + signs[1] * pair.encoding.mean
                parts += signs[0] * signs[1] * pair.interaction.mean
                difference = table[first, view, encoding] - table[second, 1 - view, 1 - encoding]
                assert parts == pytest.approx(difference)


def test_intervals_are_paired_over_seeds_and_floored_by_the_errors_within_the_cells() -> None:
    noisy = crossing(lambda _a, view, _e, seed: (view == "tied") * (0.5 + 0.1 * seed), seeds=2)
    found = effects(noisy, "ood", "view")["tied", "untied"]
    assert (found.mean, found.seeds) == (pytest.approx(0.55), 2)
    assert found.half_width == pytest.approx(12.706 * 0.05, rel=1e-3)
    floored = effects(crossing(known, error=0.06, seeds=4), "ood", "view")["tied", "untied"]
    # twelve cells, each with weight 1/6, and the root of four seeds
    assert floored.half_width == pytest.approx(3.182 * 0.06 * 12**0.5 / 6 / 2, rel=1e-3)


def test_sizes_seeds_and_flags_of_a_crossing() -> None:
    results = results_of(known, without=(("mlp:encoding=value", 1),), flags="plateau")
    small, large = crossings(results.scores, results.catalogue)
    assert (small.size, small.seeds, large.size, large.seeds) == (16, 3, 64, 2)
    assert large.flags["forest:encoding=onehot,view=tied"] == ("plateau",)
    assert large.flags["cnn:encoding=onehot"] == ()
    assert large.levels["algorithm"] == ("mlp", "cnn", "forest")
    assert large.learners[1, 0, 1] == "cnn:encoding=value,view=untied"


def test_one_encoding_is_no_factor() -> None:
    found = crossing(known, encodings=("value",))
    assert set(shares(found, "ood")) == {("view",), ("algorithm",), ("algorithm", "view")}
    assert effects(found, "ood", "encoding") == {}
    pair = pairs(found, "ood")[0]
    assert np.isnan([pair.encoding.mean, pair.interaction.mean]).all()
    assert pair.algorithm.mean + pair.view.mean == pytest.approx(-0.2 + 0.8), "mlp tied - cnn untied"


def test_only_full_designs_are_decomposed() -> None:
    results = results_of(known)
    alone = {name for name in results.catalogue.learners if name.startswith("mlp") or "tied" not in name}
    catalogue = results.catalogue.only(lambda cell: cell.learner in alone)
    assert crossings(results.scores, catalogue) == [], "the mlp is the only algorithm in both views"
    part = results.catalogue.only(lambda cell: cell.learner != "cnn:encoding=value")
    (*_, found) = crossings(results.scores, part)
    assert found.levels["algorithm"] == ("mlp", "forest")
    assert found.levels["encoding"] == ("onehot", "value"), "eight cells instead of six"
    assert found.left_out == ()
    one = results.catalogue.only(lambda cell: "forest:encoding=value" not in cell.learner)
    (*_, found) = crossings(results.scores, one.only(lambda cell: "mlp:encoding=value" not in cell.learner))
    assert (len(found.levels["algorithm"]), found.levels["encoding"]) == (3, ("onehot",))
    assert set(found.left_out) == {"cnn:encoding=value", "cnn:encoding=value,view=untied"}


def test_without_a_wrapped_learner_the_second_factor_is_the_readout() -> None:
    results = results_of(known, algorithms=("cnn", "forest"))
    assert crossings(results.scores, results.catalogue)[-1].view_name == "view"
    parameters = {"encoding": "onehot", "readout": "auto"}
    learners = {
        label: LearnerInfo("learner", 1, {**parameters, "readout": readout})
        for label, readout in (
            ("cnn:encoding=onehot", "auto"),
            ("cnn:encoding=onehot,view=untied", "flattened"),
            ("forest:encoding=onehot", "flattened"),
            ("forest:encoding=onehot,view=tied", "auto"),
        )
    }
    encoders = replace(results.catalogue, learners=learners).only(lambda cell: cell.learner in learners)
    (*_, found) = crossings(results.scores, encoders)
    assert (found.view_name, found.levels["view"]) == ("readout", ("flattened", "auto"))


def test_the_algorithm_is_the_label_without_view_and_encoding() -> None:
    assert algorithm_of("cnn:depth=2,encoding=value,view=untied") == "cnn:depth=2"
    assert algorithm_of("forest:encoding=value,position=true,view=tied,window=9") == "forest"
    assert algorithm_of("a.module:Learner:width=3,encoding=value") == "a.module:Learner:width=3"
    assert [algorithm_of(name) for name in ("mlp", "a.module:Learner")] == ["mlp", "a.module:Learner"]
