"""The decomposition of differences into algorithm, view and encoding, as text, Markdown or CSV."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ..analysis.decomposition import FACTORS, Crossing, effects, pairs, shares, spread
from ..analysis.intervals import Interval, interval
from ..analysis.quality import NOT_FITTED
from ..runs.results import Results
from .escaping.spreadsheet import csv_text
from .formats import markdown_table
from .provenance import short_line
from .tables import INTERVALS, NOT_PLANNED, Column, Table, TableCell, decimal, half_width_text, shown
from .text import text_table

SCORES_FOOTNOTE = (
    "Mean scores over seeds. tied: one model for all positions, of a window or by shared weights; untied: one model of "
    "the whole input; readout auto: position by position, pooled for one answer; flattened: linear in all positions. "
    f"{INTERVALS}"
)

EFFECTS_FOOTNOTE = (
    "difference: mean over all levels of the other factors, paired over seeds; share: of the sum of squares over all "
    "cells (means over seeds), which with those of the interactions is 1; noise of a few seeds adds to the "
    f"interactions. {INTERVALS}"
)

PAIRS_FOOTNOTE = (
    "Difference between two learners that differ in all factors, decomposed: algorithm, plus each further part "
    "with the sign of the first learner's level (+: the later level, see below), plus interaction with the product of "
    f"these signs, is the score of the first minus that of the second. {INTERVALS}"
)

CSV_COLUMNS: tuple[str, ...] = (
    "task", "size", "split", "kind", "name", "factor", "value", "half_width", "seeds", "flags", "provenance",
)  # fmt: skip


def decomposition_tables(crossing: Crossing, results: Results) -> list[Table]:
    """Three tables: the scores of all cells, the factors, and the pairs of algorithms."""
    source, title = short_line(results), f"{crossing.task}, n = {crossing.size}"
    left_out = (f"not part of the crossing: {', '.join(crossing.left_out)}",) if crossing.left_out else ()
    seeds = f"{crossing.seeds} seed{'' if crossing.seeds == 1 else 's'} with all cells."
    split_names = " and ".join(f"{spread(crossing, split):.2f} {split.upper()}" for split in crossing.scores)
    tables = [
        _table(
            f"{title}: scores", _cell_columns(crossing), [("", _cell_rows(crossing))], SCORES_FOOTNOTE, seeds, left_out
        ),
        _table(
            f"{title}: factors",
            [f"{split.upper()} {what}" for split in crossing.scores for what in ("difference", "share")],
            [("", _factor_rows(crossing))],
            EFFECTS_FOOTNOTE,
            f"Standard deviation of the scores of all cells: {split_names}.",
            (),
        ),
    ]
    groups = [(split.upper(), _pair_rows(crossing, split)) for split in crossing.scores]
    if groups[0][1]:
        later = [f"{crossing.view_name} {crossing.levels['view'][1]}"]
        later += [f"encoding {crossing.levels['encoding'][1]}"] if len(crossing.levels["encoding"]) > 1 else []
        columns = ["algorithm", crossing.view_name, "encoding", "interaction"]
        caption = f"Later levels: {', '.join(later)}."
        tables.append(_table(f"{title}: pairs", columns, groups, PAIRS_FOOTNOTE, caption, ()))
    return [replace(table, source=source) for table in tables]


def render_decomposition(crossings: Sequence[Crossing], results: Results, form: str) -> str:
    """The tables of all crossings in the format "text" or "md"; each footnote below its first table alone."""
    render, parts, known = (text_table if form == "text" else markdown_table), [], set()
    for table in (table for crossing in crossings for table in decomposition_tables(crossing, results)):
        parts.append(render(table, "" if table.footnote in known else table.footnote))
        known.add(table.footnote)
    return "\n".join(parts)


def decomposition_csv(crossings: Iterable[Crossing], results: Results) -> str:
    """CSV in long form: the cells, differences, shares and parts of pairs, a row a value."""
    source = short_line(results)
    rows = (
        {"task": crossing.task, "size": crossing.size, "split": split, "provenance": source, **row}
        for crossing in crossings
        for split in crossing.scores
        for row in _records(crossing, split)
    )
    return csv_text(CSV_COLUMNS, rows)


def cell_interval(crossing: Crossing, split: str, index: tuple[int, int, int]) -> Interval:
    """Mean score of a cell (algorithm, view, encoding) with its interval over seeds."""
    return interval(crossing.scores[split][index], crossing.errors[split][index])


def _records(crossing: Crossing, split: str) -> Iterator[dict[str, object]]:
    for index in _indices(crossing):
        label = crossing.learners[index]
        yield {
            **_fields("cell", label, "", cell_interval(crossing, split, index)),
            "flags": ",".join(crossing.flags[label]),
        }
    for factor in FACTORS:
        for (plus, minus), effect in effects(crossing, split, factor).items():
            name = crossing.view_name if factor == "view" else factor
            yield _fields("difference", f"{plus} - {minus}", name, effect)
    for factors, share in shares(crossing, split).items():
        yield {"kind": "share", "factor": _named(crossing, factors), "value": "" if math.isnan(share) else share}
    for pair in pairs(crossing, split):
        for factor in (*FACTORS, "interaction"):
            part = getattr(pair, factor)
            if not math.isnan(part.mean):
                name = crossing.view_name if factor == "view" else factor
                yield _fields("pair", f"{pair.first} - {pair.second}", name, part)


def _fields(kind: str, name: str, factor: str, found: Interval) -> dict[str, object]:
    half = "" if math.isnan(found.half_width) else found.half_width
    return {"kind": kind, "name": name, "factor": factor, "value": found.mean, "half_width": half, "seeds": found.seeds}


Rows = tuple[tuple[str, tuple[TableCell, ...]], ...]


def _cell_columns(crossing: Crossing) -> list[str]:
    return [f"{encoding} {split.upper()}" for encoding in crossing.levels["encoding"] for split in crossing.scores]


def _cell_rows(crossing: Crossing) -> Rows:
    algorithms, views, encodings = (crossing.levels[factor] for factor in FACTORS)

    def cell(index: tuple[int, int, int], split: str) -> TableCell:
        return _value(cell_interval(crossing, split, index), crossing.flags[crossing.learners[index]])

    return tuple(
        (
            f"{algorithm}, {view}",
            tuple(cell((row, level, code), split) for code in range(len(encodings)) for split in crossing.scores),
        )
        for row, algorithm in enumerate(algorithms)
        for level, view in enumerate(views)
    )


def _factor_rows(crossing: Crossing) -> Rows:
    """A row for every factor and interaction; a factor of two levels has a difference."""
    every = {split: shares(crossing, split) for split in crossing.scores}
    flags = _claim_flags(crossing.flags.values())
    rows: list[tuple[str, tuple[TableCell, ...]]] = []
    for factors in every["id"]:
        name, cells = _named(crossing, factors), []
        for split, found in every.items():
            levels = effects(crossing, split, factors[0]) if len(factors) == 1 and factors[0] != "algorithm" else {}
            if len(levels) == 1:
                ((plus, minus), effect), *_ = levels.items()
                name = f"{_named(crossing, factors)}: {plus} - {minus}"
                cells.append(_value(effect, flags))
            else:
                cells.append(TableCell(NOT_PLANNED))
            share = found[factors]
            cells.append(TableCell(NOT_PLANNED if math.isnan(share) else f"{100 * share:.0f} %"))
        rows.append((name, tuple(cells)))
    return tuple(rows)


def _pair_rows(crossing: Crossing, split: str) -> Rows:
    algorithms = crossing.levels["algorithm"]
    rows: list[tuple[str, tuple[TableCell, ...]]] = []
    for pair in pairs(crossing, split):
        both = [algorithms.index(pair.first), algorithms.index(pair.second)]
        flags = _claim_flags(crossing.flags[label] for label in crossing.learners[both].flat)
        parts = (getattr(pair, name) for name in (*FACTORS, "interaction"))
        rows.append((f"{pair.first} - {pair.second}", tuple(_value(part, flags) for part in parts)))
    return tuple(rows)


def _indices(crossing: Crossing) -> Iterator[tuple[int, int, int]]:
    rows, views, encodings = crossing.learners.shape
    return ((row, view, code) for row in range(rows) for view in range(views) for code in range(encodings))


def _claim_flags(flags: Iterable[Iterable[str]]) -> list[str]:
    present = {flag for own in flags for flag in own}
    return [flag for flag in NOT_FITTED if flag in present]


def _named(crossing: Crossing, factors: tuple[str, ...]) -> str:
    return " x ".join(crossing.view_name if factor == "view" else factor for factor in factors)


def _value(found: Interval, flags: Iterable[str]) -> TableCell:
    if math.isnan(found.mean):
        return TableCell(NOT_PLANNED)
    if math.isnan(found.half_width):
        return TableCell(decimal(found.mean), shown(list(flags)))
    one_seed = ["cell"] if found.kind == "cell" else []
    return TableCell(f"{decimal(found.mean)} ± {half_width_text(found.half_width)}", shown([*flags, *one_seed]))


def _table(
    title: str,
    columns: Sequence[str],
    groups: Sequence[tuple[str, Rows]],
    footnote: str,
    caption: str,
    notes: tuple[str, ...],
) -> Table:
    return Table(
        label="decomposition",
        title=title,
        columns=tuple(Column(name, "", name) for name in columns),
        row_groups=tuple(groups),
        footnote=footnote,
        caption=caption,
        notes=notes,
        source="",
    )
