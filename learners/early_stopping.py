"""Early stopping within a stack: networks stop at checks of the whole training set, or by cross-validation.

Stopped networks keep their weights and are later removed from the computation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .base import TOLERANCE

CHECK_STEPS = 50
"""Minimum number of steps between two checks; between the checks of a large training set there is one epoch."""

REMOVED_SHARE = 0.5
"""Stopped networks are removed once they are this fraction of the stack; a removal costs about as much as one step."""

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""From slots of the stack (k,) to the mean loss per output (k,) and whether every output is predicted right (k,).

The squared error of real targets is in units of their variance."""


@dataclass(frozen=True)
class Criterion:
    """When a network has fitted its training set, and how long it trains after that.

    tolerance  the mean loss over the whole training set, per output, is at most this; 0: no early stopping, and whether
               the network has fitted is decided by TOLERANCE at the end
    monitor    loss: also every prediction must be right. error: every prediction is right, whatever the loss
    age        further steps after the fit
    patience   in cross-validation: checks without a lower validation loss after which training stops; it also stops at
               a validation loss of at most `tolerance`
    """

    tolerance: float = TOLERANCE
    monitor: str = "loss"
    age: int = 0
    patience: int = 10

    def is_met(self, loss: np.ndarray, right: np.ndarray) -> np.ndarray:
        """Whether networks with these mean losses, (k,), of which those in `right` make no error, have fitted."""
        highest = np.inf if self.monitor == "error" else self.tolerance or TOLERANCE
        return right & np.isfinite(loss) & (loss <= highest)


def check_interval(examples: int, batch_size: int) -> int:
    """Number of steps between two checks: CHECK_STEPS, or one epoch where that is longer."""
    return max(CHECK_STEPS, -(-examples // batch_size))


class EarlyStopping:
    """Tracks which networks of a stack are still training, and stores the weights of those that have stopped.

    A network stops `criterion.age` steps after the first check at which it fits, or at its maximum number of steps. It
    stays in the stack until a fraction REMOVED_SHARE has stopped. This does not affect the other networks: the stack
    size does not change the result of any network.

    max_steps  maximum number of steps of each network
    intervals  steps between two checks of each network, which is also checked at the end; 0: it is not checked
    folds      per network the number of its cross-validation, whose folds stop together; -1: not a fold
    """

    def __init__(
        self,
        module: nn.Module,
        criterion: Criterion,
        max_steps: Sequence[int],
        intervals: Sequence[int],
        folds: Sequence[int],
    ) -> None:
        self.parameters, self.criterion = list(module.parameters()), criterion
        self.limits, self.intervals, self.folds = np.array(max_steps), np.array(intervals), np.array(folds)
        self.networks = np.arange(len(max_steps))  # index of the network in each slot of the stack
        self.ended = np.full(len(max_steps), -1)  # number of steps of each network; -1: still training
        self.fitted = np.full(len(max_steps), -1)  # step at which it fitted; -1: not yet
        self.loss = np.full(len(max_steps), np.nan)  # at the last check
        self.validation: dict[int, list[tuple[int, float]]] = {}  # cross-validation -> (step, mean loss) per check
        self._due = 0  # step before which there is nothing to update
        self._kept: dict[int, list[torch.Tensor]] = {}

    def update(self, step: int, evaluate: Evaluate) -> None:
        """Check the networks that are due after `step` steps, and stop those that have fitted or reached a limit."""
        if step < self._due:
            return
        limits, intervals = self.limits[self.networks], self.intervals[self.networks]
        running = self.ended[self.networks] < 0
        at_check = (step % np.maximum(intervals, 1) == 0) | (step == limits)
        wanted = (self.fitted[self.networks] < 0) | (step == limits)  # after the fit only the last step is checked
        due = running & (intervals > 0) & at_check & wanted & (step > 0)
        if due.any():
            slots = np.flatnonzero(due)
            self._record(step, self.networks[slots], *evaluate(slots))
        for slot in np.flatnonzero(running & (step >= self.limits[self.networks])).tolist():
            network = int(self.networks[slot])
            self.ended[network] = step
            self._kept[network] = [stacked.detach()[slot].clone() for stacked in self.parameters]
        self._due = self._next_due(step)

    def _next_due(self, step: int) -> int:
        """The first step after `step` at which a network is checked or reaches its limit."""
        networks = self.networks[self.ended[self.networks] < 0]
        intervals, limits = self.intervals[networks], self.limits[networks]
        checks = (step // np.maximum(intervals, 1) + 1) * intervals
        unchecked = (intervals == 0) | (self.fitted[networks] >= 0)
        return int(np.where(unchecked, limits, np.minimum(checks, limits)).min(initial=step + 1_000_000_000))

    def _record(self, step: int, networks: np.ndarray, loss: np.ndarray, right: np.ndarray) -> None:
        self.loss[networks] = loss
        alone = self.folds[networks] < 0
        fitted = networks[alone & self.criterion.is_met(loss, right) & (self.fitted[networks] < 0)]
        self.fitted[fitted] = step
        self.limits[fitted] = step + self.criterion.age
        self.limits[networks[~np.isfinite(loss)]] = step  # diverged
        for fold in np.unique(self.folds[networks[~alone]]).tolist():
            members = self.folds == fold
            curve = self.validation.setdefault(fold, [])
            curve.append((step, float(np.mean(self.loss[members]))))
            enough = curve[-1][1] <= self.criterion.tolerance
            if enough or len(curve) - 1 - _best(curve) >= self.criterion.patience:
                self.limits[members] = step

    @property
    def done(self) -> bool:
        """Whether all networks have stopped."""
        return bool((self.ended >= 0).all())

    @property
    def chosen_steps(self) -> dict[int, int]:
        """The number of steps with the lowest mean validation loss, per cross-validation."""
        return {fold: curve[_best(curve)][0] for fold, curve in self.validation.items()}

    @property
    def staying(self) -> np.ndarray | None:
        """Slots of the networks still training, if enough have stopped to remove them; else None."""
        left = np.flatnonzero(self.ended[self.networks] < 0)
        return left if 0 < len(left) <= (1 - REMOVED_SHARE) * len(self.networks) else None

    def keep(self, slots: np.ndarray) -> None:
        """Keep only the networks in `slots`, whose parameters the optimiser keeps."""
        self.networks = self.networks[slots]

    @torch.no_grad()
    def restore(self) -> None:
        """Restore the weights of all networks into the full stack, in the original order."""
        for number, parameter in enumerate(self.parameters):
            parameter.data = torch.stack([self._kept[network][number] for network in range(len(self.ended))])


def _best(curve: Sequence[tuple[int, float]]) -> int:
    """Index of the lowest loss, the first of equal ones; losses that are not finite come last."""
    losses = np.array([loss for _, loss in curve])
    return int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))
