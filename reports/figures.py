"""Figures of learning curves: one per task, with a panel for train, ID and every OOD split against n.

The last panel shows the score on the headline split against the number of OOD examples that are added to the training
set at the largest n. A learner that has learned the rule needs none. Riddles share one figure of fingerprints.

The area up to the control `lookup` is grey: memorising the training set achieves as much. Heuristics are grey lines,
each with a letter in the margin. If there are too many curves for one row of panels, each
kind of variant (for example, another encoding of every learner) has its own rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import ascii_lowercase
from textwrap import wrap
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator
from matplotlib.transforms import ScaledTranslation

from ..analysis.curves import FLOOR
from ..analysis.planned import refuse_contradictions
from ..analysis.points import curve_points
from ..runs.catalogue import SplitInfo
from ..runs.results import Results
from .decomposition_figure import crossing_figure
from .fingerprint_figures import fingerprint_figure
from .labels import fitted_legend, fitting_labels, shortened, spread
from .names import base_and_variant
from .overview import overview_figure
from .provenance import short_line
from .scale import scale_of
from .style import GREY, LineStyle, line_styles, theme

FORMATS = ("svg", "pdf", "png")
# Metadata that would change from one run to the next, removed per format.
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
    "png": {"Software": None},
}

# All lengths are in inches. The figure has the text width of a paper; its height depends on its rows and legends.
WIDTH, LEFT, RIGHT, GAP = 7.0, 0.47, 0.26, 0.26
TITLE, HEADING, ABOVE, PANEL, BELOW = 0.22, 0.17, 0.2, 1.2, 0.36
LEGEND_GAP, NOTE, MARGIN = 0.08, 0.095, 0.06

SMALL_FONT = 5.5
"""Font size in the margin and in the notes, in points."""

CHARACTER_WIDTH = 0.058
"""Width of a character of a tick label."""

MAX_CURVES = 9
"""Largest number of curves in one panel; with more, variants have rows of their own."""

MIN_VARIANT_LEARNERS = 3
"""Least number of learners of a variant that has its own rows; smaller variants stay with the base learners."""

HEURISTIC_STYLE: dict[str, Any] = {"color": "0.55", "linewidth": 0.6, "linestyle": (0, (6, 2))}
"""Line style of heuristics."""

FLOOR_STYLE: dict[str, Any] = {"color": "0.93", "linewidth": 0, "zorder": 0.5}
"""Style of the area under `lookup`, which memorises the training set: the floor of what learning achieves."""

DODGE, SPREAD = 2.4, 0.5
"""Horizontal offset between learners in points, and the largest total offset as a share of the distance between
anchors: many curves are at 0 or 1 and would hide each other."""


def write_figures(results: Results, folder: Path, listed: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Draw every task, an overview, the crossings and the fingerprints, as SVG, PDF and PNG; yields each written file.

    listed  task -> its status on the list; see `make_leaderboard`

    Raises ValueError, before the first file, if results contradict each other.
    """
    refuse_contradictions(results.catalogue)
    points = curve_points(results.scores, results.catalogue)
    with_results = set(points["task"].tolist())
    for task in results.catalogue.tasks:
        if task in with_results:
            yield from _write(task_figure(results, task, points), folder, task)
    overview = overview_figure(results, listed)
    if overview is not None:
        yield from _write(overview, folder, "overview")
    crossing = crossing_figure(results)
    if crossing is not None:
        yield from _write(crossing, folder, "crossing")
    fingerprint = fingerprint_figure(results)
    if fingerprint is not None:
        yield from _write(fingerprint, folder, "fingerprint")


def _write(figure: Figure, folder: Path, name: str) -> Iterator[Path]:
    for form in FORMATS:
        path = folder / f"{name.replace(':', '-').replace('/', '-')}.{form}"
        with mpl.rc_context(theme()):
            figure.savefig(path, metadata=METADATA[form])
        yield path


def task_figure(results: Results, task: str, points: pd.DataFrame | None = None) -> Figure:
    """The figure of one task. `points`: the result of `curve_points`, to avoid computing it again.

    Raises ValueError if the task has no results.
    """
    points = curve_points(results.scores, results.catalogue) if points is None else points
    task_points = points.loc[points["task"] == task]
    if task_points.empty:
        raise ValueError(f"there are no results for the task {task!r}")
    with mpl.rc_context(theme()):
        return _TaskFigure(results, task, task_points).figure


class _TaskFigure:
    """Builder of the figure of one task, from the title down."""

    def __init__(self, results: Results, task: str, points: pd.DataFrame) -> None:
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
        self.line_styles = line_styles(self.curves)
        self.letters = dict(zip(heuristics, ascii_lowercase.replace("o", ""), strict=False))
        self.letters |= {"oracle": "o"} if "oracle" in kinds else {}

        means = self.points["mean"].to_numpy(dtype=float)
        metric, is_curve = info.metric, self.points["learner"].isin(self.curves).to_numpy()
        # For bits the range is that of the curves: a confident wrong heuristic would extend it too far.
        self.scale = scale_of(metric, means[is_curve] if metric == "bits" and is_curve.any() else means)
        self.clipped = bool(means.min() < FLOOR)
        self.above = bool(means.max() > self.scale.top)

        panels = len(self.splits) + (self.shift is not None)
        self.columns = 3 if panels in {1, 2, 3, 5, 6, 9} else 4
        self.panel_width = (WIDTH - LEFT - RIGHT - (self.columns - 1) * GAP) / self.columns
        self._build(task, panels, self._notes(results))

    def _build(self, task: str, panels: int, notes: list[str]) -> None:
        self.figure = Figure(figsize=(WIDTH, 1))
        legends = [
            fitted_legend(self.figure, handles, WIDTH - LEFT - MARGIN)
            for handles in (self._curve_handles(), self._heuristic_handles())
            if handles
        ]
        groups = self._panel_groups()
        rows = -(-panels // self.columns)
        height = TITLE + sum((HEADING if heading else 0) + rows * (ABOVE + PANEL + BELOW) for heading, _ in groups)
        height += sum(LEGEND_GAP + tall for _, tall in legends) + LEGEND_GAP + NOTE * len(notes) + MARGIN
        self.figure.set_size_inches(WIDTH, height)

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

    def _panel_groups(self) -> list[tuple[str, list[str]]]:
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

    def _panel_group(self, names: list[str], top: float) -> None:
        """Draw all panels for these learners, in rows from `top` down."""
        panels: list[SplitInfo | None] = [*self.splits, *([None] if self.shift else [])]
        for index, split in enumerate(panels):
            row, column = divmod(index, self.columns)
            left = LEFT + column * (self.panel_width + GAP)
            bottom = top - row * (ABOVE + PANEL + BELOW) - ABOVE - PANEL
            height = self.figure.get_figheight()
            axes = self.figure.add_axes((left / WIDTH, bottom / height, self.panel_width / WIDTH, PANEL / height))
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
        axes.set_xscale("log", base=2)
        if split.name != "train":  # there it is the ceiling
            self._draw_floor(axes, points, "size")
        self._draw_curves(axes, points, "size", names)
        self._draw_heuristics(axes, points)
        axes.set_title(_title(split), loc="left")
        axes.set_xlabel("training examples n")
        self._ticks(axes, np.unique(unexposed["size"].to_numpy()))

    def _exposed_panel(self, axes: Axes, names: list[str]) -> None:
        """Draw the headline score against the number of exposed OOD examples, at the largest size."""
        largest = self.points["size"].max()
        points = self.points.loc[(self.points["split"] == self.shift) & (self.points["size"] == largest)]
        exposed = np.unique(points["exposed"].to_numpy())
        # The distance from 0 to the first number of exposed examples equals that from there to four times as many.
        axes.set_xscale("symlog", base=4, linthresh=max(1, int(exposed[exposed > 0].min())), linscale=1)
        self._draw_floor(axes, points, "exposed")
        self._draw_curves(axes, points, "exposed", names)
        self._draw_heuristics(axes, points)
        axes.set_title(f"with OOD examples: {self.shift}", loc="left")
        axes.set_xlabel(f"OOD examples, at n = {largest}")
        self._ticks(axes, exposed)

    def _draw_curves(self, axes: Axes, points: pd.DataFrame, x: str, names: list[str]) -> None:
        """Draw the mean and the band of every learner, with a small horizontal offset."""
        anchors = len(np.unique(points[x].to_numpy()))
        step = min(DODGE, SPREAD * 72 * self.panel_width / max(anchors, 1) / len(names))
        for index, name in enumerate(names):
            offset = (index - (len(names) - 1) / 2) * step / 72
            curve = points.loc[points["learner"] == name].sort_values(x)
            if len(curve):
                self._draw_curve(axes, curve, x, self.line_styles[name], offset)

    def _draw_floor(self, axes: Axes, points: pd.DataFrame, x: str) -> None:
        """Fill the area up to the score of `lookup`, without the horizontal offset of the learners."""
        floor = points.loc[points["learner"] == "lookup"].sort_values(x)
        mean = np.maximum(floor["mean"].to_numpy(dtype=float), self.scale.low)
        if len(floor) > 1:
            axes.fill_between(floor[x].to_numpy(), self.scale.low, mean, **FLOOR_STYLE)
        elif len(floor) == 1:
            axes.axhspan(self.scale.low, mean[0], **FLOOR_STYLE)

    def _draw_curve(self, axes: Axes, curve: pd.DataFrame, x: str, style: LineStyle, offset: float) -> None:
        """Draw the mean and the band of one learner; values below the floor are triangles on it."""
        transform = axes.transData + ScaledTranslation(offset, 0, self.figure.dpi_scale_trans)
        positions, mean = curve[x].to_numpy(), curve["mean"].to_numpy(dtype=float)
        half = curve["half_width"].fillna(0).to_numpy(dtype=float)
        shown, below = np.maximum(mean, FLOOR), mean < FLOOR
        axes.fill_between(
            positions,
            mean - half,
            mean + half,
            color=style.colour,
            alpha=0.1,
            linewidth=0,
            transform=transform,
            zorder=2.2,
        )
        if len(positions) == 1:  # a band needs two points
            axes.vlines(
                positions, mean - half, mean + half, color=style.colour, alpha=0.35, transform=transform, zorder=2.2
            )
        # The interval is drawn above: that of seaborn is a bootstrap, which is too narrow for a few seeds.
        common: dict[str, Any] = {
            "ax": axes,
            "transform": transform,
            "clip_on": False,
            "errorbar": None,
            "legend": False,
        }
        sns.lineplot(x=positions, y=shown, zorder=3, **style.keywords(), **common)
        if below.any():
            triangle = {**style.keywords(), "marker": "v", "markersize": 5, "linestyle": ""}
            sns.lineplot(x=positions[below], y=shown[below], zorder=4, **triangle, **common)

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

    def _ticks(self, axes: Axes, anchors: np.ndarray) -> None:
        """Set ticks at the anchors, as many as fit without overlap."""
        # A margin on both sides, in the scale of the axis, so that curves with an offset stay inside.
        scale = axes.xaxis.get_transform()
        positions = scale.transform(anchors.astype(float))
        margin = 0.2 * (positions[-1] - positions[0]) if len(positions) > 1 else 1.0
        axes.set_xlim(*scale.inverted().transform(np.array([positions[0] - margin, positions[-1] + margin])))
        inches = self.panel_width * positions / (positions[-1] - positions[0] + 2 * margin)
        labelled = anchors[fitting_labels([str(anchor) for anchor in anchors], inches.tolist(), CHARACTER_WIDTH)]
        axes.xaxis.set_major_locator(FixedLocator([float(anchor) for anchor in labelled]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticklabels([str(anchor) for anchor in labelled])

    def _curve_handles(self) -> list[Line2D]:
        """Legend handles: one per base learner, even if only its variants are drawn, and one per kind of variant."""
        bases = list(dict.fromkeys(base_and_variant(name)[0] for name in self.curves))
        found = [
            Line2D([], [], label=shortened(name, 60), **style.keywords()) for name, style in line_styles(bases).items()
        ]
        dashes_of = {base_and_variant(name)[1]: self.line_styles[name].dashes for name in self.curves}
        return found + [
            Line2D([], [], label=shortened(variant, 60), **LineStyle(GREY, "o", dashes, hollow=True).keywords())
            for variant, dashes in dashes_of.items()
            if variant
        ]

    def _heuristic_handles(self) -> list[Line2D]:
        return [Line2D([], [], label=f"{letter}: {name}", **HEURISTIC_STYLE) for name, letter in self.letters.items()]

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
        return [*wrap(note, 140), *wrap(f"{short_line(results)}.", 140)]

    def _text(self, text: str, bottom: float, **style: Any) -> None:
        self.figure.text(LEFT / WIDTH, bottom / self.figure.get_figheight(), text, va="bottom", **style)


def _title(split: SplitInfo) -> str:
    if split.shift is None:
        return "ID (unseen)" if split.name == "id" else split.name
    return f"OOD: {split.name}{' (headline)' if split.headline else ''}"
