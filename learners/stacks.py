"""Stack size: the number of networks trained together."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .base import Resources
from .training import use_threads

CPU_STACK = (4, 128)
"""Minimum and maximum stack size on the CPU."""

CPU_FLOATS = 3_000_000
"""Number of floats that a stack on the CPU may hold in weights, gradients, optimiser moments and activations. Measured:
larger stacks no longer save time per network (make speed)."""

MEMORY_FRACTION = 0.5
"""Fraction of the free memory of another device that a stack may use."""


def stack_size(module: nn.Module, example: np.ndarray, batch_size: int, examples: int, resources: Resources) -> int:
    """Number of networks to train as one stack.

    On the CPU, small networks share the overhead of each operation, and the cache limits the number of large ones. On
    another device the stack is as large as its memory allows.

    module      a stack of one
    example     one encoded example, (1, ...)
    batch_size  examples per gradient step
    examples    size of the largest training set
    """
    one = footprint(module, example, batch_size)
    if resources.stack is not None:
        return resources.stack
    if resources.device == "cpu":
        return int(np.clip(CPU_FLOATS // one, *CPU_STACK))
    free, _ = torch.cuda.mem_get_info(resources.device)
    return max(int(MEMORY_FRACTION * free / 4) // (one + examples * (example.size + 1)), 1)


def footprint(module: nn.Module, example: np.ndarray, batch_size: int) -> int:
    """Number of floats that one network holds during training.

    Four per parameter (value, gradient, Adam's two moments), plus the output of every layer for a batch and its
    gradient.

    module   a stack of one
    example  one encoded example, (1, ...)
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
    return 4 * sum(one.numel() for one in module.parameters()) + 2 * batch_size * activations
