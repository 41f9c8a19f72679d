"""transformer: its attention equals torch's, and order is known only from the positional encoding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from grue.learners.attention import Attention, LayerNorm, attend
from grue.learners.base import Problem
from grue.learners.decoder import Decoder
from grue.learners.positions import SinusoidalPositions
from grue.learners.transformer import POSITIONS, Transformer
from grue.tasks.spaces import Space
from grue.testing.learners import make_problem

TOKENS = Space((8,), 5, "sequence")
CLASS = Space((1,), 9)


@pytest.mark.parametrize("mask", [None, Decoder.mask(3, 7)], ids=["all see all", "masked"])
def test_attention_is_torchs(mask: torch.Tensor | None) -> None:
    query, key, value = torch.randn(3, 10, 7, 16)
    expected = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
    torch.testing.assert_close(attend(query, key, value, mask), expected)


def test_many_heads_are_torchs_multihead_attention() -> None:
    ours, theirs = Attention(2, 32, heads=4), torch.nn.MultiheadAttention(32, 4, batch_first=True)
    with torch.no_grad():
        for layer, weight, bias in (
            (ours.query_key_value.linear, theirs.in_proj_weight, theirs.in_proj_bias),
            (ours.output_projection.linear, theirs.out_proj.weight, theirs.out_proj.bias),
        ):
            layer.weight[1] = weight.T
            layer.bias[1] = torch.nn.init.normal_(bias)
    x = torch.randn(2, 3, 7, 32)
    torch.testing.assert_close(ours(x)[1], theirs(x[1], x[1], x[1])[0])


def test_normalisation_is_torchs() -> None:
    ours, theirs = LayerNorm(2, 20), torch.nn.LayerNorm(20)
    with torch.no_grad():
        ours.weight[1], ours.bias[1] = torch.nn.init.normal_(theirs.weight), torch.nn.init.normal_(theirs.bias)
    x = torch.randn(2, 3, 7, 20)
    torch.testing.assert_close(ours(x)[1], theirs(x[1]))


def test_sinusoids_are_those_of_the_paper() -> None:
    table = SinusoidalPositions(length=50, width=32).table
    assert table.shape == (50, 32)
    assert table[7, 10].item() == pytest.approx(np.sin(7 / 10_000 ** (10 / 32)), abs=1e-6)
    assert table[7, 11].item() == pytest.approx(np.cos(7 / 10_000 ** (10 / 32)), abs=1e-6)


@pytest.mark.parametrize("positions", POSITIONS)
def test_without_positions_order_does_not_matter_and_with_them_it_does(positions: str) -> None:
    problem = make_problem(TOKENS, CLASS, 30)
    predictor = Transformer(max_steps=30, positions=positions).fit(problem)
    reversed_inputs = predictor.predict(problem.inputs[:, ::-1].copy())
    difference = abs(reversed_inputs - predictor.predict(problem.inputs)).max()
    assert difference < 1e-5 if positions == "none" else difference > 1e-3


def test_a_token_is_found_at_any_position() -> None:
    """The class is the token after the marker 4: attention finds it at any position."""
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 4, (600, 8))
    marker = rng.integers(0, 7, 600)
    inputs[np.arange(600), marker] = 4
    targets = inputs[np.arange(600), marker + 1][:, None]
    problem = Problem(inputs[:500], targets[:500], TOKENS, Space((1,), 5), seed=0)
    predicted = Transformer(max_steps=600, learning_rate=5e-3).fit(problem).predict(inputs[500:]).argmax(-1)
    assert (predicted == targets[500:]).mean() > 0.9


def test_bad_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="positions is 'absolute'; expected one of learned, sinusoidal, none"):
        Transformer(positions="absolute")
    with pytest.raises(ValueError, match="width 20; expected a multiple of 16"):
        Transformer(width=20)
    with pytest.raises(ValueError, match="5 heads do not divide the width 32"):
        Transformer(heads=5)
