"""rnn: its equations are those of torch.nn.GRU, and its output at a position depends on earlier positions only."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from grue.learners.gru import GRU
from grue.learners.recurrent import RNN
from grue.tasks.spaces import Space
from grue.testing.learners import make_problem

STACK, BATCH, LENGTH = 2, 4, 6


def twins(inputs: int, width: int) -> tuple[GRU, list[torch.nn.GRU]]:
    """A stack of GRUs, and torch's with the same weights."""
    torch.manual_seed(0)
    ours = GRU(STACK, inputs, width)
    theirs = [torch.nn.GRU(inputs, width, batch_first=True) for _ in range(STACK)]
    with torch.no_grad():
        for index, one in enumerate(theirs):
            for stacked, weight in pairs(ours, one):
                rows = weight.shape[-1] if weight.dim() == 2 else 1
                stacked[index, :, :rows, :width] = weight.view(3, width, rows).transpose(1, 2)
    return ours, theirs


def pairs(ours: GRU, theirs: torch.nn.GRU) -> list[tuple[torch.nn.Parameter, torch.nn.Parameter]]:
    named = dict(theirs.named_parameters())
    return [
        (ours.input_weight, named["weight_ih_l0"]),
        (ours.input_bias, named["bias_ih_l0"]),
        (ours.state_weight, named["weight_hh_l0"]),
        (ours.state_bias, named["bias_hh_l0"]),
    ]


@pytest.mark.parametrize(("inputs", "width"), [(16, 32), (3, 5)])
def test_states_and_gradients_are_those_of_torch(inputs: int, width: int) -> None:
    ours, theirs = twins(inputs, width)
    x = torch.randn(STACK, BATCH, LENGTH, inputs, requires_grad=True)
    states = ours(x)
    expected = torch.stack([one(batch)[0] for one, batch in zip(theirs, x, strict=True)])
    torch.testing.assert_close(states, expected)
    upstream = torch.randn_like(states)
    (found,) = torch.autograd.grad((states * upstream).sum(), x, retain_graph=True)
    (wanted,) = torch.autograd.grad((expected * upstream).sum(), x, retain_graph=True)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    (states * upstream).sum().backward()
    (expected * upstream).sum().backward()
    for index, one in enumerate(theirs):
        for stacked, weight in pairs(ours, one):
            assert stacked.grad is not None
            assert weight.grad is not None
            rows = weight.shape[-1] if weight.dim() == 2 else 1
            own = stacked.grad[index]
            wanted = weight.grad.view(3, width, rows).transpose(1, 2)
            torch.testing.assert_close(own[:, :rows, :width], wanted, rtol=1e-4, atol=1e-5)
            assert (own[:, rows:] == 0).all(), "padding stays 0"
            assert (own[:, :, width:] == 0).all(), "padding stays 0"


def test_an_output_does_not_depend_on_later_positions() -> None:
    tokens = Space((8,), 5, "sequence")
    problem = make_problem(tokens, tokens, 20)
    predictor = RNN(max_steps=20).fit(problem)
    changed = problem.inputs.copy()
    changed[:, 5] = (changed[:, 5] + 1) % 5
    before, after = predictor.predict(problem.inputs), predictor.predict(changed)
    np.testing.assert_allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert abs(before[:, 5:] - after[:, 5:]).max(axis=(0, 2)).min() > 1e-4, "and it depends on all earlier positions"


def test_a_bag_is_a_sequence_of_tokens_and_a_grid_of_rows() -> None:
    bag = Space((5,), 12, "bag", tuple(float(value) for value in range(12)))
    grid = Space((3, 7, 4), 2, "grid", (0.0, 1.0))
    assert RNN().input_encoding(bag) == "onehot"
    assert RNN(encoding="counts").input_encoding(bag) == "counts"
    answer = Space((1,), 3)
    fitted = RNN(max_steps=2).fit(make_problem(grid, answer, 4))
    weights = fitted.module.state_dict()  # pyright: ignore[reportAttributeAccessIssue]
    assert weights["0.1.input_weight"].shape == (1, 3, 16, 32), "3 planes of 4 pixels are 12 channels, padded to 16"


def test_parity_of_six_bits_is_learned() -> None:
    bits = np.array([[number >> position & 1 for position in range(6)] for number in range(64)])
    space = Space((6,), 2, "sequence", (0.0, 1.0))
    parity = np.bitwise_xor.accumulate(bits, axis=1)
    problem = make_problem(space, space, 64)
    problem = type(problem)(bits, parity, space, space, seed=0)
    assert (RNN(max_steps=800, learning_rate=0.01).fit(problem).predict(bits).argmax(-1) == parity).all()
