"""The quality of tasks as text, Markdown or CSV: which tasks measure, and why the others do not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..analysis.quality import LEARNED, SHALLOW, Contrast, TaskQuality
from ..engine.printable import printable
from ..runs.results import Results
from ..runs.status import StatusList
from .escaping.spreadsheet import csv_text
from .formats import markdown_table
from .provenance import short_line
from .tables import Column, Table, TableCell, decimal, half_width_text
from .text import text_table

FOOTNOTE = (
    "At the largest training size. list: status decided on suite seed 1; here: what these results show; best ID: of "
    f"general-purpose learners without a flag, {LEARNED:g} needed; shallow: ID / OOD score of the shallow rule that "
    f"is best OOD, at most {SHALLOW:g} OOD; flagged: share of flagged cells of general-purpose learners, all sizes; "
    "contrasts: how many hold, of those whose two learners qualify; seeds: how many there are, and in parentheses how "
    "many it takes until resampled seeds give the same order of learners OOD in 95 % of the pairs"
)

COLUMNS = ("list", "here", "best ID", "shallow", "flagged", "contrasts", "seeds")

CSV_COLUMNS = (
    "task", "family", "size", "seeds", "list", "here", "best", "best_id", "rule", "rule_id", "rule_ood", "lacking",
    "flagged", "stable_seeds", "first", "second", "basis", "difference", "half_width", "p", "corrected", "reasons",
)  # fmt: skip


def quality_table(qualities: Sequence[TaskQuality], listed: Mapping[str, str], results: Results) -> Table:
    """The table, with a note on each task.

    listed  task -> its status on the list: measures, frontier or undecided
    """
    rows = tuple((one.task, tuple(TableCell(text) for text in _row(one, listed[one.task]))) for one in qualities)
    return Table(
        label="quality",
        title="Quality of tasks",
        columns=tuple(Column(name, "", name) for name in COLUMNS),
        row_groups=(("tasks", rows),),
        footnote=f"{FOOTNOTE}.",
        caption="",
        notes=tuple(_note(one) for one in qualities),
        source=short_line(results),
    )


def list_table(decisions: StatusList) -> Table:
    """The list of status: what was decided on each task, and a note on what that rests on."""
    rows = tuple(
        (task, tuple(TableCell(text) for text in (one.family, one.status, str(one.size or "–"), str(one.seeds))))
        for task, one in decisions.tasks.items()
    )
    return Table(
        label="status",
        title="Status of the tasks",
        columns=tuple(Column(name, "", name) for name in ("family", "status", "n", "seeds")),
        row_groups=(("tasks", rows),),
        footnote="best: general-purpose learner without a flag, ID score; shallow: best shallow rule, OOD score; "
        "differences with 95 % intervals, those that hold after correction.",
        caption="",
        notes=tuple(
            f"{task}: best {one.best or 'none'}, shallow {one.shallow or 'none'}"
            + "".join(f"; {part}" for part in one.contrasts)
            + (f". Frontier: {'; '.join(one.reasons)}" if one.reasons else "")
            for task, one in decisions.tasks.items()
        ),
        source=f"Made by {decisions.command} (commit {decisions.commit})",
    )


def named(learner: str, score: float) -> str:
    """A learner with its score; "" if there is none."""
    return f"{learner} {_number(score)}" if learner else ""


def render_quality(table: Table, form: str) -> str:
    """The table in the format "text" or "md"."""
    return text_table(table, table.footnote) if form == "text" else markdown_table(table, table.footnote)


def quality_csv(qualities: Sequence[TaskQuality], listed: Mapping[str, str], results: Results) -> str:
    """CSV with one row per contrast of a task; a task without one has one row. The last column is the provenance."""
    source, rows = short_line(results), list[dict[str, object]]()
    for one in qualities:
        shared = {
            **{name: _plain(getattr(one, name)) for name in CSV_COLUMNS if hasattr(one, name)},
            "list": listed[one.task],
            "here": _status(one),
            "lacking": "; ".join(one.lacking),
            "reasons": "; ".join(one.reasons),
            "provenance": source,
        }
        rows += [{**shared, **_contrast_fields(each)} for each in one.contrasts] or [shared]
    return csv_text([*CSV_COLUMNS, "provenance"], rows)


def flags_text(shares: Mapping[str, tuple[int, int]], everywhere: Mapping[str, tuple[int, int]]) -> str:
    """The share of iterative learners' cells flagged `budget` or `plateau`, by learner and in total.

    shares      learner -> (flagged cells, finished cells), on the tasks that measure
    everywhere  the same on all ranked tasks
    """
    lines = ["Cells of iterative general-purpose learners that are flagged budget or plateau", ""]
    width = max((len(printable(name)) for name in everywhere), default=0)
    lines.append(f"{'':{max(width, 5)}}  {'tasks that measure':>20}  {'all ranked tasks':>20}")
    rows = [(name, shares.get(name), counts) for name, counts in everywhere.items()]
    for name, measuring, ranked in [*rows, ("total", total(shares), total(everywhere))]:
        lines.append(f"{printable(name):{max(width, 5)}}  {_share(measuring):>20}  {_share(ranked):>20}")
    return "\n".join(lines) + "\n"


def total(shares: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """(flagged cells, finished cells) of all learners together."""
    return sum(flagged for flagged, _ in shares.values()), sum(done for _, done in shares.values())


def _share(counts: tuple[int, int] | None) -> str:
    return f"{100 * counts[0] / counts[1]:.1f} % of {counts[1]}" if counts and counts[1] else "–"


def _status(one: TaskQuality) -> str:
    return "measures" if one.measures else "frontier"


def _row(one: TaskQuality, listed: str) -> tuple[str, ...]:
    hold = sum(contrast.holds for contrast in one.contrasts)
    stable = "–" if one.stable_seeds is None else str(one.stable_seeds)
    return (
        listed,
        _status(one),
        _number(one.best_id),
        f"{_number(one.rule_id)} / {_number(one.rule_ood)}",
        "–" if math.isnan(one.flagged) else f"{100 * one.flagged:.0f} %",
        f"{hold} of {len(one.contrasts)}",
        f"{one.seeds} ({stable})",
    )


def _note(one: TaskQuality) -> str:
    """What the table does not name: the learners, the contrasts, and the reasons."""
    parts = [f"best {one.best or 'none without a flag'}, shallow {one.rule or 'none'}, n = {one.size}"]
    parts += [contrast_text(contrast) for contrast in one.contrasts]
    if one.disqualified:
        parts.append("not compared: " + ", ".join(f"{name} ({why})" for name, why in one.disqualified.items()))
    if one.lacking:
        parts.append(f"not in these results: {', '.join(one.lacking)}")
    return f"{one.task}: {'; '.join(parts)}" + (f". Frontier: {'; '.join(one.reasons)}" if one.reasons else "")


def contrast_text(contrast: Contrast) -> str:
    """A contrast with its interval and p values."""
    difference = contrast.difference
    shown = f"{contrast.first} - {contrast.second} {contrast.basis} {difference.mean:+.2f}"
    if math.isnan(difference.half_width):
        return f"{shown} (one seed: no interval)"
    half_width = half_width_text(difference.half_width)
    return f"{shown} ± {half_width} (p = {difference.p:.2g}, corrected {contrast.corrected:.2g})"


def _contrast_fields(contrast: Contrast) -> dict[str, object]:
    difference = contrast.difference
    return {
        "first": contrast.first,
        "second": contrast.second,
        "basis": contrast.basis,
        "difference": difference.mean,
        "half_width": _plain(difference.half_width),
        "p": _plain(difference.p),
        "corrected": _plain(contrast.corrected),
    }


def _plain(value: object) -> object:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _number(value: float) -> str:
    return "–" if math.isnan(value) else decimal(value)
