"""Equivariance errors of a function: how its answers change when its input is shifted.

A function f is equivariant under a shift s if f(s(x)) = s(f(x)): shifted inputs have shifted outputs. It is invariant
if f(s(x)) = f(x): the answer stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]
"""From inputs (n, ...) to probabilities (n, outputs, classes)."""


class Change(NamedTuple):
    """How two arrays of predictions differ, output by output.

    answers   bool: whether the most probable class differs
    distance  float: half the squared Euclidean distance between the two distributions, from 0 to 1; for two classes
              the squared difference between the probabilities of one of them
    """

    answers: np.ndarray
    distance: np.ndarray


def change(first: np.ndarray, second: np.ndarray) -> Change:
    """Compare predictions (..., classes) of the same shape; ties go to the first class."""
    if first.shape != second.shape:
        raise ValueError(f"predictions of shapes {first.shape} and {second.shape}; expected equal shapes")
    different = first.argmax(-1) != second.argmax(-1)
    return Change(different, np.square(first.astype(float) - second).sum(-1) / 2)


def cyclic_shift_change(predict: Predict, inputs: np.ndarray, shifts: Sequence[int]) -> Change:
    """f(shift(x)) against shift(f(x)) for cyclic shifts of sequences; both arrays are (shifts, n, positions).

    inputs  (n, positions)
    shifts  numbers of positions to the right; what leaves at the end comes in at the start

    Entry [s, i, p] compares output p of the shifted input i with output p - shifts[s] of the input itself. Raises
    ValueError unless there is one output for each position.
    """
    plain = predict(inputs)
    if plain.ndim != 3 or plain.shape[:2] != inputs.shape:  # noqa: PLR2004 -- (n, positions, classes)
        raise ValueError(f"predictions {plain.shape} for inputs {inputs.shape}; expected (*inputs.shape, classes)")
    moved = [change(predict(np.roll(inputs, by, axis=1)), np.roll(plain, by, axis=1)) for by in shifts]
    return Change(np.stack([one.answers for one in moved]), np.stack([one.distance for one in moved]))


def touches(positions: int, shifts: Sequence[int], special: Sequence[int]) -> np.ndarray:
    """Whether a comparison of `cyclic_shift_change` involves one of the `special` positions: (shifts, positions).

    It does if the output itself is at such a position, or the output of the unshifted input that it is compared with.
    """
    marked = np.zeros(positions, bool)
    marked[list(special)] = True
    return np.stack([marked | np.roll(marked, by) for by in shifts])


def invariance_change(predict: Predict, inputs: np.ndarray, moved: Sequence[np.ndarray]) -> Change:
    """f(moved x) against f(x) for several moved copies of the inputs; both arrays are (copies, n, outputs)."""
    plain = predict(inputs)
    found = [change(predict(copy), plain) for copy in moved]
    return Change(np.stack([one.answers for one in found]), np.stack([one.distance for one in found]))
