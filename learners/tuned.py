"""Learners whose settings are chosen on a validation part of their own training set, never on anything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from itertools import product
from typing import Any

import numpy as np

from .base import CPU, Learner, Predictor, Problem, Resources, SearchSpace, Spec
from .network import Network

CONFIGURATIONS = 16
"""In every space: learners are compared after equally many trials. Encodings and positions are bias, and budgets are
the preset's: neither is in a space."""

PART = 4
"""One in so many of the in-distribution examples is held out."""

FLOOR = 1e-3
"""A lower probability counts as this. A few hundred held-out examples cannot tell it from 0, and one that
a forest holds to be impossible should not decide alone."""


def tuned(base: Learner, space: SearchSpace | None = None) -> Tuned:
    """The tuned variant of a learner, over the space that it declares (`search_space`) or one of your own.

    Raises ValueError where there is no space, or where it does not have CONFIGURATIONS members.
    """
    space = base.search_space if space is None else space
    if not space:
        raise ValueError(f"{base.name} declares no search_space; give one as `space`, or declare one in its class")
    return (TunedNetwork if isinstance(base, Network) else Tuned)(base, space)


@dataclass(frozen=True)
class Tuned(Learner):
    """Tuned variant: the best of 16 configurations on a held-out part of its in-distribution examples.

    Example: with 64 training examples and 8 exposed ones, each configuration is fitted to the first 48 and the 8, and
    the one with the least loss on the other 16 is fitted to all 72. The loss is the mean log loss in bits an output,
    of probabilities of at least FLOOR, or the mean squared error; of equal ones the earlier configuration wins.
    With fewer than PART in-distribution examples nothing is held out: the first configuration, the default, is taken.

    The record of the predictor has `configuration`, the number of the one that was chosen, and `validation`, the loss
    of each (None where it diverged; empty where nothing was held out).

    base   the learner; what it says of the parameters in `space` does not matter
    space  the parameters that are tuned, and their values
    """

    base: Learner
    space: SearchSpace

    def __post_init__(self) -> None:
        known = [item.name for item in fields(self.base)]  # pyright: ignore[reportArgumentType]
        for name, _ in self.space:
            if name not in known:
                raise ValueError(f"{self.base.name} has no parameter {name!r} to tune; it has {', '.join(known)}")
        found = len(set(self.configurations))
        if found != CONFIGURATIONS:
            raise ValueError(f"{found} configurations of {self.base.name}; expected {CONFIGURATIONS}, as for all")
        object.__setattr__(self, "name", f"{self.base.name}@tuned")
        object.__setattr__(self, "preload", self.base.preload)

    @cached_property
    def configurations(self) -> tuple[Learner, ...]:
        """The learners that are tried, the last parameter of the space changing fastest."""
        names = [name for name, _ in self.space]
        return tuple(
            replace(self.base, **dict(zip(names, values, strict=True)))  # pyright: ignore[reportArgumentType]
            for values in product(*(values for _, values in self.space))
        )

    def accepts(self, spec: Spec) -> str | None:
        return next(filter(None, (one.accepts(spec) for one in self.configurations)), None)

    def parameters(self) -> dict[str, Any]:
        """What is not tuned, as the base has it; the base's version; and the whole space."""
        space = {name: list(values) for name, values in self.space}
        fixed = {name: value for name, value in self.base.parameters().items() if name not in space}
        return {**fixed, "base_version": self.base.version, "space": space}

    def fit(self, problem: Problem) -> Predictor:
        return self._tune([problem], lambda trials: (learner.fit(one) for learner, one in trials))[0]

    def _tune(self, problems: Sequence[Problem], fit_all: FitAll) -> list[Predictor]:
        """Hold out, try, choose, and fit what was chosen to everything."""
        parts = {place: part for place, problem in enumerate(problems) if (part := hold_out(problem))}
        trials = [(place, number) for number in range(CONFIGURATIONS) for place in parts]
        fitted = fit_all([(self.configurations[number], _trial(parts[place][0], number)) for place, number in trials])
        # One by one, as they are fitted: sixteen forests at a time would not fit into memory.
        scored = map(validation_loss, fitted, [parts[place][1] for place, _ in trials])
        losses: list[list[float]] = [[] for _ in problems]
        for (place, _), loss in zip(trials, scored, strict=True):
            losses[place].append(loss)
        chosen = [int(np.argmin(own)) if own else 0 for own in losses]
        winners = list(fit_all([(self.configurations[n], one) for n, one in zip(chosen, problems, strict=True)]))
        for predictor, number, own in zip(winners, chosen, losses, strict=True):
            finite = [loss if np.isfinite(loss) else None for loss in own]
            predictor.record |= {"configuration": number, "validation": finite}
        return winners


@dataclass(frozen=True)
class TunedNetwork(Tuned):
    """Tuned network: the best of 16 configurations on a held-out part of its in-distribution examples.

    Configurations that share their shapes train as one stack, each with its own learning rate, of all problems.
    """

    def fit(self, problem: Problem) -> Predictor:
        return self.fit_many([problem])[0]

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:
        return self._tune(problems, partial(_fit_stacks, resources=resources))


Trial = tuple[Any, Problem]
"""A learner, and what it is fitted to."""

FitAll = Callable[[Sequence[Trial]], Iterable[Predictor]]


def hold_out(problem: Problem) -> tuple[Problem, Problem] | None:
    """What is fitted, and the last of the in-distribution examples, one in PART; None where there are too few.

    Exposed examples are fitted and never held out: the choice must not see what has moved.
    """
    inside = len(problem) if problem.inside is None else min(problem.inside, len(problem))
    held = inside // PART
    if held == 0:
        return None
    fitted = np.r_[: inside - held, inside : len(problem)]
    return _take(problem, fitted, inside - held), _take(problem, np.arange(inside - held, inside), held)


def validation_loss(predictor: Predictor, validation: Problem) -> float:
    """Mean log loss in bits an output, or mean squared error; infinite for what diverged."""
    if "diverged" in predictor.record:
        return np.inf
    predicted, targets = predictor.predict(validation.inputs), validation.targets
    if validation.output_space.symbolic:
        given = np.take_along_axis(predicted, targets[..., None], axis=-1)
        loss = -np.log2(np.maximum(given, FLOOR)).mean()
    else:
        loss = np.square(predicted - targets.astype(np.float64)).mean()
    return float(loss) if np.isfinite(loss) else np.inf


def _take(problem: Problem, rows: np.ndarray, inside: int) -> Problem:
    """The examples at `rows` as a problem of their own, the first `inside` of them in distribution."""
    steps = None if problem.steps is None else problem.steps[rows]
    return replace(problem, inputs=problem.inputs[rows], targets=problem.targets[rows], steps=steps, inside=inside)


def _trial(training: Problem, number: int) -> Problem:
    """The training set with a seed of the configuration's own; what is chosen is fitted with the problem's seed."""
    drawn = np.random.SeedSequence([training.seed, number]).generate_state(1, np.uint64)[0]
    return replace(training, seed=int(drawn) >> 1)  # torch takes 63 bits


def _fit_stacks(trials: Sequence[Trial], resources: Resources) -> list[Predictor]:
    """Fit networks to problems; those that differ in nothing but their learning rate train as one stack."""
    shapes: dict[Network, list[int]] = {}
    for place in sorted(range(len(trials)), key=lambda place: trials[place][0].rate):  # equal rates side by side
        shapes.setdefault(replace(trials[place][0], rate=0.0), []).append(place)
    fitted: dict[int, Predictor] = {}
    for shape, places in shapes.items():
        stack = [trials[place] for place in places]
        predictors = shape.fit_rates(
            [problem for _, problem in stack], [learner.rate for learner, _ in stack], resources
        )
        fitted |= zip(places, predictors, strict=True)
    return [fitted[place] for place in range(len(trials))]
