"""The contrast atlas: agreement between learners over tasks and families, learners in the order of similarity.

Tasks are averaged within each family and every family counts once; intervals are over families. A pair of learners
has a value where both solve a task, so that two pairs may be averages over different families. `closer` compares on
common tasks alone.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from scipy.stats import rankdata

from .agreement import TaskAgreement, mean_of
from .ranks import MeanOverTasks, by_family, over_tasks


@dataclass(frozen=True, eq=False)
class Atlas:
    """Agreement between learners, in the order of similarity.

    tasks         the agreement on each task on which two learners or more can be compared
    learners      all of these tasks
    equal, kappa  (tasks, learners, learners): NaN where a learner does not solve the task
    """

    tasks: tuple[TaskAgreement, ...]
    learners: tuple[str, ...]
    equal: np.ndarray
    kappa: np.ndarray

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families of the tasks, in their order."""
        return tuple(dict.fromkeys(one.family for one in self.tasks))

    @cached_property
    def by_family(self) -> np.ndarray:
        """(families, learners, learners): mean kappa over the tasks of each family, NaN where there is none."""
        own = np.array([one.family for one in self.tasks])
        layers = [_nanmean(self.kappa[own == family]) for family in self.families]
        return np.stack(layers) if layers else np.empty((0, 0, 0))

    @cached_property
    def mean(self) -> np.ndarray:
        """(learners, learners): mean kappa over the families in which a pair was compared, NaN without any."""
        return _nanmean(self.by_family)

    @cached_property
    def count(self) -> np.ndarray:
        """(learners, learners): number of families in which a pair was compared."""
        return (~np.isnan(self.by_family)).sum(0)

    @cached_property
    def leaving_one_out(self) -> np.ndarray:
        """(families, learners, learners): the mean over the other families than each."""
        return np.array([_nanmean(np.delete(self.by_family, index, axis=0)) for index in range(len(self.families))])

    def stability(self) -> dict[str, float]:
        """Spearman's correlation of the kappa of all pairs with that without a family; NaN with under three pairs."""
        above = np.triu_indices(len(self.learners), 1)
        whole, found = self.mean[above], dict[str, float]()
        for family, without in zip(self.families, self.leaving_one_out, strict=True):
            both = ~np.isnan(whole) & ~np.isnan(without[above])
            first, second = whole[both], without[above][both]
            varied = len(first) > 2 and np.ptp(first) > 0 and np.ptp(second) > 0  # noqa: PLR2004
            found[family] = float(np.corrcoef(rankdata(first), rankdata(second))[0, 1]) if varied else math.nan
        return found


def shared_by(atlas: Atlas, families: int) -> list[str]:
    """The learners that another one is compared with in so many families or more."""
    others = atlas.count * (1 - np.eye(len(atlas.learners), dtype=int))
    return [name for name, most in zip(atlas.learners, others.max(axis=1, initial=0), strict=True) if most >= families]


@dataclass(frozen=True)
class PairAgreement:
    """Agreement of two learners, or between the seeds of one, on a task, over a family or over all families.

    scope        "task", "family" or "all"; name: of the task or family
    equal        share of equal answers
    kappa        with the half width of its 95 % interval, t over families; NaN with one family
    seeds_kappa  mean of the kappa between the seeds of either learner
    difference   kappa - seeds_kappa, with its half width: 0 if the learners are as alike as two seeds of one of them
    low, high    smallest and largest kappa if one family is left out
    """

    scope: str
    name: str
    first: str
    second: str
    equal: float
    kappa: float
    half_width: float
    seeds_kappa: float
    difference: float
    difference_half_width: float
    tasks: int
    families: int
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class Closer:
    """Whether a learner answers more like one group of learners or like another.

    first, second  mean kappa with each group, over the families in which both can be compared
    difference     first - second, with its interval over these families
    low, high      smallest and largest difference if one family is left out; NaN with a single family
    """

    learner: str
    families: tuple[str, ...]
    first: float
    second: float
    difference: MeanOverTasks
    low: float
    high: float


def make_atlas(tasks: Sequence[TaskAgreement]) -> Atlas:
    """Combine tasks; those on which fewer than two learners can be compared are left out."""
    tasks = tuple(one for one in tasks if len(one.learners) > 1)
    names = list(dict.fromkeys(name for one in tasks for name in one.learners))
    position = {name: index for index, name in enumerate(names)}
    equal, kappa = (np.full((len(tasks), len(names), len(names)), np.nan) for _ in range(2))
    for index, one in enumerate(tasks):
        chosen = np.ix_([index], [position[name] for name in one.learners], [position[name] for name in one.learners])
        equal[chosen], kappa[chosen] = one.equal, one.kappa
    order = similarity_order(Atlas(tasks, tuple(names), equal, kappa).mean) if tasks else []
    return Atlas(
        tasks, tuple(names[index] for index in order), equal[:, order][:, :, order], kappa[:, order][:, :, order]
    )


def similarity_order(kappa: np.ndarray) -> list[int]:
    """Order of the leaves of a hierarchical clustering (average linkage) in which neighbours are most similar.

    kappa  (learners, learners), NaN where a pair was not compared

    Learners that no chain of compared pairs connects are ordered apart, the largest set first. Within a set, a pair
    that was not compared counts as the mean of those that were.
    """
    _, component = connected_components(csr_array(~np.isnan(kappa)), directed=False)
    sets = [np.flatnonzero(component == one) for one in dict.fromkeys(component.tolist())]
    sets.sort(key=len, reverse=True)
    return [int(members[leaf]) for members in sets for leaf in _leaves(kappa[np.ix_(members, members)])]


def _leaves(kappa: np.ndarray) -> list[int]:
    count = len(kappa)
    if count < 3:  # noqa: PLR2004 -- one order only
        return list(range(count))
    above = kappa[np.triu_indices(count, 1)]
    distance = 1 - np.where(np.isnan(kappa), np.nanmean(above), kappa)
    np.fill_diagonal(distance, 0)
    condensed = np.maximum(squareform((distance + distance.T) / 2, checks=False), 0)  # equal up to rounding errors
    tree = linkage(condensed, "average")
    return [int(leaf) for leaf in leaves_list(optimal_leaf_ordering(tree, condensed))]


def pairs(atlas: Atlas) -> Iterator[PairAgreement]:
    """Every pair of learners, and every learner with itself, over all families."""
    families, seeds = np.array([one.family for one in atlas.tasks]), _seeds(atlas)
    for row, column in zip(*np.nonzero(np.triu(atlas.count)), strict=True):
        values, between = atlas.kappa[:, row, column], seeds[:, row, column]
        chosen, known = ~np.isnan(values), ~np.isnan(between)
        whole = over_tasks(values[chosen], families[chosen])
        gap = over_tasks((values - between)[known], families[known]) if known.any() else None
        left_out = atlas.leaving_one_out[:, row, column] if whole.families > 1 else np.array([math.nan])
        yield PairAgreement(
            scope="all",
            name="",
            first=atlas.learners[row],
            second=atlas.learners[column],
            equal=over_tasks(atlas.equal[chosen, row, column], families[chosen]).mean,
            kappa=whole.mean,
            half_width=whole.half_width,
            seeds_kappa=over_tasks(between[known], families[known]).mean if known.any() else math.nan,
            difference=gap.mean if gap else math.nan,
            difference_half_width=gap.half_width if gap else math.nan,
            tasks=whole.tasks,
            families=whole.families,
            low=float(left_out.min()),
            high=float(left_out.max()),
        )


def pairs_by_part(atlas: Atlas) -> Iterator[PairAgreement]:
    """The same for each family, then for each task; they have no intervals."""
    families = np.array([one.family for one in atlas.tasks])
    parts = [("family", family, families == family) for family in atlas.families]
    parts += [("task", one.task, np.arange(len(families)) == index) for index, one in enumerate(atlas.tasks)]
    seeds = _seeds(atlas)
    for scope, name, own in parts:
        count = (~np.isnan(atlas.kappa[own])).sum(0)
        layers = (atlas.equal[own], atlas.kappa[own], seeds[own], atlas.kappa[own] - seeds[own])
        equal, kappa, between, difference = map(_nanmean, layers)
        for row, column in zip(*np.nonzero(np.triu(count)), strict=True):
            yield PairAgreement(
                scope=scope,
                name=name,
                first=atlas.learners[row],
                second=atlas.learners[column],
                equal=float(equal[row, column]),
                kappa=float(kappa[row, column]),
                half_width=math.nan,
                seeds_kappa=float(between[row, column]),
                difference=float(difference[row, column]),
                difference_half_width=math.nan,
                tasks=int(count[row, column]),
                families=1,
            )


def _seeds(atlas: Atlas) -> np.ndarray:
    """(tasks, learners, learners): mean of the kappa between the seeds of either learner; NaN if one is not defined.

    It is not where all seeds of a learner give one answer to all examples.
    """
    own = np.diagonal(atlas.kappa, axis1=1, axis2=2)
    return np.where(np.isnan(atlas.kappa), np.nan, (own[:, :, None] + own[:, None, :]) / 2)


def closer(atlas: Atlas, first: Collection[str], second: Collection[str]) -> list[Closer]:
    """Of every other learner: whether it answers more like the learners `first` or like those of `second`.

    A task counts for a learner if it can be compared there with one of each group; the kappa with a group is the mean
    over its members. The difference is the mean over tasks, then over families.
    """
    found: list[Closer] = []
    groups = [[index for index, name in enumerate(atlas.learners) if name in group] for group in (first, second)]
    families = np.array([one.family for one in atlas.tasks])
    for row, learner in enumerate(atlas.learners):
        if learner in first or learner in second:
            continue
        values = np.array([[mean_of(layer[row, group]) for group in groups] for layer in atlas.kappa])  # (tasks, 2)
        both = ~np.isnan(values).any(1)
        if not both.any():
            continue
        means = by_family(values[both], families[both])  # (families, 2)
        blocks = means[:, 0] - means[:, 1]
        several = len(blocks) > 1
        without = [float(np.delete(blocks, index).mean()) for index in range(len(blocks))] if several else [math.nan]
        near, far = (float(mean) for mean in means.mean(0))
        difference = over_tasks(values[both][:, 0] - values[both][:, 1], families[both])
        compared = tuple(family for family in atlas.families if family in families[both])
        found.append(Closer(learner, compared, near, far, difference, min(without), max(without)))
    return found


def _nanmean(layers: np.ndarray) -> np.ndarray:
    """Mean over the first axis of what is not NaN; NaN where all is."""
    valid = ~np.isnan(layers)
    with np.errstate(invalid="ignore"):
        return np.where(valid, layers, 0).sum(0) / valid.sum(0)
