"""Contract tests for learners: `check_learner` runs them on any learner or estimator.

    from grue.testing.learners import check_learner
    check_learner(MyLearner(steps=50))

Each check raises AssertionError with the requirement that failed, the problem it failed on, and the observed values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..learners.base import CPU, Learner, Predictor, Problem, Spec
from ..learners.estimator import Estimator, adopt_object
from ..learners.global_generators import seeded_globally
from ..tasks.spaces import Space

BITS = Space((6,), 2, "vector", (0.0, 1.0))
REALS = Space((3,), None)
BAG = Space((5,), 12, "bag", (*(float(value) for value in range(-5, 5)), None, None))
SEQUENCE = Space((8,), 5, "sequence")
GRID = Space((2, 5, 5), 2, "grid", (0.0, 1.0))
CLASS = Space((1,), 9)
SCRATCHPAD = Space((3,), 4, "sequence")
SPACES = {
    "bits to bits": (BITS, BITS, None),
    "reals to reals": (REALS, REALS, None),
    "a bag to a class": (BAG, CLASS, None),
    "a sequence to a class": (SEQUENCE, CLASS, None),
    "a grid to a class": (GRID, CLASS, None),
    "a sequence, by a scratchpad, to a class": (SEQUENCE, CLASS, SCRATCHPAD),
    "a grid, by a scratchpad, to a class": (GRID, CLASS, SCRATCHPAD),
}
"""Input space, output space, and the space of the intermediate steps or None."""


def check_learner(learner: Any) -> None:
    """Run all checks below on every kind of problem that the learner accepts.

    learner  a grue Learner, an estimator (fit and predict), or an estimator class

    Raises TypeError if it is none of these.
    """
    if not isinstance(learner, Learner):
        learner = adopt_object(learner)
    check_parameters(learner)
    accepted = 0
    for name, (inputs, outputs, scratchpad) in SPACES.items():
        reason = learner.accepts(Spec(inputs, outputs, scratchpad))
        if reason is not None:
            assert isinstance(reason, str), (
                f"{name}: accepts returned {reason!r}; expected None or the reason as one line"
            )
            assert reason, f"{name}: refused with an empty reason"
            assert "\n" not in reason, f"{name}: the reason has more than one line: {reason!r}"
            continue
        accepted += 1
        for case, problem in edge_cases(inputs, outputs, scratchpad):
            check_predictions(learner, problem, f"{name}, {case}")
        check_repeats(learner, make_problem(inputs, outputs, 20, scratchpad=scratchpad), name)
        check_stack(learner, inputs, outputs, name, scratchpad)
        if learner.continues:
            check_continues(learner, inputs, outputs, name, scratchpad)
    assert accepted, f"{learner.name} accepts none of: {', '.join(SPACES)}"


def check_parameters(learner: Learner) -> None:
    """The parameters are the fields of a frozen dataclass, are hashable, and reconstruct an equal learner."""
    assert dataclasses.is_dataclass(learner), (
        f"{learner.name} is not a dataclass; its fields are its recorded parameters"
    )
    again = dataclasses.replace(learner)
    assert again == learner, f"{learner.name}: reconstructed from its parameters it is not equal"
    assert hash(again) == hash(learner), (
        f"{learner.name}: equal learners have different hashes; is the dataclass frozen?"
    )
    assert "encoding" in learner.parameters() or learner.control, (
        f"{learner.name} declares no `encoding`: the input encoding is part of the inductive bias"
    )


def check_predictions(learner: Learner, problem: Problem, name: str) -> None:
    """Predictions have the specified shape, are finite, and are distributions if the target is a class."""
    tests = make_problem(problem.input_space, problem.output_space, 7, seed=99).inputs
    (predictor,) = _fit(learner, [problem])
    if "diverged" in predictor.record:
        return
    _check_predicted(_predict(learner, predictor, tests), problem.output_space, 7, name)


def _seeded(learner: Learner, seed: int) -> AbstractContextManager[None]:
    """Seed the global generators for code from outside the suite, as in a run; the suite itself must not use them."""
    own = type(learner).__module__.partition(".")[0] == __name__.partition(".")[0]
    return nullcontext() if own and not isinstance(learner, Estimator) else seeded_globally(seed)


def _fit(learner: Learner, problems: Sequence[Problem]) -> list[Predictor]:
    """Fit as in a run: one problem at a time, unless the learner overrides `fit_many`."""
    stacked = type(learner).fit_many is not Learner.fit_many
    predictors: list[Predictor] = []
    for group in [list(problems)] if stacked else [[problem] for problem in problems]:
        with _seeded(learner, group[0].seed):
            predictors += learner.fit_many(group, CPU)
    for given in predictors:
        assert isinstance(given, Predictor), (
            f"{type(learner).__name__}.fit returned an object of type {type(given).__name__}; expected a grue Predictor"
        )
    return predictors


def _predict(learner: Learner, predictor: Predictor, inputs: np.ndarray) -> np.ndarray:
    with _seeded(learner, 0):
        return predictor.predict(inputs)


def _check_predicted(predicted: np.ndarray, space: Space, n: int, name: str) -> None:
    classes = space.alphabet
    shape = (n, space.size) + ((classes,) if classes else ())
    assert isinstance(predicted, np.ndarray), (
        f"{name}: predictions are a {type(predicted).__name__}; expected an array of shape {shape}"
    )
    assert predicted.shape == shape, f"{name}: predictions of shape {predicted.shape}; expected {shape}"
    assert np.isfinite(predicted).all(), f"{name}: predictions are not all finite"
    if classes:
        assert (predicted >= 0).all(), f"{name}: negative probabilities, minimum {predicted.min():.3g}"
        sums = predicted.sum(-1)
        assert np.allclose(sums, 1, atol=1e-4), f"{name}: probabilities sum to {sums.min():.6f}..{sums.max():.6f}"


def check_repeats(learner: Learner, problem: Problem, name: str) -> None:
    """Fitting is deterministic: the same problem gives bitwise the same predictions."""
    tests = make_problem(problem.input_space, problem.output_space, 7, seed=99).inputs
    first, second = (_predict(learner, _fit(learner, [problem])[0], tests) for _ in range(2))
    assert np.array_equal(first, second), f"{name}: fitted twice, predictions differ by {abs(first - second).max():.3g}"


def check_stack(learner: Learner, inputs: Space, outputs: Space, name: str, scratchpad: Space | None = None) -> None:
    """A fitted model does not depend on the other problems in its stack, nor on its index in the stack."""
    tests = make_problem(inputs, outputs, 7, seed=99).inputs
    problems = [make_problem(inputs, outputs, n, seed=n, scratchpad=scratchpad) for n in (3, 20, 11)]
    together = [_predict(learner, predictor, tests) for predictor in _fit(learner, problems)]
    reverse = [_predict(learner, predictor, tests) for predictor in _fit(learner, problems[::-1])][::-1]
    alone = [_predict(learner, _fit(learner, [problem])[0], tests) for problem in problems]
    for problem, *predicted in zip(problems, together, reverse, alone, strict=True):
        for how, other in zip(("in another position of the stack", "alone"), predicted[1:], strict=True):
            assert np.array_equal(predicted[0], other), (
                f"{name}: n = {len(problem)} fitted {how} differs by {abs(predicted[0] - other).max():.3g}"
            )


def check_continues(
    learner: Learner, inputs: Space, outputs: Space, name: str, scratchpad: Space | None = None
) -> None:
    """`partial_fit` accepts new classes, is deterministic, and does not modify the predictor that it continues from."""
    tests = make_problem(inputs, outputs, 7, seed=99).inputs
    first, second = (make_problem(inputs, outputs, n, seed=n, scratchpad=scratchpad) for n in (20, 11))
    if outputs.alphabet:  # the first half of the classes, then the second
        half = outputs.alphabet // 2
        first = dataclasses.replace(first, targets=first.targets % half)
        second = dataclasses.replace(second, targets=half + second.targets % (outputs.alphabet - half))
    first_fit = learner.partial_fit(None, first)
    before = first_fit.predict(tests)
    ends = [learner.partial_fit(first_fit, second) for _ in range(2)]
    after, again = (end.predict(tests) for end in ends)
    third = learner.partial_fit(ends[0], make_problem(inputs, outputs, 1, seed=1, scratchpad=scratchpad)).predict(tests)
    for predicted, when in ((before, "partial_fit"), (after, "second partial_fit"), (third, "third partial_fit")):
        _check_predicted(predicted, outputs, len(tests), f"{name}, {when}")
    untouched = np.array_equal(before, first_fit.predict(tests)) and np.array_equal(after, ends[0].predict(tests))
    assert untouched, f"{name}: partial_fit modified the predictor that it continued from"
    assert np.array_equal(after, again), (
        f"{name}: partial_fit repeated on the same predictor differs by {abs(after - again).max():.3g}"
    )
    assert not np.array_equal(before, after), f"{name}: partial_fit on other targets changed no prediction"


def edge_cases(inputs: Space, outputs: Space, scratchpad: Space | None = None) -> Iterator[tuple[str, Problem]]:
    """Training sets with edge cases: very few examples, constant targets, repeated inputs, missing classes."""
    yield "n = 1", make_problem(inputs, outputs, 1, scratchpad=scratchpad)
    yield "n = 2", make_problem(inputs, outputs, 2, scratchpad=scratchpad)
    usual = make_problem(inputs, outputs, 20, scratchpad=scratchpad)
    yield "n = 20", usual
    yield "one target only", dataclasses.replace(usual, targets=np.repeat(usual.targets[:1], 20, axis=0))
    yield "one input only", dataclasses.replace(usual, inputs=np.repeat(usual.inputs[:1], 20, axis=0))
    if outputs.alphabet and outputs.alphabet > 3:  # noqa: PLR2004 -- enough classes for gaps
        gaps = np.where(usual.targets % 2 == 0, 1, outputs.alphabet - 1)
        yield "classes with gaps", dataclasses.replace(usual, targets=gaps)


def make_problem(inputs: Space, outputs: Space, n: int, seed: int = 0, scratchpad: Space | None = None) -> Problem:
    """A random training set of n examples with the given Spaces."""
    rng = np.random.default_rng([seed, n])

    def fill(space: Space) -> np.ndarray:
        shape = (n, *space.shape)
        return rng.random(shape) if space.alphabet is None else rng.integers(0, space.alphabet, shape)

    questions, answers = fill(inputs), fill(outputs)
    return Problem(questions, answers, inputs, outputs, seed, fill(scratchpad) if scratchpad else None, scratchpad)
