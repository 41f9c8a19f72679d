"""Room for words: legends that fit a width, labels that do not lie on each other, ticks that have room."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend


def fitted_legend(figure: Figure, handles: Sequence[Artist], width: float) -> tuple[Legend, float]:
    """Add a legend in as few rows as fit `width`, and measure it: (legend, height), both in inches.

    Where to put it is left to `set_bbox_to_anchor`, whose point is its upper left corner. A legend of one column that
    is still too wide stays so.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()
    count = len(handles)
    # Of the numbers of columns that need the same number of rows, the least: the rows are then evenly filled.
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
    """Move labels apart until they are `room` from each other, as little as can be, in their order.

    places  (labels,), rising
    returns (labels,): labels that touch become a cluster around the mean of their places
    """
    clusters: list[list[float]] = []
    for place in places:
        clusters.append([place])
        while len(clusters) > 1 and _low(clusters[-1], room) < _high(clusters[-2], room):
            clusters[-2:] = [clusters[-2] + clusters[-1]]
    return [_low(cluster, room) + room * (step + 0.5) for cluster in clusters for step in range(len(cluster))]


def shortened(text: str, longest: int) -> str:
    """Leave out the middle of a text of more than `longest` letters."""
    if len(text) <= longest:
        return text
    head = longest // 2
    return f"{text[:head]}…{text[len(text) - (longest - head - 1) :]}"


def apart(labels: Sequence[str], places: Sequence[float], letter: float) -> list[int]:
    """Which of the labels of a scale to print, so that half a letter's width is free between neighbours: indices.

    places  of the middles of the labels, rising; letter: the width of a letter, in the same unit

    The last label stays; of the others every one, or every second, ... : the fewest are left out that way.
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
