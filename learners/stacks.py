"""How many networks are trained together as one stack."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .base import Resources
from .training import use_threads

STACKED = (4, 128)
"""Fewest and most networks that are trained together on the processor, where there are so many."""

FLOATS = 3_000_000
"""What a stack on the processor may hold in weights, their gradients and moments, and activations: measured to be where
more networks together stop saving time a network (make speed)."""

SHARE = 0.5
"""The part of the free memory of another device that a stack may fill."""


def stack_size(module: nn.Module, example: np.ndarray, batch: int, examples: int, resources: Resources) -> int:
    """How many networks to train as one stack.

    On the processor small networks share the cost of each operation, and large ones the cache. On another device the
    stack is as large as its memory allows.

    module    a stack of one
    example   (1, ...) encoded
    examples  of the largest training set
    """
    one = footprint(module, example, batch)
    if resources.stack is not None:
        return resources.stack
    if resources.device == "cpu":
        return int(np.clip(FLOATS // one, *STACKED))
    free, _ = torch.cuda.mem_get_info(resources.device)
    return max(int(SHARE * free / 4) // (one + examples * (example.size + 1)), 1)


def footprint(module: nn.Module, example: np.ndarray, batch: int) -> int:
    """How many numbers a network holds while it is trained, from a stack of one and an example, (1, ...).

    Four a parameter (itself, its gradient, Adam's moments), and what every layer gives for a batch and its gradient.
    """
    activations = 0

    def count(_: nn.Module, __: Any, given: Tensor) -> None:
        nonlocal activations
        activations += given.numel()

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if not list(layer.children())]
    with torch.inference_mode(), use_threads(1):
        module(torch.from_numpy(example)[None])
    for hook in hooks:
        hook.remove()
    return 4 * sum(one.numel() for one in module.parameters()) + 2 * batch * activations
