"""The studies by name, with the question of each. A study is loaded when it is asked for: several load torch."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Study

STUDIES: dict[str, tuple[str, str]] = {
    "prior": (
        "prior:Prior",
        "How likely is each Boolean function if the parameters of a network are sampled at random?",
    ),
    "complexity": (
        "complexity:Complexity",
        "Do measures of complexity agree on the ranking of Boolean functions?",
    ),
    "posterior": (
        "posterior:Posterior",
        "Does gradient descent pick functions as often as random parameters that are right on the training set?",
    ),
    "overtraining": (
        "overtraining:Overtraining",
        "Do functions that are unlikely under random parameters become likelier after zero training error?",
    ),
    "double-descent": (
        "double_descent:DoubleDescent",
        "Does test error peak where a learner begins to interpolate, in networks and in forests alike?",
    ),
    "equivariance": (
        "equivariance:Equivariance",
        "How far is a trained MLP from the convolutional solution inside its own space?",
    ),
    "scaling": ("scaling:Scaling", "Does error fall as a power law, and how far would a very large forest get?"),
    "forgetting": (
        "forgetting:Forgetting",
        "What does a learner retain of earlier stages of a stream, and does it retain more of what will recur?",
    ),
    "simplicity": (
        "simplicity:Simplicity",
        "Which of several rules that fit the training data does a learner choose: the simplest?",
    ),
    "shuffle": (
        "shuffle:Shuffle",
        "Does word order matter to a predictor of language, and the order of terms to arithmetic?",
    ),
}
"""Name -> module:class and the question, in the order in which they are listed."""


def make_study(name: str) -> Study:
    """The study of a name of STUDIES."""
    module, _, attribute = STUDIES[name][0].partition(":")
    return getattr(import_module(f".{module}", __package__), attribute)()
