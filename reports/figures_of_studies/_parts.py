"""What figures of studies share: verdicts in words, lines with intervals, and matrices of numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.image import AxesImage

from ...analysis.findings import Findings, Verdict
from ..style import BLUE, GREEN, VERMILION

SMALL = 5.5
"""Size of the letters of notes and of the numbers in matrices, in points."""

COLOURS = {"supported": GREEN, "equivalent": BLUE, "contradicted": VERMILION, "not decided": "0.5"}
"""Of a verdict's decision."""


def verdicts_on(findings: Findings, start: str) -> list[Verdict]:
    """The verdicts whose statement starts so."""
    return [one for one in findings.verdicts if one.statement.startswith(start)]


def estimate(one: Verdict, digits: int = 2) -> str:
    """An estimate with its interval, such as "0.71 [0.68, 0.73]"."""
    interval = "" if math.isnan(one.low) else f" [{_number(one.low, digits)}, {_number(one.high, digits)}]"
    return f"{_number(one.estimate, digits)}{interval}"


def note(axes: Axes, text: str, x: float = 0.03, y: float = 0.03) -> None:
    """A note in a corner of a panel, in fractions of it."""
    horizontal, vertical = ("left" if x < 0.5 else "right"), ("bottom" if y < 0.5 else "top")  # noqa: PLR2004 -- halves
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
    axes.text(
        x, y, text, transform=axes.transAxes, ha=horizontal, va=vertical, fontsize=SMALL, color="0.25", bbox=box,
        zorder=5,
    )  # fmt: skip


def forest_plot(axes: Axes, verdicts: Sequence[Verdict], labels: Sequence[str], threshold: float) -> None:
    """A row a verdict, from the top: its estimate with the interval, in the colour of its decision."""
    rows = np.arange(len(verdicts))[::-1]
    for row, one in zip(rows, verdicts, strict=True):
        axes.plot([one.low, one.high], [row, row], color=COLOURS[one.decision], linewidth=1.2)
        axes.plot(one.estimate, row, "o", color=COLOURS[one.decision], markersize=3.2)
    axes.axvline(threshold, color="0.35", linewidth=0.7, linestyle=(0, (3, 2)))
    axes.set_yticks(rows, labels)
    axes.set_ylim(-0.6, len(verdicts) - 0.4)
    axes.grid(visible=False, axis="y")


def matrix(
    axes: Axes, values: np.ndarray, names: tuple[Sequence[str], Sequence[str]], form: str, norm: Normalize,
    colours: str = "Blues",
) -> AxesImage:  # fmt: skip
    """An array as an image with its numbers, (rows, columns); nan is left blank. names: of rows and of columns."""
    image = axes.imshow(values, cmap=colours, norm=norm, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.3 * red + 0.6 * green + 0.1 * blue < 0.5  # noqa: PLR2004 -- half of the luminance
            axes.text(
                column, row, short(value, form), ha="center", va="center", fontsize=SMALL - 0.7,
                color="w" if dark else "0.1",
            )  # fmt: skip
    axes.set_xticks(range(len(names[1])), names[1])
    axes.set_yticks(range(len(names[0])), names[0])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    return image


def short(value: float, form: str) -> str:
    """A number without the 0 before its point, and with a minus sign."""
    text = format(value, form)
    text = text.removeprefix("-") if float(text) == 0 else text
    return text.replace("0.", ".", 1).replace("-", "−") if abs(value) < 1 else text.replace("-", "−")


def select(table: pd.DataFrame, **values: object) -> pd.DataFrame:
    """The rows of a table with these values in these columns."""
    chosen = np.ones(len(table), bool)
    for name, value in values.items():
        chosen &= (table[name] == value).to_numpy()
    return table.loc[chosen]


def _number(value: float, digits: int) -> str:
    text = "–" if math.isnan(value) else f"{value:.{digits}f}"
    return text.removeprefix("-") if text.strip("-0.") == "" else text.replace("-", "−")
