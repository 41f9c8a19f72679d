"""Style of figures: the seaborn theme for papers, and a fixed colour, marker and line style for every learner.

A variant of a learner (`mlp:encoding=onehot`, `mlp@tuned`) has the colour and the marker of its base, with hollow
markers and a dashed line. So the legend needs one entry per learner and one per variant, not one per pair.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import isclose, log10
from typing import Any
from zlib import crc32

import seaborn as sns

from ..runs.results import Results
from .names import base_and_variant

Dashes = str | tuple[float, tuple[float, ...]]

BRIGHT = sns.color_palette("colorblind").as_hex()
DARK = sns.color_palette("dark").as_hex()
BLUE, ORANGE, GREEN, VERMILION, PURPLE, BROWN, _, _, _, SKY = BRIGHT
VIOLET = DARK[4]
INK = "#1a1a1a"
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, BROWN, VIOLET)
"""Colours from seaborn's colour-blind palette, without pink and yellow, which are too pale for lines, and grey, which
is for controls."""

MARKERS = ("o", "s", "^", "D", "<", "P", "X", "h", ">", "p", "*", "d")
"""Markers of learners; the triangle that points down is reserved for scores below the axis."""

KNOWN = {
    "mlp": (BLUE, "o"),
    "cnn": (ORANGE, "s"),
    "forest": (GREEN, "^"),
    "boosting": (PURPLE, "D"),
    "linear": (VERMILION, "<"),
    "neighbours": (SKY, "P"),
    "rnn": (BROWN, "X"),
    "transformer": (VIOLET, "h"),
    # Related learners share a colour and differ in the marker.
    "transformer-scratchpad": (VIOLET, "P"),
    "extra-trees": (GREEN, ">"),
    "kernel": (VERMILION, "p"),
    "gp": (SKY, "d"),
    "bayes-net": (PURPLE, "*"),
    "program": (INK, "p"),
    "merging": (INK, "d"),
    "ngram": (BROWN, "h"),
}
"""Colours and markers of known learners, which are the same in every figure."""

CONTROLS = {"lookup": "0.3", "shuffled": "0.6"}
GREY = "0.35"

OTHERS: dict[str, Any] = {"color": "0.78", "linewidth": 0.6}
"""Style of learners that a figure does not show in colour."""

BEST_HEURISTIC: dict[str, Any] = {"color": "0.55", "linewidth": 0.8, "linestyle": (0, (6, 2))}
"""Line of the best heuristic of a task."""

DOTS: Dashes = (0, (1, 1.2))
BROKEN: tuple[Dashes, ...] = (
    (0, (3.5, 1.5)),
    (0, (3.5, 1, 1, 1)),
    (0, (1.8, 1)),
    (0, (3.5, 1, 1, 1, 1, 1)),
    (0, (6, 1.5)),
    (0, (2, 1, 2, 1, 1, 1)),
    (0, (1.2, 2.2)),
    (0, (6, 1, 2, 1)),
    (0, (3, 3)),
    (0, (4, 1, 4, 1, 1, 1)),
    (0, (2, 1, 1, 1, 1, 1, 1, 1)),
    (0, (8, 2, 1, 2)),
)
"""Line styles of variants; they repeat if a figure has more kinds of variants than this."""


@dataclass(frozen=True)
class LineStyle:
    """Colour, marker and line style of a learner; the markers of a variant are hollow."""

    colour: str
    marker: str
    dashes: Dashes = "-"
    hollow: bool = False

    def keywords(self) -> dict[str, Any]:
        """Keyword arguments of a matplotlib line."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "linestyle": self.dashes,
            "markerfacecolor": "white" if self.hollow else self.colour,
            "markeredgecolor": self.colour if self.hollow else "white",
            "markeredgewidth": 0.8 if self.hollow else 0.35,
        }


WIDTHS = {"column": 3.3, "text": 6.9}
"""Widths of figures in inches: one column of a paper of two columns, and both."""


def theme() -> dict[Any, Any]:
    """Settings for `matplotlib.rc_context`: the seaborn theme for a figure that is printed at its own size."""
    return {
        **sns.axes_style("ticks"),
        **sns.plotting_context("paper", font_scale=0.75),
        "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib: the same letters on every machine
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.6,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "0.93",
        "grid.linewidth": 0.5,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.major.pad": 2,
        "ytick.major.pad": 2,
        "axes.labelpad": 2,
        "axes.titlepad": 4,
        "legend.frameon": False,
        "lines.linewidth": 1.1,
        "lines.markersize": 3.6,
        "text.parse_math": False,  # names may have dollar signs
        "svg.fonttype": "none",  # text can be searched, and edited
        "pdf.fonttype": 42,  # text stays text; type 3 fonts are refused by some publishers
        "svg.hashsalt": "grue",  # ids in the file do not change from one run to the next
        "figure.dpi": 200,
        "savefig.dpi": 200,
    }


SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(value: float, _position: object = None) -> str:
    """A tick of a logarithmic axis, 10⁻² say; figures have no mathematics, since names may have dollar signs."""
    exponent = round(log10(value)) if value > 0 else 0
    return "10" + str(exponent).translate(SUPERSCRIPTS) if isclose(value, 10.0**exponent) else f"{value:g}"


def styles_of(results: Results) -> dict[str, LineStyle]:
    """The look of every learner of some results, the same in all figures and under any display name."""
    labels = {name: info.label or name for name, info in results.catalogue.learners.items()}
    styles = line_styles(labels.values())
    return {name: styles[label] for name, label in labels.items()}


def line_styles(names: Iterable[str]) -> dict[str, LineStyle]:
    """Assign a colour, a marker and a line style to every learner.

    A known name always has the same. For another name, the hash selects a pair of colour and marker; if it is taken,
    the next free pair is used. A variant has those of its base, with another line style and hollow markers.
    """
    names = list(names)
    split_names = {name: base_and_variant(name) for name in names}
    bases = _base_styles({base for base, _ in split_names.values()})
    variants = sorted({variant for _, variant in split_names.values()} - {""})
    dashes_of = {variant: BROKEN[index % len(BROKEN)] for index, variant in enumerate(variants)}
    return {
        name: LineStyle(bases[base].colour, bases[base].marker, dashes_of[variant], hollow=True)
        if variant
        else bases[base]
        for name, (base, variant) in split_names.items()
    }


def _base_styles(names: set[str]) -> dict[str, LineStyle]:
    found = {name: LineStyle(*pair) for name, pair in KNOWN.items()}
    found |= {name: LineStyle(colour, "", DOTS) for name, colour in CONTROLS.items()}
    taken = set(found.values())
    pairs = [LineStyle(colour, marker) for marker in MARKERS for colour in PALETTE]
    for name in sorted(names - set(found)):
        start = crc32(name.encode()) % len(pairs)
        free = (look for look in [*pairs[start:], *pairs[:start]] if look not in taken)
        found[name] = next(free, pairs[start])
        taken.add(found[name])
    return found
