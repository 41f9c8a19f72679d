"""Boolean functions of random networks: many networks at a time, on all points of a finite domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import torch

from .function_counts import pack

LARGEST = 12
"""Inputs of the largest Boolean domain that is enumerated: 4,096 points."""

CHUNK_BYTES = 2**19
"""Size of the activations of the networks that are computed together: half the second-level cache of a core."""

ACTIVATIONS = {"relu": torch.relu_, "tanh": torch.tanh_}
DISTRIBUTIONS = ("he-uniform", "uniform", "gaussian", "zero")
KINDS = ("dense", "recurrent", "convolutional")

KERNEL = 3
"""Positions that a convolution sees: one, and its neighbours on both sides."""


@dataclass(frozen=True)
class RandomNetwork:
    """A distribution over the networks with one output; a network maps a point to 1 if its output is above 0.

    Example: `RandomNetwork()` is the network (7, 40, 40, 1) of Valle-Perez, Camargo and Louis (ICLR 2019), with weights
    and biases uniform.

    inputs        n; the domain is {low, 1}^n, in the order of the binary numbers, most significant bit first
    low           0 or -1
    grid          instead: one input, this number of equidistant points from -1 to 1 (0: Boolean domain)
    width         units of a hidden layer; of a convolutional network, channels at each of the n positions
    depth         number of hidden layers; 0: a perceptron. Of a recurrent network 1: it reads the inputs in turn
    kind          dense, recurrent or convolutional (kernel 3 along the n inputs, zero padding, and a linear readout of
                  all channels at all positions)
    distribution  of the parameters. he-uniform: weights AND biases within +- sqrt(6 / fan_in), in the last layer
                  +- sqrt(3 / fan_in); uniform or gaussian: standard deviation sigma_w / sqrt(fan_in) of the weights,
                  sigma_b of the biases; zero: all of them 0
    """

    inputs: int = 7
    width: int = 40
    depth: int = 2
    activation: str = "relu"
    distribution: str = "he-uniform"
    sigma_w: float = sqrt(2)
    sigma_b: float = 0.0
    low: int = 0
    grid: int = 0
    kind: str = "dense"

    def __post_init__(self) -> None:
        _one_of("activation", self.activation, tuple(ACTIVATIONS))
        _one_of("distribution", self.distribution, DISTRIBUTIONS)
        _one_of("kind", self.kind, KINDS)
        if self.low not in (0, -1):
            raise ValueError(f"low is {self.low}; expected 0 or -1")
        if not 1 <= self.inputs <= LARGEST:
            raise ValueError(f"a domain of {self.inputs} inputs cannot be enumerated; expected 1 to {LARGEST}")
        if self.width < 1 or self.depth < 0 or self.sigma_w < 0 or self.sigma_b < 0 or self.grid < 0:
            raise ValueError(f"{self}; expected a width of at least 1, and no negative depth, sigma or grid")
        if self.kind == "convolutional" and (self.depth < 1 or self.grid):
            raise ValueError(
                f"a convolutional network of depth {self.depth}, grid {self.grid}; expected depth 1 or more and grid 0"
            )
        if self.kind == "recurrent" and (self.depth != 1 or self.grid):
            raise ValueError(
                f"a recurrent network of depth {self.depth}, grid {self.grid}; expected depth 1 and grid 0"
            )

    @property
    def points(self) -> np.ndarray:
        """The domain, (points, inputs) float32."""
        if self.grid:
            return np.linspace(-1, 1, self.grid, dtype=np.float32)[:, None]
        return domain(self.inputs, self.low)

    def scales(self, fan_in: int, *, last: bool) -> tuple[float, float]:
        """Standard deviation of the weights and of the biases of a layer."""
        if self.distribution == "zero":
            return 0.0, 0.0
        if self.distribution == "he-uniform":
            scale = sqrt((1 if last else 2) / fan_in)
            return scale, scale
        return self.sigma_w / sqrt(fan_in), self.sigma_b


def domain(inputs: int, low: int = 0) -> np.ndarray:
    """All points of {low, 1}^inputs, (2^inputs, inputs) float32: point i is the binary number i, highest bit first."""
    bits = (np.arange(2**inputs)[:, None] >> np.arange(inputs - 1, -1, -1)) & 1
    return np.where(bits == 1, 1, low).astype(np.float32)


def sample_functions(network: RandomNetwork, samples: int, seed: int, block: int = 65_536) -> Iterator[np.ndarray]:
    """The functions of independent random networks: blocks of words (networks, words), see `function_counts.pack`.

    The functions depend on the network and on the seed; those of fewer samples are the first of those of more.
    """
    if samples < 1:
        raise ValueError(f"{samples} samples; expected at least 1")
    generator = torch.Generator().manual_seed(seed)
    compute = {"dense": _Dense, "recurrent": _Recurrent, "convolutional": _Convolutional}[network.kind](network)
    outputs: list[np.ndarray] = []
    held = 0
    with torch.no_grad():
        while samples:
            words = pack(compute(generator)[:samples].numpy() > 0)
            samples -= len(words)
            outputs.append(words)
            held += len(words)
            if held >= block or not samples:
                yield np.concatenate(outputs)
                outputs, held = [], 0


class _Dense:
    """A chunk of fully connected networks, in buffers that are used again: fresh memory costs more than the products.

    Activations are (chunk, units, points), so that the first layer of all networks is one matrix product. Parameters
    have variance 1; their scales are factors of the products.
    """

    def __init__(self, network: RandomNetwork) -> None:
        points = network.points
        count, n = points.shape
        sizes = [n, *[network.width] * network.depth, 1]
        self.network = network
        self.chunk = _chunk(max(sizes) * count)
        weights, biases = network.scales(n, last=network.depth == 0)
        first = np.concatenate([points * weights, np.full((count, 1), biases)], axis=1).T
        self.points = torch.from_numpy(np.ascontiguousarray(first, dtype=np.float32))  # (inputs + 1, points)
        self.buffer = torch.empty(self.chunk * sum((fan_in + 1) * units for fan_in, units in pairwise(sizes)))
        self.outputs = [torch.empty(self.chunk, units, count) for units in sizes[1:]]
        end = self.chunk * sizes[1] * (n + 1)
        self.first = self.buffer[:end].view(self.chunk * sizes[1], n + 1)
        self.layers: list[tuple[torch.Tensor, torch.Tensor, float, float]] = []
        for place, (fan_in, units) in enumerate(pairwise(sizes[1:])):
            start, end = end, end + self.chunk * units * fan_in
            matrix = self.buffer[start:end].view(self.chunk, units, fan_in)
            start, end = end, end + self.chunk * units
            bias = self.buffer[start:end].view(self.chunk, units, 1)
            self.layers.append((matrix, bias, *network.scales(fan_in, last=place == network.depth - 1)))

    def __call__(self, generator: torch.Generator) -> torch.Tensor:
        """Outputs (chunk, points) of new networks, in a buffer that the next call overwrites."""
        _fill(self.buffer, self.network, generator)
        activate = ACTIVATIONS[self.network.activation]
        values = self.outputs[0]
        torch.mm(self.first, self.points, out=values.view(-1, values.shape[-1]))
        for (matrix, bias, weights, biases), out in zip(self.layers, self.outputs[1:], strict=True):
            torch.baddbmm(bias, matrix, activate(values), beta=biases, alpha=weights, out=out)
            values = out
        return values[:, 0]


class _Recurrent:
    """A chunk of recurrent networks, h <- f(W h + u x_t + b) from h = 0, whose last state has a linear readout."""

    def __init__(self, network: RandomNetwork) -> None:
        self.network = network
        points = torch.from_numpy(network.points)
        width, count = network.width, len(points)
        self.chunk = _chunk(width * count)
        self.weights, self.biases = network.scales(width, last=False)
        self.readout = network.scales(width, last=True)
        # One input a step: the product u x_t + b of all units is one of (chunk x width, 2) and (2, points).
        of_input, of_bias = network.scales(1, last=False)
        if network.distribution == "he-uniform":
            of_bias = self.biases
        ones = torch.full((count,), of_bias)
        self.steps = [torch.stack([column * of_input, ones]) for column in points.T]  # (2, points) each
        self.buffer = torch.empty(self.chunk * (2 * width + width * width + width + 1))
        sizes = [self.chunk * size for size in (2 * width, width * width, width, 1)]
        first, matrix, last, bias = self.buffer.split(sizes)
        self.first = first.view(self.chunk * width, 2)
        self.matrix = matrix.view(self.chunk, width, width)
        self.last, self.bias = last.view(self.chunk, 1, width), bias.view(self.chunk, 1, 1)
        self.state, self.new = torch.empty(2, self.chunk, width, count).unbind()
        self.output = torch.empty(self.chunk, 1, count)

    def __call__(self, generator: torch.Generator) -> torch.Tensor:
        """Outputs (chunk, points) of new networks, in a buffer that the next call overwrites."""
        _fill(self.buffer, self.network, generator)
        activate = ACTIVATIONS[self.network.activation]
        state, new = self.state.zero_(), self.new
        for step in self.steps:
            torch.mm(self.first, step, out=new.view(-1, new.shape[-1]))
            state, new = activate(new.baddbmm_(self.matrix, state, alpha=self.weights)), state
        weights, biases = self.readout
        return torch.baddbmm(self.bias, self.last, state, beta=biases, alpha=weights, out=self.output)[:, 0]


class _Convolutional:
    """A chunk of convolutional networks along the n inputs, whose last layer has a linear readout.

    A unit of layer l sees 2l + 1 inputs, which have few values on the whole domain. A layer is computed once for each
    position and each value of the inputs that are seen there (its columns: for n = 7 and two layers 144, in place of
    7 x 128 positions and points). The last column of a layer is the padding: 0.
    """

    def __init__(self, network: RandomNetwork) -> None:
        self.network = network
        n, width = network.inputs, network.width
        layers = [_columns(n, depth) for depth in range(network.depth + 1)]
        sizes = [int(columns.max()) + 2 for columns in layers]
        self.chunk = _chunk(KERNEL * width * max(sizes))
        shapes = [(width, KERNEL + 1), *[(width, KERNEL * width), (width, 1)] * (network.depth - 1), (n, width), (1, 1)]
        self.buffer = torch.empty(self.chunk * sum(rows * columns for rows, columns in shapes))
        parts = self.buffer.split([self.chunk * rows * columns for rows, columns in shapes])
        first, *hidden, self.readout, self.bias = (
            part.view(self.chunk, *shape) for part, shape in zip(parts, shapes, strict=True)
        )
        self.first, self.layers = first.view(-1, KERNEL + 1), list(zip(hidden[::2], hidden[1::2], strict=True))
        # Layer 1 of all networks is one matrix product with what each of its columns sees, and a 1 for the bias.
        weights, biases = network.scales(KERNEL, last=False)
        bits = np.zeros(sizes[0])
        bits[layers[0]] = network.points.T
        inputs = np.concatenate([bits[_seen(*layers[:2])] * weights, np.full((1, sizes[1]), biases)])
        inputs[:, -1] = 0
        self.inputs = torch.from_numpy(inputs.astype(np.float32))  # (kernel + 1, columns)
        self.seen = [torch.from_numpy(_seen(*pair).ravel()) for pair in pairwise(layers[1:])]  # (kernel x columns,)
        self.values = [torch.empty(self.chunk, width, size) for size in sizes[1:]]
        self.gathered = [torch.empty(self.chunk, width, len(seen)) for seen in self.seen]
        self.outputs = torch.empty(self.chunk, n, sizes[-1])
        own = np.arange(n)[:, None] * sizes[-1] + layers[-1]  # (n, points)
        self.own = torch.from_numpy(own.ravel())

    def __call__(self, generator: torch.Generator) -> torch.Tensor:
        """Outputs (chunk, points) of new networks."""
        _fill(self.buffer, self.network, generator)
        activate, n, width = ACTIVATIONS[self.network.activation], self.network.inputs, self.network.width
        values = self.values[0]
        torch.mm(self.first, self.inputs, out=values.view(-1, values.shape[-1]))
        activate(values)
        weights, biases = self.network.scales(KERNEL * width, last=False)
        for (matrix, bias), seen, gathered, out in zip(
            self.layers, self.seen, self.gathered, self.values[1:], strict=True
        ):
            torch.index_select(values, 2, seen, out=gathered)
            windows = gathered.view(self.chunk, width * KERNEL, -1)
            values = activate(torch.baddbmm(bias, matrix, windows, beta=biases, alpha=weights, out=out))
            values[:, :, -1] = 0
        weights, biases = self.network.scales(n * width, last=True)
        parts = torch.bmm(self.readout, values, out=self.outputs).view(self.chunk, -1)
        total = parts.index_select(1, self.own).view(self.chunk, n, -1).sum(dim=1)
        return total.mul_(weights).add_(self.bias[:, 0], alpha=biases)


def _columns(n: int, depth: int) -> np.ndarray:
    """The column of each position and point in a layer of a convolutional network, (n, points)."""
    points, found, first = np.arange(2**n), np.empty((n, 2**n), np.int64), 0
    for position in range(n):
        low, high = max(position - depth, 0), min(position + depth, n - 1)  # the first bit is the highest
        size = 2 ** (high - low + 1)
        found[position] = first + (points >> (n - 1 - high)) % size
        first += size
    return found


def _seen(below: np.ndarray, above: np.ndarray) -> np.ndarray:
    """The columns of a layer that each column of the next one sees, (kernel, columns); both have one of padding."""
    n, points = below.shape
    padding = int(below.max()) + 1
    padded = np.full((n + KERNEL - 1, points), padding)
    padded[KERNEL // 2 : -(KERNEL // 2)] = below
    found = np.full((KERNEL, int(above.max()) + 2), padding)
    for place in range(KERNEL):
        found[place, above] = padded[place : place + n]
    return found


def _chunk(values: int) -> int:
    """Networks that are computed together, of so many activations in the largest layer."""
    return max(8, CHUNK_BYTES // (4 * values))


def _fill(buffer: torch.Tensor, network: RandomNetwork, generator: torch.Generator) -> None:
    """New parameters with mean 0 and variance 1."""
    if network.distribution == "gaussian":
        buffer.normal_(generator=generator)
    else:
        buffer.uniform_(-sqrt(3), sqrt(3), generator=generator)


def _one_of(name: str, given: Any, expected: tuple[str, ...]) -> None:
    if given not in expected:
        raise ValueError(f"unknown {name} {given!r}; expected one of {', '.join(expected)}")
