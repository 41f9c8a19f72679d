"""Convolutional network for sequences and grids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..tasks.spaces import Space
from .network import RATES
from .parameters import number
from .start import Starting

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class CNN(Starting):
    """Convolutional network: weights shared across positions; features learned at one apply at all.

    Fully convolutional if the output is as long as the input, so that output i depends only on the neighbourhood of
    input i; otherwise mean pooling over all positions, then a linear layer.

    channels       channels per layer for a sequence, vector or bag
    grid_channels  channels per layer for a grid
    depth, kernel  number of convolutional layers, with zero padding and ReLU, and their kernel size in positions
    """

    name = "cnn"
    search_space = (("depth", (2, 3)), ("kernel", (3, 5)), ("rate", RATES))

    channels: int = number(32, at_least=1)
    grid_channels: int = number(32, at_least=1)
    depth: int = number(2, at_least=1)
    kernel: int = number(3, at_least=1)

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:
        from torch import nn  # noqa: PLC0415

        from .layers import Conv1d, Conv2d, Flatten, Linear, Pool  # noqa: PLC0415

        grid = inputs.layout == "grid"
        conv, width = (Conv2d, self.grid_channels) if grid else (Conv1d, self.channels)
        channels = features[0] if grid else features[-1]
        classes = outputs.alphabet or 1
        layers: list[nn.Module] = []
        for _ in range(self.depth):
            layers += [conv(stack, channels, width, self.kernel), nn.ReLU()]
            channels = width
        if not grid and outputs.shape == features[:1]:
            ends: list[nn.Module] = [Conv1d(stack, channels, classes, 1), Flatten()]
        else:
            ends = [Pool(-2, -1) if grid else Pool(-2), Linear(stack, channels, outputs.size * classes)]
        return self.started(nn.Sequential(*layers, *ends), inputs, outputs)

    def room(self, inputs: Space) -> tuple[int, int]:  # noqa: ARG002 -- weights are shared across positions
        return 1, self.channels if self.depth else 0
