"""The ranking of the learners over all tasks, by every measure, as input for tables and other formats."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ..analysis.entries import THRESHOLD, Entry
from ..analysis.learning_curve import LearningCurve
from ..analysis.measures import MEASURES, mean_values, measured, rank_by
from ..runs.results import Results

COST = ("seconds", "steps")
"""What `cost` stands for."""


ORDERS = ("rank", "learner", *MEASURES)
"""What a ranking can be sorted by."""


@dataclass(frozen=True)
class RankingOptions:
    """What a leaderboard shows. Raises ValueError for what there is not.

    learners    labels of those to show; empty: all. Their means are over the tasks that all of them have
    measures    names of MEASURES; empty: all
    level       the score that numbers of examples and solved seeds refer to
    split       "ood" or "id": of data efficiency and solved seeds
    sort        "rank", "learner" or a measure, by which learners are then ranked
    top         show this many learners, the best ones, or the first ones if sorted by name; None: all
    every_task  count all ranked tasks, not only those that measure
    """

    learners: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    level: float = THRESHOLD
    split: str = "ood"
    sort: str = "rank"
    top: int | None = None
    every_task: bool = False

    def __post_init__(self) -> None:
        for given, known in [*((one, MEASURES) for one in self.measures), (self.sort, ORDERS)]:
            if given not in known:
                raise ValueError(f"unknown measure or order {given!r}; expected one of {', '.join(known)}")
        if not 0 < self.level <= 1:
            raise ValueError(f"the level is {self.level:g}; expected a score above 0 and at most 1, such as 0.9")
        if self.top is not None and self.top < 1:
            raise ValueError(f"top is {self.top}; expected at least 1")


@dataclass(frozen=True)
class Ranking:
    """The ranks and means of the learners.

    primary   the measure that learners are ranked by
    learners  those with a rank, in the order of the table
    found     measure -> `measures.rank_by` of the learners
    controls  measure -> the mean of every control that has all tasks of it
    tasks     measure -> its tasks
    left_out  tasks that not all of the requested learners have, and that no mean counts
    options   what was asked for
    """

    primary: str
    learners: tuple[str, ...]
    found: Mapping[str, pd.DataFrame]
    controls: Mapping[str, Mapping[str, tuple[float, bool]]]
    tasks: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...]
    options: RankingOptions

    def entries(self, results: Results) -> list[Entry]:
        """The values as entries with the scope "ranking"."""
        entries: list[Entry] = []
        for measure, found in self.found.items():
            split = MEASURES[measure].split or self.options.split
            for row in (
                found.loc[[name for name in self.learners if name in found.index]].reset_index().to_dict("records")
            ):
                kind = results.catalogue.learners[row["learner"]].kind
                entry = Entry(
                    "ranking", f"{len(self.tasks[measure])} tasks", row["learner"], kind, measure, split, row["value"],
                    low=row["low"], high=row["high"], censored=bool(row["censored"]), rank=row["rank"],
                    interval="none" if math.isnan(row["low"]) else "families" if row["families"] > 1 else "seeds",
                    flags="missing" if math.isnan(row["value"]) else row["flags"],
                )  # fmt: skip
                entries.append(entry)
        return entries


def make_ranking(
    curves: Sequence[LearningCurve], results: Results, counted: Collection[str], options: RankingOptions
) -> Ranking | None:
    """The ranking over the `counted` tasks; None if no learner has a value of the measure that they are ranked by."""
    chosen = [name for name in MEASURES if name in (options.measures or MEASURES)]
    if options.split == "id" and not options.measures:
        chosen = [name for name in chosen if MEASURES[name].split != "ood"]
    primary = options.sort if options.sort in MEASURES else (options.measures or chosen)[0]
    curves = [curve for curve in curves if curve.task in counted]
    found, controls, tasks, left_out = {}, {}, {}, dict[str, None]()
    for name in dict.fromkeys([primary, *chosen]):
        table = measured(curves, results.catalogue, name, level=options.level, split=options.split, steps=results.steps)
        learners = table.loc[table["kind"] == "learner"]
        if options.learners:
            learners = learners.loc[learners["learner"].isin(options.learners)]
            having = learners.groupby("task")["learner"].nunique()
            short = having.index[having < learners["learner"].nunique()]
            learners = learners.loc[~learners["task"].isin(short)]
            left_out |= dict.fromkeys(short if name == primary else ())
        if learners.empty:
            continue
        found[name] = rank_by(learners, MEASURES[name])
        tasks[name] = tuple(dict.fromkeys(learners["task"]))
        kept = [
            name for name in results.catalogue.of_kind("control") if not options.learners or name in options.learners
        ]
        controls[name] = mean_values(table.loc[table["learner"].isin(kept)], MEASURES[name], tasks[name])
    if primary not in found:
        return None
    order = [str(name) for name in found[primary].index[found[primary]["rank"].notna()]]
    order = sorted(order) if options.sort == "learner" else order
    shown_measures = {name: found[name] for name in [*chosen, primary] if name in found}
    return Ranking(primary, tuple(order[: options.top]), shown_measures, controls, tasks, tuple(left_out), options)
