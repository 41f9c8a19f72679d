"""The study of simplicity: its candidates against what is known of them, small fits, and verdicts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rc_context
from sklearn.tree import DecisionTreeRegressor

from grue.reports.figures_of_studies import simplicity as figure
from grue.reports.style import theme
from grue.studies.minimum_degree import CANDIDATES, candidates, cube, greedy_tree, minimum_degree, monomials, unseen
from grue.studies.simplicity import CUBE, SLABS, Simplicity
from grue.studies.simplicity_statistics import EXPECTED, LMS, findings, lms_row
from grue.studies.slab_features import RECIPE, run_learner, run_recipe
from grue.studies.unseen_part import TARGETS, line_fit, run_cube, run_rays
from grue.tasks.gotu import FUNCTIONS


@cache
def rows() -> pd.DataFrame:
    """All parts, small: cheap fits of every learner but the transformer, whose rows are those of the MLP."""
    parts = [run_recipe({**RECIPE, "n": 4000, "steps": 300, "seed": seed}) for seed in range(2)]
    slabs = {"parameters": {}, "n": 256, "seeds": [0, 1]}
    parts += [run_learner({**slabs, "learner": learner}) for learner in ("mlp", "forest", "boosting")]
    for function in FUNCTIONS:
        for learner in ("mlp", "kernel", "forest", "boosting"):
            settings = {"function": function, "learner": learner, "n": 256, "seeds": [0, 1]}
            parts.append(run_cube({**settings, "parameters": CUBE[learner]}))
        parts.append(run_cube({**settings, "learner": "mlp", "parameters": {**CUBE["mlp"], "age": 100}}))
    for target in TARGETS:
        for learner, parameters in (("mlp", {"max_steps": 500}), ("forest", {"n_estimators": 20})):
            settings = {"target": target, "learner": learner, "parameters": parameters, "n": 256, "seeds": [0, 1]}
            parts.append(run_rays(settings))
    parts += [one.assign(learner="transformer") for one in parts if (one["learner"] == "mlp").all()]
    return pd.concat(parts, ignore_index=True)


# Candidates


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_polynomial_of_least_degree_is_that_of_the_task(function: str) -> None:
    points = unseen(function)
    found = candidates(function, points)
    assert minimum_degree(function)[0] == 1
    assert found["minimum degree"] == pytest.approx(FUNCTIONS[function].minimum(points))
    seen = cube(15)[FUNCTIONS[function].seen(cube(15))]
    assert candidates(function, seen)["minimum degree"] == pytest.approx(FUNCTIONS[function].true(seen))


def test_published_values_of_the_minimum_degree_interpolators() -> None:
    f1, f2 = (candidates(function, unseen(function)) for function in ("f1", "f2"))
    assert f2["minimum degree"] == pytest.approx(-3)
    assert f2["greedy tree"] == pytest.approx(-1)
    assert np.square(f1["minimum degree"] - f1["truth"]).mean() == pytest.approx(19.25)


def test_monomials_are_all_products() -> None:
    assert monomials(cube(4), 2).shape == (16, 1 + 4 + 6)
    assert np.linalg.matrix_rank(monomials(cube(4), 4)) == 16


@given(st.lists(st.integers(-3, 3), min_size=8, max_size=8), st.integers(1, 255))
def test_the_greedy_tree_is_the_mean_of_the_trees_of_scikit_learn(numbers: list[int], chosen: int) -> None:
    """In each of its trees ties are broken by the random state; the prediction on the seen points is exact."""
    corners = cube(3)
    seen = np.array([chosen >> bit & 1 for bit in range(8)], bool)
    values = np.array(numbers, float)
    found = greedy_tree(corners[seen], values[seen], corners)
    assert found[seen] == pytest.approx(values[seen])
    trees = [DecisionTreeRegressor(random_state=state).fit(corners[seen], values[seen]) for state in range(20)]
    predicted = np.stack([tree.predict(corners) for tree in trees])
    assert (predicted.min(axis=0) - 1e-9 <= values[seen].max()).all()
    same = np.ptp(predicted, axis=0) < 1e-9
    single = np.abs(predicted[0] - found) < 1e-9
    assert (single | ~same | _has_ties(corners[seen], values[seen])).all()


def _has_ties(points: np.ndarray, values: np.ndarray) -> bool:
    """Whether any node of the greedy tree has two best splits: then 20 trees need not show all outcomes."""
    if np.ptp(values) == 0 or len(points) == 1:
        return False
    gains: list[float] = []
    for column in points.T:
        side = column == 1
        if 0 < side.sum() < len(side):
            means = np.where(side, values[side].mean(), values[~side].mean())
            gains.append(float(np.square(means - values.mean()).mean()))
        else:
            gains.append(-1.0)
    order = np.sort(gains)
    if order[-1] - order[-2] < 1e-9:
        return True
    side = points[:, int(np.argmax(gains))] == 1
    return _has_ties(points[side], values[side]) or _has_ties(points[~side], values[~side])


def test_ties_of_the_greedy_tree_are_averaged() -> None:
    """Of x0 = x1 on two points either may be split: the trees disagree where x0 differs from x1."""
    points = np.array([[-1, -1], [1, 1]])
    found = greedy_tree(points, np.array([0.0, 1.0]), np.array([[-1, 1], [1, -1], [1, 1]]))
    assert found == pytest.approx([0.5, 0.5, 1])


def test_the_fit_of_a_line() -> None:
    positions = np.linspace(-1, 1, 21)
    found = line_fit(np.stack([3 * positions - 1, np.square(positions), np.ones(21)]), positions)
    assert found == pytest.approx([1, 0, 1], abs=1e-9)


# Fits


def test_a_network_by_the_recipe_uses_the_linear_coordinate_alone() -> None:
    own = rows()[rows()["learner"] == "fcn"]
    assert (own["auc"] > 0.99).all()
    assert (own["auc_slabs"] > 0.99).all()
    assert own["auc_linear"].tolist() == pytest.approx([0.5, 0.5], abs=0.05)
    settings = {**RECIPE, "n": 600, "steps": 5, "seed": 0}
    pd.testing.assert_frame_equal(run_recipe(settings), run_recipe(settings))


def test_a_forest_predicts_what_the_greedy_tree_does() -> None:
    own = rows()[(rows()["learner"] == "forest") & (rows()["function"] == "f2")]
    assert own["greedy tree"].tolist() == pytest.approx([0, 0], abs=0.01)
    assert own["position"].tolist() == pytest.approx([0.5, 0.5], abs=0.01)


def test_outside_of_the_box_forests_stay_in_the_range_and_networks_are_linear() -> None:
    rays = rows()[rows()["part"] == "rays"].groupby("learner")
    assert (rays.get_group("forest")["outside"] == 0).all()
    assert (rays.get_group("mlp")["outside"] > 1).all()
    assert (rays.get_group("mlp")["linearity"] > 0.99).all()


# Verdicts


def test_every_statement_is_decided_once_and_published_figures_have_ours() -> None:
    found = findings(rows())
    statements = [one.statement for one in found.verdicts]
    assert len(set(statements)) == len(statements) == 1 + len(SLABS) + 2 * len(EXPECTED) + 2 * 2 + len(TARGETS)
    assert all(one.ours and one.agrees is not None for one in found.published)
    assert set(found.tables["Distances on the unseen part"]["Nearest"]) <= set(CANDIDATES)


def test_of_a_learner_that_does_not_fit_nothing_is_decided() -> None:
    own = rows().copy()
    own.loc[(own["learner"] == "kernel") & (own["function"] == "f1"), "fit"] = 0.8
    kernel = [one for one in findings(own).verdicts if one.statement.startswith("f1: kernel")]
    assert [one.decision for one in kernel] == ["not decided"]
    assert "does not fit: 0.800" in kernel[0].detail


def test_a_nearer_candidate_decides() -> None:
    own = rows().copy()
    seeds = np.arange(12)
    kept = own[(own["learner"] == "kernel") & (own["function"] == "f1")].iloc[[0]]
    many = kept.loc[kept.index.repeat(12)].assign(seed=seeds, fit=1.0)
    rest = own[(own["learner"] != "kernel") | (own["function"] != "f1")]
    for near, decision in (("minimum degree", "supported"), ("greedy tree", "contradicted")):
        distances = {name: (0.1 if name == near else 0.5) + 0.001 * seeds for name in CANDIDATES}
        found = findings(pd.concat([rest, many.assign(**distances)])).verdicts
        (one,) = [one for one in found if one.statement.startswith("f1: kernel")]
        assert one.decision == decision
        assert abs(one.estimate) == pytest.approx(0.4)


def test_areas_agree_within_the_sampling_error_only() -> None:
    assert lms_row("", LMS["auc_linear"], [0.5, 0.502, 0.498]).agrees
    assert not lms_row("", LMS["auc_linear"], [0.6, 0.602, 0.598]).agrees
    assert not lms_row("", LMS["auc"], [0.99, 0.99, 0.99]).agrees


def test_a_missing_part_or_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer than 2 seeds"):
        findings(rows()[rows()["part"] != "rays"])
    with pytest.raises(ValueError, match="fewer than 2 seeds"):
        findings(rows()[rows()["seed"] == 0])


def test_the_figure_is_drawn_from_findings_alone() -> None:
    with rc_context(theme()):
        assert len(figure.draw(findings(rows())).axes) == 4


def test_jobs_have_names_of_their_own() -> None:
    for scale in ("quick", "default", "full"):
        names = [job.name for job in Simplicity().jobs(scale)]
        assert len(set(names)) == len(names)
