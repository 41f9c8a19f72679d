"""What one example looks like, to a learner that knows nothing else about the task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Layout = Literal["vector", "sequence", "grid", "bag"]


@dataclass(frozen=True)
class Space:
    """The set an input or a target is drawn from.

    ``Space((5,), alphabet=84, layout="bag", values=...)`` says: five tokens out of 84 whose order means
    nothing, and some of the tokens stand for numbers (``values[token]``; None where one does not).

    shape     of one example: (length,) for vector, sequence and bag; (planes, height, width) for grid
    alphabet  number of tokens (input) or classes (target), which are the integers 0..alphabet-1;
              None: real numbers
    layout    vector: places without neighbours; sequence: places in order; grid: planes over a canvas; bag: no order
    values    the number each token stands for, or None for a token that stands for none
    """

    shape: tuple[int, ...]
    alphabet: int | None
    layout: Layout = "vector"
    values: tuple[float | None, ...] | None = None

    def __post_init__(self) -> None:
        if self.layout not in get_args(Layout):
            raise ValueError(f"unknown layout {self.layout!r}; expected one of {', '.join(get_args(Layout))}")
        if len(self.shape) != (3 if self.layout == "grid" else 1):
            wanted = "(planes, height, width)" if self.layout == "grid" else "(length,)"
            raise ValueError(f"a {self.layout} has the shape {wanted}; given {self.shape}")
        if self.values is not None and len(self.values) != self.alphabet:
            raise ValueError(f"{len(self.values)} values for an alphabet of {self.alphabet} tokens")

    @property
    def symbolic(self) -> bool:
        """True for tokens or classes, False for real numbers."""
        return self.alphabet is not None

    @property
    def size(self) -> int:
        """How many numbers or tokens one example has."""
        return math.prod(self.shape)

    def check(self, array: np.ndarray, what: str) -> None:
        """Raise ValueError unless `array`, of shape (n, *shape), lies inside this space."""
        if array.shape[1:] != self.shape:
            raise ValueError(f"{what}: one example has the shape {array.shape[1:]}; expected {self.shape}")
        if self.alphabet is None:
            if not np.isfinite(array).all():
                raise ValueError(f"{what}: not all values are finite numbers")
        elif not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"{what}: tokens are integers; given {array.dtype}")
        elif array.size and (array.min() < 0 or array.max() >= self.alphabet):
            raise ValueError(f"{what}: tokens {array.min()}..{array.max()}; expected 0..{self.alphabet - 1}")
