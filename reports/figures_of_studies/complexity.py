"""Agreement of measures of complexity: a matrix of rank correlations for each set of functions, and the medians."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from ...analysis.findings import Findings
from ..style import WIDTHS
from ._parts import SMALL, forest_plot, matrix, select, verdicts_on

STATEMENTS = {
    "most measures of complexity agree on the ranking of functions: ": "",
    "most measures of complexity agree beyond the number of ones: ": ", given the entropy",
}
"""Beginnings of the statements whose statistic is a median correlation, and what is added to the set's name."""

SHORT = {
    "LZ, first bit skipped": "LZ, 2nd convention",
    "LZ, variables reversed": "LZ, reversed",
    "high-degree mass": "high degree",
    "program length": "program",
    "Fourier degree": "degree",
    "DNF literals": "literals",
    "DNF terms": "terms",
}

THRESHOLD = 0.5


def draw(findings: Findings) -> Figure:
    """Two rows of matrices: above the diagonal the rank correlations, below it those given the entropy."""
    pairs, partial = (findings.tables[f"Rank correlation {name}"] for name in ("of the measures", "given the entropy"))
    sets = list(dict.fromkeys(pairs["set"]))
    rows = (len(sets) + 1) // 2
    figure = Figure(figsize=(WIDTHS["text"], 2.7 * rows + 1.4), layout="constrained")
    parts = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.7 * rows, 1.4])
    above, below = parts[:, 0]
    panels = list(above.subplots(rows, 2, squeeze=False).flat)
    images = [
        _agreement(axes, select(pairs, set=name), select(partial, set=name))
        for axes, name in zip(panels, sets, strict=False)
    ]
    for axes, letter, name in zip(panels, "abcdefgh", sets, strict=False):
        axes.set_title(f"{letter}  {name}", loc="left")
    for axes in panels[len(sets) :]:
        axes.set_axis_off()
    bar = above.colorbar(images[0], ax=panels, shrink=0.7, aspect=40, pad=0.01)
    bar.set_label("rank correlation (Spearman); below the diagonal: given the entropy")
    last = below.subplots()
    verdicts, labels = [], []
    for start, more in STATEMENTS.items():
        for one in verdicts_on(findings, start):
            verdicts.append(one)
            labels.append(f"{one.statement.removeprefix(start)}{more}: {one.decision}")
    forest_plot(last, verdicts, labels, THRESHOLD)
    last.set(xlabel="median rank correlation of all pairs (95 %)", xlim=(-0.05, 1))
    last.set_title(f"{'abcdefgh'[len(sets)]}  do most measures agree?", loc="left")
    return figure


def _agreement(axes: Axes, pairs: pd.DataFrame, partial: pd.DataFrame) -> AxesImage:
    """A matrix of the measures of a set."""
    names: list[str] = list(dict.fromkeys(map(str, [*pairs["first"], *pairs["second"]])))
    values = np.full((len(names), len(names)), np.nan)
    for row in pairs.itertuples(index=False):
        values[names.index(str(row[1])), names.index(str(row[2]))] = row[3]
    for row in partial.itertuples(index=False):
        values[names.index(str(row[2])), names.index(str(row[1]))] = row[3]
    labels = [SHORT.get(name) or name for name in names]
    image = matrix(axes, values, (labels, labels), ".2f", Normalize(-1, 1), "RdBu")
    axes.tick_params(labelsize=SMALL)
    axes.set_xticks(range(len(names)), labels, rotation=40, ha="right", rotation_mode="anchor")
    return image
