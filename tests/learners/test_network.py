"""Stacks of networks: bitwise independence at real widths, divergence, the shuffled passes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from grue.learners.base import Problem, Spec, still_falling
from grue.learners.cnn import CNN
from grue.learners.mlp import MLP
from grue.learners.network import Network
from grue.learners.recurrent import RNN
from grue.learners.steps import TransformerSteps
from grue.learners.training import BLOCK, _Passes
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
    (MLP(steps=15), BITS, BITS),
    (MLP(steps=15), TOKENS, Space((1,), 10)),
    (MLP(steps=15), LINE, Space((1,), 81)),
    (MLP(steps=15, width=50), REALS, REALS),
    (MLP(steps=15, start="rule"), BITS, BITS),
    (MLP(steps=15, start="rule", optimiser="sgd"), REALS, REALS),
    (CNN(steps=8), BITS, BITS),
    (CNN(steps=8, start="rule"), BITS, BITS),
    (CNN(steps=8), REALS, REALS),
    (CNN(steps=8), TOKENS, Space((1,), 10)),
    (CNN(steps=8), LINE, Space((1,), 81)),
    (CNN(steps=8, grid_channels=16), CANVAS, Space((1,), 4)),
    *(
        (one, *spaces)
        for one in (RNN(steps=8), RNN(steps=8, width=20, batch=20), Transformer(steps=8))
        for spaces in FOUR
    ),
    (Transformer(steps=5, width=16, heads=4, batch=20, positions="sinusoidal"), TOKENS, Space((1,), 10)),
    (Transformer(steps=5, width=48, heads=4, depth=2, positions="none"), LINE, Space((1,), 81)),
    (TransformerSteps(steps=8), TOKENS, Space((1,), 10)),
]


@pytest.mark.parametrize(
    ("learner", "inputs", "outputs"), ARCHITECTURES, ids=lambda value: getattr(value, "name", None)
)
def test_a_network_is_the_same_bit_for_bit_whatever_stands_beside_it(
    learner: Network, inputs: Space, outputs: Space
) -> None:
    scratchpad = SCRATCHPAD if isinstance(learner, TransformerSteps) else None
    problems = [make_problem(inputs, outputs, 10 + 7 * index, index, scratchpad) for index in range(MANY + 3)]
    tests = make_problem(inputs, outputs, 30, seed=77).inputs
    together = [predictor.predict(tests) for predictor in learner.fit_many(problems)]
    backwards = [predictor.predict(tests) for predictor in learner.fit_many(problems[::-1])][::-1]
    for index in (0, 3, MANY - 1, MANY + 2):
        alone = learner.fit(problems[index]).predict(tests)
        assert np.array_equal(together[index], alone)
        assert np.array_equal(together[index], backwards[index])


def test_a_loss_that_is_not_finite_ends_up_in_its_own_record_alone() -> None:
    sane = make_problem(REALS, REALS, 30)
    wild = Problem(sane.inputs * 1e30, sane.targets * 1e30, REALS, REALS, seed=1)
    good, bad, also_good = MLP(steps=30).fit_many([sane, wild, sane])
    assert bad.record["diverged"] < 30
    assert "diverged" not in good.record
    assert np.array_equal(good.predict(sane.inputs), also_good.predict(sane.inputs))
    assert np.array_equal(good.predict(sane.inputs), MLP(steps=30).fit(sane).predict(sane.inputs))


EARLY = MLP(steps=400, rate=5e-3, enough=0.02, patience=10)


def test_a_network_that_has_fitted_ends_and_keeps_its_weights_whatever_stands_beside_it() -> None:
    easy = [make_problem(BITS, Space((1,), 9), 6, seed=seed) for seed in range(3)]
    hard = make_problem(BITS, Space((1,), 9), 2000, seed=9)
    tests = make_problem(BITS, BITS, 30, seed=77).inputs
    alone = [EARLY.fit(problem) for problem in easy]
    together = EARLY.fit_many([*easy, hard])
    for one, other in zip(alone, together[:3], strict=True):
        assert 10 <= one.record["steps"] < 400
        assert one.record["still_falling"] is False, "no budget stopped it"
        assert one.record == other.record
        assert np.array_equal(one.predict(tests), other.predict(tests))
    assert together[3].record["steps"] == 400, "2,000 examples of noise are not fitted"


def test_an_early_end_is_the_network_that_so_many_steps_make() -> None:
    problem = make_problem(BITS, Space((1,), 2), 6)
    ended = EARLY.fit(problem)
    stopped = MLP(steps=ended.record["steps"], rate=5e-3).fit(problem)
    np.testing.assert_array_equal(ended.predict(problem.inputs), stopped.predict(problem.inputs))
    assert ended.record["loss"] == stopped.record["loss"]
    assert ended.record["loss"] < 0.02


ERROR = MLP(steps=200, rate=5e-3, enough=1e-6, patience=1, until="error")


def test_networks_end_at_the_first_step_without_an_error_and_leave_the_stack() -> None:
    problems = [make_problem(BITS, Space((1,), 2), 5 * index, seed=index) for index in range(2, 10)]
    tests = make_problem(BITS, BITS, 30, seed=77).inputs
    together = ERROR.fit_many(problems)
    ends = {predictor.record["steps"] for predictor in together}
    assert len(ends) > 4, "they end at different steps, so that the stack shrinks more than once"
    for predictor, problem in zip(together, problems, strict=True):
        end = predictor.record["steps"]
        assert (predictor.predict(problem.inputs).argmax(-1) == problem.targets).all()
        before = MLP(steps=end - 1, rate=5e-3).fit(problem)
        assert (before.predict(problem.inputs).argmax(-1) != problem.targets).any()
        assert np.array_equal(predictor.predict(tests), MLP(steps=end, rate=5e-3).fit(problem).predict(tests))


def test_real_targets_are_never_hit_without_an_error() -> None:
    assert "needs classes" in (ERROR.accepts(Spec(REALS, REALS, None, None)) or "")
    with pytest.raises(ValueError, match="expected one of loss, error"):
        MLP(until="errors")


def test_by_default_no_network_ends_early() -> None:
    problem = make_problem(BITS, Space((1,), 2), 6)
    assert MLP(steps=300, rate=5e-3).fit(problem).record["steps"] == 300


def test_every_pass_shows_every_example_once() -> None:
    passes = _Passes([10, 4], batch=4, generators=[torch.Generator(), torch.Generator()])
    rows = torch.cat([passes.block([0, 1]) for _ in range(5)])
    assert rows.shape == (5 * BLOCK, 2, 4)
    first, second = rows[:, 0].flatten(), rows[:, 1].flatten()
    assert all(sorted(one.tolist()) == list(range(10)) for one in first.split(10))
    assert all(sorted(one.tolist()) == [10, 11, 12, 13] for one in second.split(4))


def test_the_initial_weights_of_a_network_do_not_depend_on_its_data() -> None:
    one, other = make_problem(REALS, REALS, 5, seed=3), make_problem(REALS, REALS, 500, seed=3)
    untrained = MLP(steps=1, rate=0.0)
    assert np.array_equal(untrained.fit(one).predict(one.inputs), untrained.fit(other).predict(one.inputs))


def test_still_falling_compares_the_last_tenth_with_the_one_before() -> None:
    assert still_falling(np.linspace(1, 0, 100))
    assert not still_falling(np.r_[np.linspace(1, 0.5, 50), np.full(50, 0.5)])
    assert still_falling(np.ones(1)), "too short to tell"


@dataclass(frozen=True)
class Unstacked(Network):
    name = "unstacked"

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:  # noqa: ARG002
        return nn.Sequential(nn.Flatten(2), nn.Linear(int(np.prod(features)), outputs.size * (outputs.alphabet or 1)))


def test_a_layer_that_is_not_stacked_is_named_with_what_was_expected() -> None:
    with pytest.raises(
        TypeError, match=r"Unstacked.build puts torch's Linear .* expected .* Linear\(stack, inputs, outp"
    ):
        check_learner(Unstacked(steps=2))
