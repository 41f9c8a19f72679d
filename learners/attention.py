"""The layers of a stack of transformers (Vaswani et al., NeurIPS 2017), each part normalised first (Xiong et al. 2020).

Everything is (stack, batch, length, width), and matrix products see (stack, rows, width).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import Stacked
from .places import PerPlace, Placed


class LayerNorm(Stacked):
    """Mean 0 and variance 1 over the width of each place, then a scale and a shift that are learnt."""

    def __init__(self, stack: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(stack, 1, 1, width))
        self.bias = nn.Parameter(torch.zeros(stack, 1, 1, width))

    def draw(self, generators: Sequence[torch.Generator]) -> None:
        """Leave scale 1 and shift 0."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.bias, functional.layer_norm(x, x.shape[-1:]), self.weight)


class Attention(Placed, nn.Module):
    """Every place asks all places that it may see, and takes a mean of what they say.

    mask    (length, length), True where the place of the row may see the place of the column; None: all may see all
    memory  keys and values of the places before `start`, each (rows, places, width), where a sequence is read piece by
            piece; None: it is read at once
    """

    mask: Tensor | None
    memory: tuple[Tensor, Tensor] | None = None

    def __init__(self, stack: int, width: int, heads: int, mask: Tensor | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.ask = PerPlace(stack, width, 3 * width)  # queries, keys and values side by side
        self.answer = PerPlace(stack, width, width)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        stack, batch, length, width = x.shape
        asked = self.ask(x).view(stack * batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = asked.reshape(3, stack * batch * self.heads, length, -1)
        if self.memory is not None:
            if self.start:
                key, value = (torch.cat(both, dim=1) for both in zip(self.memory, (key, value), strict=True))
            self.memory = key, value
        mask = None if self.mask is None else self.mask[self.start : self.start + length, : key.shape[1]]
        mixed = attend(query, key, value, mask)
        mixed = mixed.view(stack, batch, self.heads, length, -1).transpose(2, 3)
        return self.answer(mixed.reshape(stack, batch, length, width))


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """softmax(Q K' / sqrt(width)) V: each (rows, length, width); mask (queries, keys)."""
    scores = torch.bmm(query * query.shape[-1] ** -0.5, key.transpose(1, 2))
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return torch.bmm(scores.softmax(-1), value)


class Block(nn.Module):
    """One layer: attention, then a hidden layer of four times the width, each added to what was there."""

    def __init__(self, stack: int, width: int, heads: int, mask: Tensor | None = None) -> None:
        super().__init__()
        self.attention = nn.Sequential(LayerNorm(stack, width), Attention(stack, width, heads, mask))
        hidden = PerPlace(stack, width, 4 * width), nn.ReLU(), PerPlace(stack, 4 * width, width)
        self.think = nn.Sequential(LayerNorm(stack, width), *hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        return x + self.think(x)
