"""The comparison of two results as text, Markdown, CSV or JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from textwrap import fill
from typing import Any

import numpy as np

from ..analysis.comparison import Comparison, Curve, FitTime
from ..analysis.pairing import OneSided
from ..engine.printable import printable
from ..runs.results import Results
from .escaping.json_text import json_text
from .escaping.markdown import markdown_line
from .escaping.spreadsheet import csv_text
from .formats import markdown_table
from .provenance import short_line
from .tables import Column, Table, TableCell, decimal, half_width_text
from .text import WIDTH, text_table

FOOTNOTE = (
    "Mean over seeds of the mean over the cells (training sizes and exposed examples) of a seed that both sides have. "
    "±: half width of the 95 % confidence interval of the difference, paired over seeds, at least what the sampling of "
    "test examples implies. p: t test, after Holm's correction for all curves that differ. largest change: training "
    "size (+ exposed examples) at which the means differ most."
)

MAX_OTHERS = 10
"""Largest number of curves in the table that did not move significantly."""

FEW = 4
"""Names that a line lists; more are counted."""

CSV_COLUMNS: tuple[str, ...] = (
    "kind", "side", "task", "learner", "split", "metric", "size", "exposed", "old", "new", "difference", "half_width",
    "seeds", "p", "corrected", "verdict", "ratio", "cells", "note",
)  # fmt: skip

SIGNIFICANT = ("loss", "gain", "moved")


@dataclass(frozen=True)
class Named:
    """The two results, with the names that the reader gave them."""

    old: str
    new: str
    results: tuple[Results, Results]

    def name(self, side: str) -> str:
        """The name of the side "old" or "new"."""
        return self.old if side == "old" else self.new


def render_comparison(found: Comparison, named: Named, form: str) -> str:
    """The comparison in the format "text", "md", "csv" or "json"."""
    if form == "csv":
        return _csv(found)
    if form == "json":
        return _json(found, named)
    lines = [*_summary(found, named), *_remarks(found, named)]
    tables = [table for table in (_curves_table(found, named), _times_table(found, named)) if table]
    if form == "md":
        listed = "\n".join(f"- {markdown_line(line)}" for line in lines)
        heading = f"## {markdown_line(named.old)} → {markdown_line(named.new)}\n"
        return "\n".join([heading, listed, "", *(markdown_table(one, one.footnote) for one in tables)])
    wrapped = [fill(printable(line), WIDTH, subsequent_indent="  ") for line in lines]
    return "\n".join(
        [printable(f"{named.old} -> {named.new}"), "", *wrapped, "", *(text_table(one, one.footnote) for one in tables)]
    )


def _summary(found: Comparison, named: Named) -> Iterator[str]:
    """How many cells are compared, and what came of it."""
    verdicts = Counter(curve.verdict for curve in found.curves)
    cells, curves = _count(len(found.pairing.cells), "cell"), _count(len(found.curves), "curve")
    yield f"{cells} paired, in {curves} (task, learner, split)"
    texts = {
        "equal": "equal in every cell",
        "loss": "significantly worse",
        "gain": "significantly better",
        "moved": "moved significantly (riddles, where neither direction is better)",
        "not significant": "different, not significantly",
        "one seed": "different, with one seed and therefore not tested",
        "no values": "without values on one side",
    }
    yield "curves: " + "; ".join(f"{verdicts[name]} {text}" for name, text in texts.items() if verdicts[name])
    for (task, learner, what), cells in found.lost.items():
        counted = _count(cells, "cell")
        yield f"lost: {counted} of {learner} on {task}: scored in {named.old}, {what} in {named.new}"


def _remarks(found: Comparison, named: Named) -> Iterator[str]:
    """What differs apart from scores, and what is not compared."""
    pairing = found.pairing
    changed: dict[tuple[str, str], list[str]] = {}
    for (task, learner), changes in pairing.changed.items():
        changed.setdefault((learner, "; ".join(changes) or "other settings"), []).append(task)
    for (learner, changes), tasks in changed.items():
        yield f"changed: {learner} on {_names(tasks, 'task')}: {changes}"
    flags: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for (task, learner, before, after), cells in found.statuses.items():
        flags.setdefault((learner, before, after), []).append((task, cells))
    for (learner, before, after), cells in flags.items():
        counted, tasks = _count(sum(number for _, number in cells), "cell"), [task for task, _ in cells]
        yield f"status: {before} -> {after} in {counted} of {learner} on {_names(tasks, 'task')}"
    refused: dict[str, list[tuple[str, str, int]]] = {}
    for one in pairing.refused:
        refused.setdefault(one.reason, []).append((one.task, one.learner, one.cells))
    for reason, rows in refused.items():
        tasks, learners, cells = zip(*rows, strict=True)
        yield (
            f"not compared, because the data or the metrics differ: {_count(sum(cells), 'cell')} of "
            f"{_names(learners, 'learner')} on {_names(tasks, 'task')}: {reason}"
        )
    yield from _one_sided(pairing.one_sided, named)
    for machines, cells in found.untimed.items():
        yield f"fit times not compared, as the machines differ: {_count(cells, 'cell')} ({machines})"


def _one_sided(groups: Iterable[OneSided], named: Named) -> Iterator[str]:
    """Lines of cells that are on one side only, groups with the same reason, sizes and seeds in one."""
    merged: dict[tuple[str, str, tuple[int, ...]], list[OneSided]] = {}
    for one in groups:
        merged.setdefault((one.side, one.reason, one.seeds), []).append(one)
    for (side, reason, seeds), members in merged.items():
        other = "new" if side == "old" else "old"
        learners, tasks = [one.learner for one in members], [one.task for one in members]
        sizes = sorted({size for one in members for size in one.sizes})
        at = f", n = {', '.join(map(str, sizes))}" if len(sizes) <= FEW else ""
        yield (
            f"only in {named.name(side)}: {_count(sum(one.cells for one in members), 'cell')} of "
            f"{_names(learners, 'learner')} on {_names(tasks, 'task')}{at}, {_seeds(seeds)} "
            f"({reason} in {named.name(other)})"
        )


def _curves_table(found: Comparison, named: Named) -> Table | None:
    """The curves that moved, then the others with the largest differences."""
    moved = [curve for curve in found.curves if curve.verdict in SIGNIFICANT]
    rest = [curve for curve in found.curves if curve.verdict in ("not significant", "one seed")]
    others = sorted(rest, key=lambda curve: -abs(curve.difference.mean))[:MAX_OTHERS]
    if not moved and not others:
        return None
    order = {id(curve): index for index, curve in enumerate(found.curves)}
    chosen = sorted([*moved, *others], key=lambda curve: order[id(curve)])
    groups = tuple(
        (task, tuple((curve.learner, _curve_cells(curve)) for curve in curves))
        for task, curves in groupby(chosen, key=lambda curve: curve.task)
    )
    left = len(rest) - len(others)
    more = (f"{left} more curves differ, by less and not significantly: --format csv lists them",) if left else ()
    return Table(
        label="comparison",
        title="Scores that differ",
        columns=tuple(
            Column(name, "", name)
            for name in ("split", "metric", "old", "new", "new - old", "p", "largest change", "verdict")
        ),
        row_groups=groups,
        footnote=FOOTNOTE,
        caption="",
        notes=more,
        source=_source(named),
    )


def _curve_cells(curve: Curve) -> tuple[TableCell, ...]:
    half = curve.difference.half_width
    shown = f"{curve.difference.mean:+.2f}" + ("" if math.isnan(half) else f" ± {half_width_text(half)}")
    largest = max(curve.points, key=lambda point: abs(point.new - point.old))
    at = f"{largest.new - largest.old:+.2f} at {largest.size}" + (f"+{largest.exposed}" if largest.exposed else "")
    p = "–" if math.isnan(curve.corrected) else "<0.001" if curve.corrected < 0.001 else f"{curve.corrected:.3f}"  # noqa: PLR2004
    texts = (curve.split, curve.metric, decimal(curve.old), decimal(curve.new), shown, p, at, curve.verdict)
    return tuple(TableCell(text) for text in texts)


def _times_table(found: Comparison, named: Named) -> Table | None:
    """Fit times by learner, over all tasks."""
    by_learner: dict[str, list[FitTime]] = {}
    for one in found.times:
        by_learner.setdefault(one.learner, []).append(one)
    if not by_learner:
        return None
    rows = tuple((learner, _time_cells(times)) for learner, times in by_learner.items())
    return Table(
        label="fit-times",
        title="Fit times of the paired cells that were fitted on one machine",
        columns=tuple(Column(name, "", name) for name in ("new / old", "lowest", "highest", "old s", "new s", "cells")),
        row_groups=(("learners", rows),),
        footnote=(
            "new / old: geometric mean over cells; lowest, highest: of the means of single tasks; s: total seconds."
        ),
        caption="",
        notes=(),
        source=_source(named),
    )


def _time_cells(times: Sequence[FitTime]) -> tuple[TableCell, ...]:
    ratios, cells = np.array([one.ratio for one in times]), np.array([one.cells for one in times])
    mean = float(np.exp(np.average(np.log(ratios), weights=cells)))
    seconds = [sum(one.old for one in times), sum(one.new for one in times)]
    texts = [
        decimal(mean),
        decimal(ratios.min()),
        decimal(ratios.max()),
        *(f"{one:.1f}" for one in seconds),
        str(cells.sum()),
    ]
    return tuple(TableCell(text) for text in texts)


def _source(named: Named) -> str:
    old, new = map(short_line, named.results)
    return f"Old: {named.old}: {old}. New: {named.new}: {new}"


def _csv(found: Comparison) -> str:
    """CSV with one row per curve, point, fit time, lost, one-sided or refused group, told apart by `kind`."""
    return csv_text(CSV_COLUMNS, map(_plain, _rows(found)))


def _rows(found: Comparison) -> Iterator[dict[str, Any]]:
    for curve in found.curves:
        shared = {name: getattr(curve, name) for name in ("task", "learner", "split", "metric")}
        difference = curve.difference
        yield {
            "kind": "curve",
            **shared,
            **{name: getattr(curve, name) for name in ("old", "new", "corrected", "verdict")},
            "difference": difference.mean,
            "half_width": difference.half_width,
            "seeds": difference.seeds,
            "p": difference.p,
            "cells": sum(point.cells for point in curve.points),
        }
        for point in curve.points:
            yield {"kind": "point", **shared, **asdict(point), "difference": point.new - point.old}
    for time in found.times:
        yield {"kind": "fit seconds", **asdict(time)}
    for (task, learner, what), cells in found.lost.items():
        yield {"kind": "lost", "task": task, "learner": learner, "cells": cells, "note": what}
    for (task, learner, before, after), cells in found.statuses.items():
        yield {"kind": "status", "task": task, "learner": learner, "cells": cells, "note": f"{before} -> {after}"}
    for (task, learner), changes in found.pairing.changed.items():
        yield {"kind": "changed", "task": task, "learner": learner, "note": "; ".join(changes)}
    for one in found.pairing.refused:
        yield {"kind": "refused", "task": one.task, "learner": one.learner, "cells": one.cells, "note": one.reason}
    for one in found.pairing.one_sided:
        note = f"{one.reason}; n = {', '.join(map(str, one.sizes))}; {_seeds(one.seeds)}"
        shared = {"side": one.side, "task": one.task, "learner": one.learner, "cells": one.cells}
        yield {"kind": "one-sided", **shared, "note": note}


def _json(found: Comparison, named: Named) -> str:
    """JSON: `old`, `new` (name and provenance), `regression`, `untimed`, and `rows`, as the rows of the CSV."""
    sides = zip(("old", "new"), named.results, strict=True)
    document = {
        **{side: {"name": named.name(side), "provenance": results.provenance} for side, results in sides},
        "regression": found.is_regression,
        "untimed": found.untimed,
        "rows": [{name: value for name, value in _plain(row).items() if value != ""} for row in _rows(found)],
    }
    return json_text(document)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Without NaN, which JSON does not have: the field is empty."""
    return {name: "" if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _names(names: Iterable[str], what: str) -> str:
    """The distinct names, or their number if they are many."""
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct) if len(distinct) <= FEW else _count(len(distinct), what)


def _seeds(seeds: Sequence[int]) -> str:
    contiguous = list(seeds) == list(range(seeds[0], seeds[-1] + 1))
    return f"seed{'' if len(seeds) == 1 else 's'} " + (
        f"{seeds[0]}-{seeds[-1]}" if contiguous and len(seeds) > 1 else ", ".join(map(str, seeds))
    )
