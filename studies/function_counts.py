"""Exact counts of Boolean functions, each given by its values on all points of a finite domain.

A function is a string of bits, packed into 64-bit words: two words for the 128 points of {0,1}^7.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

WORD = 64
PREFIX_BITS = 6
"""Counts that do not fit in memory are split into 2^6 files by the first bits of a hash of the function."""

MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5)
"""Odd constants of the multiplicative hash, one for each word in turn."""


@dataclass(frozen=True)
class FunctionCounts:
    """How often each function was seen.

    words   (distinct, words) uint64: the functions, without repetition, in the order of their bit strings
    counts  (distinct,) int64, at least 1
    """

    words: np.ndarray
    counts: np.ndarray

    @property
    def total(self) -> int:
        """Number of samples."""
        return int(self.counts.sum())

    @property
    def distinct(self) -> int:
        """Number of different functions."""
        return len(self.counts)

    @property
    def singletons(self) -> int:
        """Number of functions that were seen once."""
        return int((self.counts == 1).sum())

    def ranked(self) -> FunctionCounts:
        """The same, the most frequent first; among equals, in the order of the bit strings."""
        order = np.argsort(-self.counts, kind="stable")
        return FunctionCounts(self.words[order], self.counts[order])

    def seen(self, at_least: int) -> FunctionCounts:
        """Those functions that were seen at least so often."""
        chosen = self.counts >= at_least
        return FunctionCounts(self.words[chosen], self.counts[chosen])

    def count_of(self, bits: np.ndarray) -> int:
        """How often a function was seen; bits (points,) of 0 and 1."""
        wanted = pack(bits[None])
        return int(self.counts[(self.words == wanted).all(axis=1)].sum())


def pack(bits: np.ndarray) -> np.ndarray:
    """Words (functions, words) uint64 of bits (functions, points); the first point is the most significant bit.

    The last word is padded with zeros.
    """
    octets = np.packbits(bits.astype(bool, copy=False), axis=1)
    missing = -octets.shape[1] % (WORD // 8)
    if missing:
        octets = np.pad(octets, ((0, 0), (0, missing)))
    return np.ascontiguousarray(octets).view(">u8").astype(np.uint64)


def unpack(words: np.ndarray, points: int) -> np.ndarray:
    """Bits (functions, points) uint8 of words (functions, words)."""
    octets = np.ascontiguousarray(words.astype(">u8")).view(np.uint8)
    return np.unpackbits(octets, axis=1)[:, :points]


def count(words: np.ndarray) -> FunctionCounts:
    """Count samples (samples, words)."""
    return _add_up(words, np.ones(len(words), np.int64))


def merge(parts: Sequence[FunctionCounts]) -> FunctionCounts:
    """The counts of all parts together; their order does not matter."""
    if not parts:
        raise ValueError("no counts to merge; expected at least one part")
    return _add_up(np.concatenate([part.words for part in parts]), np.concatenate([part.counts for part in parts]))


def _add_up(words: np.ndarray, counts: np.ndarray) -> FunctionCounts:
    """Sort the functions, and add the counts of equal ones."""
    order = np.lexsort(words.T[::-1])  # the last key of lexsort is the primary one
    words, counts = words[order], counts[order]
    if not len(words):
        return FunctionCounts(words, counts)
    first = np.ones(len(words), bool)
    first[1:] = (words[1:] != words[:-1]).any(axis=1)
    return FunctionCounts(words[first], np.add.reduceat(counts, np.flatnonzero(first)))


class FunctionCounter:
    """Counts samples in memory of a bounded size: over the limit, counts go to disk, into files by hash prefix.

    All counts of a function are in one file, so that files are added up one after another, and the result is exact.

    folder  for the files; they are written as soon as `limit` functions are in memory
    limit   number of functions in memory, 24 bytes each for 128 points, and some copies of them while they are sorted
    """

    def __init__(self, folder: Path, limit: int = 4_000_000) -> None:
        if limit < 1:
            raise ValueError(f"a limit of {limit} functions in memory; expected at least 1")
        self.folder = folder
        self.limit = limit
        self.pending: list[FunctionCounts] = []
        self.spilled = False

    def add(self, words: np.ndarray) -> None:
        """Count samples (samples, words)."""
        self.add_counts(count(words))

    def add_counts(self, counts: FunctionCounts) -> None:
        """Add counts of other samples; they may be in any order, and have a function more than once."""
        self.pending.append(counts)
        if sum(part.distinct for part in self.pending) > self.limit:
            merged = merge(self.pending)
            self.pending = [merged]
            if merged.distinct > self.limit // 2:
                self._spill(merged)

    def parts(self) -> Iterator[FunctionCounts]:
        """The counts, in parts that have no function in common; one part if nothing was written to disk."""
        if not self.pending and not self.spilled:
            return
        if not self.spilled:
            yield merge(self.pending)
            return
        if self.pending:
            self._spill(merge(self.pending))
        for file in sorted(self.folder.glob("*.counts")):
            words = int(file.stem.split("-")[1])
            rows = np.fromfile(file, np.uint64).reshape(-1, words + 1)
            yield _add_up(rows[:, :words], rows[:, words].astype(np.int64))

    def result(self) -> FunctionCounts:
        """All counts, in memory."""
        return merge(list(self.parts()))

    def _spill(self, counts: FunctionCounts) -> None:
        prefixes = hash_prefix(counts.words)
        rows = np.column_stack([counts.words, counts.counts.astype(np.uint64)])
        order = np.argsort(prefixes, kind="stable")
        bounds = np.searchsorted(prefixes[order], np.arange(2**PREFIX_BITS + 1))
        for prefix in range(2**PREFIX_BITS):
            chosen = rows[order[bounds[prefix] : bounds[prefix + 1]]]
            if len(chosen):
                with (self.folder / f"{prefix:02}-{counts.words.shape[1]}.counts").open("ab") as file:
                    file.write(chosen.tobytes())
        self.pending, self.spilled = [], True


def hash_prefix(words: np.ndarray) -> np.ndarray:
    """The first PREFIX_BITS bits of a hash of each function (functions, words), from 0 to 2^PREFIX_BITS - 1."""
    mixed = np.zeros(len(words), np.uint64)
    for column in range(words.shape[1]):
        mixed ^= words[:, column]
        mixed *= np.uint64(MULTIPLIERS[column % len(MULTIPLIERS)])
        mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(MULTIPLIERS[0])
    return (mixed >> np.uint64(WORD - PREFIX_BITS)).astype(np.int64)
