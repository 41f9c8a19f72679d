"""Labelled sets of points of a Boolean domain, and what prior samples of functions say once the labels are known.

A function is right on a training set S if it gives the labels of S. P(f|S) by rejection: prior samples that are wrong
on S are discarded; the others are samples of the posterior, whatever the learner that is compared with them does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import ceil, comb, sqrt

import numpy as np

from ..runs.seeds import generator
from .function_counts import FunctionCounts, pack, unpack

ENOUGH = 100
"""Least number of accepted prior samples, or effective sample size, in all."""

LARGEST = 12
"""Inputs of the largest domain that is enumerated."""

CLASS_SIZE = 2
"""Least number of points of each class in a training set: a constant labelling says little about a learner."""

TARGETS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "x1": lambda x: x[:, 0],
    "x1 x2 or x3 x4": lambda x: x[:, 0] & x[:, 1] | x[:, 2] & x[:, 3],
    "x1 xor x2": lambda x: x[:, 0] ^ x[:, 1],
}
"""Targets of rising complexity, by name: functions of points (points, inputs) of 0 and 1."""


def all_points(inputs: int) -> np.ndarray:
    """The domain {0,1}^inputs, (2^inputs, inputs) int64, in the order of the binary numbers."""
    if not 1 <= inputs <= LARGEST:
        raise ValueError(f"a domain of {inputs} inputs cannot be enumerated; expected 1 to {LARGEST}")
    return (np.arange(2**inputs)[:, None] >> np.arange(inputs - 1, -1, -1)) & 1


@dataclass(frozen=True)
class TrainingSet:
    """A fixed S: some points of the domain with their labels.

    rows    indices of the points, ascending
    labels  0 or 1 each
    target  the function on all points, 0 or 1 each; its values on `rows` have to be the labels
    """

    inputs: int
    rows: tuple[int, ...]
    labels: tuple[int, ...]
    target: tuple[int, ...]

    def __post_init__(self) -> None:
        size = len(all_points(self.inputs))
        if len(self.target) != size or not set(self.target) <= {0, 1}:
            raise ValueError(f"a target of {len(self.target)} values; expected {size} values, 0 or 1 each")
        if len(self.rows) != len(self.labels) or list(self.rows) != sorted({*self.rows} & {*range(size)}):
            raise ValueError(f"rows {self.rows} with {len(self.labels)} labels; expected ascending rows below {size}")
        wrong = [row for row, label in zip(self.rows, self.labels, strict=True) if self.target[row] != label]
        if wrong:
            raise ValueError(f"the target contradicts S at the points {wrong}; expected its own values as labels")

    @cached_property
    def points(self) -> np.ndarray:
        """The training points, (m, inputs) int64."""
        return all_points(self.inputs)[list(self.rows)]

    @cached_property
    def key(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows as a mask and the labels there, words (1, words) each: f is right if f & mask = labels."""
        mask, value = np.zeros((2, 2**self.inputs), bool)
        mask[list(self.rows)] = True
        value[list(self.rows)] = np.array(self.labels, bool)
        return pack(mask[None]), pack(value[None])

    def right(self, words: np.ndarray) -> np.ndarray:
        """Whether functions (functions, words) give the labels of S, (functions,)."""
        mask, value = self.key
        return ((words & mask) == value).all(axis=1)


def training_set(inputs: int, target: str, index: int, size: int | None = None) -> TrainingSet:
    """The index-th random training set of a target: half of the points by default, CLASS_SIZE of each class at least.

    It depends on its name only, not on anything that was sampled or trained.
    """
    if target not in TARGETS:
        raise ValueError(f"unknown target {target!r}; expected one of {', '.join(TARGETS)}")
    points = all_points(inputs)
    size = len(points) // 2 if size is None else size
    if not 2 * CLASS_SIZE <= size <= len(points):
        raise ValueError(f"{size} training points; expected {2 * CLASS_SIZE} to {len(points)}")
    values = TARGETS[target](points)
    rng = generator(part="training set", inputs=inputs, target=target, size=size, index=index)
    while True:
        rows = np.sort(rng.permutation(len(points))[:size])
        if CLASS_SIZE <= values[rows].sum() <= size - CLASS_SIZE:
            break
    as_ints = [tuple(int(one) for one in values_) for values_ in (rows, values[rows], values)]
    return TrainingSet(inputs, *as_ints)


def posterior(prior: FunctionCounts, given: TrainingSet, *, enough: int = ENOUGH) -> FunctionCounts:
    """Counts of the prior samples that are right on S; ValueError if fewer than `enough` are."""
    right = given.right(prior.words)
    accepted = int(prior.counts[right].sum())
    if accepted < enough:
        factor = enough / max(accepted, 1)
        bound = "about" if accepted else "more than"
        raise ValueError(
            f"{accepted} of {prior.total:,} prior samples are right on S; expected at least {enough}: {bound} "
            f"{ceil(factor * prior.total):,} samples would do"
        )
    return FunctionCounts(prior.words[right], prior.counts[right])


def averaged_weights(words: np.ndarray, target: tuple[int, ...], size: int) -> np.ndarray:
    """Probability that each function is right on a random S of so many points labelled by the target, (functions,).

    C(2^n - d, m) / C(2^n, m), d the Hamming distance to the target. Prior samples with these weights are the average of
    the posteriors over S, each weighted by P(S).
    """
    points = len(target)
    if not 0 < size <= points:
        raise ValueError(f"{size} training points of {points}; expected 1 to {points}")
    distance = (unpack(words, points) != np.array(target, np.uint8)).sum(axis=1)
    table = np.array([comb(points - d, size) / comb(points, size) for d in range(points + 1)])
    return table[distance]


def effective_sample_size(weights: np.ndarray, counts: np.ndarray | None = None) -> float:
    """(sum w)^2 / sum w^2 over samples; counts (values,): how many samples have each weight."""
    counts = np.ones(len(weights)) if counts is None else counts
    squares = float((counts * weights**2).sum())
    return float((counts * weights).sum()) ** 2 / squares if squares else 0.0


def effective_counts(
    weights: np.ndarray, counts: np.ndarray | None = None, *, enough: int = ENOUGH, what: str = "prior samples"
) -> np.ndarray:
    """Weighted counts in all as many as the effective sample size, (values,) int64; ValueError if it is too small.

    As many unweighted samples would know the mean of a function of the values about as well.
    """
    counts = np.ones(len(weights)) if counts is None else counts
    size = effective_sample_size(weights, counts)
    if size < enough:
        factor = enough / max(size, 1)
        raise ValueError(
            f"an effective sample size of {size:.0f} of {counts.sum():,.0f} {what}; expected at least {enough}: about "
            f"{ceil(factor * counts.sum()):,} would do"
        )
    return apportioned(counts * weights, size)


def apportioned(masses: np.ndarray, size: float) -> np.ndarray:
    """Whole numbers in the ratio of the masses whose sum is the size, (values,) int64.

    Sums up to each value are rounded: with each value rounded by itself, all that are rare would be lost.
    """
    sums = np.rint(np.cumsum(masses) / masses.sum() * size).astype(np.int64)
    return np.diff(sums, prepend=0)


def on_common_values(first: FunctionCounts, second: FunctionCounts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The functions of either sample (functions, words), and the counts of each in both, (functions,) int64."""
    words, where = np.unique(np.concatenate([first.words, second.words]), axis=0, return_inverse=True)
    where = where.reshape(-1)
    counts = np.zeros((2, len(words)), np.int64)
    counts[0, where[: first.distinct]] = first.counts
    counts[1, where[first.distinct :]] = second.counts
    seen = counts.sum(axis=0) > 0  # weighted counts may be rounded to 0
    return words[seen], counts[0, seen], counts[1, seen]


def mean_of(values: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Mean over problems, which are fixed, and its standard error from those of each problem; nan if there are none."""
    if not len(values):
        return float("nan"), float("nan")
    return float(values.mean()), sqrt(float(np.square(errors).sum())) / len(values)
