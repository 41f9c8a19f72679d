"""The table of the ranking: one row per learner, with its rank and the mean of every measure over the tasks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from ..analysis.measures import MEASURES
from ..analysis.ranks import FEWEST_FAMILIES
from .leaderboard import Leaderboard
from .ranking import COST, Ranking
from .tables import HEADINGS, Column, RowGroup, Table, TableCell, decimal, half_width_text, shown

HEADS = {
    "ood": "OOD",
    "id": "ID",
    "exposure": "OOD ex. to {level}",
    "efficiency": "n to {level} {split}",
    "code-length": "bits per example",
    "solved": "seeds at {level} {split}",
    "seconds": "fit s",
    "steps": "steps",
}
"""The headings of the measures, in the order of their columns."""

EXPLAINED = {
    "ood": "OOD, ID: score at the largest training size, on the headline shift and in distribution; 0 is the best "
    "constant prediction of the split, 1 the best possible",
    "exposure": "OOD ex. to {level}: examples of the shift that have to be added to the largest training set for an "
    "OOD score of {level}",
    "efficiency": "n to {level}: the smallest training size with a score of {level}",
    "code-length": "bits per example: prequential code length of the targets from the smallest training size to the "
    "largest, divided by their number",
    "solved": "seeds at {level}: percentage of seeds with a score of {level} at the largest size, in brackets Wilson's "
    "95 % interval",
    "seconds": "fit s, steps: time and training steps of a fit at the largest size",
}
"""The sentences below the table; `ood` is printed for `id` as well, `seconds` for `steps`."""

GEOMETRIC = (
    "Numbers of examples, seconds and steps are geometric means over seeds and tasks; >: a seed did not reach the "
    "score, and counts with the largest number that was run"
)

FEW_TASKS = 2
"""Learners that lack more tasks are counted in the note, without their names."""


NONE = "–"
"""Text of a cell without a value."""


def ranking_tables(board: Leaderboard, source: str) -> list[Table]:
    """The table of the ranking; none if no learner has a rank."""
    ranking = board.ranking
    if ranking is None or not ranking.learners:
        return []
    measures = list(ranking.found)
    level, split = f"{ranking.options.level:g}", ranking.options.split.upper()
    heads = ["rank", *[HEADS[name].format(level=level, split=split) for name in measures]]
    rows = tuple((name, _cells(ranking, name, measures)) for name in ranking.learners)
    groups: list[RowGroup] = [(HEADINGS["learner"], rows)]
    controls = tuple(
        (name, (TableCell(""), *[_control_cell(ranking, name, measure) for measure in measures]))
        for name in board.order["control"]
        if name in ranking.controls.get(ranking.primary, {})
    )
    groups += [(HEADINGS["control"], controls)] if controls else []
    empty = any(cell.text == NONE for _, cells in (*rows, *controls) for cell in cells)
    measuring = all(board.listed.get(task) == "measures" for task in ranking.tasks[ranking.primary])
    return [
        Table(
            label="ranking",
            title=f"Ranking by {HEADS[ranking.primary].format(level=level, split=split)}",
            columns=tuple(Column(head, "", head) for head in heads),
            row_groups=tuple(groups),
            footnote=_footnote(measures, level, families=_families(ranking) > 1),
            caption=_tasks_text(ranking, level, split, measuring=measuring),
            notes=(*_notes(ranking), *([f"{NONE}: no value on all tasks of the measure"] if empty else [])),
            source=source,
        )
    ]


def _families(ranking: Ranking) -> int:
    return int(ranking.found[ranking.primary]["families"].iloc[0])


def _cells(ranking: Ranking, learner: str, measures: Sequence[str]) -> tuple[TableCell, ...]:
    row = ranking.found[ranking.primary].loc[learner]
    interval = "" if math.isnan(row["rank_low"]) else f" [{row['rank_low']:.0f},{row['rank_high']:.0f}]"
    first = TableCell(f"{row['rank']:.0f}{interval}", group=_group(ranking.found[ranking.primary], learner))
    return first, *[_cell(ranking, learner, measure) for measure in measures]


def _cell(ranking: Ranking, learner: str, measure: str) -> TableCell:
    found = ranking.found[measure]
    if learner not in found.index or math.isnan(found.loc[learner, "value"]):  # pyright: ignore[reportArgumentType]
        return TableCell(NONE)
    row = found.loc[learner]
    flags = shown(row["flags"].split(",")) if measure == ranking.primary else ()
    text = value_text(measure, row["value"], censored=row["censored"])
    if measure == "solved":
        text += f" [{100 * row['low']:.0f},{100 * row['high']:.0f}]"
    elif measure == ranking.primary and MEASURES[measure].fits and not math.isnan(row["low"]):
        text += _interval(row["value"], row["low"], row["high"])
    return TableCell(text, flags, group=_group(found, learner))


def _interval(value: float, low: float, high: float) -> str:
    half = (high - low) / 2
    symmetric = math.isclose(value - low, half, abs_tol=1e-9)
    return f" ± {half_width_text(half)}" if symmetric else f" [{decimal(low)},{decimal(high)}]"


def _control_cell(ranking: Ranking, control: str, measure: str) -> TableCell:
    value, censored = ranking.controls.get(measure, {}).get(control, (math.nan, False))
    return TableCell(NONE if math.isnan(value) else value_text(measure, value, censored=censored))


def _group(found: pd.DataFrame, learner: str) -> int:
    """The number of a learner's rank group: 1 for the best, 2 for the next one; 0 if all share one rank."""
    ranks = sorted(found["rank"].dropna().unique())
    return 0 if len(ranks) == 1 else ranks.index(found.loc[learner, "rank"]) + 1


def value_text(measure: str, value: float, *, censored: bool) -> str:
    """A value of a measure as text."""
    if measure == "solved":
        return f"{100 * value:.0f} %"
    if measure in ("ood", "id", "code-length"):
        return decimal(value)
    if measure == "seconds":
        return f"{float(f'{value:.2g}'):g}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004 -- whole seconds
    return f"{'>' if censored else ''}{value:.0f}"


def _footnote(measures: Sequence[str], level: str, *, families: bool) -> str:
    wanted = {"ood": {"ood", "id"}, "seconds": set(COST)}
    sentences = [text for name, text in EXPLAINED.items() if wanted.get(name, {name}) & set(measures)]
    sentences += [GEOMETRIC] if {"exposure", "efficiency", *COST} & set(measures) else []
    over = "families, each counting once" if families else "seeds, since the tasks are of one family"
    ranks = (
        f"Learners that cannot be told apart from the best of a group share a rank (t tests over {over}; Holm, 0.05)"
    )
    ranks += f"; in brackets the 95 % interval of the position, from {FEWEST_FAMILIES} families on" if families else ""
    return " ".join(f"{text}." for text in [*sentences, ranks]).replace("{level}", level)


def _tasks_text(ranking: Ranking, level: str, split: str, *, measuring: bool) -> str:
    """How many tasks the means are over, and which."""
    tasks = ranking.tasks[ranking.primary]
    families = _families(ranking)
    number = "1 task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    which = f" that measure{'s' if len(tasks) == 1 else ''}" if measuring else ""
    of = "1 family" if families == 1 else f"{families} families"
    text = f"Means over {number}{which} ({of}): {', '.join(tasks)}"
    fewer: dict[int, list[str]] = {}
    for name in ranking.found:
        if len(ranking.tasks[name]) != len(tasks):
            fewer.setdefault(len(ranking.tasks[name]), []).append(HEADS[name].format(level=level, split=split))
    return "; ".join([text, *[f"over {count} of them: {', '.join(heads)}" for count, heads in fewer.items()]]) + "."


def _notes(ranking: Ranking) -> tuple[str, ...]:
    """Notes on learners without a rank, and on tasks that are left out."""
    found = ranking.found[ranking.primary]
    lacking: dict[str, list[str]] = {}
    more = 0
    for name, lacks in found.loc[found["rank"].isna(), "lacks"].items():
        if lacks.count("; ") < FEW_TASKS:
            lacking.setdefault(lacks.replace("; ", " and "), []).append(str(name))
        else:
            more += 1
    parts = [f"{', '.join(names)} (without {tasks})" for tasks, names in lacking.items()]
    parts += (
        [f"{more} learner{'' if more == 1 else 's'} that lack{'s' if more == 1 else ''} more tasks"] if more else []
    )
    notes = [f"Not ranked, since without a task a mean is not comparable: {'; '.join(parts)}"] if parts else []
    if ranking.left_out:
        notes.append(f"Not counted, since not all of these learners have them: {', '.join(ranking.left_out)}")
    return tuple(notes)
