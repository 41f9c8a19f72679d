"""Compositional generalisation: the XOR of two functions, in pairs that do not occur in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar, Self

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .boolean_functions import codes, points
from .pools import digests, shares
from .spaces import Space

SELECTOR, HALF = 2, 4
"""Bits that select a part, and bits that the part may depend on."""

PARTS = 2**SELECTOR
BITS = 2 * (SELECTOR + HALF)

UNSAMPLED = ()
"""The `wiring` of a task without parts: `Task.with_sampled_rule` samples them."""


@dataclass(frozen=True)
class Compositions(Task):
    """XOR of a left and a right part, selected by the input; some pairs of parts never occur in training.

    A part is a function of four bits that returns one of them, negated or not. The four parts of a side return
    different bits. Each half of an input selects a part and gives its bits: 01 1010 11 0110 is left part 1 on 1010 and
    right part 3 on 0110. The target is the XOR of the two results.

    Example: left part 1 returns the third bit, and right part 3 negates the first. Then the target above is
    1 xor (not 0) = 0. Training contains left part 1 with the right parts 1, 2 and 3, and right part 0 with the left
    parts 0, 2 and 3; the split "unseen" contains left part 1 with right part 0. Both parts occur in training, and the
    training set determines their XOR: it is (1 with 2) xor (2 with 2) xor (2 with 0), in which left part 2 and right
    part 2 cancel.

    partners  right parts that each left part is paired with in training, 2..3 of 4; with one, the training set does
              not determine the other pairs
    wiring    the parts, a number 0..7 each, first the left ones, then the right ones: the bit that is returned
              (wiring // 2), and whether it is negated (wiring % 2); empty: sampled for each seed
    """

    name: ClassVar[str] = "compositions"
    family: ClassVar[str] = "boolean"

    partners: int = 3
    wiring: tuple[int, ...] = UNSAMPLED

    def __post_init__(self) -> None:
        if not 2 <= self.partners < PARTS:  # noqa: PLR2004 -- with one partner each, no chain links two pairings
            raise ValueError(f"partners={self.partners}; expected 2..{PARTS - 1}")
        sides = np.reshape(self.wiring, (2, -1)) if len(self.wiring) % 2 == 0 else None
        every = list(range(HALF))
        if self.wiring and (sides is None or any(sorted(side // 2) != every for side in sides)):
            raise ValueError(f"wiring={self.wiring}; expected, for either side, each of the bits 0..{HALF - 1} once")

    @property
    def inputs(self) -> Space:
        """Selector and bits of the left half, then of the right half, (12,)."""
        return Space((BITS,), alphabet=2, values=(0.0, 1.0))

    @property
    def outputs(self) -> Space:
        """One bit, (1,)."""
        return Space((1,), alphabet=2)

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity: number of right parts that each left part is never paired with in training."""
        return (
            Split("train", share=(0.0, 0.6)),
            Split("id", share=(0.6, 1.0)),
            Split("unseen", "pairing", PARTS - self.partners, headline=True, region="unseen", share=(0.0, 0.5)),
            Split("exposed", region="unseen", share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """The left part alone, the right part alone, and the rule with unseen pairs replaced by pairs of training."""
        return {
            "left-part": lambda inputs: self._parts(inputs)[:, :1],
            "right-part": lambda inputs: self._parts(inputs)[:, 1:],
            "known-pairing": self._known_pairing,
        }

    def with_sampled_rule(self, rng: np.random.Generator) -> Self:
        """The task with sampled parts; a task that has parts already is returned unchanged."""
        if self.wiring:
            return self
        reads = np.concatenate([rng.permutation(HALF), rng.permutation(HALF)])
        return replace(self, wiring=tuple((2 * reads + rng.integers(2, size=len(reads))).tolist()))

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n inputs of a region without replacement; all of them, in random order, if it has fewer than n."""
        inputs = points(BITS)[rng.permutation(_inputs_of(self.partners, region))[:n]]
        return Examples(inputs, self.solve(inputs))

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """XOR of the two parts, (n, 12) -> (n, 1)."""
        return self._parts(inputs).sum(1, keepdims=True) % 2

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """The input itself: different inputs are different problems."""
        return inputs

    def capacity(self, split: str) -> int:
        """Number of inputs of the split, counted exactly."""
        source = self.split(split)
        share = shares(digests(points(BITS)[_inputs_of(self.partners, source.region)], self.hash_key))
        return int(((share >= source.share[0]) & (share < source.share[1])).sum())

    def describe(self, example: np.ndarray) -> str:
        """The two halves, each with its selected part, such as "1 of 1010, 3 of 0110"."""
        named, bits = _sides(example[None])
        return ", ".join(f"{named[0, side]} of {''.join(map(str, bits[0, side]))}" for side in (0, 1))

    def describe_target(self, target: np.ndarray) -> str:
        """0 or 1."""
        return str(int(target[0]))

    def _parts(self, inputs: np.ndarray, right: np.ndarray | None = None) -> np.ndarray:
        """The results of the two parts, (n, 2); `right`, (n,), replaces the right parts that the inputs select.

        Raises ValueError if no parts have been sampled.
        """
        if not self.wiring:
            raise ValueError(f"{self.name} has no parts yet: use task.with_sampled_rule(rng), or set wiring")
        named, bits = _sides(inputs)
        if right is not None:
            named = np.stack([named[:, 0], right], axis=1)
        wired = np.reshape(self.wiring, (2, PARTS))[[0, 1], named]  # (n, 2)
        return np.take_along_axis(bits, wired[..., None] // 2, axis=2)[..., 0] ^ (wired % 2)

    def _known_pairing(self, inputs: np.ndarray) -> np.ndarray:
        """Apply the rule to pairs of training; in other pairs, replace the right part by one paired with the left."""
        left, right = _sides(inputs)[0].T
        paired = _paired(left, right, self.partners)
        return self._parts(inputs, np.where(paired, right, left)).sum(1, keepdims=True) % 2


def _sides(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The selected part of each side, (n, 2), and the bits of each side, (n, 2, HALF)."""
    halves = inputs.reshape(len(inputs), 2, SELECTOR + HALF)
    return codes(halves[..., :SELECTOR]), halves[..., SELECTOR:]


def _paired(left: np.ndarray, right: np.ndarray, partners: int) -> np.ndarray:
    """Whether two parts are paired in training: left part i with the right parts i, i + 1, ... (modulo PARTS)."""
    return (right - left) % PARTS < partners


@lru_cache
def _inputs_of(partners: int, region: str) -> np.ndarray:
    """The inputs of a region as rows of `points`: those with pairs of training, or those with the other pairs."""
    left, right = _sides(points(BITS))[0].T
    return np.flatnonzero(_paired(left, right, partners) == (region == "id"))
