"""Small layers around a sequence (stack, batch, length, width): its places, where they are, what stands for all."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import Linear, Stacked


class PerPlace(nn.Module):
    """The same linear layer at every place: (stack, batch, length, inputs) -> (stack, batch, length, outputs)."""

    def __init__(self, stack: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = Linear(stack, inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x.flatten(1, 2)).unflatten(1, x.shape[1:3])


class Rows(nn.Module):
    """A grid as the sequence of its rows: (stack, batch, planes, height, width) -> (.., .., height, planes * width)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(2, 3).flatten(3)


class Last(nn.Module):
    """What stands at the last place: (stack, batch, length, width) -> (stack, batch, width)."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, -1]


class Placed:
    """A layer to which it matters where a sequence begins: at place `start`, 0 unless it is read piece by piece."""

    start: int = 0

    def here(self, table: Tensor, length: int) -> Tensor:
        """The rows of a table of all places (.., places, width) that belong to the `length` places from `start` on."""
        return table if table.shape[-2] == length else table[..., self.start : self.start + length, :]


class LearnedPositions(Placed, Stacked):
    """Adds a vector of its own to every place, uniform in +-1/sqrt(width) at first: (stack, batch, length, width)."""

    def __init__(self, stack: int, length: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(stack, 1, length, width))

    @torch.no_grad()
    def draw(self, generators: Sequence[torch.Generator]) -> None:
        bound = self.weight.shape[-1] ** -0.5
        for index, generator in enumerate(generators):
            self.weight[index].uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.here(self.weight, x.shape[2])


class SinusoidalPositions(Placed, nn.Module):
    """Adds sin and cos of p / 10000^(2k/width) to place p of (.., .., length, width): Vaswani et al., NeurIPS 2017."""

    table: Tensor

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        rates = 10_000.0 ** (-torch.arange(0, width, 2) / width)
        angles = torch.arange(length)[:, None] * rates
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)[:, :width]
        self.register_buffer("table", table, persistent=False)  # the same for all networks: no weight

    def forward(self, x: Tensor) -> Tensor:
        return x + self.here(self.table, x.shape[2])
