"""Support vector machine with a Gaussian kernel."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .base import BUDGET, Problem, Spec
from .estimators import EstimatorLearner
from .parameters import number

FOLDS = 3
"""Number of cross-validation folds for calibration."""

INVERSE_TEMPERATURES = np.geomspace(0.001, 50.0, 33)
"""Inverse temperatures tried in calibration: from uninformative to almost certain."""

UNIFORM_WEIGHTS = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Weights tried for mixing with the uniform distribution; none of them changes the order of the classes."""

MIN_LIKELIHOOD = 1e-12
"""Lower bound on likelihoods."""

MAX_PRECOMPUTED = 5000
"""Up to this many training examples the kernel matrix is computed once (200 MB) for all outputs and folds."""

MAX_EXAMPLES = 10_000
"""Maximum number of training examples: beyond it the solver takes many minutes for an output of many classes."""

CALIBRATION_EXAMPLES = 1000
"""Approximate number of held-out examples for calibration: if one fold has that many, the other folds are skipped."""


@dataclass(frozen=True)
class Kernel(EstimatorLearner):
    """Support vector machine (Gaussian kernel): smooth in the encoding, constant far from all data.

    Classification is one-vs-rest with calibrated probabilities: the softmax of the scores divided by a temperature,
    mixed with the uniform distribution. Temperature and weight of the mixture are chosen per output to maximise the
    likelihood of held-out examples (FOLDS-fold cross-validation); neither changes the most probable class. A held-out
    example of a class that is absent from the other folds counts as an error. If nothing can be held out (a single
    example of all classes but one), the temperature is 1 and the weight 0. For real targets: one regression per output.

    C         inverse regularisation strength
    gamma     inverse squared width of the kernel, in units of 1 / (features * their variance)
    epsilon   of the regression: smaller errors have no loss; in standard deviations of the target
    max_iter  maximum number of solver iterations
    """

    name = "kernel"
    preload = ("sklearn.svm",)
    search_space = (("C", (10.0, 1.0, 100.0, 1000.0)), ("gamma", (1.0, 0.1, 0.3, 3.0)))
    kind = "kernel"
    version = 3
    multi_output = True

    renamed: ClassVar[Mapping[str, str]] = {"strength": "C", "tube": "epsilon", "iterations": "max_iter"}

    C: float = number(10.0, above=0)
    gamma: float = number(1.0, above=0)
    epsilon: float = number(0.01, at_least=0)
    max_iter: int = number(1_000_000, at_least=1)

    def accepts(self, spec: Spec) -> str | None:
        if spec.n is not None and spec.n > MAX_EXAMPLES:
            return f"a kernel matrix of {spec.n} examples is too large; at most {MAX_EXAMPLES}"
        return super().accepts(spec)

    def classifier(self, problem: Problem) -> Any:
        return CalibratedSVC(self, problem.seed)

    def regressor(self, problem: Problem) -> Any:
        return MultiOutputSVR(self, problem.seed)

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # reported in the record
            super().train(model, features, targets)

    def record(self, model: Any) -> dict[str, Any]:
        return {"stopped": BUDGET} if any(svm.fit_status_ for svm in model.svms) else {}


@dataclass
class SharedKernel:
    """Base class of the two estimators: the kernel matrix is computed once for all outputs and all folds.

    svms  the support vector machines fitted to all examples, one per output
    """

    learner: Kernel
    seed: int

    def prepare(self, features: np.ndarray) -> np.ndarray:
        """Store the training examples (n, features); returns the input of the SVMs: (n, n), or (n, features)."""
        self.training_features = features.astype(np.float64)
        variance = self.training_features.var()
        self.gamma = self.learner.gamma / (features.shape[1] * variance) if variance > 0 else self.learner.gamma
        self.precomputed = len(features) <= MAX_PRECOMPUTED
        return self.kernel_inputs(features)

    def kernel_inputs(self, features: np.ndarray) -> np.ndarray:
        """Examples (m, features) as input of the fitted SVMs: (m, n) kernel values, or unchanged if n is large."""
        if not self.precomputed:
            return features
        left, right = features.astype(np.float64), self.training_features
        squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
        return np.exp(-self.gamma * np.maximum(squares, 0.0))

    @property
    def settings(self) -> dict[str, Any]:
        """Arguments of each SVC or SVR."""
        kernel = {"kernel": "precomputed"} if self.precomputed else {"kernel": "rbf", "gamma": self.gamma}
        return {"C": self.learner.C, "max_iter": self.learner.max_iter, **kernel}


@dataclass
class CalibratedSVC(SharedKernel):
    """Calibrated support vector classifiers; calibration: (inverse temperature, uniform weight) per output."""

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit to dense labels of at least two classes per output, (n,) or (n, outputs)."""
        columns = targets.reshape(len(targets), -1).T
        kernel_inputs = self.prepare(features)
        self.svms = [self._fit_svc(kernel_inputs, column) for column in columns]
        scores: list[list[np.ndarray]] = [[] for _ in columns]
        labels: list[list[np.ndarray]] = [[] for _ in columns]
        folds = np.random.default_rng(self.seed).permutation(len(targets)) % FOLDS
        sufficient = -(-CALIBRATION_EXAMPLES * FOLDS // len(targets))
        for fold in range(min(FOLDS, sufficient, len(targets))):
            training, held_out = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            training_inputs, held_out_inputs = (
                kernel_inputs[rows][:, training] if self.precomputed else kernel_inputs[rows]
                for rows in (training, held_out)
            )
            for output, column in enumerate(columns):
                classes = np.unique(column[training])
                if len(classes) < 2:  # noqa: PLR2004 -- a classifier needs two classes
                    continue
                decision = _scores(self._fit_svc(training_inputs, column[training]), held_out_inputs)
                padded = np.repeat(decision.min(1, keepdims=True), column.max() + 1, axis=1)  # absent: the lowest score
                padded[:, classes] = decision
                scores[output].append(padded)
                labels[output].append(column[held_out])
        self.calibration = [
            _calibrate(*parts) if parts[0] else (1.0, 0.0) for parts in zip(scores, labels, strict=True)
        ]

    def predict_proba(self, features: np.ndarray) -> list[np.ndarray]:
        """(n, features) -> (n, classes) for each output."""
        kernel_inputs = self.kernel_inputs(features)
        return [
            _probabilities(_scores(svm, kernel_inputs), *calibration)
            for svm, calibration in zip(self.svms, self.calibration, strict=True)
        ]

    def _fit_svc(self, kernel_inputs: np.ndarray, targets: np.ndarray) -> Any:
        from sklearn.svm import SVC  # noqa: PLC0415

        return SVC(**self.settings).fit(kernel_inputs, targets)


@dataclass
class MultiOutputSVR(SharedKernel):
    """One support vector regression per output, on standardised targets."""

    def fit(self, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit features (n, features) to targets (n, outputs), or (n,) for one output."""
        targets = targets.reshape(len(targets), -1)
        from sklearn.svm import SVR  # noqa: PLC0415

        self.mean, deviation = targets.mean(0), targets.std(0)
        self.deviation = np.where(deviation > 0, deviation, 1.0)
        kernel_inputs, standard = self.prepare(features), (targets - self.mean) / self.deviation
        self.svms = [
            SVR(**self.settings, epsilon=self.learner.epsilon).fit(kernel_inputs, column) for column in standard.T
        ]

    def predict(self, features: np.ndarray) -> np.ndarray:
        """(n, features) -> (n, outputs)."""
        kernel_inputs = self.kernel_inputs(features)
        return self.mean + self.deviation * np.stack([svm.predict(kernel_inputs) for svm in self.svms], axis=1)


def _scores(svm: Any, features: np.ndarray) -> np.ndarray:
    """One decision score per class, (n, classes); higher is more likely."""
    scores = svm.decision_function(features)
    return np.stack([-scores / 2, scores / 2], axis=1) if scores.ndim == 1 else scores


def _calibrate(parts: list[np.ndarray], label_parts: list[np.ndarray]) -> tuple[float, float]:
    """Inverse temperature and uniform weight that maximise the likelihood of held-out labels.

    parts        held-out scores, (n, classes) each
    label_parts  their labels, (n,) each
    """
    subset = slice(None, None, max(1, sum(map(len, label_parts)) // CALIBRATION_EXAMPLES))
    scores, labels = np.concatenate(parts)[subset], np.concatenate(label_parts)[subset]
    best = (-np.inf, 1.0, 0.0)
    for inverse_temperature in INVERSE_TEMPERATURES.tolist():
        likelihoods = _probabilities(scores, inverse_temperature, 0.0)[np.arange(len(labels)), labels]
        for uniform_weight in UNIFORM_WEIGHTS:
            likelihood = np.log(
                np.maximum((1 - uniform_weight) * likelihoods + uniform_weight / scores.shape[1], MIN_LIKELIHOOD)
            ).mean()
            best = max(best, (float(likelihood), inverse_temperature, uniform_weight))
    return best[1], best[2]


def _probabilities(scores: np.ndarray, inverse_temperature: float, uniform_weight: float) -> np.ndarray:
    """Probabilities (n, classes) from scores (n, classes)."""
    powers = np.exp(inverse_temperature * (scores - scores.max(-1, keepdims=True)))
    return (1 - uniform_weight) * powers / powers.sum(-1, keepdims=True) + uniform_weight / scores.shape[1]
