"""The `Entry` of a leaderboard: one figure with its interval and its flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LEVEL = 0.9
"""The score that must be reached in "n to reach" and "exposed to reach"."""

SIDES = ("id", "ood")
"""In distribution, and out of distribution (the headline split of the task)."""

Measure = Literal["area", "final", "gap", "n to reach", "exposed to reach", "fit seconds"]
"""The kinds of figures of a learning curve."""


@dataclass(frozen=True)
class Entry:
    """One figure of the leaderboard.

    scope       "family" (mean over the tasks of a family) or "task"
    of          name of the family or the task
    kind        kind of the learner: learner, control or heuristic
    measure     for learning curves a Measure, for riddles see analysis/fingerprint.py.
                area: area under the learning curve; final: score at the largest size; gap: loss OOD at the largest
                size, ID - OOD, or OOD - ID if less is better (then there is no area and no "to reach");
                n to reach, exposed to reach: training examples, or exposed examples at the largest size, until the
                mean over seeds is LEVEL; fit seconds: per model, the time of a stack divided by its models
    side        "id", "ood", "train", or "" if both or neither apply
    value       NaN if there is none; then `marks` give the reason
    half_width  half of the 95 % interval, NaN if there is none; `interval`: over "seeds", within a "cell", or "none"
    censored    True if the level is not reached: the value is a lower bound
    marks       flags, comma-joined: "underfit", "not-converged", "diverged" (in a cell that contributes),
                "incomplete" (a planned cell is missing; its seed or anchor is left out), "partial" (over other anchors
                than those of the task, or over fewer tasks than the others: not comparable), "missing" (no result),
                "n/a" (not applicable)
    """

    scope: Literal["family", "task"]
    of: str
    learner: str
    kind: str
    measure: str
    side: str
    value: float
    half_width: float = float("nan")
    interval: str = "none"
    seeds: int = 0
    censored: bool = False
    marks: str = ""
