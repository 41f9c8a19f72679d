"""Every learner of the suite keeps the contract of grue.testing, in every encoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from grue.learners import LEARNERS
from grue.learners.base import Learner, Predictor, Problem
from grue.learners.encodings import ENCODINGS
from grue.learners.scratchpad import TransformerScratchpad
from grue.runs.names import make_learner
from grue.testing.learners import BAG, CLASS, check_learner, check_predictions, make_problem

SMALL = {"max_steps": 20, "n_estimators": 4, "max_candidates": 3000, "n_samples": 2000}


def learners() -> list[Learner]:
    found = []
    for name in LEARNERS:
        if name.endswith("@tuned"):  # sixteen times its base, whose encodings are all looked at
            found.append(make_learner(name, {**SMALL, "max_steps": 3}).instance)
            continue
        instance = make_learner(name, SMALL).instance
        encodings = (
            ENCODINGS if instance.parameters().get("encoding") in ENCODINGS else [None]
        )  # ngram has one of its own
        found += [make_learner(f"{name}:encoding={one}" if one else name, SMALL).instance for one in encodings]
    return [*found, *(TransformerScratchpad(max_steps=20, scratchpad=one) for one in ("auxiliary", "shuffled"))]


@pytest.mark.parametrize("learner", learners(), ids=lambda one: f"{one.name}-{one.parameters().get('encoding')}")
def test_contract(learner: Learner) -> None:
    check_learner(learner)


@dataclass(frozen=True)
class Doubting(Learner):
    """A learner that breaks the contract: its probabilities sum to 2."""

    name = "doubting"

    def fit(self, problem: Problem) -> Predictor:
        return Twos(problem)


@dataclass
class Twos(Predictor):
    problem: Problem

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        classes = self.problem.output_space.alphabet or 1
        return np.full((len(inputs), self.problem.output_space.size, classes), 2 / classes)


def test_the_checks_catch_a_learner_that_breaks_them() -> None:
    with pytest.raises(AssertionError, match="probabilities sum to"):
        check_predictions(Doubting(), make_problem(BAG, CLASS, 5), "a bag to a class")


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (np.zeros((0, 5), int), np.zeros((0, 1), int), "the training set is empty"),
        (np.zeros((2, 4), int), np.zeros((2, 1), int), r"the shape \(4,\); expected \(5,\)"),
        (np.zeros((2, 5), int), np.full((2, 1), 9), "tokens 9..9; expected 0..8"),
        (np.zeros((2, 5)), np.zeros((2, 1), int), "tokens are integers; given float64"),
        (np.zeros((2, 5), int), np.zeros((3, 1), int), "2 inputs but 3 targets"),
    ],
)
def test_a_bad_training_set_is_refused(inputs: np.ndarray, targets: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Problem(inputs, targets, BAG, CLASS, seed=0)
