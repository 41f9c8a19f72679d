"""Measures of a ranking: a value per task, learner and seed, and its mean over tasks with the ranks of the learners.

For example, the data efficiency of a learner that reaches a score of 0.9 with 16 examples on one task and with 64 on
another one is 32: numbers of examples, seconds and steps have geometric means, so that no task outweighs the others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..runs.catalogue import Catalogue
from .curves import examples_to_threshold
from .intervals import ROUNDING, interval, wilson
from .learning_curve import LearningCurve, join_flags
from .outcomes import OUTCOMES
from .paired import SIGNIFICANCE, holm, paired
from .ranks import by_family, families_of, over_tasks, rank_groups, rank_learners, task_means


@dataclass(frozen=True)
class Measure:
    """How the values of a measure are averaged and compared.

    split              that it is computed on; None: the one that is asked for
    greater_is_better  False for costs and numbers of examples
    offset             None: arithmetic mean; else the geometric mean of value + offset, minus the offset
    fits               whether the values are scores, whose interval depends on their distribution (`intervals`)
    """

    split: str | None = None
    greater_is_better: bool = True
    offset: float | None = None
    fits: bool = False

    def utility(self, values: np.ndarray) -> np.ndarray:
        """Values on the scale of their mean, the greater the better."""
        scaled = values if self.offset is None else np.log2(values + self.offset)
        return scaled if self.greater_is_better else -scaled

    def value(self, utility: np.ndarray) -> np.ndarray:
        """The inverse of `utility`; of numbers and times, at least 0 (the inverse rounds)."""
        scaled = utility if self.greater_is_better else -utility
        return scaled if self.offset is None else np.maximum(np.exp2(scaled) - self.offset, 0.0)


MEASURES: dict[str, Measure] = {
    "ood": Measure("ood", fits=True),
    "id": Measure("id", fits=True),
    "exposure": Measure("ood", greater_is_better=False, offset=1.0),
    "efficiency": Measure(greater_is_better=False, offset=0.0),
    "code-length": Measure("id", greater_is_better=False),
    "solved": Measure(),
    "seconds": Measure("id", greater_is_better=False, offset=0.001),
    "steps": Measure("id", greater_is_better=False, offset=1.0),
}
"""ood, id      score at the largest training size
exposure     examples of the headline shift, added to the largest training set, to an OOD score of the level
efficiency   training examples to a score of the level
code-length  prequential code length in bits per encoded example (`curves.code_length`)
solved       share of seeds with a score of the level at the largest training size
seconds      time of the fit per model at the largest training size
steps        of training, likewise; only of learners that count them
"""

RANKING = ["value", "low", "high", "censored", "rank", "rank_low", "rank_high", "tasks", "families", "flags", "lacks"]


def measured(
    curves: Iterable[LearningCurve],
    catalogue: Catalogue,
    name: str,
    *,
    level: float,
    split: str = "ood",
    steps: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Columns OUTCOMES and `censored`: one row per ranked task, learner and seed with a value of the measure `name`.

    level     the score that "exposure", "efficiency" and "solved" refer to
    split     of "efficiency" and "solved": id, or ood (the headline shift; tasks without one have no rows)
    steps     key of a cell -> steps of training
    censored  the level is not reached: the value is the largest number that was run, a lower bound
    """
    split = MEASURES[name].split or split
    rows: list[tuple[object, ...]] = []
    for curve in curves:
        info = catalogue.tasks[curve.task]
        if not info.ranked or split not in curve.splits:
            continue
        found = _of_seeds(curve, name, split, level, steps or {})
        flags = curve.flags if name in ("efficiency", "code-length") else curve.final_flags
        flags = join_flags(flags | ({"incomplete"} if len(found) < len(curve.seeds) else set()))
        head = (curve.task, info.family, curve.learner, curve.kind)
        rows += [(*head, seed, value, error, flags, censored) for seed, value, error, censored in found]
    return pd.DataFrame(rows, columns=[*OUTCOMES, "censored"])


def _of_seeds(
    curve: LearningCurve, name: str, split: str, level: float, steps: Mapping[str, float]
) -> list[tuple[int, float, float, bool]]:
    """(seed, value, standard error within the cells, censored) of every seed with a value; none if not comparable."""
    if curve.partial if name in ("efficiency", "code-length") else not curve.planned_at_largest:
        return []
    values, errors = (curve.matrices[column][:, -1] for column in (split, f"{split}_error"))
    unknown, censored = np.full(len(curve.seeds), np.nan), np.zeros(len(curve.seeds), dtype=bool)
    if name in ("seconds", "steps"):
        of_cell = {cell.seed: cell.fit_seconds if name == "seconds" else steps.get(cell.key) for cell in curve.finals}
        values, errors = np.array([of_cell.get(seed) for seed in curve.seeds], dtype=float), unknown
    elif name == "code-length":
        values, errors = (each / (curve.anchors[-1] - curve.anchors[0]) for each in curve.code_lengths())
    elif name == "solved":
        values, errors = np.where(np.isnan(values), np.nan, values >= level - ROUNDING), unknown
    elif name in ("exposure", "efficiency"):
        numbers, scores = (curve.anchors, curve.matrices[split]) if name == "efficiency" else curve.exposure()[:2]
        if name == "exposure" and not any(numbers):
            return []
        crossings = [examples_to_threshold(numbers, of_seed, level) for of_seed in scores]
        values, errors = np.array([one.anchor for one in crossings]), unknown
        censored = np.array([one.censored for one in crossings], dtype=bool)
    found = zip(curve.seeds, values.tolist(), errors.tolist(), censored.tolist(), strict=False)
    return [row for row in found if not np.isnan(row[1])]


def rank_by(outcomes: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    """The learners of `measured` (index), the best first, with columns RANKING.

    value                mean over families of the mean over their tasks; `low`, `high`: its 95 % interval over families
                         (t; of shares Wilson's), NaN for none and for a lower bound
    rank                 1 for the best; learners that cannot be told apart share it (`ranks.rank_groups`)
    rank_low, rank_high  95 % interval of the position, NaN for few families (`ranks.rank_learners`)
    censored             whether the value of a seed is a lower bound; then the mean is one
    lacks                the tasks of the table that a learner lacks, joined by "; ": without its hardest task it would
                         rise. So it has neither value nor rank, and follows the others

    If all tasks are of one family, the tests and intervals are over seeds, of the mean over tasks within each seed, and
    hold for these tasks alone.
    """
    if outcomes.empty:
        return pd.DataFrame(columns=RANKING, index=pd.Index([], name="learner"))
    scaled = outcomes.assign(value=measure.utility(outcomes["value"].to_numpy(float)))
    families = len(set(outcomes["family"]))
    found = _over_families(scaled, measure) if families > 1 else _over_seeds(scaled, measure)
    ends = measure.value(found[["low", "high"]].to_numpy(float))
    found["value"] = measure.value(found["score"].to_numpy(float))
    by_learner = outcomes.groupby("learner")
    found["censored"] = by_learner["censored"].any().reindex(found.index)
    found["low"], found["high"] = np.where(found["censored"], np.nan, np.sort(ends, axis=1).T)
    flags = by_learner["flags"].agg(lambda of_tasks: join_flags({*",".join(set(of_tasks)).split(",")} - {""}))
    found["flags"] = flags.reindex(found.index)
    return found.assign(families=families).reindex(columns=RANKING)


def mean_values(outcomes: pd.DataFrame, measure: Measure, tasks: Collection[str]) -> dict[str, tuple[float, bool]]:
    """(value, censored) as in `rank_by` of those, controls for example, that have all of the `tasks`."""
    outcomes = outcomes.loc[outcomes["task"].isin(list(tasks))]
    scaled = outcomes.assign(value=measure.utility(outcomes["value"].to_numpy(float)))
    means, _ = task_means(scaled)
    if len(means) < len(tasks):
        return {}
    values = measure.value(by_family(means.to_numpy(float), families_of(scaled, means)).mean(axis=0))
    censored = outcomes.groupby("learner")["censored"].any()
    return {
        str(name): (value, bool(censored[name])) for name, value in zip(means.columns, values.tolist(), strict=True)
    }


def not_worse_than_best(scores: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> set[str]:
    """The learner with the best mean on one task, and those that are not significantly worse; none without tests.

    scores  learner -> score and standard error of every seed, (seeds,) each, with the same seeds
    The best one is tested against every other one (paired t test, Holm's correction for these tests).
    """
    means = {name: float(np.nanmean(values)) for name, (values, _) in scores.items() if not np.isnan(values).all()}
    best = max(means, key=lambda name: means[name], default="")
    others = [name for name in means if name != best]
    tests = [paired(scores[best][0], scores[name][0], scores[best][1], scores[name][1]).p for name in others]
    if not others or np.isnan(tests).all():
        return set()
    return {best, *(name for name, p in zip(others, holm(tests), strict=True) if not p < SIGNIFICANCE)}


def _over_families(outcomes: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    found = rank_learners(outcomes)
    means, _ = task_means(outcomes)
    families = families_of(outcomes, means)
    ends = dict[str, tuple[float, float]]()
    for name in means.columns:
        mean = over_tasks(means[name].to_numpy(float), families)
        ends[name] = mean.mean - mean.half_width, mean.mean + mean.half_width
        if measure is MEASURES["solved"]:
            ends[name] = wilson(mean.mean * mean.families, mean.families)
    return _with_ends(found, ends)


def _over_seeds(outcomes: pd.DataFrame, measure: Measure) -> pd.DataFrame:
    means, lacking = task_means(outcomes)
    names = [str(name) for name in means.columns]
    values, errors = _seed_means(outcomes, names)
    order = means.mean().sort_values(ascending=False, kind="stable")
    ends = dict[str, tuple[float, float]]()
    for name in names:
        of_seeds = values[name][~np.isnan(values[name])]
        mean = interval(values[name], errors[name], fits=measure.fits)
        ends[name] = mean.mean - mean.half_width, mean.mean + mean.half_width
        if mean.kind == "range":
            ends[name] = mean.low, mean.high
        if measure is MEASURES["solved"] and len(of_seeds):
            ends[name] = wilson(float(of_seeds.sum()), len(of_seeds))
    pairs = pd.DataFrame(list(combinations(names, 2)), columns=["first", "second"])
    tests = [paired(values[one], values[two], errors[one], errors[two]).p for one, two in combinations(names, 2)]
    groups = rank_groups([str(name) for name in order.index], pairs.assign(corrected_p=holm(tests)))
    found = pd.DataFrame({"score": order, "rank": groups, "tasks": len(means), "lacks": ""})
    rest = {name: {"tasks": len(means) - len(tasks), "lacks": "; ".join(tasks)} for name, tasks in lacking.items()}
    found = pd.concat([found, pd.DataFrame.from_dict(rest, orient="index", columns=["tasks", "lacks"])])
    return _with_ends(found.assign(rank_low=np.nan, rank_high=np.nan), ends)


def _with_ends(found: pd.DataFrame, ends: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    low, high = (pd.Series({name: pair[end] for name, pair in ends.items()}, dtype=float) for end in (0, 1))
    return found.assign(low=low.reindex(found.index), high=high.reindex(found.index)).rename_axis("learner")


def _seed_means(outcomes: pd.DataFrame, names: list[str]) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """For every learner the mean over tasks within each seed and its error, (seeds,) each; NaN if a task is missing."""
    outcomes = outcomes.loc[outcomes["learner"].isin(names)]
    (task, tasks), (seed, seeds) = (pd.factorize(outcomes[axis], sort=True) for axis in ("task", "seed"))
    learner = pd.Index(names).get_indexer(pd.Index(outcomes["learner"]))
    values, errors = (np.full((len(tasks), len(seeds), len(names)), np.nan) for _ in range(2))
    values[task, seed, learner] = outcomes["value"].to_numpy(float)
    errors[task, seed, learner] = outcomes["error"].to_numpy(float)
    # the test examples of different tasks are sampled independently
    means, within = values.mean(axis=0), np.sqrt(np.square(errors).sum(axis=0)) / len(tasks)
    return dict(zip(names, means.T, strict=True)), dict(zip(names, within.T, strict=True))
