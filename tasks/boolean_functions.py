"""Classes of Boolean functions, sampled as truth tables, for the Boolean tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial

import numpy as np

BITS = 10
MULTIPLEXER = (3, 8)
"""Numbers of address bits and data bits of the multiplexer. It has 11 bits; no multiplexer has 10."""

TERMS, LITERALS = 5, 3
"""A DNF has 5 terms of 3 literals: on random inputs it is false with probability about (7/8)^5 = 0.51."""

HIDDEN = 40
"""Width of the two hidden layers of the random network (Valle-Perez, Camargo & Louis 2019: (n, 40, 40, 1))."""

TRIES = 1000
"""Number of functions that are sampled before `truth_table` gives up finding a balanced one."""

Draw = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""All inputs (2^n, n) and a generator -> a function's outputs on them (2^n,), 0 or 1."""


def _parity(inputs: np.ndarray, rng: np.random.Generator, *, k: int) -> np.ndarray:
    """Parity of k bits, which are sampled."""
    return inputs[:, rng.choice(inputs.shape[1], k, replace=False)].sum(1) % 2


def _dnf(inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Disjunctive normal form of 5 random terms, each a conjunction of 3 different bits, negated or not."""
    places = np.stack([rng.choice(inputs.shape[1], LITERALS, replace=False) for _ in range(TERMS)])
    signs = rng.integers(2, size=(TERMS, LITERALS))
    return (inputs[:, places] == signs).all(2).any(1).astype(np.int64)


def _multiplexer(inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Multiplexer: the data bit that the address bits select; the roles of the bits are sampled."""
    address_bits, _ = MULTIPLEXER
    roles = rng.permutation(inputs.shape[1])
    address = inputs[:, roles[:address_bits]] @ (1 << np.arange(address_bits))
    return inputs[np.arange(len(inputs)), roles[address_bits + address]]


def _random_simple(inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sign of a random ReLU network (n, 40, 40, 1).

    Weights and biases are uniform in +-sqrt(6 / fan_in), in the last layer +-sqrt(3 / fan_in). Functions of short
    description are more probable than others by orders of magnitude.
    """
    units = inputs.astype(np.float64)
    for width, scale in ((HIDDEN, 6.0), (HIDDEN, 6.0), (1, 3.0)):
        bound = np.sqrt(scale / units.shape[1])
        weights, bias = rng.uniform(-bound, bound, (units.shape[1], width)), rng.uniform(-bound, bound, width)
        sums = units @ weights + bias
        units = np.maximum(sums, 0.0)
    return (sums[:, 0] > 0).astype(np.int64)


def _random(inputs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Independent fair coin toss for each input: outputs of some inputs carry no information about the others."""
    return rng.integers(2, size=len(inputs))


FUNCTIONS: dict[str, Draw] = {
    "parity-2": partial(_parity, k=2),
    "parity-3": partial(_parity, k=3),
    "parity-5": partial(_parity, k=5),
    "parity-10": partial(_parity, k=10),
    "dnf": _dnf,
    "multiplexer": _multiplexer,
    "random-simple": _random_simple,
    "random": _random,
}


def bits_of(function: str) -> int:
    """Number of input bits of the functions of a class."""
    return sum(MULTIPLEXER) if function == "multiplexer" else BITS


@lru_cache
def points(bits: int) -> np.ndarray:
    """All inputs, (2^bits, bits); row i is i in binary, most significant bit first."""
    return (np.arange(2**bits)[:, None] >> np.arange(bits - 1, -1, -1)) & 1


def codes(inputs: np.ndarray) -> np.ndarray:
    """The index of each input in `points`, (..., bits) -> (...)."""
    return inputs @ (1 << np.arange(inputs.shape[-1] - 1, -1, -1))


@lru_cache(maxsize=256)
def truth_table(function: str, rule: int, least: float, *, by_weight: bool = False) -> np.ndarray:
    """The truth table of a function: its outputs on all of `points`, (2^bits,).

    function   its class, a key of FUNCTIONS
    rule       which function of the class: the seed of its generator
    least      functions are sampled until either output has at least this share of the inputs
    by_weight  require this share among the inputs with at most bits/2 ones, and among those with more

    Raises ValueError if no such function is found.
    """
    inputs = points(bits_of(function))
    heavy = inputs.sum(1) > inputs.shape[1] / 2
    sides = (~heavy, heavy) if by_weight else (np.full(len(inputs), True),)
    rng = np.random.default_rng(rule)
    for _ in range(TRIES):
        table = FUNCTIONS[function](inputs, rng)
        if all(least <= table[side].mean() <= 1 - least for side in sides):
            return table
    raise ValueError(f"none of {TRIES} functions of the class {function!r} is balanced {'on both sides' * by_weight}")
