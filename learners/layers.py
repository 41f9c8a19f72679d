"""Stacked layers: many independent networks of one shape, computed together along a leading stack dimension.

A layer's parameters have the shape (stack, ...) and its input is (stack, batch, ...). Widths are zero-padded to
multiples of 16, and the padding stays zero. Matrix products then round each network the same way, whatever else is in
the stack (tests/learners/test_network.py checks this bit for bit). Convolutions of images need no padding: on the CPU
they are computed one network after another.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from .affine import Affine
from .convolutions import Convolutions
from .convolutions import convolve as convolve_images

LANES = 16
"""Number of float32 values in one vector register of the reference machine."""


def padded(width: int) -> int:
    """Round up to a multiple of LANES."""
    return -(-width // LANES) * LANES


class Stacked(nn.Module):
    """A stacked layer; the initial weights of each network are sampled from that network's own generator."""

    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        """Initialise the parameters of network i from generators[i]."""
        raise NotImplementedError


class Linear(Stacked):
    """Stacked linear layer, y = x W + b: (stack, batch, inputs) -> (stack, batch, outputs).

    Initial weights and biases are uniform in +-1/sqrt(inputs), as in torch.nn.Linear.
    """

    def __init__(self, stack: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.weight = nn.Parameter(torch.zeros(stack, padded(inputs), padded(outputs)))
        self.bias = nn.Parameter(torch.zeros(stack, 1, padded(outputs)))

    @torch.no_grad()
    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        bound = self.inputs**-0.5
        for index, generator in enumerate(generators):
            self.weight[index, : self.inputs, : self.outputs].uniform_(-bound, bound, generator=generator)
            self.bias[index, :, : self.outputs].uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        return chain([self], x)


class Perceptron(nn.Module):
    """Linear layers with ReLU between them: (stack, batch, inputs) -> (stack, batch, outputs)."""

    def __init__(self, layers: Sequence[Linear]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return chain([layer for layer in self.layers if isinstance(layer, Linear)], x)


def chain(layers: Sequence[Linear], x: Tensor) -> Tensor:
    """The outputs of linear layers with ReLU between them."""
    missing = layers[0].weight.shape[1] - x.shape[-1]
    if missing:
        x = functional.pad(x, (0, missing))
    found = Affine.apply(x, *(parameter for layer in layers for parameter in (layer.weight, layer.bias)))
    return found[..., : layers[-1].outputs]  # pyright: ignore[reportOptionalSubscript]


def convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Stacked 1D convolution with zero padding: (stack, batch, length, channels) -> the same length.

    One grouped convolution, a group per network. Its result lies in memory as (batch, length, stack, channels), the
    layout in which oneDNN is fastest (measured: 1.4 times as fast as channels before positions), and which the next
    convolution or linear layer reads without a copy.

    weight  (stack, kernel, channels, outputs), channels and outputs being multiples of LANES
    bias    (stack, outputs)
    """
    stack, kernel, channels, outputs = weight.shape
    missing = channels - x.shape[-1]
    if missing:
        x = functional.pad(x, (0, missing))
    if stack == 1 and channels == outputs == LANES:  # oneDNN rounds a single group of this size in another way
        return convolve(x.expand(2, *x.shape[1:]), weight.expand(2, -1, -1, -1), bias.expand(2, -1))[:1]
    found = functional.conv2d(
        x.permute(1, 0, 3, 2).flatten(1, 2).unsqueeze(2).contiguous(memory_format=torch.channels_last),
        weight.permute(0, 3, 2, 1).flatten(0, 1).unsqueeze(2).contiguous(memory_format=torch.channels_last),
        bias.flatten(),
        padding=(0, kernel // 2),
        groups=stack,
    )
    length = x.shape[2]  # an even kernel yields a position more
    return found.squeeze(2).unflatten(1, (stack, outputs)).permute(1, 0, 3, 2)[:, :, :length]


class Conv1d(Stacked):
    """Stacked 1D convolution with zero padding: (stack, batch, length, channels) -> the same length."""

    def __init__(self, stack: int, inputs: int, outputs: int, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.linear = Linear(stack, inputs * kernel_size, outputs)  # weights of shift 0, of shift 1, ...

    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        self.linear.initialise(generators)

    def forward(self, x: Tensor) -> Tensor:
        _, batch, length, channels = x.shape
        if self.kernel_size == 1:
            return self.linear(x.flatten(1, 2)).unflatten(1, (batch, length))
        weight = self.linear.weight[:, : channels * self.kernel_size].unflatten(1, (self.kernel_size, channels))
        missing = padded(channels) - channels
        if missing:
            weight = functional.pad(weight, (0, 0, 0, missing))
        # squeeze: the gradient of an index would be copied into zeros
        return convolve(x, weight, self.linear.bias.squeeze(1))[..., : self.linear.outputs]


class Conv2d(Stacked):
    """Stacked 2D convolution with zero padding: (stack, batch, channels, height, width) -> the same height, width.

    Initial weights and biases are uniform in +-1/sqrt(number of inputs), as in torch.nn.Conv2d.
    """

    def __init__(self, stack: int, inputs: int, outputs: int, kernel_size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(stack, outputs, inputs, kernel_size, kernel_size))
        self.bias = nn.Parameter(torch.zeros(stack, outputs))

    @torch.no_grad()
    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        _, outputs, inputs, *kernel = self.weight.shape
        bound = self.weight[0, 0].numel() ** -0.5
        for index, generator in enumerate(generators):
            weights = torch.empty(*kernel, inputs, outputs).uniform_(-bound, bound, generator=generator)
            self.weight[index] = weights.permute(3, 2, 0, 1)
            self.bias[index].uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        return convolutions([self], x)


class ConvolutionsOfImages(nn.Module):
    """2D convolutions with ReLU between them: (stack, batch, channels, height, width) -> the same height, width."""

    def __init__(self, layers: Sequence[Conv2d]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        return convolutions([layer for layer in self.layers if isinstance(layer, Conv2d)], x)


def convolutions(layers: Sequence[Conv2d], x: Tensor) -> Tensor:
    """The outputs of 2D convolutions with ReLU between them."""
    if x.device.type == "cpu":
        return Convolutions.apply(x, *(part for layer in layers for part in (layer.weight, layer.bias)))  # pyright: ignore[reportReturnType]
    stack = len(x)  # on another device launching a kernel per network would take longer than the kernels
    x = x.transpose(0, 1).flatten(1, 2)
    for index, layer in enumerate(layers):
        weight, bias = layer.weight.flatten(0, 1), layer.bias.flatten()
        x = convolve_images(x.relu() if index else x, weight, bias, groups=stack)
    return x.unflatten(1, (stack, -1)).transpose(0, 1)


class MeanPool(nn.Module):
    """Mean pooling over all positions."""

    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.mean(self.dims)


class Flatten(nn.Module):
    """Flatten each example: (stack, batch, ...) -> (stack, batch, features)."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2)


def initialise(module: nn.Module, generators: Sequence[torch.Generator]) -> None:
    """Initialise every stacked layer of a module."""
    for child in module.children():
        if isinstance(child, Stacked):
            child.initialise(generators)
        else:
            initialise(child, generators)


def check_stacked(module: nn.Module, learner: str) -> None:
    """Raise TypeError if a layer has parameters but no stack dimension, so that the networks would share them."""
    for layer in module.modules():
        if not isinstance(layer, Stacked) and next(layer.parameters(recurse=False), None) is not None:
            kind = f"{type(layer).__module__.partition('.')[0]}'s {type(layer).__name__}"
            raise TypeError(
                f"{learner}.build puts {kind} into a stack, whose networks would share its weights; expected a layer "
                "of grue.learners.layers, such as Linear(stack, inputs, outputs)"
            )
