"""The study of forgetting as tables: what is kept, how much was lost, and whether what recurs is kept better."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import forgetting as metrics
from ..metrics.curves import interval
from ..runs.results import Results
from .formats import latex_table, markdown_table
from .provenance import short_line
from .tables import Cell, Column, Table

WAYS = {
    "continued": "goes on, seeing the present stage alone",
    "refitted": "refitted to the present stage alone",
    "joint": "joint: fitted to all stages so far",
}

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


@dataclass(frozen=True)
class Report:
    """What the study measured.

    rows        a row a (stream, learner, seed, way, after, stage, kind): `accuracy`
    gaps        of every stream, after how many stages its recurring facts come back, or None
    provenance  one dict a distinct provenance
    """

    rows: pd.DataFrame
    gaps: dict[str, int | None]
    provenance: list[dict[str, Any]]

    @property
    def streams(self) -> list[str]:
        """Those that were measured, in their order."""
        measured = set(self.rows["stream"])
        return [name for name in self.gaps if name in measured]

    def learners(self, stream: str, way: str) -> list[str]:
        """Who lived through a stream in a way, in the order of the rows."""
        own = self.rows[(self.rows["stream"] == stream) & (self.rows["way"] == way)]
        return list(dict.fromkeys(own["learner"].tolist()))

    def matrices(self, stream: str, way: str, learner: str) -> list[dict[str, np.ndarray]]:
        """Of every seed, R[after, stage] by kind; (stages, stages) each."""
        rows = self.rows
        own = rows[(rows["stream"] == stream) & (rows["way"] == way) & (rows["learner"] == learner)]
        return [
            {
                str(kind): part.pivot(index="after", columns="stage", values="accuracy").to_numpy()
                for kind, part in life.groupby("kind")
            }
            for _, life in own.groupby("seed")
        ]

    def figures(self) -> pd.DataFrame:
        """A row a (stream, way, learner, measure): mean, half_width, seeds."""
        found = []
        for stream in self.streams:
            for way in WAYS:
                for learner in self.learners(stream, way):
                    seeds = [measures(one, self.gaps[stream]) for one in self.matrices(stream, way, learner)]
                    for measure in seeds[0]:
                        over = interval(np.array([one[measure] for one in seeds]))
                        found.append((stream, way, learner, measure, over.mean, over.half_width, over.seeds))
        return pd.DataFrame(found, columns=["stream", "way", "learner", "measure", "mean", "half_width", "seeds"])


def measures(matrices: dict[str, np.ndarray], gap: int | None) -> dict[str, float]:
    """The MEASURES of one life, from R by kind."""
    whole = np.mean(list(matrices.values()), axis=0)  # as many facts of one kind as of the other
    found = {
        "ACC": metrics.final_score(whole),
        "BWT": metrics.backward_transfer(whole),
        "forgetting": metrics.forgetting(whole),
    }
    if gap is None:
        return found
    recurring, single = matrices["recurring"], matrices["single"]
    chosen = metrics.selectivity(recurring, single, gap)
    once = metrics.selectivity_once_shown(recurring, single, gap)
    return found | {
        "kept": float(metrics.kept_once_shown(single, gap)[-gap:].mean()),
        "first": float(chosen[gap - 1]),
        "selectivity": float(chosen[-gap:].mean()),
        "once shown": float(once[-gap:].mean()),
    }


def render(report: Report, form: str) -> str:
    """The tables as md or tex, the figures as csv or json; with a newline at the end."""
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
    cells = [{"seed": int(seed)} for seed in sorted(set(report.rows["seed"]))]
    return short_line(Results(report.rows, {"cells": cells}, provenance=report.provenance))
