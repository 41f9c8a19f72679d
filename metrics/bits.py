"""Bits a symbol: for tasks where nobody knows how few are possible. Less is better; no chance, no best, no 0 to 1.

Pure functions of arrays, beside metrics/scores.py.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .scores import MIXED, Scored, log_loss, marginal, plain, standard_error


def score_bits(
    predicted: np.ndarray, targets: np.ndarray, training: np.ndarray, groups: Mapping[str, np.ndarray]
) -> Scored:
    """Score predictions by the mean of -log2 of the probability that they gave to what came.

    predicted  (n, outputs, classes) probabilities; MIXED of each is replaced by the smoothed training marginal, so that
               a class that was thought impossible costs at most log2 of 1 / (MIXED x its share)
    targets    (n, outputs)
    training   (m, outputs): the training targets, which the marginal is counted from, one added to every count
    groups     breakdowns: (n,) labels give "bits[name=label]"

    "chance" is the entropy of the split's own marginal: what the best constant prediction costs. "log_loss" is without
    any mixing.
    """
    classes = predicted.shape[-1]
    mixed = (1 - MIXED) * predicted + MIXED * smoothed_marginal(training, classes)
    each = -np.log2(np.take_along_axis(mixed, targets[..., None], axis=-1)[..., 0]).mean(axis=1)  # (n,)
    own = marginal(targets, classes)
    metrics = {
        "bits": float(each.mean()),
        "bits_error": standard_error(each),
        "chance": float(-(own * np.log2(np.where(own > 0, own, 1))).sum(axis=1).mean()),
        "log_loss": log_loss(predicted, targets),
        "accuracy": float((predicted.argmax(-1) == targets).mean()),
    }
    for name, labels in groups.items():
        for label in np.unique(labels) if labels.ndim == 1 else ():
            metrics[f"bits[{name}={plain(label)}]"] = float(each[labels == label].mean())
    return Scored(metrics, each.astype(np.float32))


def smoothed_marginal(targets: np.ndarray, classes: int) -> np.ndarray:
    """Frequencies with one added to every count (Laplace), (outputs, classes), of targets (m, outputs)."""
    m = len(targets)
    return (m * marginal(targets, classes) + 1) / (m + classes)
