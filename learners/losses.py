"""Losses of the networks of a stack: on a minibatch for the gradient, on whole sets of examples for the checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

ROWS = 512
"""Number of examples of each network that are evaluated at a time."""


def mean_losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean loss of each network, (stack,), over a minibatch: cross-entropy in nats for classes, else squared error.

    outputs  (stack, batch, outputs, classes) logits, or (stack, batch, outputs) values
    targets  (stack, batch, outputs)
    """
    if outputs.dim() == targets.dim():
        return (outputs - targets).square().mean(dim=(1, 2))
    return _cross_entropy(outputs, targets).mean(dim=1)


@torch.no_grad()
def evaluate(
    module: nn.Module, slots: np.ndarray, features: Tensor, targets: Tensor, ranges: Sequence[tuple[int, int]]
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate some networks of a stack, the k-th of them on rows ranges[k] of `features` and `targets`.

    Returns the mean loss per output, (k,), and whether every output is predicted right, (k,). Networks with equally
    many rows are evaluated together, so that the shapes, and with them the rounding, do not depend on other networks.
    """
    loss, right = np.zeros(len(slots)), np.ones(len(slots), dtype=bool)
    alike: dict[int, list[int]] = defaultdict(list)
    for number, (start, stop) in enumerate(ranges):
        alike[stop - start].append(number)
    for count, members in alike.items():
        weights = {name: parameter[slots[members]] for name, parameter in module.named_parameters()}
        rows = torch.stack([torch.arange(*ranges[number], device=features.device) for number in members])
        total = np.zeros(len(members))
        for part in rows.split(ROWS, dim=1):
            outputs, expected = functional_call(module, weights, (features[part],)), targets[part]
            symbolic = outputs.dim() > expected.dim()
            each = _cross_entropy(outputs, expected) if symbolic else (outputs - expected).square().flatten(1)
            total += each.cpu().numpy().sum(axis=1, dtype=np.float64)
            if symbolic:
                right[members] &= (outputs.argmax(-1) == expected).flatten(1).all(dim=1).cpu().numpy()
        loss[members] = total / (count * targets.shape[-1])
    return loss, right


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of every output, (stack, batch * outputs), in nats."""
    each = functional.cross_entropy(outputs.flatten(0, 2), targets.flatten(), reduction="none")
    return each.view(len(targets), -1)
