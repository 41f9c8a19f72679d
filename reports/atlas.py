"""The contrast atlas as text, Markdown, CSV and JSON: who answers alike out of distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from ..analysis.agreement import MIN_SEEDS, TaskAgreement
from ..analysis.atlas import Atlas, Closer, PairAgreement, pairs, pairs_by_part
from ..analysis.ranks import MeanOverTasks
from ..runs.results import Results
from .escaping.json_text import json_text
from .escaping.spreadsheet import csv_text
from .explained import FAMILIES, JSON_SCHEMA, mean_text, without_nan
from .formats import markdown_table
from .provenance import short_line
from .tables import NOT_PLANNED, Column, Table, TableCell, decimal
from .text import DEFAULT, Layout, text_table

MATRIX_FOOTNOTE = (
    "100 x Cohen's kappa of the answers to the probe examples of the headline shift, at the largest n: 0 if two "
    "learners with the same shares of answers were independent, 100 if all answers are equal; mean over pairs of "
    "different seeds, then over the tasks of each family that both learners solve in distribution, then over these "
    "families. Diagonal: between the seeds of one learner. Order: average linkage, neighbours most similar. "
    f"{NOT_PLANNED}: no task that both solve."
)

RELATIVES_FOOTNOTE = (
    "seeds: kappa between the seeds of the learner; nearest: the learner with the largest kappa, of those that were "
    "compared in two families or more if there are any; kappa: over the families in which both solve a task (±: 95 % "
    f"interval, t over families, from {FAMILIES} on), and the smallest and largest if one family is left out; minus "
    "seeds: that kappa minus the mean of the kappas between the seeds of either learner on the same tasks, 0 if the "
    "two are as alike as two seeds of one learner."
)


@dataclass(frozen=True)
class AtlasReport:
    """What a report prints: the atlas, all tasks that it was made from, and notes; names and lists of `closer`."""

    atlas: Atlas
    tasks: Sequence[TaskAgreement]
    results: Results
    min_id: float
    notes: Sequence[str] = ()
    groups: tuple[str, str] | None = None
    closer: Sequence[Closer] = ()

    @property
    def all_notes(self) -> tuple[str, ...]:
        """Sentences on tasks without comparison, on the stability of the order, and `notes`."""
        return (*_without_comparison(self.tasks, self.min_id), *_stability(self.atlas), *self.notes)


def atlas_tables(report: AtlasReport) -> list[Table]:
    """The matrix, the nearest relative of every learner and, if asked, which of two groups is closer."""
    source = short_line(report.results)
    tables = [_matrix(report, source), _relatives(report.atlas, source)] if report.atlas.tasks else []
    return [*tables, *([_closer(report, report.groups, source)] if report.groups else [])]


def render_atlas(report: AtlasReport, form: str, layout: Layout = DEFAULT) -> str:
    """The report in the format "text", "md", "csv" or "json"."""
    if form == "csv":
        return _csv(report)
    if form == "json":
        return _json(report)
    tables = atlas_tables(report)
    if form == "text":
        return "\n".join(text_table(table, table.footnote, layout) for table in tables)
    return "\n".join(markdown_table(table, table.footnote) for table in tables)


def _matrix(report: AtlasReport, source: str) -> Table:
    atlas = report.atlas
    rows = tuple(
        (f"{row + 1} {name}", tuple(TableCell(hundredths(value)) for value in atlas.mean[row]))
        for row, name in enumerate(atlas.learners)
    )
    families = ", ".join(f"{family} ({sum(one.family == family for one in atlas.tasks)})" for family in atlas.families)
    return Table(
        label="atlas",
        title=f"Atlas: agreement OOD of learners that solve the task (ID at least {report.min_id:g})",
        columns=tuple(Column(str(number + 1), "", str(number + 1)) for number in range(len(rows))),
        row_groups=(("learners", rows),),
        footnote=MATRIX_FOOTNOTE,
        caption=f"Families (tasks with two learners or more): {families}.",
        notes=report.all_notes,
        source=source,
    )


def _relatives(atlas: Atlas, source: str) -> Table:
    rows: list[tuple[str, tuple[TableCell, ...]]] = []
    found = list(pairs(atlas))
    for index, name in enumerate(atlas.learners):
        others = [one for one in found if one.first != one.second and name in (one.first, one.second)]
        nearest = max(others, key=lambda one: (one.families > 1, one.kappa))
        partner = nearest.second if nearest.first == name else nearest.first
        texts = (
            _number(atlas.mean[index, index]),
            partner,
            str(nearest.families),
            str(nearest.tasks),
            mean_text(mean_of_pair(nearest, nearest.kappa, nearest.half_width)),
            NOT_PLANNED if math.isnan(nearest.low) else f"{decimal(nearest.low)} to {decimal(nearest.high)}",
            NOT_PLANNED
            if math.isnan(nearest.difference)
            else mean_text(mean_of_pair(nearest, nearest.difference, nearest.difference_half_width), sign=True),
        )
        rows.append((name, tuple(map(TableCell, texts))))
    columns = ("seeds", "nearest", "families", "tasks", "kappa", "one family left out", "minus seeds")
    return Table(
        label="relatives",
        title="Nearest relatives",
        columns=tuple(Column(name, "", name) for name in columns),
        row_groups=(("learners", tuple(rows)),),
        footnote=RELATIVES_FOOTNOTE,
        caption="",
        notes=(),
        source=source,
    )


def _closer(report: AtlasReport, groups: tuple[str, str], source: str) -> Table:
    first, second = groups
    rows = tuple(
        (
            one.learner,
            tuple(
                map(
                    TableCell,
                    (
                        str(len(one.families)),
                        str(one.difference.tasks),
                        decimal(one.first),
                        decimal(one.second),
                        mean_text(one.difference, sign=True),
                        NOT_PLANNED if math.isnan(one.low) else f"{decimal(one.low)} to {decimal(one.high)}",
                    ),
                )
            ),
        )
        for one in report.closer
    )
    none = () if rows else (f"No learner solves a task that {first} and {second} solve as well",)
    columns = ("families", "tasks", f"kappa with {first}", f"with {second}", "difference", "one family left out")
    return Table(
        label="closer",
        title=f"Closer to {first} or to {second}?",
        columns=tuple(Column(name, "", name) for name in columns),
        row_groups=(("learners", rows),),
        footnote="Kappa with each, over the tasks that the learner and both of them solve in distribution; difference: "
        f"positive if closer to {first}, ±: 95 % interval, t over families, from {FAMILIES} on.",
        caption="",
        notes=none,
        source=source,
    )


def hundredths(value: float) -> str:
    """100 x a value, rounded, without the sign of zero."""
    return NOT_PLANNED if np.isnan(value) else str(round(100 * float(value)))


def _without_comparison(tasks: Sequence[TaskAgreement], min_id: float) -> tuple[str, ...]:
    """The note on tasks with fewer than two learners to compare, and which one there is."""
    lone = [f"{one.task} ({', '.join(one.learners) or 'none'})" for one in tasks if len(one.learners) <= 1]
    what = (
        f"Fewer than two learners with {MIN_SEEDS} seeds that reach {min_id:g} ID without the flags budget and plateau"
    )
    return (f"{what}: {', '.join(lone)}",) if lone else ()


def _stability(atlas: Atlas) -> tuple[str, ...]:
    """The note on the rank correlation of all pairs if a family is left out."""
    found = {family: value for family, value in atlas.stability().items() if not math.isnan(value)}
    if len(atlas.families) <= 1 or not found:
        return ("The order rests on one family",) if atlas.tasks else ()
    family = min(found, key=lambda name: found[name])
    counts = atlas.count[np.triu_indices(len(atlas.learners), 1)]
    once = f"{(counts == 1).sum()} of {(counts > 0).sum()} pairs are compared in one family only"
    text = f"Stability: if a family is left out, the rank correlation of the pairs with the whole is {{}}; {once}"
    return (text.format(f"at least {decimal(found[family])} (without {family})"),)


def mean_of_pair(one: PairAgreement, mean: float, half_width: float) -> MeanOverTasks:
    """A kappa or a difference of a pair, with the half width of its interval, as a mean over tasks."""
    return MeanOverTasks(mean, half_width, math.nan, one.tasks, one.families)


def _number(value: float) -> str:
    return NOT_PLANNED if math.isnan(value) else decimal(value)


def _every_pair(atlas: Atlas) -> Iterator[PairAgreement]:
    yield from pairs(atlas)
    yield from pairs_by_part(atlas)


def _csv(report: AtlasReport) -> str:
    columns = [*(one.name for one in fields(PairAgreement)), "provenance"]
    source = short_line(report.results)
    return csv_text(columns, ({**without_nan(asdict(one)), "provenance": source} for one in _every_pair(report.atlas)))


def _json(report: AtlasReport) -> str:
    document: dict[str, Any] = {
        "schema": JSON_SCHEMA,
        "order": report.atlas.learners,
        "families": report.atlas.families,
        "pairs": [without_nan(asdict(one)) for one in _every_pair(report.atlas)],
        "stability": without_nan(report.atlas.stability()),
        "solved_by": {one.task: one.learners for one in report.tasks},
        "notes": report.all_notes,
        "provenance": report.results.provenance,
    }
    if report.groups:
        closer = [
            {**without_nan(asdict(one)), "difference": without_nan(asdict(one.difference))} for one in report.closer
        ]
        document |= {"groups": report.groups, "closer": closer}
    return json_text(document)
