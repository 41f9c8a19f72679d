"""Analysis of the study `shuffle`: the share of the gain that survives shuffling, verdicts and published figures."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from ..analysis.intervals import NORMAL, interval
from .base import Findings, Published
from .claims import Claim, decide
from .columns import numbers, select
from .mnist1d import PACKAGE, PUBLISHED, STEPS, TESTS
from .seed_means import SeedMean

HARDLY = 0.75
"""Order hardly matters if more than this share of the gain survives."""

MOST = 0.5
"""Order matters if less than this share survives: most of the gain is lost."""

LEAST_GAIN = 0.1
"""Least gain of training in order, in bits or in accuracy, of which a share is computed."""

MEASURES = ("bits", "accuracy")
DOMAINS = {"text": "language", "equations": "arithmetic"}

LANGUAGE = {
    "bits": "language: training on shuffled words keeps most of the gain in bits",
    "accuracy": "language: training on shuffled words keeps most of the gain in accuracy",
}
ARITHMETIC = {
    "bits": "arithmetic: training on shuffled equations loses most of the gain in bits",
    "accuracy": "arithmetic: training on shuffled equations loses most of the gain in accuracy",
}
CONTRAST = {
    "bits": "more of the gain in bits survives shuffling in language than in arithmetic",
    "accuracy": "more of the gain in accuracy survives shuffling in language than in arithmetic",
}
"""The statements by measure: those of the claim `word-order` are LANGUAGE and ARITHMETIC."""

SINHA = "Sinha et al. 2021"
GREYDANUS = "Greydanus and Kobak (arXiv 2011.14439), README of the repository"
BLIND = "mlp:encoding=counts"
"""It does not see the order, so it has no share of its own: it is shown beside the MLP that does."""


def findings(rows: pd.DataFrame) -> Findings:
    """Tables, six verdicts and the published figures. Raises ValueError where there are too few rows."""
    own = rows.loc[rows["domain"] != PACKAGE]
    shares = {(measure, domain): survival(own, domain, measure) for measure, domain in product(MEASURES, DOMAINS)}
    claims: list[Claim] = []
    for measure in MEASURES:
        text, equations = (shares[measure, domain].mean(axis=1) for domain in DOMAINS)
        learners = ", ".join(text_learners(own))
        detail = f"share of the gain in {measure} that survives, mean over {learners}"
        claims += [
            Claim(LANGUAGE[measure], _mean(text), "above", detail, HARDLY, claim="word-order"),
            Claim(ARITHMETIC[measure], _mean(equations), "below", detail, MOST, claim="word-order"),
            Claim(CONTRAST[measure], _mean(text - equations), "above", f"difference of the two: {detail}"),
        ]
    tables = {"Share of the gain that survives": _shares(shares, own), "Losses": _losses(own)}
    signals = select(rows, domain=PACKAGE)
    if not signals.empty:
        tables["MNIST-1D"] = _signals(signals)
    return Findings(tables, tuple(decide(claims)), _published(shares, signals))


def _mean(by_seed: np.ndarray) -> SeedMean:
    return SeedMean(by_seed, "shuffle")


def text_learners(rows: pd.DataFrame) -> list[str]:
    """The learners of which shares are computed, in the order of the jobs."""
    return [name for name in rows["learner"].unique() if name != BLIND]


def survival(rows: pd.DataFrame, domain: str, measure: str) -> np.ndarray:
    """The share of the gain of training in order that training on shuffled examples has, (seeds, learners).

    Raises ValueError if a learner lacks a seed, has fewer than two, or gains less than LEAST_GAIN in order.
    """
    columns: list[np.ndarray] = []
    for learner in text_learners(rows):
        constant, ordered, mixed = (
            _values(rows, domain, learner, measure, one) for one in ("", "in order", "shuffled")
        )
        gain, left = ordered - constant, mixed - constant
        if measure == "bits":
            gain, left = -gain, -left
        if (gain < LEAST_GAIN).any():
            raise ValueError(
                f"{learner} on {domain}: gains {gain.min():.3f} in {measure} in order; expected at least {LEAST_GAIN}, "
                "so that a share of it can be computed"
            )
        columns.append(left / gain)
    if len({len(one) for one in columns}) != 1 or len(columns[0]) < 2:  # noqa: PLR2004 -- no spread
        raise ValueError(f"{domain}: learners with {sorted({len(one) for one in columns})} seeds; expected 2 or more")
    return np.stack(columns, axis=1)


def _gains(rows: pd.DataFrame, domain: str, learner: str, measure: str) -> tuple[np.ndarray, np.ndarray]:
    """The gain over the best constant by seed, of training in order and on shuffled examples."""
    constant, ordered, mixed = (_values(rows, domain, learner, measure, one) for one in ("", "in order", "shuffled"))
    sign = -1 if measure == "bits" else 1
    return sign * (ordered - constant), sign * (mixed - constant)


def _values(rows: pd.DataFrame, domain: str, learner: str, measure: str, presentation: str) -> np.ndarray:
    """A measure by seed, (seeds,), of a presentation; "": of the best constant prediction."""
    column = measure if presentation else f"constant_{measure}"
    own = select(rows, domain=domain, learner=learner, presentation=presentation or "in order").sort_values("seed")
    if own.empty:
        raise ValueError(f"no rows of {learner} on {domain}, {presentation}; run all jobs of the study")
    return numbers(own, column)


def _shares(shares: dict[tuple[str, str], np.ndarray], rows: pd.DataFrame) -> pd.DataFrame:
    """The share by learner and domain with its interval.

    "all" is the mean over learners, on which the verdicts are. The learner without order, BLIND, has a share of the
    gain of the MLP in order.
    """
    found = []
    for (measure, domain), values in shares.items():
        blind = _gains(rows, domain, BLIND, measure)[0] / _gains(rows, domain, "mlp", measure)[0]
        columns = [*values.T, values.mean(axis=1), blind]
        for learner, one in zip([*text_learners(rows), "all", BLIND], columns, strict=True):
            own = interval(one)
            found.append(
                {
                    "Learner": learner,
                    "Domain": DOMAINS[domain],
                    "Measure": measure,
                    "Share": own.mean,
                    "Low": own.mean - own.half_width,
                    "High": own.mean + own.half_width,
                    "Seeds": own.seeds,
                }
            )
    return pd.DataFrame(found)


def _losses(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over seeds: bits and accuracy in order and shuffled, of the best constant, and the floor without order."""
    found = []
    for domain, words in DOMAINS.items():
        for learner in rows["learner"].unique():
            one = {"Learner": learner, "Domain": words}
            for measure in MEASURES:
                for presentation in ("", "in order", "shuffled"):
                    name = f"{measure}, {presentation or 'constant'}"
                    one[name] = float(_values(rows, domain, learner, measure, presentation).mean())
            found.append({**one, "bits, best without order": numbers(select(rows, domain=domain), "floor").mean()})
    return pd.DataFrame(found)


def _signals(rows: pd.DataFrame) -> pd.DataFrame:
    """Test accuracy on MNIST-1D at the last step and at the best check, means over seeds."""
    found = []
    for learner, presentation in rows[["learner", "presentation"]].drop_duplicates().itertuples(index=False):
        own = select(rows, learner=learner, presentation=presentation)
        means = {name: numbers(own, name).mean() for name in ("accuracy", "best", "train")}
        found.append({"learner": learner, "presentation": presentation, **means, "seeds": len(own)})
    return pd.DataFrame(found)


def _published(shares: dict[tuple[str, str], np.ndarray], signals: pd.DataFrame) -> tuple[Published, ...]:
    text = interval(shares["accuracy", "text"].mean(axis=1))
    ours = f"share of the accuracy above the best constant that survives: {text.mean:.2f} ± {text.half_width:.2f}"
    found = [
        Published(
            "masked language model pre-trained on shuffled words: accuracy on MNLI",
            SINHA,
            "86.1 in order, 82.6 shuffled (of what is above the most frequent third, .93 survives)",
            f"{ours} (hidden words of the King James Bible)",
            None,
            "another task: a large transformer, fine-tuned on another task",
        )
    ]
    for model, accuracies in PUBLISHED.items():
        for presentation, published in zip(("in order", "shuffled"), accuracies, strict=True):
            own = signals if signals.empty else select(signals, learner=model, presentation=presentation)
            found.append(signal_row(model, presentation, published, own))
    return tuple(found)


def signal_row(model: str, presentation: str, published: int, own: pd.DataFrame) -> Published:
    """The row of a model of MNIST-1D.

    It agrees within the combined sampling error of both figures (1,000 test signals each, and our seeds) and half of
    the last digit.
    """
    figure, source = f"MNIST-1D: test accuracy of {model}, {presentation}", GREYDANUS
    if own.empty:
        return Published(figure, source, f"{published} %", "not run", None, "not run at this scale")
    values = numbers(own, "accuracy")
    mean, spread = float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else 0.0
    sampling = [share * (1 - share) / TESTS for share in (published / 100, mean)]
    error = NORMAL * float(np.sqrt(sum(sampling) + spread**2 + spread**2 / len(values)))
    agrees = abs(100 * mean - published) <= 100 * error + 0.5
    note = f"at step {STEPS:,}, {len(values)} seeds; at the best check {100 * numbers(own, 'best').mean():.1f} %"
    return Published(figure, source, f"{published} %", f"{100 * mean:.1f} ± {100 * error:.1f} %", agrees, note)
