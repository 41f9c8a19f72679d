"""Early stopping within a stack: stopped networks keep their weights and are later removed from the computation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

LEAVE = 0.5
"""Stopped networks are removed once they are this fraction of the stack; a removal costs about as much as one step."""


class Running:
    """Tracks which networks of a stack are still training, and stores the weights of those that have stopped.

    A network stops at the first step at which the monitored quantity has been below `enough` for `patience` consecutive
    steps, with the weights it had before that step's update. It stays in the stack until a fraction LEAVE has stopped.
    This does not affect the other networks: the stack size does not change the result of any network.

    enough    tolerance; 0: no early stopping
    patience  number of consecutive steps below the tolerance
    """

    def __init__(self, parameters: Iterable[Tensor], stack: int, enough: float, patience: int) -> None:
        self.parameters = list(parameters)
        self.enough, self.patience = enough, patience
        self.networks = np.arange(stack)  # index of the network in each slot of the stack
        self.ended = np.full(stack, -1)  # number of steps of each network; -1: still training
        self._below = np.zeros(stack, dtype=np.int64)  # consecutive steps below the tolerance, by slot
        self._kept: dict[int, list[Tensor]] = {}

    def note(self, step: int, watched: Tensor) -> None:
        """Record the monitored quantity, (stack,), before the weight update of step `step`, counted from 0."""
        self._below = np.where(watched.cpu().numpy() < self.enough, self._below + 1, 0)
        for place in np.flatnonzero(self._below >= self.patience).tolist():
            network = int(self.networks[place])
            if self.ended[network] < 0:
                self.ended[network] = step
                self._kept[network] = [stacked.detach()[place].clone() for stacked in self.parameters]

    @property
    def none(self) -> bool:
        """Whether all networks have stopped."""
        return bool((self.ended >= 0).all())

    @property
    def staying(self) -> np.ndarray | None:
        """Slots of the networks still training, if enough have stopped to remove them; else None."""
        left = np.flatnonzero(self.ended[self.networks] < 0)
        return left if len(left) <= (1 - LEAVE) * len(self.networks) else None

    @torch.no_grad()
    def leave(self, places: np.ndarray, update: torch.optim.Optimizer) -> None:
        """Keep only the networks at slots `places`: their weights and optimiser state."""
        for parameter in self.parameters:
            parameter.data, parameter.grad = parameter.data[places], None
            state = update.state[parameter]
            state |= {name: value[places] for name, value in state.items() if value.dim() > 0}
        self.networks, self._below = self.networks[places], self._below[places]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the weights of all networks into the full stack, in the original order."""
        if not self._kept:
            return
        for number, parameter in enumerate(self.parameters):
            whole = parameter.new_empty(len(self.ended), *parameter.shape[1:])
            whole[self.networks] = parameter
            for network, weights in self._kept.items():
                whole[network] = weights[number]
            parameter.data = whole
