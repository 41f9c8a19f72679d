"""Stacked gated recurrent units (Cho et al., EMNLP 2014), with the equations and initialisation of torch.nn.GRU.

The backward pass is written by hand: with autograd, a training step takes 1.5 times as long.
tests/learners/test_recurrent.py compares both passes with torch.nn.GRU.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from .layers import Stacked, padded


class GRU(Stacked):
    """Stacked GRU; returns the state after each step: (stack, batch, length, inputs) -> (stack, batch, length, width).

    r = sigmoid(x W_r + h U_r), z = sigmoid(x W_z + h U_z), n = tanh(x W_n + r (h U_n)), h <- (1 - z) n + z h, each
    product with its bias; h starts at 0. The weights of r, z and n are [:, 0], [:, 1] and [:, 2] of the parameters.
    """

    def __init__(self, stack: int, inputs: int, width: int) -> None:
        super().__init__()
        self.inputs, self.width = inputs, width
        self.input_weight = nn.Parameter(torch.zeros(stack, 3, padded(inputs), padded(width)))
        self.input_bias = nn.Parameter(torch.zeros(stack, 3, 1, padded(width)))
        self.state_weight = nn.Parameter(torch.zeros(stack, 3, padded(width), padded(width)))
        self.state_bias = nn.Parameter(torch.zeros(stack, 3, 1, padded(width)))

    @torch.no_grad()
    def initialise(self, generators: Sequence[torch.Generator]) -> None:
        bound = self.width**-0.5
        for index, generator in enumerate(generators):
            for parameter, rows in zip(self.parameters(), (self.inputs, 1, self.width, 1), strict=True):
                parameter[index, :, :rows, : self.width].uniform_(-bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (0, self.input_weight.shape[2] - self.inputs)).permute(2, 0, 1, 3)
        gates = torch.cat([self.input_weight[:, :2], self.state_weight[:, :2]], dim=2).transpose(0, 1).contiguous()
        biases = (self.input_bias + self.state_bias)[:, :2].transpose(0, 1)
        fresh = self.input_weight[:, 2].contiguous(), self.input_bias[:, 2]
        recall = self.state_weight[:, 2].contiguous(), self.state_bias[:, 2]
        states: Tensor = Recurrence.apply(x, gates, biases, *fresh, *recall)  # pyright: ignore[reportAssignmentType]
        return states[..., : self.width].permute(1, 2, 0, 3)


class Recurrence(torch.autograd.Function):
    """Autograd function from inputs (length, stack, batch, inputs) to states (length, stack, batch, width).

    gates, biases  of r and z, for input and state together: (2, stack, inputs + width, width), (2, stack, 1, width)
    w, b           of n for the input: (stack, inputs, width), (stack, 1, width)
    u, c           of n for the state: (stack, width, width), (stack, 1, width)
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, gates: Tensor, biases: Tensor, w: Tensor, b: Tensor, u: Tensor, c: Tensor
    ) -> Tensor:
        length, stack, batch, inputs = x.shape
        width = u.shape[1]
        seen = x.new_zeros(length + 1, stack, batch, inputs + width)  # at step t: its input, and the state before it
        seen[:length, ..., :inputs] = x
        r, z, n, recalled = (x.new_empty(length, stack, batch, width) for _ in range(4))
        (to_r, to_z), (bias_r, bias_z) = gates, biases
        both, reads, states = seen.unbind(), seen[..., :inputs].unbind(), seen[..., inputs:].unbind()
        for t, (r_t, z_t, n_t, recalled_t) in enumerate(zip(r, z, n, recalled, strict=True)):
            torch.baddbmm(bias_r, both[t], to_r, out=r_t).sigmoid_()
            torch.baddbmm(bias_z, both[t], to_z, out=z_t).sigmoid_()
            torch.baddbmm(c, states[t], u, out=recalled_t)
            torch.baddbmm(b, reads[t], w, out=n_t).addcmul_(r_t, recalled_t).tanh_()
            torch.lerp(n_t, states[t], z_t, out=states[t + 1])
        ctx.save_for_backward(seen, r, z, n, recalled, gates, w, u)
        return seen[1:, ..., inputs:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        seen, r, z, n, recalled, gates, w, u = ctx.saved_tensors
        length, inputs = len(r), w.shape[1]
        of_gates, of_w, of_u = (torch.zeros_like(weight) for weight in (gates, w, u))
        of_biases, of_b, of_c = (weight.new_zeros(*weight.shape[:-2], 1, u.shape[1]) for weight in (gates, w, u))
        of_x = [] if ctx.needs_input_grad[0] else None
        both, reads, states = seen.unbind(), seen[..., :inputs].unbind(), seen[..., inputs:].unbind()
        (w_r, w_z), (u_r, u_z) = (part.transpose(2, 3) for part in (gates[:, :, :inputs], gates[:, :, inputs:]))
        later = torch.zeros_like(r[0])  # the gradient of the state after step t, from the steps after it
        for t, r_t, z_t, n_t, recalled_t, given in zip(
            *(range(length - 1, -1, -1), *(part.unbind()[::-1] for part in (r, z, n, recalled, grads[0]))), strict=True
        ):
            later += given
            kept = later * z_t
            of_n = torch.ops.aten.tanh_backward(later - kept, n_t)
            of_recalled = of_n * r_t
            of_r = torch.ops.aten.sigmoid_backward(of_n * recalled_t, r_t)
            of_z = torch.ops.aten.sigmoid_backward((states[t] - n_t).mul_(later), z_t)
            for known, of_gate, of_weight, of_bias in (
                (both[t], of_r, of_gates[0], of_biases[0]),
                (both[t], of_z, of_gates[1], of_biases[1]),
                (reads[t], of_n, of_w, of_b),
                (states[t], of_recalled, of_u, of_c),
            ):
                of_weight.baddbmm_(known.transpose(1, 2), of_gate)
                of_bias.add_(of_gate.sum(1, keepdim=True))
            later = kept.baddbmm_(of_r, u_r).baddbmm_(of_z, u_z).baddbmm_(of_recalled, u.transpose(1, 2))
            if of_x is not None:
                of_x.append(torch.bmm(of_n, w.transpose(1, 2)).baddbmm_(of_r, w_r).baddbmm_(of_z, w_z))
        return None if of_x is None else torch.stack(of_x[::-1]), of_gates, of_biases, of_w, of_b, of_u, of_c
