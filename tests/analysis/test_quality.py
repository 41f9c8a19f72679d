"""Whether a task measures: what each of the three conditions of DESIGN rule 7 says of results built by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from grue.analysis.quality import (
    MAX_CONTRASTS,
    NEIGHBOUR,
    TREE,
    TaskQuality,
    assess,
    flag_shares,
    shallow_learner,
)
from grue.runs.catalogue import Catalogue, LearnerInfo
from grue.runs.results import COLUMNS, Results

SEEDS = 10
CONTRASTS = [("mlp", "forest"), ("cnn", "rnn")]

TREE_LABEL = "sklearn.tree:DecisionTreeClassifier:max_depth=3"
NEIGHBOUR_LABEL = "neighbours:n_neighbors=1"

LEARNERS: dict[str, tuple[str, dict[str, Any]]] = {
    "mlp": ("learner", {}),
    "forest": ("learner", {}),
    "forest:view=tied": ("learner", {"view": "tied"}),
    "program": ("learner", {}),
    "lookup": ("control", {}),
    "rule": ("heuristic", {}),
    TREE_LABEL: ("learner", {"estimator": "sklearn.tree:DecisionTreeClassifier", "settings": [["max_depth", 3]]}),
    NEIGHBOUR_LABEL: ("learner", {"n_neighbors": 1}),
}

GOOD: dict[str, tuple[float, float]] = {
    "mlp": (0.95, 0.7),
    "forest": (0.97, 0.3),
    "program": (1.0, 1.0),
    "lookup": (0.0, 0.0),
    "rule": (0.6, 0.2),
    TREE_LABEL: (0.4, 0.1),
    NEIGHBOUR_LABEL: (0.5, 0.3),
}
"""Learner -> ID and OOD score of a task that measures."""


def results_of(
    curves: Mapping[str, tuple[float, float]],
    *,
    statuses: Mapping[str, str] | None = None,
    seeds: int = SEEDS,
    exposed: Mapping[str, float] | None = None,
    suite_seed: int = 1,
) -> Results:
    """Results at n = 64; the scores of seeds differ by 0.01, and those of a learner from those of another not at all.

    exposed  learner -> OOD score with 16 exposed examples
    """
    rows, cells = [], []
    for learner, (in_distribution, shifted) in curves.items():
        for seed in range(seeds):
            for amount in (0, 16) if learner in (exposed or {}) else (0,):
                axes = {"task": "toy", "learner": learner, "size": 64, "exposed": amount, "seed": seed}
                axes |= {"key": f"{learner}-{amount}-{seed}", "suite_seed": suite_seed}
                cells.append(axes)
                about = {**axes, "fit_seconds": 1.0, "status": (statuses or {}).get(learner, "ok")}
                ood = (exposed or {})[learner] if amount else shifted
                for split, score in (("id", in_distribution), ("odd", ood)):
                    rows.append({**about, "split": split, "metric": "score", "value": score + 0.01 * (seed % 2)})
                    rows.append({**about, "split": split, "metric": "score_error", "value": 0.01})
    task = {"family": "toys", "version": 3, "splits": [{"name": "id"}, {"name": "odd", "shift": "x", "headline": True}]}
    learners = {
        name: {"kind": LEARNERS[name][0], "version": 1, "parameters": LEARNERS[name][1]}
        for name in dict.fromkeys(curves)
    }
    catalogue = {"tasks": {"toy": task}, "learners": learners, "cells": cells, "not_applicable": []}
    return Results(pd.DataFrame(rows, columns=COLUMNS), Catalogue.from_json(catalogue))


def quality(curves: Mapping[str, tuple[float, float]], exposure: tuple[str, ...] = (), **how: Any) -> TaskQuality:
    results = results_of(curves, **how)
    (found,) = assess(results.scores, results.catalogue, CONTRASTS, exposure)
    return found


def test_a_task_that_is_learned_by_no_shallow_rule_and_parts_two_learners_measures() -> None:
    found = quality(GOOD)
    assert found.measures
    assert (found.best, found.rule, found.seeds, found.lacking) == ("forest", NEIGHBOUR_LABEL, SEEDS, ())
    (contrast,) = found.contrasts
    assert (contrast.first, contrast.second, contrast.basis) == ("mlp", "forest", "OOD")
    assert contrast.difference.mean == pytest.approx(0.4)
    assert contrast.holds
    assert found.stable_seeds == 1


def test_program_and_controls_do_not_count_as_general_purpose() -> None:
    found = quality({**GOOD, "mlp": (0.6, 0.3), "forest": (0.5, 0.1), "lookup": (1.0, 1.0)})
    assert found.best == "mlp"
    assert "no general-purpose learner reaches ID 0.9 unflagged (best: mlp 0.6" in found.reasons[0]


def test_a_flagged_learner_neither_learns_the_task_nor_is_compared() -> None:
    found = quality(GOOD, statuses={"mlp": "plateau", "forest": "budget"})
    assert found.best == ""
    assert "forest 0.97 is flagged budget" in found.reasons[0]
    assert not found.contrasts
    assert found.disqualified == {"mlp": "plateau", "forest": "budget"}
    assert found.flagged == 1


@pytest.mark.parametrize("rule", ["rule", TREE_LABEL, NEIGHBOUR_LABEL])
def test_a_shallow_rule_that_succeeds_on_the_shift_makes_it_a_frontier_task(rule: str) -> None:
    found = quality({**GOOD, rule: (0.9, 0.6)})
    assert found.reasons == (f"the shallow rule {rule} scores 0.60 on odd",) or "0.6" in found.reasons[0]
    assert found.rule == rule


def test_two_learners_that_are_alike_on_the_shift_make_it_a_frontier_task() -> None:
    found = quality({**GOOD, "forest": (0.97, 0.7)})
    assert len(found.reasons) == 1
    assert "none of 1 contrasts holds, of 2 declared" in found.reasons[0]


def test_what_the_folder_lacks_is_named() -> None:
    found = quality({name: GOOD[name] for name in ("mlp", "forest", "rule")})
    assert found.lacking == (TREE, NEIGHBOUR)


def test_learners_of_different_views_are_not_compared() -> None:
    curves = {name: pair for name, pair in GOOD.items() if name != "forest"}
    found = quality({**curves, "forest:view=tied": (0.97, 0.3)})
    assert not found.contrasts


def test_where_the_shift_gives_no_signal_the_exposure_curve_is_compared() -> None:
    curves = {**GOOD, "mlp": (0.95, 0.0), "forest": (0.97, 0.0)}
    exposed = {"mlp": 0.9, "forest": 0.3}
    assert not quality(curves, exposed=exposed).measures
    found = quality(curves, ("toy",), exposed=exposed)
    assert found.measures
    (contrast,) = found.contrasts
    assert contrast.basis == "exposure"
    assert contrast.difference.mean == pytest.approx(0.3)  # half the difference at the end of a straight line


def test_more_contrasts_than_may_be_declared_are_refused() -> None:
    results = results_of(GOOD)
    with pytest.raises(ValueError, match="at most 10"):
        assess(results.scores, results.catalogue, CONTRASTS * MAX_CONTRASTS, ())


def test_one_seed_decides_nothing() -> None:
    assert quality(GOOD, seeds=1).reasons == ("contrasts cannot be tested with one seed",)


def test_a_task_without_a_headline_shift_is_a_frontier_task() -> None:
    results = results_of(GOOD)
    info = replace(results.catalogue.tasks["toy"], splits=results.catalogue.tasks["toy"].splits[:1])
    catalogue = replace(results.catalogue, tasks={"toy": info})
    (found,) = assess(results.scores, catalogue, CONTRASTS, ())
    assert found.reasons == ("it has no headline shift",)


def test_flags_are_counted_for_iterative_learners_on_the_tasks_asked_for() -> None:
    results = results_of(GOOD, statuses={"mlp": "plateau", "forest": "capacity"})
    assert flag_shares(results.scores, results.catalogue) == {"mlp": (SEEDS, SEEDS)}
    assert flag_shares(results.scores, results.catalogue, ()) == {}


def test_shallow_learners_are_known_by_their_parameters() -> None:
    infos = {name: LearnerInfo(kind, 1, parameters) for name, (kind, parameters) in LEARNERS.items()}
    kinds = {name: kind for name, info in infos.items() if (kind := shallow_learner(name, info))}
    assert kinds == {TREE_LABEL: TREE, NEIGHBOUR_LABEL: NEIGHBOUR}
