"""Optimisers of a stack of networks: one fused update of all parameters, each network with its own learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

ADAM: Any = torch._fused_adam_  # pyright: ignore[reportPrivateImportUsage]
SGD: Any = torch._fused_sgd_  # pyright: ignore[reportPrivateImportUsage]

BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Adam's decay rates of the two moments, and the constant in its denominator (Kingma and Ba, ICLR 2015)."""

MOMENTUM = 0.9
"""Momentum of SGD."""


class Optimizer:
    """Adam, or SGD with momentum, for parameters (stack, ...); network i has the learning rate rates[i].

    A fused update takes a single learning rate: adjacent networks with the same rate are updated together, with bitwise
    the same result as alone. It calls the kernels of torch.optim directly, because the preparations in torch.optim take
    a third as long as the update itself.

    name  adam or sgd
    """

    def __init__(self, name: str, parameters: Sequence[nn.Parameter], rates: Sequence[float]) -> None:
        self.name, self.parameters, self.rates = name, parameters, list(rates)
        self.moments = [[torch.zeros_like(one) for one in parameters] for _ in range(2 if name == "adam" else 1)]
        self.steps = torch.zeros((), device=parameters[0].device)

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameters by their gradients."""
        self.steps += 1
        tensors = [[one.detach() for one in self.parameters], [_gradient(one) for one in self.parameters]]
        tensors += self.moments
        if len(set(self.rates)) == 1:
            self._update(self.rates[0], *tensors)
            return
        start = 0
        for rate, run in groupby(self.rates):
            stop = start + len(list(run))
            self._update(rate, *([one[start:stop] for one in kind] for kind in tensors))
            start = stop

    @torch.no_grad()
    def take(self, slots: np.ndarray) -> None:
        """Keep only the networks in `slots`: their weights, moments and learning rates."""
        for parameter in self.parameters:
            parameter.data, parameter.grad = parameter.data[slots], None
        self.moments = [[moment[slots] for moment in kind] for kind in self.moments]
        self.rates = [self.rates[slot] for slot in slots.tolist()]

    def _update(self, rate: float, weights: list[Tensor], gradients: list[Tensor], *moments: list[Tensor]) -> None:
        if self.name == "adam":
            ADAM(
                weights,
                gradients,
                *moments,
                [],
                [self.steps] * len(weights),
                lr=rate,
                beta1=BETAS[0],
                beta2=BETAS[1],
                weight_decay=0.0,
                eps=EPSILON,
                amsgrad=False,
                maximize=False,
            )
        else:
            SGD(
                weights,
                gradients,
                *moments,
                weight_decay=0.0,
                momentum=MOMENTUM,
                lr=rate,
                dampening=0.0,
                nesterov=False,
                maximize=False,
                is_first_step=False,
            )


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
