"""Lookup on Zipf data: an exact simulation of a lookup table, whose error follows a power law with a known exponent.

Items are sampled with probabilities p_i proportional to i^-(1+a). A lookup table is wrong on the items that it has not
seen, so that its expected error after n examples is the mass sum p_i (1 - p_i)^n, which falls as n^-b with
b = a / (1 + a) (Hutter, Learning Curve Theory, 2021). With a share of unpredictable labels it falls to that share.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import gamma, gammainc, zeta

HEAD = 2_000_000
"""Items whose contribution to an expected error is summed; that of the others is an integral."""


def known_exponent(a: float) -> float:
    """The exponent of the error of lookup on items with p_i proportional to i^-(1+a)."""
    return a / (1 + a)


def sample_items(a: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """The first n items, (n,) int64, numbered from 1; a longer sample of the same generator begins with them."""
    if not a > 0:
        raise ValueError(f"a = {a}; expected more than 0, or the probabilities do not sum to 1")
    return rng.zipf(1 + a, n)


def lookup_errors(items: np.ndarray, a: float, sizes: Sequence[int], noise: float = 0.0) -> np.ndarray:
    """The exact error of a lookup table after the first `sizes` of the items, (sizes,): there is no test sample.

    noise  share of test labels that nothing predicts, an error of every learner
    """
    if not 0 <= noise < 1:
        raise ValueError(f"noise {noise}; expected 0 or more, and less than 1")
    _, first = np.unique(items, return_index=True)
    new = np.zeros(len(items))
    new[first] = items[first].astype(float) ** -(1 + a) / zeta(1 + a)
    unseen = 1 - np.cumsum(new)
    return noise + (1 - noise) * unseen[np.asarray(sizes) - 1]


def expected_errors(a: float, sizes: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """The expected error at any sizes, (sizes,), up to about 10^9: the head as a sum, the tail as an integral.

    With u = n p the tail is an incomplete gamma function; (1 - p)^n is exp(-u) there, because p is tiny.
    """
    norm, s = zeta(1 + a), known_exponent(a)
    p = np.arange(1, HEAD + 1, dtype=float) ** -(1 + a) / norm
    found = []
    for n in np.asarray(sizes, dtype=float):
        last = n * (HEAD + 0.5) ** -(1 + a) / norm
        tail = (n / norm) ** -s * gamma(s) * gammainc(s, last) / ((1 + a) * norm)
        found.append(float((p * np.exp(n * np.log1p(-p))).sum()) + tail)
    return noise + (1 - noise) * np.array(found)
