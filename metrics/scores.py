"""One scale for all tasks: 0 is the best constant answer of a split, 1 the best answer possible.

Pure functions of arrays. Notation: q the prediction, p the Bayes posterior, m the split's marginal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

VERSION = 1
"""Part of every cell's key: change it with anything here that changes a value."""

MIXED = 0.05
"""Every prediction is mixed with this much of the training marginal before its information is measured:
forests give true classes probability 0, whose logarithm is infinite."""

FLOOR = 1e-12
"""Least probability in a log loss that is not mixed."""


@dataclass(frozen=True)
class Scored:
    """What one predictor is worth on one split.

    metrics  name -> value; "score" is the one on the common scale; may be NaN where a split cannot tell (all targets
             alike). "score_error" is its standard error over the examples, "accuracy_error" that of accuracy:
             what one seed can say of chance
    each     (n,) what the score is the mean of, per example: bool where right or wrong, else float32
    """

    metrics: dict[str, float]
    each: np.ndarray


def score_classes(
    predicted: np.ndarray, targets: np.ndarray, groups: Mapping[str, np.ndarray], *, with_oracle: bool = True
) -> Scored:
    """Score predictions of a deterministic task by exact match above chance.

    predicted    (n, outputs, classes) probabilities; ties go to the lower class
    targets      (n, outputs)
    groups       breakdowns: (n,) labels give "score[name=label]", (n, outputs) labels give "accuracy[name=label]"
    with_oracle  False for real data without a rule, where the best possible is not known to be 1: then the
                 score is left out and accuracy stands alone

    The chance predictor answers with the split's most frequent target vector.
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
        metrics["score_error"] = _standard_error(exact) / (1 - chance) if chance < 1 else math.nan
    else:
        metrics["accuracy_error"] = _standard_error(right.mean(axis=1))
    for name, labels in groups.items():
        for label in np.unique(labels):
            if labels.ndim == 1:
                rows = labels == label
                metrics[f"score[{name}={_plain(label)}]"] = _above_chance(
                    float(exact[rows].mean()), _modal_share(targets[rows])
                )
            else:
                metrics[f"accuracy[{name}={_plain(label)}]"] = float(right[labels == label].mean())
    return Scored(metrics, exact)


def score_posterior(
    predicted: np.ndarray,
    targets: np.ndarray,
    posterior: np.ndarray,
    marginal: np.ndarray,
    groups: Mapping[str, np.ndarray],
) -> Scored:
    """Score predictions of an ambiguous task against the Bayes posterior: 1 - E|q-p|^2 / E|m-p|^2.

    predicted  (n, outputs, classes) q
    posterior  (n, outputs, classes) p
    marginal   (outputs, classes) of the TRAINING targets; only the information share uses it

    "information": 1 - KL(p||q') / KL(p||m), q' = q mixed with MIXED of the training marginal, in bits.
    """
    mean = posterior.mean(axis=0)  # m
    missed = np.square(predicted - posterior).sum(axis=(1, 2))  # (n,)
    chance = np.square(mean - posterior).sum(axis=(1, 2))
    mixed = (1 - MIXED) * predicted + MIXED * marginal
    metrics = {
        "score": _share(missed, chance),
        "squared_distance": float(missed.mean()),
        "chance": float(chance.mean()),
        "information": _share(
            _divergence(posterior, mixed), _divergence(posterior, np.broadcast_to(mean, mixed.shape))
        ),
        "log_loss": _log_loss(predicted, targets),
    }
    for name, labels in groups.items():
        for label in np.unique(labels):
            rows = labels == label
            own = np.square(posterior[rows].mean(axis=0) - posterior[rows]).sum(axis=(1, 2))
            metrics[f"score[{name}={_plain(label)}]"] = _share(missed[rows], own)
    scale = chance.mean()
    each = 1 - missed / scale if scale > FLOOR else np.full(len(missed), np.nan)
    metrics["score_error"] = _standard_error(each)
    return Scored(metrics, each.astype(np.float32))


def score_values(predicted: np.ndarray, targets: np.ndarray, groups: Mapping[str, np.ndarray]) -> Scored:
    """Score predictions of real targets, both (n, outputs): (MSE_c - MSE) / (MSE_c + MSE), c the split's own mean."""
    squared = np.square(predicted - targets).mean(axis=1)  # (n,)
    chance = np.square(targets - targets.mean(axis=0)).mean(axis=1)
    mse, constant = float(squared.mean()), float(chance.mean())
    metrics = {"score": _contrast(mse, constant), "mse": mse, "chance": constant}
    if mse + constant > 0:  # by the delta method, the chance predictor's error held fixed
        metrics["score_error"] = 2 * constant / (constant + mse) ** 2 * _standard_error(squared)
    for name, labels in groups.items():
        for label in np.unique(labels):
            rows = labels == label
            own = np.square(targets[rows] - targets[rows].mean(axis=0)).mean()
            metrics[f"score[{name}={_plain(label)}]"] = _contrast(squared[rows].mean(), own)
    return Scored(metrics, squared.astype(np.float32))


def information_fit(log_loss: float, lookup: float, marginal: float) -> float:
    """How much of what can be memorised of an ambiguous training set has been: 0 its marginal, 1 what lookup knows.

    All three are log losses on the sampled training targets, in bits. NaN where there is nothing to memorise.
    """
    attainable = marginal - lookup
    return (marginal - log_loss) / attainable if attainable > FLOOR else math.nan


def marginal(targets: np.ndarray, classes: int) -> np.ndarray:
    """Frequencies of the classes, (outputs, classes), of targets (n, outputs)."""
    return np.stack([np.bincount(column, minlength=classes) for column in targets.T]) / len(targets)


def log_loss(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Mean bits an output, probabilities floored at FLOOR."""
    return _log_loss(predicted, targets)


def standard_error(each: np.ndarray) -> float:
    """Of the mean of (n,) values, NaN where one cannot tell."""
    return _standard_error(each)


def _standard_error(each: np.ndarray) -> float:
    """Of the mean of (n,) values; of shares as Agresti and Coull (1998), so that 100 of 100 right is not certainty."""
    if each.dtype == bool:
        n = len(each) + 4
        share = (each.sum() + 2) / n
        return math.sqrt(share * (1 - share) / n)
    return float(each.std(ddof=1) / math.sqrt(len(each))) if len(each) > 1 else math.nan


def _modal_share(targets: np.ndarray) -> float:
    """How often the most frequent target vector occurs."""
    _, counts = np.unique(targets, axis=0, return_counts=True)
    return float(counts.max() / len(targets))


def _above_chance(exact: float, chance: float) -> float:
    return (exact - chance) / (1 - chance) if chance < 1 else math.nan


def _share(missed: np.ndarray, chance: np.ndarray) -> float:
    return float(1 - missed.mean() / chance.mean()) if chance.mean() > FLOOR else math.nan


def _contrast(mse: float, chance: float) -> float:
    return float((chance - mse) / (chance + mse)) if chance + mse > 0 else math.nan


def _log_loss(predicted: np.ndarray, targets: np.ndarray) -> float:
    given = np.take_along_axis(predicted, targets[..., None], axis=-1)
    return float(-np.log2(np.maximum(given, FLOOR)).mean())


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """KL(p||q) in bits, summed over the outputs: (n,)."""
    return np.where(p > 0, p * np.log2(np.maximum(p, FLOOR) / np.maximum(q, FLOOR)), 0.0).sum(axis=(1, 2))


def _plain(label: object) -> str:
    """A label as it stands in a metric's name."""
    return str(int(label)) if isinstance(label, (np.integer, np.bool_)) else str(label)
