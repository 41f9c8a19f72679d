"""Train a stack of networks: the same steps for all, each on its own data and with its own random numbers."""

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

from .base import still_falling
from .layers import draw


@dataclass(frozen=True)
class Data:
    """One network's training set: features (n, ...) float32, targets (n, outputs), and the seed of its numbers."""

    features: np.ndarray
    targets: np.ndarray
    seed: int


def train(
    module: nn.Module,
    data: Sequence[Data],
    *,
    steps: int,
    batch: int,
    rate: float | Sequence[float],
    optimiser: str,
    device: str,
    enough: float = 0.0,
    patience: int = 100,
    initial: bool = True,
) -> list[dict[str, Any]]:
    """Train module's networks in place, network i on data[i]; one record a network.

    The module maps (stack, batch, ...) to logits (stack, batch, outputs, classes), or to values (stack, batch,
    outputs) where the targets are real. The learning rate is one for all, or one a network; networks that share theirs
    are fastest side by side. A loss that is not finite stays within its own network and ends up in that network's
    record. A network whose loss was below `enough` for `patience` steps on end keeps the weights that it had after the
    last of them; the stack goes on until the last of its networks has ended. Training starts at weights that are drawn,
    or, where they are not `initial`, at those that the module has.
    """
    generators = [torch.Generator().manual_seed(one.seed) for one in data]
    with one_thread():
        if initial:
            draw(module, generators)
        module.to(device)
        features = torch.from_numpy(np.concatenate([one.features for one in data])).to(device)
        targets = torch.from_numpy(np.concatenate([one.targets for one in data])).to(device)
        rows = _schedule([len(one.targets) for one in data], steps, batch, generators).to(device)
        rates = [rate] * len(data) if isinstance(rate, int | float) else rate
        update = _optimiser(optimiser, module, rates)
        losses = torch.empty(steps, len(data), device=device)
        early = _EarlyEnd(module, len(data), enough, patience)
        for step in range(steps):
            chosen = rows[step]  # (stack, batch)
            loss = _losses(module(features[chosen]), targets[chosen])  # (stack,)
            module.zero_grad(set_to_none=True)
            loss.sum().backward()
            update.step()
            losses[step] = loss.detach()
            if early.all_ended(losses[step]):
                break
        ends = early.restore()
        return [_record(curve, ends.get(index), steps) for index, curve in enumerate(losses.T.cpu().numpy())]


def footprint(module: nn.Module, data: Data, batch: int) -> int:
    """How many numbers a network holds while it is trained, from a stack of one and an example.

    Four a parameter (itself, its gradient, Adam's moments), and what every layer gives for a batch and its gradient.
    """
    activations = 0

    def count(_: nn.Module, __: Any, given: Tensor) -> None:
        nonlocal activations
        activations += given.numel()

    hooks = [layer.register_forward_hook(count) for layer in module.modules() if not list(layer.children())]
    with torch.inference_mode(), one_thread():
        module(torch.from_numpy(data.features[:1])[None])
    for hook in hooks:
        hook.remove()
    return 4 * sum(one.numel() for one in module.parameters()) + 2 * batch * activations


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: the pool has a process a core, and sums then have one order."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _EarlyEnd:
    """Keeps the weights of each network as they were when its loss had stayed below `enough` for `patience` steps.

    A network that has ended is still computed with the others; its later weights are thrown away. So it
    cannot matter to a network which others stand beside it, and when they end.
    """

    def __init__(self, module: nn.Module, stack: int, enough: float, patience: int) -> None:
        self.parameters = list(module.parameters())
        self.enough, self.patience = enough, patience
        self.step = 0
        self.below = np.zeros(stack, dtype=np.int64)  # steps on end
        self.kept: dict[int, tuple[int, list[Tensor]]] = {}  # network -> its steps, its weights

    def all_ended(self, losses: Tensor) -> bool:
        """Take note of the losses of one more step, (stack,); True if no network is left to train."""
        self.step += 1
        if self.enough <= 0:
            return False
        self.below = np.where(losses.cpu().numpy() < self.enough, self.below + 1, 0)
        for index in np.flatnonzero(self.below >= self.patience).tolist():
            if index not in self.kept:
                self.kept[index] = (self.step, [stacked.detach()[index].clone() for stacked in self.parameters])
        return len(self.kept) == len(self.below)

    @torch.no_grad()
    def restore(self) -> dict[int, int]:
        """Put the kept weights back; returns the steps of each network that ended early."""
        for index, (_, weights) in self.kept.items():
            for stacked, own in zip(self.parameters, weights, strict=True):
                stacked[index] = own
        return {index: steps for index, (steps, _) in self.kept.items()}


def _schedule(sizes: Sequence[int], steps: int, batch: int, generators: Sequence[torch.Generator]) -> Tensor:
    """(steps, stack, batch) rows of the concatenated data: shuffled passes over each network's own examples."""
    parts, offset = [], 0
    for size, generator in zip(sizes, generators, strict=True):
        passes = -(-steps * batch // size)
        order = torch.rand(passes, size, generator=generator).argsort(dim=1).flatten()[: steps * batch]
        parts.append(order.view(steps, batch) + offset)
        offset += size
    return torch.stack(parts, dim=1)


def _optimiser(name: str, module: nn.Module, rates: Sequence[float]) -> torch.optim.Optimizer:
    """One optimiser for the stack, network i with rates[i].

    A fused update takes one rate. So networks side by side that share a rate are updated as one slice of every
    parameter: bit for bit what a stack of theirs alone would get.
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

    def hand_out_gradients(*_: object) -> None:
        for part, parameter, rows in slices:
            part.grad = None if parameter.grad is None else parameter.grad[rows]

    update = makers[name](groups)
    update.register_step_pre_hook(hand_out_gradients)
    return update


def _losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Mean loss of each network: cross-entropy in nats for classes, squared error for reals."""
    if outputs.dim() == targets.dim():
        return (outputs - targets).square().mean(dim=(1, 2))
    each = functional.cross_entropy(outputs.flatten(0, 2), targets.flatten(), reduction="none")
    return each.view(len(targets), -1).mean(dim=1)


def _record(curve: np.ndarray, ended: int | None, steps: int) -> dict[str, Any]:
    """What a network's loss curve says of its training, which ended early after `ended` steps, or after all `steps`."""
    curve = curve[: ended or steps]
    last = curve[-max(len(curve) // 10, 1) :].mean()
    falling = ended is None and still_falling(curve)  # what was enough was no matter of the budget
    record: dict[str, Any] = {"steps": len(curve), "loss": float(last), "still_falling": falling}
    broken = np.flatnonzero(~np.isfinite(curve))
    if len(broken):
        record["diverged"] = int(broken[0])
    return record
