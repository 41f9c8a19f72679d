"""A stack of networks whose initial weights carry the input through to the output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from .layers import Linear, Stacked, draw


class Carrying(Stacked):
    """Hidden layers with ReLU between them and a last layer: drawn at random, then made to compute a linear map.

    The first units of every hidden layer carry the input through, with no weight from any other unit, and the outputs
    are read off them alone. The other units stay as drawn, so that training has something to work with.

    body   linear layers, or convolutions along a sequence, which carry at the centre of their kernel and read place by
           place
    enter  (inputs, units): how the units of the first layer see the input, of a convolution the centre
    read   (units, outputs), and bias (outputs,): how the outputs are read off them
    """

    def __init__(self, body: nn.Module, enter: np.ndarray, read: np.ndarray, bias: np.ndarray) -> None:
        super().__init__()
        self.body = body
        self.enter, self.read, self.bias = (torch.from_numpy(part) for part in (enter, read, bias))

    @torch.no_grad()
    def draw(self, generators: Sequence[torch.Generator]) -> None:
        draw(self.body, generators)
        layers = [layer for layer in self.body.modules() if isinstance(layer, Linear)]
        units = self.enter.shape[1]
        _carry(layers[0], self.enter)
        for before, layer in pairwise(layers[:-1]):
            _carry(layer, torch.eye(before.outputs, units))
        last = layers[-1]
        last.weight.zero_()
        last.weight[:, :units, : last.outputs] = self.read
        last.bias[:, :, : last.outputs] = self.bias

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def _carry(layer: Linear, weights: Tensor) -> None:
    """Let the first units of a layer see only the centre of what it sees, with `weights` (inputs, units)."""
    inputs, units = weights.shape
    centre = inputs * (layer.inputs // inputs // 2)
    layer.weight[:, :, :units] = 0
    layer.weight[:, centre : centre + inputs, :units] = weights
    layer.bias[:, :, :units] = 0
