"""Layers for sequences, (stack, batch, length, width): position-wise linear, positional encodings, last position."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import Linear, Stacked


class Positionwise(nn.Module):
    """Position-wise linear layer: (stack, batch, length, inputs) -> (stack, batch, length, outputs)."""

    def __init__(self, stack: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = Linear(stack, inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.flatten(1, 2)).unflatten(1, x.shape[1:3])


class GridRows(nn.Module):
    """A grid as a sequence of rows: (stack, batch, planes, height, width) -> (.., .., height, planes * width)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(2, 3).flatten(3)


class LastPosition(nn.Module):
    """Select the last position: (stack, batch, length, width) -> (stack, batch, width)."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, -1]


class PositionDependent:
    """Mixin for layers that depend on absolute position: `offset` is the first position of the input.

    It is 0 except in incremental decoding, where the sequence is passed in several parts.
    """

    offset: int = 0

    def select(self, table: Tensor, length: int) -> Tensor:
        """The rows of a position table (.., positions, width) for the `length` positions from `offset` on."""
        return table if table.shape[-2] == length else table[..., self.offset : self.offset + length, :]


class LearnedPositions(PositionDependent, Stacked):
    """Learned positional embeddings, initially uniform in +-1/sqrt(width): (stack, batch, length, width)."""

    def __init__(self, stack: int, length: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(stack, 1, length, width))

    @torch.no_grad()
    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        bound = self.weight.shape[-1] ** -0.5
        for index, generator in enumerate(generators):
            self.weight[index].uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.select(self.weight, x.shape[2])


class SinusoidalPositions(PositionDependent, nn.Module):
    """Sinusoidal encoding: adds sin and cos of p / 10000^(2k/width) at position p (Vaswani et al., NeurIPS 2017)."""

    table: Tensor

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        rates = 10_000.0 ** (-torch.arange(0, width, 2) / width)
        angles = torch.arange(length)[:, None] * rates
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]
        self.register_buffer("table", table, persistent=False)  # shared by all networks: not a parameter

    def forward(self, x: Tensor) -> Tensor:
        return x + self.select(self.table, x.shape[2])
