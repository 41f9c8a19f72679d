"""Stacked transformer layers (Vaswani et al., NeurIPS 2017) with pre-layer normalisation (Xiong et al. 2020).

Tensors are (stack, batch, length, width); matrix products use (stack, rows, width).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .layers import Stacked
from .positions import PositionDependent, Positionwise


class LayerNorm(Stacked):
    """Layer normalisation over the width of each position, with learned scale and shift."""

    def __init__(self, stack: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(stack, 1, 1, width))
        self.bias = nn.Parameter(torch.zeros(stack, 1, 1, width))

    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        """Keep scale 1 and shift 0."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.addcmul(self.bias, functional.layer_norm(x, x.shape[-1:]), self.weight)


class Attention(PositionDependent, nn.Module):
    """Multi-head self-attention with an optional mask and KV cache.

    mask      (length, length), True where the row's position may attend to the column's position; None: no mask
    kv_cache  KV cache for incremental decoding: keys and values of the positions before `offset`, each
              (rows, positions, width); None: the sequence is processed at once
    """

    mask: Tensor | None
    kv_cache: tuple[Tensor, Tensor] | None = None

    def __init__(self, stack: int, width: int, heads: int, mask: Tensor | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.query_key_value = Positionwise(stack, width, 3 * width)  # query, key and value projections, concatenated
        self.output_projection = Positionwise(stack, width, width)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        stack, batch, length, width = x.shape
        projected = self.query_key_value(x).view(stack * batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = projected.reshape(3, stack * batch * self.heads, length, -1)
        if self.kv_cache is not None:
            if self.offset:
                key, value = (torch.cat(both, dim=1) for both in zip(self.kv_cache, (key, value), strict=True))
            self.kv_cache = key, value
        mask = None if self.mask is None else self.mask[self.offset : self.offset + length, : key.shape[1]]
        mixed = attend(query, key, value, mask)
        mixed = mixed.view(stack, batch, self.heads, length, -1).transpose(2, 3)
        return self.output_projection(mixed.reshape(stack, batch, length, width))


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None) -> Tensor:
    """Scaled dot-product attention, softmax(Q K' / sqrt(width)) V: each (rows, length, width); mask (queries, keys)."""
    scores = torch.bmm(query * query.shape[-1] ** -0.5, key.transpose(1, 2))
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    return torch.bmm(scores.softmax(-1), value)


class TransformerLayer(nn.Module):
    """One transformer layer: self-attention, then a feed-forward layer of four times the width, both residual."""

    def __init__(self, stack: int, width: int, heads: int, mask: Tensor | None = None) -> None:
        super().__init__()
        self.attention = nn.Sequential(LayerNorm(stack, width), Attention(stack, width, heads, mask))
        hidden = Positionwise(stack, width, 4 * width), nn.ReLU(), Positionwise(stack, 4 * width, width)
        self.feed_forward = nn.Sequential(LayerNorm(stack, width), *hidden)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(x)
        return x + self.feed_forward(x)
