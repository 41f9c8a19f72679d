"""Sequence encoders: base class of networks that process the input as a sequence of positions."""

from __future__ import annotations

import abc
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..tasks.spaces import Space
from .network import READOUTS, Network
from .parameters import choice

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class SequenceEncoder(Network):
    """Base class of sequence encoders: input as a sequence of positions, a stacked encoder, and a linear readout.

    A position is a token or number; of a grid it is a row, with all planes; with the encoding counts it is the count of
    one token. With the encoding auto a bag is processed token by token, in the order in which it is written down.
    The sequence length is that of the Space. It is not truncated to the training set, because a test split may use
    positions that training does not. If the output is as long as the input, output i is a readout of position i, with
    weights shared across positions.

    readout  auto: as above, else pooling and a linear layer; flattened: a linear layer on all positions
    """

    readout: str = choice("auto", READOUTS)

    @abc.abstractmethod
    def encoder(self, stack: int, length: int, channels: int) -> tuple[nn.Module, int]:
        """Stacked layers from (stack, batch, length, channels) to (stack, batch, length, width), and that width."""

    @abc.abstractmethod
    def pooling(self) -> nn.Module:
        """Pooling, (stack, batch, length, width) -> (stack, batch, width), for outputs not as long as the input."""

    def input_encoding(self, space: Space) -> str:
        return "onehot" if self.encoding == "auto" and space.layout == "bag" and space.symbolic else self.encoding

    def untied(self) -> SequenceEncoder:
        return replace(self, readout="flattened")

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:
        from torch import nn  # noqa: PLC0415

        from .layers import Flatten, Linear  # noqa: PLC0415
        from .positions import GridRows, Positionwise  # noqa: PLC0415

        layers: list[nn.Module] = []
        if inputs.layout == "grid":
            planes, height, across = features
            layers, features = [GridRows()], (height, planes * across)
        encoder, width = self.encoder(stack, *features)
        classes = outputs.alphabet or 1
        if self.readout == "flattened":
            return nn.Sequential(
                *layers, encoder, Flatten(), Linear(stack, width * features[0], outputs.size * classes)
            )
        if inputs.layout != "grid" and outputs.shape == features[:1]:
            return nn.Sequential(*layers, encoder, Positionwise(stack, width, classes), Flatten())
        return nn.Sequential(*layers, encoder, self.pooling(), Linear(stack, width, outputs.size * classes))
