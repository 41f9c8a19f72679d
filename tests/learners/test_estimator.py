"""Estimators of other libraries as learners, and the forests that share code."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from grue.learners.base import Problem, Spec
from grue.learners.estimator import Estimator, adopt
from grue.learners.extra_trees import ExtraTrees
from grue.learners.forest import Forest
from grue.tasks.spaces import Space
from grue.testing.learners import BAG, BITS, CLASS, REALS, SEQUENCE, check_learner, make_problem

BOOSTING = "sklearn.ensemble:HistGradientBoostingClassifier"


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module of a user's own: a factory, an estimator, and something that is none."""

    def factory(depth: int = 2) -> Pipeline:
        return make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=depth))

    module = ModuleType("grue_test_mine")
    module.factory = factory  # pyright: ignore[reportAttributeAccessIssue]
    module.model = make_pipeline(StandardScaler(), LinearSVC(max_iter=10_000))  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.mark.parametrize(
    "learner",
    [
        Estimator(estimator=BOOSTING, settings=(("max_iter", 3),)),
        Estimator("onehot", "sklearn.tree:DecisionTreeClassifier"),
        Estimator(estimator="sklearn.linear_model:Ridge"),
        Estimator(estimator="sklearn.linear_model:RidgeClassifier"),
        Estimator(estimator="sklearn.ensemble:RandomForestRegressor", settings=(("n_estimators", 5),)),
    ],
    ids=lambda learner: learner.estimator,
)
def test_any_estimator_keeps_the_contract(learner: Estimator) -> None:
    check_learner(learner)


def test_what_a_user_writes_becomes_settings_and_an_encoding() -> None:
    given = {"max_iter": "5", "encoding": "onehot", "early_stopping": "false", "scoring": "loss", "max_depth": "None"}
    learner = adopt(BOOSTING, HistGradientBoostingClassifier, given)
    assert learner is not None
    assert learner.encoding == "onehot"
    settings = (("early_stopping", False), ("max_depth", None), ("max_iter", 5), ("scoring", "loss"))
    assert learner.settings == settings
    assert learner.parameters() == {"encoding": "onehot", "estimator": BOOSTING, "settings": settings}


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'rounds'"):
        adopt(BOOSTING, HistGradientBoostingClassifier, {"rounds": "3"})


def test_what_does_not_say_that_it_makes_an_estimator_is_never_called(tmp_path: Path) -> None:
    settings = (("args", f"touch {tmp_path / 'made'}"), ("shell", True))
    for what in ("subprocess:Popen", "subprocess:call"):
        with pytest.raises(TypeError, match="is no estimator"):
            Estimator(estimator=what, settings=settings).make()
    assert not list(tmp_path.iterdir())


def test_what_is_no_estimator_is_not_adopted() -> None:
    assert adopt("grue.learners.forest:Forest", Forest, {}) is None
    assert adopt("builtins:dict", dict, {}) is None
    assert adopt("math:pi", 3.14, {}) is None


def test_a_factory_and_an_estimator_of_ones_own_are_learners(mine: ModuleType) -> None:
    tree = adopt("grue_test_mine:factory", mine.factory, {"depth": "1"})
    assert tree is not None
    assert tree.make(seed=7).get_params()["decisiontreeclassifier__max_depth"] == 1
    check_learner(tree)
    line = adopt("grue_test_mine:model", mine.model, {})
    assert line is not None
    line.fit(make_problem(BITS, CLASS, 20))
    assert not hasattr(mine.model[-1], "coef_"), "a clone is trained, not the user's own"


def test_open_random_states_come_from_the_seed_and_given_ones_stay(mine: ModuleType) -> None:
    forest = Estimator(estimator="sklearn.ensemble:RandomForestClassifier")
    assert forest.make(seed=11).random_state == 11
    fixed = Estimator(estimator="sklearn.ensemble:RandomForestClassifier", settings=(("random_state", 3),))
    assert fixed.make(seed=11).random_state == 3
    pipeline = Estimator(estimator=f"{mine.__name__}:factory").make(seed=11)
    assert pipeline[-1].random_state == 11


def test_an_estimator_takes_one_core_unless_told_otherwise() -> None:
    assert Estimator(estimator="sklearn.ensemble:RandomForestClassifier").make(seed=11).n_jobs == 1
    told = Estimator(estimator="sklearn.ensemble:RandomForestClassifier", settings=(("n_jobs", 2),))
    assert told.make(seed=11).n_jobs == 2


def test_the_other_kind_of_target_is_refused_with_the_reason() -> None:
    reason = Estimator(estimator=BOOSTING).accepts(Spec(REALS, REALS))
    assert reason == "HistGradientBoostingClassifier is no regressor; the targets are real numbers"
    reason = Estimator(estimator="sklearn.linear_model:Ridge").accepts(Spec(BAG, CLASS))
    assert reason == "Ridge is no classifier; the targets are classes"


class Scaling(BaseEstimator):
    """Writes to all that it is given, and fits a tree to it."""

    def fit(self, features: np.ndarray, targets: np.ndarray) -> Scaling:
        features *= 2
        targets += 0
        self.tree = self.kind(random_state=0).fit(features, targets)
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        features += 0.5
        return self.tree.predict(features)


class ScalingClassifier(ClassifierMixin, Scaling):
    kind = DecisionTreeClassifier


class ScalingRegressor(RegressorMixin, Scaling):
    kind = DecisionTreeRegressor


@pytest.mark.parametrize(("space", "estimator"), [(BITS, ScalingClassifier), (REALS, ScalingRegressor)])
def test_an_estimator_that_writes_to_its_arrays_changes_those_of_no_other_output(
    mine: ModuleType, space: Space, estimator: type
) -> None:
    setattr(mine, estimator.__name__, estimator)
    learner = Estimator(estimator=f"{mine.__name__}:{estimator.__name__}")
    problem = make_problem(REALS, space, 30)
    tests = make_problem(REALS, space, 7, seed=1).inputs
    before = problem.inputs.copy(), problem.targets.copy(), tests.copy()
    predicted = learner.fit(problem).predict(tests)
    for output in range(space.size):
        one = replace(problem, targets=problem.targets[:, output : output + 1], output_space=replace(space, shape=(1,)))
        assert np.array_equal(learner.fit(one).predict(tests)[:, 0], predicted[:, output])
    after = problem.inputs, problem.targets, tests
    assert all(map(np.array_equal, before, after))


def test_the_forest_is_scikit_learns_own() -> None:
    problem = make_problem(SEQUENCE, CLASS, 60, seed=5)
    onehot = np.eye(5, dtype=np.float32)[problem.inputs].reshape(60, -1)
    own = RandomForestClassifier(20, random_state=5).fit(onehot, problem.targets[:, 0])
    assert np.array_equal(Forest(trees=20).fit(problem).predict(problem.inputs)[:, 0], own.predict_proba(onehot))


def test_trees_without_bootstrap_know_their_training_set_and_bootstrapped_ones_do_not() -> None:
    points = np.random.default_rng(0).random((50, 3))
    problem = Problem(points, points[:, ::-1], REALS, REALS, seed=0)

    def error(learner: Forest | ExtraTrees) -> float:
        return float(abs(learner.fit(problem).predict(problem.inputs) - problem.targets).max())

    assert error(Forest(trees=5, bootstrap=False)) < 1e-12
    assert error(ExtraTrees(trees=5)) < 1e-12
    assert error(Forest(trees=5)) > 0.01
    assert error(ExtraTrees(trees=5, bootstrap=True)) > 0.01


def test_thresholds_that_are_drawn_make_more_different_answers() -> None:
    x = np.linspace(0, 1, 8)[:, None].repeat(3, axis=1)
    problem = Problem(x, (x > 0.5).astype(float), REALS, REALS, seed=0)
    between = np.linspace(3 / 7, 4 / 7, 50)[:, None].repeat(3, axis=1)
    answers = [
        len(np.unique(learner.fit(problem).predict(between)[:, 0]))
        for learner in (ExtraTrees(trees=50), Forest(trees=50, bootstrap=False))
    ]
    assert answers[0] > 20
    assert answers[1] == 2


@pytest.mark.parametrize("features", ["half", "0", "1.5", "-1"])
def test_features_that_are_no_share_are_refused(features: str) -> None:
    with pytest.raises(ValueError, match=r"expected auto, sqrt, log2, all or a share in \(0, 1\]"):
        Forest(max_features=features)
    assert Forest(max_features="0.5").classifier(make_problem(BITS, CLASS, 5)).max_features == 0.5
