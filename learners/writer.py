"""Stacked autoregressive decoder: input positions, then step tokens with causal attention, then the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..tasks.spaces import Space
from .attention import Attention
from .layers import Linear
from .places import PerPlace, Placed


class Writer(nn.Module):
    """Decoder from (stack, batch, reads + steps + 1, channels) to logits (stack, batch, steps + outputs, classes).

    Position reads + t holds the token before step t (the start token for t = 0) and predicts step t; the last position
    holds the last step and predicts the answer. If tokens and classes differ in number, the shorter logits are padded
    with -inf.
    """

    def __init__(self, stack: int, body: nn.Module, width: int, reads: int, tokens: int, outputs: Space) -> None:
        super().__init__()
        classes = outputs.alphabet or 1
        self.body, self.reads = body, reads
        self.write = PerPlace(stack, width, tokens)
        self.answer = nn.Sequential(Linear(stack, width, outputs.size * classes), nn.Unflatten(2, (-1, classes)))
        self.logits = max(tokens, classes)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.body(x)
        parts = self.write(seen[:, :, self.reads : -1]), self.answer(seen[:, :, -1])
        return torch.cat(
            [functional.pad(part, (0, self.logits - part.shape[-1]), value=-torch.inf) for part in parts], dim=2
        )

    @contextmanager
    def piece_by_piece(self) -> Iterator[Callable[[Tensor], Tensor]]:
        """Context manager for incremental decoding with a KV cache; yields a function that encodes the next positions.

        The function maps (stack, batch, positions, channels) to (stack, batch, positions, width). It gives what a pass
        over the whole sequence would give, because attention is causal; only the first call may have more than one
        position.
        """
        placed = [layer for layer in self.modules() if isinstance(layer, Placed)]
        attention = [layer for layer in placed if isinstance(layer, Attention)]
        start = 0

        def see(piece: Tensor) -> Tensor:
            nonlocal start
            for layer in placed:
                layer.start = start
            start += piece.shape[2]
            return self.body(piece)

        for layer in attention:
            layer.memory = torch.empty(0), torch.empty(0)  # enable the KV cache
        try:
            yield see
        finally:
            for layer in placed:
                layer.start = 0
            for layer in attention:
                layer.memory = None

    @staticmethod
    def mask(reads: int, length: int) -> Tensor:
        """Attention mask (length, length): input positions are visible to all; decoder positions are causal."""
        place = torch.arange(length)
        return (place < reads) | (place <= place[:, None])
