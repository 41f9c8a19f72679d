"""The content of tables of differences: pairs of learners, and the decomposition into algorithm, view and encoding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from ...analysis.decomposition import Crossing, crossings, effects, largest, shares
from ...analysis.intervals import Interval
from ...analysis.paired import MARGIN
from ...analysis.quality import NOT_FITTED
from ..pairs import UNRELIABLE, compare_learners
from ..tables import LEGEND, SYMBOLS
from .content import mark_notes, seeds_text, version_text
from .points import PERCENT, Points
from .sheet import EMPTY, EQUIVALENT, Block, Cell, Column, Figure, Row, Sheet

SMALLEST_P = 0.001
"""Smaller p values are printed as below it."""

PAIR_NOTE = (
    "±: half width of the 95 % confidence interval. p: after Holm's correction. Equivalence: two one-sided t tests, "
    "Holm-corrected. Neither ± nor equivalence are offered where scores are bimodal or most are near a bound."
)

FACTOR_NOTE = (
    "±: half width of the 95 % confidence interval, paired over seeds. A × B: interaction, to which the noise of a few "
    "seeds adds."
)

PAIR_WORDS = LEGEND | {EQUIVALENT: f"equivalent: the expected scores differ by less than {100 * MARGIN:g}"}


def pair_sheets(points: Points) -> Iterator[Sheet]:
    """Paired differences of every two learners: one sheet for each task on the common scale."""
    learners = [name for names in points.order.values() for name in names] if points.chosen is not None else None
    tables = {split: compare_learners(points.results, split=split, learners=learners) for split in ("id", "ood")}
    for task in points.board.ranked:
        own = {split: tables[split].loc[tables[split]["task"] == task] for split in points.splits(task)}
        if not own["id"].empty:
            yield _pairs_of(points, task, own)


def _pairs_of(points: Points, task: str, tables: dict[str, pd.DataFrame]) -> Sheet:
    found = {
        (str(row["first"]), str(row["second"]), split): row
        for split, table in tables.items()
        for row in table.to_dict("records")
    }
    pairs = dict.fromkeys((first, second) for first, second, _ in found)
    firsts = dict.fromkeys(first for first, _ in pairs)
    blocks = [
        Block(
            f"{first} minus",
            tuple(
                Row(second, tuple(_pair_cells(found.get((first, second, split))) for split in tables))
                for one, second in pairs
                if one == first
            ),
        )
        for first in firsts
    ]
    cells = [cell for block in blocks for row in block.rows for own in row.cells for cell in own]
    head = points.tasks[task]
    shift = f" and on the shift {head.ood} (OOD)" if head.ood else ""
    return Sheet(
        name=f"pairs-{task}",
        title=f"Differences between learners on {task}",
        caption=f"Differences between learners on {task} in distribution (ID){shift}, n = {head.sizes[-1]}, in points "
        f"of 100 × score; {seeds_text(points, [head])}, paired. Bold: significant (paired t test, Holm-corrected over "
        f"the {len(pairs)} pairs of a column, 5 %). {version_text(points)}",
        stub="",
        columns=tuple(Column(split.upper(), ("difference", "p")) for split in tables),
        blocks=tuple(blocks),
        notes=(
            PAIR_NOTE,
            *mark_notes(cells, PAIR_WORDS),
        ),
        records=tuple(
            {"size": head.sizes[-1], "split": split, **row}
            for split, table in tables.items()
            for row in table.to_dict("records")
        ),
        figures=tuple(_pair_figures(task, found)),
    )


def _pair_cells(row: dict[str, Any] | None) -> tuple[Cell, Cell]:
    if row is None or np.isnan(row["difference"]):
        return Cell(), Cell()
    given = str(row["flags"]).split(",")
    flags = [flag for flag in SYMBOLS if flag in given]
    fitted = not set(given) & set(NOT_FITTED)
    flags += [EQUIVALENT] if row["verdict"] == "equivalent" and fitted else []
    half = row["half_width"]
    text = PERCENT.fine(row["difference"])
    if not np.isnan(half) and UNRELIABLE not in given:
        text += f" ± {PERCENT.half_width(half)}"
    return Cell(text, tuple(flags), bold=bool(row["corrected_p"] < 0.05 and fitted)), Cell(p_text(row["corrected_p"]))  # noqa: PLR2004


def p_text(p: float) -> str:
    """A p value with three decimals, or that it is smaller."""
    if np.isnan(p):
        return EMPTY
    return f"<{SMALLEST_P:g}" if p < SMALLEST_P else f"{p:.3f}" if p < 1 else "1"


def _pair_figures(task: str, found: dict[tuple[str, str, str], dict[str, Any]]) -> Iterator[Figure]:
    for (first, second, split), row in found.items():
        difference, p = _pair_cells(row)
        about = ("pairs", task, first, "minus", second, split)
        if difference.text != EMPTY:
            yield Figure((*about, "difference"), difference.text, difference.flags)
        if p.text != EMPTY:
            yield Figure((*about, "p"), p.text)


def factor_sheets(points: Points) -> Iterator[Sheet]:
    """The decomposition of the scores into algorithm, view and encoding: one sheet, with a block for each task."""
    every = largest(crossings(points.results.scores, points.results.catalogue))
    found = [one for one in every if points.chosen is None or set(one.learners.flat) <= points.chosen]
    if not found:
        return
    splits = ["id", "ood"] if any("ood" in one.scores for one in found) else ["id"]
    blocks: list[Block] = []
    records: list[dict[str, Any]] = []
    figures: list[Figure] = []
    for crossing in found:
        rows = list(_factors(crossing, splits))
        blocks.append(Block(f"{crossing.task}, n = {crossing.size}", tuple(row for row, _ in rows)))
        records += [record for _, own in rows for record in own]
        figures += _factor_figures(crossing, splits, blocks[-1].rows)
    cells = [cell for block in blocks for row in block.rows for own in row.cells for cell in own]
    heads = [points.tasks[one.task] for one in found]
    yield Sheet(
        name="factors",
        title="Decomposition of the differences between learners",
        caption="Decomposition of the differences between learners into algorithm, view and encoding: difference "
        "between the levels of a factor (points of 100 × score), and share of the sum of squares over the learners "
        f"(%); largest n; {seeds_text(points, heads)}. {version_text(points)}",
        stub="factor",
        columns=tuple(Column(split.upper(), ("difference", "share")) for split in splits),
        blocks=tuple(blocks),
        notes=(
            *(_design(one) for one in found),
            FACTOR_NOTE,
            *mark_notes((cell for cell in cells if cell.text != EMPTY), tested=False),
            f"{EMPTY}: a factor of more than two levels and an interaction have no single difference.",
        ),
        records=tuple(records),
        figures=tuple(figures),
    )


def _design(crossing: Crossing) -> str:
    levels = crossing.levels
    encodings = f", encoding {' or '.join(levels['encoding'])}" if len(levels["encoding"]) > 1 else ""
    views = " or ".join(levels["view"])
    return f"{crossing.task}: {', '.join(levels['algorithm'])}, {crossing.view_name} {views}{encodings}."


def _factors(crossing: Crossing, splits: Sequence[str]) -> Iterator[tuple[Row, list[dict[str, Any]]]]:
    """A row for every factor and interaction, with its records."""
    parts = {split: shares(crossing, split) for split in splits if split in crossing.scores}
    flags = tuple(flag for flag in NOT_FITTED if any(flag in own for own in crossing.flags.values()))
    for factors in parts["id"]:
        name = " × ".join(crossing.view_name if factor == "view" else factor for factor in factors)
        cells, records, levels = [], [], ""
        for split in splits:
            if split not in parts:
                cells.append((Cell(), Cell()))
                continue
            share = parts[split][factors]
            single = effects(crossing, split, factors[0]) if len(factors) == 1 else {}
            effect = None
            if len(single) == 1:
                ((plus, minus), effect), *_ = single.items()
                levels = f": {plus} − {minus}"
            text = EMPTY if np.isnan(share) else f"{100 * share:.0f}"
            cells.append((_effect_cell(effect, flags), Cell(text)))
            records.append(_factor_record(crossing, split, name, levels[2:], effect, share, flags))
        yield Row(f"{name}{levels}", tuple(cells)), records


def _effect_cell(effect: Interval | None, flags: tuple[str, ...]) -> Cell:
    return Cell() if effect is None else Cell(PERCENT.interval(effect), flags)


def _factor_record(
    crossing: Crossing,
    split: str,
    factor: str,
    levels: str,
    effect: Interval | None,
    share: float,
    flags: tuple[str, ...],
) -> dict[str, Any]:
    nan = float("nan")
    return {
        "task": crossing.task,
        "size": crossing.size,
        "split": split,
        "factor": factor.replace("×", "x"),
        "levels": levels.replace("−", "-"),
        "difference": effect.mean if effect else nan,
        "half_width": effect.half_width if effect else nan,
        "share": share,
        "seeds": crossing.seeds,
        "learners": "; ".join(crossing.learners.flat),
        "flags": ",".join(flags),
    }


def _factor_figures(crossing: Crossing, splits: Sequence[str], rows: Sequence[Row]) -> list[Figure]:
    return [
        Figure(("factors", crossing.task, row.label.partition(":")[0], split, what), cell.text, cell.flags)
        for row in rows
        for (split, cells), (index, what) in product(
            zip(splits, row.cells, strict=True), enumerate(("difference", "share"))
        )
        if (cell := cells[index]).text != EMPTY
    ]
