"""Figure of the learning curves of a task, with a panel for train, ID and every OOD split against n.

The last panel shows the score on the headline split against the number of OOD examples that are added to the training
set at the largest n. A learner that has learned the rule needs none.

The area up to the control `lookup` is grey: memorising the training set achieves as much. Heuristics are grey lines,
each with a letter in the margin. If there are too many curves for one row of panels, each
kind of variant (for example, another encoding of every learner) has its own rows. At most six learners of a panel are
in colour.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from functools import cached_property
from string import ascii_lowercase
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis.curves import FLOOR
from ..analysis.points import curve_points
from ..runs.catalogue import SplitInfo
from ..runs.results import Results
from .curve_panel import draw_curves, set_exposed_axis, set_size_axis
from .highlights import Highlights, highlights
from .labels import fitted_legend, shortened, spread
from .names import base_and_variant
from .provenance import short_line
from .scale import scale_of
from .style import GREY, OTHERS, WIDTHS, Dashes, LineStyle, styles_of, theme

# All lengths are in inches. The height of the figure depends on its rows and legends.
LEFT, RIGHT, GAP = 0.47, 0.26, 0.26
TITLE, HEADING, ABOVE, PANEL, BELOW = 0.22, 0.17, 0.2, 1.2, 0.36
LEGEND_GAP, NOTE, MARGIN = 0.08, 0.095, 0.06

SMALL_FONT = 5.5
"""Font size in the margin and in the notes, in points."""

MAX_CURVES = 9
"""Largest number of curves in one panel; with more, variants have rows of their own."""

LEAD = 0.1
"""Distance by which the best learner of a task must lead to be in colour in the place of another."""

MIN_VARIANT_LEARNERS = 3
"""Least number of learners of a variant that has its own rows; smaller variants stay with the base learners."""

HEURISTIC_STYLE: dict[str, Any] = {"color": "0.55", "linewidth": 0.6, "linestyle": (0, (6, 2))}
"""Line style of heuristics."""

FLOOR_STYLE: dict[str, Any] = {"color": "0.93", "linewidth": 0, "zorder": 0.5}
"""Style of the area under `lookup`, which memorises the training set: the floor of what learning achieves."""


def task_figure(
    results: Results,
    task: str,
    points: pd.DataFrame | None = None,
    shown: Highlights | None = None,
    width: float = WIDTHS["text"],
) -> Figure:
    """The figure of one task.

    points, shown  results of `curve_points` and `highlights`, to avoid computing them again
    width          in inches

    Raises ValueError if the task has no results.
    """
    points = curve_points(results.scores, results.catalogue) if points is None else points
    task_points = points.loc[points["task"] == task]
    if task_points.empty:
        raise ValueError(f"there are no results for the task {task!r}")
    with mpl.rc_context(theme()):
        return _TaskFigure(results, task, task_points, shown or highlights(results), width).figure


class _TaskFigure:
    """Builder of the figure of one task, from the title down."""

    def __init__(
        self, results: Results, task: str, points: pd.DataFrame, highlighted: Highlights, width: float
    ) -> None:
        self.width, self.highlighted = width, highlighted
        info = results.catalogue.tasks[task]
        with_results = set(points["split"].tolist())
        shown = [split for split in info.splits if split.name in with_results]
        self.splits = sorted(shown, key=lambda split: split.shift is not None)  # train and id come before the shifts
        self.points = points.loc[points["split"].isin([split.name for split in self.splits])]
        at_largest = self.points.loc[self.points["size"] == self.points["size"].max()]  # size of the exposed panel
        self.shift = info.headline if any(at_largest["exposed"].to_numpy() > 0) else None

        present = set(points["learner"].tolist())
        kinds = {name: learner.kind for name, learner in results.catalogue.learners.items() if name in present}
        heuristics = [name for name, kind in kinds.items() if kind == "heuristic"]
        self.curves = [name for name in kinds if name not in heuristics and name != "oracle"]
        self.controls = [name for name in self.curves if kinds[name] == "control"]
        self.line_styles = styles_of(results)
        self.sign = 1 if info.greater_is_better else -1
        self.letters = dict(zip(heuristics, ascii_lowercase.replace("o", ""), strict=False))
        self.letters |= {"oracle": "o"} if "oracle" in kinds else {}

        means = self.points["mean"].to_numpy(dtype=float)
        metric, is_curve = info.metric, self.points["learner"].isin(self.curves).to_numpy()
        # For bits the range is that of the curves: a confident wrong heuristic would extend it too far.
        self.scale = scale_of(metric, means[is_curve] if metric == "bits" and is_curve.any() else means)
        self.clipped = bool(means.min() < FLOOR)
        self.above = bool(means.max() > self.scale.top)

        panels = len(self.splits) + (self.shift is not None)
        self.columns = _columns(panels, width)
        self.panel_width = (self.width - LEFT - RIGHT - (self.columns - 1) * GAP) / self.columns
        self._build(task, panels, self._notes(results))

    @cached_property
    def groups(self) -> list[tuple[str, list[str]]]:
        """Groups of panels: (heading, learners whose curves share the panels); no heading if there is one group."""
        variants = {name: base_and_variant(name)[1] for name in self.curves}
        counts = Counter(variants.values())
        separate = [variant for variant in counts if variant and counts[variant] >= MIN_VARIANT_LEARNERS]
        if len(self.curves) <= MAX_CURVES or not separate:
            return [("", self.curves)]
        common = [name for name in self.curves if variants[name] not in separate]
        groups = [("base learners", common)] if set(common) > set(self.controls) else []
        for variant in separate:
            names = [name for name in self.curves if variants[name] == variant]
            groups.append((f"variants: {shortened(variant, 90)}", names + self.controls))
        return groups

    @cached_property
    def coloured(self) -> set[str]:
        """The learners that are in colour in their panels, and the controls."""
        shown = (self.highlighted.of(names, self._best(names)) for _, names in self.groups)
        return {name for names in shown for name in [*names, *self.controls]}

    def _best(self, names: Collection[str]) -> str:
        """The learner with the best OOD score (ID, where there is no shift) at the largest n, if it leads clearly.

        "" if it is at most LEAD above the usual ones in colour, or above the best constant prediction.
        """
        split = next((one.name for one in self.splits if one.headline), "id")
        own = self.points.loc[(self.points["split"] == split) & (self.points["exposed"] == 0)]
        own = own.loc[own["learner"].isin(list(set(names) - set(self.controls))) & (own["size"] == own["size"].max())]
        means = dict(zip(own["learner"], self.sign * own["mean"].to_numpy(float), strict=True))
        best = max(sorted(means), key=lambda name: means[name], default="")
        usual = [float(means[name]) for name in self.highlighted.of(names) if name in means]
        usual += [0.0] if self.scale.label == "score" else []
        least = max(usual, default=0.0)
        return best if best and float(means[best]) > least + LEAD else ""

    def _build(self, task: str, panels: int, notes: list[str]) -> None:
        self.figure = Figure(figsize=(self.width, 1))
        legends = [
            fitted_legend(self.figure, handles, self.width - LEFT - MARGIN)
            for handles in (self._curve_handles(), self._heuristic_handles())
            if handles
        ]
        groups = self.groups
        rows = -(-panels // self.columns)
        height = TITLE + sum((HEADING if heading else 0) + rows * (ABOVE + PANEL + BELOW) for heading, _ in groups)
        height += sum(LEGEND_GAP + tall for _, tall in legends) + LEGEND_GAP + NOTE * len(notes) + MARGIN
        self.figure.set_size_inches(self.width, height)

        top = height - TITLE
        self._text(task, top, size=8.5, fontweight="bold")
        for heading, names in groups:
            if heading:
                top -= HEADING
                self._text(heading, top, size=7, fontstyle="italic")
            self._panel_group(names, top)
            top -= rows * (ABOVE + PANEL + BELOW)
        for legend, tall in legends:
            top -= LEGEND_GAP
            legend.set_bbox_to_anchor((LEFT, top), transform=self.figure.dpi_scale_trans)
            top -= tall
        top -= LEGEND_GAP
        for note in notes:
            top -= NOTE
            self._text(note, top, size=SMALL_FONT, color=GREY)

    def _panel_group(self, names: list[str], top: float) -> None:
        """Draw all panels for these learners, in rows from `top` down."""
        panels: list[SplitInfo | None] = [*self.splits, *([None] if self.shift else [])]
        for index, split in enumerate(panels):
            row, column = divmod(index, self.columns)
            left = LEFT + column * (self.panel_width + GAP)
            bottom = top - row * (ABOVE + PANEL + BELOW) - ABOVE - PANEL
            height = self.figure.get_figheight()
            axes = self.figure.add_axes(
                (left / self.width, bottom / height, self.panel_width / self.width, PANEL / height)
            )
            axes.set_ylim(self.scale.low, self.scale.top)
            axes.set_yticks(self.scale.ticks)
            axes.axhline(0, color="0.5", linewidth=0.6, zorder=1)
            if split:
                self._split_panel(axes, split, names)
            else:
                self._exposed_panel(axes, names)
            if column == 0:
                axes.set_ylabel(self.scale.label)
            else:
                axes.set_ylabel("")
                axes.tick_params(labelleft=False)

    def _split_panel(self, axes: Axes, split: SplitInfo, names: list[str]) -> None:
        """Draw the panel of a split: the score against n."""
        unexposed = self.points.loc[self.points["exposed"] == 0]
        points = unexposed.loc[unexposed["split"] == split.name]
        set_size_axis(axes, np.unique(unexposed["size"].to_numpy()), self.panel_width)
        if split.name != "train":  # there it is the ceiling
            self._draw_floor(axes, points, "size")
        self._draw_curves(axes, points, "size", names)
        self._draw_heuristics(axes, points)
        axes.set_title(_title(split), loc="left")
        axes.set_xlabel("training examples n")

    def _exposed_panel(self, axes: Axes, names: list[str]) -> None:
        """Draw the headline score against the number of exposed OOD examples, at the largest size."""
        largest = self.points["size"].max()
        points = self.points.loc[(self.points["split"] == self.shift) & (self.points["size"] == largest)]
        exposed = np.unique(points["exposed"].to_numpy())
        set_exposed_axis(axes, exposed, self.panel_width)
        self._draw_floor(axes, points, "exposed")
        self._draw_curves(axes, points, "exposed", names)
        self._draw_heuristics(axes, points)
        axes.set_title(f"with OOD examples: {self.shift}", loc="left")
        axes.set_xlabel(f"OOD examples, at n = {largest}")

    def _draw_curves(self, axes: Axes, points: pd.DataFrame, x: str, names: list[str]) -> None:
        """Draw the learners in colour and the controls with their bands, and the others in grey."""
        coloured = [name for name in names if name in self.coloured]
        others = [name for name in names if name not in self.coloured]
        draw_curves(axes, points, x, coloured, self.line_styles, self.panel_width, others)

    def _draw_floor(self, axes: Axes, points: pd.DataFrame, x: str) -> None:
        """Fill the area up to the score of `lookup`, without the horizontal offset of the learners."""
        floor = points.loc[points["learner"] == "lookup"].sort_values(x)
        mean = np.maximum(floor["mean"].to_numpy(dtype=float), self.scale.low)
        if len(floor) > 1:
            axes.fill_between(floor[x].to_numpy(), self.scale.low, mean, **FLOOR_STYLE)
        elif len(floor) == 1:
            axes.axhspan(self.scale.low, mean[0], **FLOOR_STYLE)

    def _draw_heuristics(self, axes: Axes, points: pd.DataFrame) -> None:
        """Draw dashed lines for heuristics, each with its letter in the margin; equal levels share a line."""
        letters_at: dict[float, str] = {}
        for name, letter in self.letters.items():
            level = points.loc[points["learner"] == name, "mean"].mean()
            if not np.isnan(level):
                shown = round(min(max(float(level), FLOOR), self.scale.top), 2)
                letters_at[shown] = letters_at.get(shown, "") + letter
        levels = sorted(letters_at)
        letter_height = 1.15 * SMALL_FONT / 72 / PANEL * (self.scale.top - self.scale.low)  # in axis units
        for level, position in zip(levels, spread(levels, letter_height), strict=True):
            axes.axhline(level, zorder=2, **HEURISTIC_STYLE)
            axes.annotate(
                letters_at[level],
                (1, position),
                xycoords=("axes fraction", "data"),
                xytext=(2, 0),
                textcoords="offset points",
                va="center_baseline",
                fontsize=SMALL_FONT,
                color=GREY,
                annotation_clip=False,
            )

    def _curve_handles(self) -> list[Line2D]:
        """Legend handles: one per base learner, even if only its variants are drawn, and one per kind of variant."""
        coloured = [name for name in self.curves if name in self.coloured]
        bases: dict[str, LineStyle] = {}
        dashes_of: dict[str, Dashes] = {}
        for name in coloured:
            base, variant = base_and_variant(name)
            style = self.line_styles[name]
            bases[base] = replace(style, dashes="-", hollow=False) if variant else style
            dashes_of |= {variant: style.dashes} if variant else {}
        found = [Line2D([], [], label=self._fitting(name), **style.keywords()) for name, style in bases.items()]
        found += [
            Line2D([], [], label=self._fitting(variant), **LineStyle(GREY, "o", dashes, hollow=True).keywords())
            for variant, dashes in dashes_of.items()
        ]
        others = len(self.curves) > len(coloured)
        return found + ([Line2D([], [], label="other learners", **OTHERS)] if others else [])

    def _fitting(self, label: str) -> str:
        """A label of the legend, shortened to what fits the width of the figure."""
        return shortened(label, int(9 * self.width))

    def _heuristic_handles(self) -> list[Line2D]:
        return [
            Line2D([], [], label=self._fitting(f"{letter}: {name}"), **HEURISTIC_STYLE)
            for name, letter in self.letters.items()
        ]

    def _notes(self, results: Results) -> list[str]:
        single = bool(self.points["seeds"].max() <= 1)
        bands = (
            "Bands: 95 % intervals over the test examples (one seed)"
            if single
            else "Bands: 95 % intervals, t over seeds"
        )
        scale = f"; {self.scale.footnote}" if self.scale.footnote else ""
        note = f"{bands}{scale}; learners are offset horizontally for legibility"
        note += "; grey area: up to lookup, which memorises" if "lookup" in self.curves else ""
        note += "; heuristics at the upper edge: above it" if self.above else ""
        note += f"; triangles: below {FLOOR:g}." if self.clipped else "."
        coloured = self.coloured - set(self.controls)
        usual = {name for _, names in self.groups for name in self.highlighted.of(names)}
        others = self.highlighted.note(coloured, len(set(self.curves) - self.coloured), coloured - usual)
        texts = [note, f"{others}." if others else "", f"{short_line(results)}."]
        return [line for text in texts for line in wrap(text, int(20 * self.width))]

    def _text(self, text: str, bottom: float, **style: Any) -> None:
        self.figure.text(LEFT / self.width, bottom / self.figure.get_figheight(), text, va="bottom", **style)


def _title(split: SplitInfo) -> str:
    if split.shift is None:
        return "ID (unseen)" if split.name == "id" else split.name
    return f"OOD: {split.name}{' (headline)' if split.headline else ''}"


def _columns(panels: int, width: float) -> int:
    """How many panels stand side by side."""
    if width < WIDTHS["text"]:
        return 2
    return 3 if panels in {1, 2, 3, 5, 6, 9} else 4
