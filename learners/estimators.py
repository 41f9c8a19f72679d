"""Base class of learners made from scikit-learn estimators; handles label encoding, absent classes and multi-output."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..tasks.spaces import Space
from .base import Learner, Predictor, Problem, Spec, merged_record
from .encodings import ENCODINGS, encode, refusal
from .parameters import choice


def flat_features(inputs: np.ndarray, space: Space, encoding: str, dtype: type[np.floating] = np.float64) -> np.ndarray:
    """The encoded examples as a feature matrix, (n, features).

    float64 by default, as in scikit-learn: with float32, rounding in the variances and densities of some estimators is
    large enough that probabilities do not sum to 1.
    """
    return encode(inputs, space, encoding, dtype).reshape(len(inputs), -1)


@dataclass(frozen=True)
class EstimatorLearner(Learner):
    """A learner based on scikit-learn estimators; a new estimator is made for every training set.

    A subclass makes a classifier, a regressor or both, and declares with `multi_output` whether the classifier is
    multi-output; if not, one classifier is fitted per output. Tasks without a suitable estimator are refused.

    encoding  input encoding (learners/encodings.py)
    """

    encoding: str = choice("auto", ENCODINGS)

    multi_output = False

    def classifier(self, problem: Problem) -> Any:
        """A new classifier with `fit` and `predict_proba`."""
        raise NotImplementedError(f"{self.name} has no classifier")

    def regressor(self, problem: Problem) -> Any:
        """A new regressor with `fit` and `predict`, for targets (n, outputs)."""
        raise NotImplementedError(f"{self.name} has no regressor")

    def accepts(self, spec: Spec) -> str | None:
        if spec.outputs.symbolic and type(self).classifier is EstimatorLearner.classifier:
            return f"{self.name} has no classifier; the targets are classes"
        if not spec.outputs.symbolic and type(self).regressor is EstimatorLearner.regressor:
            return f"{self.name} has no regressor; the targets are real numbers"
        return refusal(self.encoding, spec.inputs)

    def fit(self, problem: Problem) -> Predictor:
        features = flat_features(problem.inputs, problem.input_space, self.encoding)
        if not problem.output_space.symbolic:
            model = self.regressor(problem)
            self.train(model, features, np.array(problem.targets))
            return Regressor(self, problem.input_space, model, record=self.record(model))
        outputs = problem.targets.T  # (outputs, n)
        groups = [list(range(len(outputs)))] if self.multi_output else [[column] for column in range(len(outputs))]
        models = [self._fit_classifier(problem, features, outputs[group]) for group in groups]
        records = [self.record(part.model) for part in models if part.model is not None]
        record = merged_record(records)
        return Classifier(self, problem.input_space, problem.output_space, models, record=record)

    def train(self, model: Any, features: np.ndarray, targets: np.ndarray) -> None:
        """Fit an estimator; a subclass may pass further arguments, or silence warnings that the record reports."""
        with warnings.catch_warnings():  # small training sets are intended, and so is a single real output as a column
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%", UserWarning)
            warnings.filterwarnings("ignore", "A column-vector y was passed", UserWarning)
            model.fit(features, targets)

    def record(self, model: Any) -> dict[str, Any]:  # noqa: ARG002
        """Metadata of a fitted estimator, such as `stopped` if it did not converge within its budget."""
        return {}

    def _fit_classifier(self, problem: Problem, features: np.ndarray, targets: np.ndarray) -> Outputs:
        """Fit one estimator to targets (outputs, n), with the classes of each output relabelled 0, 1, ... without gaps.

        scikit-learn accepts labels with gaps but xgboost does not, and neither accepts a single class. Each estimator
        gets a copy of the arrays: one that modifies them must not affect the next output.
        """
        found = [np.unique(column, return_inverse=True) for column in targets]
        labels = [classes for classes, _ in found]
        varying = [output for output, classes in enumerate(labels) if len(classes) > 1]
        if not varying:
            return Outputs(None, [], labels)
        dense = np.stack([found[output][1] for output in varying], axis=1)  # (n, varying outputs)
        model = self.classifier(problem)
        self.train(model, np.array(features), dense[:, 0] if len(varying) == 1 else dense)
        return Outputs(model, varying, labels)


@dataclass
class Regressor(Predictor):
    """A fitted regressor."""

    learner: EstimatorLearner
    space: Space
    model: Any

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        values = self.model.predict(flat_features(inputs, self.space, self.learner.encoding))
        return np.asarray(values, np.float64).reshape(len(inputs), -1)


@dataclass
class Outputs:
    """A classifier for some of the outputs, with dense labels; `labels` maps them back to the classes of each output.

    model is None if every one of these outputs has a single class in training.
    """

    model: Any
    varying: list[int]  # of these outputs, those with more than one class
    labels: list[np.ndarray]  # per output: dense label -> class

    def probabilities(self, features: np.ndarray, classes: int) -> np.ndarray:
        """Probabilities (n, outputs, classes) for features (n, features)."""
        full = np.zeros((len(features), len(self.labels), classes))
        for output, labels in enumerate(self.labels):
            if len(labels) == 1:
                full[:, output, labels[0]] = 1.0
        if self.model is not None:
            dense = self.model.predict_proba(np.array(features))  # a copy, as in the fit
            shares = [np.asarray(share) for share in (dense if isinstance(dense, list) else [dense])]
            expected = [(len(features), len(self.labels[output])) for output in self.varying]
            if [share.shape for share in shares] != expected:
                given = _shapes(share.shape for share in shares)
                raise ValueError(
                    f"{type(self.model).__name__}.predict_proba gave {given}; expected {_shapes(expected)}, "
                    "a column for each class that occurs in the training set"
                )
            for output, share in zip(self.varying, shares, strict=True):
                full[:, output, self.labels[output]] = share
        return full


@dataclass
class Classifier(Predictor):
    """Fitted classifiers that together cover all outputs."""

    learner: EstimatorLearner
    space: Space
    outputs: Space
    parts: list[Outputs]

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        features = flat_features(inputs, self.space, self.learner.encoding)
        return np.concatenate([part.probabilities(features, self.outputs.alphabet or 0) for part in self.parts], axis=1)


def _shapes(shapes: Iterable[tuple[int, ...]]) -> str:
    """Shapes as text, without duplicates."""
    found = list(shapes)
    text = " and ".join(map(str, dict.fromkeys(found)))
    return f"an array of shape {text}" if len(found) == 1 else f"{len(found)} arrays of shape {text}"
