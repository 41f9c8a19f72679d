"""Random generators from named axes: a sample depends on its purpose, never on what was sampled before."""

from __future__ import annotations

import hashlib
import json

import numpy as np


def entropy(**axes: object) -> int:
    """128 bits from the names and values of the axes, such as suite=0, task="maze-graph", split="id", seed=3."""
    text = json.dumps(axes, sort_keys=True, separators=(",", ":"), default=str)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def generator(**axes: object) -> np.random.Generator:
    """A generator of its own for these axes."""
    return np.random.default_rng(np.random.SeedSequence(entropy(**axes)))


def seed(**axes: object) -> int:
    """A 63-bit integer for libraries that take one."""
    return entropy(**axes) >> 65
