"""Layout of text in figures: legends that fit a width, labels and ticks that do not overlap."""

from __future__ import annotations

import math
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


def spread(places: Sequence[float], room: float) -> list[float]:
    """Move labels apart until they are at least `room` from each other, as little as possible and in their order.

    places  (labels,), increasing
    returns (labels,): overlapping labels become a cluster around the mean of their positions
    """
    clusters: list[list[float]] = []
    for place in places:
        clusters.append([place])
        while len(clusters) > 1 and _low(clusters[-1], room) < _high(clusters[-2], room):
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return [_low(cluster, room) + room * (step + 0.5) for cluster in clusters for step in range(len(cluster))]


def shortened(text: str, longest: int) -> str:
    """Replace the middle of a text of more than `longest` characters by an ellipsis."""
    if len(text) <= longest:
        return text
    head = longest // 2
    return f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"


def apart(labels: Sequence[str], places: Sequence[float], letter: float) -> list[int]:
    """Indices of the tick labels to print, so that at least half a character is free between neighbours.

    places  (labels,): centres of the labels, increasing
    letter  width of a character, in the same unit

    The last label is always printed, with every label before it, or every second, ..., as many as fit.
    """
    for step in range(1, len(labels)):
        kept = list(range(len(labels)))[::-1][::step][::-1]
        free = [
            places[right] - places[left] - (len(labels[left]) + len(labels[right])) / 2 * letter
            for left, right in pairwise(kept)
        ]
        if min(free) >= letter / 2:
            return kept
    return [len(labels) - 1]


def _low(cluster: list[float], room: float) -> float:
    return math.fsum(cluster) / len(cluster) - room * len(cluster) / 2


def _high(cluster: list[float], room: float) -> float:
    return math.fsum(cluster) / len(cluster) + room * len(cluster) / 2
