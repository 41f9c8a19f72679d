"""Candidates for what a learner predicts on the unseen part of a cube: truth, least degree, greedy tree, constant.

The functions are those of the task `gotu` (Abbe et al. 2023). The minimum-degree interpolator is computed here from the
seen points by least squares, so that it checks the formula of the task.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import combinations

import numpy as np

from ..tasks.gotu import FUNCTIONS

CANDIDATES = ("truth", "minimum degree", "greedy tree", "constant")
DIMS = 15
EXACT = 1e-9
"""Two values that differ by less are equal: an interpolator fits, two splits are as good."""

RELEVANT = 3
"""Coordinates that the functions depend on, the first ones."""


def candidates(function: str, points: np.ndarray) -> Mapping[str, np.ndarray]:
    """The prediction of each of CANDIDATES at points of the cube, (n, DIMS) of -1 and 1, as (n,)."""
    _, coefficients = minimum_degree(function)
    seen = _corners(function)
    values = FUNCTIONS[function].true(seen)
    return {
        "truth": FUNCTIONS[function].true(points).astype(float),
        "minimum degree": monomials(points, minimum_degree(function)[0]) @ coefficients,
        "greedy tree": greedy_tree(seen, values, points[:, :RELEVANT]),
        "constant": np.full(len(points), float(values.mean())),
    }


@cache
def minimum_degree(function: str) -> tuple[int, np.ndarray]:
    """The least degree of a polynomial that equals the function on all of its seen points, and its coefficients.

    The coefficients are those of `monomials` with the least norm.
    """
    points = cube(DIMS)
    points = points[FUNCTIONS[function].seen(points)]
    values = FUNCTIONS[function].true(points)
    for degree in range(DIMS + 1):
        features = monomials(points, degree)
        coefficients = np.linalg.lstsq(features, values, rcond=None)[0]
        if np.abs(features @ coefficients - values).max() < EXACT:
            return degree, coefficients
    raise ValueError(f"{function}: no polynomial of degree up to {DIMS} fits")


def unseen(function: str) -> np.ndarray:
    """All points of the cube that are not seen, (n, DIMS)."""
    points = cube(DIMS)
    return points[~FUNCTIONS[function].seen(points)]


def cube(dims: int) -> np.ndarray:
    """All points of {-1, 1}^dims, (2^dims, dims)."""
    return 2 * (np.arange(2**dims)[:, None] >> np.arange(dims) & 1) - 1


def monomials(points: np.ndarray, degree: int) -> np.ndarray:
    """All products of at most `degree` different coordinates, (n, dims) -> (n, products); the first is 1."""
    chosen = [one for count in range(degree + 1) for one in combinations(range(points.shape[1]), count)]
    return np.stack([points[:, list(one)].prod(axis=1) for one in chosen], axis=1)


def greedy_tree(points: np.ndarray, values: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """Mean prediction of regression trees that split where the squared error falls most, ties broken at random.

    points, values  (n, dims) of -1 and 1, (n,): equally likely
    queries         (m, dims) -> (m,)
    """
    if np.ptp(values) < EXACT or len(points) == 1:
        return np.full(len(queries), float(values.mean()))
    gains = np.zeros(points.shape[1])
    for coordinate in range(points.shape[1]):
        side = points[:, coordinate] == 1
        if 0 < side.sum() < len(side):
            means = np.where(side, values[side].mean(), values[~side].mean())
            gains[coordinate] = np.square(means - values.mean()).mean()
        else:
            gains[coordinate] = -1  # no split
    predicted = np.zeros(len(queries))
    best = np.flatnonzero(gains >= gains.max() - EXACT)
    for coordinate in best:
        for sign in (-1, 1):
            side, asked = points[:, coordinate] == sign, queries[:, coordinate] == sign
            if asked.any():
                predicted[asked] += greedy_tree(points[side], values[side], queries[asked]) / len(best)
    return predicted


def _corners(function: str) -> np.ndarray:
    """The seen corners in the relevant coordinates, which are equally frequent: (k, RELEVANT)."""
    corners = cube(RELEVANT)
    return corners[FUNCTIONS[function].seen(corners)]
