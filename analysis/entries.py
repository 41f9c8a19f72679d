"""The `Entry` of a leaderboard: one value with its interval and its flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

THRESHOLD = 0.9
"""The score that "examples to threshold" and "OOD examples to threshold" refer to."""

SPLITS = ("id", "ood")
"""In distribution, and out of distribution (the headline shift of the task)."""

CurveMetric = Literal[
    "area", "code length", "final", "gap", "solved", "examples to threshold", "OOD examples to threshold", "fit seconds"
]
"""The metrics of a learning curve."""


@dataclass(frozen=True)
class Entry:
    """One value of the leaderboard.

    scope       "family" (mean over the tasks of a family that measure), "task", or "ranking" (mean over all tasks, of a
                measure of analysis/measures.py)
    name        name of the family or the task; of a ranking the number of tasks
    kind        kind of the learner: learner, control or heuristic
    metric     for learning curves a CurveMetric, for riddles see analysis/fingerprint.py.
                area: area under the learning curve; code length: prequential, in bits, from the smallest to the largest
                size (curves.code_length); solved: share of seeds with a score of at least THRESHOLD at the largest
                size, only if their scores are bimodal; final: the task's metric at the largest training size; gap: ID -
                OOD at the largest size, or OOD - ID if lower is better (then there is no area and no threshold);
                examples to threshold: the smallest training size at which the mean over seeds is at least THRESHOLD;
                OOD examples to threshold: the smallest number of exposed examples at which it is, at the largest
                size; fit seconds: per model, the time of a stack divided by its models
    split       "id", "ood" (the headline shift), "train", or "" if both or none apply
    value       NaN if there is none; then `flags` give the reason
    half_width  half of the 95 % interval, NaN if there is none; `interval`: over "seeds", within a "cell", or "none"
    low, high   ends of a 95 % interval that is not symmetric: of "solved" (Wilson) and of the thresholds
                (intervals.crossing_interval), where NaN is beyond the largest anchor if `interval` is not "none"; of
                an "area" or "final" the range over seeds (`interval` is "range") where Student's t covers too little
                (intervals.t_covers)
    censored    True if the threshold is not reached: the value is a lower bound
    cells       number of finished cells that the value is computed from, those that diverged included
    flagged     how many of them are flagged
    flags       comma-joined: those of runs/results.py (in a cell that contributes),
                "incomplete" (a planned cell is missing; its seed or anchor is left out), "partial" (over other anchors
                than those of the task, or over fewer tasks than the others: not comparable), "missing" (no result),
                "n/a" (not applicable)
    rank        of a ranking: the rank that learners share which cannot be told apart, else NaN
    """

    scope: Literal["family", "task", "ranking"]
    name: str
    learner: str
    kind: str
    metric: str
    split: str
    value: float
    half_width: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    interval: str = "none"
    seeds: int = 0
    censored: bool = False
    cells: int = 0
    flagged: int = 0
    flags: str = ""
    rank: float = float("nan")
