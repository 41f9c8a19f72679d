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
        input_part = self.input_weight[:, 2].contiguous(), self.input_bias[:, 2]
        state_part = self.state_weight[:, 2].contiguous(), self.state_bias[:, 2]
        states: Tensor = Recurrence.apply(x, gates, biases, *input_part, *state_part)  # pyright: ignore[reportAssignmentType]
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
        # At step t: its input, and the state before it.
        inputs_and_states = x.new_zeros(length + 1, stack, batch, inputs + width)
        inputs_and_states[:length, ..., :inputs] = x
        r, z, n, recurrent = (x.new_empty(length, stack, batch, width) for _ in range(4))
        (to_r, to_z), (bias_r, bias_z) = gates, biases
        gate_steps, input_steps, states = (
            inputs_and_states.unbind(),
            inputs_and_states[..., :inputs].unbind(),
            inputs_and_states[..., inputs:].unbind(),
        )
        for t, (r_t, z_t, n_t, recurrent_t) in enumerate(zip(r, z, n, recurrent, strict=True)):
            torch.baddbmm(bias_r, gate_steps[t], to_r, out=r_t).sigmoid_()
            torch.baddbmm(bias_z, gate_steps[t], to_z, out=z_t).sigmoid_()
            torch.baddbmm(c, states[t], u, out=recurrent_t)
            torch.baddbmm(b, input_steps[t], w, out=n_t).addcmul_(r_t, recurrent_t).tanh_()
            torch.lerp(n_t, states[t], z_t, out=states[t + 1])
        ctx.save_for_backward(inputs_and_states, r, z, n, recurrent, gates, w, u)
        return inputs_and_states[1:, ..., inputs:]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        inputs_and_states, r, z, n, recurrent, gates, w, u = ctx.saved_tensors
        length, inputs = len(r), w.shape[1]
        grad_gates, grad_w, grad_u = (torch.zeros_like(weight) for weight in (gates, w, u))
        grad_biases, grad_b, grad_c = (weight.new_zeros(*weight.shape[:-2], 1, u.shape[1]) for weight in (gates, w, u))
        grad_x = [] if ctx.needs_input_grad[0] else None
        gate_steps, input_steps, states = (
            inputs_and_states.unbind(),
            inputs_and_states[..., :inputs].unbind(),
            inputs_and_states[..., inputs:].unbind(),
        )
        (w_r, w_z), (u_r, u_z) = (part.transpose(2, 3) for part in (gates[:, :, :inputs], gates[:, :, inputs:]))
        grad_state = torch.zeros_like(r[0])  # the gradient of the state after step t, from the steps after it
        for t, r_t, z_t, n_t, recurrent_t, grad_output in zip(
            *(range(length - 1, -1, -1), *(part.unbind()[::-1] for part in (r, z, n, recurrent, grads[0]))), strict=True
        ):
            grad_state += grad_output
            grad_carried = grad_state * z_t
            grad_n = torch.ops.aten.tanh_backward(grad_state - grad_carried, n_t)
            grad_recurrent = grad_n * r_t
            grad_r = torch.ops.aten.sigmoid_backward(grad_n * recurrent_t, r_t)
            grad_z = torch.ops.aten.sigmoid_backward((states[t] - n_t).mul_(grad_state), z_t)
            for gate_inputs, grad_gate, grad_weight, grad_bias in (
                (gate_steps[t], grad_r, grad_gates[0], grad_biases[0]),
                (gate_steps[t], grad_z, grad_gates[1], grad_biases[1]),
                (input_steps[t], grad_n, grad_w, grad_b),
                (states[t], grad_recurrent, grad_u, grad_c),
            ):
                grad_weight.baddbmm_(gate_inputs.transpose(1, 2), grad_gate)
                grad_bias.add_(grad_gate.sum(1, keepdim=True))
            grad_state = (
                grad_carried.baddbmm_(grad_r, u_r).baddbmm_(grad_z, u_z).baddbmm_(grad_recurrent, u.transpose(1, 2))
            )
            if grad_x is not None:
                grad_x.append(torch.bmm(grad_n, w.transpose(1, 2)).baddbmm_(grad_r, w_r).baddbmm_(grad_z, w_z))
        return (
            None if grad_x is None else torch.stack(grad_x[::-1]),
            grad_gates,
            grad_biases,
            grad_w,
            grad_b,
            grad_u,
            grad_c,
        )
