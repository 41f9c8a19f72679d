"""Figures of small multiples: a grid of equal panels under a title, with one legend and notes below."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from textwrap import wrap

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .labels import fitted_legend, shortened
from .style import GREY, WIDTHS

# Lengths in inches.
LEFT, RIGHT, GAP = 0.42, 0.1, 0.16
LINE, BELOW, LABEL, NOTE, MARGIN, LEGEND_GAP = 0.15, 0.2, 0.14, 0.095, 0.06, 0.06

PANEL_LINE, PAD = 0.115, 0.035
"""Height of a line above a panel, and the distance to it."""

SMALL_FONT = 5.5
"""Font size of the notes, in points."""

NOTE_CHARACTERS, TITLE_CHARACTERS = 20, 16
"""Characters per inch in a note, and in the title of a panel."""

ACROSS = {"text": 5, "column": 2}
"""Largest number of panels side by side."""

ROWS = {"text": 5, "column": 4}
"""Largest number of rows of panels: with title, legend and notes about 9 inches, a page of a paper."""


@dataclass(frozen=True)
class GridText:
    """Title and labels of the axes, and the notes below."""

    title: str
    x: str
    y: str
    notes: Sequence[str] = field(default=())


class PanelGrid:
    """A figure with a panel for each of `titles`, (group, title): the group stands above its first panel.

    width   of the figure, in inches
    aspect  height of a panel over its width
    """

    def __init__(
        self,
        titles: Sequence[tuple[str, str]],
        text: GridText,
        handles: Sequence[Artist],
        width: float,
        aspect: float = 0.8,
    ) -> None:
        across = _across(len(titles), width)
        rows = math.ceil(len(titles) / across)
        self.panel_width = (width - LEFT - RIGHT - (across - 1) * GAP) / across
        panel = aspect * self.panel_width
        notes = [line for note in text.notes if note for line in wrap(note, int(NOTE_CHARACTERS * width))]
        self.figure = Figure(figsize=(width, 1))
        legend, high = fitted_legend(self.figure, handles, width - LEFT - MARGIN)
        heading = wrap(text.title, int(11 * width))
        room = int(TITLE_CHARACTERS * self.panel_width)
        names = [broken(title, room) for _, title in titles]
        above = PAD + PANEL_LINE * (max(map(len, names)) + any(group for group, _ in titles)) + PAD
        top = LINE * len(heading) + MARGIN
        height = top + rows * (above + panel + BELOW) + LABEL + LEGEND_GAP + high + NOTE * len(notes) + 2 * MARGIN
        self.figure.set_size_inches(width, height)
        self.figure.text(MARGIN / width, 1 - MARGIN / height, "\n".join(heading), va="top", size=8.5,
                         fontweight="bold")  # fmt: skip
        self.axes: list[Axes] = []
        shown = ""
        for index, (group, _) in enumerate(titles):
            row, column = divmod(index, across)
            left = LEFT + column * (self.panel_width + GAP)
            bottom = height - top - row * (above + panel + BELOW) - above - panel
            axes = self.figure.add_axes((left / width, bottom / height, self.panel_width / width, panel / height))
            axes.set_title("\n".join(names[index]), loc="left", fontsize=6.5, pad=72 * PAD)
            if group and (group != shown or column == 0):
                at = (bottom + panel + PAD + PANEL_LINE * len(names[index])) / height
                self.figure.text(left / width, at, shortened(group, room), va="bottom", size=6.5, color=GREY,
                                 fontstyle="italic")  # fmt: skip
                shown = group
            axes.tick_params(labelsize=6, labelleft=column == 0)
            if column == 0:
                axes.set_ylabel(text.y, fontsize=6.5)
            self.axes.append(axes)
        bottom = height - top - rows * (above + panel + BELOW) - LABEL
        self.figure.text((LEFT + width - RIGHT) / 2 / width, bottom / height, text.x, ha="center", va="bottom", size=7)
        bottom -= LEGEND_GAP
        legend.set_bbox_to_anchor((LEFT, bottom), transform=self.figure.dpi_scale_trans)
        bottom -= high + MARGIN
        for note in notes:
            bottom -= NOTE
            self.figure.text(MARGIN / width, bottom / height, note, va="bottom", size=SMALL_FONT, color=GREY)


def pages(panels: int, width: float) -> list[slice]:
    """The panels of each page, where they need several; the pages have about the same number of rows."""
    across = _across(panels, width)
    rows = math.ceil(panels / across)
    number = math.ceil(rows / ROWS[_width_name(width)])
    ends = [across * math.ceil(rows * page / number) for page in range(number)] + [panels]
    return [slice(start, end) for start, end in pairwise(ends)]


def _across(panels: int, width: float) -> int:
    name = _width_name(width)
    return max(min(panels, ACROSS[name]), 3 if name == "text" else 2)


def _width_name(width: float) -> str:
    return "text" if width >= WIDTHS["text"] else "column"


def broken(label: str, room: int) -> list[str]:
    """A label on at most two lines of `room` characters, broken after a hyphen, colon or comma where there is one."""
    if len(label) <= room:
        return [label]
    first = ""
    for part in re.split(r"(?<=[-:,])", label):
        if len(first + part) > room:
            break
        first += part
    first = first or label[:room]
    return [first, shortened(label[len(first) :], room)]
