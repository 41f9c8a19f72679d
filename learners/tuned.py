"""Hyperparameter tuning on a validation set held out from the learner's own training set."""

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
"""Size of every search space, so that all learners are compared after the same number of trials. Encodings and
positional encodings are inductive bias, and budgets are set by the preset: neither is in a search space."""

HOLD_OUT_DIVISOR = 4
"""One in this many in-distribution examples is held out for validation."""

MIN_PROBABILITY = 1e-3
"""Lower bound on predicted probabilities. A few hundred validation examples cannot distinguish a lower one from 0, and
a single example to which a forest assigns probability 0 should not decide alone."""


def tuned(base: Learner, space: SearchSpace | None = None) -> Tuned:
    """The tuned variant of a learner, over its declared `search_space` or a given one.

    Raises ValueError if there is no search space, or if it does not have CONFIGURATIONS members.
    """
    space = base.search_space if space is None else space
    if not space:
        raise ValueError(f"{base.name} declares no search_space; give one as `space`, or declare one in its class")
    return (TunedNetwork if isinstance(base, Network) else Tuned)(base, space)


@dataclass(frozen=True)
class Tuned(Learner):
    """Tuned variant: the best of 16 configurations on a held-out part of its in-distribution examples.

    Example: with 64 in-distribution and 8 exposed examples, each configuration is fitted to the first 48 and the 8, and
    the one with the lowest loss on the other 16 is refitted to all 72. The loss is the mean log loss in bits per
    output, with probabilities of at least MIN_PROBABILITY, or the mean squared error; ties go to the earlier
    configuration. With fewer than HOLD_OUT_DIVISOR in-distribution examples nothing is held out, and the first
    configuration, the default, is used.

    The record of the predictor has `configuration`, the index of the selected configuration, and `validation`, the loss
    of each (None if it diverged; empty if nothing was held out).

    base   the learner; its own values of the parameters in `space` are ignored
    space  the tuned parameters and their values
    """

    base: Learner
    space: SearchSpace

    def __post_init__(self) -> None:
        names = [item.name for item in fields(self.base)]  # pyright: ignore[reportArgumentType]
        for name, _ in self.space:
            if name not in names:
                raise ValueError(f"{self.base.name} has no parameter {name!r} to tune; it has {', '.join(names)}")
        found = len(set(self.configurations))
        if found != CONFIGURATIONS:
            raise ValueError(f"{found} configurations of {self.base.name}; expected {CONFIGURATIONS}, as for all")
        object.__setattr__(self, "name", f"{self.base.name}@tuned")
        object.__setattr__(self, "preload", self.base.preload)

    @cached_property
    def configurations(self) -> tuple[Learner, ...]:
        """The learners to try; the last parameter of the space changes fastest."""
        names = [name for name, _ in self.space]
        return tuple(
            replace(self.base, **dict(zip(names, values, strict=True)))  # pyright: ignore[reportArgumentType]
            for values in product(*(values for _, values in self.space))
        )

    def accepts(self, spec: Spec) -> str | None:
        return next(filter(None, (one.accepts(spec) for one in self.configurations)), None)

    def parameters(self) -> dict[str, Any]:
        """The fixed parameters of the base learner, its version, and the search space."""
        space = {name: list(values) for name, values in self.space}
        fixed = {name: value for name, value in self.base.parameters().items() if name not in space}
        return {**fixed, "base_version": self.base.version, "space": space}

    def fit(self, problem: Problem) -> Predictor:
        return self._tune([problem], lambda trials: (learner.fit(one) for learner, one in trials))[0]

    def _tune(self, problems: Sequence[Problem], fit_all: FitAll) -> list[Predictor]:
        """Hold out, fit all configurations, select the best, and refit it to everything."""
        parts = {index: part for index, problem in enumerate(problems) if (part := hold_out(problem))}
        trials = [(index, configuration) for configuration in range(CONFIGURATIONS) for index in parts]
        fitted = fit_all(
            [
                (self.configurations[configuration], _trial(parts[index][0], configuration))
                for index, configuration in trials
            ]
        )
        # Lazily, one fit at a time: sixteen forests at once would not fit into memory.
        scored = map(validation_loss, fitted, [parts[index][1] for index, _ in trials])
        losses: list[list[float]] = [[] for _ in problems]
        for (index, _), loss in zip(trials, scored, strict=True):
            losses[index].append(loss)
        selected = [int(np.argmin(own)) if own else 0 for own in losses]
        winners = list(fit_all([(self.configurations[n], one) for n, one in zip(selected, problems, strict=True)]))
        for predictor, configuration, own in zip(winners, selected, losses, strict=True):
            finite = [loss if np.isfinite(loss) else None for loss in own]
            predictor.record |= {"configuration": configuration, "validation": finite}
        return winners


@dataclass(frozen=True)
class TunedNetwork(Tuned):
    """Tuned network: the best of 16 configurations on a held-out part of its in-distribution examples.

    Configurations of the same shape are trained as one stack, over all problems, each with its own learning rate.
    """

    def fit(self, problem: Problem) -> Predictor:
        return self.fit_many([problem])[0]

    def fit_many(self, problems: Sequence[Problem], resources: Resources = CPU) -> list[Predictor]:
        return self._tune(problems, partial(_fit_stacks, resources=resources))


Trial = tuple[Any, Problem]
"""A learner and the problem it is fitted to."""

FitAll = Callable[[Sequence[Trial]], Iterable[Predictor]]


def hold_out(problem: Problem) -> tuple[Problem, Problem] | None:
    """Training and validation part, the last quarter of the in-distribution examples; None if there are too few.

    Exposed examples are used for fitting and never for validation: model selection must not see the shift.
    """
    n_id = len(problem) if problem.n_id is None else min(problem.n_id, len(problem))
    n_held_out = n_id // HOLD_OUT_DIVISOR
    if n_held_out == 0:
        return None
    fitted = np.r_[: n_id - n_held_out, n_id : len(problem)]
    return problem.take(fitted, n_id - n_held_out), problem.take(np.arange(n_id - n_held_out, n_id), n_held_out)


def validation_loss(predictor: Predictor, validation: Problem) -> float:
    """Mean log loss in bits per output, or mean squared error; infinite if the fit diverged."""
    if "diverged" in predictor.record:
        return np.inf
    predicted, targets = predictor.predict(validation.inputs), validation.targets
    if validation.output_space.symbolic:
        probabilities = np.take_along_axis(predicted, targets[..., None], axis=-1)
        loss = -np.log2(np.maximum(probabilities, MIN_PROBABILITY)).mean()
    else:
        loss = np.square(predicted - targets.astype(np.float64)).mean()
    return float(loss) if np.isfinite(loss) else np.inf


def _trial(training: Problem, configuration: int) -> Problem:
    """The training set with a seed specific to the configuration; the final refit uses the problem's seed."""
    seed = np.random.SeedSequence([training.seed, configuration]).generate_state(1, np.uint64)[0]
    return replace(training, seed=int(seed) >> 1)  # torch takes 63 bits


def _fit_stacks(trials: Sequence[Trial], resources: Resources) -> list[Predictor]:
    """Fit networks to problems; those that differ only in their learning rate are trained as one stack."""
    shapes: dict[Network, list[int]] = {}
    # Equal learning rates are adjacent.
    for index in sorted(range(len(trials)), key=lambda index: trials[index][0].learning_rate):
        shapes.setdefault(replace(trials[index][0], learning_rate=0.0), []).append(index)
    fitted: dict[int, Predictor] = {}
    for shape, indices in shapes.items():
        stack = [trials[index] for index in indices]
        predictors = shape.fit_learning_rates(
            [problem for _, problem in stack], [learner.learning_rate for learner, _ in stack], resources
        )
        fitted |= zip(indices, predictors, strict=True)
    return [fitted[index] for index in range(len(trials))]
