"""A figure of the leaderboard, with what it is of and the marks that say what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LEVEL = 0.9
"""The score that counts as having the rule, in "n to reach" and "exposed examples to reach"."""

SIDES = ("id", "ood")
"""In distribution, and the task's headline split out of distribution."""

Measure = Literal["area", "final", "gap", "n to reach", "exposed to reach", "fit seconds"]
"""What is read off a learning curve."""


@dataclass(frozen=True)
class Entry:
    """One figure of the leaderboard.

    scope       "family" (mean over the tasks of one) or "task"
    of          the family or the task
    kind        of the learner: learner, control or heuristic
    measure     of a learning curve, a Measure; of a riddle, what analysis/fingerprint.py says.
                area: under the learning curve; final: score at the largest size; gap: what is lost OOD there,
                ID - OOD, or OOD - ID where less is better; neither area nor "to reach" exists there;
                n to reach, exposed to reach: training examples, exposed examples at the largest size, until the mean
                over seeds is LEVEL; fit seconds: a model's, a stack's time being divided among its models
    side        "id", "ood", "train", or "" where both or neither are meant
    value       NaN where there is none; then `marks` say why
    half_width  of the 95 % interval, NaN where there is none; `interval`: over "seeds", within a "cell", or "none"
    censored    the level is not reached: read "more than value"
    marks       comma-joined: "underfit", "budget-limited", "diverged" (of a cell that it is made from), "incomplete"
                (a planned cell is missing; its seed or anchor is left out), "partial" (over other anchors than the
                task's, or over fewer tasks than the others: not comparable), "missing" (nothing there), "n/a" (cannot
                be)
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
