"""Tuned variants: an equal number of configurations for all, chosen on what is in distribution, stack or no stack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from grue.learners import LEARNERS
from grue.learners.base import Problem
from grue.learners.forest import Forest
from grue.learners.linear import Linear
from grue.learners.mlp import MLP
from grue.learners.tuned import CONFIGURATIONS, HOLD_OUT_DIVISOR, hold_out, tuned, validation_loss
from grue.runs.names import UsageError, make_learner
from grue.runs.presets import load_preset, presets
from grue.testing.learners import BITS, CLASS, SEQUENCE, make_problem

TUNED = [name for name in LEARNERS if name.endswith("@tuned")]


@pytest.mark.parametrize("name", TUNED)
def test_every_learner_has_as_many_configurations_and_starts_with_its_default(name: str) -> None:
    learner = make_learner(name).instance
    assert len(set(learner.configurations)) == CONFIGURATIONS
    assert learner.configurations[0] == make_learner(name.removesuffix("@tuned")).instance
    assert learner.space == learner.base.search_space


def test_only_the_paper_is_tuned() -> None:
    tuned_in = {name for name in presets() if any("@tuned" in learner for learner in load_preset(name).learners)}
    assert tuned_in == {"paper"}
    assert {name for name in load_preset("paper").learners if "@" in name} == set(TUNED)


@pytest.mark.parametrize(("n_id", "exposed"), [(4, 0), (9, 0), (64, 8), (3, 5)])
def test_one_in_four_is_held_out_and_never_an_exposed_one(n_id: int, exposed: int) -> None:
    problem = replace(make_problem(BITS, BITS, n_id + exposed), n_id=n_id)
    numbered = replace(problem, targets=np.arange(n_id + exposed)[:, None].repeat(6, axis=1) % 2)
    parts = hold_out(numbered)
    if n_id < HOLD_OUT_DIVISOR:
        assert parts is None
        return
    assert parts is not None
    fitted, held = parts
    assert len(held) == n_id // HOLD_OUT_DIVISOR
    assert len(fitted) + len(held) == n_id + exposed
    assert np.array_equal(held.inputs, problem.inputs[n_id - len(held) : n_id])
    if exposed:
        assert np.array_equal(fitted.inputs[-exposed:], problem.inputs[n_id:])


def test_the_choice_does_not_see_what_is_exposed() -> None:
    """Exposed examples with other targets change the fit, and may change the losses, but are never scored."""
    problem = replace(make_problem(SEQUENCE, CLASS, 40), n_id=32)
    parts = hold_out(problem)
    assert parts is not None
    other = replace(problem, targets=np.r_[problem.targets[:32], (problem.targets[32:] + 1) % 9])
    changed = hold_out(other)
    assert changed is not None
    assert np.array_equal(changed[1].targets, parts[1].targets)


def test_the_best_on_the_held_out_part_is_fitted_to_everything() -> None:
    problem = make_problem(BITS, BITS, 40)
    learner = tuned(Forest(n_estimators=5))
    chosen = learner.fit(problem)
    losses = chosen.record["validation"]
    assert len(losses) == CONFIGURATIONS
    assert chosen.record["configuration"] == int(np.argmin(losses))
    again = learner.configurations[chosen.record["configuration"]].fit(problem)
    assert np.array_equal(chosen.predict(problem.inputs), again.predict(problem.inputs))


def test_with_too_few_examples_the_default_is_taken() -> None:
    problem = make_problem(BITS, BITS, HOLD_OUT_DIVISOR - 1)
    chosen = tuned(Forest(n_estimators=5)).fit(problem)
    assert (chosen.record["configuration"], chosen.record["validation"]) == (0, [])


def test_configurations_in_a_stack_are_what_they_are_alone() -> None:
    """Sixteen networks of four shapes, four rates each: bit for bit those that are trained one by one."""
    problem = make_problem(BITS, BITS, 24)
    learner = tuned(MLP(max_steps=12))
    chosen = learner.fit(problem)
    number = chosen.record["configuration"]
    alone = learner.configurations[number].fit(problem)
    assert np.array_equal(chosen.predict(problem.inputs), alone.predict(problem.inputs))
    together = learner.fit_many([problem, make_problem(BITS, BITS, 8, seed=3)])[0]
    assert together.record == chosen.record


def test_a_configuration_that_diverges_is_never_chosen() -> None:
    problem = make_problem(BITS, BITS, 16)
    space = (("learning_rate", (1e-3, 1e30, 1e31, 1e32)), ("depth", (1, 2, 3, 4)))
    chosen = tuned(MLP(max_steps=8), space).fit(problem)
    assert None in chosen.record["validation"]
    assert chosen.record["configuration"] < CONFIGURATIONS // 4


def test_a_space_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 configurations of mlp; expected 16"):
        tuned(MLP(), (("depth", (1, 2)),))
    with pytest.raises(ValueError, match="mlp has no parameter 'depht'"):
        tuned(MLP(), (("depht", tuple(range(16))),))


def test_a_learner_that_declares_no_space_is_tuned_over_a_space_that_is_given_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="linear declares no search_space; give one"):
        tuned(Linear())
    assert tuned(Linear(), (("C", tuple(float(n) for n in range(1, 17))),)).configurations[-1].parameters()["C"] == 16
    assert not make_learner("transformer-scratchpad").instance.search_space


def test_what_is_tuned_cannot_be_set() -> None:
    with pytest.raises(UsageError, match="tunes width itself"):
        make_learner("mlp@tuned:width=64")
    assert make_learner("mlp@tuned:max_steps=7").instance.base.max_steps == 7


def test_the_loss_of_an_impossible_class_is_finite() -> None:
    problem = make_problem(SEQUENCE, CLASS, 12)
    parts = hold_out(problem)
    assert parts is not None
    never = Problem(problem.inputs[:2], np.zeros((2, 1), int), SEQUENCE, CLASS, 0)
    assert np.isfinite(validation_loss(Forest(n_estimators=3).fit(never), parts[1]))
