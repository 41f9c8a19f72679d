"""Cells of two results that have the same data: paired, refused, or on one side only.

Cells are paired by their axes (`runs.catalogue.AXES`), whatever their keys: a learner of another version or with other
parameters is what a comparison is about. Where the data or the metrics differ, a pair is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from ..runs.catalogue import AXES, Catalogue

SIDES = ("old", "new")

Changes = Callable[[Mapping[str, Any], Mapping[str, Any]], list[str]]
"""Describes the differences between the settings of two pairs of a task and a learner: `runs.why.changes`."""


class Side(Protocol):
    """The results that are compared, as `runs.results.Results` has them.

    scores     the tidy table
    catalogue  the planned cells
    failures   records of failed cells, with their keys
    machines   key of a cell -> description of the machine that it was fitted on
    """

    @property
    def scores(self) -> pd.DataFrame: ...

    @property
    def catalogue(self) -> Catalogue: ...

    @property
    def failures(self) -> Sequence[Mapping[str, Any]]: ...

    @property
    def machines(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class OneSided:
    """Cells of a task and a learner that one side has results for, and the other has not.

    side    "old" or "new": the one that has them
    reason  what they are on the other side: "not planned", "not run" or "failed"
    """

    side: str
    task: str
    learner: str
    reason: str
    sizes: tuple[int, ...]
    seeds: tuple[int, ...]
    cells: int


@dataclass(frozen=True)
class Refused:
    """Cells of a task and a learner that are not compared, because their data or their metrics differ."""

    task: str
    learner: str
    reason: str
    cells: int


@dataclass(frozen=True)
class Pairing:
    """What two results have in common.

    cells     one row a pair of cells that both have results for: AXES, `key_old`, `key_new`
    refused   what differs in its data
    one_sided what one side alone has results for
    changed   (task, learner) -> how the learner differs: version, parameters, source
    """

    cells: pd.DataFrame
    refused: tuple[Refused, ...]
    one_sided: tuple[OneSided, ...]
    changed: Mapping[tuple[str, str], tuple[str, ...]]


def pair_cells(old: Side, new: Side, changes: Changes) -> Pairing:
    """Pair the cells of two results. Raises ValueError if one side has two results for the same axes."""
    tables = [_cells(side, name) for side, name in zip((old, new), SIDES, strict=True)]
    joined = tables[0].merge(tables[1], on=AXES, how="outer", suffixes=("_old", "_new"))
    whole = [joined[f"done_{name}"].eq(True) for name in SIDES]  # False where it was not planned
    both = joined.loc[whole[0] & whole[1]]
    refused: list[Refused] = []
    changed: dict[tuple[str, str], tuple[str, ...]] = {}
    accepted = pd.Series(data=False, index=both.index)
    for (task, learner), cells in both.groupby(["task", "learner"], sort=False):
        for (first, second), group in cells.groupby(["settings_old", "settings_new"], sort=False):
            same_keys = bool((group["key_old"] == group["key_new"]).all())
            before, after = old.catalogue.settings.get(str(first)), new.catalogue.settings.get(str(second))
            why = [] if same_keys else _different_data(before, after, changes)
            if why:
                refused.append(Refused(str(task), str(learner), "; ".join(why), len(group)))
                continue
            accepted[group.index] = True
            if not same_keys and before and after:
                changed[str(task), str(learner)] = tuple(changes(before, after))
    singles = joined.loc[whole[0] ^ whole[1]]
    other_suite = _other_suites(joined, singles)
    refused += other_suite
    named = {(one.task, one.learner) for one in other_suite}
    singles = singles.loc[
        [(task, learner) not in named for task, learner in zip(singles["task"], singles["learner"], strict=True)]
    ]
    pairs = both.loc[accepted, [*AXES, "key_old", "key_new"]].reset_index(drop=True)
    return Pairing(pairs, tuple(refused), tuple(_one_sided(singles, old, new)), changed)


def _cells(side: Side, name: str) -> pd.DataFrame:
    """The planned cells of a side: AXES, key, settings, and whether there are results (`done`)."""
    rows = [(*(getattr(cell, axis) for axis in AXES), cell.key, cell.settings) for cell in side.catalogue.cells]
    table = pd.DataFrame(rows, columns=[*AXES, "key", "settings"]).drop_duplicates("key")
    twice = table.loc[table.duplicated(AXES)]
    if len(twice):
        first = twice.iloc[0]
        raise ValueError(
            f"the {name} results have two different cells for {first['learner']} on {first['task']}, n = "
            f"{first['size']}, seed {first['seed']}: their versions, parameters or budgets differ; compare one folder "
            "with one folder"
        )
    return table.assign(done=table["key"].isin(list(side.scores["key"].unique())))


def _different_data(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, changes: Changes) -> list[str]:
    """How the data or the metrics of two pairs differ: everything that they depend on but the learner."""
    if not before or not after:
        return ["the settings of one side are not recorded, so its data may be others"]
    return changes(before, {**after, "learner": before["learner"]})


def _other_suites(joined: pd.DataFrame, singles: pd.DataFrame) -> list[Refused]:
    """The pairs of a task and a learner that both sides have results for, but of no common suite seed."""
    found: list[Refused] = []
    done = joined.loc[joined["done_old"].eq(True) | joined["done_new"].eq(True)]
    sides = {
        name: done.loc[done[f"done_{name}"].eq(True)].groupby(["task", "learner"])["suite_seed"].unique()
        for name in SIDES
    }
    counts = singles.groupby(["task", "learner"]).size()
    numbers = counts.to_dict()
    for pair in counts.index.intersection(sides["old"].index).intersection(sides["new"].index):
        seeds = [sorted(sides[name][pair]) for name in SIDES]
        if not set(seeds[0]) & set(seeds[1]):
            shown = " -> ".join(" and ".join(map(str, own)) for own in seeds)
            task, learner = map(str, pair)
            found.append(Refused(task, learner, f"the suite seed: {shown}", int(numbers[pair])))
    return found


def _one_sided(singles: pd.DataFrame, old: Side, new: Side) -> Iterable[OneSided]:
    """Groups of cells with one reason, by side, task and learner."""
    failed = {
        name: {key for failure in side.failures for key in failure["keys"]}
        for side, name in zip((old, new), SIDES, strict=True)
    }
    has_old = singles["done_old"].eq(True)
    for name, other, cells in (("old", "new", singles.loc[has_old]), ("new", "old", singles.loc[~has_old])):
        keys = cells[f"key_{other}"]
        reason = keys.map(lambda key, own=failed[other]: "failed" if key in own else "not run").where(
            keys.notna(), "not planned"
        )
        for (task, learner, why), group in cells.groupby([cells["task"], cells["learner"], reason], sort=False):
            sizes, seeds = (tuple(sorted(map(int, group[axis].unique()))) for axis in ("size", "seed"))
            yield OneSided(name, str(task), str(learner), str(why), sizes, seeds, len(group))
