"""What one example looks like, to a learner that knows nothing else about the task."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Layout = Literal["vector", "sequence", "grid", "bag"]
Value = float | tuple[float, ...] | None
"""What a token stands for: a number, several numbers at once, or none."""


@dataclass(frozen=True)
class Space:
    """The set an input or a target is drawn from.

    ``Space((5,), alphabet=84, layout="bag", values=...)`` says: five tokens out of 84 whose order means
    nothing, and some of the tokens stand for numbers (``values[token]``; None where one does not).

    shape     of one example: (length,) for vector, sequence and bag; (planes, height, width) for grid
    alphabet  number of tokens (input) or classes (target), which are the integers 0..alphabet-1;
              None: real numbers
    layout    vector: places without neighbours; sequence: places in order; grid: planes over a canvas; bag: no order
    values    the number each token stands for, or None for a token that stands for none; where a token stands for
              several numbers at once, such as a pair of coordinates, a tuple of them, of one length for all tokens
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
        """What each token stands for as a table, (alphabet, numbers a token); NaN where it stands for none.

        None where no token of the space stands for a number.
        """
        known = [np.atleast_1d(value) for value in self.values or () if value is not None]
        if not known:
            return None
        unknown = np.full(len(known[0]), np.nan)
        return np.array([unknown if value is None else np.atleast_1d(value) for value in self.values or ()], float)

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


def read_only(array: np.ndarray) -> np.ndarray:
    """A view of the array that cannot be written to; the array itself stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view
