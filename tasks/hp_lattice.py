"""The HP model of protein folding on the square lattice (Lau and Dill 1989), solved by exhaustive search.

A chain of n residues, each H (hydrophobic) or P (polar), lies on a self-avoiding walk. Two H that are neighbours on
the lattice but not along the chain are a contact. The energy of a fold is minus its number of contacts, and the ground
state is the fold, or the folds, of the lowest energy.

Sequences are numbers, here and in the cache: residue i is bit i, 1 for H.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from .cache import cached

VERSION = 1
"""Version of the computed tables: part of the names of the cache files."""

MAX_LENGTH = 16
"""Largest number of residues. There are 802,075 walks of 16, and 2.7 times as many with every further residue."""

ROW = 32
"""Sites are numbers, ROW * x + y: with up to 16 residues they are distinct, and neighbours differ by 1 or ROW."""

BLOCK = 8
"""Sequences that are evaluated at a time: their table of contacts by map fits the cache of a core."""

CONTACTS, FOLDS = np.dtype(np.uint8), np.dtype("<u4")
"""Data types of the two arrays in a cache file, stored one after the other: 5 bytes per sequence."""


@dataclass(frozen=True, eq=False)
class GroundStates:
    """The ground states of all 2^n sequences of n residues, in the order of their numbers.

    contacts  (2^n,): number of contacts of a ground state, minus its energy
    folds     (2^n,): number of conformations with as many contacts, up to rotation and reflection
    """

    contacts: np.ndarray
    folds: np.ndarray


@cache
def ground_states(n: int, corners: int | None = None) -> GroundStates:
    """The ground states of all sequences of n residues, 2 to MAX_LENGTH; read from the user's cache folder if present.

    corners  if not None, only folds with at most this many corners are considered
    """
    if not 2 <= n <= MAX_LENGTH:  # noqa: PLR2004 -- a chain has two ends
        raise ValueError(f"chains of {n} residues; expected 2..{MAX_LENGTH}")
    kind = "" if corners is None else f"-corners-{corners}"
    end = 2**n * CONTACTS.itemsize
    body = cached(
        f"hp-square-{n}{kind}-v{VERSION}.bin",
        end + 2**n * FOLDS.itemsize,
        lambda: b"".join(part.tobytes() for part in _evaluate(_with_corners(walks(n), corners))),
    )
    return GroundStates(
        np.frombuffer(body[:end], CONTACTS).astype(np.int64), np.frombuffer(body[end:], FOLDS).astype(np.int64)
    )


@cache
def walks(n: int) -> np.ndarray:
    """Every self-avoiding walk of n >= 2 sites up to rotation and reflection, as sites ROW * x + y, (walks, n).

    The first step goes right, and the first step off that line goes up: one walk of each symmetry class.
    """
    grown = np.array([[0, ROW]], np.int16)
    for _ in range(n - 2):
        straight = (grown % ROW == 0).all(1)
        parts = []
        for step in (ROW, -ROW, 1, -1):
            site = grown[:, -1:] + np.int16(step)
            free = (grown != site).all(1)
            if step == -1:
                free &= ~straight
            parts.append(np.concatenate([grown, site], axis=1)[free])
        grown = np.concatenate(parts)
    return grown


def pairs(n: int) -> list[tuple[int, int]]:
    """Pairs of residues that can be in contact: on a square lattice, an odd number of bonds apart, at least 3."""
    return [(i, j) for i in range(n) for j in range(i + 3, n, 2)]


def contact_maps(paths: np.ndarray) -> np.ndarray:
    """The pairs that are in contact in each walk, (walks, n) -> (walks,), one bit per pair."""
    maps = np.zeros(len(paths), np.int64)
    for bit, (i, j) in enumerate(pairs(paths.shape[1])):
        distance = np.abs(paths[:, i] - paths[:, j])
        maps |= ((distance == 1) | (distance == ROW)).astype(np.int64) << bit
    return maps


def fold_as_text(number: int, n: int) -> str:
    """Draw one ground state of a sequence with its bonds, as text; the first residue is in brackets."""
    paths = walks(n)
    path = paths[np.bitwise_count(contact_maps(paths) & _both_hydrophobic(np.array([number]), n)).argmax()]
    y = (path + ROW // 2) % ROW - ROW // 2
    x = (path - y) // ROW
    column, line = 4 * (x - x.min()) + 1, 2 * (y.max() - y)
    canvas = np.full((line.max() + 1, column.max() + 2), " ")
    canvas[line, column] = np.where(number >> np.arange(n) & 1, "H", "P")
    along, across = (column[1:] + column[:-1]) // 2, (line[1:] + line[:-1]) // 2
    canvas[across, along] = np.where(np.diff(line) == 0, "-", "|")
    canvas[line[0], column[0] + np.array([-1, 1])] = ["(", ")"]
    return "\n".join("".join(row).rstrip() for row in canvas)


def _with_corners(paths: np.ndarray, most: int | None) -> np.ndarray:
    """The walks with at most `most` corners; all walks if it is None."""
    return paths if most is None else paths[(np.diff(paths, n=2) != 0).sum(1) <= most]


def _evaluate(paths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the arrays of `GroundStates` among these walks, in the data types of a cache file.

    Every sequence is evaluated on every contact map. There are far fewer maps than walks: 5,953 of 14 residues.
    """
    n = paths.shape[1]
    maps, times = np.unique(contact_maps(paths), return_counts=True)
    times = times.astype(np.float32)  # for a BLAS product: exact, as there are fewer than 2^24 walks
    hydrophobic = _both_hydrophobic(np.arange(2**n), n)
    contacts, folds = np.empty(2**n, CONTACTS), np.empty(2**n, FOLDS)
    for start in range(0, 2**n, BLOCK):
        rows = slice(start, start + BLOCK)
        found = np.bitwise_count(hydrophobic[rows, None] & maps)
        contacts[rows] = found.max(1)
        folds[rows] = (found == contacts[rows, None]).astype(np.float32) @ times
    return contacts, folds


def _both_hydrophobic(numbers: np.ndarray, n: int) -> np.ndarray:
    """The pairs of which both residues are H in each sequence, (sequences,), one bit per pair."""
    both = np.zeros(len(numbers), np.int64)
    for bit, (i, j) in enumerate(pairs(n)):
        both |= (numbers >> i & numbers >> j & 1) << bit
    return both
