"""Layout of text in figures: legends that fit a width, labels and ticks that do not overlap."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise

from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend


def fitted_legend(figure: Figure, handles: Sequence[Artist], width: float) -> tuple[Legend, float]:
    """Add a legend with the fewest rows that fit `width`, and return it with its height; lengths in inches.

    Position it with `set_bbox_to_anchor`, which sets its upper left corner. A legend of one column may be wider than
    `width`.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()
    count = len(handles)
    # For each number of rows the smallest number of columns, so that the rows are evenly filled.
    columns = [math.ceil(count / rows) for rows in range(1, count + 1)]
    for number in sorted(set(columns), reverse=True):
        legend = figure.legend(
            handles=handles,
            ncols=number,
            loc="upper left",
            borderpad=0,
            borderaxespad=0,
            columnspacing=1.4,
            handlelength=2.2,
            handletextpad=0.5,
            labelspacing=0.35,
        )
        box = legend.get_window_extent(renderer)
        if box.width <= width * figure.dpi or number == 1:
            return legend, box.height / figure.dpi
        legend.remove()
    raise ValueError("a legend needs at least one entry")


def spread(positions: Sequence[float], distance: float) -> list[float]:
    """Move labels apart until they are at least `distance` from each other, as little as possible and in their order.

    positions  (labels,), increasing
    returns (labels,): overlapping labels become a cluster around the mean of their positions
    """
    clusters: list[list[float]] = []
    for position in positions:
        clusters.append([position])
        while len(clusters) > 1 and _low(clusters[-1], distance) < _high(clusters[-2], distance):
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return [_low(cluster, distance) + distance * (step + 0.5) for cluster in clusters for step in range(len(cluster))]


def shortened(text: str, max_length: int) -> str:
    """Replace the middle of a text of more than `max_length` characters by an ellipsis."""
    if len(text) <= max_length:
        return text
    head = max_length // 2
    return f"{text[:head]}…{text[len(text) - (max_length - head - 1) :]}"


def compact(label: str, max_length: int) -> str:
    """A label of a learner whose parameters are abbreviated to 4 letters, if it is longer than `max_length`.

    `mlp:initialisation=identity,tolerance=0` becomes `mlp:init=identity,tole=0`.
    """
    if len(label) > max_length:
        label = re.sub(r"(?<=[:,])([a-z]{1,4})[a-z_]*=", r"\1=", label)
    return shortened(label, max_length)


def fitting_labels(labels: Sequence[str], positions: Sequence[float], character: float) -> list[int]:
    """Indices of the tick labels to print, so that at least half a character is free between neighbours.

    positions  (labels,): centres of the labels, increasing
    character  width of a character, in the same unit

    The last label is always printed, with every label before it, or every second, ..., as many as fit.
    """
    for step in range(1, len(labels)):
        printed = list(range(len(labels)))[::-1][::step][::-1]
        free = [
            positions[right] - positions[left] - (len(labels[left]) + len(labels[right])) / 2 * character
            for left, right in pairwise(printed)
        ]
        if min(free) >= character / 2:
            return printed
    return [len(labels) - 1]


def _low(cluster: list[float], distance: float) -> float:
    return math.fsum(cluster) / len(cluster) - distance * len(cluster) / 2


def _high(cluster: list[float], distance: float) -> float:
    return math.fsum(cluster) / len(cluster) + distance * len(cluster) / 2
