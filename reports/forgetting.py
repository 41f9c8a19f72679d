"""Tables of the study of forgetting: accuracy, backward transfer, forgetting, retention and selectivity."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pandas as pd

from ..analysis.forgetting import WAYS, Report
from .formats import latex_table, markdown_table
from .provenance import line_of
from .tables import Cell, Column, Table

MEASURES = {
    "ACC": "mean accuracy on all stages after the last one",
    "BWT": "what the stages before the last gained since they were learnt",
    "forgetting": "what they have lost since their best",
    "kept": "accuracy at the end of a gap, in the last cycle, on facts that never come back",
    "first": "selectivity at the end of the first gap, before any fact has come back: 0 in expectation",
    "selectivity": "kept of the facts that come back next, less `kept`, in the last cycle",
    "once shown": "the same among facts that were shown once, like those that never come back",
}

READING = (
    "Accuracy is the share of right answers. ± is half a 95 % interval: t over seeds, which redraw data and learner."
)


def render(report: Report, form: str) -> str:
    """Render the tables as md or tex, or the figures as csv or json; with a newline at the end."""
    figures = report.figures()
    if form == "csv":
        return figures.assign(provenance=source_line(report)).to_csv(index=False, lineterminator="\n")
    if form == "json":
        records = figures.astype(object).where(figures.notna(), None).to_dict("records")
        return json.dumps({"provenance": report.provenance, "figures": records}, indent=1, allow_nan=False) + "\n"
    tables = list(_tables(report, figures))
    return "\n".join(latex_table(one) if form == "tex" else markdown_table(one, one.reading) for one in tables)


def _tables(report: Report, figures: pd.DataFrame) -> Iterator[Table]:
    source = source_line(report)
    for stream in report.streams:
        own = [row for row in figures.to_dict("records") if row["stream"] == stream]
        names = [name for name in MEASURES if any(row["measure"] == name for row in own)]
        found = {(row["way"], row["learner"], row["measure"]): _cell(row["mean"], row["half_width"]) for row in own}
        blocks = [
            (
                WAYS[way],
                tuple(
                    (learner, tuple(found[way, learner, name] for name in names))
                    for learner in report.learners(stream, way)
                ),
            )
            for way in WAYS
            if report.learners(stream, way)
        ]
        yield Table(
            label=f"forgetting-{stream}",
            title=f"Forgetting: {stream}",
            columns=tuple(Column(name, "", name) for name in names),
            blocks=tuple(blocks),
            reading=READING,
            caption="; ".join(f"{name}: {MEASURES[name]}" for name in names) + ".",
            notes=_cannot_go_on(report, stream),
            source=source,
        )


def _cell(mean: float, half_width: float) -> Cell:
    return Cell(f"{mean:z.2f}" if np.isnan(half_width) else f"{mean:z.2f} ± {half_width:.2f}")


def _cannot_go_on(report: Report, stream: str) -> tuple[str, ...]:
    able = report.learners(stream, "continued")
    unable = [name for name in report.learners(stream, "refitted") if name not in able]
    return (f"{', '.join(unable)}: cannot go on, so refitted only",) if unable else ()


def source_line(report: Report) -> str:
    """The provenance in one line."""
    return line_of(report.provenance, sorted(int(seed) for seed in set(report.rows["seed"])))
