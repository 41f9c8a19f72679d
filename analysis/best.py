"""Which learners of a column are the best, or not significantly worse than the best: what is bold in a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .paired import SIGNIFICANCE, holm, paired


@dataclass(frozen=True)
class Outcome:
    """The scores of one learner in a column.

    values   seed -> score
    errors   seed -> its standard error over the test examples, NaN if it is not known
    counted  False if its cells did not fit their training sets: then it is neither the best nor compared with it
    """

    values: Mapping[int, float]
    errors: Mapping[int, float]
    counted: bool = True


@dataclass(frozen=True)
class Standing:
    """A learner against the best of its column.

    best         whether it has the best mean of those that count
    corrected_p  of the paired t test against the best, after Holm's correction for all such tests of the column; NaN
                 for the best itself and where no test is possible
    bold         the best, or not significantly worse
    """

    best: bool
    corrected_p: float
    bold: bool


def standings(column: Mapping[str, Outcome], *, greater_is_better: bool = True) -> dict[str, Standing]:
    """Compare every learner of a column with the best one, by paired t tests over the seeds that both have.

    The best has the best mean of the learners that count, and two seeds or more. Without such a learner, or with one
    alone, nothing is bold: there is no test behind it. A learner that shares fewer than two seeds with the best is not
    bold either. Of equal means the first one is called the best; the others differ from it by nothing, and are bold.
    """
    counted = {name: one for name, one in column.items() if one.counted and _seeds(one)}
    if len(counted) < 2:  # noqa: PLR2004 -- nothing to be better than
        return {name: Standing(best=False, corrected_p=float("nan"), bold=False) for name in column}
    sign = 1 if greater_is_better else -1
    means = {name: sign * float(np.mean([one.values[seed] for seed in _seeds(one)])) for name, one in counted.items()}
    best = max(means, key=lambda name: means[name])
    others = [name for name in counted if name != best]
    corrected = dict(zip(others, holm([_p(counted[best], counted[name]) for name in others]).tolist(), strict=True))
    tested = any(not np.isnan(p) for p in corrected.values())
    found: dict[str, Standing] = {}
    for name in column:
        p = corrected.get(name, float("nan"))
        found[name] = Standing(name == best, p, bold=tested if name == best else p >= SIGNIFICANCE)
    return found


def _seeds(one: Outcome) -> list[int]:
    return [seed for seed, value in one.values.items() if not np.isnan(value)]


def _p(first: Outcome, second: Outcome) -> float:
    shared = [seed for seed in _seeds(first) if seed in set(_seeds(second))]
    arrays = [np.array([part[seed] for seed in shared]) for part in (first.values, second.values)]
    errors = [np.array([part.get(seed, np.nan) for seed in shared]) for part in (first.errors, second.errors)]
    return paired(*arrays, *errors).p
