"""Length in bits of the rule of each task in the language of the learner `program`.

For example, the rule of `identity-bits` is the program `copy`, of 4 bits, and that of `parity` a fold of 28 bits. So
what `program` learns at once and what it cannot learn is known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from ..learners.base import Problem, Spec
from ..learners.language import describe
from ..learners.program import ProgramLearner, ProgramPredictor
from ..tasks.base import Heuristic, Task
from ..tasks.spaces import read_only
from .data import of_seed

EXAMPLES = 256
"""Number of examples, of all splits in equal parts, with which a program has to agree."""

CHECKS = 2000
"""Number of further examples with which it has to agree, too."""


@dataclass(frozen=True)
class RuleLength:
    """The shortest program that computes a rule.

    task, rule  name of the task, and of the rule if the task is a riddle, which has two; else an empty string
    bits        its length; None if there is none within the budget
    program     the program as text; without one, the reason
    """

    task: str
    rule: str
    bits: int | None
    program: str


def rule_lengths(task: Task, max_candidates: int) -> Iterator[RuleLength]:
    """The length of each rule of a task: none if it has no rule, two of a riddle; of a rule that is sampled, seed 0's.

    The shortest program is searched that agrees with the rule on EXAMPLES examples, in and out of distribution, and
    then on CHECKS others. Programs equal on these are not told apart, so the length is that of the rule on what the
    splits contain.

    max_candidates  budget of the enumeration, as for `program`
    """
    task = of_seed(task, 0)
    refused = ProgramLearner().accepts(Spec(task.inputs, task.outputs))
    if refused is not None:
        yield RuleLength(task.name, "", None, refused)
        return
    rules: Mapping[str, Heuristic] = task.truth.rules
    if not rules and task.truth.oracle is not None and not task.truth.ambiguous:
        rules = {"": task.truth.oracle}
    if not rules:
        yield RuleLength(task.name, "", None, "no rule: the targets are sampled, or labels of real data")
        return
    inputs, checks = (_inputs(task, n, seed) for seed, n in enumerate((EXAMPLES, CHECKS)))
    for name, rule in rules.items():
        targets = rule(read_only(inputs))
        problem = Problem(inputs, targets, task.inputs, task.outputs, seed=0)
        fitted = cast("ProgramPredictor", ProgramLearner(max_candidates=max_candidates, extra_bits=0).fit(problem))
        yield _length(task, name, fitted, checks, rule(read_only(checks)))


def _length(task: Task, rule: str, fitted: ProgramPredictor, checks: np.ndarray, targets: np.ndarray) -> RuleLength:
    """The first of the programs found that agrees on the checks, too."""
    for program, bits in fitted.programs:
        alone = replace(fitted, programs=[(program, bits)])
        if np.array_equal(alone.predict(checks).argmax(-1), targets):
            return RuleLength(task.name, rule, bits, describe(program))
    return RuleLength(task.name, rule, None, "none within the budget")


def _inputs(task: Task, n: int, seed: int) -> np.ndarray:
    """About n inputs from all splits but the exposure pool, one of each in turn, so that the first few are of all."""
    names = [split.name for split in task.splits if split.name != "exposed"]
    each = -(-n // len(names))
    parts = []
    for index, name in enumerate(names):
        capacity = task.capacity(name)
        found = task.sample(
            name, each if capacity is None else min(each, capacity), np.random.default_rng([seed, index])
        )
        parts.append(found.inputs[np.arange(each) % len(found)])  # repeated, if there are fewer
    return np.stack(parts, axis=1).reshape(-1, *task.inputs.shape)
