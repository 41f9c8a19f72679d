"""What networks that read a sequence have in common: how any input becomes one, and what is read off it."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..tasks.spaces import Space
from .network import Network

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Reader(Network):
    """A network that reads its input as a sequence of places, from the first to the last.

    A place is a token or number; of a grid it is a row, of all planes at once; with the encoding counts it is a
    token's count. With the encoding auto a bag is read token by token, in the order in which it is written down.
    Sequences are as long as their Space says: a place is cut off for no training set, as a test may use it.
    Where the output is as long as the input, output i is read off place i alone, by the same weights at every place.
    """

    @abc.abstractmethod
    def body(self, stack: int, length: int, channels: int) -> tuple[nn.Module, int]:
        """Stacked layers from (stack, batch, length, channels) to (stack, batch, length, width), and that width."""

    @abc.abstractmethod
    def summary(self) -> nn.Module:
        """From (stack, batch, length, width) to (stack, batch, width), where the output is not as long as the input."""

    def sees(self, space: Space) -> str:
        return "onehot" if self.encoding == "auto" and space.layout == "bag" and space.symbolic else self.encoding

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:
        from torch import nn  # noqa: PLC0415

        from .layers import Flatten, Linear  # noqa: PLC0415
        from .places import PerPlace, Rows  # noqa: PLC0415

        layers: list[nn.Module] = []
        if inputs.layout == "grid":
            planes, height, across = features
            layers, features = [Rows()], (height, planes * across)
        body, width = self.body(stack, *features)
        classes = outputs.alphabet or 1
        if inputs.layout != "grid" and outputs.shape == features[:1]:
            return nn.Sequential(*layers, body, PerPlace(stack, width, classes), Flatten())
        return nn.Sequential(*layers, body, self.summary(), Linear(stack, width, outputs.size * classes))
