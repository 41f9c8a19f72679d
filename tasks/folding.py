"""Protein folding in the HP lattice model: predict the number of contacts of the ground state from the sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np

from .base import Examples, Heuristic, Split, Task
from .hp_lattice import MAX_LENGTH, fold_as_text, ground_states, pairs
from .pools import SpaceExhaustedError, digests, shares
from .spaces import Space

BLANK, H, P = range(3)
LETTERS = "_HP"

MIN_LENGTH = 6
"""Least number of residues: there are too few shorter chains to fill the splits."""

TRAIN = (0.0, 0.75)
"""The share, by hash, of the region "id" (short chains that are not rich in H) that belongs to training."""


@dataclass(frozen=True)
class Folding(Task):
    """Number of contacts of the ground state of an HP chain on the square lattice (minus its energy).

    Example: HPPHPPH has 7 residues. If the chain is bent into a U, its first and fourth residues are neighbours; if it
    is bent once more, the fourth and the last are: two H-H contacts. The first and the last residue are an even number
    of bonds apart, and such residues are never neighbours on a square lattice, so there is no third contact. The target
    is 2, the energy -2. Training contains chains of 10 to 12 residues anywhere on 14 positions; the headline split
    contains chains of 14 residues.

    positions        number of positions of an input, and of residues of the longest chain; chains of positions - 1 and
                     positions residues are only tested, the longest of training have positions - 2
    min_length       residues of the shortest chain of training
    max_hydrophobic  largest share of H in training; chains with more, of the lengths of training, are a split of their
                     own, longer ones are in no split, so that each split has one shift only
    """

    name: ClassVar[str] = "folding"
    family: ClassVar[str] = "folding"
    renamed: ClassVar[Mapping[str, str]] = {
        "rich": "max_hydrophobic",
        "shortest": "min_length",
        "slots": "positions",
    }

    positions: int = 14
    min_length: int = 10
    max_hydrophobic: float = 0.6

    def __post_init__(self) -> None:
        if not MIN_LENGTH <= self.min_length <= self.positions - 2 <= MAX_LENGTH - 2:
            raise ValueError(
                f"min_length={self.min_length}, positions={self.positions}; "
                f"expected {MIN_LENGTH} <= min_length <= positions - 2 <= {MAX_LENGTH - 2}"
            )
        if not 0 < self.max_hydrophobic < 1:
            raise ValueError(f"max_hydrophobic={self.max_hydrophobic}; expected a share between 0 and 1")

    @property
    def inputs(self) -> Space:
        """A chain of H (1) and P (0) anywhere on the positions, blanks around it."""
        return Space((self.positions,), alphabet=3, layout="sequence", values=(None, 1.0, 0.0))

    @property
    def outputs(self) -> Space:
        """Number of contacts of the ground state, from 0 to the maximum in training, (1,)."""
        classes = _max_contacts(self) + 1
        return Space((1,), alphabet=classes, values=tuple(map(float, range(classes))))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Severity of a length split: residues; of "rich": the share of H that every chain exceeds."""
        longer, longest = (f"length-{n}" for n in (self.positions - 1, self.positions))
        return (
            Split("train", share=TRAIN),
            Split("id", share=(TRAIN[1], 1.0)),
            Split(longer, "length", self.positions - 1, region=longer),
            Split(longest, "length", self.positions, headline=True, region=longest, share=(0.0, 0.5)),
            Split("rich", "composition", self.max_hydrophobic, region="rich"),
            Split("exposed", region=longest, share=(0.5, 1.0)),
        )

    @property
    def heuristics(self) -> Mapping[str, Heuristic]:
        """Half the number of H, an upper bound by parity, and the best fold with at most four or six corners."""
        return {
            "half-the-h": lambda inputs: self._clipped((inputs == H).sum(1) // 2),
            "parity-bound": self._parity_bound,
            "four-corners": lambda inputs: self._clipped(self._best(inputs, corners=4)),
            "six-corners": lambda inputs: self._clipped(self._best(inputs, corners=6)),
        }

    def propose(self, region: str, n: int, rng: np.random.Generator) -> Examples:
        """Sample n chains uniformly from a region, each at a random position and in a random direction.

        slices: "length", the residues, (n,).
        """
        chains, rows = _chains(self), _rows(self, region)
        if len(rows) == 0:
            raise SpaceExhaustedError(f"{self.name}: region {region!r} is empty with {self.parameters()}")
        rows = rows[rng.integers(len(rows), size=n)]
        length = chains.length[rows]
        turned = rng.random(n) < 1 / 2
        first = rng.integers(self.positions - length + 1)
        residue = np.arange(self.positions) - first[:, None]
        inside = (residue >= 0) & (residue < length[:, None])
        bit = np.where(turned[:, None], length[:, None] - 1 - residue, residue).clip(0, MAX_LENGTH)
        inputs = np.where(inside, np.where(chains.number[rows, None] >> bit & 1, H, P), BLANK)
        return Examples(inputs, chains.contacts[rows, None], slices={"length": length})

    def solve(self, inputs: np.ndarray) -> np.ndarray:
        """Look the chain up in the table of ground states of its length, (n, positions) -> (n, 1).

        Raises ValueError for an input that is not one contiguous chain of at least two residues.
        """
        return self._best(inputs)[:, None]

    def canonical(self, inputs: np.ndarray) -> np.ndarray:
        """Length, and the smaller of the numbers of the sequence and its reverse, (n, 2): independent of position."""
        length, forwards, backwards = self._decode(inputs)
        return np.stack([length, np.minimum(forwards, backwards)], axis=1)

    def capacity(self, split: str) -> int:
        """Number of chains of the split, counted exactly: they are few enough that `sample` finds them all."""
        source = self.split(split)
        share = _chains(self).share[_rows(self, source.region)]
        return int(((share >= source.share[0]) & (share < source.share[1])).sum())

    def describe(self, example: np.ndarray) -> str:
        """The positions as letters, and a drawing of a ground state with its bonds, the first residue in brackets."""
        _, (number,), _ = self._decode(example[None])
        return f"{self._letters(example)}\n{fold_as_text(int(number), int((example != BLANK).sum()))}"

    def describe_target(self, target: np.ndarray) -> str:
        """The number of contacts of the ground state."""
        return "1 contact" if target[0] == 1 else f"{int(target[0])} contacts"

    def _decode(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The length of each chain, its number (residue i is bit i, 1 for H), and the number of its reverse."""
        there = inputs != BLANK
        length, first, last = there.sum(1), there.argmax(1), there[:, ::-1].argmax(1)
        wrong = np.flatnonzero((length < 2) | (first + length + last != self.positions))  # noqa: PLR2004 -- two ends
        if len(wrong):
            raise ValueError(f"{self.name}: {self._letters(inputs[wrong[0]])} is not one contiguous chain")
        position = np.arange(self.positions)
        forwards = ((inputs == H) << position).sum(1) >> first
        backwards = ((inputs == H) << position[::-1]).sum(1) >> last
        return length, forwards, backwards

    def _parity_bound(self, inputs: np.ndarray) -> np.ndarray:
        """Upper bound on contacts: H on even positions only touch H on odd ones, and each H has few free sides."""
        hydrophobic = inputs == H
        there = np.pad(inputs != BLANK, ((0, 0), (1, 1)))
        sides = 4 - there[:, :-2] - there[:, 2:].astype(np.int64)  # free sides of a site, beside those of the bonds
        partners = np.zeros(inputs.shape, np.int64)
        for i, j in pairs(self.positions):
            partners[:, i] += hydrophobic[:, j]
            partners[:, j] += hydrophobic[:, i]
        most = np.where(hydrophobic, np.minimum(sides, partners), 0)
        return self._clipped(np.minimum(most[:, ::2].sum(1), most[:, 1::2].sum(1)))

    def _best(self, inputs: np.ndarray, corners: int | None = None) -> np.ndarray:
        """Number of contacts of the best fold, or of the best fold with at most `corners` corners, (n,)."""
        length, number, _ = self._decode(inputs)
        contacts = np.empty(len(inputs), np.int64)
        for n in np.unique(length).tolist():
            rows = length == n
            contacts[rows] = ground_states(n, corners).contacts[number[rows]]
        return contacts

    def _letters(self, example: np.ndarray) -> str:
        return "".join(LETTERS[token] for token in example)

    def _clipped(self, contacts: np.ndarray) -> np.ndarray:
        """Clip numbers of contacts to the range of the classes, (n,) -> (n, 1)."""
        return contacts.clip(0, _max_contacts(self))[:, None]


@dataclass(frozen=True, eq=False)
class Chains:
    """Table of all m chains of the task; a sequence and its reverse are one chain.

    length    (m,): residues
    number    (m,): the smaller of the numbers of the sequence and its reverse
    contacts  (m,): contacts of the ground state
    share     (m,): hash of the chain as a number in [0, 1)
    short     (m,): the length occurs in training
    rich      (m,): the share of H is above `Folding.max_hydrophobic`
    known     (m,): some chain of the train split has the same number of contacts
    """

    length: np.ndarray
    number: np.ndarray
    contacts: np.ndarray
    share: np.ndarray
    short: np.ndarray
    rich: np.ndarray
    known: np.ndarray


@cache
def _chains(task: Folding) -> Chains:
    """Enumerate the chains; the splits are defined by this table alone."""
    lengths, numbers, contacts, hydrophobic = [], [], [], []
    for n in range(task.min_length, task.positions + 1):
        every = np.arange(2**n)
        bits = every[:, None] >> np.arange(n) & 1
        number = every[every <= (bits << np.arange(n)[::-1]).sum(1)]
        lengths.append(np.full(len(number), n))
        numbers.append(number)
        contacts.append(ground_states(n).contacts[number])
        hydrophobic.append(bits[number].mean(1))
    length, number = np.concatenate(lengths), np.concatenate(numbers)
    answer, rich = np.concatenate(contacts), np.concatenate(hydrophobic) > task.max_hydrophobic
    share = shares(digests(np.stack([length, number], axis=1), task.hash_key))
    short = length <= task.positions - 2
    trained = short & ~rich & (share >= TRAIN[0]) & (share < TRAIN[1])
    return Chains(length, number, answer, share, short, rich, np.isin(answer, answer[trained]))


@cache
def _rows(task: Folding, region: str) -> np.ndarray:
    """The rows of `Chains` of a region, restricted to targets that occur in training."""
    chains = _chains(task)
    if region in ("id", "rich"):
        inside = chains.short & (chains.rich == (region == "rich"))
    else:
        inside = (chains.length == int(region.removeprefix("length-"))) & ~chains.rich
    return np.flatnonzero(inside & chains.known)


def _max_contacts(task: Folding) -> int:
    """The largest number of contacts of a chain of training."""
    chains = _chains(task)
    return int(chains.contacts[chains.known].max())
