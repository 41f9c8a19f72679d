"""Linear smoothers: predictions that are a fixed weighted sum of the training targets, and their effective parameters.

Random Fourier features (minimum-norm least squares and ridge), forests, gradient boosting, and what is computed of them
for `double-descent`. The weights of a smoother are a matrix (points, examples): prediction = weights @ targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

RIDGES = np.logspace(-10, 1, 34)
"""Ridge penalties to select from, in units of the largest squared singular value of the features: a third of a decade
apart, from next to none to one that leaves little."""


def effective_parameters(weights: np.ndarray) -> float:
    """Effective number of parameters of a linear smoother: (n / points) * sum of the squared weights.

    weights  (points, n): the weight of each of n training targets in the prediction at each point

    n / k for the mean of k neighbours, n if each point has one training target, p for least squares with p linearly
    independent features on the training inputs (Curth et al. 2023, arXiv 2310.18988).
    """
    if weights.ndim != 2 or weights.size == 0:  # noqa: PLR2004 -- a matrix
        raise ValueError(f"weights of shape {weights.shape}; expected (points, examples), both at least 1")
    points, examples = weights.shape
    return float(examples / points * np.square(weights).sum())


def fourier_features(
    inputs: Sequence[np.ndarray], count: int, bandwidth: float, generator: np.random.Generator
) -> tuple[np.ndarray, ...]:
    """Random Fourier features of each set of inputs in `inputs`, (sets, ...) -> one (examples, count) a set.

    inputs     a sequence of arrays (examples, dimensions)
    bandwidth  s of the Gaussian kernel exp(-|x - y|^2 / (2 s^2)), which the inner product of the features approximates

    sqrt(2 / count) cos(<w, x> + b), w normal with standard deviation 1 / s, b uniform (Rahimi and Recht 2007).
    """
    if count < 1 or bandwidth <= 0:
        raise ValueError(f"{count} features with bandwidth {bandwidth}; expected at least 1 and a positive number")
    frequencies = generator.normal(scale=1 / bandwidth, size=(inputs[0].shape[1], count))
    phases = generator.uniform(0, 2 * np.pi, count)
    return tuple(np.sqrt(2 / count) * np.cos(one @ frequencies + phases) for one in inputs)


@dataclass(frozen=True)
class LeastSquares:
    """Linear least squares from a singular value decomposition of the features, with any ridge penalty.

    left, singular, right  features = left @ diag(singular) @ right: (n, r), (r,), (r, N), singular values above the
                           rounding error only
    """

    left: np.ndarray
    singular: np.ndarray
    right: np.ndarray

    def shrinkage(self, ridge: float) -> np.ndarray:
        """What each direction is multiplied by, (r,): s / (s^2 + ridge * s_max^2); 1 / s without a penalty.

        A ridge of 0 gives the solution of smallest norm among those of least squared error.
        """
        if ridge < 0:
            raise ValueError(f"ridge penalty {ridge}; expected at least 0")
        return self.singular / (self.singular**2 + ridge * self.singular[0] ** 2)

    def weights(self, features: np.ndarray, ridge: float = 0.0) -> np.ndarray:
        """Smoother weights at points with these features, (points, N) -> (points, n)."""
        return (features @ self.right.T * self.shrinkage(ridge)) @ self.left.T

    def coefficient_norm(self, targets: np.ndarray, ridge: float = 0.0) -> float:
        """Norm of the coefficients, over all columns of targets (n, outputs)."""
        return float(np.linalg.norm(self.shrinkage(ridge)[:, None] * (self.left.T @ targets)))

    def leave_one_out(self, targets: np.ndarray, ridge: float) -> float:
        """Mean squared error of leave-one-out cross-validation on the training data, in closed form (PRESS)."""
        hat = self.shrinkage(ridge) * self.singular
        residuals = targets - (self.left * hat) @ (self.left.T @ targets)
        leverage = np.square(self.left) @ hat
        return float(np.mean(np.square(residuals / (1 - leverage)[:, None])))

    def tuned_ridge(self, targets: np.ndarray) -> float:
        """The penalty of `RIDGES` with the smallest error in leave-one-out cross-validation."""
        return float(min(RIDGES, key=lambda ridge: self.leave_one_out(targets, ridge)))


def least_squares(features: np.ndarray) -> LeastSquares:
    """Decompose the features (n, N) of the training examples."""
    left, singular, right = np.linalg.svd(features, full_matrices=False)
    kept = singular > singular[0] * max(features.shape) * np.finfo(float).eps
    return LeastSquares(left[:, kept], singular[kept], right[kept])


def grow_forest(
    inputs: np.ndarray, labels: np.ndarray, leaves: int, trees: int, *, defaults: bool, seed: int
) -> RandomForestRegressor | RandomForestClassifier:
    """A forest whose trees have at most `leaves` leaves.

    inputs, labels  (n, dimensions), (n,)
    defaults        scikit-learn's classifier as it is (bootstrap samples); else regression on one-hot targets without
                    bootstrap and with a random sqrt(dimensions) of the inputs at each split, so that a full tree
                    interpolates
    """
    if leaves < 2 or trees < 1:  # noqa: PLR2004 -- a split
        raise ValueError(f"{trees} trees of {leaves} leaves; expected at least 1 tree of 2 leaves")
    if defaults:
        return RandomForestClassifier(trees, max_leaf_nodes=leaves, random_state=seed).fit(inputs, labels)
    one_hot = (labels[:, None] == np.unique(labels)).astype(float)
    sqrt: Any = "sqrt"  # scikit-learn's own annotation allows numbers only
    forest = RandomForestRegressor(trees, max_leaf_nodes=leaves, bootstrap=False, max_features=sqrt, random_state=seed)
    return forest.fit(inputs, one_hot)


def forest_weights(
    forest: RandomForestRegressor | RandomForestClassifier,
    inputs: np.ndarray,
    points: np.ndarray,
    counts: Sequence[int],
) -> Iterator[np.ndarray]:
    """Smoother weights of the first 1, 2, ... trees at some points, (points, n), for each of `counts` (increasing).

    inputs  (n, dimensions): the training inputs, in the order of the fit

    The weight of an example in a tree is the number of times that it was sampled, if it shares the leaf of the point,
    over that of all examples in the leaf.
    """
    if list(counts) != sorted(set(counts)) or not 1 <= counts[0] <= counts[-1] <= len(forest.estimators_):
        raise ValueError(f"counts {list(counts)}; expected increasing numbers from 1 to {len(forest.estimators_)}")
    own, other = forest.apply(inputs), forest.apply(points)  # (n, trees), (points, trees)
    samples = forest.estimators_samples_ if forest.bootstrap else None
    total = np.zeros((len(points), len(inputs)))
    for tree in range(counts[-1]):
        times = np.ones(len(inputs)) if samples is None else np.bincount(samples[tree], minlength=len(inputs))
        share = times / np.maximum(np.bincount(own[:, tree], weights=times)[own[:, tree]], 1)
        total += np.where(other[:, tree, None] == own[None, :, tree], share, 0.0)
        if tree + 1 in counts:
            yield total / (tree + 1)


def boosting_weights(
    inputs: np.ndarray,
    targets: np.ndarray,
    points: np.ndarray,
    rounds: Sequence[int],
    *,
    leaves: int,
    learning_rate: float,
    seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Smoother weights of gradient boosting on squared loss, at the training inputs and at some points.

    inputs, targets  (n, dimensions), (n, outputs)
    points           (points, dimensions)
    rounds           increasing numbers of rounds; one pair (n, n), (points, n) is given for each
    leaves           largest number of leaves of a tree, which splits on a random sqrt(dimensions) of the inputs

    A tree is fitted to what is left of the targets, and a share `learning_rate` of it is added: with L the weights of
    the tree and S those so far, S + learning_rate L (1 - S on the training inputs). It starts from 0.
    """
    if list(rounds) != sorted(set(rounds)) or rounds[0] < 1 or leaves < 2:  # noqa: PLR2004 -- a split
        raise ValueError(f"rounds {list(rounds)}, {leaves} leaves; expected increasing numbers from 1 and 2 leaves")
    n, rng, sqrt = len(inputs), np.random.default_rng(seed), "sqrt"
    fitted, predicted = np.zeros((n, n), np.float32), np.zeros((len(points), n), np.float32)
    own_inputs, other_inputs = inputs.astype(np.float32), points.astype(np.float32)
    for count in range(1, rounds[-1] + 1):
        left = targets - fitted @ targets
        state = int(rng.integers(2**31))
        tree = DecisionTreeRegressor(max_leaf_nodes=leaves, max_features=sqrt, random_state=state).fit(own_inputs, left)
        names, own = np.unique(tree.apply(own_inputs), return_inverse=True)
        other = np.searchsorted(names, tree.apply(other_inputs))
        members = (own == np.arange(len(names))[:, None]).astype(np.float32)  # (leaves, n)
        members /= members.sum(axis=1, keepdims=True)
        step = np.float32(learning_rate) * (members - members @ fitted)
        fitted += step[own]
        predicted += step[other]
        if count in rounds:
            yield fitted.copy(), predicted.copy()
