"""Losses of the networks of a stack: on a minibatch for the gradient, on whole sets of examples for the checks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from .layers import padded

ROWS = 512
"""Number of examples of each network that are evaluated at a time."""


def losses_and_gradient(outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean loss of each network, (stack,), over a minibatch, and its gradient with respect to the outputs.

    The loss is the cross-entropy in nats for classes, else the squared error.

    outputs  (stack, batch, outputs, classes) logits, or (stack, batch, outputs) values
    targets  (stack, batch, outputs)
    """
    count = targets[0].numel()
    if outputs.dim() == targets.dim():
        error = outputs - targets
        return error.square().mean(dim=(1, 2)), error.mul_(2 / count)
    log_probabilities = _log_probabilities(outputs)
    classes = targets.flatten(1)[None]
    loss = -log_probabilities.gather(0, classes)[0].mean(dim=1)
    gradient = log_probabilities.exp_()[..., :count]
    gradient.scatter_add_(0, classes, gradient.new_full((), -1.0).expand(classes.shape)).mul_(1 / count)
    return loss, gradient.movedim(0, -1).unflatten(1, targets.shape[1:])


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
    return -_log_probabilities(outputs).gather(0, targets.flatten(1)[None])[0]


def _log_probabilities(outputs: Tensor) -> Tensor:
    """Log-probabilities (classes, stack, padded batch * outputs) of logits (stack, batch, outputs, classes).

    With classes as the first dimension torch computes many examples in one instruction: 2 classes take a tenth of the
    time. The last dimension is padded to whole vector registers, so that no network shares one with its neighbour.
    """
    logits = outputs.flatten(1, 2).movedim(-1, 0)
    missing = padded(logits.shape[-1]) - logits.shape[-1]
    return (functional.pad(logits, (0, missing)) if missing else logits).contiguous().log_softmax(0)
