"""Learners over many tasks: differences, probability of improvement, win rates, ranks and rank groups.

The sample is one of tasks: seeds only make the score of a task more precise, and are averaged first. Tasks of one
family resemble each other, so that families are the blocks: tasks are averaged within each family, every family counts
once, and intervals and tests are over families.

For example, of two learners that score .9 and .8 on one task and .7 and .8 on another one, each wins one task; their
mean rank is 1.5, and they share rank 1.

The input is a table of `outcomes.outcomes`: one row per task, learner and seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import stdtr
from scipy.stats import rankdata

from .intervals import CONFIDENCE, ROUNDING, error_of_mean, t_factor, wilson
from .paired import SIGNIFICANCE, holm

FEWEST_FAMILIES = 5
"""Least number of families for an interval of a rank: over three, it covers 83 % of some ranks in simulation."""

RESAMPLES = 2000


@dataclass(frozen=True)
class MeanOverTasks:
    """A mean over tasks with its 95 % interval over families, `mean` +- `half_width`, and the p value of mean = 0.

    NaN where there are fewer than two families (`half_width`, `p`).
    """

    mean: float
    half_width: float
    p: float
    tasks: int
    families: int


def over_tasks(values: np.ndarray, families: np.ndarray) -> MeanOverTasks:
    """Mean over families of the mean over their tasks, and Student's t test over families.

    values, families  (tasks,): a value, such as a difference of two learners, and the family of each task

    A mean in which every task counts once would need a cluster-robust error, by which equal learners are told apart in
    7 % of the cases if families differ in size (simulated with five families of 1 to 3 tasks).
    """
    return _over_blocks(by_family(values, families), len(values))


def _over_blocks(blocks: np.ndarray, tasks: int) -> MeanOverTasks:
    """The same from the means of the families, (families,)."""
    count, mean = len(blocks), float(blocks.mean())
    if count == 1:
        return MeanOverTasks(mean, float("nan"), float("nan"), tasks, count)
    error = error_of_mean(blocks)
    if error < ROUNDING:  # the same value for every family: no variation that the test could refer to
        return MeanOverTasks(mean, 0.0, 1.0 if abs(mean) < ROUNDING else 0.0, tasks, count)
    p = 2 * float(stdtr(count - 1, -abs(mean) / error))
    return MeanOverTasks(mean, float(t_factor(count)) * error, p, tasks, count)


def by_family(values: np.ndarray, families: np.ndarray) -> np.ndarray:
    """Mean over the tasks of every family: (tasks, ...) -> (families, ...), in the order of their names."""
    _, family = np.unique(families, return_inverse=True)
    return np.stack([values[family == one].mean(axis=0) for one in range(int(family.max(initial=-1)) + 1)])


def improvement(first: np.ndarray, second: np.ndarray) -> float:
    """Probability that a seed of one learner scores higher than one of another, ties counted half.

    first, second  scores of the seeds of each, of any number. It is the statistic of Mann and Whitney over the number
                   of pairs; its mean over tasks is the probability of improvement of Agarwal et al. (2021).
    """
    differences = np.subtract.outer(first, second)
    return float((differences > ROUNDING).mean() + (np.abs(differences) <= ROUNDING).mean() / 2)


def task_means(outcomes: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """Mean over seeds of every task (index) and learner (columns), and the learners left out -> the tasks they lack.

    Learners are compared on all tasks of the table. One that lacks a task is left out: without its hardest task it
    would rise. Select tasks or learners of the table beforehand to compare others.
    """
    means = outcomes.pivot_table("value", "task", "learner", aggfunc="mean", sort=False)
    missing = zip(means.columns, means.isna().to_numpy().T, strict=True)
    lacking = {str(name): means.index.to_numpy()[lacks].tolist() for name, lacks in missing if lacks.any()}
    return means.drop(columns=list(lacking)), lacking


def pairs_over_tasks(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Every pair of learners over all tasks; learners that lack a task are left out (`task_means`).

    Columns: first, second; difference, half_width, p (`over_tasks`), corrected_p (Holm, over all pairs); improvement
    (mean probability), improvement_low, improvement_high; tasks, families.

    The interval of the probability of improvement is Wilson's, with the number of families as that of trials.
    """
    means, _ = task_means(outcomes)
    family = families_of(outcomes, means)
    trials = len(np.unique(family))
    table = _tested(means, family)
    seeds = {pair: group.to_numpy(float) for pair, group in outcomes.groupby(["task", "learner"])["value"]}
    rows = []
    for first, second in combinations(means.columns, 2):
        of_tasks = np.array([improvement(seeds[task, first], seeds[task, second]) for task in means.index])
        better = float(by_family(of_tasks, family).mean())
        rows.append((better, *wilson(better * trials, trials)))
    table[["improvement", "improvement_low", "improvement_high"]] = np.array(rows, dtype=float).reshape(-1, 3)
    return table.assign(tasks=len(family), families=trials)


def _tested(means: pd.DataFrame, family: np.ndarray) -> pd.DataFrame:
    """Every pair of the columns of `means` with its test over families, corrected for all pairs."""
    pairs = list(combinations(means.columns, 2))
    blocks = by_family(means.to_numpy(float), family)
    found = [
        _over_blocks(blocks[:, one] - blocks[:, two], len(means))
        for one, two in combinations(range(len(means.columns)), 2)
    ]
    rows = [(*pair, one.mean, one.half_width, one.p) for pair, one in zip(pairs, found, strict=True)]
    table = pd.DataFrame(rows, columns=["first", "second", "difference", "half_width", "p"])
    return table.assign(corrected_p=holm(table["p"].to_numpy(float)))


def rank_learners(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The learners (index) in the order of their mean score, with their ranks.

    score               mean over families of the mean over their tasks
    rank                1 for the best; learners that cannot be told apart share it (`rank_groups`)
    rank_low, rank_high 95 % interval of the position by `score`: bootstrap over families; NaN for fewer than
                        FEWEST_FAMILIES
    win_rate            share of comparisons with another learner on a task that it wins, ties counted half
    mean_rank           mean rank within a task, ties averaged
    tasks               number of tasks
    lacks               the tasks that a learner lacks, joined by "; ". It has no rank, and follows the others
    """
    means, lacking = task_means(outcomes)
    table = means.to_numpy(float)
    families = families_of(outcomes, means)
    if not table.size:
        ranks = scores = np.zeros(0)
    else:
        ranks = by_family(rankdata(-np.round(table, 9), axis=1), families).mean(axis=0)
        scores = by_family(table, families).mean(axis=0)
    others = max(len(means.columns) - 1, 1)
    found = pd.DataFrame({"score": scores, "rank": np.nan}, index=means.columns)
    found["rank_low"], found["rank_high"] = _rank_intervals(table, families)
    found = found.assign(win_rate=(len(ranks) - ranks) / others, mean_rank=ranks, tasks=len(means), lacks="")
    found = found.sort_values("score", ascending=False, kind="stable")
    found["rank"] = rank_groups(found.index.tolist(), _tested(means, families))
    rest = {name: {"tasks": len(means) - len(tasks), "lacks": "; ".join(tasks)} for name, tasks in lacking.items()}
    found = pd.concat([found, pd.DataFrame.from_dict(rest, orient="index", columns=["tasks", "lacks"])])
    return found.rename_axis("learner")


def rank_groups(order: Sequence[str], pairs: pd.DataFrame) -> list[int]:
    """Ranks that learners share which cannot be told apart; the n-th learner has rank n if it starts a group.

    order   learners, the best first
    pairs   columns first, second, corrected_p: a test of every pair

    A learner belongs to the group of the one before it unless it is significantly worse than the best of that group.
    (Being told apart is not transitive: the last of one group may not differ from the first of the next.)
    """
    p = {frozenset((row["first"], row["second"])): row["corrected_p"] for row in pairs.to_dict("records")}
    starts: list[int] = []  # for every learner, the position of the best of its group
    for position, name in enumerate(order):
        best = starts[-1] if starts else position
        apart = best != position and p[frozenset((order[best], name))] < SIGNIFICANCE
        starts.append(position if apart else best)
    return [start + 1 for start in starts]


def _rank_intervals(means: np.ndarray, families: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the interval of every rank by mean score. means: (tasks, learners); families: (tasks,).

    One family less than there are is resampled, so that the spread of the resampled means is not too small by
    (F - 1) / F (Rao and Wu 1988).
    """
    count = len(set(families.tolist()))
    if count < FEWEST_FAMILIES or not means.size:
        return np.full(means.shape[1], np.nan), np.full(means.shape[1], np.nan)
    chosen = np.random.default_rng(0).multinomial(count - 1, np.full(count, 1 / count), size=RESAMPLES)
    scores = chosen @ by_family(means, families) / (count - 1)  # (resamples, learners)
    ranks = 1 + (scores[:, None, :] > scores[:, :, None] + ROUNDING).sum(axis=2)
    tail = (1 - CONFIDENCE) / 2
    low = np.quantile(ranks, tail, axis=0, method="lower")
    high = np.quantile(ranks, 1 - tail, axis=0, method="higher")
    return low, high


def families_of(outcomes: pd.DataFrame, means: pd.DataFrame) -> np.ndarray:
    """The family of every task of `means`, (tasks,)."""
    return outcomes.drop_duplicates("task").set_index("task")["family"].reindex(means.index).to_numpy(str)
