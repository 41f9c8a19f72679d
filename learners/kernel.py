"""Support vector machine with a Gaussian kernel."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from .base import Problem, Spec
from .estimators import EstimatorLearner
from .parameters import number

FOLDS = 3
"""Number of cross-validation folds for calibration."""

SLOPES = np.geomspace(0.001, 50.0, 33)
"""Inverse temperatures tried in calibration: from uninformative to almost certain."""

DOUBTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Weights tried for mixing with the uniform distribution; none of them changes the order of the classes."""

TINY = 1e-12
"""Lower bound on likelihoods."""

SHARED = 5000
"""Up to this many training examples the kernel matrix is computed once (200 MB) and shared by all outputs and folds."""

LARGEST = 10_000
"""Maximum number of training examples: beyond it the solver takes many minutes for an output of many classes."""

LEFT_OUT = 1000
"""Approximate number of held-out examples for calibration: if one fold has that many, the other folds are skipped."""


@dataclass(frozen=True)
class Kernel(EstimatorLearner):
    """Support vector machine (Gaussian kernel): smooth in the encoding, constant far from all data.

    Classification is one-vs-rest with calibrated probabilities: the softmax of the scores times an inverse temperature
    (slope), mixed with the uniform distribution (doubt). Both are chosen per output to maximise the likelihood of
    held-out examples (FOLDS-fold cross-validation); the most probable class stays the machine's own decision. A
    held-out example of a class that is absent from the other folds counts as an error. If nothing can be held out (a
    single example of all classes but one), slope is 1 and doubt 0. For real targets: one regression per output.

    strength    inverse regularisation strength (C)
    gamma       inverse squared width of the kernel, in units of 1 / (features * their variance)
    tube        epsilon of the regression: errors below it cost nothing; in standard deviations of the target
    iterations  maximum number of solver iterations
    """

    name = "kernel"
    preload = ("sklearn.svm",)
    search_space = (("strength", (10.0, 1.0, 100.0, 1000.0)), ("gamma", (1.0, 0.1, 0.3, 3.0)))
    kind = "kernel"
    version = 3
    several_outputs = True

    strength: float = number(10.0, above=0)
    gamma: float = number(1.0, above=0)
    tube: float = number(0.01, at_least=0)
    iterations: int = number(1_000_000, at_least=1)

    def accepts(self, spec: Spec) -> str | None:
        if spec.n is not None and spec.n > LARGEST:
            return f"a kernel between all pairs of {spec.n} examples is too much; at most {LARGEST}"
        return super().accepts(spec)

    def classifier(self, problem: Problem) -> Any:
        return SureSVC(self, problem.seed)

    def regressor(self, problem: Problem) -> Any:
        return SeveralSVR(self, problem.seed)

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # reported in the record
            super().train(model, features, targets)

    def record(self, model: Any) -> dict[str, Any]:
        return {"still_falling": any(machine.fit_status_ for machine in model.machines)}


@dataclass
class Machines:
    """Base class of the two machines: the kernel matrix is computed once for all outputs and all folds.

    machines  the machines fitted to all examples, one per output
    """

    learner: Kernel
    seed: int

    def prepare(self, features: np.ndarray) -> np.ndarray:
        """Store the training examples (n, features); returns the machines' input: (n, n), or (n, features) if large."""
        self.known = features.astype(np.float64)
        variance = self.known.var()
        self.gamma = self.learner.gamma / (features.shape[1] * variance) if variance > 0 else self.learner.gamma
        self.shared = len(features) <= SHARED
        return self.seen(features)

    def seen(self, features: np.ndarray) -> np.ndarray:
        """Examples (m, features) as input of the fitted machines: (m, n) kernel values, or unchanged if n is large."""
        if not self.shared:
            return features
        left, right = features.astype(np.float64), self.known
        squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
        return np.exp(-self.gamma * np.maximum(squares, 0.0))

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of each machine."""
        kernel = {"kernel": "precomputed"} if self.shared else {"kernel": "rbf", "gamma": self.gamma}
        return {"C": self.learner.strength, "max_iter": self.learner.iterations, **kernel}


@dataclass
class SureSVC(Machines):
    """Calibrated support vector classifiers; sureness: (slope, doubt) per output."""

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit to dense labels of at least two classes per output, (n,) or (n, outputs)."""
        columns = targets.reshape(len(targets), -1).T
        seen = self.prepare(features)
        self.machines = [self._machine(seen, column) for column in columns]
        scores: list[list[np.ndarray]] = [[] for _ in columns]
        wanted: list[list[np.ndarray]] = [[] for _ in columns]
        folds = np.random.default_rng(self.seed).permutation(len(targets)) % FOLDS
        enough = -(-LEFT_OUT * FOLDS // len(targets))
        for fold in range(min(FOLDS, enough, len(targets))):
            inside, outside = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            within, across = (seen[rows][:, inside] if self.shared else seen[rows] for rows in (inside, outside))
            for output, column in enumerate(columns):
                known = np.unique(column[inside])
                if len(known) < 2:  # noqa: PLR2004 -- a classifier needs two classes
                    continue
                own = _scores(self._machine(within, column[inside]), across)
                padded = np.repeat(own.min(1, keepdims=True), column.max() + 1, axis=1)  # absent: the lowest score
                padded[:, known] = own
                scores[output].append(padded)
                wanted[output].append(column[outside])
        self.sureness = [_calibrate(*parts) if parts[0] else (1.0, 0.0) for parts in zip(scores, wanted, strict=True)]

    def predict_proba(self, features: np.ndarray) -> list[np.ndarray]:
        """(n, features) -> (n, classes) for each output."""
        seen = self.seen(features)
        return [
            _shares(_scores(machine, seen), *sureness)
            for machine, sureness in zip(self.machines, self.sureness, strict=True)
        ]

    def _machine(self, seen: np.ndarray, targets: np.ndarray) -> Any:
        from sklearn.svm import SVC  # noqa: PLC0415

        return SVC(**self.settings).fit(seen, targets)


@dataclass
class SeveralSVR(Machines):
    """One support vector regression per output, on standardised targets."""

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit features (n, features) to targets (n, outputs)."""
        from sklearn.svm import SVR  # noqa: PLC0415

        self.mean, deviation = targets.mean(0), targets.std(0)
        self.deviation = np.where(deviation > 0, deviation, 1.0)
        seen, standard = self.prepare(features), (targets - self.mean) / self.deviation
        self.machines = [SVR(**self.settings, epsilon=self.learner.tube).fit(seen, column) for column in standard.T]

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(n, features) -> (n, outputs)."""
        seen = self.seen(features)
        return self.mean + self.deviation * np.stack([machine.predict(seen) for machine in self.machines], axis=1)


def _scores(machine: Any, features: np.ndarray) -> np.ndarray:
    """One decision score per class, (n, classes); higher is more likely."""
    scores = machine.decision_function(features)
    return np.stack([-scores / 2, scores / 2], axis=1) if scores.ndim == 1 else scores


def _calibrate(parts: list[np.ndarray], labels: list[np.ndarray]) -> tuple[float, float]:
    """Slope and doubt that maximise the likelihood of the labels (n,) given held-out scores (n, classes)."""
    few = slice(None, None, max(1, sum(map(len, labels)) // LEFT_OUT))
    scores, wanted = np.concatenate(parts)[few], np.concatenate(labels)[few]
    best = (-np.inf, 1.0, 0.0)
    for slope in SLOPES.tolist():
        given = _shares(scores, slope, 0.0)[np.arange(len(wanted)), wanted]
        for doubt in DOUBTS:
            likelihood = np.log(np.maximum((1 - doubt) * given + doubt / scores.shape[1], TINY)).mean()
            best = max(best, (float(likelihood), slope, doubt))
    return best[1], best[2]


def _shares(scores: np.ndarray, slope: float, doubt: float) -> np.ndarray:
    """Probabilities (n, classes) from scores (n, classes)."""
    powers = np.exp(slope * (scores - scores.max(-1, keepdims=True)))
    return (1 - doubt) * powers / powers.sum(-1, keepdims=True) + doubt / scores.shape[1]
