"""The report on which answers and errors the declared heuristics explain: text, Markdown, CSV and JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..analysis.explained import MIN_ERRORS, Explanation, Share, Summary, summaries
from ..analysis.ranks import MeanOverTasks
from ..runs.results import Results
from .escaping.json_text import json_text
from .escaping.spreadsheet import csv_text
from .formats import markdown_table
from .provenance import short_line
from .tables import HEADINGS, NOT_PLANNED, Column, RowGroup, Table, TableCell, decimal, half_width_text, shown
from .text import DEFAULT, Layout, text_table

JSON_SCHEMA = 1
"""Version of the JSON format: increase it if a field changes its name or meaning."""

FAMILIES = 3
"""Least number of families for an interval to be printed: over two, t covers, but is wider than the scale."""

SUMMARY_FOOTNOTE = (
    "Means over families of the means over their tasks, at the largest n; cells flagged budget or plateau are left "
    "out. right: share of the answers that are right; beyond: right where no declared heuristic is; outside: answers, "
    "right or wrong, that no heuristic gives; explained: share of the errors that a heuristic makes as well; excess: "
    "what exceeds the expectation if answers are permuted among examples with the same target, ± half width of the "
    f"95 % interval (t over families, from {FAMILIES} on); more: tasks in which that is significant (permutation test, "
    "5 % level, Holm), of those in which a permutation changes the share."
)

TASK_FOOTNOTE = (
    "Shares of the answers to the probe examples, mean over seeds: right; beyond: right where no heuristic is; only "
    "NAME: wrong, and given by this heuristic alone; shared: wrong, and given by several; other: wrong, and given by "
    "none; right, only, shared and other add up to 1. Of the errors: the share that a heuristic makes as well (±: "
    "95 % interval, t over seeds), its expectation if answers are permuted among examples with the same target, and "
    f"the p value (two-sided, Holm over all learners and tasks); –: fewer than {MIN_ERRORS} errors, or no permutation "
    "changes the share, because each target occurs once or is always answered alike."
)

CSV_COLUMNS: tuple[str, ...] = (
    "task", "family", "split", "size", "learner", "kind", "flags", "seeds", "examples", "errors", "id_score",
    "heuristic", "part", "of", "share", "expected", "excess", "deviation", "p", "corrected_p", "half_width",
    "provenance",
)  # fmt: skip
"""One row a share. part: right, beyond, given, unique, shared, other; of: answers or errors."""


def explained_tables(
    found: Sequence[Explanation], results: Results, notes: Sequence[str], *, brief: bool
) -> list[Table]:
    """A summary over families and, unless it is brief, a table for each task.

    notes  sentences that concern all tables
    """
    source = short_line(results)
    tables = [_summary_table(summaries(found), source, tuple(notes))]
    tasks = [] if brief else list(dict.fromkeys(one.task for one in found))
    return [*tables, *[_task_table([one for one in found if one.task == task], source) for task in tasks]]


def render_explained(
    found: Sequence[Explanation],
    results: Results,
    notes: Sequence[str],
    form: str,
    layout: Layout = DEFAULT,
    *,
    brief: bool = False,
) -> str:
    """The report in the format "text", "md", "csv" or "json"."""
    if form == "csv":
        return _csv(found, results)
    if form == "json":
        return _json(found, results, notes)
    parts, known = list[str](), set[str]()
    for table in explained_tables(found, results, notes, brief=brief):
        footnote = "" if table.footnote in known else table.footnote
        parts.append(text_table(table, footnote, layout) if form == "text" else markdown_table(table, footnote))
        known.add(table.footnote)
    return "\n".join(parts)


def _summary_table(rows: Sequence[Summary], source: str, notes: tuple[str, ...]) -> Table:
    columns = ("tasks", "families", "right", "beyond", "outside", "errors explained", "excess", "more")

    def cells(one: Summary) -> tuple[TableCell, ...]:
        shares = (one.right, one.right_beyond, one.outside, one.explained.mean if one.explained else math.nan)
        texts = [str(one.tasks), str(one.families), *map(_number, shares), mean_text(one.excess, sign=True)]
        return tuple(TableCell(text) for text in [*texts, f"{one.significant}/{one.tested}" if one.tested else "–"])

    return Table(
        label="explained",
        title="Whose errors are these? Over families",
        columns=tuple(Column(name, "", name) for name in columns),
        row_groups=_groups([(one.kind, one.learner, cells(one)) for one in rows]),
        footnote=SUMMARY_FOOTNOTE,
        caption="",
        notes=notes,
        source=source,
    )


def _task_table(found: Sequence[Explanation], source: str) -> Table:
    first = found[0]
    names = list(first.unique)
    columns = ["ID", "right", "beyond", *[f"only {name}" for name in names], *(["shared"] if len(names) > 1 else [])]
    columns += ["other", "errors explained", "expected", "p"]

    def cells(one: Explanation) -> tuple[TableCell, ...]:
        shares = [one.right, one.right_beyond, *one.unique.values()]
        shares += [one.shared] if len(names) > 1 else []
        share = one.of_errors
        half = one.over_seeds.half_width
        explained = "–" if share is None else decimal(share.value)
        explained += f" ± {half_width_text(half)}" if share and not math.isnan(half) else ""
        expected = decimal(share.expected) if share and share.informative else "–"
        return (
            TableCell(_number(one.id_score), shown(one.flags)),
            *[TableCell(decimal(value)) for value in [*shares, one.unexplained]],
            *[TableCell(text) for text in (explained, expected, p_text(one.corrected))],
        )

    return Table(
        label=f"explained-{first.task}",
        title=f"{first.task}: answers on the split {first.split}, n = {first.size}",
        columns=tuple(Column(name, "", name) for name in columns),
        row_groups=_groups([(one.kind, one.learner, cells(one)) for one in found]),
        footnote=TASK_FOOTNOTE,
        caption=f"{first.examples} examples; heuristics: {', '.join(names)}.",
        notes=(),
        source=source,
    )


def _groups(rows: Sequence[tuple[str, str, tuple[TableCell, ...]]]) -> tuple[RowGroup, ...]:
    groups = ((HEADINGS[kind], tuple((name, cells) for own, name, cells in rows if own == kind)) for kind in HEADINGS)
    return tuple(group for group in groups if group[1])


def _number(value: float) -> str:
    return NOT_PLANNED if math.isnan(value) else decimal(value)


def mean_text(found: MeanOverTasks | None, *, sign: bool = False) -> str:
    """A mean with the half width of its interval over families, if there are FAMILIES of them."""
    if found is None:
        return NOT_PLANNED
    text = f"{'+' if sign and found.mean >= 0 else ''}{decimal(found.mean)}"
    return f"{text} ± {half_width_text(found.half_width)}" if found.families >= FAMILIES else text


def p_text(value: float) -> str:
    """A p value with three decimals; "–" if it is not defined."""
    if math.isnan(value):
        return NOT_PLANNED
    return "<.001" if value < 0.001 else f"{value:.3f}".removeprefix("0")  # noqa: PLR2004 -- the last decimal


def _records(one: Explanation) -> Iterator[dict[str, Any]]:
    """The shares of one learner on one task: those of the answers, then those of the errors."""
    total = {"of": "answers"}
    yield {**total, "part": "right", "share": one.right}
    yield {**total, "part": "beyond", "share": one.right_beyond}
    yield {**total, "part": "given", **_null(one.of_answers)}
    for name, value in one.unique.items():
        yield {**total, "part": "unique", "heuristic": name, "share": value}
    yield {**total, "part": "shared", "share": one.shared}
    yield {**total, "part": "other", "share": one.unexplained}
    if one.of_errors is None or one.shared_errors is None:
        return
    errors = {"of": "errors"}
    half = {"corrected_p": one.corrected, "half_width": one.over_seeds.half_width}
    yield {**errors, "part": "given", **_null(one.of_errors), **half}
    for name, (given, unique) in one.parts.items():
        yield {**errors, "part": "given", "heuristic": name, **_null(given)}
        yield {**errors, "part": "unique", "heuristic": name, **_null(unique)}
    yield {**errors, "part": "shared", **_null(one.shared_errors)}


def _null(share: Share) -> dict[str, float]:
    return {
        "share": share.value,
        "expected": share.expected,
        "excess": share.excess,
        "deviation": share.deviation,
        "p": share.p,
    }


def _head(one: Explanation) -> dict[str, Any]:
    names = ("task", "family", "split", "size", "learner", "kind", "seeds", "examples", "errors", "id_score")
    return {**{name: getattr(one, name) for name in names}, "flags": ",".join(one.flags)}


def _csv(found: Sequence[Explanation], results: Results) -> str:
    source = {"provenance": short_line(results)}
    return csv_text(
        CSV_COLUMNS, (without_nan({**_head(one), **row, **source}) for one in found for row in _records(one))
    )


def _json(found: Sequence[Explanation], results: Results, notes: Sequence[str]) -> str:
    document = {
        "schema": JSON_SCHEMA,
        "shares": [without_nan({**_head(one), **row}) for one in found for row in _records(one)],
        "notes": list(notes),
        "provenance": results.provenance,
    }
    return json_text(document)


def without_nan(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same with None for NaN: JSON has no NaN, and the field is empty in CSV."""
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
