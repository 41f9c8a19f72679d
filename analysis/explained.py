"""The share of a learner's answers and errors that the declared heuristics of a task give as well.

An error is explained by a set A of heuristics if one of them gives the same wrong answer. With E the errors of all
seeds, and C(A) the share of them that A explains, of a set H of heuristics

    unique part of h   U(h) = C(H) - C(H without h)
    shared part        S    = C(H) - sum over h of U(h)
    unexplained            1 - C(H)

as in the analysis of commonality: S is the share that two or more heuristics explain. An example on which all
heuristics are right is no evidence of any of them, and cannot be an explained error.

The null hypothesis is that within each class of the target, a learner errs on other examples than the heuristics at
random: its answers are permuted among the examples with the same target, those of all seeds together, since seeds have
difficult examples in common. The permutation changes no number of right or wrong answers. Expectation and variance of
every share are exact (Hoeffding 1951, "A combinatorial central limit theorem"), the p value is the normal limit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr

from ..runs.catalogue import Catalogue
from .answers import ORACLE, TaskAnswers
from .intervals import Interval, interval
from .paired import SIGNIFICANCE, holm
from .quality import NOT_FITTED
from .ranks import MeanOverTasks, by_family, over_tasks

MIN_ERRORS = 10
"""Errors over all seeds below which no shares of errors are computed."""

NEGLIGIBLE = 1e-12
"""A variance below this is that of a share that no permutation changes."""


@dataclass(frozen=True)
class Share:
    """A share, its expectation and standard deviation under the permutations, and the two-sided p value.

    p is NaN if no permutation changes the share: then it says nothing about which examples are answered alike.
    """

    value: float
    expected: float
    deviation: float

    @property
    def informative(self) -> bool:
        return self.deviation > 0

    @property
    def excess(self) -> float:
        """What exceeds the expectation; NaN if no permutation changes the share."""
        return self.value - self.expected if self.informative else float("nan")

    @property
    def p(self) -> float:
        if not self.informative:
            return float("nan")
        return float(2 * ndtr(-abs(self.value - self.expected) / self.deviation))


@dataclass(frozen=True)
class Explanation:
    """Which OOD answers of a learner on a task the heuristics explain.

    id_score       mean over seeds, in distribution
    seeds, examples, errors  numbers; errors are those of all seeds
    right_beyond   share of all answers that are right where no heuristic is
    right_shared   share of all answers that are right where a heuristic is, too
    unexplained    share of all answers that are wrong, and that no heuristic gives
    unique         of each heuristic: the share of all answers that are wrong and that it alone gives
    shared         share of all answers that are wrong and that two or more heuristics give
    of_answers     share of all answers, right or wrong, that a heuristic gives
    of_errors      share of the errors that a heuristic gives, None with fewer than MIN_ERRORS errors, as are the next
    over_seeds     the same share with its interval over seeds (of a ratio, linearised)
    parts          of each heuristic: the share of the errors that it gives, and that it alone gives
    shared_errors  share of the errors that two or more heuristics give
    corrected      p value of `of_errors`, corrected for all explanations of a report (Holm)
    """

    task: str
    family: str
    split: str
    size: int
    learner: str
    kind: str
    flags: tuple[str, ...]
    id_score: float
    seeds: int
    examples: int
    errors: int
    right_beyond: float
    right_shared: float
    unexplained: float
    unique: Mapping[str, float]
    shared: float
    of_answers: Share
    of_errors: Share | None
    over_seeds: Interval
    parts: Mapping[str, tuple[Share, Share]]
    shared_errors: Share | None
    corrected: float = float("nan")

    @property
    def right(self) -> float:
        return self.right_beyond + self.right_shared


def explanations(tasks: Sequence[TaskAnswers], catalogue: Catalogue, min_id: float | None = None) -> list[Explanation]:
    """Every learner and control on every task with heuristics and a rule, tasks and learners in their order.

    min_id  only seeds that reach this score in distribution, without the flags `budget` and `plateau`; None: all seeds
    """
    found: list[Explanation] = []
    for task in tasks:
        heuristics = heuristics_of(task, catalogue)
        truth = task.truth
        if truth is None or not heuristics:
            continue
        null = Permutations(np.stack([task.codes[name][0] for name in heuristics]), truth)
        for learner in task.codes:
            kind = catalogue.learners[learner].kind
            if kind == "heuristic" or learner == ORACLE:
                continue
            chosen = np.ones(len(task.codes[learner]), bool) if min_id is None else task.solved(learner, min_id)
            if chosen.any():
                found.append(_explanation(task, null, learner, kind, heuristics, chosen))
    corrected = holm([np.nan if one.of_errors is None else one.of_errors.p for one in found]) if found else []
    return [replace(one, corrected=float(p)) for one, p in zip(found, corrected, strict=True)]


def heuristics_of(task: TaskAnswers, catalogue: Catalogue) -> list[str]:
    """The declared heuristics of a task whose answers are stored, in the order of the task."""
    return [name for name in catalogue.tasks[task.task].heuristics if name in task.codes]


def _explanation(
    task: TaskAnswers, null: Permutations, learner: str, kind: str, heuristics: Sequence[str], chosen: np.ndarray
) -> Explanation:
    answers = task.codes[learner][chosen]  # (seeds, n)
    names = {
        f"{part} {index}": f"{part} {name}" for index, name in enumerate(heuristics) for part in ("total", "unique")
    }
    sums = {names.get(key, key): moments for key, moments in null.moments(answers).items()}
    total = answers.size
    wrong = answers != null.truth
    errors = int(wrong.sum())
    enough = errors >= MIN_ERRORS
    explained = (answers[None] == null.rules[:, None]).any(0)  # (seeds, n)

    def share(name: str, count: int = errors) -> Share:
        observed, expected, variance = sums[name]
        return Share(observed / count, expected / count, variance**0.5 / count if variance > NEGLIGIBLE else 0.0)

    scores = task.id_scores[learner][chosen]
    return Explanation(
        task=task.task,
        family=task.family,
        split=task.split,
        size=task.size,
        learner=learner,
        kind=kind,
        flags=task.flags(learner, chosen),
        id_score=float(np.nanmean(scores)) if not np.isnan(scores).all() else float("nan"),
        seeds=len(answers),
        examples=answers.shape[1],
        errors=errors,
        right_beyond=float((~wrong & ~explained).mean()),
        right_shared=float((~wrong & explained).mean()),
        unexplained=float((wrong & ~explained).mean()),
        unique={name: sums[f"unique {name}"][0] / total for name in heuristics},
        shared=sums["shared"][0] / total,
        of_answers=share("answers", total),
        of_errors=share("errors") if enough else None,
        over_seeds=_over_seeds((wrong & explained).sum(1), wrong.sum(1)) if enough else interval(np.array([])),
        parts={name: (share(f"total {name}"), share(f"unique {name}")) for name in heuristics} if enough else {},
        shared_errors=share("shared") if enough else None,
    )


Moments = dict[str, tuple[float, float, float]]
"""Name of a number of answers -> observed, expectation, variance."""


class Permutations:
    """Numbers of answers that heuristics give, with their moments if answers are permuted within classes.

    rules  (heuristics, n): codes of the heuristics' answers; the names of the results refer to them by index
    truth  (n,): those of the targets, the classes

    Of a class of m examples, let M[i, j] be the number of seeds whose answer to example i would count if the
    heuristics' answers to it were those to j. The observed number is the trace of M, the expectation sum(M) / m, and
    the variance the sum of the squares of the doubly centred M over m - 1. M is a product: of W[i, v], the number of
    seeds that answer v, and a matrix D[v, j] of the heuristics alone, 1 if the answer v to j counts. So that sum of
    squares is that of the entries of (W'W) (DD'), multiplied one by one, with W and D centred over the examples.
    """

    def __init__(self, rules: np.ndarray, truth: np.ndarray) -> None:
        self.rules, self.truth = rules, truth
        self.names = ["answers", "errors", "shared"]
        self.names += [f"{part} {index}" for index in range(len(rules)) for part in ("total", "unique")]
        targets, sizes = np.unique(truth, return_counts=True)
        self.classes = [self._prepared(target) for target in targets[sizes > 1]]

    def moments(self, answers: np.ndarray) -> Moments:
        """Of the answers of a learner, (seeds, n): codes, permuted together.

        Keys: "answers" (right or wrong, given by any heuristic), "errors" (wrong, any), "shared" (wrong, two or more),
        "total i" and "unique i" (wrong, given by heuristic i, and by it alone).
        """
        match = answers == self.rules[:, None]  # (heuristics, seeds, n)
        counted = _counted(match, answers != self.truth).sum(1)  # (names, n)
        observed = counted.sum(1).astype(float)
        expected, variance = observed.copy(), np.zeros(len(observed))
        for members, values, rows, products in self.classes:
            given = (answers[:, members, None] == values).sum(0)  # (m, values)
            expected += rows @ given.sum(0) / len(members) - counted[:, members].sum(1)
            centred = given - given.mean(0)
            variance += (products * (centred.T @ centred)).sum((1, 2)) / (len(members) - 1)
        moments = zip(observed.tolist(), expected.tolist(), variance.tolist(), strict=True)
        return dict(zip(self.names, moments, strict=True))

    def _prepared(self, target: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """A class: its examples, the answers v of the heuristics, the sums of D, and DD' centred, for all names."""
        members = np.flatnonzero(self.truth == target)
        values = np.unique(self.rules[:, members])
        match = values[:, None] == self.rules[:, None, members]  # (heuristics, values, m)
        counts = _counted(match, (values != target)[:, None]).astype(float)  # (names, values, m)
        centred = counts - counts.mean(2, keepdims=True)
        return members, values, counts.sum(2), centred @ centred.transpose(0, 2, 1)


def _counted(match: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Which answers count for each name of `Permutations`: (heuristics, ...) and (...) -> (names, ...)."""
    number = match.sum(0)
    groups = [number > 0, (number > 0) & wrong, (number > 1) & wrong]
    groups += [group & wrong for one in match for group in (one, one & (number == 1))]
    return np.stack(groups)


def _over_seeds(explained: np.ndarray, errors: np.ndarray) -> Interval:
    """The ratio of two sums over seeds, (seeds,) each, with the interval of its linearisation."""
    ratio = explained.sum() / errors.sum()
    return interval(ratio + (explained - ratio * errors) / errors.mean())


@dataclass(frozen=True)
class Summary:
    """A learner over tasks: means over families of the means over their tasks, without cells flagged as not fitted.

    outside   share of the answers that no heuristic gives, right or wrong: no choice among the heuristics, example by
              example, gives more than the others
    errors    tasks with MIN_ERRORS errors or more, over which the mean share of explained errors is
    excess    what exceeds the expectation, over the `tested` tasks of these in which a permutation changes the share
    significant  number of these tasks in which more errors are explained than expected (corrected p)
    """

    learner: str
    kind: str
    tasks: int
    families: int
    right: float
    right_beyond: float
    outside: float
    errors: int
    explained: MeanOverTasks | None
    excess: MeanOverTasks | None
    tested: int
    significant: int


def summaries(found: Sequence[Explanation]) -> list[Summary]:
    """One row for each learner and control that has a task without the flags `budget` and `plateau`."""
    kept = [one for one in found if not set(one.flags) & {*NOT_FITTED, "diverged"}]
    rows: list[Summary] = []
    for learner in dict.fromkeys(one.learner for one in kept):
        own = [one for one in kept if one.learner == learner]
        shares = [(one, one.of_errors) for one in own if one.of_errors is not None]
        tested = [(one, share) for one, share in shares if share.informative]
        parts = np.array([(one.right, one.right_beyond, one.right_beyond + one.unexplained) for one in own])
        families = np.array([one.family for one in own])
        means = by_family(parts, families).mean(0)
        rows.append(
            Summary(
                learner=learner,
                kind=own[0].kind,
                tasks=len(own),
                families=len(set(families.tolist())),
                right=float(means[0]),
                right_beyond=float(means[1]),
                outside=float(means[2]),
                errors=len(shares),
                explained=_over_tasks([(one, share.value) for one, share in shares]),
                excess=_over_tasks([(one, share.excess) for one, share in tested]),
                tested=len(tested),
                significant=sum(one.corrected < SIGNIFICANCE and share.excess > 0 for one, share in tested),
            )
        )
    return rows


def _over_tasks(values: Sequence[tuple[Explanation, float]]) -> MeanOverTasks | None:
    if not values:
        return None
    return over_tasks(np.array([value for _, value in values]), np.array([one.family for one, _ in values]))
