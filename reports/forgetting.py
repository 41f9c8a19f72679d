"""Tables of the study of forgetting: accuracy, backward transfer, forgetting, retention and selectivity."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..analysis.forgetting import REGIMES, Report
from .escaping.json_text import json_text
from .escaping.spreadsheet import frame_text
from .formats import markdown_table
from .paper.latex import latex_document
from .paper.sheet import Block, Cell, Row, Sheet
from .paper.sheet import Column as Heading
from .provenance import line_of
from .tables import Column, Table, TableCell, half_width_text

METRICS = {
    "ACC": "average accuracy, the mean over all stages after training on the last one",
    "BWT": "backward transfer, the change of accuracy on a stage since it was trained on",
    "forgetting": "the loss of accuracy on a stage since its maximum",
    "retention": "accuracy on facts that never recur, at the end of a gap, in the last cycle",
    "initial selectivity": "selectivity at the end of the first gap, before any fact has recurred: 0 in expectation",
    "selectivity": "retention of facts that recur at the next stage minus that of facts that never recur, "
    "in the last cycle",
    "selectivity (shown once)": "selectivity among facts that have been shown once",
}

FOOTNOTE = (
    "Accuracy is the share of correct predictions. ±: half width of the 95 % confidence interval (t over seeds; each "
    "seed samples data and initialisation)."
)


def render(report: Report, form: str) -> str:
    """Render the tables as md or tex, or the metrics as csv or json; with a newline at the end."""
    summary = report.summary()
    if form == "csv":
        return frame_text(summary.assign(provenance=source_line(report)))
    if form == "json":
        return json_text({"provenance": report.provenance, "metrics": summary.to_dict("records")})
    tables = forgetting_tables(report)
    if form == "tex":
        return latex_document(map(_sheet, tables), "text", [source_line(report)])
    return "\n".join(markdown_table(table, table.footnote) for table in tables)


QUESTION = (
    "What does a learner retain of the earlier stages of a stream when it is trained on one stage after another, "
    "and does it retain more of the facts that recur?"
)


def forgetting_tables(report: Report) -> list[Table]:
    """A table for each stream."""
    return list(_tables(report, report.summary()))


def verdicts(report: Report) -> list[str]:
    """What was found on each stream in continued training: the learners whose interval is above 0, a line a metric."""
    found = report.summary()
    found = found.loc[found["regime"] == "continued"]
    return [
        f"{stream}, {metric} above 0: {_above_zero(rows)}"
        for (stream, metric), rows in found.groupby(["stream", "metric"], sort=False)
        if metric in ("forgetting", "selectivity (shown once)")
    ]


def _above_zero(rows: pd.DataFrame) -> str:
    above = rows["mean"] - rows["half_width"] > 0
    parts = [
        f"{one['learner']} ({one['mean']:z.2f} ± {half_width_text(one['half_width'])})"
        for one in rows.loc[above].to_dict("records")
    ]
    others = {
        "not above 0": rows.loc[~above & rows["half_width"].notna(), "learner"],
        "one seed, no interval": rows.loc[rows["half_width"].isna(), "learner"],
    }
    rest = [f"{what}: {', '.join(names)}" for what, names in others.items() if len(names)]
    return "; ".join([", ".join(parts) or "none", *rest])


def _tables(report: Report, summary: pd.DataFrame) -> Iterator[Table]:
    source = source_line(report)
    for stream in report.streams:
        rows = [row for row in summary.to_dict("records") if row["stream"] == stream]
        names = [name for name in METRICS if any(row["metric"] == name for row in rows)]
        found = {(row["regime"], row["learner"], row["metric"]): _cell(row["mean"], row["half_width"]) for row in rows}
        row_groups = [
            (
                REGIMES[regime],
                tuple(
                    (learner, tuple(found[regime, learner, name] for name in names))
                    for learner in report.learners(stream, regime)
                ),
            )
            for regime in REGIMES
            if report.learners(stream, regime)
        ]
        yield Table(
            label=f"forgetting-{stream}",
            title=f"Forgetting: {stream}",
            columns=tuple(Column(name, "", name) for name in names),
            row_groups=tuple(row_groups),
            footnote=FOOTNOTE,
            caption="; ".join(f"{name}: {METRICS[name]}" for name in names) + ".",
            notes=_not_continued(report, stream),
            source=source,
        )


def _sheet(table: Table) -> Sheet:
    """The table for a paper: short caption, and all else below it."""
    blocks = [
        Block(heading, tuple(Row(name, tuple((Cell(cell.text),) for cell in cells)) for name, cells in rows))
        for heading, rows in table.row_groups
    ]
    return Sheet(
        name=table.label,
        title=table.title,
        caption=f"{table.title}.",
        stub="learner",
        columns=tuple(Heading(column.head) for column in table.columns),
        blocks=tuple(blocks),
        notes=(table.footnote, table.caption, *(f"{note}." for note in table.notes)),
    )


def _cell(mean: float, half_width: float) -> TableCell:
    return TableCell(f"{mean:z.2f}" if np.isnan(half_width) else f"{mean:z.2f} ± {half_width_text(half_width)}")


def _not_continued(report: Report, stream: str) -> tuple[str, ...]:
    continued = report.learners(stream, "continued")
    others = [name for name in report.learners(stream, "refitted") if name not in continued]
    return (f"{', '.join(others)}: no continued training (no partial_fit), so refitted only",) if others else ()


def source_line(report: Report) -> str:
    """The provenance in one line."""
    return line_of(report.provenance, sorted(int(seed) for seed in set(report.rows["seed"])))
