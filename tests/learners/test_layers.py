"""Stacked layers against PyTorch's layers of one network: outputs and gradients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from grue.learners.layers import Conv1d, Conv2d, ConvolutionsOfImages, Linear, Perceptron, Stacked, initialise

STACK, BATCH = 3, 4


def gradients(outputs: Tensor, x: Tensor, parameters: list[nn.Parameter]) -> list[Tensor]:
    """Of a loss that weighs every output differently."""
    weights = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
    return list(torch.autograd.grad((outputs * weights).sum(), [x, *parameters]))


def compare(module: nn.Module, x: Tensor, plain: Callable[[int, Tensor], Tensor]) -> None:
    """A stack's outputs, and the gradients of a loss, equal those of its networks computed by `plain` one by one."""
    initialise(nn.Sequential(module), [torch.Generator().manual_seed(seed) for seed in range(STACK)])
    parameters = list(module.parameters())
    found = module(x)
    expected = torch.stack([plain(network, one) for network, one in enumerate(x)])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    for one, other in zip(gradients(found, x, parameters), gradients(expected, x, parameters), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def sample(*shape: int) -> Tensor:
    return torch.randn(STACK, BATCH, *shape, generator=torch.Generator().manual_seed(7)).requires_grad_()


def same_length(found: Tensor, size: torch.Size) -> Tensor:
    """Without the position more that an even kernel yields."""
    return found[tuple(slice(length) for length in (*found.shape[:2], *size[2:]))]


def linear(layer: Linear, network: int, x: Tensor) -> Tensor:
    weight, bias = layer.weight[network, : layer.inputs, : layer.outputs], layer.bias[network, 0, : layer.outputs]
    return x @ weight + bias


def images(layer: Conv2d, network: int, x: Tensor) -> Tensor:
    padding = layer.weight.shape[-1] // 2
    return same_length(functional.conv2d(x, layer.weight[network], layer.bias[network], padding=padding), x.shape)


def sequences(layer: Conv1d, network: int, x: Tensor) -> Tensor:
    inputs, outputs = layer.linear.inputs // layer.kernel_size, layer.linear.outputs
    weight = layer.linear.weight[network, : layer.linear.inputs, :outputs]
    kernel = weight.unflatten(0, (layer.kernel_size, inputs)).permute(2, 1, 0)
    x = x.transpose(1, 2)
    found = functional.conv1d(x, kernel, layer.linear.bias[network, 0, :outputs], padding=layer.kernel_size // 2)
    return same_length(found, x.shape).transpose(1, 2)


def test_a_linear_layer() -> None:
    layer = Linear(STACK, 5, 7)
    compare(layer, sample(5), lambda network, x: linear(layer, network, x))


def test_a_perceptron() -> None:
    first, second = Linear(STACK, 5, 20), Linear(STACK, 20, 3)
    compare(
        Perceptron([first, second]),
        sample(5),
        lambda network, x: linear(second, network, linear(first, network, x).relu()),
    )


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("channels", "outputs"), [(3, 5), (16, 16)])
def test_a_convolution_along_a_sequence(kernel_size: int, channels: int, outputs: int) -> None:
    layer = Conv1d(STACK, channels, outputs, kernel_size)
    compare(layer, sample(6, channels), lambda network, x: sequences(layer, network, x))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("channels", "outputs"), [(1, 5), (16, 16)])
def test_a_convolution_of_images(kernel_size: int, channels: int, outputs: int) -> None:
    layer = Conv2d(STACK, channels, outputs, kernel_size)
    compare(layer, sample(channels, 6, 5), lambda network, x: images(layer, network, x))


@pytest.mark.parametrize("kernel_size", [2, 3])
def test_convolutions_of_images_with_relu_between_them(kernel_size: int) -> None:
    first, second = Conv2d(STACK, 2, 8, kernel_size), Conv2d(STACK, 8, 4, kernel_size)
    compare(
        ConvolutionsOfImages([first, second]),
        sample(2, 6, 5),
        lambda network, x: images(second, network, images(first, network, x).relu()),
    )


@pytest.mark.parametrize("layer", [Linear(1, 5, 7), Conv1d(1, 5, 7, 3), Conv2d(1, 5, 7, 3)])
def test_initial_weights_have_the_bound_of_pytorch(layer: Stacked) -> None:
    initialise(nn.Sequential(layer), [torch.Generator().manual_seed(1)])
    inputs = {Linear: 5, Conv1d: 15, Conv2d: 45}[type(layer)]
    for parameter in layer.parameters():
        largest = float(parameter.detach().abs().max())
        assert 0.6 * inputs**-0.5 < largest <= inputs**-0.5
