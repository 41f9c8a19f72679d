"""Identity initialisation of a stack of networks: the initial weights pass the input through to the output."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from .layers import Linear, Stacked, initialise


class PassThrough(Stacked):
    """Hidden layers with ReLU and a last layer, initialised at random and then set to compute a linear map.

    The first units of every hidden layer pass the input through, with no weight from any other unit, and the outputs
    are a readout of these units only. The other units keep their random weights, so that they can be trained.

    body             linear layers, or convolutions along a sequence, which pass the input through at the centre of
                     their kernel and read out position by position
    input_weights    (inputs, units): weights from the input to these units of the first layer; of a convolution,
                     at the centre
    readout_weights  (units, outputs), and bias (outputs,): weights of the readout
    """

    def __init__(
        self, body: nn.Module, input_weights: np.ndarray, readout_weights: np.ndarray, bias: np.ndarray
    ) -> None:
        super().__init__()
        self.body = body
        self.input_weights = torch.from_numpy(input_weights)
        self.readout_weights, self.bias = torch.from_numpy(readout_weights), torch.from_numpy(bias)

    @torch.no_grad()
    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        initialise(self.body, generators)
        layers = [layer for layer in self.body.modules() if isinstance(layer, Linear)]
        units = self.input_weights.shape[1]
        _connect(layers[0], self.input_weights)
        for before, layer in pairwise(layers[:-1]):
            _connect(layer, torch.eye(before.outputs, units))
        last = layers[-1]
        last.weight.zero_()
        last.weight[:, :units, : last.outputs] = self.readout_weights
        last.bias[:, :, : last.outputs] = self.bias

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


def _connect(layer: Linear, weights: Tensor) -> None:
    """Connect the first units of a layer only to the centre of its receptive field, with `weights` (inputs, units)."""
    inputs, units = weights.shape
    centre = inputs * (layer.inputs // inputs // 2)
    layer.weight[:, :, :units] = 0
    layer.weight[:, centre : centre + inputs, :units] = weights
    layer.bias[:, :, :units] = 0
