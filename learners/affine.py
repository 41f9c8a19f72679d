"""Linear layers with ReLU between them, forward and backward, as one autograd function.

With a node of the autograd graph for each operation, a training step of a small network takes 1.3 times as long.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


class Affine(torch.autograd.Function):
    """h_0 = x, h_k = ReLU(h_(k-1) W_k + b_k), without ReLU in the last layer.

    x                  (stack, batch, inputs)
    weights_and_biases W_1 (stack, inputs, width), b_1 (stack, 1, width), W_2, b_2, ...
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, *weights_and_biases: Tensor) -> Tensor:
        layers = [x]
        for weight, bias in zip(weights_and_biases[::2], weights_and_biases[1::2], strict=True):
            if len(layers) > 1:
                layers[-1].clamp_min_(0)
            layers.append(torch.baddbmm(bias, layers[-1], weight))
        ctx.save_for_backward(*layers[:-1], *weights_and_biases[::2])
        return layers[-1]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        depth = len(ctx.saved_tensors) // 2
        layers, weights = ctx.saved_tensors[:depth], ctx.saved_tensors[depth:]
        grad, found = grads[0].contiguous(), list[Tensor | None]()
        for k in reversed(range(depth)):
            found += [grad.sum(1, keepdim=True), torch.bmm(layers[k].transpose(1, 2), grad)]
            if k > 0:
                grad = torch.bmm(grad, weights[k].transpose(1, 2))
                grad = torch.ops.aten.threshold_backward(grad, layers[k], 0)
        grad_x = None
        if ctx.needs_input_grad[0]:  # in the memory layout of x
            grad_x = torch.bmm(grad, weights[0].transpose(1, 2), out=torch.empty_like(layers[0]))
        return grad_x, *found[::-1]
