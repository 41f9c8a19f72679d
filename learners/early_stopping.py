"""Early stopping within a stack: stopped networks keep their weights and are later removed from the computation."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

REMOVE_FRACTION = 0.5
"""Stopped networks are removed once they are this fraction of the stack; a removal costs about as much as one step."""


class EarlyStopping:
    """Tracks which networks of a stack are still training, and stores the weights of those that have stopped.

    A network stops at the first step at which the monitored quantity has been below `tolerance` for `patience`
    consecutive steps, with the weights it had before that step's update. It stays in the stack until a fraction
    REMOVE_FRACTION has stopped. This does not affect the other networks: the stack size does not change the result of
    any network.

    tolerance  0: no early stopping
    patience   number of consecutive steps below the tolerance
    """

    def __init__(self, parameters: Iterable[Tensor], stack: int, tolerance: float, patience: int) -> None:
        self.parameters = list(parameters)
        self.tolerance, self.patience = tolerance, patience
        self.networks = np.arange(stack)  # index of the network in each slot of the stack
        self.stopped_at = np.full(stack, -1)  # number of steps of each network; -1: still training
        self._below = np.zeros(stack, dtype=np.int64)  # consecutive steps below the tolerance, by slot
        self._stopped_weights: dict[int, list[Tensor]] = {}

    def observe(self, step: int, monitored: Tensor) -> None:
        """Record the monitored quantity, (stack,), before the weight update of step `step`, counted from 0."""
        self._below = np.where(monitored.cpu().numpy() < self.tolerance, self._below + 1, 0)
        for slot in np.flatnonzero(self._below >= self.patience).tolist():
            network = int(self.networks[slot])
            if self.stopped_at[network] < 0:
                self.stopped_at[network] = step
                self._stopped_weights[network] = [stacked.detach()[slot].clone() for stacked in self.parameters]

    @property
    def all_stopped(self) -> bool:
        """Whether all networks have stopped."""
        return bool((self.stopped_at >= 0).all())

    @property
    def remaining(self) -> np.ndarray | None:
        """Slots of the networks still training, if it is time to remove the others; else None."""
        left = np.flatnonzero(self.stopped_at[self.networks] < 0)
        return left if len(left) <= (1 - REMOVE_FRACTION) * len(self.networks) else None

    @torch.no_grad()
    def keep_only(self, slots: np.ndarray, optimizer: torch.optim.Optimizer) -> None:
        """Keep only the networks in these slots: their weights and optimiser state."""
        for parameter in self.parameters:
            parameter.data, parameter.grad = parameter.data[slots], None
            state = optimizer.state[parameter]
            state |= {name: value[slots] for name, value in state.items() if value.dim() > 0}
        self.networks, self._below = self.networks[slots], self._below[slots]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the weights of all networks into the full stack, in the original order."""
        if not self._stopped_weights:
            return
        for index, parameter in enumerate(self.parameters):
            whole = parameter.new_empty(len(self.stopped_at), *parameter.shape[1:])
            whole[self.networks] = parameter
            for network, weights in self._stopped_weights.items():
                whole[network] = weights[index]
            parameter.data = whole
