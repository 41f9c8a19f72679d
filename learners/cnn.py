"""Convolutional network for sequences and grids."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from ..tasks.spaces import Space
from .identity_initialisation import IdentityInitialised
from .network import LEARNING_RATES, READOUTS
from .parameters import choice, number

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class CNN(IdentityInitialised):
    """Convolutional network: weights shared across positions; features learned at one apply at all.

    Fully convolutional if the output is as long as the input, so that output i depends only on the neighbourhood of
    input i; otherwise mean pooling over all positions, then a linear layer.

    channels       channels per layer for a sequence, vector or bag
    grid_channels  channels per layer for a grid
    depth          number of convolutional layers, with zero padding and ReLU
    readout        auto: as above; flattened: a linear layer on all positions, which is then untied
    kernel_size    their kernel size in positions
    """

    name = "cnn"
    search_space = (("depth", (2, 3)), ("kernel_size", (3, 5)), ("learning_rate", LEARNING_RATES))

    renamed: ClassVar[Mapping[str, str]] = {**IdentityInitialised.renamed, "kernel": "kernel_size"}

    channels: int = number(32, at_least=1)
    grid_channels: int = number(32, at_least=1)
    depth: int = number(2, at_least=1)
    kernel_size: int = number(3, at_least=1)
    readout: str = choice("auto", READOUTS)

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:
        from torch import nn  # noqa: PLC0415

        from .layers import Conv1d, Conv2d, ConvolutionsOfImages, Flatten, Linear, MeanPool  # noqa: PLC0415

        grid = inputs.layout == "grid"
        classes = outputs.alphabet or 1
        if grid:
            widths = [features[0], *[self.grid_channels] * self.depth]
            convolutions = [Conv2d(stack, *pair, self.kernel_size) for pair in pairwise(widths)]
            layers: list[nn.Module] = [ConvolutionsOfImages(convolutions), nn.ReLU()]
        else:
            widths = [features[-1], *[self.channels] * self.depth]
            layers = [one for pair in pairwise(widths) for one in (Conv1d(stack, *pair, self.kernel_size), nn.ReLU())]
        channels = widths[-1]
        if self.readout == "flattened":
            positions = math.prod(features[1:] if grid else features[:-1])
            head: list[nn.Module] = [Flatten(), Linear(stack, channels * positions, outputs.size * classes)]
        elif not grid and outputs.shape == features[:1]:
            head = [Conv1d(stack, channels, classes, 1), Flatten()]
        else:
            head = [MeanPool(-2, -1) if grid else MeanPool(-2), Linear(stack, channels, outputs.size * classes)]
        return self.initialised(nn.Sequential(*layers, *head), inputs, outputs)

    def untied(self) -> CNN:
        return replace(self, readout="flattened")

    def hidden_capacity(self, inputs: Space) -> tuple[int, int]:  # noqa: ARG002 -- weights are shared across positions
        return 1, self.channels if self.depth else 0
