"""Stacked autoregressive decoder: input positions, then scratchpad tokens with causal attention, then the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..tasks.spaces import Space
from .attention import Attention
from .layers import Linear
from .positions import PositionDependent, Positionwise


class Decoder(nn.Module):
    """Decoder from (stack, batch, prompt + tokens + 1, channels) to logits (stack, batch, tokens + outputs, classes).

    Position prompt_length + t holds the token before scratchpad token t (the start token for t = 0) and predicts token
    t; the last position holds the last token and predicts the answer. If tokens and classes differ in number, the
    shorter logits are padded with -inf.
    """

    def __init__(
        self, stack: int, backbone: nn.Module, width: int, prompt_length: int, tokens: int, outputs: Space
    ) -> None:
        super().__init__()
        classes = outputs.alphabet or 1
        self.backbone, self.prompt_length = backbone, prompt_length
        self.token_logits = Positionwise(stack, width, tokens)
        self.answer_logits = nn.Sequential(Linear(stack, width, outputs.size * classes), nn.Unflatten(2, (-1, classes)))

    def forward(self, x: Tensor) -> Tensor:
        encoded = self.backbone(x)
        return concatenate_logits(
            [self.token_logits(encoded[:, :, self.prompt_length : -1]), self.answer_logits(encoded[:, :, -1])]
        )

    @contextmanager
    def incremental(self) -> Iterator[Callable[[Tensor], Tensor]]:
        """Context manager for incremental decoding with a KV cache; yields a function that encodes the next positions.

        The function maps (stack, batch, positions, channels) to (stack, batch, positions, width). It gives what a pass
        over the whole sequence would give, because attention is causal; only the first call may have more than one
        position.
        """
        positional = [layer for layer in self.modules() if isinstance(layer, PositionDependent)]
        attention = [layer for layer in positional if isinstance(layer, Attention)]
        offset = 0

        def encode(part: Tensor) -> Tensor:
            nonlocal offset
            for layer in positional:
                layer.offset = offset
            offset += part.shape[2]
            return self.backbone(part)

        for layer in attention:
            layer.kv_cache = torch.empty(0), torch.empty(0)  # enable the KV cache
        try:
            yield encode
        finally:
            for layer in positional:
                layer.offset = 0
            for layer in attention:
                layer.kv_cache = None

    @staticmethod
    def mask(prompt_length: int, length: int) -> Tensor:
        """Attention mask (length, length): input positions are visible to all; decoder positions are causal."""
        position = torch.arange(length)
        return (position < prompt_length) | (position <= position[:, None])


def concatenate_logits(parts: Sequence[Tensor]) -> Tensor:
    """Logits (stack, batch, tokens, classes) along the tokens; those of fewer classes are padded with -inf."""
    classes = max(part.shape[-1] for part in parts)
    return torch.cat([functional.pad(part, (0, classes - part.shape[-1]), value=-torch.inf) for part in parts], dim=2)
