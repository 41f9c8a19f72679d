"""Stacks of networks: bitwise independence at real widths, divergence, shuffled epochs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from grue.learners.base import BUDGET, FITTED, PLATEAU, TOLERANCE, VALIDATED, Problem, is_falling
from grue.learners.cnn import CNN
from grue.learners.early_stopping import Criterion, check_interval
from grue.learners.folds import folds
from grue.learners.mlp import MLP
from grue.learners.network import Network
from grue.learners.recurrent import RNN
from grue.learners.scratchpad import TransformerScratchpad
from grue.learners.training import BLOCK, EpochSampler
from grue.learners.transformer import Transformer
from grue.tasks.spaces import Space
from grue.testing.learners import check_learner, make_problem

BITS = Space((20,), 2, "vector", (0.0, 1.0))
TOKENS = Space((20,), 11, "sequence")
LINE = Space((5,), 84, "bag", (*(float(v) for v in range(-40, 41)), None, None, None))
CANVAS = Space((3, 13, 13), 2, "grid", (0.0, 1.0))
REALS = Space((8,), None)
SCRATCHPAD = Space((6,), 11, "sequence")
FOUR = [(BITS, BITS), (TOKENS, Space((1,), 10)), (LINE, Space((1,), 81)), (CANVAS, Space((1,), 4))]

MANY = 8

ARCHITECTURES = [
    (MLP(max_steps=15), BITS, BITS),
    (MLP(max_steps=15), TOKENS, Space((1,), 10)),
    (MLP(max_steps=15), LINE, Space((1,), 81)),
    (MLP(max_steps=15, width=50), REALS, REALS),
    (MLP(max_steps=15, initialisation="identity"), BITS, BITS),
    (MLP(max_steps=15, initialisation="identity", optimizer="sgd"), REALS, REALS),
    (CNN(max_steps=8), BITS, BITS),
    (CNN(max_steps=8, initialisation="identity"), BITS, BITS),
    (CNN(max_steps=8), REALS, REALS),
    (CNN(max_steps=8), TOKENS, Space((1,), 10)),
    (CNN(max_steps=8), LINE, Space((1,), 81)),
    (CNN(max_steps=8, grid_channels=16), CANVAS, Space((1,), 4)),
    *(
        (one, *spaces)
        for one in (RNN(max_steps=8), RNN(max_steps=8, width=20, batch_size=20), Transformer(max_steps=8))
        for spaces in FOUR
    ),
    (Transformer(max_steps=5, width=16, heads=4, batch_size=20, positions="sinusoidal"), TOKENS, Space((1,), 10)),
    (Transformer(max_steps=5, width=48, heads=4, depth=2, positions="none"), LINE, Space((1,), 81)),
    (TransformerScratchpad(max_steps=8), TOKENS, Space((1,), 10)),
]


@pytest.mark.parametrize(
    ("learner", "inputs", "outputs"), ARCHITECTURES, ids=lambda value: getattr(value, "name", None)
)
def test_a_network_is_bitwise_independent_of_its_stack(learner: Network, inputs: Space, outputs: Space) -> None:
    scratchpad = SCRATCHPAD if isinstance(learner, TransformerScratchpad) else None
    problems = [make_problem(inputs, outputs, 10 + 7 * index, index, scratchpad) for index in range(MANY + 3)]
    tests = make_problem(inputs, outputs, 30, seed=77).inputs
    together = [predictor.predict(tests) for predictor in learner.fit_many(problems)]
    backwards = [predictor.predict(tests) for predictor in learner.fit_many(problems[::-1])][::-1]
    for index in (0, 3, MANY - 1, MANY + 2):
        alone = learner.fit(problems[index]).predict(tests)
        assert np.array_equal(together[index], alone)
        assert np.array_equal(together[index], backwards[index])


def test_divergence_affects_only_the_record_of_its_network() -> None:
    sane = make_problem(REALS, REALS, 30)
    wild = Problem(sane.inputs * 1e30, sane.targets * 1e30, REALS, REALS, seed=1)
    good, bad, also_good = MLP(max_steps=30).fit_many([sane, wild, sane])
    assert bad.record["diverged"] < 30
    assert "diverged" not in good.record
    assert np.array_equal(good.predict(sane.inputs), also_good.predict(sane.inputs))
    assert np.array_equal(good.predict(sane.inputs), MLP(max_steps=30).fit(sane).predict(sane.inputs))


EARLY = MLP(max_steps=400, learning_rate=5e-3, tolerance=0.02)


def test_early_stopping_does_not_depend_on_the_stack() -> None:
    easy = [make_problem(BITS, Space((1,), 9), 6, seed=seed) for seed in range(3)]
    hard = make_problem(BITS, Space((1,), 9), 2000, seed=9)
    tests = make_problem(BITS, BITS, 30, seed=77).inputs
    alone = [EARLY.fit(problem) for problem in easy]
    together = EARLY.fit_many([*easy, hard])
    for one, other in zip(alone, together[:3], strict=True):
        assert one.record["steps"] in range(50, 400, 50)
        assert one.record["stopped"] == FITTED
        assert one.record == other.record
        assert np.array_equal(one.predict(tests), other.predict(tests))
    assert together[3].record["steps"] == 400
    assert together[3].record["stopped"] in (BUDGET, PLATEAU), "2,000 examples of noise are not fitted"


def test_a_network_stops_at_the_first_check_at_which_the_whole_training_set_is_fitted() -> None:
    problem = make_problem(BITS, Space((1,), 2), 300)
    learner = MLP(learning_rate=5e-3, batch_size=4)
    assert check_interval(300, 4) == 75, "one epoch, which is longer than 50 steps"
    fitted = learner.fit(problem)
    steps = fitted.record["steps"]
    assert steps % 75 == 0
    for end, expected in ((steps, True), (steps - 75, False)):
        same = replace(learner, max_steps=end, tolerance=0.0).fit(problem)
        given = same.predict(problem.inputs)
        loss = -np.log(np.take_along_axis(given, problem.targets[..., None], -1)).mean()
        right = (given.argmax(-1) == problem.targets).all()
        assert bool(loss <= TOLERANCE and right) is expected
        if expected:
            assert np.array_equal(given, fitted.predict(problem.inputs))
            assert loss == pytest.approx(fitted.record["loss"], rel=1e-4)


def test_age_is_a_number_of_steps_after_the_fit() -> None:
    problem = make_problem(BITS, Space((1,), 2), 20)
    young, old = EARLY.fit(problem), replace(EARLY, age=130).fit(problem)
    assert old.record["steps"] == young.record["steps"] + 130
    assert old.record["stopped"] == FITTED
    same = replace(EARLY, tolerance=0.0, max_steps=old.record["steps"]).fit(problem)
    assert np.array_equal(old.predict(problem.inputs), same.predict(problem.inputs))
    assert old.record["loss"] == same.record["loss"] < young.record["loss"], "the loss is that of the last step"


def test_age_is_a_number_of_steps_after_those_that_cross_validation_chose() -> None:
    problem = replace(make_problem(BITS, Space((1,), 2), 40), noisy=True)
    learner = MLP(max_steps=200)
    young, old = learner.fit(problem), replace(learner, age=30).fit(problem)
    assert (old.record["steps"], old.record["stopped"]) == (young.record["steps"] + 30, young.record["stopped"])


def test_a_loss_that_is_not_finite_is_no_fit_even_if_the_error_is_monitored() -> None:
    criterion = Criterion(monitor="error")
    loss, right = np.array([np.nan, 5.0, 5.0]), np.array([True, True, False])
    assert criterion.is_met(loss, right).tolist() == [False, True, False]


def test_monitoring_the_error_stops_at_an_earlier_function() -> None:
    problem = make_problem(BITS, Space((1,), 2), 100)
    learner = MLP(max_steps=2000, learning_rate=5e-4)
    loss, error = learner.fit(problem), replace(learner, monitor="error").fit(problem)
    assert (error.predict(problem.inputs).argmax(-1) == problem.targets).all()
    assert error.record["steps"] < loss.record["steps"]
    assert error.record["loss"] > 0.02
    with pytest.raises(ValueError, match="expected one of loss, error"):
        MLP(monitor="errors")


def test_without_a_tolerance_there_is_no_early_stopping() -> None:
    problem = make_problem(BITS, Space((1,), 2), 6)
    record = MLP(max_steps=300, learning_rate=5e-3, tolerance=0.0).fit(problem).record
    assert (record["steps"], record["stopped"]) == (300, FITTED)


def test_noisy_and_real_targets_are_trained_for_as_many_steps_as_cross_validation_chooses() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.integers(2, size=(200, BITS.size))
    coin = Problem(inputs, rng.integers(2, size=(200, 1)), BITS, Space((1,), 2), seed=1, noisy=True)
    rule = replace(coin, targets=inputs[:, :1], noisy=True)
    learner = MLP(max_steps=1000)
    (noise, signal, again), alone = learner.fit_many([coin, rule, coin]), learner.fit(coin)
    assert noise.record["stopped"] == signal.record["stopped"] == VALIDATED
    assert noise.record["steps"] < signal.record["steps"] <= 1000
    assert noise.record == again.record == alone.record
    assert np.array_equal(noise.predict(inputs), alone.predict(inputs)), "whatever the stack"
    same = replace(learner, max_steps=noise.record["steps"], tolerance=0.0).fit(replace(coin, noisy=False))
    assert np.array_equal(noise.predict(inputs), same.predict(inputs)), "all rows are fitted"
    real = make_problem(REALS, REALS, 40)
    assert MLP(max_steps=60).fit(replace(real, targets=real.inputs)).record["stopped"] == BUDGET


def test_exposed_rows_are_fitted_in_every_fold_and_never_held_out() -> None:
    problem = replace(make_problem(BITS, Space((1,), 2), 22), n_id=18)
    parts = folds(problem)
    assert sorted(np.concatenate([held_out for _, held_out in parts]).tolist()) == list(range(18))
    for fitted, held_out in parts:
        assert set(fitted) | set(held_out) == set(range(22))
        assert not set(fitted) & set(held_out)
        assert set(range(18, 22)) <= set(fitted)
    assert folds(replace(problem, n_id=3)) == []


def test_folds_do_not_separate_the_rows_of_one_example() -> None:
    problem = replace(make_problem(BITS, Space((1,), 2), 33), n_id=27, group_size=3)
    parts = folds(problem)
    assert sorted(np.concatenate([held_out for _, held_out in parts]).tolist()) == list(range(27))
    for fitted, held_out in parts:
        assert not set(fitted // 3) & set(held_out // 3)
    assert folds(replace(problem, n_id=9)) == []


def test_every_epoch_contains_every_example_once() -> None:
    sampler = EpochSampler([10, 4], batch_size=4, generators=[torch.Generator(), torch.Generator()])
    rows = torch.cat([sampler.next_block([0, 1]) for _ in range(5)])
    assert rows.shape == (5 * BLOCK, 2, 4)
    first, second = rows[:, 0].flatten(), rows[:, 1].flatten()
    assert all(sorted(one.tolist()) == list(range(10)) for one in first.split(10))
    assert all(sorted(one.tolist()) == [10, 11, 12, 13] for one in second.split(4))


def test_the_initial_weights_of_a_network_do_not_depend_on_its_data() -> None:
    one, other = make_problem(REALS, REALS, 5, seed=3), make_problem(REALS, REALS, 500, seed=3)
    untrained = MLP(max_steps=1, learning_rate=0.0)
    assert np.array_equal(untrained.fit(one).predict(one.inputs), untrained.fit(other).predict(one.inputs))


def test_falling_compares_the_last_tenth_with_the_one_before() -> None:
    assert is_falling(np.linspace(1, 0, 100))
    assert not is_falling(np.r_[np.linspace(1, 0.5, 50), np.full(50, 0.5)])
    assert is_falling(np.ones(1)), "too short to tell"


@dataclass(frozen=True)
class Unstacked(Network):
    name = "unstacked"

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:  # noqa: ARG002
        return nn.Sequential(nn.Flatten(2), nn.Linear(int(np.prod(features)), outputs.size * (outputs.alphabet or 1)))


def test_a_layer_that_is_not_stacked_is_named_with_what_was_expected() -> None:
    with pytest.raises(
        TypeError, match=r"Unstacked.build puts torch's Linear .* expected .* Linear\(stack, inputs, outp"
    ):
        check_learner(Unstacked(max_steps=2))
