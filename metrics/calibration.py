"""Temperature scaling (Guo et al. 2017) of ambiguous predictions: tells overconfidence from ignorance.

One temperature is fitted on every other example of the split "id" and applied to the rest of "id" and to all other
splits. A learner that knows which answers are possible but is too sure of one of them gains score by this; a learner
that does not know them gains little.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .scores import FLOOR, contrast_error, posterior_score

TEMPERATURES = 2.0 ** np.arange(-3, 8.01, 0.25)
"""The temperatures that are tried, 1/8 to 256. They include 1, so that calibration never harms the fitted half."""


def score_calibrated(
    predicted: Mapping[str, np.ndarray], posteriors: Mapping[str, np.ndarray]
) -> dict[str, dict[str, float]]:
    """Score of predictions against the posterior after temperature scaling.

    predicted   split -> probabilities (n, outputs, classes)
    posteriors  split -> Bayes posteriors, of the same shapes

    Returns for each split "score_calibrated" and "score_calibrated_error", and "temperature" for "id". On "id" the
    score is that of the half of the examples that the temperature was not fitted on.
    """
    if len(predicted.get("id", ())) < 2:  # noqa: PLR2004 -- two halves
        return {}
    fitted = fit_temperature(predicted["id"][::2], posteriors["id"][::2])
    metrics: dict[str, dict[str, float]] = {}
    for split, probabilities in predicted.items():
        rows = slice(1, None, 2) if split == "id" else slice(None)
        posterior = posteriors[split][rows]
        distance = np.square(scaled(probabilities[rows], fitted) - posterior).sum(axis=(1, 2))
        chance = np.square(posterior.mean(axis=0) - posterior).sum(axis=(1, 2))
        metrics[split] = {
            "score_calibrated": posterior_score(distance, chance),
            "score_calibrated_error": contrast_error(distance, chance),
        }
    metrics["id"]["temperature"] = fitted
    return metrics


def fit_temperature(predicted: np.ndarray, posterior: np.ndarray) -> float:
    """The temperature of TEMPERATURES with the least mean squared distance to the posterior.

    predicted, posterior  (n, outputs, classes)
    """
    distances = [np.square(scaled(predicted, temperature) - posterior).sum() for temperature in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(distances))])


def scaled(predicted: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities (n, outputs, classes) with their logarithms divided by the temperature, normalised.

    Probabilities below FLOOR count as FLOOR, except at temperature 1, which changes nothing.
    """
    if temperature == 1:
        return predicted
    logits = np.log(np.maximum(predicted, FLOOR)) / temperature
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)
