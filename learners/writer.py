"""A stack of networks that read places and then write tokens, each with an eye on what is written already."""

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
    """From (stack, batch, reads + steps + 1, channels) to logits (stack, batch, steps + outputs, classes).

    The place reads + t holds what was written before step t and tells what is written at step t; the last place
    holds the last step and tells the answer. Of tokens and classes the fewer are filled up with logits of -inf.
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
        """A function that takes the places one piece after another and gives what the body sees there.

        (stack, batch, places, channels) -> (stack, batch, places, width), what a pass over the whole page would see
        there, as no place looks ahead: only the first piece holds more than one place. Keys and values are remembered.
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
            layer.memory = torch.empty(0), torch.empty(0)  # from here on it remembers
        try:
            yield see
        finally:
            for layer in placed:
                layer.start = 0
            for layer in attention:
                layer.memory = None

    @staticmethod
    def mask(reads: int, length: int) -> Tensor:
        """Who may see whom, (length, length): all see all that is read, and a writing place what was written before."""
        place = torch.arange(length)
        return (place < reads) | (place <= place[:, None])
