"""Values that a parameter cannot have are refused when a learner is made, with what was given and expected."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import pytest

from grue.learners import LEARNERS
from grue.learners.boosting import Boosting
from grue.learners.mlp import MLP
from grue.learners.parameters import KEY, Interval
from grue.runs.names import UsageError, make_learner
from grue.runs.plan import make_plan
from grue.runs.presets import load_preset

UNTUNED = [name for name in LEARNERS if "@" not in name]

FREE = {"bootstrap", "max_features"}
"""Parameters that declare nothing: true or false, or checked by what they are given to."""


@pytest.mark.parametrize("name", UNTUNED)
def test_every_parameter_of_the_suite_declares_its_values_and_its_default_is_one(name: str) -> None:
    for item in fields(make_learner(name).instance):
        assert KEY in item.metadata or item.name in FREE, item.name
        assert item.name in FREE or item.default in item.metadata[KEY]


@pytest.mark.parametrize("name", UNTUNED)
def test_no_number_may_be_what_it_cannot(name: str) -> None:
    learner = make_learner(name).instance
    for item in fields(learner):
        if not isinstance(item.metadata.get(KEY), Interval):
            continue
        values = ["-1"] if isinstance(item.default, int) else ["-1", "nan", "inf"]
        for value in values:
            with pytest.raises(UsageError, match=rf"'{name}:{item.name}={value}': {item.name} is {value}.*; expected"):
                make_learner(f"{name}:{item.name}={value}")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("mlp:width=0", "width is 0; expected a whole number from 1 up"),
        ("mlp:depth=-1", "depth is -1; expected a whole number from 0 up"),
        ("boosting:learning_rate=0", "learning_rate is 0.0; expected a number above 0"),
        ("mlp:learning_rate=nan", "learning_rate is nan; expected a number from 0 up"),
        ("forest:n_estimators=-1", "n_estimators is -1; expected a whole number from 1 up"),
        ("forest@tuned:n_estimators=-1", "n_estimators is -1; expected"),
        ("transformer:batch_size=0", "batch_size is 0; expected a whole number from 1 up"),
        ("mlp:optimizer=adm", "optimizer is 'adm'; expected one of adam, sgd"),
        ("linear:encoding=hot", "encoding is 'hot'; expected one of auto, onehot, value, counts"),
        ("ngram:encoding=value", "encoding is 'value'; expected symbols"),
    ],
)
def test_a_plan_with_such_a_value_is_not_made(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(load_preset("smoke"), tasks=["identity-bits"], learners=[spec])


@pytest.mark.parametrize("name", UNTUNED)
def test_former_names_are_refused_with_a_parameter_that_exists(name: str) -> None:
    learner = make_learner(name).instance
    parameters = learner.parameters()
    for former, new in learner.renamed.items():
        assert former not in parameters
        assert new in parameters
        with pytest.raises(UsageError, match=f"'{name}:{former}=1': {former} is called {new} now$"):
            make_learner(f"{name}:{former}=1")


def test_former_names_of_learners_and_parameters_in_a_plan() -> None:
    with pytest.raises(UsageError, match=r"'mlp:rate=0.01': rate is called learning_rate now"):
        make_plan(load_preset("smoke"), tasks=["identity-bits"], learners=["mlp:rate=0.01"])
    with pytest.raises(UsageError, match="'transformer-steps': transformer-steps is called transformer-scratchpad now"):
        make_plan(load_preset("smoke"), tasks=["variables"], learners=["transformer-steps"])


@pytest.mark.parametrize(
    "values", [{"width": 2.5}, {"width": True}, {"width": "64"}, {"learning_rate": "high"}, {"learning_rate": math.inf}]
)
def test_in_python_too(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"expected a (whole )?number"):
        MLP(**values)
    assert Boosting(learning_rate=1).learning_rate == 1
