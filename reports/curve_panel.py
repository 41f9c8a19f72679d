"""Parts of panels of learning curves: the curve of one learner with its interval, and ticks at the anchors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from ..analysis.curves import FLOOR
from .labels import fitting_labels
from .style import OTHERS, LineStyle

CHARACTER_WIDTH = 0.058
"""Width of a character of a tick label, in inches."""

DODGE, SPREAD = 2.4, 0.5
"""Horizontal offset between learners in points, and the largest total offset as a share of the distance between
anchors: many curves are at 0 or 1 and would hide each other."""


def draw_curves(
    axes: Axes,
    points: pd.DataFrame,
    x: str,
    names: Sequence[str],
    styles: Mapping[str, LineStyle],
    width: float,
    others: Sequence[str] = (),
) -> None:
    """Draw the mean and the band of every learner in `names`, with a small horizontal offset; the `others` are grey.

    points  of one task and split: columns learner, `x`, mean, half_width
    width   of the panel in inches
    """
    for name in others:
        curve = points.loc[points["learner"] == name].sort_values(x)
        mean = np.maximum(curve["mean"].to_numpy(dtype=float), FLOOR)
        mark = {"marker": ".", "markersize": 2.5} if len(curve) == 1 else {}
        axes.plot(curve[x].to_numpy(), mean, zorder=1.8, clip_on=False, **OTHERS, **mark)
    anchors = len(np.unique(points[x].to_numpy()))
    step = min(DODGE, SPREAD * 72 * width / max(anchors, 1) / max(len(names), 1))
    for index, name in enumerate(names):
        offset = (index - (len(names) - 1) / 2) * step / 72
        curve = points.loc[points["learner"] == name].sort_values(x)
        if len(curve):
            draw_curve(axes, curve, x, styles[name], offset)


def draw_curve(axes: Axes, curve: pd.DataFrame, x: str, style: LineStyle, offset: float) -> None:
    """Draw the mean and the band of one learner; values below the floor are triangles on it. offset: in inches."""
    figure = axes.get_figure(root=True)
    if figure is None:
        raise ValueError("these axes are of no figure")
    transform = axes.transData + ScaledTranslation(offset, 0, figure.dpi_scale_trans)
    positions, mean = curve[x].to_numpy(), curve["mean"].to_numpy(dtype=float)
    half = curve["half_width"].fillna(0).to_numpy(dtype=float)
    shown, below = np.maximum(mean, FLOOR), mean < FLOOR
    band: dict[str, Any] = {"color": style.colour, "transform": transform, "zorder": 2.2}
    if len(positions) == 1:  # a band needs two points
        axes.vlines(positions, mean - half, mean + half, alpha=0.35, **band)
    else:
        axes.fill_between(positions, mean - half, mean + half, alpha=0.1, linewidth=0, **band)
    # The interval is drawn above: that of seaborn is a bootstrap, which is too narrow for a few seeds.
    common: dict[str, Any] = {"ax": axes, "transform": transform, "clip_on": False, "errorbar": None, "legend": False}
    sns.lineplot(x=positions, y=shown, zorder=3, **style.keywords(), **common)
    if below.any():
        triangle = {**style.keywords(), "marker": "v", "markersize": 5, "linestyle": ""}
        sns.lineplot(x=positions[below], y=shown[below], zorder=4, **triangle, **common)


def set_size_axis(axes: Axes, sizes: np.ndarray, width: float) -> None:
    """A logarithmic axis of training sizes, with ticks at `sizes`."""
    axes.set_xscale("log", base=2)
    _ticks(axes, sizes, width)


def set_exposed_axis(axes: Axes, exposed: np.ndarray, width: float) -> None:
    """An axis of numbers of exposed examples, from 0.

    The distance from 0 to the first number of exposed examples equals that from there to four times as many.
    """
    axes.set_xscale("symlog", base=4, linthresh=max(1, int(exposed[exposed > 0].min())), linscale=1)
    _ticks(axes, exposed, width)


def _ticks(axes: Axes, anchors: np.ndarray, width: float) -> None:
    """Set ticks at the anchors, as many as fit without overlap."""
    # A margin on both sides, in the scale of the axis, so that curves with an offset stay inside.
    scale = axes.xaxis.get_transform()
    positions = scale.transform(anchors.astype(float))
    margin = 0.2 * (positions[-1] - positions[0]) if len(positions) > 1 else 1.0
    axes.set_xlim(*scale.inverted().transform(np.array([positions[0] - margin, positions[-1] + margin])))
    inches = width * positions / (positions[-1] - positions[0] + 2 * margin)
    labelled = anchors[fitting_labels([str(anchor) for anchor in anchors], inches.tolist(), CHARACTER_WIDTH)]
    axes.xaxis.set_major_locator(FixedLocator([float(anchor) for anchor in labelled]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels([str(anchor) for anchor in labelled])
