"""Networks of a stack that end before the others: they keep their weights, and in time they leave the stack."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

LEAVE = 0.5
"""Once this part of a stack has ended, it is computed without those: moving the others costs about one step."""


class Running:
    """Which networks of a stack are still trained, and the weights of those that are not.

    A network ends at the first step at which what is watched has been below `enough` for `patience` steps on end, with
    the weights that it had at that step. It stays in the stack until LEAVE of the stack has ended. It cannot matter to
    a network which others stand beside it, and when they end: a stack computes each the same, whatever its size.

    enough  0: no network ends early
    """

    def __init__(self, parameters: Iterable[Tensor], stack: int, enough: float, patience: int) -> None:
        self.parameters = list(parameters)
        self.enough, self.patience = enough, patience
        self.networks = np.arange(stack)  # which network stands at each place of the stack
        self.ended = np.full(stack, -1)  # the steps that each network was trained for; -1: it still is
        self._below = np.zeros(stack, dtype=np.int64)  # steps on end, by place
        self._kept: dict[int, list[Tensor]] = {}

    def note(self, step: int, watched: Tensor) -> None:
        """Take note of what is watched, (stack,), before the weights change in step `step`, counted from 0."""
        self._below = np.where(watched.cpu().numpy() < self.enough, self._below + 1, 0)
        for place in np.flatnonzero(self._below >= self.patience).tolist():
            network = int(self.networks[place])
            if self.ended[network] < 0:
                self.ended[network] = step
                self._kept[network] = [stacked.detach()[place].clone() for stacked in self.parameters]

    @property
    def none(self) -> bool:
        """Whether all have ended."""
        return bool((self.ended >= 0).all())

    @property
    def staying(self) -> np.ndarray | None:
        """The places to go on with, if it is worth leaving the others behind."""
        left = np.flatnonzero(self.ended[self.networks] < 0)
        return left if len(left) <= (1 - LEAVE) * len(self.networks) else None

    @torch.no_grad()
    def leave(self, places: np.ndarray, update: torch.optim.Optimizer) -> None:
        """Go on with the networks at `places` alone: their weights, and what the optimiser knows of them."""
        for parameter in self.parameters:
            parameter.data, parameter.grad = parameter.data[places], None
            state = update.state[parameter]
            state |= {name: value[places] for name, value in state.items() if value.dim() > 0}
        self.networks, self._below = self.networks[places], self._below[places]

    @torch.no_grad()
    def restore(self) -> None:
        """Put the weights of all networks back into the whole stack, each where it stood at first."""
        if not self._kept:
            return
        for number, parameter in enumerate(self.parameters):
            whole = parameter.new_empty(len(self.ended), *parameter.shape[1:])
            whole[self.networks] = parameter
            for network, weights in self._kept.items():
                whole[network] = weights[number]
            parameter.data = whole
