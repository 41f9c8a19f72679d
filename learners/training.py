"""Training loop for a stack of networks, each with its own data, random numbers, early stopping and record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .base import BUDGET, FITTED, PLATEAU, is_falling
from .early_stopping import Criterion, EarlyStopping, check_interval
from .layers import initialise
from .losses import evaluate, losses_and_gradient
from .optimizer import Optimizer

BLOCK = 64
"""Number of steps for which the example order is sampled at a time."""


@dataclass(frozen=True)
class Data:
    """The training set of one network, and how long it trains.

    features       (n, ...) float32
    targets        (n, outputs)
    seed           random seed of the initial weights and of the order of the examples
    learning_rate  step size of the optimiser
    max_steps      maximum number of gradient steps
    stops          whether training stops once the network fits its training set

    One fold of a cross-validation that chooses the number of steps has in addition:

    held_out  features and targets of the validation examples, whose loss is monitored instead of the training loss
    group     number of the cross-validation: its folds, which are in one stack, stop together
    interval  number of steps between two checks, equal in all folds
    """

    features: np.ndarray
    targets: np.ndarray
    seed: int
    learning_rate: float = 1e-3
    max_steps: int = 0
    stops: bool = True
    held_out: tuple[np.ndarray, np.ndarray] | None = None
    group: int = -1
    interval: int = 0


@dataclass(frozen=True)
class Recipe:
    """How the networks of a stack are trained: batch size, optimiser (adam, or sgd with momentum 0.9), criterion."""

    batch_size: int
    optimizer: str
    criterion: Criterion


def train(
    module: nn.Module,
    data: Sequence[Data],
    recipe: Recipe,
    *,
    device: str = "cpu",
    threads: int = 1,
    new_weights: bool = True,
) -> list[dict[str, Any]]:
    """Train the module's networks in place, network i on data[i]; returns one record per network.

    The module maps (stack, batch, ...) to logits (stack, batch, outputs, classes), or to values (stack, batch, outputs)
    for real targets. Equal learning rates should be adjacent, which is fastest.

    new_weights  sample initial weights; False: continue from the module's weights

    A loss that is not finite affects only its own network and is reported in that network's record.
    """
    with use_threads(threads):
        stopping, losses = _run(module, data, recipe, device, new_weights=new_weights)
        return [_record(stopping, network, losses[:, network], stops=one.stops) for network, one in enumerate(data)]


def choose_steps(
    module: nn.Module, folds: Sequence[Data], recipe: Recipe, *, device: str = "cpu", threads: int = 1
) -> dict[int, int]:
    """The number of steps with the lowest mean validation loss, for each `group` of folds."""
    with use_threads(threads):
        stopping, _ = _run(module, folds, recipe, device, new_weights=True)
    return stopping.chosen_steps


def _run(
    module: nn.Module, data: Sequence[Data], recipe: Recipe, device: str, *, new_weights: bool
) -> tuple[EarlyStopping, np.ndarray]:
    """Train until every network has stopped; returns also the minibatch losses, (steps, networks)."""
    generators = [torch.Generator().manual_seed(one.seed) for one in data]
    if new_weights:
        initialise(module, generators)
    module.to(device)
    features, targets, ranges = _joined(data, device)
    sampler = EpochSampler([len(one.targets) for one in data], recipe.batch_size, generators)
    optimizer = Optimizer(recipe.optimizer, list(module.parameters()), [one.learning_rate for one in data])
    stopping = _stopping(module, data, recipe)
    scales = np.array([_scale(one.targets) for one in data])
    losses = torch.empty(max(one.max_steps for one in data) + recipe.criterion.age, len(data), device=device)
    rows, networks = torch.empty(0, dtype=torch.int64), torch.arange(len(data), device=device)

    def check(slots: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        checked = [ranges[network] for network in stopping.networks[slots].tolist()]
        loss, right = evaluate(module, slots, features, targets, checked)
        return loss / scales[stopping.networks[slots]], right

    for step in count():
        stopping.update(step, check)
        if stopping.done:
            break
        staying = stopping.staying
        if staying is not None:
            stopping.keep(staying)
            optimizer.take(staying)
            rows = rows[:, staying]
            networks = networks[staying]
        if step % BLOCK == 0:
            rows = sampler.next_block(stopping.networks.tolist()).to(device)
        chosen = rows[step % BLOCK]  # (stack, batch)
        losses[step].index_copy_(0, networks, _gradients(module, _take(features, chosen), _take(targets, chosen)))
        optimizer.step()
    stopping.restore()
    return stopping, losses.cpu().numpy()


def _take(examples: Tensor, rows: Tensor) -> Tensor:
    """The examples in these rows, (stack, batch, ...); several times as fast as an index."""
    return examples.index_select(0, rows.flatten()).unflatten(0, rows.shape)


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Context manager that sets the number of torch CPU threads; with one, the order of summation is fixed."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _joined(data: Sequence[Data], device: str) -> tuple[Tensor, Tensor, list[tuple[int, int]]]:
    """All features and targets as one tensor each, and the rows that each network is checked on.

    The training sets come first, in order; the validation examples of folds follow.
    """
    sets = [(one.features, one.targets) for one in data]
    checked = list(range(len(data)))
    for network, one in enumerate(data):
        if one.held_out is not None:
            checked[network] = len(sets)
            sets.append(one.held_out)
    starts = np.cumsum([0, *(len(targets) for _, targets in sets)]).tolist()
    features, targets = (torch.from_numpy(np.concatenate(arrays)).to(device) for arrays in zip(*sets, strict=True))
    return features, targets, [(starts[part], starts[part + 1]) for part in checked]


def _scale(targets: np.ndarray) -> float:
    """The unit of a loss: 1 nat for classes, the variance of real targets (1 if they do not vary)."""
    return 1.0 if targets.dtype == np.int64 else float(targets.var(dtype=np.float64)) or 1.0


def _stopping(module: nn.Module, data: Sequence[Data], recipe: Recipe) -> EarlyStopping:
    intervals: list[int] = []
    for one in data:
        interval = one.interval or check_interval(len(one.targets), recipe.batch_size)
        intervals.append(0 if not one.stops else interval if recipe.criterion.tolerance else one.max_steps)
    return EarlyStopping(
        module, recipe.criterion, [one.max_steps for one in data], intervals, [one.group for one in data]
    )


class EpochSampler:
    """Minibatch sampler: row indices into the concatenated data, from shuffled epochs over each network's own examples.

    BLOCK steps are sampled at a time, so that a network that stops early does not sample steps it never uses.
    """

    def __init__(self, sizes: Sequence[int], batch_size: int, generators: Sequence[torch.Generator]) -> None:
        self.sizes, self.batch_size, self.generators = sizes, batch_size, generators
        self.offsets = np.cumsum([0, *sizes[:-1]]).tolist()
        self.left = [torch.empty(0, dtype=torch.int64)] * len(sizes)  # remainder of an epoch

    def next_block(self, networks: Sequence[int]) -> Tensor:
        """The next BLOCK minibatches of some of the networks: (BLOCK, networks, batch) rows."""
        return torch.stack([self._next(network) for network in networks], dim=1)

    def _next(self, network: int) -> Tensor:
        size, generator, need = self.sizes[network], self.generators[network], BLOCK * self.batch_size
        epochs = max(-(-(need - len(self.left[network])) // size), 0)
        keys = torch.rand(epochs, size, generator=generator, dtype=torch.float64)  # so many bits that no two are equal
        order = torch.from_numpy(keys.numpy().argsort(axis=1)).flatten() + self.offsets[network]  # faster than torch
        rows = torch.cat([self.left[network], order])
        self.left[network] = rows[need:]
        return rows[:need].view(BLOCK, self.batch_size)


def _gradients(module: nn.Module, features: Tensor, targets: Tensor) -> Tensor:
    """Compute gradients in the parameters; returns the losses, (stack,), detached from the graph.

    The graph must be freed because the parameters change shape when networks are removed from the stack.
    """
    module.zero_grad(set_to_none=True)
    outputs = module(features)
    loss, gradient = losses_and_gradient(outputs.detach(), targets)
    outputs.backward(gradient)
    return loss


def _record(stopping: EarlyStopping, network: int, curve: np.ndarray, *, stops: bool) -> dict[str, Any]:
    """The record of a network from its minibatch losses."""
    steps, fitted = int(stopping.ended[network]), int(stopping.fitted[network])
    curve = curve[:steps]
    checked = float(stopping.loss[network])
    loss = checked if np.isfinite(checked) else float(curve[-max(len(curve) // 10, 1) :].mean())
    record: dict[str, Any] = {"steps": steps, "loss": loss}
    if stops:
        record["stopped"] = FITTED if fitted >= 0 else BUDGET if is_falling(curve) else PLATEAU
    broken = np.flatnonzero(~np.isfinite(curve))
    if len(broken):
        record["diverged"] = int(broken[0])
    elif stops and not np.isfinite(checked):  # only the loss of the whole training set is not finite
        record["diverged"] = steps
    return record
