"""Normalised scores, on one scale for all tasks: 0 is the best constant prediction of a split, 1 the best possible.

Pure functions of arrays. Notation: q is the prediction, p the Bayes posterior, m the marginal of the split.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

VERSION = 2
"""Version of the metrics, part of the key of every cell: increase it with every change that changes a value."""

MIXING_WEIGHT = 0.05
"""Share of the training marginal that every prediction is mixed with before "information" is computed: tree ensembles
give some target classes probability 0, whose logarithm is infinite."""

FLOOR = 1e-12
"""Lower bound of probabilities in a log loss without mixing."""


@dataclass(frozen=True)
class Scored:
    """Metrics of one predictor on one split, and the values per example.

    metrics      name -> value; "score" is the one on the common scale. It may be NaN if it is not defined, as when all
                 targets are equal. "score_error" is its standard error over the examples, "accuracy_error" that of
                 accuracy: the uncertainty within a single seed
    per_example  (n,) values per example: bool if correct or wrong, else float32
    """

    metrics: dict[str, float]
    per_example: np.ndarray


def score_classes(
    predicted: np.ndarray, targets: np.ndarray, slices: Mapping[str, np.ndarray], *, with_oracle: bool = True
) -> Scored:
    """Score predictions of a deterministic task by exact match above chance.

    predicted    (n, outputs, classes) probabilities; ties go to the lower class
    targets      (n, outputs)
    slices       (n,) labels give "score[name=label]", (n, outputs) labels give "accuracy[name=label]", each with its
                 standard error ("..._error") and the number of its examples or outputs ("count[name=label]")
    with_oracle  False for real data without a known rule, where the best possible accuracy may be less than 1: then
                 there is no score

    The chance predictor always predicts the most frequent target vector of the split.
    """
    right = predicted.argmax(-1) == targets  # (n, outputs)
    exact = right.all(axis=1)
    chance = _modal_share(targets)
    metrics = {
        "exact_match": float(exact.mean()),
        "chance": chance,
        "accuracy": float(right.mean()),
        "log_loss": _log_loss(predicted, targets),
    }
    if with_oracle:
        metrics["score"] = _above_chance(metrics["exact_match"], chance)
        metrics["score_error"] = standard_error(exact) / (1 - chance) if chance < 1 else math.nan
    else:
        metrics["accuracy_error"] = standard_error(right.mean(axis=1))
    for name, labels in slices.items():
        for label in np.unique(labels):
            key, rows = f"[{name}={slice_label(label)}]", labels == label
            metrics[f"count{key}"] = float(rows.sum())
            if labels.ndim == 1:
                constant = _modal_share(targets[rows])
                metrics[f"score{key}"] = _above_chance(float(exact[rows].mean()), constant)
                metrics[f"score{key}_error"] = (
                    standard_error(exact[rows]) / (1 - constant) if constant < 1 else math.nan
                )
            else:
                metrics[f"accuracy{key}"] = float(right[rows].mean())
                metrics[f"accuracy{key}_error"] = clustered_error(right, rows)
    return Scored(metrics, exact)


def score_posterior(
    predicted: np.ndarray,
    targets: np.ndarray,
    posterior: np.ndarray,
    marginal: np.ndarray,
    slices: Mapping[str, np.ndarray],
) -> Scored:
    """Score predictions of an ambiguous task against the Bayes posterior: (D_c - D) / (D_c + D), at least -1.

    predicted  (n, outputs, classes) q
    posterior  (n, outputs, classes) p
    marginal   (outputs, classes) of the TRAINING targets; only "information" uses it

    D is the mean squared distance E|q-p|^2, D_c = E|m-p|^2 that of the best constant prediction. `per_example` is the
    squared distance. Further metrics:
    "information"  1 - KL(p||q') / KL(p||m), where q' is q mixed with a share MIXING_WEIGHT of the training marginal
    "mass"         probability of the possible answers (those with p > 0), mean over examples and outputs
    "support"      share of examples whose k most probable answers are the k possible ones, in every output; an answer
                   that is as probable as an impossible one does not count as more probable
    """
    mean = posterior.mean(axis=0)  # m
    distance = np.square(predicted - posterior).sum(axis=(1, 2))  # (n,)
    chance = np.square(mean - posterior).sum(axis=(1, 2))
    mixed = (1 - MIXING_WEIGHT) * predicted + MIXING_WEIGHT * marginal
    possible = posterior > 0
    mass = np.where(possible, predicted, 0.0).sum(axis=2).mean(axis=1)  # (n,)
    least_possible = np.where(possible, predicted, np.inf).min(axis=2)  # (n, outputs)
    largest_impossible = np.where(possible, -np.inf, predicted).max(axis=2)
    support = (least_possible > largest_impossible).all(axis=1)  # (n,)
    metrics = {
        "score": posterior_score(distance, chance),
        "score_error": contrast_error(distance, chance),
        "squared_distance": float(distance.mean()),
        "chance": float(chance.mean()),
        "mass": float(mass.mean()),
        "mass_error": standard_error(mass),
        "support": float(support.mean()),
        "support_error": standard_error(support),
        "information": _skill(
            _divergence(posterior, mixed), _divergence(posterior, np.broadcast_to(mean, mixed.shape))
        ),
        "log_loss": _log_loss(predicted, targets),
    }
    for name, labels in slices.items():
        for label in np.unique(labels):
            key, rows = f"[{name}={slice_label(label)}]", labels == label
            constant = np.square(posterior[rows].mean(axis=0) - posterior[rows]).sum(axis=(1, 2))
            metrics[f"count{key}"] = float(rows.sum())
            metrics[f"score{key}"] = posterior_score(distance[rows], constant)
            metrics[f"score{key}_error"] = contrast_error(distance[rows], constant)
    return Scored(metrics, distance.astype(np.float32))


def score_values(predicted: np.ndarray, targets: np.ndarray, slices: Mapping[str, np.ndarray]) -> Scored:
    """Score predictions of real targets, both (n, outputs): (D_c - D) / (D_c + D), at least -1.

    D is the mean squared error, D_c that of the mean of the split. `per_example` is the squared error, a mean over the
    outputs.
    """
    squared = np.square(predicted - targets).mean(axis=1)  # (n,)
    chance = np.square(targets - targets.mean(axis=0)).mean(axis=1)
    mse, constant = float(squared.mean()), float(chance.mean())
    metrics = {"score": _contrast(mse, constant), "mse": mse, "chance": constant}
    metrics["score_error"] = contrast_error(squared, chance)
    for name, labels in slices.items():
        for label in np.unique(labels):
            key, rows = f"[{name}={slice_label(label)}]", labels == label
            constant_errors = np.square(targets[rows] - targets[rows].mean(axis=0)).mean(axis=1)
            metrics[f"count{key}"] = float(rows.sum())
            metrics[f"score{key}"] = _contrast(squared[rows].mean(), constant_errors.mean())
            metrics[f"score{key}_error"] = contrast_error(squared[rows], constant_errors)
    return Scored(metrics, squared.astype(np.float32))


def posterior_score(distance: np.ndarray, chance: np.ndarray) -> float:
    """(D_c - D) / (D_c + D) of squared distances to the posterior, (n,) each: of the predictions, of the best constant.

    NaN if the posterior is the same for all examples.
    """
    return _contrast(distance.mean(), chance.mean()) if chance.mean() > FLOOR else math.nan


def contrast_error(losses: np.ndarray, chances: np.ndarray) -> float:
    """Standard error of (C - L) / (C + L), with the means L and C of (n,) losses, by the delta method."""
    loss, chance = losses.mean(), chances.mean()
    if loss + chance == 0:
        return math.nan
    return float(2 / (chance + loss) ** 2 * standard_error(chance * losses - loss * chances))


def marginal(targets: np.ndarray, classes: int) -> np.ndarray:
    """Frequencies of the classes, (outputs, classes), of targets (n, outputs)."""
    return np.stack([np.bincount(column, minlength=classes) for column in targets.T]) / len(targets)


def log_loss(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Mean log loss in bits per output; probabilities are at least FLOOR."""
    return _log_loss(predicted, targets)


def standard_error(values: np.ndarray) -> float:
    """Standard error of the mean of (n,) values.

    For bool values by Agresti and Coull (1998), so that it is not 0 if all of the values are equal.
    """
    if values.dtype == bool:
        n = len(values) + 4
        share = (values.sum() + 2) / n
        return math.sqrt(share * (1 - share) / n)
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def clustered_error(values: np.ndarray, chosen: np.ndarray) -> float:
    """Standard error of the mean of some outputs of n examples; the outputs of one example may depend on each other.

    values, chosen  (n, outputs) bool: the mean is that of `values[chosen]`

    The sandwich estimator with the examples as clusters, floored by the error of as many independent outputs
    (`standard_error`), which is not 0 if all of them are equal.
    """
    picked = values[chosen]
    residuals = np.where(chosen, values - picked.mean(), 0.0).sum(axis=1)  # (n,)
    return max(float(np.sqrt(np.square(residuals).sum())) / len(picked), standard_error(picked))


def _modal_share(targets: np.ndarray) -> float:
    """Share of the most frequent target vector."""
    _, counts = np.unique(targets, axis=0, return_counts=True)
    return float(counts.max() / len(targets))


def _above_chance(exact: float, chance: float) -> float:
    return (exact - chance) / (1 - chance) if chance < 1 else math.nan


def _skill(loss: np.ndarray, chance: np.ndarray) -> float:
    """Skill score: 0 for the loss of the chance predictor, 1 for no loss."""
    return float(1 - loss.mean() / chance.mean()) if chance.mean() > FLOOR else math.nan


def _contrast(loss: float, chance: float) -> float:
    """Score in [-1, 1]: 0 for the loss of the chance predictor, 1 for no loss."""
    return float((chance - loss) / (chance + loss)) if chance + loss > 0 else math.nan


def _log_loss(predicted: np.ndarray, targets: np.ndarray) -> float:
    of_targets = np.take_along_axis(predicted, targets[..., None], axis=-1)
    return float(-np.log2(np.maximum(of_targets, FLOOR)).mean())


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """KL(p||q) in bits, summed over the outputs: (n,)."""
    return np.where(p > 0, p * np.log2(np.maximum(p, FLOOR) / np.maximum(q, FLOOR)), 0.0).sum(axis=(1, 2))


def slice_label(label: object) -> str:
    """A label as part of the name of a metric."""
    return str(int(label)) if isinstance(label, (np.integer, np.bool_)) else str(label)
