"""Bits per symbol: cross-entropy in bits, for tasks of which the best possible value is unknown. Lower is better.

The metric is not on the scale from 0 (chance) to 1 (best) of metrics/scores.py. Pure functions of arrays.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .scores import MIXING_WEIGHT, Scored, log_loss, marginal, slice_label, standard_error


def score_bits(
    predicted: np.ndarray, targets: np.ndarray, training: np.ndarray, slices: Mapping[str, np.ndarray]
) -> Scored:
    """Score predictions by the mean of -log2 of the predicted probability of the target.

    predicted  (n, outputs, classes) probabilities; a share MIXING_WEIGHT of each is replaced by the smoothed training
               marginal, so that a class of probability 0 costs at most
               -log2(MIXING_WEIGHT x its marginal) bits
    targets    (n, outputs)
    training   (m, outputs): training targets for the marginal, with one added to every count
    slices     (n,) labels give "bits[name=label]", with its standard error ("..._error") and the number of its examples
               ("count[name=label]")

    "chance" is the entropy of the marginal of the split: the value of the best constant prediction. "log_loss" is
    without mixing.
    """
    classes = predicted.shape[-1]
    bits = mixed_bits(predicted, targets, training).mean(axis=1)  # (n,)
    constant = marginal(targets, classes)
    metrics = {
        "bits": float(bits.mean()),
        "bits_error": standard_error(bits),
        "chance": float(-(constant * np.log2(np.where(constant > 0, constant, 1))).sum(axis=1).mean()),
        "log_loss": log_loss(predicted, targets),
        "accuracy": float((predicted.argmax(-1) == targets).mean()),
    }
    for name, labels in slices.items():
        for label in np.unique(labels) if labels.ndim == 1 else ():
            key, chosen = f"[{name}={slice_label(label)}]", bits[labels == label]
            metrics[f"count{key}"] = float(len(chosen))
            metrics[f"bits{key}"] = float(chosen.mean())
            metrics[f"bits{key}_error"] = standard_error(chosen)
    return Scored(metrics, bits.astype(np.float32))


def mixed_bits(predicted: np.ndarray, targets: np.ndarray, training: np.ndarray) -> np.ndarray:
    """-log2 of the probability of each target, (n, outputs), after mixing with the smoothed training marginal.

    Arguments as in `score_bits`.
    """
    of_targets = np.take_along_axis(predicted, targets[..., None], axis=-1)[..., 0]
    constant = smoothed_marginal(training, predicted.shape[-1])[np.arange(targets.shape[1]), targets]
    return -np.log2((1 - MIXING_WEIGHT) * of_targets + MIXING_WEIGHT * constant)


def smoothed_marginal(targets: np.ndarray, classes: int) -> np.ndarray:
    """Laplace-smoothed frequencies of the classes, (outputs, classes), of targets (m, outputs): one added per count."""
    m = len(targets)
    return (m * marginal(targets, classes) + 1) / (m + classes)
