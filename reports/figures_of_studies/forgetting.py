"""Forgetting: score matrices of the digits, selectivity with its controls, and retention of repeated facts."""

from __future__ import annotations

from matplotlib.figure import Figure

from ...analysis.findings import Findings
from ..style import WIDTHS

MARGIN = 0.1
"""Of the verdicts on selectivity (analysis/forgetting.py)."""

WORDS = {"replay": "replay of marked facts", "buffer": "one buffer", "buffer-per-mark": "buffer per mark"}


def draw(findings: Findings) -> Figure:
    """Above: R of the digits, a panel a learner. Below: selectivity, and retention by the number of presentations."""
    figure = Figure(figsize=(WIDTHS["text"], 4.5), layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=[1.75, 2.75])
    _matrices(above, findings)
    left, right = below.subplots(1, 2, width_ratios=[1.25, 1], sharey=True)
    own = findings.tables["Selectivity"]
    learners = list(dict.fromkeys(own["Learner"]))
    _selectivity(left, own, learners, findings)
    _repetition(right, findings.tables["Repetition"], learners)
    left.set_yticks(range(len(learners)), [WORDS.get(name, name) for name in learners])
    left.set_ylim(len(learners) - 0.5, -0.5)
    return figure
