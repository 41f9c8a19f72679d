"""Pairs of learners as a table: `grue.compare_learners`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from ..analysis.outcomes import Measure, outcomes
from ..analysis.paired import MARGIN, holm, paired, verdict
from ..runs.reading import read
from ..runs.results import Results

PAIRS = [
    "task", "first", "second", "difference", "half_width", "p", "corrected_p",
    "equivalence_p", "corrected_equivalence_p", "verdict", "seeds", "flags",
]  # fmt: skip
"""The columns of `compare_learners`."""

UNRELIABLE = "range"
"""Flag of a pair of which the interval and the test of equivalence are not offered (paired.pairs_cover)."""


def compare_learners(
    results: Results | Path | str | Sequence[Path | str],
    *,
    measure: Measure = "final",
    split: str = "ood",
    tasks: Collection[str] | None = None,
    learners: Collection[str] | None = None,
    suite_seed: int | None = None,
    margin: float = MARGIN,
) -> pd.DataFrame:
    """Paired tests of every two learners on every task: whether they differ, or are the same within a margin.

    >>> pairs = grue.compare_learners("results/local/quick", tasks=["identity-bits"])
    >>> pairs.query("verdict == 'different'")[["first", "second", "difference", "half_width"]]

    results     a result folder or several, or "reference"; or `Results`
    measure     "final", the score at the largest training size, or "area" under the learning curve
    split       "ood", the headline shift of the task, or "id"
    tasks       labels or family:NAME; None: all ranked tasks
    learners    labels, also of controls and heuristics; None: all learners, but neither of these
    suite_seed  needed if the results are of several
    margin      learners are equivalent if their expected scores differ by less

    One row per task and pair, columns PAIRS. `difference` is first - second, `half_width` that of its 95 % interval
    (Student's t over seeds, at least what the test examples imply), `p` that of the paired t test, `equivalence_p` that
    of two one-sided t tests. Both are corrected for all pairs of the task (Holm); `verdict` (different, equivalent,
    not decided) is at 0.05 after correction. `seeds` is the number of pairs, `flags` are those of the cells of both
    learners; "range" marks a pair with bimodal scores, or with most scores near 0 or 1: there the interval covers too
    little, and no pair is called equivalent.

    A learner that is not applicable to a task, or was not planned at its sizes, is in no pair of this task.
    Raises UsageError for an unknown folder, task, learner or suite seed, and ValueError for an unknown measure or
    split.
    """
    if not isinstance(results, Results):
        results = read([results] if isinstance(results, str | Path) else results, every_metric=False)
    if suite_seed is not None:
        results = results.of_suite(suite_seed)
    if tasks is not None:
        results = results.of_tasks(tasks)
    found = outcomes(results.scores, results.catalogue, measure, split)
    compared = results.catalogue.of_kind("learner") if learners is None else results.labels(learners)
    found = found.loc[found["learner"].isin(compared)]
    rows = [row for task, of_task in found.groupby("task", sort=False) for row in _pairs(str(task), of_task, margin)]
    return pd.DataFrame(rows, columns=PAIRS)


def _pairs(task: str, found: pd.DataFrame, margin: float) -> list[dict[str, object]]:
    """The rows of one task, corrected for all of them."""
    values, errors = (found.pivot(index="seed", columns="learner", values=column) for column in ("value", "error"))
    flags = dict(zip(found["learner"], found["flags"].astype(str), strict=True))  # in the order of the catalogue
    pairs = list(combinations(flags, 2))
    differences = [
        paired(*(table[name].to_numpy(float) for table in (values, errors) for name in pair), margin=margin)
        for pair in pairs
    ]
    corrected = holm([one.p for one in differences])
    equivalent = holm([one.equivalence_p for one in differences])
    rows: list[dict[str, object]] = []
    for (first, second), one, p, same in zip(pairs, differences, corrected, equivalent, strict=True):
        given = {flag for name in (first, second) for flag in flags[name].split(",") if flag}
        unreliable = {UNRELIABLE} if not one.covers and not np.isnan(one.p) else set()
        rows.append(
            {
                "task": task,
                "first": first,
                "second": second,
                "difference": one.mean,
                "half_width": one.half_width,
                "p": one.p,
                "corrected_p": p,
                "equivalence_p": one.equivalence_p,
                "corrected_equivalence_p": same,
                "verdict": verdict(p, same, covers=one.covers),
                "seeds": one.seeds,
                "flags": ",".join(sorted(given | unreliable)),
            }
        )
    return rows
