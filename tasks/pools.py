"""Assignment of problems to splits by a keyed hash, independent of sample sizes and seeds.

The hash maps the canonical form of a problem to a number in [0, 1). Splits of one region have disjoint intervals of
these numbers. So the same problem is never both in training and in a test, in one run or across runs.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


class SpaceExhaustedError(ValueError):
    """The split has fewer distinct problems than the number of examples requested."""


def digests(canonical: np.ndarray, key: str) -> np.ndarray:
    """64-bit keyed BLAKE2b digest of every row.

    canonical  (n, k), integers, or float64 values that are hashed by their bits
    returns    (n,) uint64
    """
    rows = np.ascontiguousarray(canonical.reshape(len(canonical), -1))
    rows = rows.view(np.int64) if rows.dtype == np.float64 else rows.astype(np.int64)
    width = rows.shape[1] * 8
    data = rows.tobytes()
    secret = key.encode()[:64]
    hashed = b"".join(
        blake2b(data[start : start + width], digest_size=8, key=secret).digest() for start in range(0, len(data), width)
    )
    return np.frombuffer(hashed, dtype=np.uint64)


def shares(hashed: np.ndarray) -> np.ndarray:
    """Map 64-bit digests to numbers in [0, 1): the top 53 bits as a fraction."""
    return (hashed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def in_share(canonical: np.ndarray, key: str, share: tuple[float, float]) -> np.ndarray:
    """Whether each of the problems (n, k) lies in a share [low, high): (n,) bool."""
    found = shares(digests(canonical, key))
    return (found >= share[0]) & (found < share[1])


def shuffled_epochs(rows: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Sample n row indices of a finite table in shuffled epochs, (n,): every row occurs once before any occurs again.

    `Task.propose` of tasks with real data uses it: a block of at least `rows` proposals contains every row, so that
    `sample` can return all problems of a split.
    """
    every = np.tile(np.arange(rows), (-(-n // rows), 1))
    return rng.permuted(every, axis=1).ravel()[:n]
