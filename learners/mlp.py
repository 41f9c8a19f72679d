"""Multilayer perceptron."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from ..tasks.spaces import Space
from .identity_initialisation import IdentityInitialised
from .network import LEARNING_RATES
from .parameters import number

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class MLP(IdentityInitialised):
    """Multilayer perceptron: separate weights for every position, so no generalisation across positions.

    width, depth  units per hidden layer, and number of hidden layers; ReLU activations
    """

    name = "mlp"
    search_space = (("width", (128, 256)), ("depth", (2, 3)), ("learning_rate", LEARNING_RATES))

    width: int = number(128, at_least=1)
    depth: int = number(2, at_least=0)

    def build(self, stack: int, features: tuple[int, ...], inputs: Space, outputs: Space) -> nn.Module:
        from torch import nn  # noqa: PLC0415

        from .layers import Flatten, Linear, Perceptron  # noqa: PLC0415

        widths = [math.prod(features), *[self.width] * self.depth, outputs.size * (outputs.alphabet or 1)]
        layers = [Linear(stack, before, after) for before, after in pairwise(widths)]
        return self.initialised(nn.Sequential(Flatten(), Perceptron(layers)), inputs, outputs)

    def hidden_capacity(self, inputs: Space) -> tuple[int, int]:
        return inputs.size, self.width if self.depth else 0
