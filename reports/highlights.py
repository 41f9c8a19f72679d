"""Which learners a figure shows in colour: at most six a panel; the others are grey."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from scipy.stats import rankdata

from ..analysis.outcomes import outcomes
from ..analysis.ranks import by_family
from ..runs.results import Results
from .labels import shortened
from .names import base_and_variant
from .style import BROKEN, GREY, OTHERS, LineStyle

LIMIT = 6
"""Largest number of learners in colour in a panel: more lines cannot be told apart."""

RULE = "the six that beat most others OOD (share of wins within a task, families count equally), one a base first"


@dataclass(frozen=True)
class Highlights:
    """Learners in the order in which they are shown in colour.

    chosen  they were named, and no others are in colour
    labels  of those that are under a display name
    """

    order: tuple[str, ...]
    chosen: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def first(self) -> list[str]:
        """The first six, one of each base before its variants."""
        return self._leading(self.order)

    def of(self, present: Collection[str], best: str = "") -> list[str]:
        """Those in colour among the learners of a panel: the first six.

        In the place of one that the panel lacks comes its first variant there, or else the next learner, and in the
        place of the sixth the best one, unless they were chosen.
        """
        own = [name for name in self.first if name in present]
        if self.chosen:
            return own
        there = [name for name in self.order if name in present]
        for base in (self._base(name) for name in self.first if name not in present):
            own += [name for name in there if self._base(name) == base and name not in own][:1]
        own = [*own, *(name for name in self._leading(there) if name not in own)][:LIMIT]
        return [*own[: LIMIT - 1], best] if best in there and best not in own else own

    def of_panels(self, panels: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
        """Those in colour in each panel. panels: title -> its learners."""
        return {title: self.of(present) for title, present in panels.items()}

    def named(self, coloured: Mapping[str, Collection[str]]) -> list[str]:
        """Those in colour in any panel, in the order of the legend."""
        names = {name for own in coloured.values() for name in own}
        return [name for name in self.order if name in names]

    def _base(self, name: str) -> str:
        return base_and_variant(self.labels.get(name, name))[0]

    def _leading(self, names: Sequence[str]) -> list[str]:
        """The first six, one of each base before its variants where there are more."""
        if self.chosen or len(names) <= LIMIT:
            return list(names)
        count: dict[str, int] = {}
        found = list[tuple[int, str]]()
        for name in names:
            base = self._base(name)
            count[base] = count.get(base, 0) + 1
            found.append((count[base], name))
        return [name for _, name in sorted(found, key=lambda pair: pair[0])][:LIMIT]

    def note(self, coloured: Collection[str], others: int, best: Collection[str] = ()) -> str:
        """What is grey, and why; "" if nothing is.

        others  number of learners that are grey in all panels
        best    those that took the place of the sixth
        """
        if self.chosen:
            return f"In colour: those that were asked for; grey: {_others(others)}" if others else ""
        rule = f"{RULE}; the best one here is in the place of the sixth" if best else RULE
        if not set(coloured) - set(best) <= set(self.first):
            return f"In colour: {rule}; where one has no result its first variant, or the next one; grey: the others"
        return f"In colour: {rule}; grey: {_others(others)}" if others else ""


def _others(count: int) -> str:
    return f"{count} other{'' if count == 1 else 's'}"


def handles_of(
    names: Iterable[str], styles: Mapping[str, LineStyle], others: int, width: float, *, points: bool = False
) -> list[Line2D]:
    """Entries of a legend: learners in colour, and the others.

    With more than six learners, variants of one that has an entry are hollow and share one.

    width   of the figure, in inches
    points  entries are markers without a line
    """
    names = list(names)
    bases = {(styles[name].colour, styles[name].marker) for name in names if not styles[name].hollow}
    variants = [name for name in names if styles[name].hollow and (styles[name].colour, styles[name].marker) in bases]
    if len(names) <= LIMIT:
        variants = []
    looks = {shortened(name, int(9 * width)): styles[name].keywords() for name in names if name not in variants}
    looks |= {"a variant (hollow)": LineStyle(GREY, "o", BROKEN[0], hollow=True).keywords()} if variants else {}
    looks |= {"other learners": {**OTHERS, "marker": "." if points else ""}} if others else {}
    line = {"linestyle": ""} if points else {}
    return [Line2D([], [], label=label, **{**look, **line}) for label, look in looks.items()]


def highlights(results: Results, chosen: Sequence[str] = ()) -> Highlights:
    """All learners, those that beat most others first, or the `chosen` ones.

    A learner with fewer than half of the ranked tasks follows the others.
    Raises UsageError for an unknown learner, and ValueError for more than six or for one that does not learn.
    """
    kinds = {name: info.kind for name, info in results.catalogue.learners.items()}
    labels = {name: info.label for name, info in results.catalogue.learners.items() if info.label}
    if chosen:
        names = list(dict.fromkeys(results.labels(chosen)))
        if len(names) > LIMIT:
            raise ValueError(f"{len(names)} learners to show in colour; expected at most {LIMIT}")
        for name in names:
            if kinds[name] != "learner":
                raise ValueError(f"{name} is a {kinds[name]}, which is grey in figures; expected a learner")
        return Highlights(tuple(names), chosen=True, labels=labels)
    found = outcomes(results.scores, results.catalogue)
    found = found.loc[found["kind"] == "learner"]
    ordered = _by_wins(found) if len(found) else []
    learners = [name for name, kind in kinds.items() if kind == "learner"]
    return Highlights(tuple(dict.fromkeys([*ordered, *learners])), labels=labels)


def _by_wins(found: pd.DataFrame) -> list[str]:
    """Learners by their share of wins over the others on the same task; the order of a task does not depend on n/a."""
    means = found.pivot_table("value", "task", "learner", aggfunc="mean", sort=False)
    family = found.drop_duplicates("task").set_index("task")["family"].reindex(means.index).to_numpy(str)
    wins = np.full(means.shape, np.nan)
    for row, values in enumerate(means.to_numpy(float)):
        there = ~np.isnan(values)
        others = max(int(there.sum()) - 1, 1)
        wins[row, there] = (rankdata(np.round(values[there], 9)) - 1) / others
    share = {
        str(name): float(by_family(wins[has, column], family[has]).mean())
        for column, name in enumerate(means.columns)
        if (has := ~np.isnan(wins[:, column])).any()
    }
    few = {name for name, count in means.notna().sum().items() if count < len(means) / 2}
    return sorted(share, key=lambda name: (name in few, -share[name]))
