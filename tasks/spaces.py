"""The `Space` of an input or a target: shape, alphabet, layout, and the numbers that tokens stand for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Layout = Literal["vector", "sequence", "grid", "bag"]
Value = float | tuple[float, ...] | None
"""What a token stands for: a number, several numbers at once, or no number (None)."""


@dataclass(frozen=True)
class Space:
    """The space of inputs or of targets: the shape and the kind of one example.

    Learners are given the spaces of a task and no other description of it. Example:
    ``Space((5,), alphabet=84, layout="bag", values=...)`` is the space of five tokens out of 84 in no order. Some of
    the tokens stand for numbers (``values[token]``; None for a token that does not).

    shape     of one example: (length,) for vector, sequence and bag; (planes, height, width) for grid
    alphabet  number of tokens (input) or classes (target), which are the integers 0..alphabet-1;
              None: real numbers
    layout    vector: features without neighbours; sequence: ordered positions; grid: planes of height x width;
              bag: no order
    values    the number that each token stands for, or None for a token that stands for no number; if tokens stand
              for several numbers at once, such as a pair of coordinates: tuples, of one length for all tokens
    """

    shape: tuple[int, ...]
    alphabet: int | None
    layout: Layout = "vector"
    values: tuple[Value, ...] | None = None

    def __post_init__(self) -> None:
        if self.layout not in get_args(Layout):
            raise ValueError(f"unknown layout {self.layout!r}; expected one of {', '.join(get_args(Layout))}")
        if len(self.shape) != (3 if self.layout == "grid" else 1):
            wanted = "(planes, height, width)" if self.layout == "grid" else "(length,)"
            raise ValueError(f"a {self.layout} has the shape {wanted}; given {self.shape}")
        if self.values is not None and len(self.values) != self.alphabet:
            raise ValueError(f"{len(self.values)} values for an alphabet of {self.alphabet} tokens")
        lengths = {np.size(value) for value in self.values or () if value is not None}
        if len(lengths) > 1:
            raise ValueError(f"tokens that stand for {sorted(lengths)} numbers; expected as many for each")

    @property
    def symbolic(self) -> bool:
        """True for tokens or classes, False for real numbers."""
        return self.alphabet is not None

    @property
    def numbers(self) -> np.ndarray | None:
        """The numbers that tokens stand for, (alphabet, numbers per token); NaN for a token without a number.

        None if no token of the space stands for a number.
        """
        known = [np.atleast_1d(value) for value in self.values or () if value is not None]
        if not known:
            return None
        unknown = np.full(len(known[0]), np.nan)
        return np.array([unknown if value is None else np.atleast_1d(value) for value in self.values or ()], float)

    @property
    def size(self) -> int:
        """Number of numbers or tokens in one example."""
        return math.prod(self.shape)

    def check(self, array: np.ndarray, what: str) -> None:
        """Raise ValueError unless `array` has the shape (n, *shape) and its values belong to this space."""
        if array.shape[1:] != self.shape:
            raise ValueError(f"{what}: one example has the shape {array.shape[1:]}; expected {self.shape}")
        if self.alphabet is None:
            if not np.isfinite(array).all():
                raise ValueError(f"{what}: not all values are finite numbers")
        elif not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"{what}: tokens are integers; given {array.dtype}")
        elif array.size and (array.min() < 0 or array.max() >= self.alphabet):
            raise ValueError(f"{what}: tokens {array.min()}..{array.max()}; expected 0..{self.alphabet - 1}")


def read_only(array: np.ndarray) -> np.ndarray:
    """A read-only view of the array; the array itself stays writable."""
    view = array.view()
    view.flags.writeable = False
    return view
