"""Analysis of the study of forgetting: score matrices R, and the continual-learning metrics computed from them."""

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
    """Results of the study.

    rows        tidy table, one row per (stream, learner, seed, way, after, stage, kind), with the column `accuracy`
    gaps        stream -> number of stages after which its recurring facts recur, or None if none recur
    provenance  one dict per distinct provenance
    """

    rows: pd.DataFrame
    gaps: dict[str, int | None]
    provenance: list[dict[str, Any]]

    @property
    def streams(self) -> list[str]:
        """The streams with results, in the order of `gaps`."""
        measured = set(self.rows["stream"])
        return [name for name in self.gaps if name in measured]

    def learners(self, stream: str, way: str) -> list[str]:
        """The learners with results on a stream in a training regime (`way`), in the order of the rows."""
        own = self.rows[(self.rows["stream"] == stream) & (self.rows["way"] == way)]
        return list(dict.fromkeys(own["learner"].tolist()))

    def matrices(self, stream: str, way: str, learner: str) -> list[dict[str, np.ndarray]]:
        """For every seed, the matrix R[after, stage] by kind of fact; (stages, stages) each."""
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
        """Summary table, one row per (stream, way, learner, measure): mean, half_width, seeds."""
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
    """The metrics of one training run, named as in reports/forgetting.py, from R by kind of fact."""
    whole = np.mean(list(matrices.values()), axis=0)  # both kinds have the same number of facts
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
