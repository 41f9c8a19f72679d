"""The study of forgetting, from its tidy table: the matrix R of every life, and the figures that are read off it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import forgetting as metrics
from .intervals import interval

WAYS = {
    "continued": "goes on, seeing the present stage alone",
    "refitted": "refitted to the present stage alone",
    "joint": "joint: fitted to all stages so far",
}


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
    """The measures of reports/forgetting.py of one life, from R by kind."""
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
