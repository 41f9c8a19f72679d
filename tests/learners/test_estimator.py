"""Estimators of other libraries as learners, and the forests that share code."""

from __future__ import annotations

import json
import pickle
import random
import sys
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from grue.learners.base import Problem, Spec
from grue.learners.estimator import Estimator, adopt, adopt_object
from grue.learners.estimators import EstimatorLearner
from grue.learners.extra_trees import ExtraTrees
from grue.learners.forest import Forest
from grue.learners.global_generators import seeded_globally
from grue.tasks.identity import IdentityTokens
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
        with pytest.raises(TypeError, match="is neither an estimator"):
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


class Greedy(ClassifierMixin, BaseEstimator):
    """Takes all cores unless it is given a number of jobs, as boosting libraries do."""

    def __init__(self, n_jobs: int | None = None) -> None:
        self.n_jobs = n_jobs

    def fit(self, features: np.ndarray, targets: np.ndarray) -> Greedy:  # noqa: ARG002
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.zeros(len(features))


def test_an_estimator_takes_one_core_unless_told_otherwise(mine: ModuleType) -> None:
    mine.Greedy = Greedy  # pyright: ignore[reportAttributeAccessIssue]
    assert Estimator(estimator=f"{mine.__name__}:Greedy").make(seed=11).n_jobs == 1
    within = adopt_object(make_pipeline(StandardScaler(), Greedy())).make(seed=11)
    assert within[-1].n_jobs == 1
    told = Estimator(estimator="sklearn.ensemble:RandomForestClassifier", settings=(("n_jobs", 2),))
    assert told.make(seed=11).n_jobs == 2


def test_scikit_learns_own_numbers_of_jobs_are_left_alone_and_nothing_warns() -> None:
    assert Estimator(estimator="sklearn.ensemble:RandomForestClassifier").make(seed=11).n_jobs is None
    problem = make_problem(BITS, CLASS, 20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for made in (LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())):
            adopt_object(made).fit(problem)


def test_the_other_kind_of_target_is_refused_with_the_reason() -> None:
    reason = Estimator(estimator=BOOSTING).accepts(Spec(REALS, REALS))
    assert reason == "HistGradientBoostingClassifier is not a regressor; the targets are real numbers"
    reason = Estimator(estimator="sklearn.linear_model:Ridge").accepts(Spec(BAG, CLASS))
    assert reason == "Ridge is not a classifier; the targets are classes"


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


def test_estimators_get_float64_and_real_inputs_as_they_are() -> None:
    problem = make_problem(REALS, CLASS, 200)
    naive = adopt_object(GaussianNB()).fit(problem).predict(problem.inputs)
    own = GaussianNB().fit(problem.inputs, problem.targets[:, 0]).predict_proba(problem.inputs)
    assert np.array_equal(naive[:, 0], own)
    task = IdentityTokens()
    tokens = task.sample("train", 16, np.random.default_rng(0))
    copy = Problem(tokens.inputs, tokens.targets, task.inputs, task.outputs, seed=0)
    sums = adopt_object(GaussianNB()).fit(copy).predict(tokens.inputs).sum(axis=-1)
    assert np.allclose(sums, 1, atol=1e-5), "in float32 they add up to 1 to 5"


def test_the_forest_is_scikit_learns_own() -> None:
    problem = make_problem(SEQUENCE, CLASS, 60, seed=5)
    onehot = np.eye(5, dtype=np.float32)[problem.inputs].reshape(60, -1)
    own = RandomForestClassifier(20, random_state=5).fit(onehot, problem.targets[:, 0])
    assert np.array_equal(Forest(n_estimators=20).fit(problem).predict(problem.inputs)[:, 0], own.predict_proba(onehot))


def test_trees_without_bootstrap_know_their_training_set_and_bootstrapped_ones_do_not() -> None:
    points = np.random.default_rng(0).random((50, 3))
    problem = Problem(points, points[:, ::-1], REALS, REALS, seed=0)

    def error(learner: Forest | ExtraTrees) -> float:
        return float(abs(learner.fit(problem).predict(problem.inputs) - problem.targets).max())

    assert error(Forest(n_estimators=5, bootstrap=False)) < 1e-12
    assert error(ExtraTrees(n_estimators=5)) < 1e-12
    assert error(Forest(n_estimators=5)) > 0.01
    assert error(ExtraTrees(n_estimators=5, bootstrap=True)) > 0.01


def test_thresholds_that_are_drawn_make_more_different_answers() -> None:
    x = np.linspace(0, 1, 8)[:, None].repeat(3, axis=1)
    problem = Problem(x, (x > 0.5).astype(float), REALS, REALS, seed=0)
    between = np.linspace(3 / 7, 4 / 7, 50)[:, None].repeat(3, axis=1)
    answers = [
        len(np.unique(learner.fit(problem).predict(between)[:, 0]))
        for learner in (ExtraTrees(n_estimators=50), Forest(n_estimators=50, bootstrap=False))
    ]
    assert answers[0] > 20
    assert answers[1] == 2


@pytest.mark.parametrize("features", ["half", "0", "1.5", "-1"])
def test_invalid_max_features_are_refused(features: str) -> None:
    with pytest.raises(ValueError, match=r"expected auto, sqrt, log2, all or a fraction in \(0, 1\]"):
        Forest(max_features=features)
    assert Forest(max_features="0.5").classifier(make_problem(BITS, CLASS, 5)).max_features == 0.5


def test_estimator_objects_and_classes_are_learners() -> None:
    check_learner(RandomForestClassifier(n_estimators=3))
    check_learner(DecisionTreeClassifier)
    check_learner(make_pipeline(StandardScaler(), DecisionTreeRegressor()))
    by_name = Estimator(estimator="sklearn.ensemble:RandomForestClassifier", settings=(("n_estimators", 3),))
    assert adopt_object(RandomForestClassifier(n_estimators=3)) == by_name
    assert adopt_object(DecisionTreeClassifier) == Estimator(estimator="sklearn.tree:DecisionTreeClassifier")


def test_an_object_that_no_text_describes_is_the_same_learner_where_its_parameters_are() -> None:
    one, same, other = (
        adopt_object(make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=depth))) for depth in (2, 2, 3)
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one.parameters() == same.parameters() != other.parameters()
    assert json.loads(json.dumps(one.parameters()))["estimator"]["class"] == "sklearn.pipeline:Pipeline"
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 -- as it goes to a worker process


def test_what_is_no_learner_and_what_cannot_be_recorded_is_refused_in_a_line() -> None:
    with pytest.raises(TypeError, match="a int is not a learner; expected a grue Learner or an estimator"):
        check_learner(3)
    with pytest.raises(TypeError, match="which cannot be recorded"):
        adopt_object(RandomForestClassifier(random_state=np.random.RandomState(0)))

    class Local(ScalingClassifier):
        pass

    with pytest.raises(TypeError, match="Local cannot be imported from a module; define it at the top level"):
        adopt_object(Local)


@dataclass(frozen=True)
class OnlyClassifies(EstimatorLearner):
    name = "only-classifies"

    def classifier(self, problem: Problem) -> DecisionTreeClassifier:
        return DecisionTreeClassifier(random_state=problem.seed)


def test_a_classifier_needs_no_regressor() -> None:
    check_learner(OnlyClassifies())
    assert (
        OnlyClassifies().accepts(Spec(REALS, REALS)) == "only-classifies has no regressor; the targets are real numbers"
    )


class Wide(DecisionTreeClassifier):
    def predict_proba(self, X: np.ndarray, check_input: bool = True) -> np.ndarray:  # noqa: ARG002, FBT001, FBT002, N803
        return np.full((len(X), 17), 1 / 17)


def test_probabilities_of_the_wrong_shape_are_refused_with_what_was_expected(mine: ModuleType) -> None:
    mine.Wide = Wide  # pyright: ignore[reportAttributeAccessIssue]
    problem = make_problem(BITS, CLASS, 40)
    expected = (
        rf"Wide.predict_proba gave an array of shape \(40, 17\); expected an array of shape \(40, {CLASS.alphabet}\)"
    )
    with pytest.raises(ValueError, match=expected):
        Estimator(estimator=f"{mine.__name__}:Wide").fit(problem).predict(problem.inputs)


class GlobalNoise(ClassifierMixin, BaseEstimator):
    """Draws from all global generators, in fit and in predict."""

    def fit(self, features: np.ndarray, targets: np.ndarray) -> GlobalNoise:  # noqa: ARG002
        self.classes = int(targets.max()) + 1
        self.noise = draws()
        return self

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        scores = np.outer(features.sum(axis=1) + self.noise.sum() + draws().sum(), np.arange(self.classes))
        return np.exp(scores / 50) / np.exp(scores / 50).sum(axis=1, keepdims=True)

    def predict(self, features: np.ndarray) -> np.ndarray:
        return self.predict_proba(features).argmax(axis=1)


def draws() -> np.ndarray:
    return np.array([random.random(), np.random.random(), float(torch.rand(1))])  # noqa: NPY002


def seed_all() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    torch.manual_seed(0)


def test_global_generators_are_seeded_and_restored() -> None:
    before = draws()
    with seeded_globally(7):
        first = draws()
        draws()
    after = draws()
    with seeded_globally(7):
        assert np.array_equal(draws(), first)
    with seeded_globally(8):
        assert not np.array_equal(draws(), first)
    seed_all()
    plain = [draws(), draws()]
    seed_all()
    interrupted = [draws()]
    with pytest.raises(KeyError), seeded_globally(7):
        raise KeyError
    interrupted.append(draws())
    assert np.array_equal(plain, interrupted), "code outside draws as if nothing had happened"
    assert not np.array_equal(before, after)


def test_a_learner_that_uses_global_generators_keeps_the_contract() -> None:
    check_learner(GlobalNoise())
