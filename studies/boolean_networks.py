"""Training of many small networks on Boolean functions: one stack, stopped one by one at zero training error.

What is kept of a network is the function that it computes on the whole domain, at the first step at which all of its
training points are right and at fixed numbers of steps (ages) after that. Networks that are done leave the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from ..learners.training import use_threads
from .function_counts import WORD, pack
from .random_functions import RandomNetwork

STACK = 96
"""Networks that are trained together: their parameters and moments stay in the cache of a core."""

ORDERS = 32
"""Epochs whose orders of examples are sampled at a time."""

BETAS, EPSILON = (0.9, 0.999), 1e-8
"""Adam's decay rates and term of the denominator, as in PyTorch."""

MOMENTUM = 0.9

OPTIMIZERS = ("sgd", "momentum", "adam")

NEVER = -1

VECTOR = 64
"""A multiple of the width of vector registers. The elements after the last full register are computed in another way,
and differ in the last bit: buffers of this size have none, and a network does not depend on its place in the stack."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained on the logistic loss.

    optimizer   sgd, momentum (0.9) or adam
    batch_size  0: all training points at each step; else the batches of an epoch are a random partition of them
    max_steps   a network that has not reached zero training error by then is given up, and counted as such
    """

    optimizer: str = "adam"
    learning_rate: float = 0.01
    batch_size: int = 0
    max_steps: int = 5000

    def __post_init__(self) -> None:
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"unknown optimizer {self.optimizer!r}; expected one of {', '.join(OPTIMIZERS)}")
        if not self.learning_rate > 0 or self.batch_size < 0 or self.max_steps < 0:
            raise ValueError(f"{self}; expected a positive learning rate, and no negative batch size or steps")


@dataclass(frozen=True)
class Trained:
    """What became of each network.

    words    (networks, ages, words) uint64: its function on the whole domain at each age (`function_counts.pack`)
    margins  (networks, ages) float32: least |logit| on its training points over the product of the Frobenius norms of
             the layers, weights with biases
    reached  (networks,) the step of its first zero training error; NEVER where that did not happen, and then the words
             are 0 and the margins nan
    """

    words: np.ndarray
    margins: np.ndarray
    reached: np.ndarray

    @property
    def fitted(self) -> np.ndarray:
        """Whether each network reached zero training error, (networks,)."""
        return self.reached != NEVER


def train_to_zero_error(
    network: RandomNetwork,
    recipe: Recipe,
    points: np.ndarray,
    labels: np.ndarray,
    generators: Sequence[np.random.Generator],
    *,
    ages: tuple[int, ...] = (0,),
    members: np.ndarray | None = None,
) -> Trained:
    """Train networks that are initialised as `network` samples them; a network does not depend on the others.

    points      (points, inputs) float32
    labels      (points,) of 0 and 1
    generators  one a network, for its initial parameters and the order of its examples
    ages        steps after zero training error at which the function is kept, ascending; the optimiser goes on
    members     (networks, points) bool: the training points of each network; None: all are
    """
    if network.kind != "dense":
        raise ValueError(f"a {network.kind} network; only dense ones are trained here")
    if len(labels) != len(points) or points.shape[1:] != (network.points.shape[1],) or not set(labels) <= {0, 1}:
        raise ValueError(f"{len(labels)} labels of points {points.shape}; expected a 0 or 1 for each point")
    if not ages or list(ages) != sorted(set(ages)) or ages[0] < 0:
        raise ValueError(f"ages {ages}; expected ascending numbers of steps")
    if members is not None and (members.shape != (len(generators), len(points)) or not members.any(axis=1).all()):
        raise ValueError(f"members {members.shape}; expected a non-empty set of points for each network")
    parts: list[Trained] = []
    with use_threads(1), torch.no_grad():
        for start in range(0, len(generators), STACK):
            chosen = None if members is None else members[start : start + STACK]
            run = _Run(network, recipe, points, labels, generators[start : start + STACK], chosen, ages)
            parts.append(run.result())
    if not parts:
        raise ValueError("no generators; expected one a network")
    return Trained(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("words", "margins", "reached"))
    )


class Layers:
    """Parameters of a stack of networks, in one buffer so that an optimiser step is a few operations on it.

    The layers lie one after another: weights (stack, units, inputs), biases (stack, units, 1).
    """

    def __init__(self, network: RandomNetwork, stack: int) -> None:
        fan_ins = [network.points.shape[1], *[network.width] * network.depth]
        self.shapes = list(pairwise([*fan_ins, 1]))
        self.network, self.stack = network, stack
        sizes = [size for fan_in, units in self.shapes for size in (units * fan_in, units)]
        self.offsets = np.concatenate([[0], np.cumsum(sizes)])
        total = stack * int(self.offsets[-1])
        self.buffer = torch.zeros(-(-total // VECTOR) * VECTOR)
        blocks = [self.buffer[stack * start : stack * end] for start, end in pairwise(self.offsets.tolist())]
        self.weights = [
            block.view(stack, units, fan_in) for block, (fan_in, units) in zip(blocks[::2], self.shapes, strict=True)
        ]
        self.biases = [block.view(stack, units, 1) for block, (_, units) in zip(blocks[1::2], self.shapes, strict=True)]

    @property
    def tensors(self) -> list[torch.Tensor]:
        """Weights and biases of the layers in turn."""
        return [one for pair in zip(self.weights, self.biases, strict=True) for one in pair]

    @property
    def scales(self) -> list[float]:
        """Standard deviations with which `tensors` are initialised."""
        last = len(self.shapes) - 1
        pairs = [self.network.scales(fan_in, last=place == last) for place, (fan_in, _) in enumerate(self.shapes)]
        return [scale for pair in pairs for scale in pair]

    def initialise(self, generators: Sequence[np.random.Generator]) -> Layers:
        """Parameters as `RandomNetwork` samples them, those of a network from its own generator."""
        count = int(self.offsets[-1])
        gaussian = self.network.distribution == "gaussian"
        rows = np.stack(
            [
                one.standard_normal(count, np.float32) if gaussian else one.random(count, np.float32)
                for one in generators
            ]
        )
        values = torch.from_numpy(rows if gaussian else (2 * rows - 1) * np.float32(np.sqrt(3)))
        for tensor, scale, (start, end) in zip(self.tensors, self.scales, pairwise(self.offsets.tolist()), strict=True):
            tensor.copy_(values[:, start:end].reshape(tensor.shape) * scale)
        return self

    def select(self, kept: torch.Tensor) -> Layers:
        """Those of some networks, copied; kept (networks,) indices."""
        chosen = Layers(self.network, len(kept))
        for own, other in zip(chosen.tensors, self.tensors, strict=True):
            torch.index_select(other, 0, kept, out=own)
        return chosen

    def forward(self, inputs: torch.Tensor) -> list[torch.Tensor]:
        """Activations of all layers, the last (stack, 1, points) the logits; inputs (inputs, points)."""
        values = torch.mm(self.weights[0].view(-1, len(inputs)), inputs).view(self.stack, -1, inputs.shape[1])
        outputs = [values.add_(self.biases[0])]
        for weights, biases in zip(self.weights[1:], self.biases[1:], strict=True):
            if self.network.activation == "relu":
                values.relu_()
            else:
                values.copy_(padded(torch.tanh_, values))
            values = torch.baddbmm(biases, weights, values)
            outputs.append(values)
        return outputs

    def backward(self, inputs: torch.Tensor, outputs: list[torch.Tensor], delta: torch.Tensor, out: Layers) -> None:
        """Gradients into `out`; delta (stack, 1, points) is that of the logits."""
        for place in range(len(self.weights) - 1, -1, -1):
            torch.sum(delta, dim=2, keepdim=True, out=out.biases[place])
            if place == 0:
                gradient = out.weights[0].view(-1, len(inputs))
                torch.mm(delta.reshape(-1, inputs.shape[1]), inputs.T, out=gradient)
                return
            before = outputs[place - 1]
            torch.bmm(delta, before.transpose(1, 2), out=out.weights[place])
            delta = torch.bmm(self.weights[place].transpose(1, 2), delta)
            if self.network.activation == "relu":
                delta = torch.ops.aten.threshold_backward(delta, before, 0)
            else:
                delta = torch.ops.aten.tanh_backward(delta, before)

    def norms(self) -> torch.Tensor:
        """Product over the layers of the Frobenius norms of weights and biases, (stack,)."""
        product = torch.ones(self.stack)
        for weights, biases in zip(self.weights, self.biases, strict=True):
            product *= (weights.square().sum(dim=(1, 2)) + biases.square().sum(dim=(1, 2))).sqrt()
        return product


def padded(function: Callable[[torch.Tensor], torch.Tensor], values: torch.Tensor) -> torch.Tensor:
    """An in-place function of a copy of the values, in a buffer of a multiple of VECTOR elements."""
    buffer = torch.zeros(-(-values.numel() // VECTOR) * VECTOR)
    own = buffer[: values.numel()].view(values.shape)
    own.copy_(values)
    function(buffer)
    return own


class _Run:
    """One stack from its initialisation to the last age of its last network."""

    def __init__(
        self,
        network: RandomNetwork,
        recipe: Recipe,
        points: np.ndarray,
        labels: np.ndarray,
        generators: Sequence[np.random.Generator],
        members: np.ndarray | None,
        ages: tuple[int, ...],
    ) -> None:
        count = len(generators)
        self.network, self.recipe, self.ages = network, recipe, ages
        self.generators = list(generators)
        self.inputs = torch.from_numpy(np.ascontiguousarray(points.T, dtype=np.float32))
        self.domain = torch.from_numpy(np.ascontiguousarray(network.points.T))
        self.labels = torch.from_numpy(labels.astype(np.float32))
        self.members = torch.from_numpy(np.ones((count, len(points)), bool) if members is None else members)
        self.layers = Layers(network, count).initialise(self.generators)
        self.gradients = Layers(network, count)
        self.moments = [Layers(network, count) for _ in range(OPTIMIZERS.index(recipe.optimizer))]
        self.alive = np.arange(count)
        self.reached = np.full(count, NEVER)
        size = self.domain.shape[1]
        self.words = np.zeros((count, len(ages), -(-size // WORD)), np.uint64)
        self.margins = np.full((count, len(ages)), np.nan, np.float32)
        self.sizes = self.members.sum(dim=1, keepdim=True)
        self.orders = torch.empty(0)

    def result(self) -> Trained:
        step = 0
        while True:
            outputs = self.layers.forward(self.inputs)
            logits = outputs[-1][:, 0]
            if not self._check(step, logits):
                return Trained(self.words, self.margins, self.reached)
            if self.layers.stack != len(outputs[-1]):  # some have left
                outputs = self.layers.forward(self.inputs)
                logits = outputs[-1][:, 0]
            delta = (padded(torch.sigmoid_, logits) - self.labels).mul_(self._weights(step))
            self.layers.backward(self.inputs, outputs, delta[:, None], self.gradients)
            step += 1
            self._update(step)

    def _check(self, step: int, logits: torch.Tensor) -> bool:
        """Record the networks that are at one of the ages; whether any goes on."""
        wrong = ((logits > 0) != (self.labels > 0)).logical_and_(self.members).any(dim=1).numpy()
        reached = self.reached[self.alive]
        now = ~wrong & (reached == NEVER)
        if now.any():
            reached[now] = step
            self.reached[self.alive[now]] = step
        age = np.where(reached == NEVER, NEVER, step - reached)
        for place, wanted in enumerate(self.ages):
            at = np.flatnonzero(age == wanted)
            if len(at):
                self._record(torch.from_numpy(at), place, logits)
        over = (age >= self.ages[-1]) | ((age == NEVER) & (step >= self.recipe.max_steps))
        if over.all():
            return False
        # To copy the others costs a few steps: wait until a tenth is over.
        if over.sum() * 10 >= len(over):
            self._keep(np.flatnonzero(~over))
        return True

    def _record(self, at: torch.Tensor, place: int, logits: torch.Tensor) -> None:
        layers = self.layers.select(at)
        own = self.alive[at.numpy()]
        self.words[own, place] = pack(layers.forward(self.domain)[-1][:, 0].numpy() > 0)
        least = logits[at].abs().masked_fill_(~self.members[at], float("inf")).amin(dim=1)
        self.margins[own, place] = (least / layers.norms()).numpy()

    def _keep(self, kept: np.ndarray) -> None:
        index = torch.from_numpy(kept)
        self.alive = self.alive[kept]
        self.generators = [self.generators[place] for place in kept]
        self.layers = self.layers.select(index)
        self.moments = [one.select(index) for one in self.moments]
        self.gradients = Layers(self.network, len(kept))
        self.members, self.sizes = self.members[index], self.sizes[index]
        if len(self.orders):
            self.orders = self.orders[index]

    def _weights(self, step: int) -> torch.Tensor:
        """Weight of each point in the loss, (stack, points): points outside the batch have 0."""
        size = self.recipe.batch_size
        largest = int(self.sizes.max())
        if not 0 < size < largest:
            return self.members / self.sizes
        batches = -(-largest // size)
        epoch, batch = divmod(step, batches)
        if epoch % ORDERS == 0 and batch == 0:
            keys = np.stack([one.random((ORDERS, len(self.labels)), np.float32) for one in self.generators])
            keys = torch.from_numpy(keys).masked_fill_(~self.members[:, None], 2)
            self.orders = keys.argsort(dim=2, stable=True).argsort(dim=2)
        ranks = self.orders[:, epoch % ORDERS]
        chosen = (ranks >= batch * size) & (ranks < (batch + 1) * size) & self.members
        return chosen / chosen.sum(dim=1, keepdim=True).clamp_(min=1)

    def _update(self, step: int) -> None:
        parameters, gradient = self.layers.buffer, self.gradients.buffer
        rate = self.recipe.learning_rate
        if self.recipe.optimizer == "sgd":
            parameters.sub_(gradient, alpha=rate)
        elif self.recipe.optimizer == "momentum":
            velocity = self.moments[0].buffer
            velocity.mul_(MOMENTUM).add_(gradient)
            parameters.sub_(velocity, alpha=rate)
        else:
            mean, square = (one.buffer for one in self.moments)
            mean.lerp_(gradient, 1 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
            denominator = torch.sqrt(square).mul_((1 - BETAS[1] ** step) ** -0.5).add_(EPSILON)
            parameters.addcdiv_(mean, denominator, value=-rate / (1 - BETAS[0] ** step))
