"""Analysis of the study of forgetting: score matrices R, and the continual-learning metrics computed from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..metrics import forgetting as metrics
from .intervals import interval

REGIMES = {
    "continued": "continued training on the current stage",
    "refitted": "refitted to the current stage",
    "joint": "refitted to all stages so far (joint training)",
}


@dataclass(frozen=True)
class Report:
    """Results of the study of forgetting.

    rows        tidy table, one row per (stream, learner, seed, regime, after, stage, kind), with the column `accuracy`
    gaps        stream -> number of stages after which its recurring facts recur, or None if none recur
    provenance  one dict per distinct provenance
    """

    rows: pd.DataFrame
    gaps: dict[str, int | None]
    provenance: list[dict[str, Any]]

    @property
    def streams(self) -> list[str]:
        """The streams with results, in the order of `gaps`."""
        with_results = set(self.rows["stream"])
        return [name for name in self.gaps if name in with_results]

    def learners(self, stream: str, regime: str) -> list[str]:
        """The learners with results on a stream in a training regime, in the order of the rows."""
        rows = self.rows[(self.rows["stream"] == stream) & (self.rows["regime"] == regime)]
        return list(dict.fromkeys(rows["learner"].tolist()))

    def matrices(self, stream: str, regime: str, learner: str) -> list[dict[str, np.ndarray]]:
        """For every seed, the matrix R[after, stage] by kind of fact; (stages, stages) each."""
        rows = self.rows
        rows = rows[(rows["stream"] == stream) & (rows["regime"] == regime) & (rows["learner"] == learner)]
        return [
            {
                str(kind): part.pivot(index="after", columns="stage", values="accuracy").to_numpy()
                for kind, part in trajectory.groupby("kind")
            }
            for _, trajectory in rows.groupby("seed")
        ]

    def summary(self) -> pd.DataFrame:
        """Summary table, one row per (stream, regime, learner, metric): mean, half_width, seeds."""
        records = []
        for stream in self.streams:
            for regime in REGIMES:
                for learner in self.learners(stream, regime):
                    seeds = [
                        compute_metrics(matrices, self.gaps[stream])
                        for matrices in self.matrices(stream, regime, learner)
                    ]
                    for metric in seeds[0]:
                        mean = interval(np.array([values[metric] for values in seeds]))
                        records.append((stream, regime, learner, metric, mean.mean, mean.half_width, mean.seeds))
        return pd.DataFrame(records, columns=["stream", "regime", "learner", "metric", "mean", "half_width", "seeds"])


def compute_metrics(matrices: dict[str, np.ndarray], gap: int | None) -> dict[str, float]:
    """The metrics of one trajectory (a learner, stream, regime and seed), named as in reports/forgetting.py.

    matrices  kind of fact -> R
    """
    scores = np.mean(list(matrices.values()), axis=0)  # both kinds have the same number of facts
    values = {
        "ACC": metrics.final_score(scores),
        "BWT": metrics.backward_transfer(scores),
        "forgetting": metrics.forgetting(scores),
    }
    if gap is None:
        return values
    recurring, single = matrices["recurring"], matrices["single"]
    selectivity = metrics.selectivity(recurring, single, gap)
    shown_once = metrics.selectivity_shown_once(recurring, single, gap)
    return values | {
        "retention": float(metrics.retention_shown_once(single, gap)[-gap:].mean()),
        "initial selectivity": float(selectivity[gap - 1]),
        "selectivity": float(selectivity[-gap:].mean()),
        "selectivity (shown once)": float(shown_once[-gap:].mean()),
    }
