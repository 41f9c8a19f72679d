"""Training loop for a stack of networks, each with its own data, random numbers and record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .base import not_converged
from .early_stopping import EarlyStopping
from .layers import initialise

BLOCK = 64
"""Number of steps for which the example order is sampled at a time."""


@dataclass(frozen=True)
class Data:
    """The training set of one network: features (n, ...) float32, targets (n, outputs), and its random seed."""

    features: np.ndarray
    targets: np.ndarray
    seed: int


def train(
    module: nn.Module,
    data: Sequence[Data],
    *,
    max_steps: int,
    batch_size: int,
    learning_rate: float | Sequence[float],
    optimizer: str,
    device: str,
    threads: int = 1,
    tolerance: float = 0.0,
    patience: int = 100,
    monitor: str = "loss",
    new_weights: bool = True,
) -> list[dict[str, Any]]:
    """Train the module's networks in place, network i on data[i]; returns one record per network.

    The module maps (stack, batch, ...) to logits (stack, batch, outputs, classes), or to values (stack, batch, outputs)
    for real targets.

    learning_rate  one for all networks, or one per network; fastest if equal ones are adjacent
    tolerance      early stopping tolerance: a network stops once the monitored quantity has been below it for
                   `patience` consecutive steps, and keeps its weights of that step; 0: no early stopping
    monitor        monitored quantity: loss, the minibatch loss, or error, the fraction of the minibatch's outputs that
                   are wrong
    new_weights    sample initial weights; False: continue from the module's weights

    A loss that is not finite affects only its own network and is reported in that network's record.
    """
    generators = [torch.Generator().manual_seed(one.seed) for one in data]
    with use_threads(threads):
        if new_weights:
            initialise(module, generators)
        module.to(device)
        features = torch.from_numpy(np.concatenate([one.features for one in data])).to(device)
        targets = torch.from_numpy(np.concatenate([one.targets for one in data])).to(device)
        sampler = EpochSampler([len(one.targets) for one in data], batch_size, generators)
        rates = [learning_rate] * len(data) if isinstance(learning_rate, int | float) else learning_rate
        update = _make_optimizer(optimizer, module, rates)
        # With several rates the optimiser holds slices, so stopped networks cannot be removed from the stack.
        shrinks = tolerance > 0 and len(set(rates)) == 1
        stopping = EarlyStopping(module.parameters(), len(data), tolerance, patience)
        losses = torch.empty(max_steps, len(data), device=device)
        rows = torch.empty(0, dtype=torch.int64)
        for step in range(max_steps):
            if step % BLOCK == 0:
                rows = sampler.next_block(stopping.networks.tolist()).to(device)
            minibatch = rows[step % BLOCK]  # (stack, batch)
            outputs, loss = _gradients(module, features[minibatch], targets[minibatch])
            losses[step, stopping.networks] = loss
            if tolerance > 0:
                stopping.observe(step, loss if monitor == "loss" else _errors(outputs, targets[minibatch]))
                if stopping.all_stopped:
                    break
            update.step()
            remaining = stopping.remaining if shrinks else None
            if remaining is not None:
                stopping.keep_only(remaining, update)
                rows = rows[:, remaining]
        stopping.restore()
        return [
            _record(curve, int(step), max_steps)
            for curve, step in zip(losses.T.cpu().numpy(), stopping.stopped_at, strict=True)
        ]


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Context manager that sets the number of torch CPU threads; with one, the order of summation is fixed."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class EpochSampler:
    """Minibatch sampler: row indices into the concatenated data, from shuffled epochs over each network's own examples.

    BLOCK steps are sampled at a time, so that a network that stops early does not sample steps it never uses.
    """

    def __init__(self, sizes: Sequence[int], batch_size: int, generators: Sequence[torch.Generator]) -> None:
        self.sizes, self.batch_size, self.generators = sizes, batch_size, generators
        self.offsets = np.cumsum([0, *sizes[:-1]]).tolist()
        self.remainder = [torch.empty(0, dtype=torch.int64)] * len(sizes)  # of an epoch

    def next_block(self, networks: Sequence[int]) -> Tensor:
        """The next BLOCK minibatches of some of the networks: (BLOCK, networks, batch) rows."""
        return torch.stack([self._next(network) for network in networks], dim=1)

    def _next(self, network: int) -> Tensor:
        size, generator, need = self.sizes[network], self.generators[network], BLOCK * self.batch_size
        epochs = max(-(-(need - len(self.remainder[network])) // size), 0)
        order = torch.rand(epochs, size, generator=generator).argsort(dim=1).flatten() + self.offsets[network]
        rows = torch.cat([self.remainder[network], order])
        self.remainder[network] = rows[need:]
        return rows[:need].view(BLOCK, self.batch_size)


def _make_optimizer(name: str, module: nn.Module, rates: Sequence[float]) -> torch.optim.Optimizer:
    """One optimiser for the stack; network i has the learning rate rates[i].

    A fused update takes a single learning rate. Adjacent networks with the same rate are therefore updated as one slice
    of every parameter, with bitwise the same result as in a stack of their own.
    """
    makers: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "adam": lambda groups: torch.optim.Adam(groups, fused=True),
        "sgd": lambda groups: torch.optim.SGD(groups, momentum=0.9, fused=True),
    }
    whole = list(module.parameters())
    if len(set(rates)) == 1:
        return makers[name]([{"params": whole, "lr": rates[0]}])
    slices: list[tuple[Tensor, Tensor, slice]] = []
    groups: list[dict[str, Any]] = []
    start = 0
    for rate, run in groupby(rates):
        rows = slice(start, start + len(list(run)))
        own = [parameter.detach()[rows] for parameter in whole]
        slices += [(part, parameter, rows) for part, parameter in zip(own, whole, strict=True)]
        groups.append({"params": own, "lr": rate})
        start = rows.stop

    def assign_gradients(*_: object) -> None:
        for part, parameter, rows in slices:
            part.grad = None if parameter.grad is None else parameter.grad[rows]

    optimizer = makers[name](groups)
    optimizer.register_step_pre_hook(assign_gradients)
    return optimizer


def _gradients(module: nn.Module, features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Compute gradients in the parameters; returns outputs and losses (stack,), detached from the graph.

    The graph must be freed because the parameters change shape when networks are removed from the stack.
    """
    outputs = module(features)
    loss = _losses(outputs, targets)
    module.zero_grad(set_to_none=True)
    loss.sum().backward()
    return outputs.detach(), loss.detach()


def _losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean loss of each network: cross-entropy in nats for classes, squared error for real targets."""
    if outputs.dim() == targets.dim():
        return (outputs - targets).square().mean(dim=(1, 2))
    per_example = functional.cross_entropy(outputs.flatten(0, 2), targets.flatten(), reduction="none")
    return per_example.view(len(targets), -1).mean(dim=1)


@torch.no_grad()
def _errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Fraction of each network's outputs that are wrong."""
    return (outputs.argmax(-1) != targets).float().mean(dim=(1, 2))


def _record(curve: np.ndarray, stopped_at: int, max_steps: int) -> dict[str, Any]:
    """The record of a network from its loss curve; `stopped_at` is the step of early stopping, or -1."""
    done = max_steps if stopped_at < 0 else stopped_at
    curve = curve[: max(done, 1)]
    last = curve[-max(len(curve) // 10, 1) :].mean()
    limited = stopped_at < 0 and not_converged(curve)  # a network that stopped early was not limited by the budget
    record: dict[str, Any] = {"steps": done, "loss": float(last), "not_converged": limited}
    broken = np.flatnonzero(~np.isfinite(curve))
    if len(broken):
        record["diverged"] = int(broken[0])
    return record
