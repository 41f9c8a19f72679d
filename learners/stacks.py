"""Stack size: the number of networks trained together."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from .base import Resources
from .training import use_threads

CPU_STACK = (4, 256)
"""Minimum and maximum stack size on the CPU."""

CPU_FLOATS = 6_000_000
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

    Four per parameter (value, gradient, Adam's two moments), plus each result that the backward pass needs, for a
    batch, and its gradient.

    module   a stack of one
    example  one encoded example, (1, ...)
    """
    parameters = {one.data_ptr() for one in module.parameters()}
    saved: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in parameters:
            saved[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor), use_threads(1):
        outputs = module(torch.from_numpy(example)[None])
    activations = sum(saved.values()) + outputs.numel()
    return 4 * sum(one.numel() for one in module.parameters()) + 2 * batch_size * activations
